"""Distinct elements, non-zero positions and set operations."""

from __future__ import annotations

import math
from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.layouts import one_axis, split
from mindferry.lowering.registry import lowers

BOOL, INT32, INT64 = ir.DataType.BOOL, ir.DataType.INT32, ir.DataType.INT64


def _distinct(op: Context, x: ir.Value, **how: Any) -> tuple[ir.Value, ir.Value, ir.Value, ir.Value]:
    """Distinct elements, their first places, the inverse and the counts; over an axis, or flattened."""
    keys = op.cast(x, INT64) if x.dtype == BOOL else x
    values, first, inverse, counts = op.Unique(keys, **how, outputs=4)
    return op.cast(values, x.dtype), first, inverse, counts


@lowers("Unique")
def unique(op: Context, x: ir.Value) -> tuple[ir.Value, ir.Value]:
    """The distinct elements in order of appearance, and for each element the place of its equal among them."""
    values, _, inverse, _ = _distinct(op, x, sorted=0)
    return values, op.cast(inverse, INT64 if x.dtype in (INT64, ir.DataType.DOUBLE) else INT32)


@lowers("UniqueWithPad")
def unique_with_pad(op: Context, x: ir.Value, pad_num: Any) -> tuple[ir.Value, ir.Value]:
    """As Unique, the distinct elements filled up with pad_num to the input's size."""
    values, places = unique(op, x)
    filled = op.Expand(op.Reshape(op.cast(pad_num, x.dtype), [1]), op.Sub(op.Shape(x), op.Shape(values)))
    return op.Concat(values, filled, axis=0), places


@lowers("Unique2")
def unique2(
    op: Context, input: ir.Value, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False
) -> tuple[ir.Value, ir.Value, ir.Value]:
    """The distinct elements in ascending order, the places of the elements among them, and their counts."""
    values, _, inverse, counts = _distinct(op, input, sorted=1)
    return values, op.Reshape(inverse, op.Shape(input)), counts


@lowers("InnerUnique")
def inner_unique(
    op: Context, input: ir.Value, sorted: bool = True, return_inverse: bool = False
) -> tuple[ir.Value, ir.Value]:
    """The distinct elements in ascending order, and the places of the elements among them."""
    return unique2(op, input)[:2]


@lowers("UniqueDim")
def unique_dim(
    op: Context, input: ir.Value, sorted: bool, return_inverse: bool, dim: Any
) -> tuple[ir.Value, ir.Value, ir.Value]:
    """The distinct slices across an axis in ascending order, the places of the slices among them, and their counts."""
    values, _, inverse, counts = _distinct(op, input, sorted=1, axis=one_axis(op, dim, op.rank(input)))
    return values, inverse, counts


@lowers("UniqueConsecutive")
def unique_consecutive(
    op: Context, input: ir.Value, return_inverse: bool = False, return_counts: bool = False, dim: Any = None
) -> tuple[ir.Value, ir.Value, ir.Value]:
    """The first of each run of equal slices, the run of each slice, and the runs' lengths.

    Without an axis, the runs are those of the flattened input, and what is not asked for is 0.
    """
    x = op.Reshape(input, [-1]) if dim is None else input
    axis = one_axis(op, 0 if dim is None else dim, op.rank(x))
    places = op.Range(0, op.value(op.dim(x, axis), INT64), 1)
    starts = op.Or(op.Equal(places, 0), _differs_from_previous(op, x, places, axis))
    firsts = op.Reshape(op.NonZero(starts), [-1])
    runs = op.Sub(op.CumSum(op.cast(starts, INT64), 0), 1)
    if dim is None:
        runs = op.Reshape(runs, op.Shape(input))
    ends = op.Concat(op.Slice(firsts, [1], [2**31], [0]), op.Shape(places), axis=0)
    lengths = op.Sub(op.Slice(ends, [0], op.Shape(firsts), [0]), firsts)
    if dim is None:
        absent = op.value(0, INT64)
        runs, lengths = runs if return_inverse else absent, lengths if return_counts else absent
    return op.Gather(x, firsts, axis=axis), runs, lengths


