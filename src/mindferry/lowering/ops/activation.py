"""Activation functions."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.registry import direct, lowers

direct({"ReLU": "Relu", "Sigmoid": "Sigmoid", "Tanh": "Tanh"})


@lowers("ReLU6")
def relu6(op: Context, x: ir.Value) -> ir.Value:
    """min(max(x, 0), 6)."""
    return op.Clip(x, 0, 6)


@lowers("HSigmoid")
def h_sigmoid(op: Context, x: ir.Value) -> ir.Value:
    """min(max(x + 3, 0), 6) / 6."""
    return op.HardSigmoid(x, alpha=1 / 6, beta=0.5)


@lowers("HSwish")
def h_swish(op: Context, x: ir.Value) -> ir.Value:
    """x min(max(x + 3, 0), 6) / 6."""
    return op.Mul(x, op.HardSigmoid(x, alpha=1 / 6, beta=0.5))


@lowers("HSwish", since=14)
def h_swish_14(op: Context, x: ir.Value) -> ir.Value:
    """One HardSwish node."""
    return op.HardSwish(x)


@lowers("GeLU")
def gelu(op: Context, x: ir.Value) -> ir.Value:
    """0.5 x (1 + tanh(0.79788 (x + 0.044715 x^3)))."""
    inner = op.Mul(op.Add(x, op.Mul(op.Mul(op.Mul(x, x), x), 0.044715)), 0.7978845608028654)
    return op.Mul(op.Mul(x, 0.5), op.Add(op.Tanh(inner), 1.0))


@lowers("GeLU", since=20)
def gelu_20(op: Context, x: ir.Value) -> ir.Value:
    """One Gelu node."""
    return op.Gelu(x, approximate="tanh")


@lowers("Softmax")
def softmax(op: Context, x: ir.Value, axis: Any = -1) -> ir.Value:
    """exp(x) / sum(exp(x)) along one axis."""
    (axis,) = op.integers(axis, "the axis")
    return op.Softmax(x, axis=axis)
