"""Arithmetic, one element at a time."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.registry import direct, lowers

direct({"Abs": "Abs", "Neg": "Neg", "Exp": "Exp", "Log": "Log", "Sqrt": "Sqrt", "Erf": "Erf", "Floor": "Floor", "Ceil": "Ceil"})


@lowers("Add", "AddV2")
def add(op: Context, x: Any, y: Any) -> ir.Value:
    """x + y with broadcasting and MindSpore's type promotion."""
    return op.Add(*op.promote(x, y, to=op.result_dtype))


@lowers("Sub")
def sub(op: Context, x: Any, y: Any) -> ir.Value:
    """x - y with broadcasting and MindSpore's type promotion."""
    return op.Sub(*op.promote(x, y, to=op.result_dtype))


@lowers("Mul", "Muls")
def mul(op: Context, x: Any, y: Any) -> ir.Value:
    """x * y with broadcasting and MindSpore's type promotion."""
    return op.Mul(*op.promote(x, y, to=op.result_dtype))
