"""Order along an axis: sorting, the largest elements, medians."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.dtypes import is_float
from mindferry.lowering.helpers import reduce
from mindferry.lowering.layouts import one_axis
from mindferry.lowering.ops.gather import indices_of
from mindferry.lowering.registry import lowers


def top(
    op: Context, x: ir.Value, count: Any, axis: int, *, largest: bool, sort: bool = True
) -> tuple[ir.Value, ir.Value]:
    """The largest or smallest elements along an axis and their int64 positions; of equal ones the first come first."""
    if not op.rank(x):
        return x, op.value(0)
    wide = op.cast(x, ir.DataType.UINT8) if x.dtype == ir.DataType.BOOL else x
    values, places = op.TopK(wide, op.ints(count), axis=axis, largest=int(largest), sorted=int(sort), outputs=2)
    return op.cast(values, x.dtype), places


def sorted_along(op: Context, x: ir.Value, axis: Any, descending: bool) -> tuple[ir.Value, ir.Value]:
    """All elements along an axis in order, and their int64 positions; equal ones keep their order."""
    place = one_axis(op, axis, op.rank(x))
    return top(op, x, op.dim(x, place) if op.rank(x) else 1, place, largest=descending)


@lowers("Sort")
def sort(op: Context, x: ir.Value, *, axis: int = -1, descending: bool = False) -> tuple[ir.Value, ir.Value]:
    """The elements along an axis in order, and their positions; equal ones keep their order."""
    values, places = sorted_along(op, x, axis, descending)
    return values, op.cast(places, ir.DataType.INT32)


@lowers("SortExt")
def sort_ext(
    op: Context, input: ir.Value, dim: Any = -1, descending: Any = False, stable: Any = False
) -> tuple[ir.Value, ir.Value]:
    """The elements along an axis in order, and their positions; equal ones keep their order."""
    return sorted_along(op, input, dim, descending)


@lowers("ArgSort")
def arg_sort(op: Context, input: ir.Value, dim: Any = -1, descending: Any = False, stable: Any = False) -> ir.Value:
    """The positions of the elements along an axis in order; equal ones keep their order."""
    return op.cast(sorted_along(op, input, dim, descending)[1], op.result_dtype or ir.DataType.INT64)


@lowers("TopK")
def top_k(op: Context, input: ir.Value, k: Any, *, sorted: bool = True) -> tuple[ir.Value, ir.Value]:
    """The k largest elements of the last axis and their positions; of equal ones the first."""
    values, places = top(op, input, k, op.rank(input) - 1, largest=True, sort=sorted)
    return values, op.cast(places, ir.DataType.INT32)


@lowers("TopkExt")
def topk_ext(
    op: Context, input: ir.Value, k: Any, dim: Any = -1, largest: Any = True, sorted: Any = True
) -> tuple[ir.Value, ir.Value]:
    """The k largest or smallest elements along an axis and their positions; of equal ones the first."""
    return top(op, input, k, one_axis(op, dim, op.rank(input)), largest=largest, sort=sorted)


def _at(op: Context, x: ir.Value, position: Any, axis: int) -> ir.Value:
    return op.Gather(x, op.cast(position, ir.DataType.INT64), axis=axis)


@lowers("NthElement")
def nth_element(op: Context, input: ir.Value, n: Any, *, reverse: bool = False) -> ir.Value:
    """The element at position n of the ordered last axis, in descending order where reversed."""
    axis = op.rank(input) - 1
    return _at(op, sorted_along(op, input, axis, reverse)[0], op.Reshape(op.cast(n, ir.DataType.INT64), []), axis)


@lowers("Kthvalue")
def kthvalue(op: Context, input: ir.Value, k: Any, dim: Any = -1, keepdim: Any = False) -> tuple[ir.Value, ir.Value]:
    """The k-th smallest element along an axis, counted from 1, and its position."""
    if not op.rank(input):
        return input, op.value(0)
    axis, (rank,) = one_axis(op, dim, op.rank(input)), op.integers(k, "k")
    position = [rank - 1] if keepdim else rank - 1
    values, places = sorted_along(op, input, axis, False)
    return _at(op, values, position, axis), _at(op, places, position, axis)


def _median(op: Context, x: ir.Value, axis: int, *, keep: bool, ignore_nan: bool = False) -> tuple[ir.Value, ir.Value]:
    """The lower middle of the ordered axis and its position; the first NaN where there is one and it is not ignored."""
    count = op.Reshape(op.value(op.dim(x, axis), ir.DataType.INT64), [1] * op.rank(x))
    if not is_float(x.dtype):
        return _taken(op, x, _middle(op, sorted_along(op, x, axis, False)[1], count, axis), axis, keep=keep)
    missing = op.IsNaN(x)
    flags = op.cast(missing, ir.DataType.INT32)
    order = sorted_along(op, op.Where(missing, op.value(float("inf"), x.dtype), x), axis, False)[1]
    if ignore_nan:
        last = sorted_along(op, op.GatherElements(flags, order, axis=axis), axis, False)[1]
        order = op.GatherElements(order, last, axis=axis)
        count = op.Sub(count, op.cast(op.ReduceSum(flags, [axis], keepdims=1), ir.DataType.INT64))
        return _taken(op, x, _middle(op, order, count, axis), axis, keep=keep)
    place = _middle(op, order, count, axis)
    first = op.ArgMax(flags, axis=axis, keepdims=1)
    any_missing = op.cast(reduce(op, "ReduceMax", flags, [axis], keep_dims=True), ir.DataType.BOOL)
    return _taken(op, x, op.Where(any_missing, first, place), axis, keep=keep)


def _middle(op: Context, order: ir.Value, count: ir.Value, axis: int) -> ir.Value:
    """What stands at the lower middle of the first `count` places of an axis, which stays, with size 1."""
    middle = op.Div(op.Max(op.Sub(count, 1), 0), 2)
    return op.GatherElements(order, op.Expand(middle, op.Shape(op.Gather(order, [0], axis=axis))), axis=axis)


def _taken(op: Context, x: ir.Value, place: ir.Value, axis: int, *, keep: bool) -> tuple[ir.Value, ir.Value]:
    value = op.GatherElements(x, place, axis=axis)
    return (value, place) if keep else (op.Squeeze(value, [axis]), op.Squeeze(place, [axis]))


@lowers("Median")
def median(
    op: Context, x: ir.Value, global_median: Any = False, axis: Any = 0, keep_dims: Any = False, ignore_nan: Any = False
) -> tuple[ir.Value, ir.Value]:
    """The lower median along an axis and its position, or that of all elements and 0."""
    if global_median:
        return _median(op, op.Reshape(x, [-1]), 0, keep=False, ignore_nan=ignore_nan)[0], op.value(0)
    if not op.rank(x):
        return x, op.value(0)
    return _median(op, x, one_axis(op, axis, op.rank(x)), keep=keep_dims, ignore_nan=ignore_nan)


@lowers("MedianExt")
def median_ext(op: Context, input: ir.Value) -> ir.Value:
    """The lower median of all elements."""
    return _median(op, op.Reshape(input, [-1]), 0, keep=False)[0]


@lowers("MedianDim")
def median_dim(op: Context, input: ir.Value, dim: Any = -1, keepdim: Any = False) -> tuple[ir.Value, ir.Value]:
    """The lower median along an axis and its position."""
    if not op.rank(input):
        return input, op.value(0)
    return _median(op, input, one_axis(op, dim, op.rank(input)), keep=keepdim)


@lowers("InTopK")
def in_top_k(op: Context, x1: ir.Value, x2: ir.Value, k: Any) -> ir.Value:
    """Whether fewer than k elements of a row exceed the one at the row's index; False for what is not finite."""
    classes = op.value(op.dim(x1, 1))
    index = op.cast(indices_of(op, x2), ir.DataType.INT64)
    inside = op.And(op.GreaterOrEqual(index, 0), op.Less(index, classes))
    wide = op.cast(x1, ir.DataType.FLOAT)
    target = op.GatherElements(wide, op.Unsqueeze(op.Where(inside, index, 0), [1]), axis=1)
    above = op.ReduceSum(op.cast(op.Greater(wide, target), ir.DataType.INT64), [1], keepdims=0)
    strange = op.Or(op.IsInf(wide), op.IsNaN(wide))
    finite = op.Equal(op.ReduceSum(op.cast(strange, ir.DataType.INT64), [1], keepdims=0), 0)
    return op.And(op.And(op.Less(above, op.cast(k, ir.DataType.INT64)), inside), finite)
