"""The model of a measurement: an ONNX file for its batch, and the arrays that it is run on."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mindferry import conversion, formats
from mindferry.errors import BadFeed, OptionError
from mindferry.formats import onnx
from mindferry.runtimes.base import Source
from mindferry.runtimes.declared import declared
from mindferry.types import DType, Shape, TensorSpec

Arrays: TypeAlias = "dict[str, npt.NDArray[Any]]"

_SEED = 0


@dataclass(frozen=True, slots=True)
class PreparedModel:
    """A model file that runtimes take, and what it is run on.

    Attributes:
        format: of the file, as `runtimes.base.Source` has it.
        path: the file.
        batch: rows of a run, or None where no input has rows.
        feeds: inputs of one run each; times are taken on the first.
        frozen: the model's own fixed batch, or None where it takes any number of rows, or has none.
    """

    format: str
    path: Path
    batch: int | None
    feeds: tuple[Arrays, ...]
    frozen: int | None = None


@contextmanager
def prepared(
    model: Path, *, batch: int | None = None, feeds: Mapping[str, Any] | None = None, keep_batch: bool = False
) -> Iterator[PreparedModel]:
    """A model, converted to ONNX in a folder that is removed afterwards where it is MindIR or AIR.

    Args:
        model: ONNX, MindIR or AIR.
        batch: rows of each run; by default those that the model has, or one where it takes any number. A MindIR that
            froze another number is converted for this one.
        feeds: arrays by input name; rows are taken in batches, the last one filled up from the start. By default
            numbers are drawn: normal ones for floating-point inputs, 0 and 1 for integers.
        keep_batch: leave the model's batch as it is although feeds have another number of rows; whoever runs it splits.

    Raises:
        OptionError: the file is a checkpoint, or ONNX with another batch, or a free dimension has no size.
        ConvertError: the model has no exact ONNX form for that batch.
        BadFeed: feeds are missing or do not fit.
    """
    kind = formats.sniff(model)
    if kind != "onnx" and kind not in conversion.SOURCES:
        raise OptionError(f"{model}: holds weights but no graph; convert it with its network to ONNX first")
    with tempfile.TemporaryDirectory(prefix="mindferry-") as folder:
        path = model if kind == "onnx" else _converted(model, None if keep_batch else batch, Path(folder))
        specs = declared(Source("onnx", path)).inputs
        rows = _rows(specs)
        frozen = _frozen(specs, rows)
        if batch is not None and frozen not in (None, batch) and not keep_batch:
            raise OptionError(f"{model}: is frozen at a batch of {frozen}; it cannot run batches of {batch}")
        size = batch or frozen or 1
        sets = _drawn(specs, rows, size) if feeds is None else _given(specs, rows, size, feeds)
        yield PreparedModel("onnx", path, size if rows else None, sets, frozen)


def _converted(model: Path, batch: int | None, folder: Path) -> Path:
    """The ONNX file of a MindIR or AIR, for another batch where that is asked for."""
    target = folder / f"{model.stem}.onnx"
    converted, _ = conversion.to_onnx(model)
    if batch is not None:
        specs = declared(Source("onnx", model, model=converted)).inputs
        rows = _rows(specs)
        if _frozen(specs, rows) not in (None, batch):
            shapes = {spec.name: (batch, *spec.shape[1:]) for spec in specs if spec.name in rows and spec.shape}
            converted, _ = conversion.to_onnx(model, input_shapes=shapes)
    onnx.save(converted, target)
    return target


def _rows(specs: tuple[TensorSpec, ...]) -> frozenset[str]:
    """The inputs whose first dimension is the batch: the first input, and those that start alike."""
    ranked = [(spec.name, spec.shape[0]) for spec in specs if spec.shape]
    return frozenset(name for name, size in ranked if size == ranked[0][1])


def _frozen(specs: tuple[TensorSpec, ...], rows: frozenset[str]) -> int | None:
    """The fixed batch, or None where there is none."""
    for spec in specs:
        if spec.name in rows and spec.shape and isinstance(spec.shape[0], int):
            return spec.shape[0]
    return None


def _drawn(specs: tuple[TensorSpec, ...], rows: frozenset[str], batch: int) -> tuple[Arrays, ...]:
    generator = np.random.default_rng(_SEED)
    return ({spec.name: _draw(spec, _sizes(spec, rows, batch), generator) for spec in specs},)


def _sizes(spec: TensorSpec, rows: frozenset[str], batch: int) -> tuple[int, ...]:
    shape: Shape = (batch, *(spec.shape or ())[1:]) if spec.name in rows else spec.shape or ()
    sizes = tuple(size for size in shape if isinstance(size, int))
    if len(sizes) < len(shape) or spec.shape is None:
        raise OptionError(f"the input {spec} has free dimensions besides the batch; give inputs that fix them")
    return sizes


def _draw(spec: TensorSpec, shape: tuple[int, ...], generator: np.random.Generator) -> npt.NDArray[Any]:
    if spec.dtype is None or spec.dtype is DType.STRING:
        raise OptionError(f"values for the input {spec} cannot be drawn; give inputs")
    if spec.dtype.is_floating or spec.dtype.is_complex:
        return generator.standard_normal(shape).astype(spec.dtype.numpy())
    return generator.integers(0, 2, shape).astype(spec.dtype.numpy())


def _given(
    specs: tuple[TensorSpec, ...], rows: frozenset[str], batch: int, feeds: Mapping[str, Any]
) -> tuple[Arrays, ...]:
    """The feeds in batches; an array without rows goes into each of them."""
    if missing := [str(spec) for spec in specs if spec.name not in feeds]:
        raise BadFeed(f"the inputs do not hold {', '.join(missing)}")
    arrays = {spec.name: np.asarray(feeds[spec.name]) for spec in specs}
    counts = {name: len(arrays[name]) for name in arrays if name in rows and arrays[name].ndim}
    if len(set(counts.values())) > 1 or 0 in counts.values():
        raise BadFeed(
            "inputs have different numbers of rows: " + ", ".join(f"{name} {n}" for name, n in counts.items())
        )
    total = next(iter(counts.values()), batch)
    return tuple(
        {
            name: array[np.arange(start, start + batch) % total] if name in counts else array
            for name, array in arrays.items()
        }
        for start in range(0, total, batch)
    )
