"""Incomplete gamma and beta functions: series and continued fractions that run until they change nothing any more.

The factor in front of them is an exponential of differences of logarithms, which costs float64 as many digits as the largest
argument has: the relative error is 1e-15 near 1 and 2e-12 near 1000.
"""

from __future__ import annotations

import math

import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.ops.special_gamma import log_gamma
from mindferry.lowering.registry import lowers
from mindferry.lowering.repeat import repeat_while
from mindferry.lowering.series import guarded, in_doubles, number

CUT = "series and continued fractions in float64, cut off at an error of at most 1e-10"

_EPSILON = 4e-16
_TINY = 1e-300
_MOST_TURNS = 100_000


def _any(op: Context, condition: ir.Value) -> ir.Value:
    return op.Greater(op.ReduceSum(op.cast(condition, ir.DataType.INT64), keepdims=0), op.constant(0))


def _lower_series(op: Context, a: ir.Value, x: ir.Value) -> ir.Value:
    """1 / a + x / (a (a + 1)) + x^2 / (a (a + 1) (a + 2)) + ..."""

    def add(inner: Context, turn: ir.Value, term: ir.Value, total: ir.Value) -> tuple[ir.Value, ...]:
        order = inner.Add(inner.cast(turn, a.dtype), number(inner, 1))
        term = inner.Mul(term, inner.Div(x, inner.Add(a, order)))
        total = inner.Add(total, term)
        return _any(inner, inner.Greater(term, inner.Mul(total, number(inner, _EPSILON)))), term, total

    first = op.Reciprocal(a)
    return repeat_while(op, [first, first], add, at_most=_MOST_TURNS)[1]


def _lentz_step(
    op: Context, numerator: ir.Value, denominator: ir.Value, c: ir.Value, d: ir.Value
) -> tuple[ir.Value, ir.Value]:
    """The next two quotients of a continued fraction, kept away from 0."""
    tiny = number(op, _TINY)
    d = op.Add(denominator, op.Mul(numerator, d))
    c = op.Add(denominator, op.Div(numerator, c))
    d, c = (op.Where(op.Less(op.Abs(one), tiny), tiny, one) for one in (d, c))
    return c, op.Reciprocal(d)


