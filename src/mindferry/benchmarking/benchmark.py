"""`bench`: all configurations of a model, loaded at once and measured in rounds."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mindferry import runtimes
from mindferry.benchmarking import flops, machine, peak, rounds
from mindferry.benchmarking.configurations import Configuration
from mindferry.benchmarking.models import PreparedModel, prepared
from mindferry.benchmarking.results import Benchmark, Row, Unavailable
from mindferry.benchmarking.rounds import Progress, Series
from mindferry.benchmarking.statistics import percentile
from mindferry.benchmarking.workers import Worker
from mindferry.errors import BackendFailed, MindFerryError, NotInstalled, OptionError
from mindferry.runtimes.base import Device
from mindferry.sessions import DEFAULT_RUNTIMES

CPU_RUNTIMES = ("onnxruntime", "openvino")
"""Runtimes that take ONNX on a CPU, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A configuration at a batch, and its process."""

    configuration: Configuration
    model: PreparedModel
    worker: Worker

    @property
    def name(self) -> str:
        return f"{self.configuration} batch={self.model.batch}"

    @property
    def peak_name(self) -> str:
        return f"peak of {self.configuration.bare()}"


def bench(
    model: Path,
    configurations: Sequence[Configuration],
    *,
    batches: Sequence[int] = (),
    feeds: Mapping[str, Any] | None = None,
    rounds_wanted: int = 10,
    seconds: float = 0.3,
    progress: Progress | None = None,
) -> Benchmark:
    """Measures every configuration at every batch.

    Args:
        model: ONNX or MindIR.
        configurations: the first of them is what the others are compared with.
        batches: rows of a run; without any, the model's own.
        feeds: inputs by name; drawn where there are none.
        rounds_wanted: how many.
        seconds: of each turn.
        progress: called with (turns done, turns in all).

    Raises:
        BackendFailed: no configuration could be measured.
        MindFerryError: whatever is wrong with the model or the feeds.
    """
    if rounds_wanted < 1 or not seconds > 0:
        raise OptionError("at least one round and more than no seconds are needed")
    with ExitStack() as stack:
        models = [stack.enter_context(prepared(model, batch=batch, feeds=feeds)) for batch in batches or (None,)]
        operations = {one.batch: _count(one) for one in models}
        entries, unavailable = _entries(configurations, models, stack)
        if not entries:
            raise BackendFailed(f"{model}: nothing could be measured: " + "; ".join(one.reason for one in unavailable))
        contestants = {entry.name: entry.worker for entry in entries} | _peaks(entries, stack)
        series = rounds.measure(contestants, rounds=rounds_wanted, seconds=seconds, progress=progress)
        rows = tuple(_row(entry, entries, series, operations[entry.model.batch].total) for entry in entries)
    uncounted = tuple(dict.fromkeys(name for count in operations.values() for name in count.unknown))
    here = machine.Machine.here().as_dict() | {"versions": machine.versions()}
    return Benchmark(str(model), rounds_wanted, rows, unavailable, uncounted, here)


def choose(
    names: Sequence[str], precisions: Sequence[str], threads: Sequence[int], device: str = "cpu"
) -> list[Configuration]:
    """Every combination; without names, the runtimes for that device that are installed."""
    kind = Device.parse(device).kind
    if unknown := [name for name in names if name not in runtimes.NAMES]:
        raise OptionError(f"there is no runtime {', '.join(unknown)}; choose {', '.join(sorted(runtimes.NAMES))}")
    present = runtimes.available()
    usual = CPU_RUNTIMES if kind == "cpu" else (DEFAULT_RUNTIMES[kind],)
    chosen = names or [name for name in usual if present[name]]
    if not chosen:
        raise NotInstalled("no runtime is installed: pip install 'mindferry[cpu]' or 'mindferry[openvino]'")
    found = itertools.product(chosen, precisions, threads or (0,))
    return [
        Configuration(runtime=name, device=device, precision=precision, threads=count)
        for name, precision, count in dict.fromkeys(found)
    ]


def _count(model: PreparedModel) -> flops.Count:
    return flops.count_file(model.path, {name: array.shape for name, array in model.feeds[0].items()})


def _entries(
    configurations: Sequence[Configuration], models: Sequence[PreparedModel], stack: ExitStack
) -> tuple[list[_Entry], tuple[Unavailable, ...]]:
    """The configurations that loaded and ran once, and the others."""
    entries: list[_Entry] = []
    unavailable: dict[tuple[str, str], Unavailable] = {}
    for model, configuration in itertools.product(models, configurations):
        try:
            worker = stack.enter_context(Worker(configuration, model))
            worker.run(model.feeds[0])
        except MindFerryError as error:
            unavailable[str(configuration), str(error)] = Unavailable(configuration, str(error))
        else:
            entries.append(_Entry(configuration, model, worker))
    return entries, tuple(unavailable.values())


def _peaks(entries: Sequence[_Entry], stack: ExitStack) -> dict[str, Worker]:
    """A process with the matrix product for each runtime, precision and number of threads."""
    product = peak.product(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mindferry-"))))
    found: dict[str, Worker] = {}
    for entry in entries:
        if entry.peak_name not in found:
            worker = stack.enter_context(Worker(entry.configuration.bare(), product))
            worker.run(product.feeds[0])
            found[entry.peak_name] = worker
    return found


def _row(entry: _Entry, entries: Sequence[_Entry], series: Mapping[str, Series], operations: int) -> Row:
    mine, batch = series[entry.name], entry.model.batch
    first = next(one for one in entries if one.model.batch == batch)
    latencies = mine.latencies
    p50, p90, p99 = (percentile(latencies, percent) for percent in (50, 90, 99))
    overlapping = entry.configuration.callers > 1
    use = entry.worker.memory()
    return Row(
        configuration=entry.configuration,
        batch=batch,
        load_seconds=entry.worker.load_seconds,
        memory_bytes=use.peak,
        imported_bytes=use.imported,
        p50=p50,
        p90=p90,
        p99=p99,
        runs=len(latencies),
        throughput=mine.runs_per_second * (batch or 1),
        speed=mine.speed_over(series[first.name], throughput=overlapping),
        operations=operations,
        flops=operations * (mine.runs_per_second if overlapping else 1 / p50),
        peak_flops=peak.OPERATIONS / min(series[entry.peak_name].latencies),
    )
