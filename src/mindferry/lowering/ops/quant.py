"""Integers that stand for scaled floats: to them, from them, and products of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.helpers import reduce
from mindferry.lowering.ops.matmul import swapped
from mindferry.lowering.registry import lowers

_ROUND = {"round": "Round", "floor": "Floor", "ceil": "Ceil", 0: "Round", 2: "Floor", 3: "Ceil"}
"""rounding_mode as a name or as MindSpore's enum; "trunc" (1) has no ONNX operator."""

_RANGE = {ir.DataType.INT8: (-128.0, 127.0), ir.DataType.UINT8: (0.0, 255.0)}


def saturated(op: Context, x: ir.Value, mode: Any, dtype: ir.DataType) -> ir.Value:
    """Float x rounded to an integer type, at its ends where it lies beyond."""
    key = mode.lower() if isinstance(mode, str) else mode
    if dtype not in _RANGE:
        raise LoweringError(f"quantizes to {dtype}; int8 and uint8 are supported")
    if key in ("trunc", 1):
        whole = op.Mul(op.Sign(x), op.Floor(op.Abs(x)))
    else:
        whole = getattr(op, _ROUND[key])(x)
    low, high = _RANGE[dtype]
    return op.cast(op.Min(op.Max(whole, op.constant(low)), op.constant(high)), dtype)


@lowers("Quant")
def quant(
    op: Context, x: ir.Value, *, scale: float, offset: float, sqrt_mode: bool = False, round_mode: str = "Round",
    dst_type: Any = None,
) -> ir.Value:  # fmt: skip
    """x scale + offset (with sqrt_mode x scale^2 + offset) as an integer."""
    factor = scale * scale if sqrt_mode else scale
    moved = op.Add(op.Mul(op.cast(x, ir.DataType.FLOAT), factor), offset)
    return saturated(op, moved, round_mode, op.result_dtype or ir.DataType.INT8)


@lowers("QuantV2")
def quant_v2(
    op: Context, x: ir.Value, scale: ir.Value, offset: ir.Value, sqrt_mode: bool = False, rounding_mode: Any = "ROUND",
    dst_type: Any = None,
) -> ir.Value:  # fmt: skip
    """x scale + offset (with sqrt_mode x scale^2 + offset) as an integer, scale and offset along the last axis."""
    held, factor, shift = (op.cast(one, ir.DataType.FLOAT) for one in (x, scale, offset))
    if sqrt_mode:
        factor = op.Mul(factor, factor)
    moved = op.Add(op.Mul(held, factor), shift)
    return saturated(op, moved, rounding_mode, op.result_dtype or ir.DataType.INT8)


@lowers("DynamicQuantExt")
def dynamic_quant_ext(op: Context, x: ir.Value, smooth_scales: ir.Value | None = None) -> tuple[ir.Value, ir.Value]:
    """x over its scale as int8, and the scale, which is the largest magnitude of the last axis over 127."""
    held = op.cast(x, ir.DataType.FLOAT)
    if smooth_scales is not None:
        held = op.Mul(held, op.cast(smooth_scales, ir.DataType.FLOAT))
    largest = reduce(op, "ReduceMax", op.Abs(held), [op.rank(x) - 1], keep_dims=True)
    scale = op.Div(largest, 127.0)
    return saturated(op, op.Div(held, scale), "round", ir.DataType.INT8), op.Squeeze(scale, [-1])


def decoded_scale(op: Context, scale: ir.Value) -> ir.Value:
    """A scale as float32; Ascend keeps its bits in the low half of a 64-bit integer."""
    if scale.dtype not in (ir.DataType.INT64, ir.DataType.UINT64):
        return op.cast(scale, ir.DataType.FLOAT)
    known = op.static(scale)
    if known is None:
        raise LoweringError("a scale in 64-bit integers is only known at run time")
    return op.constant((known.astype(np.uint64) & np.uint64(0xFFFFFFFF)).astype(np.uint32).view(np.float32))


@lowers("Dequant")
def dequant(
    op: Context,
    x: ir.Value,
    deq_scale: ir.Value,
    *,
    sqrt_mode: bool = False,
    relu_flag: bool = False,
    dtype: Any = None,
) -> ir.Value:
    """x times its scale (twice with sqrt_mode), cut off below zero with relu_flag."""
    scale = decoded_scale(op, deq_scale)
    result = op.Mul(op.cast(x, ir.DataType.FLOAT), op.Mul(scale, scale) if sqrt_mode else scale)
    return op.cast(op.Relu(result) if relu_flag else result, op.result_dtype or ir.DataType.FLOAT16)


@lowers("WeightQuantBatchMatmul")
def weight_quant_batch_matmul(
    op: Context, x: ir.Value, weight: ir.Value, antiquant_scale: ir.Value, antiquant_offset: ir.Value | None = None,
    quant_scale: Any = None, quant_offset: Any = None, bias: ir.Value | None = None, transpose_x: bool = False,
    transpose_weight: bool = False, antiquant_group_size: int = 0,
) -> ir.Value:  # fmt: skip
    """x @ ((weight + offset) scale) + bias, the matrices transposed first where it is asked."""
    if quant_scale is not None or quant_offset is not None or antiquant_group_size:
        raise LoweringError("quantized results and groups of scales are not supported")
    held = op.cast(weight, x.dtype)
    if antiquant_offset is not None:
        held = op.Add(held, op.cast(antiquant_offset, x.dtype))
    held = op.Mul(held, op.cast(antiquant_scale, x.dtype))
    result = op.MatMul(swapped(op, x) if transpose_x else x, swapped(op, held) if transpose_weight else held)
    return result if bias is None else op.Add(result, op.cast(bias, x.dtype))


@lowers("QuantBatchMatmul")
def quant_batch_matmul(
    op: Context, x1: ir.Value, x2: ir.Value, scale: ir.Value, offset: ir.Value | None = None, bias: ir.Value | None = None,
    pertoken_scale: ir.Value | None = None, transpose_x1: bool = False, transpose_x2: bool = False, dtype: Any = None,
) -> ir.Value:  # fmt: skip
    """(x1 @ x2 + bias) scale, times a scale of each row where there is one; for an int8 result plus offset."""
    left, right = (op.cast(one, ir.DataType.INT32) for one in (x1, x2))
    whole = op.MatMul(swapped(op, left) if transpose_x1 else left, swapped(op, right) if transpose_x2 else right)
    result = op.cast(whole, ir.DataType.FLOAT)
    if bias is not None and bias.dtype == ir.DataType.INT32:
        result = op.cast(op.Add(whole, bias), ir.DataType.FLOAT)
    result = op.Mul(result, decoded_scale(op, scale))
    if pertoken_scale is not None:
        result = op.Mul(result, op.Unsqueeze(op.cast(pertoken_scale, ir.DataType.FLOAT), [-1]))
    if bias is not None and bias.dtype != ir.DataType.INT32:
        result = op.Add(result, op.cast(bias, ir.DataType.FLOAT))
    to = op.result_dtype or ir.DataType.FLOAT16
    if to != ir.DataType.INT8:
        return op.cast(result, to)
    return saturated(op, result if offset is None else op.Add(result, op.cast(offset, ir.DataType.FLOAT)), "round", to)
