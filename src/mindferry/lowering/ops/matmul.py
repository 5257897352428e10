"""Matrix products and linear layers."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.registry import lowers

_CHANNEL_LAST = {"NHWC", 1}


@lowers("MatMul")
def mat_mul(op: Context, x: ir.Value, y: ir.Value, *, transpose_a: bool = False, transpose_b: bool = False) -> ir.Value:
    """Matrix product of two matrices, either of them transposed first."""
    if transpose_a or transpose_b:
        return op.Gemm(x, y, transA=int(transpose_a), transB=int(transpose_b))
    return op.MatMul(x, y)


@lowers("BiasAdd")
def bias_add(op: Context, x: ir.Value, bias: ir.Value, *, data_format: Any = "NCHW") -> ir.Value:
    """Adds bias along the channel axis: 1, or the last one for NHWC."""
    rank = op.rank(x)
    if data_format in _CHANNEL_LAST or rank == 2:
        return op.Add(x, bias)
    if rank < 2:
        raise LoweringError(f"needs at least 2 dimensions, got {rank}")
    return op.Add(x, op.Unsqueeze(bias, list(range(1, rank - 1))))
