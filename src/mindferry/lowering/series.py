"""Building blocks of special functions, which are computed in float64 to its rounding, whatever the element type."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.helpers import computed_in

DOUBLE = ir.DataType.DOUBLE


def in_doubles(op: Context, function: Callable[..., Any], *values: Any) -> Any:
    """function(*values) in float64, the result in the recorded type."""
    return computed_in(op, [DOUBLE], function, *op.promote(*values, to=op.result_dtype))


def number(op: Context, value: float) -> ir.Value:
    """A float64 constant."""
    return op.constant(value, DOUBLE)


def polynomial(op: Context, x: ir.Value, coefficients: Sequence[float]) -> ir.Value:
    """c0 + c1 x + c2 x^2 + ... by Horner's scheme."""
    result = number(op, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        result = op.Mul(result, x)
        if coefficient:
            result = op.Add(result, number(op, coefficient))
    return result


def weighted(op: Context, terms: ir.Value, weights: npt.NDArray[np.float64]) -> ir.Value:
    """The sum over the last axis, each term times its weight."""
    return op.ReduceSum(op.Mul(terms, weights), [-1], keepdims=0)


def sine_of_pi(op: Context, x: ir.Value) -> ir.Value:
    """sin(pi x), exactly 0 at integers."""
    nearest = op.Round(x)
    even = op.Equal(op.Mod(nearest, number(op, 2), fmod=1), number(op, 0))
    sine = op.Sin(op.Mul(op.Sub(x, nearest), number(op, math.pi)))
    return op.Where(even, sine, op.Neg(sine))


def guarded(op: Context, condition: ir.Value, x: ir.Value, instead: float) -> ir.Value:
    """x where the condition holds, else a number at which the function at hand is harmless."""
    return op.Where(condition, x, number(op, instead))


def nodes(op: Context, x: ir.Value, points: npt.NDArray[np.float64]) -> ir.Value:
    """x times each point, along a new last axis."""
    return op.Mul(op.Unsqueeze(x, [-1]), points)
