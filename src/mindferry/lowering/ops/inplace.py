"""Primitives that write their result into their first argument, over the lowerings that give it as a new value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.ops.activation import elu, hardtanh, relu, silu, threshold
from mindferry.lowering.ops.arithmetic import add, add_ext, mul, sub, sub_ext
from mindferry.lowering.ops.diagonals import fill_diagonal
from mindferry.lowering.ops.division import div, div_mod, floor_div, floor_mod
from mindferry.lowering.ops.elementwise import floor, sign
from mindferry.lowering.ops.extremum import clamp_scalar, clamp_tensor
from mindferry.lowering.ops.power import exp, log
from mindferry.lowering.registry import lowers

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "AssignAdd": add,
    "AssignSub": sub,
    "InplaceAddExt": add_ext,
    "InplaceAddsExt": add_ext,
    "InplaceClampScalar": clamp_scalar,
    "InplaceClampTensor": clamp_tensor,
    "InplaceDiv": div,
    "InplaceDivMod": div_mod,
    "InplaceDivMods": div_mod,
    "InplaceDivs": div,
    "InplaceElu": elu,
    "InplaceExp": exp,
    "InplaceFloor": floor,
    "InplaceFloorDivide": floor_div,
    "InplaceFloorDivides": floor_div,
    "InplaceHardtanh": hardtanh,
    "InplaceLog": log,
    "InplaceMul": mul,
    "InplaceMuls": mul,
    "InplaceReLU": relu,
    "InplaceRemainderTensorScalar": floor_mod,
    "InplaceRemainderTensorTensor": floor_mod,
    "InplaceSiLU": silu,
    "InplaceSign": sign,
    "InplaceSubExt": sub_ext,
    "InplaceSubScalar": sub_ext,
    "InplaceThreshold": threshold,
}
for _primitive, _function in _FUNCTIONS.items():
    lowers(_primitive, writes=True)(_function)


@lowers("Assign", "DynamicAssign", "InplaceCopy", writes=True)
def assign(op: Context, variable: ir.Value, value: Any, non_blocking: bool = False) -> ir.Value:
    """The value in the variable's element type and shape."""
    value = op.cast(value, variable.dtype)
    if value.shape is not None and value.shape == variable.shape:
        return value
    return op.Expand(value, op.ints(op.shape(variable)))


@lowers("InplaceFillScalar", "InplaceFillTensor", writes=True)
def inplace_fill(op: Context, input: ir.Value, value: Any) -> ir.Value:
    """The value everywhere."""
    return assign(op, input, op.value(value))


@lowers("InplaceZero", writes=True)
def inplace_zero(op: Context, input: ir.Value) -> ir.Value:
    """0 everywhere."""
    return assign(op, input, 0)


@lowers("InplaceSigmoid", writes=True)
def inplace_sigmoid(op: Context, input: ir.Value) -> ir.Value:
    """1 / (1 + exp(-input))."""
    return op.Sigmoid(input)


@lowers("InplaceTanh", writes=True)
def inplace_tanh(op: Context, input: ir.Value) -> ir.Value:
    """tanh(input)."""
    return op.Tanh(input)


@lowers("InplaceAddr", writes=True)
def inplace_addr(
    op: Context, input: ir.Value, vec1: ir.Value, vec2: ir.Value, beta: Any = 1, alpha: Any = 1
) -> ir.Value:
    """beta input + alpha vec1 vec2^T."""
    outer = mul(op, op.Unsqueeze(vec1, [1]), op.Unsqueeze(vec2, [0]))
    return add_ext(op, mul(op, input, beta), outer, alpha)


@lowers("InplaceFillDiagonal", writes=True)
def inplace_fill_diagonal(op: Context, input: ir.Value, fill_value: float, wrap: bool = False) -> ir.Value:
    """The input with the value on its main diagonal."""
    return fill_diagonal(op, input, fill_value=fill_value, wrap=wrap)


@lowers("TensorMove")
def tensor_move(op: Context, x: Any) -> Any:
    """x, which later writes no longer change; the values here never change."""
    return x


@lowers("Identity", "StopGradient", "Detach", "ConvertToDynamic")
def identity(op: Context, x: Any) -> Any:
    """x."""
    return x


@lowers("ToDevice", "ToOther", "MoveTo")
def to_device(op: Context, x: Any, *rest: Any) -> Any:
    """x; where it lives is the runtime's choice."""
    return x
