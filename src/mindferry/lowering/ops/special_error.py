"""The error function, its complement and its inverse, to the rounding of the element type."""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.helpers import float_operator
from mindferry.lowering.registry import lowers
from mindferry.lowering.repeat import repeat
from mindferry.lowering.series import guarded, in_doubles, number, polynomial

_STEP, _POINTS = 0.5, 13
"""erfc(x) is an integral over exp(-t^2) / (t^2 + x^2); a step of 0.5 leaves an error of exp(-4 pi^2)."""

_HALLEY_STEPS = 3
"""Each triples the correct digits; the start has more than two."""


@lowers("Erf", "InplaceErf")
def erf(op: Context, input: ir.Value) -> ir.Value:
    """The error function."""
    return float_operator(op, "Erf", error_function, input)


@lowers("Erfc", "InplaceErfc")
def erfc(op: Context, input: ir.Value) -> ir.Value:
    """1 - erf(input), without loss where erf is near 1."""
    return in_doubles(op, lambda x: complement(op, x), input)


@lowers("Erfinv")
def erfinv(op: Context, input: ir.Value) -> ir.Value:
    """The number of which the input is the error function."""
    return in_doubles(op, lambda x: inverse(op, x), input)


@lowers("InplaceErfinv", writes=True)
def inplace_erfinv(op: Context, input: ir.Value) -> ir.Value:
    """As Erfinv."""
    return erfinv(op, input)


def near_zero(op: Context, x: ir.Value) -> ir.Value:
    """erf(x) for |x| <= 1: 2 / sqrt(pi) x exp(-x^2) sum((2 x^2)^k / (2 k + 1)!!)."""
    coefficients = [1.0]
    for k in range(1, 26):
        coefficients.append(coefficients[-1] * 2 / (2 * k + 1))
    square = op.Mul(x, x)
    curve = op.Mul(op.Exp(op.Neg(square)), polynomial(op, square, coefficients))
    return op.Mul(op.Mul(x, number(op, 2 / math.sqrt(math.pi))), curve)


def scaled_complement(op: Context, x: ir.Value) -> ir.Value:
    """exp(x^2) erfc(x) for x >= 1.

    The trapezoidal rule for x / pi times the integral of exp(-t^2) / (t^2 + x^2) from minus to plus infinity, and what its
    poles at +-i x contribute.
    """
    points = (np.arange(1, _POINTS + 1) * _STEP) ** 2
    square = op.Mul(x, x)
    terms = op.Div(2 * np.exp(-points), op.Add(op.Unsqueeze(square, [-1]), points))
    total = op.Add(op.ReduceSum(terms, [-1], keepdims=0), op.Reciprocal(square))
    poles = op.Exp(op.Sub(square, op.Mul(x, number(op, 2 * math.pi / _STEP))))
    damped = op.Sub(number(op, 1), op.Exp(op.Mul(x, number(op, -2 * math.pi / _STEP))))
    rule = op.Mul(op.Mul(x, number(op, _STEP / math.pi)), total)
    close = op.Less(x, number(op, math.pi / _STEP))
    return op.Sub(rule, op.Where(close, op.Div(op.Mul(poles, number(op, 2)), damped), number(op, 0)))


def error_function(op: Context, x: ir.Value) -> ir.Value:
    """erf(x) in float64."""
    size = op.Abs(x)
    small = op.Less(size, number(op, 1))
    far = op.Sub(number(op, 1), _tail(op, guarded(op, op.Not(small), size, 1)))
    return op.Where(small, near_zero(op, guarded(op, small, x, 0)), op.Mul(op.Sign(x), far))


def complement(op: Context, x: ir.Value) -> ir.Value:
    """erfc(x) in float64."""
    size = op.Abs(x)
    small = op.Less(size, number(op, 1))
    tail = _tail(op, guarded(op, op.Not(small), size, 1))
    far = op.Where(op.Less(x, number(op, 0)), op.Sub(number(op, 2), tail), tail)
    return op.Where(small, op.Sub(number(op, 1), near_zero(op, guarded(op, small, x, 0))), far)


def _tail(op: Context, size: ir.Value) -> ir.Value:
    """erfc(size) for size >= 1; beyond 30 it is 0."""
    limited = op.Where(op.Greater(size, number(op, 30)), number(op, 30), size)
    return op.Mul(op.Exp(op.Neg(op.Mul(limited, limited))), scaled_complement(op, limited))


def inverse(op: Context, x: ir.Value) -> ir.Value:
    """erfinv(x) in float64, by Halley's method from Winitzki's formula."""
    size = op.Abs(x)
    inside = op.Less(size, number(op, 1))
    size = guarded(op, inside, size, 0)
    rest = op.Sub(number(op, 1), size)
    log = op.Log(op.Mul(rest, op.Add(number(op, 1), size)))
    half = op.Add(op.Mul(log, number(op, 0.5)), number(op, 2 / (math.pi * 0.147)))
    root = op.Sqrt(op.Sub(op.Mul(half, half), op.Div(log, number(op, 0.147))))
    start = op.Sqrt(op.Max(op.Sub(root, half), number(op, 0)))

    def halley(inner: Context, turn: ir.Value, y: ir.Value) -> list[ir.Value]:
        low = inner.Sub(error_function(inner, y), size)
        high = inner.Sub(rest, complement(inner, y))
        error = inner.Where(inner.Less(y, number(inner, 0.5)), low, high)
        slope = inner.Mul(inner.Exp(inner.Neg(inner.Mul(y, y))), number(inner, 2 / math.sqrt(math.pi)))
        step = inner.Div(error, slope)
        return [inner.Sub(y, inner.Div(step, inner.Add(inner.Mul(y, step), number(inner, 1))))]

    (found,) = repeat(op, _HALLEY_STEPS, [start], halley)
    edge = op.Where(op.Equal(op.Abs(x), number(op, 1)), number(op, math.inf), number(op, math.nan))
    return op.Mul(op.Sign(x), op.Where(inside, found, edge))
