"""Bessel functions of order 0 and 1, to the rounding of the element type.

Up to 25 they are means over an angle, which the trapezoidal rule gives exactly: J0(x) is the mean of cos(x sin t), I0(x)
that of exp(x cos t). Beyond, Hankel's asymptotic series are exact. Above 1, K is the integral of exp(-x cosh t).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.ops.trigonometry import hyperbolic_sine
from mindferry.lowering.registry import lowers
from mindferry.lowering.series import guarded, in_doubles, nodes, number, polynomial, weighted

_FAR = 25.0
_ANGLES = (np.arange(48) + 0.5) * (math.pi / 2 / 48)
"""A quarter turn; the other quarters give the same."""

_TERMS = 20
_STEP = 0.15
_HYPERBOLIC = np.arange(1, 51) * _STEP
_GAMMA = 0.57721566490153286
Part = Callable[[Context, ir.Value], ir.Value]


def _hankel(order: int) -> list[float]:
    """a0, a1, ... of Hankel's asymptotic series."""
    terms = [1.0]
    for k in range(1, _TERMS + 1):
        terms.append(terms[-1] * (4 * order**2 - (2 * k - 1) ** 2) / (8 * k))
    return terms


def _mean(op: Context, terms: ir.Value, weights: npt.NDArray[np.float64] | float = 1.0) -> ir.Value:
    return weighted(op, terms, np.broadcast_to(np.asarray(weights) / len(_ANGLES), _ANGLES.shape))


def _joined(op: Context, size: ir.Value, near: Part, far: Part) -> ir.Value:
    """near(size) up to 25, far(size) beyond."""
    close = op.LessOrEqual(size, number(op, _FAR))
    return op.Where(close, near(op, guarded(op, close, size, 1)), far(op, guarded(op, op.Not(close), size, _FAR)))


def _odd(op: Context, x: ir.Value, positive: Part) -> ir.Value:
    """positive(|x|) with the sign of x."""
    return op.Mul(op.Sign(x), positive(op, op.Abs(x)))


def _phases(op: Context, x: ir.Value, order: int) -> tuple[ir.Value, ir.Value]:
    """J and Y of large x: sqrt(2 / (pi x)) (P cos w -+ Q sin w), w = x - (order / 2 + 1 / 4) pi."""
    terms = _hankel(order)
    inverse = op.Reciprocal(x)
    square = op.Neg(op.Mul(inverse, inverse))
    even = polynomial(op, square, terms[0::2])
    odd = op.Mul(inverse, polynomial(op, square, terms[1::2]))
    sine, cosine = op.Sin(x), op.Cos(x)
    plus, minus = op.Add(cosine, sine), op.Sub(sine, cosine)
    if order:
        plus, minus = minus, op.Neg(plus)
    size = op.Reciprocal(op.Sqrt(op.Mul(x, number(op, math.pi))))
    first = op.Sub(op.Mul(even, plus), op.Mul(odd, minus))
    second = op.Add(op.Mul(even, minus), op.Mul(odd, plus))
    return op.Mul(size, first), op.Mul(size, second)


def j0(op: Context, x: ir.Value) -> ir.Value:
    """J0 of x >= 0."""
    return _joined(
        op, x, lambda op, x: _mean(op, op.Cos(nodes(op, x, np.sin(_ANGLES)))), lambda op, x: _phases(op, x, 0)[0]
    )


def j1(op: Context, x: ir.Value) -> ir.Value:
    """J1 of x >= 0: the mean of sin(x sin t) sin t."""

    def near(op: Context, x: ir.Value) -> ir.Value:
        return _mean(op, op.Sin(nodes(op, x, np.sin(_ANGLES))), np.sin(_ANGLES))

    return _joined(op, x, near, lambda op, x: _phases(op, x, 1)[0])


def _neumann() -> npt.NDArray[np.float64]:
    """The weights with which the mean of cos(x sin t) is the sum of (-1)^k J2k(x) / k."""
    orders = np.arange(1, 40)[:, None]
    return np.asarray((np.where(orders % 2, -1.0, 1.0) / orders * np.cos(2 * orders * _ANGLES)).sum(axis=0))


def y0(op: Context, x: ir.Value) -> ir.Value:
    """Y0 of x > 0: 2 / pi (log(x / 2) + gamma) J0 - 4 / pi sum((-1)^k J2k / k)."""

    def near(op: Context, x: ir.Value) -> ir.Value:
        terms = op.Cos(nodes(op, x, np.sin(_ANGLES)))
        log = op.Add(op.Log(x), number(op, _GAMMA - math.log(2)))
        total = op.Sub(op.Mul(log, _mean(op, terms)), _mean(op, terms, 2 * _neumann()))
        return op.Mul(total, number(op, 2 / math.pi))

    return _joined(op, x, near, lambda op, x: _phases(op, x, 0)[1])


def y1(op: Context, x: ir.Value) -> ir.Value:
    """Y1 of x > 0: the derivative of -Y0."""

    def near(op: Context, x: ir.Value) -> ir.Value:
        sines = op.Sin(nodes(op, x, np.sin(_ANGLES)))
        first = _mean(op, op.Cos(nodes(op, x, np.sin(_ANGLES))))
        log = op.Add(op.Log(x), number(op, _GAMMA - math.log(2)))
        total = op.Sub(op.Mul(log, _mean(op, sines, np.sin(_ANGLES))), op.Div(first, x))
        total = op.Sub(total, _mean(op, sines, 2 * _neumann() * np.sin(_ANGLES)))
        return op.Mul(total, number(op, 2 / math.pi))

    return _joined(op, x, near, lambda op, x: _phases(op, x, 1)[1])


