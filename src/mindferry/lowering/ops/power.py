"""Powers, roots, exponentials and logarithms, element by element with broadcasting."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.lowering import dtypes
from mindferry.lowering.context import Context
from mindferry.lowering.helpers import FLOATS, computed_in, in_floats
from mindferry.lowering.registry import lowers


@lowers("Pow", "PowTensorScalar", "PowScalarTensor")
def pow(op: Context, input: Any, exponent: Any) -> ir.Value:
    """input to the power of exponent."""
    base, exponent = op.promote(input, exponent, to=op.result_dtype)
    if dtypes.is_integer(base.dtype):
        wide = (ir.DataType.INT32, ir.DataType.INT64)
        return computed_in(op, wide, lambda base, exponent: _integer_power(op, base, exponent), base, exponent)
    return op.Pow(base, exponent)


def _integer_power(op: Context, base: ir.Value, exponent: ir.Value) -> ir.Value:
    """Of integers; with a negative exponent the truncated reciprocal: 1 for base 1, +-1 for base -1, else 0."""
    known = op.static(exponent)
    if known is not None and np.all(known >= 0):
        return op.Pow(base, exponent)
    zero, one = op.cast(0, base.dtype), op.cast(1, base.dtype)
    power = op.Pow(base, op.Abs(exponent))
    kept = op.Or(op.Not(op.Less(exponent, zero)), op.Equal(op.Abs(base), one))
    return op.Where(kept, power, zero)


@lowers("Exp")
def exp(op: Context, input: ir.Value) -> ir.Value:
    """e to the power of the input."""
    return op.Exp(op.cast(input, op.result_dtype))


@lowers("Exp2")
def exp2(op: Context, input: ir.Value) -> ir.Value:
    """2 to the power of the input."""
    x = op.cast(input, op.result_dtype)
    return op.Pow(op.cast(2, x.dtype), x)


@lowers("Log")
def log(op: Context, input: ir.Value) -> ir.Value:
    """The natural logarithm."""
    return op.Log(op.cast(input, op.result_dtype))


@lowers("Log2")
def log2(op: Context, input: ir.Value) -> ir.Value:
    """The logarithm to base 2."""
    return in_floats(op, lambda x: op.Mul(op.Log(x), op.cast(1 / math.log(2), x.dtype)), input)


@lowers("Log10")
def log10(op: Context, input: ir.Value) -> ir.Value:
    """The logarithm to base 10."""
    return in_floats(op, lambda x: op.Mul(op.Log(x), op.cast(1 / math.log(10), x.dtype)), input)


@lowers("Log1p")
def log1p(op: Context, input: ir.Value) -> ir.Value:
    """log(1 + input), without loss near 0."""
    return in_floats(op, lambda x: log_of_one_plus(op, x), input)


def log_of_one_plus(op: Context, x: ir.Value) -> ir.Value:
    """log(1 + x) x / ((1 + x) - 1), in which the rounding of 1 + x cancels; float32 or float64."""
    one = op.cast(1, x.dtype)
    sum_ = op.Add(x, one)
    rest = op.Sub(sum_, one)
    plain = op.Equal(rest, op.cast(0, x.dtype))
    corrected = op.Mul(op.Log(sum_), op.Div(x, op.Where(plain, one, rest)))
    return op.Where(op.IsInf(sum_, detect_negative=0), sum_, op.Where(plain, x, corrected))


@lowers("Expm1")
def expm1(op: Context, input: ir.Value) -> ir.Value:
    """exp(input) - 1, without loss near 0."""
    return in_floats(op, lambda x: exp_less_one(op, x), input)


def exp_less_one(op: Context, x: ir.Value) -> ir.Value:
    """tanh(x / 2) (exp(x) + 1), which equals exp(x) - 1; float32 or float64."""
    return op.Mul(op.Tanh(op.Mul(x, op.cast(0.5, x.dtype))), op.Add(op.Exp(x), op.cast(1, x.dtype)))


@lowers("Sqrt")
def sqrt(op: Context, x: ir.Value) -> ir.Value:
    """The square root."""
    return op.Sqrt(op.cast(x, op.result_dtype))


@lowers("Rsqrt")
def rsqrt(op: Context, input: ir.Value) -> ir.Value:
    """1 / sqrt(input)."""
    return op.Reciprocal(op.Sqrt(op.cast(input, op.result_dtype)))


@lowers("Xlogy", "XLogYScalarOther", "XLogYScalarSelf")
def xlogy(op: Context, input: Any, other: Any) -> ir.Value:
    """input log(other); MindSpore's 0 log(0) is NaN."""
    x, y = op.promote(input, other, to=op.result_dtype)
    return op.Mul(x, op.Log(y))


@lowers("LogAddExp")
def log_add_exp(op: Context, input: ir.Value, other: ir.Value) -> ir.Value:
    """log(exp(input) + exp(other))."""

    def add(x: ir.Value, y: ir.Value) -> ir.Value:
        larger = op.Max(x, y)
        gap = op.Sub(op.Min(x, y), larger)
        twice = op.Add(x, op.cast(math.log(2), x.dtype))
        return op.Where(op.Equal(x, y), twice, op.Add(larger, log_of_one_plus(op, op.Exp(gap))))

    return computed_in(op, FLOATS, add, *op.promote(input, other, to=op.result_dtype))


@lowers("LogAddExp2")
def log_add_exp2(op: Context, input: ir.Value, other: ir.Value) -> ir.Value:
    """log2(2^input + 2^other)."""

    def add(x: ir.Value, y: ir.Value) -> ir.Value:
        unit = op.cast(math.log(2), x.dtype)
        larger = op.Max(x, y)
        rest = op.Div(log_of_one_plus(op, op.Exp(op.Mul(op.Sub(op.Min(x, y), larger), unit))), unit)
        return op.Where(op.Equal(x, y), op.Add(x, op.cast(1, x.dtype)), op.Add(larger, rest))

    return computed_in(op, FLOATS, add, *op.promote(input, other, to=op.result_dtype))
