"""Convolutions."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering import windows
from mindferry.lowering.context import Context, StaticSizes, static_shape
from mindferry.lowering.helpers import channels_first, channels_last, is_channel_last, tuple_of
from mindferry.lowering.ops.conv_transpose import batched, conv_transpose_2d
from mindferry.lowering.registry import lowers
from mindferry.lowering.windows import Window


def convolve(
    op: Context, x: ir.Value, weight: ir.Value, bias: ir.Value | None, window: Window, where: dict[str, Any], group: int
) -> ir.Value:
    """One Conv over channel-first x with weight (out, in / group, *kernel)."""
    if "auto_pad" in where and any(step > 1 for step in window.dilations):
        x, where = _padded_at_run_time(op, x, window), {}
    return op.Conv(x, weight, bias, strides=window.strides, dilations=window.dilations, group=group, **where)


def _padded_at_run_time(op: Context, x: ir.Value, window: Window) -> ir.Value:
    """x with the padding of mode "same": runtimes have no kernel for auto_pad with dilations."""
    sizes = op.Slice(op.Shape(x), [2], [op.rank(x)])
    strides = op.constant(list(window.strides))
    steps = op.Div(op.Sub(sizes, 1), strides)
    needed = op.Max(op.Sub(op.Add(op.Mul(steps, strides), op.constant(list(window.reach))), sizes), op.constant([0]))
    front, none = op.Div(needed, 2), op.constant([0, 0])
    return op.Pad(x, op.Concat(none, front, none, op.Sub(needed, front), axis=0))


@lowers("Conv2D", "Conv3D")
def conv2d(
    op: Context, x: ir.Value, weight: ir.Value, *, stride: Any, dilation: Any = 1, pad_mode: Any = "valid",
    pad_list: Any = 0, group: int = 1, data_format: Any = "NCHW",
) -> ir.Value:  # fmt: skip
    """Convolution; pad_list is (top, bottom, left, right), for Conv3D with (head, tail) before it."""
    last = is_channel_last(data_format)
    if last:
        x, weight = channels_first(op, x), channels_first(op, weight)
    window = Window.of(StaticSizes(weight)[2:], stride, dilation)
    result = convolve(op, x, weight, None, window, windows.padding(x, window, pad_mode, pad_list), group)
    return channels_last(op, result) if last else result


@lowers("DepthwiseConv2dNative")
def depthwise_conv2d_native(
    op: Context, x: ir.Value, weight: ir.Value, *, stride: Any, dilation: Any = 1, pad_mode: Any = "valid",
    pad_list: Any = 0,
) -> ir.Value:  # fmt: skip
    """Convolution of each channel with its own filter, weight[0, channel]."""
    _, channels, *kernel = static_shape(weight)
    window = Window.of(kernel, stride, dilation)
    weight = op.Transpose(weight, perm=[1, 0, 2, 3])
    return convolve(op, x, weight, None, window, windows.padding(x, window, pad_mode, pad_list), channels)


@lowers("Conv1DExt", "Conv2DExt", "Conv3DExt")
def conv_ext(
    op: Context, x: ir.Value, weight: ir.Value, bias: ir.Value | None = None, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> ir.Value:  # fmt: skip
    """Convolution of x, with or without a batch axis, padded by `padding` on both sides of an axis."""
    window = Window.of(StaticSizes(weight)[2:], stride, dilation)
    where = {"pads": tuple_of(padding, len(window.kernel)) * 2}
    return batched(op, x, len(window.kernel), lambda x: convolve(op, x, weight, bias, window, where, groups))


@lowers("Conv1DPadding", "Conv2DPadding", "Conv3DPadding")
def conv_padding(
    op: Context, x: ir.Value, weight: ir.Value, bias: ir.Value | None = None, stride: Any = 1, padding: Any = "valid",
    dilation: Any = 1, groups: int = 1,
) -> ir.Value:  # fmt: skip
    """Convolution of x, with or without a batch axis; padding is "same" (1) or "valid" (2)."""
    window = Window.of(StaticSizes(weight)[2:], stride, dilation)

    def function(x: ir.Value) -> ir.Value:
        return convolve(op, x, weight, bias, window, windows.padding(x, window, padding), groups)

    return batched(op, x, len(window.kernel), function)


@lowers("Convolution")
def convolution(
    op: Context, x: ir.Value, weight: ir.Value, bias: ir.Value | None = None, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, transposed: bool = False, output_padding: Any = 0, groups: int = 1,
) -> ir.Value:  # fmt: skip
    """Convolution, or its transpose with weight (in, out / groups, *kernel)."""
    if transposed:
        return conv_transpose_2d(op, x, weight, bias, stride, padding, output_padding, groups, dilation)
    return conv_ext(op, x, weight, bias, stride, padding, dilation, groups)


@lowers("ConvolutionStr")
def convolution_str(
    op: Context, x: ir.Value, weight: ir.Value, bias: ir.Value | None = None, stride: Any = 1, padding: Any = "valid",
    dilation: Any = 1, transposed: bool = False, output_padding: Any = 0, groups: int = 1,
) -> ir.Value:  # fmt: skip
    """Convolution with padding "same" (1) or "valid" (2); its transpose only knows "valid"."""
    if transposed and windows.pad_mode_name(padding) == "valid":
        return conv_transpose_2d(op, x, weight, bias, stride, 0, output_padding, groups, dilation)
    if transposed:
        raise LoweringError("a transposed convolution with padding 'same' has no defined size")
    return conv_padding(op, x, weight, bias, stride, padding, dilation, groups)


@lowers("ConvTbc")
def conv_tbc(op: Context, x: ir.Value, weight: ir.Value, bias: ir.Value, pad: int = 0) -> ir.Value:
    """1-D convolution of the time-first x (time, batch, channel) with weight (kernel, in, out)."""
    x, weight = op.Transpose(x, perm=[1, 2, 0]), op.Transpose(weight, perm=[2, 1, 0])
    return op.Transpose(op.Conv(x, weight, bias, pads=[pad, pad]), perm=[2, 0, 1])
