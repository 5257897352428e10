"""Totals and means of selected rows by segments."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.ops.gather import indices_of
from mindferry.lowering.ops.segment import segments
from mindferry.lowering.registry import lowers


def _reduced(op: Context, x: ir.Value, indices: ir.Value, segment_ids: ir.Value, count: Any, divide: str) -> ir.Value:
    """The rows of x at the indices added up by segment, over their number ("mean") or its root ("sqrt")."""
    ids = op.cast(segment_ids, ir.DataType.INT64)
    if count is None:
        count = op.Add(op.ReduceMax(ids, keepdims=0), 1)
    number = op.Reshape(op.cast(count, ir.DataType.INT64), [])
    total = segments(op, op.Gather(x, indices_of(op, indices)), ids, number, "add", 0)
    if not divide:
        return total
    sizes = segments(op, op.Expand(op.value(1, x.dtype), op.Shape(ids)), ids, number, "add", 0)
    sizes = op.Max(sizes, op.value(1, x.dtype))
    column = op.Reshape(op.Sqrt(sizes) if divide == "sqrt" else sizes, [-1, *[1] * (op.rank(x) - 1)])
    return op.Div(total, column)


@lowers("SparseSegmentSum", "SparseSegmentSumWithNumSegments")
def sparse_segment_sum(
    op: Context, x: ir.Value, indices: ir.Value, segment_ids: ir.Value, num_segments: Any = None
) -> ir.Value:
    """The sum of each segment's rows; 0 for an empty one."""
    return _reduced(op, x, indices, segment_ids, num_segments, "")


@lowers("SparseSegmentMean", "SparseSegmentMeanWithNumSegments")
def sparse_segment_mean(
    op: Context, x: ir.Value, indices: ir.Value, segment_ids: ir.Value, num_segments: Any = None
) -> ir.Value:
    """The mean of each segment's rows; 0 for an empty one."""
    return _reduced(op, x, indices, segment_ids, num_segments, "mean")


@lowers("SparseSegmentSqrtN", "SparseSegmentSqrtNWithNumSegments")
def sparse_segment_sqrt_n(
    op: Context, x: ir.Value, indices: ir.Value, segment_ids: ir.Value, num_segments: Any = None
) -> ir.Value:
    """The sum of each segment's rows over the root of their number; 0 for an empty one."""
    return _reduced(op, x, indices, segment_ids, num_segments, "sqrt")
