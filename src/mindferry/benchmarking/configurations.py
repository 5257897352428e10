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
        callers: how many runs are under way at once.
    """

    runtime: str
    device: str = "cpu"
    precision: str = "fp32"
    threads: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    callers: int = 1

    def runtime_options(self) -> dict[str, Any]:
        """All of it as options of the runtime.

        Raises:
            OptionError: the runtime cannot compute in that precision.
        """
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
        """The same runtime, device, precision and threads, without further options."""
        return Configuration(runtime=self.runtime, device=self.device, precision=self.precision, threads=self.threads)

    @property
    def is_default(self) -> bool:
        """True where nothing but the runtime, the device and the precision is chosen."""
        return not (self.threads or self.options) and self.callers == 1

    @property
    def settings(self) -> int:
        """How many things are chosen that the runtime would choose itself."""
        return bool(self.threads) + len(self.options) + (self.callers > 1)

    def __str__(self) -> str:
        threads = [f"threads={self.threads}"] if self.threads else []
        callers = [f"callers={self.callers}"] if self.callers > 1 else []
        options = [f"{name}={_text(value)}" for name, value in self.options.items()]
        place = [] if self.device == "cpu" else [self.device]
        return " ".join([self.runtime, *place, self.precision, *threads, *options, *callers])


def _text(value: Any) -> str:
    """An option's value; of a mapping its entries, the last part of a dotted key being enough."""
    if isinstance(value, Mapping):
        return ",".join(f"{str(key).rpartition('.')[2]}:{item}" for key, item in value.items())
    return str(value)
