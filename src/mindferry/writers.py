"""The formats that a model can be written in, by the suffix of the file, and what writes each.

A writer is a module with a frozen dataclass `Options` and
`write(model: onnx_ir.Model, target: Path, options: Options, progress) -> dict`, which returns facts for the report.
One that compiles files of other formats as they are has `FILES`, the names of these formats, and
`write_file(source: Path, target: Path, options: Options, progress) -> dict` besides.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from mindferry.errors import OptionError

if TYPE_CHECKING:
    import onnx_ir as ir

Progress: TypeAlias = "Callable[[int, int], None] | None"


@dataclass(frozen=True, slots=True)
class Writer:
    """What writes one format.

    Attributes:
        format: as `formats.sniff` names it.
        module: where `write` and `Options` are.
        consumer: whose tables the ONNX on the way must fit, one of `targets.NAMES`.
        opset: the ONNX opset on the way where none is asked for.
    """

    format: str
    module: str
    consumer: str = "ort"
    opset: int = 18

    def settings(self, given: Mapping[str, Any]) -> Any:
        """The writer's options from their names and values.

        Raises:
            OptionError: it has no such option, or needs one that is missing.
        """
        kind = self._load().Options
        fields = dataclasses.fields(kind)
        known = [field.name for field in fields]
        if unknown := sorted(given.keys() - set(known)):
            has = f"it has {', '.join(known)}" if known else "it has none"
            raise OptionError(f"the {self.format} format has no option {', '.join(unknown)}; {has}")
        needed = [field.name for field in fields if field.default is field.default_factory is dataclasses.MISSING]
        if missing := [name for name in needed if name not in given]:
            raise OptionError(f"the {self.format} format needs the option {', '.join(missing)}")
        return kind(**given)

    def takes_shapes(self) -> bool:
        """Whether its compiler itself fixes free dimensions."""
        return any(field.name == "input_shapes" for field in dataclasses.fields(self._load().Options))

    def write(self, model: ir.Model, target: Path, settings: Any, progress: Progress) -> dict[str, Any]:
        """Writes a model in memory; the target appears whole or not at all."""
        facts: dict[str, Any] = self._load().write(model, target, settings, progress)
        return facts

    def takes_file(self, kind: str) -> bool:
        """Whether files of a format are compiled as they are."""
        return kind in getattr(self._load(), "FILES", ())

    def write_file(self, source: Path, target: Path, settings: Any, progress: Progress) -> dict[str, Any]:
        """Compiles a file as it is."""
        facts: dict[str, Any] = self._load().write_file(source, target, settings, progress)
        return facts

    def _load(self) -> Any:
        return importlib.import_module(self.module)


WRITERS = {
    ".onnx": Writer("onnx", "mindferry.formats.onnx"),
    ".air": Writer("air", "mindferry.to_air"),
    ".om": Writer("om", "mindferry.compilers.atc", consumer="atc", opset=17),
    ".engine": Writer("engine", "mindferry.compilers.tensorrt", consumer="tensorrt"),
}
"""By suffix. Opset 17 is in the tables of every CANN that is in use."""


def of(target: Path) -> Writer:
    """The writer for a target's suffix.

    Raises:
        OptionError: no format has this suffix.
    """
    if writer := WRITERS.get(target.suffix.lower()):
        return writer
    raise OptionError(
        f"{target}: the suffix {target.suffix!r} names no format that can be written; use {', '.join(WRITERS)}"
    )
