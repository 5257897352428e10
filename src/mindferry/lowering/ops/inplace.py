"""Primitives that write their result into their first argument."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.registry import lowers


@lowers("InplaceAddExt", writes=True)
def inplace_add_ext(op: Context, input: ir.Value, other: Any, alpha: Any = 1) -> ir.Value:
    """input + alpha other."""
    other = op.cast(other, input.dtype)
    return op.Add(input, other if alpha == 1 else op.Mul(other, op.cast(alpha, input.dtype)))
