"""The gamma function's relatives, to the rounding of the element type: asymptotic series after a shift away from 0."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.registry import lowers
from mindferry.lowering.series import guarded, in_doubles, number, polynomial, sine_of_pi

_SHIFT = 10
"""From here on the asymptotic series with 12 terms are exact to float64's rounding."""


def _bernoulli(count: int) -> list[Fraction]:
    """B2, B4, ..., as many as asked for."""
    numbers = [Fraction(1)]
    for n in range(1, 2 * count + 1):
        numbers.append(-sum((math.comb(n + 1, k) * numbers[k] for k in range(n)), Fraction(0)) / (n + 1))
    return numbers[2::2]


_BERNOULLI = _bernoulli(12)

ASYMPTOTIC = "an asymptotic series in float64, off by at most 1e-12 of the value, or of 1 where that is larger"


def log_gamma(op: Context, x: ir.Value) -> ir.Value:
    """log |gamma(x)| in float64; below 1/2 by reflection, infinite at 0, -1, -2, ..."""
    reflected = op.Less(x, number(op, 0.5))
    positive = op.Where(reflected, op.Sub(number(op, 1), x), x)
    shifted = op.Add(positive, number(op, _SHIFT))
    product = positive
    for step in range(1, _SHIFT):
        product = op.Mul(product, op.Add(positive, number(op, step)))
    small = op.Less(positive, number(op, _SHIFT))
    far = _stirling(op, op.Where(small, shifted, positive))
    direct = op.Where(small, op.Sub(far, op.Log(guarded(op, small, product, 1))), far)
    sine = op.Abs(sine_of_pi(op, guarded(op, reflected, x, 0.5)))
    mirrored = op.Sub(op.Sub(number(op, math.log(math.pi)), op.Log(sine)), direct)
    result = op.Where(reflected, mirrored, direct)
    return op.Where(op.IsInf(x), number(op, math.inf), result)


def _stirling(op: Context, x: ir.Value) -> ir.Value:
    """(x - 1/2) log(x) - x + log(2 pi) / 2 + sum(B2k / (2k (2k - 1) x^(2k - 1)))."""
    coefficients = [float(b / (2 * k * (2 * k - 1))) for k, b in enumerate(_BERNOULLI, 1)]
    inverse = op.Reciprocal(x)
    tail = op.Mul(inverse, polynomial(op, op.Mul(inverse, inverse), coefficients))
    main = op.Sub(op.Mul(op.Sub(x, number(op, 0.5)), op.Log(x)), x)
    return op.Add(op.Add(main, number(op, math.log(2 * math.pi) / 2)), tail)


@lowers("Lgamma", approximate=ASYMPTOTIC)
def lgamma(op: Context, x: ir.Value) -> ir.Value:
    """log |gamma(x)|."""
    return in_doubles(op, lambda x: log_gamma(op, x), x)


@lowers("Mvlgamma", approximate=ASYMPTOTIC)
def mvlgamma(op: Context, x: ir.Value, *, p: int) -> ir.Value:
    """p (p - 1) / 4 log(pi) + sum(log |gamma(x - i / 2)|) for i from 0 to p - 1."""

    def total(x: ir.Value) -> ir.Value:
        shifts = np.arange(p) / 2
        each = log_gamma(op, op.Sub(op.Unsqueeze(x, [-1]), shifts))
        return op.Add(op.ReduceSum(each, [-1], keepdims=0), number(op, p * (p - 1) / 4 * math.log(math.pi)))

    return in_doubles(op, total, x)


@lowers("Digamma", approximate=ASYMPTOTIC)
def digamma(op: Context, x: ir.Value) -> ir.Value:
    """The derivative of log gamma(x); minus infinity at 0, NaN at -1, -2, ..."""
    return in_doubles(op, lambda x: logarithmic_derivative(op, x), x)


