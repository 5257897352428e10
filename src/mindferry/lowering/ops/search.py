"""Places in sorted sequences, and counts: SearchSorted, Bucketize, Bincount, Histogram."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.dtypes import common, is_float
from mindferry.lowering.registry import lowers


def _total(op: Context, condition: ir.Value, axis: int) -> ir.Value:
    return op.ReduceSum(op.cast(condition, ir.DataType.INT64), [axis], keepdims=0)


def places_in(op: Context, ordered: ir.Value, values: ir.Value, *, right: bool) -> ir.Value:
    """How many elements of the last axis are less than (with `right`: at most) each value, as int64.

    Either one sequence serves all values, or each row of values has its own.
    """
    assert ordered.dtype is not None and values.dtype is not None
    kind = common(ordered.dtype, values.dtype)
    rows = op.cast(ordered if op.rank(ordered) == 1 else op.Unsqueeze(ordered, [-2]), kind)
    columns = op.Unsqueeze(op.cast(values, kind), [-1])
    return _total(op, op.LessOrEqual(rows, columns) if right else op.Less(rows, columns), -1)


@lowers("SearchSorted")
def search_sorted(
    op: Context, sorted_sequence: ir.Value, values: Any, sorter: Any = None, dtype: Any = None, right: Any = False
) -> ir.Value:
    """Where each value would be inserted into the sorted last axis; with `right` behind equal elements."""
    if sorter is not None:
        sorted_sequence = op.GatherElements(sorted_sequence, op.cast(sorter, ir.DataType.INT64), axis=-1)
    return op.cast(places_in(op, sorted_sequence, op.value(values), right=right), op.result_dtype)


@lowers("LowerBound")
def lower_bound(op: Context, sorted_x: ir.Value, values: ir.Value, *, out_type: Any = None) -> ir.Value:
    """Where each value would be inserted into its row, before equal elements."""
    return op.cast(places_in(op, sorted_x, values, right=False), op.result_dtype)


@lowers("UpperBound")
def upper_bound(op: Context, sorted_x: ir.Value, values: ir.Value, *, out_type: Any = None) -> ir.Value:
    """Where each value would be inserted into its row, behind equal elements."""
    return op.cast(places_in(op, sorted_x, values, right=True), op.result_dtype)


@lowers("Bucketize")
def bucketize(op: Context, input: ir.Value, *, boundaries: Sequence[float]) -> ir.Value:
    """How many boundaries are at most each element."""
    limits = op.value(list(boundaries), ir.DataType.FLOAT)
    return op.cast(places_in(op, limits, input, right=True), ir.DataType.INT32)


def counted(op: Context, places: ir.Value, size: Any, weights: ir.Value | None = None) -> ir.Value:
    """How often, or with which total weight, each of the numbers 0, 1, ... below size occurs in a flat tensor."""
    bins = op.Range(0, op.Reshape(op.cast(size, ir.DataType.INT64), []), 1)
    hits = op.Equal(op.Unsqueeze(bins, [1]), op.cast(places, ir.DataType.INT64))
    if weights is None:
        return _total(op, hits, 1)
    return op.ReduceSum(op.Where(hits, weights, op.value(0, weights.dtype)), [1], keepdims=0)


@lowers("Bincount")
def bincount(op: Context, array: ir.Value, size: Any, weights: ir.Value) -> ir.Value:
    """The total weight of each of the numbers 0, 1, ... below size."""
    return counted(op, op.Reshape(array, [-1]), size, op.Reshape(weights, [-1]))


@lowers("BincountExt")
def bincount_ext(op: Context, input: ir.Value, weights: ir.Value | None = None, minlength: Any = 0) -> ir.Value:
    """How often, or with which total weight, each number occurs; at least minlength of them."""
    places = op.cast(input, ir.DataType.INT64)
    size = op.Max(op.Add(op.ReduceMax(places, keepdims=0), 1), op.cast(minlength, ir.DataType.INT64))
    return op.cast(counted(op, places, size, weights), op.result_dtype)


def _histogram(op: Context, x: ir.Value, bins: int, low: ir.Value, high: ir.Value) -> ir.Value:
    """Counts of the elements from low to high in equal bins; high belongs to the last one."""
    scaled = op.Div(op.Mul(op.Sub(x, low), float(bins)), op.Sub(high, low))
    place = op.Min(op.cast(op.Floor(scaled), ir.DataType.INT64), bins - 1)
    inside = op.And(op.GreaterOrEqual(x, low), op.LessOrEqual(x, high))
    return counted(op, op.Where(inside, place, -1), bins)


@lowers("Histogram", "HistcExt")
def histogram(op: Context, x: ir.Value, bins: Any = 100, min: Any = 0.0, max: Any = 0.0) -> ir.Value:
    """Counts in equal bins from min to max, or from the smallest to the largest element where both are equal."""
    (number,) = op.integers(bins, "the number of bins")
    kind = ir.DataType.DOUBLE if x.dtype == ir.DataType.DOUBLE or not is_float(x.dtype) else ir.DataType.FLOAT
    flat = op.Reshape(op.cast(x, kind), [-1])
    if min == max:
        low, high = op.ReduceMin(flat, keepdims=0), op.ReduceMax(flat, keepdims=0)
        single = op.Equal(low, high)
        low, high = op.Where(single, op.Sub(low, 1.0), low), op.Where(single, op.Add(high, 1.0), high)
    else:
        low, high = op.value(float(min), kind), op.value(float(max), kind)
    return op.cast(_histogram(op, flat, number, low, high), op.result_dtype)


@lowers("HistogramFixedWidth")
def histogram_fixed_width(op: Context, x: ir.Value, range: ir.Value, *, nbins: int, dtype: Any = None) -> ir.Value:
    """Counts in equal bins of a range; elements outside count in the first or the last bin."""
    kind = ir.DataType.DOUBLE if x.dtype == ir.DataType.DOUBLE else ir.DataType.FLOAT
    low, high = (op.cast(op.Gather(range, place), kind) for place in (0, 1))
    scaled = op.Div(op.Mul(op.Sub(op.Reshape(op.cast(x, kind), [-1]), low), float(nbins)), op.Sub(high, low))
    place = op.cast(op.Floor(op.Clip(scaled, 0.0, float(nbins - 1))), ir.DataType.INT64)
    return op.cast(counted(op, place, nbins), ir.DataType.INT32)
