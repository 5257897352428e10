"""ONNX operators whose form changed between the opsets that MindFerry writes."""

from __future__ import annotations

from collections.abc import Sequence

import onnx_ir as ir

from mindferry.lowering.context import Context


def reduce(op: Context, operator: str, x: ir.Value, axes: Sequence[int], *, keep_dims: bool = False) -> ir.Value:
    """A reduction over non-negative axes; over none, x itself is the result of reducing nothing.

    Args:
        operator: ReduceMean, ReduceMax, ReduceL2 and so on; their axes became an input in opset 18 (ReduceSum's in 13).
    """
    function = getattr(op, operator)
    if operator == "ReduceSum" or op.opset >= 18:
        return function(x, list(axes), keepdims=int(keep_dims), noop_with_empty_axes=1)
    if not axes:
        return op.Identity(x)
    return function(x, axes=list(axes), keepdims=int(keep_dims))