def logarithmic_derivative(op: Context, x: ir.Value) -> ir.Value:
    """digamma(x) in float64; below 1/2 by reflection."""
    reflected = op.Less(x, number(op, 0.5))
    positive = op.Where(reflected, op.Sub(number(op, 1), x), x)
    below = op.ReduceSum(
        op.Reciprocal(op.Add(op.Unsqueeze(positive, [-1]), np.arange(float(_SHIFT)))), [-1], keepdims=0
    )
    far = op.Add(positive, number(op, _SHIFT))
    inverse = op.Reciprocal(far)
    square = op.Mul(inverse, inverse)
    coefficients = [0.0, *(float(-b / (2 * k)) for k, b in enumerate(_BERNOULLI, 1))]
    series = op.Sub(polynomial(op, square, coefficients), op.Mul(inverse, number(op, 0.5)))
    direct = op.Sub(op.Add(op.Log(far), series), below)
    apart = op.Sub(guarded(op, reflected, x, 0.25), op.Round(guarded(op, reflected, x, 0.25)))
    angle = op.Mul(apart, number(op, math.pi))
    cotangent = op.Div(op.Cos(angle), op.Sin(angle))
    mirrored = op.Sub(direct, op.Mul(cotangent, number(op, math.pi)))
    at_pole = op.Where(op.Equal(x, number(op, 0)), number(op, -math.inf), number(op, math.nan))
    mirrored = op.Where(op.Equal(apart, number(op, 0)), at_pole, mirrored)
    return op.Where(reflected, mirrored, direct)


def hurwitz(op: Context, s: ir.Value, q: ir.Value) -> ir.Value:
    """sum((q + k)^-s) over k = 0, 1, ... for s > 1 and q > 0, by the Euler-Maclaurin formula from k = 10 on."""
    exponent = op.Neg(op.Unsqueeze(s, [-1]))
    head = op.ReduceSum(op.Pow(op.Add(op.Unsqueeze(q, [-1]), np.arange(float(_SHIFT))), exponent), [-1], keepdims=0)
    far = op.Add(q, number(op, _SHIFT))
    power = op.Pow(far, op.Neg(s))
    integral = op.Div(op.Mul(power, far), op.Sub(s, number(op, 1)))
    total = op.Add(op.Add(head, integral), op.Mul(power, number(op, 0.5)))
    inverse = op.Reciprocal(far)
    factor = op.Mul(op.Mul(s, power), inverse)
    for k, b in enumerate(_BERNOULLI, 1):
        total = op.Add(total, op.Mul(factor, number(op, float(b / math.factorial(2 * k)))))
        rising = op.Mul(op.Add(s, number(op, 2 * k - 1)), op.Add(s, number(op, 2 * k)))
        factor = op.Mul(op.Mul(factor, rising), op.Mul(inverse, inverse))
    return total


@lowers("Zeta", approximate=ASYMPTOTIC)
def zeta(op: Context, x: ir.Value, q: ir.Value) -> ir.Value:
    """Hurwitz' zeta function, sum((q + k)^-x); infinite at x = 1, NaN for x < 1."""

    def function(x: ir.Value, q: ir.Value) -> ir.Value:
        one = number(op, 1)
        valid = op.Greater(x, one)
        edge = op.Where(op.Equal(x, one), number(op, math.inf), number(op, math.nan))
        return op.Where(valid, hurwitz(op, guarded(op, valid, x, 2), q), edge)

    return in_doubles(op, function, x, q)


@lowers("Polygamma", approximate=ASYMPTOTIC)
def polygamma(op: Context, a: Any, x: ir.Value) -> ir.Value:
    """The derivative of digamma(x) of order a: (-1)^(a + 1) a! zeta(a + 1, x), for x > 0 where a is not 0."""
    order = op.cast(a, ir.DataType.INT64)

    def function(x: ir.Value) -> ir.Value:
        limited = op.Max(order, op.constant(1))
        signs = np.array([(-1.0) ** (n + 1) * math.factorial(n) for n in range(171)])
        s = op.Add(op.cast(limited, x.dtype), number(op, 1))
        derivative = op.Mul(hurwitz(op, op.Expand(s, op.Shape(x)), x), op.Gather(signs, limited))
        return op.Where(op.Equal(order, op.constant(0)), logarithmic_derivative(op, x), derivative)

    return in_doubles(op, function, x)
