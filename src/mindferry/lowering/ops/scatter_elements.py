"""Updates of elements along one axis: TensorScatterElements, Scatter, IndexAdd, IndexFill and their kin."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.layouts import by_parts, one_axis
from mindferry.lowering.registry import lowers
from mindferry.lowering.scattering import along, scatter_elements

_REDUCE = {"none": "none", "add": "add", "multiply": "mul", "mul": "mul", 0: "none", 1: "add", None: "none"}
"""MindSpore's reduce argument, by name or as its enum."""


def _how(reduce: Any) -> str:
    if reduce not in _REDUCE:
        raise LoweringError(f"reduce {reduce!r} is unknown")
    return _REDUCE[reduce]


def scattered(op: Context, x: ir.Value, dim: Any, index: ir.Value, source: Any, how: str) -> ir.Value:
    """x with source, or as much of it as the index covers, combined with the elements at the index along an axis."""
    axis = one_axis(op, dim, op.rank(x))
    updates = op.cast(source, x.dtype)
    if not isinstance(source, ir.Value) or not op.rank(source):
        updates = op.Expand(op.Reshape(updates, []), op.Shape(index))
    elif source.shape != index.shape:
        rank = op.rank(index)
        updates = op.Slice(updates, [0] * rank, op.Shape(index), list(range(rank)))
    return scatter_elements(op, x, index, updates, axis, how)


@lowers("TensorScatterElements")
@by_parts
def tensor_scatter_elements(
    op: Context, data: ir.Value, indices: ir.Value, updates: ir.Value, axis: Any = 0, reduction: Any = "none"
) -> ir.Value:
    """x with each update put or added at its index along an axis."""
    return scattered(op, data, axis, indices, updates, _how(reduction))


@lowers("Scatter", "ScatterValue")
@by_parts
def scatter(op: Context, input: ir.Value, dim: Any, index: ir.Value, src: Any, reduce: Any = "none") -> ir.Value:
    """x with src put or added at the index along an axis."""
    return scattered(op, input, dim, index, src, _how(reduce))


@lowers("ScatterAddExt")
@by_parts
def scatter_add_ext(op: Context, input: ir.Value, dim: Any, index: ir.Value, src: Any) -> ir.Value:
    """x with src added at the index along an axis."""
    return scattered(op, input, dim, index, src, "add")


@lowers("ScatterAddWithAxis")
@by_parts
def scatter_add_with_axis(
    op: Context, input_x: ir.Value, indices: ir.Value, updates: ir.Value, *, axis: int = 0
) -> ir.Value:
    """x with the updates added at the indices along an axis."""
    return scattered(op, input_x, axis, indices, updates, "add")


@lowers("InplaceScatterSrc", "InplaceScatterValue", writes=True)
@by_parts
def inplace_scatter_src(op: Context, input: ir.Value, dim: Any, index: ir.Value, src: Any) -> ir.Value:
    """x with src put at the index along an axis, as x's new value."""
    return scattered(op, input, dim, index, src, "none")


@lowers("InplaceScatterSrcReduce", "InplaceScatterValueReduce", writes=True)
@by_parts
def inplace_scatter_src_reduce(
    op: Context, input: ir.Value, dim: Any, index: ir.Value, src: Any, reduce: Any
) -> ir.Value:
    """x with src added or multiplied at the index along an axis, as x's new value."""
    return scattered(op, input, dim, index, src, _how(reduce))


@lowers("InplaceScatterAdd", writes=True)
@by_parts
def inplace_scatter_add(op: Context, input: ir.Value, dim: Any, index: ir.Value, src: Any) -> ir.Value:
    """x with src added at the index along an axis, as x's new value."""
    return scattered(op, input, dim, index, src, "add")


def added_along(op: Context, x: ir.Value, axis: Any, indices: Any, source: ir.Value, alpha: Any = 1) -> ir.Value:
    """x with alpha times the slices of source added to its slices at the indices."""
    place, updates = one_axis(op, axis, op.rank(x)), op.cast(source, x.dtype)
    if alpha != 1:
        updates = op.Mul(updates, op.cast(alpha, x.dtype))
    return scatter_elements(op, x, along(op, indices, updates, place), updates, place, "add")


@lowers("IndexAdd", writes=True)
@by_parts
def index_add(op: Context, input_x: ir.Value, indices: Any, input_y: ir.Value, *, axis: int) -> ir.Value:
    """x with the slices of y added to its slices at the indices, as x's new value."""
    return added_along(op, input_x, axis, indices, input_y)


@lowers("InplaceIndexAdd", writes=True)
@by_parts
def inplace_index_add(op: Context, var: ir.Value, indices: Any, updates: ir.Value, *, axis: int) -> ir.Value:
    """x with the slices of updates added to its slices at the indices, as x's new value."""
    return added_along(op, var, axis, indices, updates)


@lowers("IndexAddExt")
@by_parts
def index_add_ext(op: Context, input: ir.Value, dim: Any, index: Any, source: ir.Value, alpha: Any = 1) -> ir.Value:
    """x with alpha times the slices of source added to its slices at the indices."""
    return added_along(op, input, dim, index, source, alpha)


@lowers("InplaceIndexAddExt", writes=True)
@by_parts
def inplace_index_add_ext(
    op: Context, input: ir.Value, dim: Any, index: Any, source: ir.Value, alpha: Any = 1
) -> ir.Value:
    """x with alpha times the slices of source added to its slices at the indices, as x's new value."""
    return added_along(op, input, dim, index, source, alpha)


@lowers("InplaceIndexCopy", writes=True)
@by_parts
def inplace_index_copy(op: Context, input: ir.Value, dim: Any, index: Any, tensor: ir.Value) -> ir.Value:
    """x with the slices of a tensor put at the indices, as x's new value."""
    place = one_axis(op, dim, op.rank(input))
    return scatter_elements(op, input, along(op, index, tensor, place), op.cast(tensor, input.dtype), place)


def filled_along(op: Context, x: ir.Value, dim: Any, index: ir.Value, value: Any) -> ir.Value:
    """x with one value in its slices at the indices."""
    rank = op.rank(x)
    axis = one_axis(op, dim, rank)
    size = op.value(op.dim(x, axis))
    flat = op.Reshape(op.cast(index, ir.DataType.INT64), [-1])
    flat = op.Where(op.Less(flat, 0), op.Add(flat, size), flat)
    hits = op.cast(op.Equal(op.Unsqueeze(op.Range(0, size, 1), [1]), flat), ir.DataType.INT64)
    hit = op.Greater(op.ReduceSum(hits, [1], keepdims=0), 0)
    mask = op.Reshape(hit, [-1 if place == axis else 1 for place in range(rank)])
    return op.Where(mask, op.Reshape(op.cast(value, x.dtype), []), x)


@lowers("IndexFill", "IndexFillScalar", "IndexFillTensor")
@by_parts
def index_fill(op: Context, x: ir.Value, dim: Any, index: ir.Value, value: Any) -> ir.Value:
    """x with one value in its slices at the indices."""
    return filled_along(op, x, dim, index, value)


@lowers("InplaceIndexFillScalar", "InplaceIndexFillTensor", writes=True)
@by_parts
def inplace_index_fill(op: Context, input: ir.Value, dim: Any, index: ir.Value, value: Any) -> ir.Value:
    """x with one value in its slices at the indices, as x's new value."""
    return filled_along(op, input, dim, index, value)
