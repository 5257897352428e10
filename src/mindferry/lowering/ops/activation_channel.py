"""Activation functions over an axis, or with weights per channel."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.lowering.axes import along, axis_of
from mindferry.lowering.context import Context
from mindferry.lowering.layouts import one_axis, split
from mindferry.lowering.registry import lowers


@lowers("Softmax")
def softmax(op: Context, input: ir.Value, axis: Any = -1) -> ir.Value:
    """exp(input) / sum(exp(input)) along one axis."""
    made: ir.Value = along(op, input, axis_of(op, axis, op.rank(input)), lambda x, axis: op.Softmax(x, axis=axis))
    return made


@lowers("LogSoftmax")
def log_softmax(op: Context, logits: ir.Value, axis: Any = -1) -> ir.Value:
    """logits - log(sum(exp(logits))) along one axis."""
    made: ir.Value = along(op, logits, axis_of(op, axis, op.rank(logits)), lambda x, axis: op.LogSoftmax(x, axis=axis))
    return made


@lowers("LogSoftmaxExt")
def log_softmax_ext(op: Context, input: ir.Value, dim: Any = None, dtype: Any = None) -> ir.Value:
    """As LogSoftmax, in another element type if one is given; dim None is 0 for 0, 1 and 3 dimensions, else 1."""
    x = input if dtype is None else op.cast(input, op.dtype(dtype))
    return log_softmax(op, x, (0 if op.rank(x) in (0, 1, 3) else 1) if dim is None else dim)


@lowers("GLU")
def glu(op: Context, x: ir.Value, axis: int = -1) -> ir.Value:
    """The first half of an axis times the sigmoid of the second."""
    first, second = split(op, x, one_axis(op, axis, op.rank(x)), 2)
    return op.Mul(first, op.Sigmoid(second))


@lowers("Swiglu")
def swiglu(op: Context, input: ir.Value, dim: int = -1) -> ir.Value:
    """x sigmoid(x) y, where x is the first half of an axis and y the second."""
    first, second = split(op, input, one_axis(op, dim, op.rank(input)), 2)
    return op.Mul(op.Mul(first, op.Sigmoid(first)), second)


@lowers("PReLU")
def p_relu(op: Context, input: ir.Value, weight: ir.Value) -> ir.Value:
    """The input above 0, below it times a weight: one for all, or one per channel (axis 1)."""
    rank = op.rank(input)
    if rank > 2:
        weight = op.Unsqueeze(weight, list(range(1, rank - 1)))
    if input.dtype != ir.DataType.DOUBLE:
        return op.PRelu(input, weight)
    return op.Where(op.Less(input, op.cast(0, input.dtype)), op.Mul(input, weight), input)
