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

BOOL, FLOAT, DOUBLE = ir.DataType.BOOL, ir.DataType.FLOAT, ir.DataType.DOUBLE


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
    """The input with its NaN (default 0) and infinities (default: the largest finite numbers) replaced.

    float64 goes through float32, as in MindSpore's kernel.
    """
    if not dtypes.is_float(input.dtype):
        return op.Identity(input)
    assert input.dtype is not None
    if input.dtype == DOUBLE:
        return op.cast(nan_to_num(op, op.cast(input, FLOAT), nan, posinf, neginf), DOUBLE)
    largest = float(ir.DataType(input.dtype).max)
    test = input if input.dtype in FLOATS else op.cast(input, FLOAT)
    x = op.Where(op.IsNaN(test), op.cast(0.0 if nan is None else nan, input.dtype), input)
    high = op.cast(largest if posinf is None else posinf, input.dtype)
    low = op.cast(-largest if neginf is None else neginf, input.dtype)
    x = op.Where(op.IsInf(test, detect_negative=0), high, x)
    return op.Where(op.IsInf(test, detect_positive=0), low, x)


@lowers("NextAfter")
def next_after(op: Context, input: ir.Value, other: ir.Value) -> ir.Value:
    """The next number from the input towards the other; subnormal numbers are passed over, infinities stay."""
    assert input.dtype is not None
    kind = np.finfo(input.dtype.numpy())

    def step(x: ir.Value, y: ir.Value) -> ir.Value:
        zero, one, half = (op.constant(value, DOUBLE) for value in (0.0, 1.0, 0.5))
        size = op.Abs(x)
        smallest = op.constant(float(kind.smallest_normal), DOUBLE)
        power = _power_of_two(op, op.Clip(size, smallest, op.constant(float(kind.max), DOUBLE)))
        shrinks = op.Not(op.Equal(op.Greater(y, x), op.Greater(x, zero)))
        gap = op.Mul(power, op.constant(float(kind.eps), DOUBLE))
        gap = op.Where(op.And(shrinks, op.Equal(size, power)), op.Mul(gap, half), gap)
        moved = op.Add(x, op.Where(op.Greater(y, x), gap, op.Neg(gap)))
        below = op.Less(op.Abs(moved), smallest)
        edge = op.Where(op.Less(size, smallest), op.Mul(op.Sign(op.Sub(y, x)), smallest), op.Mul(x, zero))
        moved = op.Where(below, edge, moved)
        undefined = op.Or(op.IsNaN(x), op.IsNaN(y))
        return op.Where(undefined, op.Add(x, y), op.Where(op.Equal(x, y), op.Mul(y, one), moved))

    return computed_in(op, [DOUBLE], step, input, other)


def _power_of_two(op: Context, x: ir.Value) -> ir.Value:
    """The largest power of two that is not above a positive float64."""
    two = op.constant(2.0, DOUBLE)
    power = op.Pow(two, op.Floor(op.Mul(op.Log(x), op.constant(1 / np.log(2.0), DOUBLE))))
    power = op.Where(op.Greater(power, x), op.Div(power, two), power)
    doubled = op.Mul(power, two)
    return op.Where(op.Greater(doubled, x), power, doubled)