def _differs_from_previous(op: Context, x: ir.Value, places: ir.Value, axis: int) -> ir.Value:
    previous = op.Gather(x, op.Max(op.Sub(places, 1), 0), axis=axis)
    differs = op.Not(op.Equal(x, previous))
    others = [other for other in range(op.rank(x)) if other != axis]
    return op.cast(op.ReduceSum(op.cast(differs, INT64), others, keepdims=0), BOOL) if others else differs


def _positions(op: Context, x: ir.Value) -> ir.Value:
    """The indices of the non-zero elements, one column each."""
    return op.NonZero(op.cast(x, BOOL))


@lowers("NonZero")
def non_zero(op: Context, input: ir.Value) -> ir.Value:
    """The indices of the non-zero elements, one row each."""
    return op.Transpose(_positions(op, input), perm=[1, 0])


@lowers("InnerNonZero")
def inner_non_zero(op: Context, input: ir.Value) -> ir.Value:
    """The indices of the non-zero elements, one column each."""
    return _positions(op, input)


@lowers("NonZeroExt")
def non_zero_ext(op: Context, input: ir.Value) -> tuple[ir.Value, ...]:
    """The indices of the non-zero elements, one tensor for each axis."""
    columns = split(op, _positions(op, input), 0, op.rank(input))
    return tuple(op.Squeeze(column, [0]) for column in columns)


@lowers("CountNonZero")
def count_non_zero(op: Context, input: ir.Value, dim: Any = None, *, dims: Any = None) -> ir.Value:
    """The number of non-zero elements over the axes; None means all of them."""
    axes = op.axes(input, dims if dim is None else dim)
    return op.cast(op.ReduceSum(op.cast(op.cast(input, BOOL), INT64), axes, keepdims=0), op.result_dtype or INT64)


@lowers("ListDiff")
def list_diff(op: Context, x: ir.Value, y: ir.Value, *, out_idx: Any = 34) -> tuple[ir.Value, ir.Value]:
    """The elements of x that do not occur in y, and their indices."""
    hits = op.cast(op.Equal(op.Unsqueeze(x, [1]), op.Unsqueeze(y, [0])), INT64)
    kept = op.Reshape(op.NonZero(op.Equal(op.ReduceSum(hits, [1], keepdims=0), 0)), [-1])
    return op.Gather(x, kept), op.cast(kept, op.dtype(out_idx))


@lowers("SetSize")
def set_size(
    op: Context, set_indices: ir.Value, set_values: ir.Value, set_shape: Any, *, validate_indices: bool = True,
    max_length: int = 1000,
) -> ir.Value:  # fmt: skip
    """The number of distinct values in each row of a sparse tensor.

    Where its shape is only known at run time, zeros fill the result up to max_length on each axis.
    """
    rank = op.dim(set_indices, 1)
    if not isinstance(rank, int):
        raise LoweringError(f"needs a known number of columns of set_indices, got shape {set_indices.shape}")
    sizes = split(op, op.ints(set_shape), 0, rank)
    row = op.value(0, INT64)
    for size, column in zip(sizes[:-1], split(op, set_indices, 1, rank)[:-1], strict=True):
        row = op.Add(op.Mul(row, size), op.Squeeze(column, [1]))
    pairs = op.Concat(op.Unsqueeze(row, [1]), op.Unsqueeze(op.cast(set_values, INT64), [1]), axis=1)
    rows = op.Gather(op.Unique(pairs, axis=0), 0, axis=1)
    known = op.static(set_shape)
    shape = [max_length] * (rank - 1) if known is None else [int(size) for size in known[:-1]]
    count = op.ReduceProd(op.Slice(op.ints(set_shape), [0], [-1], [0]), keepdims=0)
    belongs = op.Equal(op.Unsqueeze(rows, [1]), op.Range(0, count, 1))
    counts = op.cast(op.ReduceSum(op.cast(belongs, INT64), [0], keepdims=0), INT32)
    if known is None:
        rest = op.Sub(op.value([math.prod(shape)]), op.Shape(counts))
        counts = op.Concat(counts, op.Expand(op.value(0, INT32), rest), axis=0)
    return op.Reshape(counts, shape)
