"""Shapes and layouts."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.registry import lowers


@lowers("Flatten")
def flatten(op: Context, x: ir.Value) -> ir.Value:
    """All axes but the first become one."""
    return op.Flatten(x, axis=1)


@lowers("Reshape")
def reshape(op: Context, x: ir.Value, shape: Any) -> ir.Value:
    """x in another shape; one -1 stands for what is left."""
    return op.Reshape(x, op.ints(shape), allowzero=1 if op.opset >= 14 else None)
