"""Positions of values in sorted sequences."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.registry import lowers

INT32, INT64 = ir.DataType.INT32, ir.DataType.INT64


def insertions(op: Context, sequence: ir.Value, values: ir.Value, *, right: bool) -> ir.Value:
    """How many elements of an ascending last axis are less than each value, or with right not greater; NaN exceeds all.

    The values have the sequence's axes before the last, or the sequence has one axis alone.
    """
    sequence, values = op.promote(sequence, values)
    if op.rank(sequence) > 1:
        sequence = op.Unsqueeze(sequence, [-2])
    values = op.Unsqueeze(values, [-1])
    beyond = op.Less(values, sequence) if right else op.LessOrEqual(values, sequence)
    return op.ReduceSum(op.cast(op.Not(beyond), INT64), [-1], keepdims=0)


@lowers("SearchSorted")
def search_sorted(
    op: Context, sorted_sequence: ir.Value, values: ir.Value, sorter: ir.Value | None = None, dtype: Any = 35,
    right: bool = False,
) -> ir.Value:  # fmt: skip
    """Where each value would be inserted into the last axis: before its equals, or with right behind them.

    The sorter gives the indices that sort the sequence.
    """
    if sorter is not None:
        sorted_sequence = op.GatherElements(sorted_sequence, op.cast(sorter, INT64), axis=-1)
    return op.cast(insertions(op, sorted_sequence, values, right=right), op.dtype(dtype))


@lowers("LowerBound")
def lower_bound(op: Context, sorted_x: ir.Value, values: ir.Value, *, out_type: Any = 34) -> ir.Value:
    """Where each value of a row would be inserted into the same row of sorted_x, before its equals."""
    return op.cast(insertions(op, sorted_x, values, right=False), op.dtype(out_type))


@lowers("UpperBound")
def upper_bound(op: Context, sorted_x: ir.Value, values: ir.Value, *, out_type: Any = 34) -> ir.Value:
    """Where each value of a row would be inserted into the same row of sorted_x, behind its equals."""
    return op.cast(insertions(op, sorted_x, values, right=True), op.dtype(out_type))


@lowers("Bucketize")
def bucketize(op: Context, input: ir.Value, *, boundaries: Any) -> ir.Value:
    """How many boundaries do not exceed each element; they are compared as float32, with float64 as float64."""
    edges = op.value(sorted(float(edge) for edge in boundaries), ir.DataType.FLOAT)
    x = input if input.dtype == ir.DataType.DOUBLE else op.cast(input, ir.DataType.FLOAT)
    return op.cast(insertions(op, edges, x, right=True), INT32)
