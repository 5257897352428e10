"""Convolutions and their transposes."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context, StaticSizes, static_shape
from mindferry.lowering.ge.layouts import filter_first, is_last, recorded, spatial
from mindferry.lowering.helpers import channels_first, channels_last
from mindferry.lowering.ops.conv_transpose import restored, transposed
from mindferry.lowering.ops.slice import numbers_of
from mindferry.lowering.registry import lowers_ge
from mindferry.lowering.windows import Window, explicit_pads


def _window(kernel: Any, strides: Any, dilations: Any, data_format: str) -> Window:
    count = len(kernel)
    return Window(tuple(kernel), spatial(strides, data_format, count), spatial(dilations, data_format, count))


def _pads(op: Context, x: ir.Value, pads: Any, window: Window) -> list[int]:
    """ONNX's pads; GE's are (front, behind) per spatial axis, and a list of -1 stands for "same"."""
    if pads and all(pad == -1 for pad in pads):
        pairs = explicit_pads(StaticSizes(x)[2:], window, "same")
    else:
        pairs = explicit_pads([0] * len(window.kernel), window, "pad", pads)
    return [one[0] for one in pairs] + [one[1] for one in pairs]


def _named(pads: Any, mode: str) -> Any:
    """The pads, or what a mode of padding puts in their place."""
    if mode in ("SAME", "SAME_UPPER"):
        return (-1,) * len(pads)
    if mode == "VALID":
        return (0,) * len(pads)
    if mode not in ("", "NOTSET", "EXPLICIT", "CALCULATED"):
        raise LoweringError(f"padding {mode!r} has no lowering; SAME and VALID have")
    return pads


def _only_float(offset_w: Any, x: ir.Value) -> None:
    if offset_w is not None or x.dtype in (ir.DataType.INT8, ir.DataType.UINT8):
        raise LoweringError("a quantized form (int8 data or offset_w) has no lowering")


def _with_bias(op: Context, y: ir.Value, bias: ir.Value | None) -> ir.Value:
    return y if bias is None else op.Add(y, op.Unsqueeze(bias, list(range(1, op.rank(y) - 1))))


@lowers_ge("Conv2D", "Conv3D")
def conv2d(
    op: Context, x: ir.Value, filter: ir.Value, bias: ir.Value | None = None, offset_w: Any = None, *, strides: Any,
    pads: Any, dilations: Any = 1, groups: int = 1, data_format: str | None = None, padding: str = "",
    auto_pad: str = "",
) -> ir.Value:  # fmt: skip
    """Convolution; pads is (front, behind) per spatial axis."""
    _only_float(offset_w, x)
    data_format = data_format or _default(op, x)
    weight, last = filter_first(op, filter, 1, data_format), is_last(data_format)
    x = channels_first(op, x) if last else x
    window = _window(StaticSizes(weight)[2:], strides, dilations, data_format)
    y = op.Conv(
        x, weight, bias, strides=window.strides, dilations=window.dilations, group=groups,
        pads=_pads(op, x, _named(pads, padding or auto_pad), window),
    )  # fmt: skip
    return channels_last(op, y) if last else y


def _default(op: Context, x: ir.Value) -> str:
    """The layout that the file records for x, or else the one that GE assumes."""
    layout = recorded(op, 0)
    if len(layout) == op.rank(x) and layout in ("NCHW", "NHWC", "NCDHW", "NDHWC"):
        return layout
    return "NHWC" if op.rank(x) == 4 else "NDHWC"


@lowers_ge("DepthwiseConv2D")
def depthwise_conv2d(
    op: Context, x: ir.Value, filter: ir.Value, bias: ir.Value | None = None, offset_w: Any = None, *, strides: Any,
    pads: Any, dilations: Any = 1, data_format: str | None = None, padding: str = "",
) -> ir.Value:  # fmt: skip
    """Convolution of each channel with its own filters: (height, width, C, K) for HWCN, else (K, C, height, width).

    As (C K, 1, height, width), the form of a grouped convolution, a channel-first filter is taken too.
    """
    _only_float(offset_w, x)
    data_format = data_format or _default(op, x)
    last = is_last(data_format)
    x = channels_first(op, x) if last else x
    weight, channels = filter_first(op, filter, 1, data_format), StaticSizes(x)[1]
    out, inner, *kernel = static_shape(weight)
    if inner == channels:
        weight = op.Reshape(op.Transpose(weight, perm=[1, 0, 2, 3]), [out * channels, 1, *kernel])
    elif inner != 1 or out % channels:
        raise LoweringError(f"a filter of shape {[out, inner, *kernel]} does not fit {channels} channels")
    window = _window(kernel, strides, dilations, data_format)
    y = op.Conv(
        x, weight, bias, strides=window.strides, dilations=window.dilations, group=channels,
        pads=_pads(op, x, _named(pads, padding), window),
    )  # fmt: skip
    return channels_last(op, y) if last else y


def _transposed(
    op: Context, x: ir.Value, weight: ir.Value, bias: ir.Value | None, input_size: Any, strides: Any, pads: Any,
    dilations: Any, groups: int, data_format: str, output_padding: Any, filter_index: int,
) -> ir.Value:  # fmt: skip
    last, weight = is_last(data_format), filter_first(op, weight, filter_index, data_format)
    x = channels_first(op, x) if last else x
    window = _window(StaticSizes(weight)[2:], strides, dilations, data_format)
    count = len(window.kernel)
    known = op.static(input_size)
    if known is not None and not known.any():
        extra = spatial(output_padding, data_format, count, others=0)
        y = transposed(op, x, weight, bias, window, groups, pads=_pads(op, x, pads, window), output_padding=extra)
    else:
        sizes = numbers_of(op, input_size)
        sizes = sizes if len(sizes) == count else (sizes[1:-1] if last else sizes[2:])
        same = all(pad == -1 for pad in pads)
        y = restored(op, x, weight, sizes, window, "same" if same else "pad", 0 if same else tuple(pads), groups)
        y = _with_bias(op, y, bias)
    return channels_last(op, y) if last else y


@lowers_ge("Conv2DTranspose", "Conv3DTranspose")
def conv2d_transpose(
    op: Context, input_size: Any, x: ir.Value, filter: ir.Value, bias: ir.Value | None = None, offset_w: Any = None, *,
    strides: Any, pads: Any, dilations: Any = 1, groups: int = 1, data_format: str | None = None,
    output_padding: Any = (0,), auto_pad: str = "", output_shape: Any = (),
) -> ir.Value:  # fmt: skip
    """Transposed convolution; filter is (in, out / groups, *kernel), input_size the result's shape, or zeros."""
    _only_float(offset_w, x)
    if output_shape:
        raise LoweringError("output_shape has no lowering; input_size has")
    return _transposed(
        op, x, filter, bias, input_size, strides, _named(pads, auto_pad), dilations, groups, data_format or _default(op, x),
        output_padding, 2,
    )  # fmt: skip


