"""Sizes as values: the shape, rank and number of elements of a tensor."""

from __future__ import annotations

import math
from typing import Any

import onnx_ir as ir

from mindferry.lowering.context import Complex, Context
from mindferry.lowering.registry import lowers


def _tensor(x: Any) -> ir.Value:
    return x.real if isinstance(x, Complex) else x


@lowers("Shape")
def shape(op: Context, x: Any) -> tuple[Any, ...]:
    """The sizes as a tuple."""
    return op.shape(_tensor(x))


@lowers("TensorShape", "DynamicShape", "GetShape")
def tensor_shape(op: Context, input_x: Any) -> ir.Value:
    """The sizes as an int64 tensor."""
    tensor = _tensor(input_x)
    known = tensor.shape is not None and all(isinstance(size, int) for size in tensor.shape)
    return op.value(op.shape(tensor), ir.DataType.INT64) if known else op.Shape(tensor)


@lowers("Rank")
def rank(op: Context, x: Any) -> Any:
    """The number of axes."""
    tensor = _tensor(x)
    return len(tensor.shape) if tensor.shape is not None else op.Size(op.Shape(tensor))


@lowers("Size")
def size(op: Context, x: Any) -> Any:
    """The number of elements."""
    tensor = _tensor(x)
    sizes = op.shape(tensor) if tensor.shape is not None else (None,)
    return math.prod(sizes) if all(isinstance(size, int) for size in sizes) else op.Size(tensor)
