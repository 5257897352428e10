"""Signs, rounding and what marks or replaces special values, one number at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.lowering import dtypes
from mindferry.lowering.context import Context
from mindferry.lowering.helpers import FLOATS, computed_in, in_floats
from mindferry.lowering.ops.division import truncated
from mindferry.lowering.registry import lowers

BOOL, FLOAT = ir.DataType.BOOL, ir.DataType.FLOAT


@lowers("Abs", "ComplexAbs")
def abs(op: Context, input: Any) -> ir.Value:
    """|input|."""
    return op.Identity(input) if input.dtype == BOOL else op.Abs(input)


@lowers("Sign")
def sign(op: Context, input: ir.Value) -> ir.Value:
    """-1, 0 or 1; 0 for NaN."""
    if not dtypes.is_float(input.dtype):
        return op.Sign(input)
    zero = op.cast(0, input.dtype)
    positive, negative = op.Greater(input, zero), op.Less(input, zero)
    return op.Sub(op.cast(positive, input.dtype), op.cast(negative, input.dtype))


@lowers("Floor")
def floor(op: Context, input: ir.Value) -> ir.Value:
    """The largest integer that is not above the input."""
    return op.Floor(input) if dtypes.is_float(input.dtype) else op.Identity(input)


@lowers("Ceil")
def ceil(op: Context, input: ir.Value) -> ir.Value:
    """The smallest integer that is not below the input."""
    return op.Ceil(input) if dtypes.is_float(input.dtype) else op.Identity(input)


@lowers("Trunc")
def trunc(op: Context, input: ir.Value) -> ir.Value:
    """The input without what is behind the point."""
    return truncated(op, input) if dtypes.is_float(input.dtype) else op.Identity(input)


@lowers("Rint")
def rint(op: Context, x: ir.Value) -> ir.Value:
    """The nearest integer, of two the even one."""
    return op.Round(x)


@lowers("Round")
def round(op: Context, input: ir.Value, decimals: int = 0) -> ir.Value:
    """The nearest multiple of 10^-decimals, of two the even one."""
    if not dtypes.is_float(input.dtype) and decimals >= 0:
        return op.Identity(input)
    if decimals == 0:
        return op.Round(input)

    def scaled(x: ir.Value) -> ir.Value:
        power = op.cast(10.0 ** np.abs(decimals), x.dtype)
        if decimals > 0:
            return op.Div(op.Round(op.Mul(x, power)), power)
        return op.Mul(op.Round(op.Div(x, power)), power)

    return computed_in(op, FLOATS, scaled, input)


@lowers("Sinc")
def sinc(op: Context, input: ir.Value) -> ir.Value:
    """sin(pi x) / (pi x), 1 at 0."""

    def ratio(x: ir.Value) -> ir.Value:
        angle = op.Mul(x, op.cast(np.pi, x.dtype))
        zero = op.Equal(x, op.cast(0, x.dtype))
        one = op.cast(1, x.dtype)
        return op.Where(zero, one, op.Div(op.Sin(angle), op.Where(zero, one, angle)))

    return in_floats(op, ratio, input)


@lowers("Logit")
def logit(op: Context, input: ir.Value, eps: float = -1.0) -> ir.Value:
    """log(x / (1 - x)), where x is the input, moved into [eps, 1 - eps] unless eps is negative."""

    def ratio(x: ir.Value) -> ir.Value:
        one = op.cast(1, x.dtype)
        if eps is not None and eps >= 0:
            low = op.cast(eps, x.dtype)
            x = op.Min(op.Max(x, low), op.Sub(one, low))
        return op.Log(op.Div(x, op.Sub(one, x)))

    return in_floats(op, ratio, input)


@lowers("NanToNum")
def nan_to_num(
    op: Context, input: ir.Value, nan: float | None = None, posinf: float | None = None, neginf: float | None = None
) -> ir.Value:
    """The input with its NaN (default 0) and infinities (default: the largest finite numbers) replaced."""
    if not dtypes.is_float(input.dtype):
        return op.Identity(input)
    assert input.dtype is not None
    largest = float(ir.DataType(input.dtype).max)
    test = input if input.dtype in FLOATS else op.cast(input, FLOAT)
    x = op.Where(op.IsNaN(test), op.cast(0.0 if nan is None else nan, input.dtype), input)
    high = op.cast(largest if posinf is None else posinf, input.dtype)
    low = op.cast(-largest if neginf is None else neginf, input.dtype)
    x = op.Where(op.IsInf(test, detect_negative=0), high, x)
    return op.Where(op.IsInf(test, detect_positive=0), low, x)
