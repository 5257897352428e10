"""Quotients and remainders, element by element with broadcasting."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering import dtypes
from mindferry.lowering.context import Context
from mindferry.lowering.helpers import FLOATS, computed_in
from mindferry.lowering.ops.arithmetic import add, mul
from mindferry.lowering.registry import lowers

DOUBLE = ir.DataType.DOUBLE
TRUNCATE, FLOOR = 1, 2
"""MindSpore's RoundingMode of DivMod."""


@lowers("Div", "Divs", "RealDiv")
def div(op: Context, x: Any, y: Any) -> ir.Value:
    """x / y; MindSpore records a float result even for integers, otherwise the quotient is truncated."""
    return op.Div(*op.promote(x, y, to=op.result_dtype))


@lowers("TruncateDiv")
def truncate_div(op: Context, x: Any, y: Any) -> ir.Value:
    """x / y rounded towards zero."""
    quotient = div(op, x, y)
    return truncated(op, quotient) if dtypes.is_float(quotient.dtype) else quotient


@lowers("FloorDiv", "FloorDivScalar")
def floor_div(op: Context, x: Any, y: Any) -> ir.Value:
    """x / y rounded towards minus infinity; floats divide in float64, as in MindSpore; of bools it is x."""
    x, y = op.promote(x, y, to=op.result_dtype)
    if x.dtype == ir.DataType.BOOL:
        return op.And(x, op.Or(y, True))
    if dtypes.is_float(x.dtype):
        return computed_in(op, [DOUBLE], lambda x, y: op.Floor(op.Div(x, y)), x, y)
    quotient = op.Div(x, y)
    exact = op.Equal(op.Add(op.Mul(quotient, y), op.Mod(x, y)), x)
    return op.Sub(quotient, op.cast(op.Not(exact), x.dtype))


@lowers("DivMod", "DivMods")
def div_mod(op: Context, input: Any, other: Any, rounding_mode: int | None = None) -> ir.Value:
    """input / other, rounded towards zero (1) or minus infinity (2), or not at all (None)."""
    modes = {None: div, TRUNCATE: truncate_div, FLOOR: floor_div, "trunc": truncate_div, "floor": floor_div}
    if rounding_mode not in modes:
        raise LoweringError(f"rounding_mode {rounding_mode!r} is unknown")
    return modes[rounding_mode](op, input, other)


def truncated(op: Context, x: ir.Value) -> ir.Value:
    """x rounded towards zero; the sign of zero and of what becomes zero stays."""
    return op.Where(op.Less(x, op.cast(0, x.dtype)), op.Ceil(x), op.Floor(x))


@lowers("FloorMod", "RemainderTensorTensor", "RemainderTensorScalar", "RemainderScalarTensor")
def floor_mod(op: Context, x: Any, y: Any) -> ir.Value:
    """x - floor(x / y) y, of floats in float64: the remainder has y's sign."""
    x, y = op.promote(x, y, to=op.result_dtype)
    if not dtypes.is_float(x.dtype):
        return op.Mod(x, y)
    return computed_in(op, [DOUBLE], lambda x, y: op.Sub(x, op.Mul(op.Floor(op.Div(x, y)), y)), x, y)


@lowers("Mod", "TruncateMod", "FmodTensor", "FmodScalar")
def truncate_mod(op: Context, x: Any, y: Any) -> ir.Value:
    """x - trunc(x / y) y, of floats in float64: the remainder has x's sign; 0 mod 0 is 0."""

    def remainder(x: ir.Value, y: ir.Value) -> ir.Value:
        quotient = op.Div(x, y)
        whole = op.Where(op.IsNaN(quotient), op.cast(0, DOUBLE), truncated(op, quotient))
        return op.Sub(x, op.Mul(whole, y))

    x, y = op.promote(x, y, to=op.result_dtype)
    if not dtypes.is_float(x.dtype):
        return op.Mod(x, y, fmod=1)
    return computed_in(op, [DOUBLE], remainder, x, y)


@lowers("Frac")
def frac(op: Context, input: ir.Value) -> ir.Value:
    """The part behind the point, with the sign of the input."""
    return op.Sub(input, truncated(op, input))


@lowers("DivNoNan")
def div_no_nan(op: Context, x1: Any, x2: Any) -> ir.Value:
    """x1 / x2, but 0 where |x2| is less than the element type's epsilon (float32's for float16)."""

    def divide(x1: ir.Value, x2: ir.Value) -> ir.Value:
        assert x2.dtype is not None
        none = op.Less(op.Abs(x2), op.cast(float(np.finfo(x2.dtype.numpy()).eps), x2.dtype))
        return op.Where(none, op.cast(0, x2.dtype), op.Div(x1, x2))

    return computed_in(op, FLOATS, divide, *op.promote(x1, x2, to=op.result_dtype))


@lowers("Xdivy")
def xdivy(op: Context, x: Any, y: Any) -> ir.Value:
    """x / y, but 0 where x is 0."""
    x, y = op.promote(x, y, to=op.result_dtype)
    zero = op.cast(0, x.dtype)
    return op.Where(op.Equal(x, zero), zero, op.Div(x, y))


@lowers("Addcdiv", "AddcdivExt")
def addcdiv(op: Context, input: Any, tensor1: Any, tensor2: Any, value: Any = 1) -> ir.Value:
    """input + value tensor1 / tensor2."""
    return add(op, input, mul(op, div(op, tensor1, tensor2), value))


@lowers("Reciprocal")
def reciprocal(op: Context, input: ir.Value) -> ir.Value:
    """1 / input."""
    return op.Reciprocal(op.cast(input, op.result_dtype))


@lowers("Inv")
def inv(op: Context, x: ir.Value) -> ir.Value:
    """1 / x; of integers 1, -1 or 0, and the smallest integer for 0."""
    if dtypes.is_float(x.dtype):
        return op.Reciprocal(x)
    assert x.dtype is not None
    zero, one = op.cast(0, x.dtype), op.cast(1, x.dtype)
    truncated = op.Where(op.Equal(op.Abs(x), one), x, zero)
    return op.Where(op.Equal(x, zero), op.cast(int(np.iinfo(x.dtype.numpy()).min), x.dtype), truncated)
