"""Circular and hyperbolic functions and their inverses, one number at a time.

ONNX Runtime has most of them for float32 alone; for float64 they are composed of what exists, exact to a few units in
the last place.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.helpers import FLOATS, computed_in, float_operator
from mindferry.lowering.ops.power import log_of_one_plus
from mindferry.lowering.registry import lowers

FLOAT, DOUBLE = ir.DataType.FLOAT, ir.DataType.DOUBLE
_LARGE = 1e8
"""Above it 1 + x^2 is x^2 in float64."""


def _by_type(operator: str, composed: Callable[[Context, ir.Value], ir.Value]) -> Callable[[Context, Any], ir.Value]:
    return lambda op, input: float_operator(op, operator, composed, input)


def _direct(operator: str) -> Callable[[Context, Any], ir.Value]:
    def function(op: Context, input: Any) -> ir.Value:
        return getattr(op, operator)(op.cast(input, op.result_dtype))

    return function


def tangent(op: Context, x: ir.Value) -> ir.Value:
    """sin(x) / cos(x)."""
    return op.Div(op.Sin(x), op.Cos(x))


def hyperbolic_cosine(op: Context, x: ir.Value) -> ir.Value:
    """(exp(x) + exp(-x)) / 2, with half of x in each factor so that only an infinite result overflows."""
    half = op.Exp(op.Mul(op.Abs(x), 0.5))
    return op.Mul(half, op.Add(op.Mul(half, 0.5), op.Div(op.constant(0.5, DOUBLE), op.Mul(half, op.Mul(half, half)))))


def hyperbolic_sine(op: Context, x: ir.Value) -> ir.Value:
    """tanh(x) cosh(x)."""
    return op.Mul(op.Tanh(x), hyperbolic_cosine(op, x))


def arc_tangent(op: Context, x: ir.Value) -> ir.Value:
    """The float32 arc tangent, corrected by one step: tan(a - b) = (tan a - tan b) / (1 + tan a tan b)."""
    limited = op.Clip(x, op.constant(-1e300, DOUBLE), op.constant(1e300, DOUBLE))
    limited = op.Where(op.IsNaN(x), x, limited)
    start = op.cast(op.Atan(op.cast(limited, FLOAT)), DOUBLE)
    sine, cosine = op.Sin(start), op.Cos(start)
    rest = op.Div(op.Sub(op.Mul(limited, cosine), sine), op.Add(cosine, op.Mul(limited, sine)))
    return op.Add(start, rest)


def arc_sine(op: Context, x: ir.Value) -> ir.Value:
    """atan(x / sqrt((1 - x) (1 + x)))."""
    one = op.constant(1.0, DOUBLE)
    return arc_tangent(op, op.Div(x, op.Sqrt(op.Mul(op.Sub(one, x), op.Add(one, x)))))


def arc_cosine(op: Context, x: ir.Value) -> ir.Value:
    """2 atan(sqrt((1 - x) / (1 + x)))."""
    one = op.constant(1.0, DOUBLE)
    return op.Mul(arc_tangent(op, op.Sqrt(op.Div(op.Sub(one, x), op.Add(one, x)))), 2.0)


def area_sine(op: Context, x: ir.Value) -> ir.Value:
    """sign(x) log(|x| + sqrt(x^2 + 1)), as log1p(|x| + x^2 / (1 + sqrt(x^2 + 1)))."""
    size = op.Abs(x)
    small = op.Min(size, op.constant(_LARGE, DOUBLE))
    square = op.Mul(small, small)
    near = log_of_one_plus(op, op.Add(small, op.Div(square, op.Add(op.Sqrt(op.Add(square, 1.0)), 1.0))))
    far = op.Add(op.Log(size), math.log(2))
    return op.Mul(op.Sign(x), op.Where(op.Less(size, op.constant(_LARGE, DOUBLE)), near, far))


def area_cosine(op: Context, x: ir.Value) -> ir.Value:
    """log(x + sqrt(x^2 - 1)), as log1p(t + sqrt(2 t + t^2)) with t = x - 1."""
    beyond = op.Sub(op.Min(x, op.constant(_LARGE, DOUBLE)), 1.0)
    near = log_of_one_plus(op, op.Add(beyond, op.Sqrt(op.Mul(beyond, op.Add(beyond, 2.0)))))
    return op.Where(op.Less(x, op.constant(_LARGE, DOUBLE)), near, op.Add(op.Log(x), math.log(2)))


def area_tangent(op: Context, x: ir.Value) -> ir.Value:
    """log((1 + x) / (1 - x)) / 2, as log1p(2 x / (1 - x)) / 2."""
    return op.Mul(log_of_one_plus(op, op.Div(op.Mul(x, 2.0), op.Sub(op.constant(1.0, DOUBLE), x))), 0.5)


for _names, _operator, _composed in (
    (("Tan",), "Tan", tangent),
    (("Sinh",), "Sinh", hyperbolic_sine),
    (("Cosh",), "Cosh", hyperbolic_cosine),
    (("Atan", "AtanExt"), "Atan", arc_tangent),
    (("Asin", "AsinExt"), "Asin", arc_sine),
    (("ACos", "AcosExt"), "Acos", arc_cosine),
    (("Asinh", "AsinhExt"), "Asinh", area_sine),
    (("Acosh", "AcoshExt"), "Acosh", area_cosine),
    (("Atanh",), "Atanh", area_tangent),
):
    lowers(*_names)(_by_type(_operator, _composed))
for _name in ("Sin", "Cos"):
    lowers(_name)(_direct(_name))


@lowers("Atan2", "Atan2Ext")
def atan2(op: Context, input: ir.Value, other: ir.Value) -> ir.Value:
    """The angle of the point (other, input), between -pi and pi; zeros keep their sign."""
    y, x = op.promote(input, other, to=op.result_dtype)
    return computed_in(op, FLOATS, lambda y, x: angle(op, y, x), y, x)


def angle(op: Context, y: ir.Value, x: ir.Value) -> ir.Value:
    """The angle of the point (x, y), between -pi and pi; zeros keep their sign; float32 or float64."""
    wide, high = op.Abs(x), op.Abs(y)
    larger = op.Max(wide, high)
    one = op.cast(1, x.dtype)
    even = op.Or(op.Equal(larger, op.cast(0, x.dtype)), op.And(op.IsInf(wide), op.IsInf(high)))
    ratio = op.Where(even, op.Where(op.IsInf(wide), one, op.cast(0, x.dtype)), op.Div(op.Min(wide, high), larger))
    turn = arc_tangent(op, ratio) if x.dtype == DOUBLE else op.Atan(ratio)
    turn = op.Where(op.Greater(high, wide), op.Sub(op.cast(math.pi / 2, x.dtype), turn), turn)
    turn = op.Where(is_negative(op, x), op.Sub(op.cast(math.pi, x.dtype), turn), turn)
    return op.Where(is_negative(op, y), op.Neg(turn), turn)


def is_negative(op: Context, x: ir.Value) -> ir.Value:
    """True where x carries a minus sign, also for -0."""
    zero = op.cast(0, x.dtype)
    return op.Or(op.Less(x, zero), op.Less(op.Reciprocal(x), zero))
