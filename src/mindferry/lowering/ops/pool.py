"""Pooling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.ops.conv import padding
from mindferry.lowering.registry import lowers


@lowers("MaxPool")
def max_pool(
    op: Context, x: ir.Value, *, kernel_size: Sequence[int], strides: Sequence[int], pad_mode: Any, data_format: Any = "NCHW"
) -> ir.Value:
    """NCHW max pooling; kernel_size and strides are (1, 1, height, width)."""
    if data_format not in ("NCHW", 0):
        raise LoweringError(f"data_format {data_format!r} is not supported, only NCHW")
    where = padding(pad_mode, (0, 0, 0, 0))
    return op.MaxPool(x, kernel_shape=kernel_size[-2:], strides=strides[-2:], **where)
