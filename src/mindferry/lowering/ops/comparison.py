"""Comparisons and logic, element by element with broadcasting."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.lowering import dtypes
from mindferry.lowering.context import Context
from mindferry.lowering.helpers import FLOATS, computed_in
from mindferry.lowering.registry import lowers

BOOL, FLOAT = ir.DataType.BOOL, ir.DataType.FLOAT


def compared(op: Context, operator: str, x: Any, y: Any) -> ir.Value:
    """The comparison of x and y in the type to which MindSpore promotes them; bools compare as 0 and 1."""
    x, y = op.promote(x, y)
    if x.dtype == BOOL and operator != "Equal":
        x, y = op.promote(x, y, to=ir.DataType.INT32)
    return getattr(op, operator)(x, y)


@lowers("Equal", "EqScalar")
def equal(op: Context, input: Any, other: Any) -> ir.Value:
    """input == other."""
    return compared(op, "Equal", input, other)


@lowers("NotEqual", "NeScalar")
def not_equal(op: Context, input: Any, other: Any) -> ir.Value:
    """input != other."""
    return op.Not(equal(op, input, other))


@lowers("Greater", "GreaterScalar")
def greater(op: Context, input: Any, other: Any) -> ir.Value:
    """input > other."""
    return compared(op, "Greater", input, other)


@lowers("GreaterEqual", "GreaterEqualScalar")
def greater_equal(op: Context, input: Any, other: Any) -> ir.Value:
    """input >= other."""
    return compared(op, "GreaterOrEqual", input, other)


@lowers("Less", "LessScalar")
def less(op: Context, input: Any, other: Any) -> ir.Value:
    """input < other."""
    return compared(op, "Less", input, other)


@lowers("LessEqual", "LessEqualScalar")
def less_equal(op: Context, input: Any, other: Any) -> ir.Value:
    """input <= other."""
    return compared(op, "LessOrEqual", input, other)


@lowers("EqualExt")
def equal_ext(op: Context, input: ir.Value, other: ir.Value) -> ir.Value:
    """True, as a 0-d tensor, where both tensors have the same shape and elements."""
    same = op.cast(equal(op, input, other), ir.DataType.INT32)
    return op.cast(op.ReduceMin(op.Reshape(same, [-1]), keepdims=0), BOOL)


@lowers("EqualCount")
def equal_count(op: Context, x: ir.Value, y: ir.Value) -> ir.Value:
    """How many elements are equal, with shape (1,), in the inputs' element type."""
    same = op.cast(op.Reshape(equal(op, x, y), [-1]), ir.DataType.INT64)
    return op.cast(op.ReduceSum(same, [0], keepdims=1), x.dtype)


@lowers("ApproximateEqual")
def approximate_equal(op: Context, x: ir.Value, y: ir.Value, *, tolerance: float = 1e-5) -> ir.Value:
    """|x - y| < tolerance."""
    return op.Less(op.Abs(op.Sub(x, y)), op.cast(tolerance, x.dtype))


@lowers("IsClose")
def is_close(
    op: Context, input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = True
) -> ir.Value:
    """|input - other| <= atol + rtol |other|, or equal (infinities), or both NaN where that counts."""
    x, y = op.promote(input, other)
    dtype = x.dtype if x.dtype in FLOATS else FLOAT if dtypes.is_float(x.dtype) else ir.DataType.DOUBLE
    x, y = op.cast(x, dtype), op.cast(y, dtype)
    bound = op.Add(op.Mul(op.Abs(y), op.cast(rtol, dtype)), op.cast(atol, dtype))
    near = op.And(op.LessOrEqual(op.Abs(op.Sub(x, y)), bound), op.Not(op.IsInf(y)))
    close = op.Or(near, op.Equal(x, y))
    return op.Or(close, op.And(op.IsNaN(x), op.IsNaN(y))) if equal_nan else close


@lowers("LogicalNot")
def logical_not(op: Context, input: Any) -> ir.Value:
    """True where the input is zero or False."""
    return op.Not(op.cast(input, BOOL))


@lowers("LogicalAnd")
def logical_and(op: Context, x: Any, y: Any) -> ir.Value:
    """Both are true; numbers count as true unless they are zero."""
    return op.And(op.cast(x, BOOL), op.cast(y, BOOL))


@lowers("LogicalOr")
def logical_or(op: Context, x: Any, y: Any) -> ir.Value:
    """Either is true."""
    return op.Or(op.cast(x, BOOL), op.cast(y, BOOL))


@lowers("LogicalXor")
def logical_xor(op: Context, input: Any, other: Any) -> ir.Value:
    """Exactly one is true."""
    return op.Xor(op.cast(input, BOOL), op.cast(other, BOOL))


@lowers("IsNan")
def is_nan(op: Context, x: ir.Value) -> ir.Value:
    """True where x is NaN; an integer never is."""
    return op.Not(op.Equal(x, x)) if dtypes.is_float(x.dtype) else constant_like(op, x, False)


@lowers("IsInf")
def is_inf(op: Context, input: ir.Value) -> ir.Value:
    """True where the input is an infinity of either sign."""
    if not dtypes.is_float(input.dtype):
        return constant_like(op, input, False)
    return op.IsInf(input if input.dtype in FLOATS else op.cast(input, FLOAT))


@lowers("IsNegInf")
def is_neg_inf(op: Context, input: ir.Value) -> ir.Value:
    """True where the input is minus infinity."""
    if not dtypes.is_float(input.dtype):
        return constant_like(op, input, False)
    return op.IsInf(input if input.dtype in FLOATS else op.cast(input, FLOAT), detect_positive=0)


@lowers("IsFinite")
def is_finite(op: Context, input: ir.Value) -> ir.Value:
    """True where the input is neither NaN nor an infinity."""
    if not dtypes.is_float(input.dtype):
        return constant_like(op, input, True)
    return computed_in(op, FLOATS, lambda x: op.Not(op.Or(op.IsNaN(x), op.IsInf(x))), input)


def constant_like(op: Context, x: ir.Value, value: bool) -> ir.Value:
    """A bool tensor of x's shape, the same value everywhere."""
    return op.Expand(np.array(value), op.Shape(x))


@lowers("Heaviside")
def heaviside(op: Context, x: ir.Value, values: ir.Value) -> ir.Value:
    """0 where x < 0, 1 where x > 0, else the value that belongs to 0; |x| below float64's epsilon counts as 0."""
    x, values = op.promote(x, values, to=op.result_dtype)
    if dtypes.is_float(x.dtype):
        return computed_in(op, FLOATS, lambda x, values: _step(op, x, values, np.finfo(np.float64).eps), x, values)
    return _step(op, x, values, 1)


def _step(op: Context, x: ir.Value, values: ir.Value, smallest: float) -> ir.Value:
    zero, one = op.cast(0, x.dtype), op.cast(1, x.dtype)
    positive = op.Where(op.Greater(x, zero), one, zero)
    return op.Where(op.Less(op.Abs(x), op.cast(float(smallest), x.dtype)), values, positive)


@lowers("CheckNumerics")
def check_numerics(op: Context, x: ir.Value) -> ir.Value:
    """x; ONNX cannot stop at a NaN or an infinity as MindSpore does."""
    op.report.warn("CheckNumerics passes NaN and infinity on instead of stopping")
    return op.Identity(x)
