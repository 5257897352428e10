"""The larger and the smaller of two operands, and clamping between bounds."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.lowering import dtypes
from mindferry.lowering.context import Context
from mindferry.lowering.helpers import FLOATS, computed_in
from mindferry.lowering.registry import lowers

BOOL = ir.DataType.BOOL


@lowers("Maximum")
def maximum(op: Context, input: Any, other: Any) -> ir.Value:
    """The larger operand; NaN where either is NaN."""
    x, y = op.promote(input, other, to=op.result_dtype)
    return op.Or(x, y) if x.dtype == BOOL else op.Max(x, y)


@lowers("Minimum")
def minimum(op: Context, input: Any, other: Any) -> ir.Value:
    """The smaller operand; NaN where either is NaN."""
    x, y = op.promote(input, other, to=op.result_dtype)
    return op.And(x, y) if x.dtype == BOOL else op.Min(x, y)


def _numbers_first(op: Context, operator: str, x: ir.Value, y: ir.Value) -> ir.Value:
    """The operator's choice, but the number where only one is NaN."""
    if not dtypes.is_float(x.dtype):
        return getattr(op, operator)(x, y)

    def choose(x: ir.Value, y: ir.Value) -> ir.Value:
        return op.Where(op.IsNaN(x), y, op.Where(op.IsNaN(y), x, getattr(op, operator)(x, y)))

    return computed_in(op, FLOATS, choose, x, y)


@lowers("Fmax")
def fmax(op: Context, x1: Any, x2: Any) -> ir.Value:
    """The larger operand; NaN only where both are NaN."""
    return _numbers_first(op, "Max", *op.promote(x1, x2, to=op.result_dtype))


@lowers("Fmin")
def fmin(op: Context, x1: Any, x2: Any) -> ir.Value:
    """The smaller operand; NaN only where both are NaN."""
    return _numbers_first(op, "Min", *op.promote(x1, x2, to=op.result_dtype))


@lowers("ClampScalar")
def clamp_scalar(op: Context, input: ir.Value, min: Any = None, max: Any = None) -> ir.Value:
    """min(max(input, min), max) with either bound left out; where min is above max, max wins."""
    if min is None or max is None:
        return clamp_tensor(op, input, min, max)
    x = op.cast(input, op.result_dtype or input.dtype)
    return op.Clip(x, op.cast(min, x.dtype), op.cast(max, x.dtype))


@lowers("ClampTensor")
def clamp_tensor(op: Context, input: ir.Value, min: Any = None, max: Any = None) -> ir.Value:
    """As ClampScalar, with bounds for each element."""
    x = op.cast(input, op.result_dtype or input.dtype)
    x = x if min is None else op.Max(x, op.cast(min, x.dtype))
    return x if max is None else op.Min(x, op.cast(max, x.dtype))
