"""Slices that belong to the same segment, reduced to one."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.lowering import dtypes
from mindferry.lowering.context import Context
from mindferry.lowering.registry import lowers
from mindferry.lowering.scattering import scatter_nd

INT64 = ir.DataType.INT64


def segments(op: Context, x: ir.Value, segment_ids: ir.Value, count: Any, how: str, empty: float | int) -> ir.Value:
    """The slices of x combined by `how` (add, mul, max or min) into `count` segments, which start as `empty`.

    Slices with a negative number are dropped: they go into a segment behind the last.
    """
    depth = op.rank(segment_ids)
    rest = [op.dim(x, axis) for axis in range(depth, op.rank(x))]
    ids = op.Reshape(op.cast(segment_ids, INT64), [-1, 1])
    count = op.value(count, INT64)
    ids = op.Where(op.Less(ids, op.constant(0)), count, ids)
    start = op.Expand(op.cast(empty, x.dtype), op.ints([op.Add(count, op.constant(1)), *rest]))
    combined = scatter_nd(op, start, ids, op.Reshape(x, op.ints([-1, *rest])), how)
    return op.Slice(combined, [0], op.ints(count), [0])


def limits(dtype: ir.DataType | None) -> tuple[float | int, float | int]:
    """The smallest and the largest finite value of an element type."""
    assert dtype is not None
    if dtypes.is_float(dtype):
        return -float(dtype.max), float(dtype.max)
    whole = np.iinfo(dtype.numpy())
    return int(whole.min), int(whole.max)


@lowers("UnsortedSegmentSum")
def unsorted_segment_sum(op: Context, input_x: ir.Value, segment_ids: ir.Value, num_segments: Any) -> ir.Value:
    """The sum of each segment; 0 for an empty one."""
    return segments(op, input_x, segment_ids, num_segments, "add", 0)


@lowers("UnsortedSegmentProd")
def unsorted_segment_prod(op: Context, x: ir.Value, segment_ids: ir.Value, num_segments: Any) -> ir.Value:
    """The product of each segment; 1 for an empty one."""
    return segments(op, x, segment_ids, num_segments, "mul", 1)


@lowers("UnsortedSegmentMax")
def unsorted_segment_max(op: Context, x: ir.Value, segment_ids: ir.Value, num_segments: Any) -> ir.Value:
    """The largest elements of each segment; the smallest finite value for an empty one."""
    return segments(op, x, segment_ids, num_segments, "max", limits(x.dtype)[0])


@lowers("UnsortedSegmentMin")
def unsorted_segment_min(op: Context, x: ir.Value, segment_ids: ir.Value, num_segments: Any) -> ir.Value:
    """The smallest elements of each segment; the largest finite value for an empty one."""
    return segments(op, x, segment_ids, num_segments, "min", limits(x.dtype)[1])


def _sorted_count(op: Context, segment_ids: ir.Value) -> ir.Value:
    """One more than the last segment's number."""
    last = op.Gather(op.cast(segment_ids, INT64), op.constant(-1), axis=0)
    return op.Add(last, op.constant(1))


def _sizes(op: Context, x: ir.Value, segment_ids: ir.Value) -> ir.Value:
    """How many slices each segment has, shaped so that it broadcasts against the segments, in x's element type."""
    ones = op.Expand(op.cast(1, x.dtype), op.Shape(segment_ids))
    sizes = segments(op, ones, segment_ids, _sorted_count(op, segment_ids), "add", 0)
    return op.Reshape(sizes, [-1] + [1] * (op.rank(x) - 1))


@lowers("SegmentSum")
def segment_sum(op: Context, input_x: ir.Value, segment_ids: ir.Value, *, max_length: int = 0) -> ir.Value:
    """The sum of each segment of sorted numbers; 0 for an empty one."""
    return segments(op, input_x, segment_ids, _sorted_count(op, segment_ids), "add", 0)


@lowers("SegmentProd")
def segment_prod(op: Context, input_x: ir.Value, segment_ids: ir.Value, *, max_length: int = 0) -> ir.Value:
    """The product of each segment of sorted numbers; 1 for an empty one."""
    return segments(op, input_x, segment_ids, _sorted_count(op, segment_ids), "mul", 1)


@lowers("SegmentMean")
def segment_mean(op: Context, input_x: ir.Value, segment_ids: ir.Value, *, max_length: int = 0) -> ir.Value:
    """The mean of each segment of sorted numbers; 0 for an empty one."""
    sizes = op.Max(_sizes(op, input_x, segment_ids), op.cast(1, input_x.dtype))
    return op.Div(segment_sum(op, input_x, segment_ids), sizes)


@lowers("SegmentMax")
def segment_max(op: Context, input_x: ir.Value, segment_ids: ir.Value, *, max_length: int = 0) -> ir.Value:
    """The largest elements of each segment of sorted numbers; 0 for an empty one."""
    return _extreme(op, input_x, segment_ids, "max", limits(input_x.dtype)[0])


@lowers("SegmentMin")
def segment_min(op: Context, input_x: ir.Value, segment_ids: ir.Value, *, max_length: int = 0) -> ir.Value:
    """The smallest elements of each segment of sorted numbers; 0 for an empty one."""
    return _extreme(op, input_x, segment_ids, "min", limits(input_x.dtype)[1])


def _extreme(op: Context, x: ir.Value, segment_ids: ir.Value, how: str, empty: float | int) -> ir.Value:
    found = segments(op, x, segment_ids, _sorted_count(op, segment_ids), how, empty)
    zero = op.cast(0, x.dtype)
    return op.Where(op.Equal(_sizes(op, x, segment_ids), zero), zero, found)
