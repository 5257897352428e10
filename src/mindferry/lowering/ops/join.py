"""Several tensors become one: Concat, Stack and their kin."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.layouts import by_parts, count, one_axis
from mindferry.lowering.registry import lowers
from mindferry.lowering.reshaped import free_sizes

_IJ, _XY = ("ij", 0), ("xy", 1)
"""Meshgrid's indexing, by name or as MindSpore's enum."""


def tensors_of(op: Context, items: tuple[Any, ...]) -> list[ir.Value]:
    """The operands of a variadic primitive, given one by one or as one tuple."""
    if len(items) == 1 and isinstance(items[0], tuple | list):
        items = tuple(items[0])
    return [op.value(item) for item in items]


@lowers("Concat")
@by_parts
def concat(op: Context, tensors: Any, axis: Any = 0) -> ir.Value:
    """The tensors one behind the other along an axis."""
    values = tensors_of(op, (tensors,))
    place = one_axis(op, axis, op.rank(values[0]))
    return op.Concat(*op.promote(*free_sizes(op, values, place)), axis=place)


@lowers("ParallelConcat")
@by_parts
def parallel_concat(op: Context, *tensors: Any) -> ir.Value:
    """The tensors one behind the other along the first axis."""
    return op.Concat(*tensors_of(op, tensors), axis=0)


@lowers("Stack", "StackExt")
@by_parts
def stack(op: Context, tensors: Any, axis: Any = 0) -> ir.Value:
    """The tensors as slices along a new axis."""
    values = tensors_of(op, (tensors,))
    place = one_axis(op, axis, op.rank(values[0]) + 1)
    values = [op.Unsqueeze(value, [place]) for value in op.promote(*values)]
    return op.Concat(*free_sizes(op, values, place), axis=place)


@lowers("Meshgrid")
@by_parts
def meshgrid(op: Context, inputs: Any, indexing: Any = "xy") -> tuple[ir.Value, ...]:
    """Each 1-D input along its own axis of a common grid; "xy" exchanges the first two axes."""
    values = tensors_of(op, (inputs,))
    axes = list(range(len(values)))
    if indexing not in (*_XY, *_IJ):
        raise LoweringError(f"indexing {indexing!r} is unknown")
    if indexing in _XY and len(axes) > 1:
        axes[0], axes[1] = 1, 0
    sizes = [op.dim(op.Reshape(value, [-1]), 0) for value in values]
    grid = op.ints([sizes[axis] for axis in axes])
    return tuple(
        op.Expand(op.Reshape(value, [-1 if place == axis else 1 for place in sorted(axes)]), grid)
        for value, axis in zip(values, axes, strict=True)
    )


@lowers("ConcatOffset")
def concat_offset(op: Context, tensors: Any, *, axis: int = 0) -> ir.Value:
    """Where each tensor starts in their concatenation: a row of positions for each."""
    values = tensors_of(op, (tensors,))
    rank = op.rank(values[0])
    place, start = one_axis(op, axis, rank), 0
    rows = []
    for value in values:
        rows.append(op.ints([start if index == place else 0 for index in range(rank)]))
        start = count(op, "Add", start, op.dim(value, place))
    return op.Concat(*(op.Unsqueeze(row, [0]) for row in rows), axis=0)


@lowers("ConcatOffsetV1")
def concat_offset_v1(op: Context, axis: ir.Value, shapes: Any) -> tuple[ir.Value, ...]:
    """Where each of the tensors with the given shapes starts in their concatenation along an axis."""
    values = tensors_of(op, (shapes,))
    here = _along(op, axis, values[0])
    starts = [op.Sub(values[0], values[0])]
    for value in values[:-1]:
        starts.append(op.Add(starts[-1], op.Where(here, value, op.value(0, value.dtype))))
    return tuple(starts)


def _along(op: Context, axis: ir.Value, shape: ir.Value) -> ir.Value:
    """True where the position in a shape is the axis, which may count from the end."""
    rank = op.Size(shape)
    place = op.Mod(op.Add(op.Reshape(op.cast(axis, ir.DataType.INT64), []), rank), rank)
    return op.Equal(op.Range(0, rank, 1), place)
