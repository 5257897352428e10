"""The public functions, one screen each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike
from typing import TYPE_CHECKING

from mindferry.types import Shape

if TYPE_CHECKING:
    from mindferry.graph import Model
    from mindferry.lowering.report import Report


def load(path: str | PathLike[str], *, key: bytes | None = None) -> Model:
    """The source graph in a MindIR file."""
    from mindferry.formats.mindir.reader import read

    return read(str(path), key=key)


def convert(
    source: str | PathLike[str],
    target: str | PathLike[str],
    *,
    opset: int = 18,
    input_shapes: Mapping[str, Shape] | None = None,
    approximate: bool = False,
    key: bytes | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Converts a MindIR file to ONNX."""
    from mindferry.formats import onnx
    from mindferry.lowering.context import Options
    from mindferry.lowering.lower import lower

    options = Options(opset, approximate=approximate, reshaped=bool(input_shapes))
    model, report = lower(load(source, key=key), options, input_shapes=input_shapes, progress=progress)
    onnx.save(model, str(target))
    return report
