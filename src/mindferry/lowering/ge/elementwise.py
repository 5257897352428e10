"""Arithmetic with attributes, casts and choices."""

from __future__ import annotations

import functools
import math
from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.helpers import in_floats
from mindferry.lowering.ops import arithmetic, cast, comparison, distance, elementwise, extremum, mask
from mindferry.lowering.registry import lowers_ge

_PRODUCT, _SUM, _LARGEST = 0, 1, 2
"""Eltwise's modes."""


@lowers_ge("Exp")
def exp(op: Context, x: ir.Value, *, base: float = -1.0, scale: float = 1.0, shift: float = 0.0) -> ir.Value:
    """base^(scale x + shift); base -1 is e."""

    def raised(x: ir.Value) -> ir.Value:
        factor = 1.0 if base == -1.0 else math.log(base)
        return op.Exp(_affine(op, x, scale * factor, shift * factor))

    return in_floats(op, raised, x)


@lowers_ge("Log")
def log(op: Context, x: ir.Value, *, base: float = -1.0, scale: float = 1.0, shift: float = 0.0) -> ir.Value:
    """The logarithm of scale x + shift to a base; base -1 is e."""

    def logarithm(x: ir.Value) -> ir.Value:
        return _affine(op, op.Log(_affine(op, x, scale, shift)), 1.0 if base == -1.0 else 1 / math.log(base), 0.0)

    return in_floats(op, logarithm, x)


def _affine(op: Context, x: ir.Value, scale: float, shift: float) -> ir.Value:
    if scale != 1.0:
        x = op.Mul(x, op.cast(scale, x.dtype))
    return op.Add(x, op.cast(shift, x.dtype)) if shift != 0.0 else x


@lowers_ge("Power")
def power_(op: Context, x: ir.Value, *, power: float = 1.0, scale: float = 1.0, shift: float = 0.0) -> ir.Value:
    """(scale x + shift)^power."""
    held = _affine(op, x, scale, shift)
    return held if power == 1.0 else op.Pow(held, op.cast(power, x.dtype))


@lowers_ge("Adds")
def adds(op: Context, x: ir.Value, *, value: float) -> ir.Value:
    """x + value."""
    return op.Add(x, op.cast(value, x.dtype))


@lowers_ge("Muls")
def muls(op: Context, x: ir.Value, *, value: float) -> ir.Value:
    """x value."""
    return op.Mul(x, op.cast(value, x.dtype))


@lowers_ge("Axpy")
def axpy(op: Context, x1: ir.Value, x2: ir.Value, *, alpha: float) -> ir.Value:
    """x1 + alpha x2."""
    return arithmetic.add_ext(op, x1, x2, alpha)


@lowers_ge("AxpyV2")
def axpy_v2(op: Context, x1: ir.Value, x2: ir.Value, alpha: ir.Value) -> ir.Value:
    """x1 + alpha x2."""
    return arithmetic.add_ext(op, x1, x2, alpha)


@lowers_ge("AccumulateNV2")
def accumulate_n_v2(op: Context, *x: ir.Value) -> ir.Value:
    """The sum of all inputs."""
    return arithmetic.add_n(op, *x)


@lowers_ge("Eltwise")
def eltwise(op: Context, *x: ir.Value, mode: int = _SUM, coeff: tuple[float, ...] = ()) -> ir.Value:
    """The product (0), the sum weighted by coeff (1) or the maximum (2) of all inputs."""
    if coeff and (mode != _SUM or len(coeff) != len(x)):
        raise LoweringError(f"coeff {coeff} does not fit mode {mode} and {len(x)} inputs")
    if mode == _PRODUCT:
        return functools.reduce(op.Mul, x)
    if mode == _LARGEST:
        return op.Max(*x)
    if mode != _SUM:
        raise LoweringError(f"mode {mode} is unknown; there are 0 (product), 1 (sum) and 2 (maximum)")
    weights = coeff or (1.0,) * len(x)
    return functools.reduce(op.Add, [_affine(op, one, weight, 0.0) for one, weight in zip(x, weights, strict=True)])


@lowers_ge("Round")
def round_(op: Context, x: ir.Value, *, decimals: int = 0) -> ir.Value:
    """The nearest multiple of 10^-decimals, of two the even one."""
    return elementwise.round(op, x, decimals)


@lowers_ge("Cast")
def cast_(op: Context, x: Any, *, dst_type: Any) -> Any:
    """x in another element type."""
    return cast.converted(op, x, op.dtype(dst_type))


@lowers_ge("ClipByValue", "ClipByValueV2")
def clip_by_value(op: Context, x: ir.Value, clip_value_min: ir.Value, clip_value_max: ir.Value) -> ir.Value:
    """min(max(x, clip_value_min), clip_value_max)."""
    low, high = (op.cast(one, x.dtype) for one in (clip_value_min, clip_value_max))
    return extremum.minimum(op, extremum.maximum(op, x, low), high)


@lowers_ge("Select")
def select(op: Context, condition: ir.Value, x1: ir.Value, x2: ir.Value) -> ir.Value:
    """x1 where the condition holds, else x2; a vector of conditions chooses rows."""
    rank = op.rank(x1)
    if op.rank(condition) == 1 and rank > 1:
        condition = op.Unsqueeze(condition, list(range(1, rank)))
    return mask.select(op, condition, x1, x2)


@lowers_ge("ApproximateEqual")
def approximate_equal(op: Context, x1: ir.Value, x2: ir.Value, *, tolerance: float = 1e-5) -> ir.Value:
    """True where x1 and x2 differ by less than the tolerance."""
    return comparison.approximate_equal(op, x1, x2, tolerance=tolerance)


@lowers_ge("NanToNum")
def nan_to_num(op: Context, x: ir.Value, *, nan: float, posinf: float, neginf: float) -> ir.Value:
    """x with its NaN and infinities replaced."""
    return elementwise.nan_to_num(op, x, nan, posinf, neginf)


@lowers_ge("Cdist")
def cdist(op: Context, x1: ir.Value, x2: ir.Value, *, p: float = 2.0) -> ir.Value:
    """The p-norm of the difference of every row of x1 and every row of x2."""
    return distance.cdist(op, x1, x2, p=p)
