"""Pooling with fixed windows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering import segments
from mindferry.lowering.context import Context, StaticSizes
from mindferry.lowering.helpers import channels_first, channels_last, is_channel_last, tuple_of
from mindferry.lowering.ops.conv_transpose import batched
from mindferry.lowering.registry import lowers
from mindferry.lowering.windows import Padding, Window


def max_pool_over(op: Context, x: ir.Value, window: Window, padding: Padding, **more: Any) -> Any:
    """One MaxPool over channel-first x; padding as large as a window, which runtimes refuse, goes in front of it."""
    where = padding.attributes()
    if any(pad >= size for pad, size in zip(where.get("pads", ()), window.kernel * 2, strict=False)):
        half = len(window.kernel)
        x = pad_spatial(op, x, where["pads"][:half], where["pads"][half:], -math.inf)
        where = where | {"pads": [0] * (2 * half)}
    steps = {"kernel_shape": window.kernel, "strides": window.strides, "dilations": window.dilations}
    return op.MaxPool(x, **steps, **where, **more)


def pad_spatial(op: Context, x: ir.Value, front: Sequence[int], behind: Sequence[int], fill: float = 0.0) -> ir.Value:
    """Channel-first x with a frame around its spatial axes."""
    return op.Pad(x, [0, 0, *front, 0, 0, *behind], op.cast(fill, x.dtype)) if any((*front, *behind)) else x


def avg_pool_over(
    op: Context, x: ir.Value, window: Window, padding: Padding, *, count_include_pad: bool = False, divisor: int = 0
) -> ir.Value:
    """The mean of each window of channel-first x, or its sum over the divisor where there is one.

    Args:
        count_include_pad: padding counts as zeros, except for what ceil_mode adds behind it.
    """
    none = (0,) * len(window.kernel)
    if divisor:
        if padding.front is None or padding.behind is None or padding.beyond is None:
            raise LoweringError("divisor_override with pad_mode same or ceil_mode needs a static shape")
        behind = [a + b for a, b in zip(padding.behind, padding.beyond, strict=True)]
        mean = _mean(op, pad_spatial(op, x, padding.front, behind), window, Padding(none, none, none))
        return op.Mul(mean, op.cast(math.prod(window.kernel) / divisor, x.dtype))
    if count_include_pad and padding.beyond == none and x.dtype != ir.DataType.DOUBLE:
        return _average_pool(op, x, window, padding, count_include_pad=1)
    if count_include_pad and padding.front is not None and padding.behind is not None:
        x, padding = pad_spatial(op, x, padding.front, padding.behind), Padding(none, none, padding.beyond)
    return _mean(op, x, window, padding)


def _mean(op: Context, x: ir.Value, window: Window, padding: Padding) -> ir.Value:
    """The mean over what is not padding; for float64, which ONNX Runtime cannot pool, axis by axis."""
    if x.dtype != ir.DataType.DOUBLE:
        return _average_pool(op, x, window, padding)
    sizes = StaticSizes(x)[2:]
    pads = padding.attributes()["pads"]
    for axis, size in enumerate(sizes):
        around = pads[axis], pads[axis + len(sizes)]
        part = segments.of_window(size, window.kernel[axis], window.strides[axis], 1, around)
        x = segments.mean_over(op, x, axis + 2, part)
    return x


def _average_pool(op: Context, x: ir.Value, window: Window, padding: Padding, **more: Any) -> ir.Value:
    return op.AveragePool(x, kernel_shape=window.kernel, strides=window.strides, **padding.attributes(), **more)


@lowers("MaxPool", "MaxPoolV1")
def max_pool(
    op: Context, x: ir.Value, *, kernel_size: Any, strides: Any, pad_mode: Any, data_format: Any = "NCHW"
) -> ir.Value:
    """The largest element of each window; kernel_size and strides are (1, 1, height, width), or as the NHWC x."""
    last = is_channel_last(data_format)
    if last:
        x = channels_first(op, x)
    window = Window.of(_spatial(kernel_size, last), _spatial(strides, last))
    result = max_pool_over(op, x, window, Padding.of(x, window, pad_mode))
    return channels_last(op, result) if last else result


def _spatial(numbers: Any, channel_last: bool) -> tuple[int, ...]:
    """Height and width of a window in an argument that may name all four axes."""
    if channel_last and isinstance(numbers, tuple | list) and len(numbers) == 4:
        return tuple(numbers[1:3])
    return tuple_of(numbers, 2)


@lowers("MaxPool3D")
def max_pool_3d(
    op: Context, x: ir.Value, *, kernel_size: Any, strides: Any, pad_mode: Any, pad_list: Any = 0,
    ceil_mode: int | None = None, data_format: Any = "NCDHW",
) -> ir.Value:  # fmt: skip
    """The largest element of each window; pad_list is (head, tail, top, bottom, left, right)."""
    window = Window.of(tuple_of(kernel_size, 3), strides)
    return max_pool_over(op, x, window, Padding.of(x, window, pad_mode, pad_list, ceil_mode=ceil_mode))


@lowers("AvgPool", "AvgPoolV1")
def avg_pool(
    op: Context, x: ir.Value, *, kernel_size: Any, strides: Any, pad_mode: Any, data_format: Any = "NCHW"
) -> ir.Value:
    """The mean of each window, over the elements that are not padding; kernel_size and strides as in max_pool."""
    last = is_channel_last(data_format)
    if last:
        x = channels_first(op, x)
    window = Window.of(_spatial(kernel_size, last), _spatial(strides, last))
    result = avg_pool_over(op, x, window, Padding.of(x, window, pad_mode))
    return channels_last(op, result) if last else result


@lowers("AvgPool3D")
def avg_pool_3d(
    op: Context, x: ir.Value, *, kernel_size: Any, strides: Any, pad_mode: Any, pad_list: Any = 0,
    ceil_mode: bool = False, count_include_pad: bool = True, divisor_override: int = 0, data_format: Any = "NCDHW",
) -> ir.Value:  # fmt: skip
    """The mean of each window; pad_list is (head, tail, top, bottom, left, right)."""
    window = Window.of(tuple_of(kernel_size, 3), strides)
    padding = Padding.of(x, window, pad_mode, pad_list, ceil_mode=ceil_mode)
    return avg_pool_over(op, x, window, padding, count_include_pad=count_include_pad, divisor=divisor_override)


def _avg_pool_ext(
    op: Context, x: ir.Value, count: int, kernel_size: Any, stride: Any, padding: Any, ceil_mode: bool,
    count_include_pad: bool, divisor: int | None,
) -> ir.Value:  # fmt: skip
    window = Window.of(tuple_of(kernel_size, count), kernel_size if stride in (None, ()) else stride)
    pad_list = [pad for pad in tuple_of(padding, count) for _ in range(2)]

    def function(x: ir.Value) -> ir.Value:
        around = Padding.of(x, window, "pad", pad_list, ceil_mode=ceil_mode)
        return avg_pool_over(op, x, window, around, count_include_pad=count_include_pad, divisor=divisor or 0)

    return batched(op, x, count, function)


@lowers("AvgPool1D")
def avg_pool_1d(
    op: Context, x: ir.Value, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> ir.Value:  # fmt: skip
    """The mean of each window of x, with or without a batch axis."""
    return _avg_pool_ext(op, x, 1, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


@lowers("AvgPool2D")
def avg_pool_2d(
    op: Context, x: ir.Value, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> ir.Value:  # fmt: skip
    """The mean of each window of x, with or without a batch axis, or its sum over divisor_override."""
    return _avg_pool_ext(op, x, 2, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


@lowers("AvgPool3DExt")
def avg_pool_3d_ext(
    op: Context, x: ir.Value, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> ir.Value:  # fmt: skip
    """The mean of each window of x, with or without a batch axis, or its sum over divisor_override."""
    return _avg_pool_ext(op, x, 3, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
