"""A configuration: a runtime, its precision, threads and further options, and the batch that it is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mindferry.errors import OptionError

PRECISIONS = ("fp32", "bf16", "fp16")
"""What a runtime may compute in; weights, inputs and outputs keep the model's element types."""

_OPENVINO_PRECISIONS = {"fp32": "f32", "bf16": "bf16", "fp16": "f16"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """How a model is run.

    Attributes:
        runtime, device: as `mindferry.open` takes them.
        precision: one of PRECISIONS.
        threads: 0 is the runtime's own choice.
        options: further options of the runtime.
        rows: in a part, where the rows of a run are split (`runtimes.split`); 0 runs them together.
        at_once: how many parts run side by side.
        callers: how many runs are under way at once.
    """

    runtime: str
    device: str = "cpu"
    precision: str = "fp32"
    threads: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    rows: int = 0
    at_once: int = 1
    callers: int = 1

    def session(self) -> tuple[str, dict[str, Any]]:
        """The runtime that `mindferry.open` gets, which splits where rows are split, and its options.

        Raises:
            OptionError: the runtime cannot compute in that precision.
        """
        options = self._runtime_options()
        if not self.rows:
            return self.runtime, options
        return "split", {"runtime": self.runtime, "options": options, "rows": self.rows, "at_once": self.at_once}

    def _runtime_options(self) -> dict[str, Any]:
        if self.precision not in PRECISIONS:
            raise OptionError(f"there is no precision {self.precision!r}; choose {', '.join(PRECISIONS)}")
        options: dict[str, Any] = {"threads": self.threads} if self.threads else {}
        if self.runtime == "openvino":
            options["precision"] = _OPENVINO_PRECISIONS[self.precision]
        elif self.precision != "fp32":
            raise OptionError(
                f"{self.runtime} computes in the model's own element types and cannot be told {self.precision}"
            )
        return options | dict(self.options)

    def bare(self) -> Configuration:
        """The same runtime, device and precision on as many threads in all, without further options."""
        return Configuration(
            runtime=self.runtime, device=self.device, precision=self.precision, threads=self.threads * self.at_once
        )

    @property
    def settings(self) -> int:
        """How many things are chosen that the runtime would choose itself."""
        return bool(self.threads) + len(self.options) + bool(self.rows) + (self.at_once > 1) + (self.callers > 1)

    def __str__(self) -> str:
        named = {"threads": self.threads, **self.options, "rows": self.rows}
        more = {"at_once": self.at_once, "callers": self.callers}
        texts = [f"{name}={_text(value)}" for name, value in named.items() if value]
        texts += [f"{name}={value}" for name, value in more.items() if value > 1]
        place = [] if self.device == "cpu" else [self.device]
        return " ".join([self.runtime, *place, self.precision, *texts])


def _text(value: Any) -> str:
    """An option's value; of a mapping its entries, the last part of a dotted key being enough."""
    if isinstance(value, Mapping):
        return ",".join(f"{str(key).rpartition('.')[2]}:{item}" for key, item in value.items())
    return str(value)
