"""One element at a time: arithmetic, comparison, logic, conversion."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.formats.air.fields import ENGINE_TYPES
from mindferry.to_air.builder import Builder
from mindferry.to_air.registry import direct, to_ge
from mindferry.to_air.values import Value, element_type
from mindferry.types import DType

ENGINE_NUMBERS = {dtype: number for number, dtype in ENGINE_TYPES.items()}
"""The number of an element type in int attributes."""

direct({
    "Abs": "Abs", "Acos": "Acos", "Acosh": "Acosh", "Add": "Add", "Asin": "Asin", "Asinh": "Asinh", "Atan": "Atan",
    "Atanh": "Atanh", "BitwiseAnd": "BitwiseAnd", "BitwiseNot": "Invert", "BitwiseOr": "BitwiseOr", "BitwiseXor": "BitwiseXor",
    "Ceil": "Ceil", "Cos": "Cos", "Cosh": "Cosh", "Erf": "Erf", "Exp": "Exp", "Floor": "Floor", "Identity": "Identity",
    "Log": "Log", "Mul": "Mul", "Neg": "Neg", "Not": "LogicalNot", "Reciprocal": "Reciprocal", "Round": "Rint",
    "Sign": "Sign", "Sin": "Sin", "Sinh": "Sinh", "Sqrt": "Sqrt", "Sub": "Sub", "Tan": "Tan", "Tanh": "Tanh",
})  # fmt: skip

_TESTS = {
    "And": "LogicalAnd", "Equal": "Equal", "Greater": "Greater", "GreaterOrEqual": "GreaterEqual", "Less": "Less",
    "LessOrEqual": "LessEqual", "Or": "LogicalOr", "Xor": "NotEqual", "IsNaN": "IsNan",
}  # fmt: skip
"""ONNX -> GE operators that give bool. GE has no exclusive or; of two bools it is their difference."""

_FOLDS = {"Max": "Maximum", "Min": "Minimum"}


def _register_tests() -> None:
    for operator, name in _TESTS.items():

        def function(op: Builder, *inputs: Value, _name: str = name) -> Value:
            result: Value = op.call(_name, *inputs, gives=DType.BOOL)
            return result

        to_ge(operator)(function)


def _register_folds() -> None:
    for operator, name in _FOLDS.items():

        def function(op: Builder, *inputs: Value, _name: str = name) -> Value:
            return inputs[0] if len(inputs) == 1 else reduce(lambda left, right: op.call(_name, left, right), inputs)

        to_ge(operator)(function)


_register_tests()
_register_folds()


@to_ge("Div")
def div(op: Builder, x: Value, y: Value) -> Value:
    """Integers are divided towards zero."""
    return op.TruncateDiv(x, y) if x.dtype.is_integer else op.RealDiv(x, y)


@to_ge("Mod")
def mod(op: Builder, x: Value, y: Value, *, fmod: int = 0) -> Value:
    """The remainder has the sign of the divisor, with fmod that of the dividend."""
    return op.Mod(x, y) if fmod else op.FloorMod(x, y)


@to_ge("Pow")
def pow_(op: Builder, x: Value, y: Value) -> Value:
    """GE has one element type; the exponent is converted where that changes nothing."""
    if x.dtype is not y.dtype:
        array = y.array()
        if not x.dtype.is_floating and (array is None or np.any(array % 1)):
            raise LoweringError(f"of {x.dtype} to the power of {y.dtype} needs whole constant exponents")
        y = op.constant(array, x.dtype) if array is not None else convert(op, y, x.dtype)
    array = y.array()
    if array is not None and array.size == 1 and float(array.reshape(-1)[0]) == 2.0 and y.rank <= x.rank:
        return op.Square(x)
    return op.Pow(x, y)


@to_ge("BitShift")
def bit_shift(op: Builder, x: Value, y: Value, *, direction: str) -> Value:
    return op.LeftShift(x, y) if direction == "LEFT" else op.RightShift(x, y)


@to_ge("Sum")
def sum_(op: Builder, *inputs: Value) -> Value:
    """AddN wants equal shapes; others are added one by one."""
    if len(inputs) > 1 and all(value.is_static and value.shape == inputs[0].shape for value in inputs):
        return op.AddN(list(inputs), N=len(inputs))
    return inputs[0] if len(inputs) == 1 else reduce(op.Add, inputs)


@to_ge("Mean")
def mean(op: Builder, *inputs: Value) -> Value:
    total = sum_(op, *inputs)
    return op.RealDiv(total, op.like(len(inputs), total))


@to_ge("Clip")
def clip(op: Builder, x: Value, low: Value | None = None, high: Value | None = None) -> Value:
    """Relu6 where the bounds are 0 and 6."""
    if low is None and high is None:
        return op.Identity(x)
    if low is None or high is None:
        return op.Minimum(x, high) if low is None else op.Maximum(x, low)
    if _is(low, 0) and _is(high, 6) and x.dtype.is_floating:
        return op.Relu6(x)
    return op.ClipByValue(x, low, high)


def _is(value: Value, number: float) -> bool:
    array = value.array()
    return array is not None and array.size == 1 and float(array.reshape(-1)[0]) == number


@to_ge("Cast")
def cast(op: Builder, x: Value, *, to: int, saturate: int = 1, round_mode: str = "up") -> Value:
    """`saturate` and `round_mode` matter to 8-bit floats alone, which AIR does not have."""
    return convert(op, x, element_type(ir.DataType(to)))


@to_ge("CastLike")
def cast_like(op: Builder, x: Value, target: Value, *, saturate: int = 1, round_mode: str = "up") -> Value:
    return convert(op, x, target.dtype)


def convert(op: Builder, x: Value, dtype: DType) -> Value:
    """The tensor with elements of another type."""
    return x if x.dtype is dtype else op.Cast(x, dst_type=ENGINE_NUMBERS[dtype], gives=dtype)


@to_ge("IsInf")
def is_inf(op: Builder, x: Value, *, detect_negative: int = 1, detect_positive: int = 1) -> Value:
    found: Any = op.IsInf(x, gives=DType.BOOL)
    if detect_negative and detect_positive:
        return found
    zero = op.like(0, x)
    side = op.Greater(x, zero, gives=DType.BOOL) if detect_positive else op.Less(x, zero, gives=DType.BOOL)
    if not detect_negative and not detect_positive:
        side = op.NotEqual(zero, zero, gives=DType.BOOL)
    return op.LogicalAnd(found, side)


@to_ge("Where")
def where(op: Builder, condition: Value, x: Value, y: Value) -> Value:
    return op.SelectV2(condition, x, y, gives=x.dtype)
