"""Feed-forward layers and products of several pairs of matrices."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.ops.matmul import product, swapped
from mindferry.lowering.registry import lowers


@lowers("FFN")
def ffn(op: Context, x: ir.Value, weight1: ir.Value, weight2: ir.Value, *rest: Any, activation: str) -> ir.Value:
    """activation(x @ weight1 + bias1) @ weight2 + bias2; rest is the experts' tokens, the biases and what quantizes."""
    experts, bias1, bias2, *quantized = rest
    if experts is not None or any(one is not None for one in quantized):
        raise LoweringError("experts and quantization are not supported")
    inner = product(op, x, weight1)
    inner = inner if bias1 is None else op.Add(inner, op.cast(bias1, inner.dtype))
    if activation.lower() not in ("relu", "silu"):
        raise LoweringError(f"activation {activation!r} is not supported, only relu and silu")
    inner = op.Relu(inner) if activation.lower() == "relu" else op.Mul(inner, op.Sigmoid(inner))
    result = product(op, inner, weight2)
    return result if bias2 is None else op.Add(result, op.cast(bias2, result.dtype))


@lowers("GroupedMatmul")
def grouped_matmul(
    op: Context, x: Any, weight: Any, bias: Any = None, scale: Any = None, offset: Any = None, antiquant_scale: Any = None,
    antiquant_offset: Any = None, group_list: Any = None, split_item: int = 0, group_type: int = -1,
    transpose_a: bool = False, transpose_b: bool = False,
) -> tuple[ir.Value, ...]:  # fmt: skip
    """x[i] @ weight[i] + bias[i] for every i."""
    if any(one is not None for one in (scale, offset, antiquant_scale, antiquant_offset, group_list)) or split_item:
        raise LoweringError("groups within one tensor and quantization are not supported")
    xs, weights = (one if isinstance(one, tuple) else (one,) for one in (x, weight))
    biases = bias if isinstance(bias, tuple) else (bias,) * len(xs)
    results = []
    for left, right, added in zip(xs, weights, biases, strict=True):
        left = swapped(op, left) if transpose_a else left
        result = product(op, left, swapped(op, right) if transpose_b else right)
        results.append(result if added is None else op.Add(result, op.cast(added, result.dtype)))
    return tuple(results)
