"""Pooling with fixed windows."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.lowering import windows
from mindferry.lowering.context import Context
from mindferry.lowering.helpers import channels_first, channels_last, is_channel_last
from mindferry.lowering.registry import lowers
from mindferry.lowering.windows import Window


@lowers("MaxPool", "MaxPoolV1")
def max_pool(
    op: Context, x: ir.Value, *, kernel_size: Any, strides: Any, pad_mode: Any, data_format: Any = "NCHW"
) -> ir.Value:
    """The largest element of each window; kernel_size and strides are (1, 1, height, width)."""
    last = is_channel_last(data_format)
    if last:
        x = channels_first(op, x)
    window = Window.of(kernel_size[-2:], strides)
    result = op.MaxPool(x, kernel_shape=window.kernel, strides=window.strides, **windows.padding(x, window, pad_mode))
    return channels_last(op, result) if last else result


@lowers("AvgPool", "AvgPoolV1")
def avg_pool(
    op: Context, x: ir.Value, kernel_size: Any, strides: Any, pad_mode: Any, data_format: Any = "NCHW"
) -> ir.Value:
    """The mean of each window, over the elements that are not padding."""
    last = is_channel_last(data_format)
    if last:
        x = channels_first(op, x)
    window = Window.of(windows.tuple_of(kernel_size, 2), strides)
    where = windows.padding(x, window, pad_mode)
    result = op.AveragePool(x, kernel_shape=window.kernel, strides=window.strides, **where)
    return channels_last(op, result) if last else result
