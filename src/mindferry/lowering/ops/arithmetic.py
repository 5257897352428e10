"""Sums, differences, products and what is made of them, element by element with broadcasting.

Operands of different element types meet in the recorded result type, or in the type that MindSpore promotes to.
"""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.lowering import dtypes
from mindferry.lowering.context import Context
from mindferry.lowering.registry import lowers

BOOL = ir.DataType.BOOL


@lowers("Add", "AddV2", "TensorAdd")
def add(op: Context, input: Any, other: Any) -> ir.Value:
    """input + other; of bools, input or other."""
    left, right = op.promote(input, other, to=op.result_dtype)
    return op.Or(left, right) if left.dtype == BOOL else op.Add(left, right)


@lowers("Sub")
def sub(op: Context, input: Any, other: Any) -> ir.Value:
    """input - other; of bools, whether they differ."""
    left, right = op.promote(input, other, to=op.result_dtype)
    return op.Xor(left, right) if left.dtype == BOOL else op.Sub(left, right)


@lowers("Mul", "Muls")
def mul(op: Context, input: Any, other: Any) -> ir.Value:
    """input * other; of bools, input and other."""
    left, right = op.promote(input, other, to=op.result_dtype)
    return op.And(left, right) if left.dtype == BOOL else op.Mul(left, right)


@lowers("AddExt", "AddScalar")
def add_ext(op: Context, input: Any, other: Any, alpha: Any = 1) -> ir.Value:
    """input + alpha other."""
    return add(op, input, scaled(op, other, alpha))


@lowers("SubExt", "SubScalar")
def sub_ext(op: Context, input: Any, other: Any, alpha: Any = 1) -> ir.Value:
    """input - alpha other."""
    return sub(op, input, scaled(op, other, alpha))


def scaled(op: Context, other: Any, alpha: Any) -> Any:
    """alpha other in the node's result type; other itself where alpha is 1."""
    if not isinstance(alpha, ir.Value) and alpha == 1:
        return other
    if not isinstance(other, ir.Value) and not isinstance(alpha, ir.Value):
        return other * alpha
    return mul(op, other, alpha)


@lowers("SquaredDifference")
def squared_difference(op: Context, x: Any, y: Any) -> ir.Value:
    """(x - y)^2."""
    difference = sub(op, x, y)
    return op.Mul(difference, difference)


@lowers("Square")
def square(op: Context, input: ir.Value) -> ir.Value:
    """input^2."""
    return op.Mul(input, input)


@lowers("MulNoNan")
def mul_no_nan(op: Context, x: Any, y: Any) -> ir.Value:
    """x y, but 0 wherever y is 0."""
    x, y = op.promote(x, y, to=op.result_dtype)
    return op.Where(op.Equal(y, op.cast(0, y.dtype)), op.cast(0, y.dtype), op.Mul(x, y))


@lowers("Hypot")
def hypot(op: Context, x1: ir.Value, x2: ir.Value) -> ir.Value:
    """sqrt(x1^2 + x2^2), scaled by the larger so that nothing overflows; an infinity wins over NaN."""
    x1, x2 = (op.Abs(one) for one in op.promote(x1, x2, to=op.result_dtype))
    larger, smaller = op.Max(x1, x2), op.Min(x1, x2)
    ratio = op.Div(smaller, larger)
    length = op.Mul(larger, op.Sqrt(op.Add(op.Mul(ratio, ratio), op.cast(1, x1.dtype))))
    plain = op.Or(op.Equal(larger, op.cast(0, x1.dtype)), is_infinite(op, larger))
    length = op.Where(plain, larger, length)
    infinite = op.Or(is_infinite(op, x1), is_infinite(op, x2))
    return op.Where(infinite, op.cast(float("inf"), x1.dtype), length)


def is_infinite(op: Context, x: ir.Value) -> ir.Value:
    """True where x is an infinity of either sign; in any float type."""
    return op.IsInf(x if x.dtype in (ir.DataType.FLOAT, ir.DataType.DOUBLE) else op.cast(x, ir.DataType.FLOAT))


@lowers("AddN", "AccumulateNV2")
def add_n(op: Context, *inputs: Any) -> ir.Value:
    """The sum of all inputs, which may come as one tuple."""
    first, *rest = inputs[0] if len(inputs) == 1 and isinstance(inputs[0], tuple) else inputs
    for item in rest:
        first = add(op, first, item)
    return first


@lowers("Addcmul", "AddcmulExt")
def addcmul(op: Context, input: Any, tensor1: Any, tensor2: Any, value: Any = 1) -> ir.Value:
    """input + value tensor1 tensor2."""
    return add(op, input, mul(op, mul(op, tensor1, value), tensor2))


@lowers("Lerp", "LerpScalar")
def lerp(op: Context, input: ir.Value, end: ir.Value, weight: Any) -> ir.Value:
    """input + weight (end - input)."""
    input, end, weight = op.promote(input, end, weight, to=op.result_dtype)
    return op.Add(input, op.Mul(weight, op.Sub(end, input)))


@lowers("Neg")
def neg(op: Context, input: ir.Value) -> ir.Value:
    """-input; unsigned integers wrap."""
    if input.dtype in dtypes.UNSIGNED:
        return op.Sub(op.cast(0, input.dtype), input)
    return op.Neg(input)
