"""Pooling with fixed and adaptive windows; ksize and strides name all four axes, pads (front, behind) per spatial one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context, StaticSizes
from mindferry.lowering.ge.layouts import channel_first_only, is_last, spatial
from mindferry.lowering.helpers import channels_first, channels_last, computed_in, tuple_of
from mindferry.lowering.ops import pool_adaptive, pool_index
from mindferry.lowering.ops.pool import avg_pool_over, max_pool_over
from mindferry.lowering.registry import lowers_ge
from mindferry.lowering.windows import Padding, Window

_MAX_KERNELS = (ir.DataType.FLOAT16, ir.DataType.FLOAT, ir.DataType.DOUBLE, ir.DataType.INT8, ir.DataType.UINT8)
_MAX, _AVERAGE = 0, 1
"""Pooling's modes."""


def _channel_first(op: Context, x: ir.Value, data_format: str, function: Callable[[ir.Value], ir.Value]) -> ir.Value:
    return channels_last(op, function(channels_first(op, x))) if is_last(data_format) else function(x)


def _window(ksize: Any, strides: Any, data_format: str, count: int = 2, dilations: Any = 1) -> Window:
    return Window(*(spatial(one, data_format, count) for one in (ksize, strides, dilations)))


def _maximum(op: Context, x: ir.Value, window: Window, padding: Padding) -> ir.Value:
    return computed_in(op, _MAX_KERNELS, lambda x: max_pool_over(op, x, window, padding), x)


@lowers_ge("MaxPool")
def max_pool(
    op: Context, x: ir.Value, *, ksize: Any, strides: Any, padding: str, data_format: str = "NHWC"
) -> ir.Value:
    """The largest element of each window; padding is SAME or VALID."""
    window = _window(ksize, strides, data_format)
    return _channel_first(op, x, data_format, lambda x: _maximum(op, x, window, Padding.of(x, window, padding)))


@lowers_ge("MaxPoolV2")
def max_pool_v2(
    op: Context, x: ir.Value, ksize: Any, strides: Any, *, padding: str, data_format: str = "NHWC"
) -> ir.Value:
    """As MaxPool, with ksize and strides as inputs."""
    sizes, steps = op.integers(ksize, "ksize"), op.integers(strides, "strides")
    return max_pool(op, x, ksize=sizes, strides=steps, padding=padding, data_format=data_format)


def _v3_window(
    x: ir.Value, ksize: Any, strides: Any, padding_mode: str, pads: Any, data_format: str, global_pooling: bool,
    ceil_mode: bool,
) -> tuple[Window, Padding]:  # fmt: skip
    """The window over channel-first x, and its padding; ceil_mode only counts for calculated padding."""
    if global_pooling:
        kernel = StaticSizes(x)[2:]
        return Window(kernel, (1,) * len(kernel), (1,) * len(kernel)), Padding((0, 0), (0, 0), (0, 0))
    window = _window(ksize, strides, data_format)
    calculated = padding_mode == "CALCULATED"
    return window, Padding.of(x, window, padding_mode, pads if calculated else 0, ceil_mode=ceil_mode and calculated)


@lowers_ge("MaxPoolV3")
def max_pool_v3(
    op: Context, x: ir.Value, *, ksize: Any, strides: Any, padding_mode: str = "CALCULATED", pads: Any = (0, 0, 0, 0),
    data_format: str = "NCHW", global_pooling: bool = False, ceil_mode: bool = False,
) -> ir.Value:  # fmt: skip
    """The largest element of each window; padding_mode is SAME, VALID or CALCULATED (by pads)."""

    def pooled(x: ir.Value) -> ir.Value:
        return _maximum(
            op, x, *_v3_window(x, ksize, strides, padding_mode, pads, data_format, global_pooling, ceil_mode)
        )

    return _channel_first(op, x, data_format, pooled)


@lowers_ge("AvgPool")
def avg_pool(
    op: Context, x: ir.Value, *, ksize: Any, strides: Any, padding: str, data_format: str = "NHWC"
) -> ir.Value:
    """The mean of each window, over what is not padding; padding is SAME or VALID."""
    window = _window(ksize, strides, data_format)
    return _channel_first(op, x, data_format, lambda x: avg_pool_over(op, x, window, Padding.of(x, window, padding)))


@lowers_ge("AvgPoolV2")
def avg_pool_v2(
    op: Context, x: ir.Value, *, ksize: Any, strides: Any, padding_mode: str = "CALCULATED", pads: Any = (0, 0, 0, 0),
    data_format: str = "NCHW", global_pooling: bool = False, ceil_mode: bool = False, exclusive: bool = True,
    divisor_override: int = 0,
) -> ir.Value:  # fmt: skip
    """The mean of each window; exclusive leaves padding out of it, divisor_override divides the sum instead."""

    def pooled(x: ir.Value) -> ir.Value:
        window, padding = _v3_window(
            x, ksize, strides, padding_mode, pads, data_format, global_pooling, ceil_mode
        )  # fmt: skip
        return avg_pool_over(op, x, window, padding, count_include_pad=not exclusive, divisor=divisor_override)

    return _channel_first(op, x, data_format, pooled)


