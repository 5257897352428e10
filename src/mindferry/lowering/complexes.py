"""Arithmetic and functions of complex tensors, which are pairs of real ones of float32 or float64."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.lowering.context import Complex, Context, flatten
from mindferry.lowering.helpers import float_operator
from mindferry.lowering.ops import trigonometry
from mindferry.lowering.ops.power import log_of_one_plus

_PARTS = {ir.DataType.COMPLEX64: ir.DataType.FLOAT, ir.DataType.COMPLEX128: ir.DataType.DOUBLE}


def part_type(op: Context, *items: Any) -> ir.DataType:
    """The element type of the parts in which an operation on the items computes."""
    if op.result_dtype in _PARTS:
        return _PARTS[op.result_dtype]
    kinds = [leaf.real.dtype if isinstance(leaf, Complex) else getattr(leaf, "dtype", None) for leaf in flatten(items)]
    return ir.DataType.DOUBLE if ir.DataType.DOUBLE in kinds else ir.DataType.FLOAT


def as_complex(op: Context, *items: Any) -> tuple[Complex, ...]:
    """The items as complex tensors of one type; numbers are 0-d, and so is the imaginary part of a real tensor."""
    kind = part_type(op, *items)
    return tuple(
        Complex(op.cast(item.real, kind), op.cast(item.imag, kind))
        if isinstance(item, Complex)
        else Complex(op.cast(item, kind), op.constant(0, kind))
        for item in items
    )


def add(op: Context, x: Complex, y: Complex) -> Complex:
    return Complex(op.Add(x.real, y.real), op.Add(x.imag, y.imag))


def sub(op: Context, x: Complex, y: Complex) -> Complex:
    return Complex(op.Sub(x.real, y.real), op.Sub(x.imag, y.imag))


def mul(op: Context, x: Complex, y: Complex) -> Complex:
    return Complex(
        op.Sub(op.Mul(x.real, y.real), op.Mul(x.imag, y.imag)), op.Add(op.Mul(x.real, y.imag), op.Mul(x.imag, y.real))
    )


def div(op: Context, x: Complex, y: Complex) -> Complex:
    """x / y, scaled by y's larger part so that nothing overflows; by zero, each part by the real zero."""
    nothing = is_zero(op, y)
    scale = op.Max(op.Abs(y.real), op.Abs(y.imag))
    scale = op.Where(nothing, op.constant(1, scale.dtype), scale)
    c, d = op.Div(y.real, scale), op.Div(y.imag, scale)
    below = op.Add(op.Mul(y.real, c), op.Mul(y.imag, d))
    above = where(op, nothing, x, mul(op, x, Complex(c, op.Neg(d))))
    return Complex(op.Div(above.real, below), op.Div(above.imag, below))


def neg(op: Context, x: Complex) -> Complex:
    return Complex(op.Neg(x.real), op.Neg(x.imag))


def conj(op: Context, x: Complex) -> Complex:
    return Complex(x.real, op.Neg(x.imag))


def times_i(op: Context, x: Complex) -> Complex:
    """i x."""
    return Complex(op.Neg(x.imag), x.real)


def over_i(op: Context, x: Complex) -> Complex:
    """-i x."""
    return Complex(x.imag, op.Neg(x.real))


def scale(op: Context, x: Complex, by: Any) -> Complex:
    """x times a real tensor or number."""
    return Complex(op.Mul(x.real, by), op.Mul(x.imag, by))


def where(op: Context, condition: ir.Value, x: Complex, y: Complex) -> Complex:
    return Complex(op.Where(condition, x.real, y.real), op.Where(condition, x.imag, y.imag))


def is_zero(op: Context, x: Complex) -> ir.Value:
    return op.And(op.Equal(x.real, 0.0), op.Equal(x.imag, 0.0))


def magnitude(op: Context, x: Complex) -> ir.Value:
    """|x|, scaled by the larger part so that nothing overflows; an infinity wins over NaN."""
    wide, high = op.Abs(x.real), op.Abs(x.imag)
    larger = op.Max(wide, high)
    ratio = op.Div(op.Min(wide, high), op.Where(op.Equal(larger, 0.0), op.constant(1, larger.dtype), larger))
    length = op.Mul(larger, op.Sqrt(op.Add(op.Mul(ratio, ratio), 1.0)))
    infinite = op.Or(op.IsInf(wide), op.IsInf(high))
    return op.Where(infinite, op.constant(np.inf, larger.dtype), length)


def angle(op: Context, x: Complex) -> ir.Value:
    """The angle between x and the positive real axis, between -pi and pi."""
    return trigonometry.angle(op, x.imag, x.real)


def exp(op: Context, x: Complex) -> Complex:
    return scale(op, Complex(op.Cos(x.imag), op.Sin(x.imag)), op.Exp(x.real))


def log(op: Context, x: Complex) -> Complex:
    return Complex(op.Log(magnitude(op, x)), angle(op, x))


def sqrt(op: Context, x: Complex) -> Complex:
    """The root with a real part that is not negative."""
    half = op.Sqrt(op.Mul(op.Add(magnitude(op, x), op.Abs(x.real)), 0.5))
    safe = op.Where(op.Equal(half, 0.0), op.constant(1, half.dtype), half)
    other = op.Mul(op.Div(x.imag, safe), 0.5)
    sign = op.Where(trigonometry.is_negative(op, x.imag), op.constant(-1, half.dtype), op.constant(1, half.dtype))
    right = op.Not(op.Less(x.real, 0.0))
    return Complex(op.Where(right, half, op.Abs(other)), op.Where(right, other, op.Mul(sign, half)))