@lowers_ge("Conv2DTransposeD", "Conv3DTransposeD")
def conv2d_transpose_d(
    op: Context, x: ir.Value, filter: ir.Value, bias: ir.Value | None = None, offset_w: Any = None, *, input_size: Any,
    strides: Any, pads: Any, dilations: Any = 1, groups: int = 1, data_format: str | None = None,
    output_padding: Any = (0,),
) -> ir.Value:  # fmt: skip
    """Transposed convolution; filter is (in, out / groups, *kernel), input_size the result's shape, or zeros."""
    _only_float(offset_w, x)
    return _transposed(
        op, x, filter, bias, input_size, strides, pads, dilations, groups, data_format or _default(op, x),
        output_padding, 1,
    )  # fmt: skip


@lowers_ge("Conv2DBackpropInput", "Conv3DBackpropInput")
def conv2d_backprop_input(
    op: Context, input_size: Any, filter: ir.Value, out_backprop: ir.Value, *, strides: Any, pads: Any,
    dilations: Any = 1, groups: int = 1, data_format: str | None = None,
) -> ir.Value:  # fmt: skip
    """What a convolution of an input of input_size maps to out_backprop, by its transpose."""
    return _transposed(
        op, out_backprop, filter, None, input_size, strides, pads, dilations, groups,
        data_format or _default(op, out_backprop), (0,), 1,
    )  # fmt: skip


@lowers_ge("Conv2DBackpropInputD", "Conv3DBackpropInputD")
def conv2d_backprop_input_d(
    op: Context, filter: ir.Value, out_backprop: ir.Value, *, input_size: Any, strides: Any, pads: Any,
    dilations: Any = 1, groups: int = 1, data_format: str | None = None,
) -> ir.Value:  # fmt: skip
    """What a convolution of an input of input_size maps to out_backprop, by its transpose."""
    return _transposed(
        op, out_backprop, filter, None, input_size, strides, pads, dilations, groups,
        data_format or _default(op, out_backprop), (0,), 0,
    )  # fmt: skip


@lowers_ge("Deconvolution")
def deconvolution(
    op: Context, x: ir.Value, filter: ir.Value, bias: ir.Value | None = None, offset_w: Any = None, *,
    strides: Any = (1, 1), pads: Any = (0, 0, 0, 0), dilations: Any = (1, 1, 1, 1), groups: int = 1,
    data_format: str = "NCHW",
) -> ir.Value:  # fmt: skip
    """Transposed convolution; filter is (in, out / groups, *kernel)."""
    _only_float(offset_w, x)
    return _transposed(op, x, filter, bias, (0,), strides, pads, dilations, groups, data_format, (0,), 1)
