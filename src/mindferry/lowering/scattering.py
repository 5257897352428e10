"""Updates at indices, combined with what is there: ONNX's scatters where the opset has them, else a Loop."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.repeat import repeat

_SINCE = {"none": 13, "add": 16, "mul": 16, "max": 18, "min": 18}
"""By way of combining, the opset from which ScatterND and ScatterElements know it."""

_HALVES = (ir.DataType.FLOAT16, ir.DataType.BFLOAT16)
"""Element types in which ONNX Runtime scatters, but does not combine."""

_COMBINED = {"add": "Add", "mul": "Mul", "max": "Max", "min": "Min"}


def scatter_nd(op: Context, data: ir.Value, indices: Any, updates: ir.Value, how: str = "none") -> ir.Value:
    """data with each update combined into the slice at its index vector; `how` is none, add, sub, mul, div, max or min.

    Updates of one slice come one after the other, so that of several plain ones the last remains.
    """
    indices = op.cast(indices, ir.DataType.INT64)
    if how != "none" and data.dtype in _HALVES:
        wide = (op.cast(item, ir.DataType.FLOAT) for item in (data, updates))
        return op.cast(scatter_nd(op, next(wide), indices, next(wide), how), data.dtype)
    if how == "sub":
        return scatter_nd(op, data, indices, op.Sub(op.value(0, updates.dtype), updates), "add")
    if how == "div":
        ones = op.Expand(op.value(1, data.dtype), op.Shape(data))
        return op.Div(data, scatter_nd(op, ones, indices, updates, "mul"))
    if how not in _SINCE:
        raise LoweringError(f"combining by {how!r} is not supported")
    if op.opset >= _SINCE[how]:
        return op.ScatterND(data, indices, updates, reduction=None if how == "none" else how)
    return _one_by_one(op, data, indices, updates, how)


def _one_by_one(op: Context, data: ir.Value, indices: ir.Value, updates: ir.Value, how: str) -> ir.Value:
    depth = indices.shape[-1] if indices.shape is not None else None
    if not isinstance(depth, int):
        raise LoweringError(f"needs index vectors of a known length, got {indices.shape}")
    rest = [op.dim(data, axis) for axis in range(depth, op.rank(data))]
    vectors = op.Reshape(indices, [-1, depth])
    slices = op.Reshape(updates, op.ints([-1, *rest]) if rest else [-1])

    def body(inner: Context, turn: ir.Value, current: ir.Value) -> list[ir.Value]:
        vector, update = (inner.Gather(item, inner.Reshape(turn, [1])) for item in (vectors, slices))
        combined = getattr(inner, _COMBINED[how])(inner.GatherND(current, vector), update)
        return [inner.ScatterND(current, vector, combined)]

    return repeat(op, op.dim(vectors, 0), [data], body)[0]


def scatter_elements(
    op: Context, data: ir.Value, indices: Any, updates: ir.Value, axis: int, how: str = "none"
) -> ir.Value:
    """data with each update combined into the element at its own position, but for the axis, where the index counts."""
    indices = op.cast(indices, ir.DataType.INT64)
    if how != "none" and data.dtype in _HALVES:
        wide = (op.cast(item, ir.DataType.FLOAT) for item in (data, updates))
        return op.cast(scatter_elements(op, next(wide), indices, next(wide), axis, how), data.dtype)
    if how in _SINCE and op.opset >= _SINCE[how]:
        return op.ScatterElements(data, indices, updates, axis=axis, reduction=None if how == "none" else how)
    grid = op.Shape(indices)
    places = []
    for place in range(op.rank(indices)):
        line = op.Range(0, op.value(op.dim(indices, place)), 1)
        column = op.Reshape(line, [-1 if one == place else 1 for one in range(op.rank(indices))])
        places.append(_from_front(op, indices, data, axis) if place == axis else op.Expand(column, grid))
    return scatter_nd(op, data, op.Concat(*(op.Unsqueeze(one, [-1]) for one in places), axis=-1), updates, how)


def _from_front(op: Context, indices: ir.Value, data: ir.Value, axis: int) -> ir.Value:
    return op.Where(op.Less(indices, 0), op.Add(indices, op.value(op.dim(data, axis))), indices)


def along(op: Context, indices: Any, updates: ir.Value, axis: int) -> ir.Value:
    """A row of indices into one axis, repeated to the shape of the updates."""
    rank = op.rank(updates)
    flat = op.Reshape(op.cast(indices, ir.DataType.INT64), [-1 if place == axis else 1 for place in range(rank)])
    return op.Expand(flat, op.ints(op.shape(updates)))
