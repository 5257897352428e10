"""Reductions over axes."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.helpers import reduce
from mindferry.lowering.registry import lowers


@lowers("ReduceMean")
def reduce_mean(op: Context, x: ir.Value, axis: Any = (), *, keep_dims: bool = False) -> ir.Value:
    """Mean over the axes; () means all of them."""
    return reduce(op, "ReduceMean", x, op.axes(x, axis), keep_dims=keep_dims)
