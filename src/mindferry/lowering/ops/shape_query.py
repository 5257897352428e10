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
    sizes = op.shape(_tensor(input_x))
    known = all(isinstance(size, int) for size in sizes)
    return op.value(sizes, ir.DataType.INT64) if known else op.Shape(_tensor(input_x))


@lowers("Rank")
def rank(op: Context, x: Any) -> int:
    """The number of axes."""
    return op.rank(_tensor(x))


@lowers("Size")
def size(op: Context, x: Any) -> Any:
    """The number of elements."""
    sizes = op.shape(_tensor(x))
    return math.prod(sizes) if all(isinstance(size, int) for size in sizes) else op.Size(_tensor(x))