@lowers_ge("Pooling")
def pooling(
    op: Context, x: ir.Value, *, mode: int = _MAX, global_pooling: bool = False, window: Any = (1, 1),
    stride: Any = (1, 1), pad: Any = (0, 0, 0, 0), dilation: Any = (1, 1, 1, 1), ceil_mode: int = 0,
    data_format: str = "NCHW",
) -> ir.Value:  # fmt: skip
    """Caffe's pooling: maximum (mode 0) or mean over the padded window (mode 1); ceil_mode 0 rounds sizes up."""
    if mode not in (_MAX, _AVERAGE) or any(one != 1 for one in dilation):
        raise LoweringError(f"mode {mode} with dilation {dilation} has no lowering; 0 and 1 without dilation have")

    def pooled(x: ir.Value) -> ir.Value:
        frame, padding = _v3_window(
            x, window, stride, "CALCULATED", pad, data_format, global_pooling, ceil_mode == 0
        )  # fmt: skip
        if mode == _MAX:
            return _maximum(op, x, frame, padding)
        return avg_pool_over(op, x, frame, padding, count_include_pad=True)

    return _channel_first(op, x, data_format, pooled)


@lowers_ge("GlobalAveragePool")
def global_average_pool(op: Context, x: ir.Value) -> ir.Value:
    """The mean over the spatial axes of channel-first x, kept as ones."""
    channel_first_only(op, x)
    return op.GlobalAveragePool(x)


@lowers_ge("MaxPool3D")
def max_pool_3d(
    op: Context, x: ir.Value, *, ksize: Any, strides: Any, padding: str, pads: Any = (0,) * 6, dilation: Any = (1,) * 5,
    ceil_mode: int = 0, data_format: str = "NDHWC",
) -> ir.Value:  # fmt: skip
    """The largest element of each window; padding is SAME, VALID or CALCULATED (by pads)."""
    window = _window(ksize, strides, data_format, 3, dilation)
    calculated = padding.upper() == "CALCULATED"
    return _channel_first(
        op, x, data_format,
        lambda x: _maximum(
            op, x, window, Padding.of(x, window, padding, pads if calculated else 0, ceil_mode=ceil_mode)
        ),
    )  # fmt: skip


@lowers_ge("AvgPool3D")
def avg_pool_3d(
    op: Context, x: ir.Value, *, ksize: Any, strides: Any, pads: Any, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int = 0, data_format: str = "NDHWC",
) -> ir.Value:  # fmt: skip
    """The mean of each window; pads is (front, behind) per spatial axis."""
    window = _window(ksize, strides, data_format, 3)

    def pooled(x: ir.Value) -> ir.Value:
        padding = Padding.of(x, window, "pad", tuple_of(pads, 6), ceil_mode=ceil_mode)
        return avg_pool_over(op, x, window, padding, count_include_pad=count_include_pad, divisor=divisor_override)

    return _channel_first(op, x, data_format, pooled)


@lowers_ge("AvgPool3DD")
def avg_pool_3d_d(
    op: Context, x: ir.Value, filter: Any = None, multiplier: Any = None, *, ksize: Any, strides: Any, pads: Any,
    ceil_mode: bool = False, count_include_pad: bool = True, divisor_override: int = 0, data_format: str = "NDHWC",
) -> ir.Value:  # fmt: skip
    """As AvgPool3D; filter and multiplier only hold what the chip needs."""
    return avg_pool_3d(
        op, x, ksize=ksize, strides=strides, pads=pads, ceil_mode=ceil_mode, count_include_pad=count_include_pad,
        divisor_override=divisor_override, data_format=data_format,
    )  # fmt: skip


@lowers_ge("MaxPoolWithArgmaxV2")
def max_pool_with_argmax_v2(
    op: Context, x: ir.Value, *, ksize: Any, strides: Any, pads: Any, dtype: Any = ir.DataType.INT32,
    dilation: Any = (1, 1, 1, 1), ceil_mode: bool = False,
) -> tuple[ir.Value, ir.Value]:  # fmt: skip
    """The largest element of each window of NCHW x and its index in its channel; pads is (1, height, width, 1)."""
    middle = [tuple(one[1:3]) if len(one) == 4 else tuple(one) for one in (ksize, strides, dilation, pads)]
    window, around = Window(*middle[:3]), [pad for pad in tuple_of(middle[3], 2) for _ in range(2)]
    padding = Padding.of(x, window, "pad", around, ceil_mode=ceil_mode)
    return pool_index.max_pool_places(op, x, window, padding, op.dtype(dtype))


@lowers_ge("AdaptiveAvgPool2d")
def adaptive_avg_pool_2d(op: Context, x: ir.Value, *, output_size: Any) -> ir.Value:
    """The mean of each of output_size cells."""
    channel_first_only(op, x)
    return pool_adaptive.adaptive_avg_pool_2d(op, x, output_size)


@lowers_ge("AdaptiveMaxPool2d")
def adaptive_max_pool_2d(op: Context, x: ir.Value, *, output_size: Any) -> tuple[ir.Value, ir.Value]:
    """The largest element of each of output_size cells, and its index in its channel."""
    channel_first_only(op, x)
    values, places = pool_adaptive.adaptive_max_pool_2d(op, x, output_size)
    return values, op.cast(places, op.dtype_of_result(1, ir.DataType.INT32))
