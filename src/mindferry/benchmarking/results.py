"""What a benchmark found, as plain numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from mindferry.benchmarking.configurations import Configuration
from mindferry.benchmarking.statistics import Ratio


@dataclass(frozen=True, slots=True)
class Row:
    """One configuration at one batch; seconds, bytes, rows of input.

    Attributes:
        load_seconds: from the ONNX file to a session, the runtime's library being imported.
        memory_bytes: peak resident memory of the process that holds nothing but this session, its libraries included.
        imported_bytes: of that, what was there before the model was opened.
        p50, p90, p99: percentiles of the latency of a run, over all rounds.
        runs: how many were measured.
        throughput: rows per second; runs per second of a model without rows.
        speed: how many times faster than the first configuration at the same batch, paired by rounds.
        operations: floating-point operations of a run, counted from the model.
        flops: operations per second at the median latency (at the throughput, where runs overlap).
        peak_flops: of the fastest matrix product in this run, by the same runtime, precision and threads.
    """

    configuration: Configuration
    batch: int | None
    load_seconds: float
    memory_bytes: int
    imported_bytes: int
    p50: float
    p90: float
    p99: float
    runs: int
    throughput: float
    speed: Ratio
    operations: int
    flops: float
    peak_flops: float

    @property
    def peak_share(self) -> float:
        """Achieved over peak operations per second."""
        return self.flops / self.peak_flops

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return {"name": str(self.configuration), **asdict(self), "peak_share": self.peak_share}


@dataclass(frozen=True, slots=True)
class Unavailable:
    """A configuration that could not be measured, and why."""

    configuration: Configuration
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return {"name": str(self.configuration), **asdict(self)}


@dataclass(frozen=True, slots=True)
class Benchmark:
    """All rows, in the order of the request, batch by batch.

    Attributes:
        model: the file.
        rounds: how often each configuration had its turn.
        uncounted: operators that `operations` leaves out although they belong there: a shape is not known.
        machine: processor, cores and versions.
    """

    model: str
    rounds: int
    rows: tuple[Row, ...]
    unavailable: tuple[Unavailable, ...]
    uncounted: tuple[str, ...]
    machine: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return {
            "model": self.model,
            "rounds": self.rounds,
            "machine": self.machine,
            "rows": [row.as_dict() for row in self.rows],
            "unavailable": [item.as_dict() for item in self.unavailable],
            "uncounted": list(self.uncounted),
        }