def power(op: Context, x: Complex, y: Complex) -> Complex:
    """exp(y log(x)); of zero, 0, but NaN where y is 0 too, as MindSpore has it."""
    one = op.constant(1, x.real.dtype)
    zero = op.constant(0, x.real.dtype)
    base = is_zero(op, x)
    safe = where(op, base, Complex(one, zero), x)
    limit = op.Where(is_zero(op, y), op.constant(np.nan, x.real.dtype), zero)
    of_zero = Complex(limit, limit)
    return where(op, base, of_zero, exp(op, mul(op, y, log(op, safe))))


def _sinh_cosh(op: Context, x: ir.Value) -> tuple[ir.Value, ir.Value]:
    return (
        float_operator(op, "Sinh", trigonometry.hyperbolic_sine, x),
        float_operator(op, "Cosh", trigonometry.hyperbolic_cosine, x),
    )


def sinh(op: Context, x: Complex) -> Complex:
    sine, cosine = _sinh_cosh(op, x.real)
    return Complex(op.Mul(sine, op.Cos(x.imag)), op.Mul(cosine, op.Sin(x.imag)))


def cosh(op: Context, x: Complex) -> Complex:
    sine, cosine = _sinh_cosh(op, x.real)
    return Complex(op.Mul(cosine, op.Cos(x.imag)), op.Mul(sine, op.Sin(x.imag)))


def tanh(op: Context, x: Complex) -> Complex:
    """(sinh(2 a) + i sin(2 b)) / (cosh(2 a) + cos(2 b)), which no longer changes from |a| = 30 on."""
    double = op.Mul(op.Clip(x.real, op.constant(-30, x.real.dtype), op.constant(30, x.real.dtype)), 2.0)
    sine, cosine = _sinh_cosh(op, double)
    turn = op.Mul(x.imag, 2.0)
    below = op.Add(cosine, op.Cos(turn))
    return Complex(op.Div(sine, below), op.Div(op.Sin(turn), below))


def sin(op: Context, x: Complex) -> Complex:
    return over_i(op, sinh(op, times_i(op, x)))


def cos(op: Context, x: Complex) -> Complex:
    return cosh(op, times_i(op, x))


def tan(op: Context, x: Complex) -> Complex:
    return over_i(op, tanh(op, times_i(op, x)))


def _area_sine(op: Context, x: ir.Value) -> ir.Value:
    return float_operator(op, "Asinh", trigonometry.area_sine, x)


def _around_one(op: Context, x: Complex) -> tuple[Complex, Complex]:
    """sqrt(1 - x) and sqrt(1 + x)."""
    less = Complex(op.Sub(1.0, x.real), op.Neg(x.imag))
    return sqrt(op, less), sqrt(op, Complex(op.Add(x.real, 1.0), x.imag))


def asin(op: Context, x: Complex) -> Complex:
    """Kahan's formula, which loses nothing near the branch points."""
    less, more = _around_one(op, x)
    return Complex(
        trigonometry.angle(op, x.real, mul(op, less, more).real),
        _area_sine(op, mul(op, conj(op, less), more).imag),
    )


def acos(op: Context, x: Complex) -> Complex:
    """Kahan's formula, which loses nothing near the branch points."""
    less, more = _around_one(op, x)
    return Complex(
        op.Mul(trigonometry.angle(op, less.real, more.real), 2.0),
        _area_sine(op, mul(op, conj(op, more), less).imag),
    )


def acosh(op: Context, x: Complex) -> Complex:
    """Kahan's formula, which loses nothing near the branch points."""
    less = sqrt(op, Complex(op.Sub(x.real, 1.0), x.imag))
    more = sqrt(op, Complex(op.Add(x.real, 1.0), x.imag))
    return Complex(
        _area_sine(op, mul(op, conj(op, less), more).real),
        op.Mul(trigonometry.angle(op, less.imag, more.real), 2.0),
    )


def asinh(op: Context, x: Complex) -> Complex:
    return over_i(op, asin(op, times_i(op, x)))


def atanh(op: Context, x: Complex) -> Complex:
    """log1p(4 a / ((1 - a)^2 + b^2)) / 4 and the angle of (1 - a) (1 + a) - b^2 + 2 b i, halved."""
    away = op.Sub(1.0, x.real)
    square = op.Mul(x.imag, x.imag)
    ratio = op.Div(op.Mul(x.real, 4.0), op.Add(op.Mul(away, away), square))
    across = op.Sub(op.Mul(away, op.Add(x.real, 1.0)), square)
    return Complex(
        op.Mul(log_of_one_plus(op, ratio), 0.25),
        op.Mul(trigonometry.angle(op, op.Mul(x.imag, 2.0), across), 0.5),
    )


def atan(op: Context, x: Complex) -> Complex:
    return over_i(op, atanh(op, times_i(op, x)))


def total(op: Context, items: tuple[Complex, ...]) -> Complex:
    """The sum of the items."""
    return functools.reduce(functools.partial(add, op), items)