def _scaled_far(order: int, sign: int) -> Part:
    """exp(-x) I (sign -1) or exp(x) K (sign 1) of large x, without the root in front."""
    terms = [(sign**k) * term for k, term in enumerate(_hankel(order))]
    return lambda op, x: polynomial(op, op.Reciprocal(x), terms)


def _i_far(order: int) -> Part:
    def far(op: Context, x: ir.Value) -> ir.Value:
        return op.Div(_scaled_far(order, -1)(op, x), op.Sqrt(op.Mul(x, number(op, 2 * math.pi))))

    return far


def i0e(op: Context, x: ir.Value) -> ir.Value:
    """exp(-x) I0(x) of x >= 0: the mean of exp(-x) cosh(x cos t)."""

    def near(op: Context, x: ir.Value) -> ir.Value:
        grow, fall = (op.Exp(nodes(op, x, sign * np.cos(_ANGLES) - 1)) for sign in (1, -1))
        return _mean(op, op.Add(grow, fall), 0.5)

    return _joined(op, x, near, _i_far(0))


def i1e(op: Context, x: ir.Value) -> ir.Value:
    """exp(-x) I1(x) of x >= 0: the mean of exp(-x) sinh(x cos t) cos t."""

    def near(op: Context, x: ir.Value) -> ir.Value:
        terms = hyperbolic_sine(op, nodes(op, x, np.cos(_ANGLES)))
        return op.Mul(_mean(op, terms, np.cos(_ANGLES)), op.Exp(op.Neg(x)))

    return _joined(op, x, near, _i_far(1))


def _k_series(op: Context, x: ir.Value, order: int) -> ir.Value:
    """exp(x) K(x) of 0 < x < 1 by its power series."""
    harmonic = [sum(1 / i for i in range(1, k + 1)) for k in range(13)]
    quarter = op.Mul(op.Mul(x, x), number(op, 0.25))
    log = op.Add(op.Log(x), number(op, _GAMMA - math.log(2)))
    plain = [1 / (math.factorial(k) * math.factorial(k + order)) for k in range(12)]
    known = [plain[k] * (harmonic[k] + (harmonic[k + 1] if order else 0)) for k in range(12)]
    logs, rest = op.Mul(log, polynomial(op, quarter, plain)), polynomial(op, quarter, known)
    if order:
        half = op.Mul(x, number(op, 0.5))
        value = op.Add(op.Reciprocal(x), op.Mul(half, op.Sub(logs, op.Mul(rest, number(op, 0.5)))))
    else:
        value = op.Sub(rest, logs)
    return op.Mul(value, op.Exp(x))


def _ke(order: int) -> Part:
    """exp(x) K(x) of x > 0; above 1 the integral of exp(-x (cosh t - 1)) cosh(order t)."""

    def near(op: Context, x: ir.Value) -> ir.Value:
        terms = op.Exp(nodes(op, x, 1 - np.cosh(_HYPERBOLIC)))
        total = weighted(op, terms, _STEP * np.cosh(order * _HYPERBOLIC))
        return op.Add(total, number(op, _STEP / 2))

    def far(op: Context, x: ir.Value) -> ir.Value:
        return op.Mul(_scaled_far(order, 1)(op, x), op.Sqrt(op.Div(number(op, math.pi / 2), x)))

    def function(op: Context, x: ir.Value) -> ir.Value:
        small = op.Less(x, number(op, 1))
        series = _k_series(op, guarded(op, small, x, 0.5), order)
        return op.Where(small, series, _joined(op, guarded(op, op.Not(small), x, 1), near, far))

    return function


def _positive(op: Context, x: ir.Value, function: Part, at_zero: float) -> ir.Value:
    """The function of positive x, its limit at 0, NaN below."""
    zero = number(op, 0)
    edge = op.Where(op.Equal(x, zero), number(op, at_zero), number(op, math.nan))
    valid = op.Greater(x, zero)
    return op.Where(valid, function(op, guarded(op, valid, x, 1)), edge)


def _unscaled(function: Part, sign: int) -> Part:
    return lambda op, x: op.Mul(function(op, x), op.Exp(op.Mul(x, number(op, sign))))


SERIES = "series in float64, off by at most 1e-11 of the value, or of 1 where that is larger, for |x| up to 1000"

_FUNCTIONS: dict[str, Part] = {
    "BesselJ0": lambda op, x: j0(op, op.Abs(x)),
    "BesselJ1": lambda op, x: _odd(op, x, j1),
    "BesselY0": lambda op, x: _positive(op, x, y0, -math.inf),
    "BesselY1": lambda op, x: _positive(op, x, y1, math.nan),
    "BesselI0": lambda op, x: _unscaled(i0e, 1)(op, op.Abs(x)),
    "BesselI0e": lambda op, x: i0e(op, op.Abs(x)),
    "BesselI1": lambda op, x: _odd(op, x, _unscaled(i1e, 1)),
    "BesselI1e": lambda op, x: _odd(op, x, i1e),
    "BesselK0": lambda op, x: _positive(op, x, _unscaled(_ke(0), -1), math.inf),
    "BesselK0e": lambda op, x: _positive(op, x, _ke(0), math.inf),
    "BesselK1": lambda op, x: _positive(op, x, _unscaled(_ke(1), -1), math.inf),
    "BesselK1e": lambda op, x: _positive(op, x, _ke(1), math.inf),
}


def _lowering(function: Part) -> Callable[[Context, ir.Value], ir.Value]:
    return lambda op, x: in_doubles(op, lambda wide: function(op, wide), x)


for _primitive, _function in _FUNCTIONS.items():
    lowers(_primitive, approximate=SERIES)(_lowering(_function))