def _extended(op: Context, total: ir.Value, factor: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Whether a product has not converged yet, and the product with one more factor; a converged one stays."""
    moving = op.Greater(op.Abs(op.Sub(factor, number(op, 1))), number(op, _EPSILON))
    return _any(op, moving), op.Where(moving, op.Mul(total, factor), total)


def _upper_fraction(op: Context, a: ir.Value, x: ir.Value) -> ir.Value:
    """1 / (x + 1 - a - 1 (1 - a) / (x + 3 - a - 2 (2 - a) / (x + 5 - a - ...)))."""
    start = op.Sub(op.Add(x, number(op, 1)), a)

    def extend(inner: Context, turn: ir.Value, c: ir.Value, d: ir.Value, total: ir.Value) -> tuple[ir.Value, ...]:
        order = inner.Add(inner.cast(turn, a.dtype), number(inner, 1))
        numerator = inner.Mul(order, inner.Sub(a, order))
        denominator = inner.Add(start, inner.Mul(order, number(inner, 2)))
        c, d = _lentz_step(inner, numerator, denominator, c, d)
        go_on, total = _extended(inner, total, inner.Mul(c, d))
        return go_on, c, d, total

    first = op.Reciprocal(start)
    huge = op.Expand(number(op, 1 / _TINY), op.Shape(first))
    return repeat_while(op, [huge, first, first], extend, at_most=_MOST_TURNS)[2]


def regularized_gamma(op: Context, a: ir.Value, x: ir.Value) -> tuple[ir.Value, ir.Value]:
    """The lower and the upper regularized incomplete gamma function of a > 0 and x >= 0, else NaN."""
    zero, one = number(op, 0), number(op, 1)
    shape = op.Shape(op.Add(a, x))
    a, x = op.Expand(a, shape), op.Expand(x, shape)
    regular = op.And(op.Greater(a, zero), op.And(op.Greater(x, zero), op.Not(op.IsInf(x))))
    safe_a, safe_x = guarded(op, regular, a, 1), guarded(op, regular, x, 1)
    front = op.Exp(op.Sub(op.Sub(op.Mul(safe_a, op.Log(safe_x)), safe_x), log_gamma(op, safe_a)))
    by_series = op.Less(safe_x, op.Add(safe_a, one))
    lower = op.Mul(front, _lower_series(op, safe_a, guarded(op, by_series, safe_x, 0)))
    above = op.Where(by_series, op.Add(safe_a, number(op, 2)), safe_x)
    upper = op.Mul(front, _upper_fraction(op, safe_a, above))
    lower, upper = (
        op.Where(by_series, lower, op.Sub(one, upper)),
        op.Where(by_series, op.Sub(one, lower), upper),
    )
    valid = op.And(op.Greater(a, zero), op.Not(op.Less(x, zero)))
    at_end = op.Where(op.IsInf(x), one, zero)
    undefined = number(op, math.nan)
    return (
        op.Where(regular, lower, op.Where(valid, at_end, undefined)),
        op.Where(regular, upper, op.Where(valid, op.Sub(one, at_end), undefined)),
    )


@lowers("Igamma", approximate=CUT)
def igamma(op: Context, a: ir.Value, x: ir.Value) -> ir.Value:
    """The integral of exp(-t) t^(a - 1) from 0 to x, over gamma(a)."""
    return in_doubles(op, lambda a, x: regularized_gamma(op, a, x)[0], a, x)


@lowers("Igammac", approximate=CUT)
def igammac(op: Context, a: ir.Value, x: ir.Value) -> ir.Value:
    """The integral of exp(-t) t^(a - 1) from x to infinity, over gamma(a)."""
    return in_doubles(op, lambda a, x: regularized_gamma(op, a, x)[1], a, x)


def _beta_fraction(op: Context, a: ir.Value, b: ir.Value, x: ir.Value) -> ir.Value:
    """1 / (1 + d1 / (1 + d2 / (1 + ...))) of the incomplete beta function, two terms in each turn."""
    one = op.Expand(number(op, 1), op.Shape(x))

    def extend(inner: Context, turn: ir.Value, c: ir.Value, d: ir.Value, total: ir.Value) -> tuple[ir.Value, ...]:
        m = inner.Add(inner.cast(turn, a.dtype), number(inner, 1))
        twice = inner.Add(a, inner.Mul(m, number(inner, 2)))
        even = inner.Div(
            inner.Mul(inner.Mul(m, inner.Sub(b, m)), x), inner.Mul(inner.Sub(twice, number(inner, 1)), twice)
        )
        c, d = _lentz_step(inner, even, one, c, d)
        step = inner.Mul(c, d)
        odd = inner.Div(
            inner.Neg(inner.Mul(inner.Mul(inner.Add(a, m), inner.Add(inner.Add(a, b), m)), x)),
            inner.Mul(twice, inner.Add(twice, number(inner, 1))),
        )
        c, d = _lentz_step(inner, odd, one, c, d)
        go_on, total = _extended(inner, total, inner.Mul(step, inner.Mul(c, d)))
        return go_on, c, d, total

    first = op.Sub(one, op.Div(op.Mul(op.Add(a, b), x), op.Add(a, number(op, 1))))
    tiny = number(op, _TINY)
    first = op.Reciprocal(op.Where(op.Less(op.Abs(first), tiny), tiny, first))
    return repeat_while(op, [one, first, first], extend, at_most=_MOST_TURNS)[2]


@lowers("Betainc", approximate=CUT)
def betainc(op: Context, a: ir.Value, b: ir.Value, x: ir.Value) -> ir.Value:
    """The integral of t^(a - 1) (1 - t)^(b - 1) from 0 to x, over that from 0 to 1."""
    return in_doubles(op, lambda a, b, x: regularized_beta(op, a, b, x), a, b, x)


def regularized_beta(op: Context, a: ir.Value, b: ir.Value, x: ir.Value) -> ir.Value:
    """The regularized incomplete beta function of positive a and b, x from 0 to 1, else NaN; mirrored for large x."""
    zero, one = number(op, 0), number(op, 1)
    positive = op.And(op.Greater(a, zero), op.Greater(b, zero))
    ends = op.Where(op.Equal(x, zero), zero, op.Where(op.Equal(x, one), one, number(op, math.nan)))
    ends = op.Where(positive, ends, number(op, math.nan))
    inside = op.And(positive, op.And(op.Greater(x, zero), op.Less(x, one)))
    a, b, x_inside = guarded(op, inside, a, 1), guarded(op, inside, b, 1), guarded(op, inside, x, 0.5)
    mirrored = op.Greater(x_inside, op.Div(op.Add(a, one), op.Add(op.Add(a, b), number(op, 2))))
    rest = op.Sub(one, x_inside)
    first, second = op.Where(mirrored, b, a), op.Where(mirrored, a, b)
    near, far = op.Where(mirrored, rest, x_inside), op.Where(mirrored, x_inside, rest)
    log_beta = op.Sub(op.Add(log_gamma(op, a), log_gamma(op, b)), log_gamma(op, op.Add(a, b)))
    front = op.Exp(op.Sub(op.Add(op.Mul(first, op.Log(near)), op.Mul(second, op.Log(far))), log_beta))
    value = op.Mul(op.Div(front, first), _beta_fraction(op, first, second, near))
    value = op.Where(mirrored, op.Sub(one, value), value)
    return op.Where(inside, value, ends)
