"""Transposed convolutions: the gradient of a convolution with respect to its input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering import windows
from mindferry.lowering.context import Context, StaticSizes
from mindferry.lowering.helpers import channels_first, channels_last, is_channel_last, tuple_of
from mindferry.lowering.registry import lowers
from mindferry.lowering.windows import Window


def transposed(
    op: Context, x: ir.Value, weight: ir.Value, bias: ir.Value | None, window: Window, group: int, **where: Any
) -> ir.Value:
    """One ConvTranspose over channel-first x with weight (in, out / group, *kernel)."""
    steps = {"strides": window.strides, "dilations": window.dilations}
    return op.ConvTranspose(x, weight, bias, group=group, **steps, **where)


def batched(op: Context, x: ir.Value, spatial: int, function: Callable[[ir.Value], ir.Value]) -> ir.Value:
    """function(x), where x may lack the batch axis in front of its channels."""
    if op.rank(x) == spatial + 2:
        return function(x)
    return op.Squeeze(function(op.Unsqueeze(x, [0])), [0])


def restored(
    op: Context,
    x: ir.Value,
    weight: ir.Value,
    sizes: Sequence[Any],
    window: Window,
    pad_mode: Any,
    pad_list: Any,
    group: int,
) -> ir.Value:
    """What a convolution of the given spatial sizes, with the window and padding, maps to x, by its transpose.

    Args:
        sizes: the spatial sizes of the result, Python integers or 0-d values.
    """
    if not all(isinstance(size, int) for size in (*sizes, *op.shape(x)[2:])):
        return _restored_at_run_time(op, x, weight, sizes, window, pad_mode, pad_list, group)
    pads = windows.explicit_pads(sizes, window, pad_mode, pad_list)
    extra = []
    for size, given, step, reach, (front, behind) in zip(
        sizes, op.shape(x)[2:], window.strides, window.reach, pads, strict=True
    ):
        extra.append(size - ((given - 1) * step + reach - front - behind))
    if not all(0 <= more < max(step, 2) for more, step in zip(extra, window.strides, strict=True)):
        raise LoweringError(f"a convolution of {list(sizes)} does not give {list(op.shape(x)[2:])}")
    flat = [one[0] for one in pads] + [one[1] for one in pads]
    return transposed(op, x, weight, None, window, group, pads=flat, output_padding=extra)


def _restored_at_run_time(
    op: Context,
    x: ir.Value,
    weight: ir.Value,
    sizes: Sequence[Any],
    window: Window,
    pad_mode: Any,
    pad_list: Any,
    group: int,
) -> ir.Value:
    """The unpadded transpose, continued with zeros by a stride, of which a slice of the given sizes is taken."""
    count = len(window.kernel)
    full = transposed(op, x, weight, None, window, group)
    full = op.Pad(full, [*[0] * (count + 4), *window.strides])
    size = op.ints(tuple(sizes))
    if windows.pad_mode_name(pad_mode) == "same":
        strides, reach = op.constant(list(window.strides)), op.constant(list(window.reach))
        given = op.Div(op.Sub(op.Add(size, strides), 1), strides)
        needed = op.Sub(op.Add(op.Mul(op.Sub(given, 1), strides), reach), size)
        start = op.Div(op.Max(needed, op.constant([0])), op.constant([2]))
    else:
        start = op.ints([front for front, _ in windows.explicit_pads([0] * count, window, pad_mode, pad_list)])
    return op.Slice(full, start, op.Add(start, size), list(range(2, count + 2)))


@lowers("Conv2DBackpropInput", "Conv2DTranspose")
def conv2d_backprop_input(
    op: Context, x: ir.Value, weight: ir.Value, input_sizes: Any, *, stride: Any, dilation: Any = 1, pad_mode: Any = "valid",
    pad_list: Any = 0, group: int = 1, data_format: Any = "NCHW",
) -> ir.Value:  # fmt: skip
    """The transpose of a convolution of an input of input_sizes; weight is (in, out / group, height, width)."""
    sizes = _sizes(op, input_sizes, 4)
    if not is_channel_last(data_format):
        window = Window.of(StaticSizes(weight)[2:], stride, dilation)
        return restored(op, x, weight, sizes[2:], window, pad_mode, pad_list, group)
    x, weight = channels_first(op, x), channels_first(op, weight)
    window = Window.of(StaticSizes(weight)[2:], stride, dilation)
    return channels_last(op, restored(op, x, weight, sizes[1:3], window, pad_mode, pad_list, group))


@lowers("Conv3DBackpropInput")
def conv3d_backprop_input(
    op: Context, weight: ir.Value, x: ir.Value, input_size: Any, *, stride: Any, dilation: Any = 1, pad_mode: Any = "valid",
    pad_list: Any = 0, group: int = 1, data_format: Any = "NCDHW",
) -> ir.Value:  # fmt: skip
    """The transpose of a convolution of an input of input_size; weight comes first."""
    window = Window.of(StaticSizes(weight)[2:], stride, dilation)
    return restored(op, x, weight, _sizes(op, input_size, 5)[2:], window, pad_mode, pad_list, group)


def _sizes(op: Context, sizes: Any, count: int) -> list[Any]:
    """The sizes as numbers where they are known, else as 0-d values."""
    if isinstance(sizes, tuple | list):
        return list(sizes)
    known = op.static(sizes)
    return [op.Gather(sizes, index) for index in range(count)] if known is None else [int(size) for size in known]


@lowers("Conv3DTranspose")
def conv3d_transpose(
    op: Context, x: ir.Value, weight: ir.Value, bias: ir.Value | None = None, *, stride: Any, dilation: Any = 1,
    pad_mode: Any = "valid", pad_list: Any = 0, group: int = 1, output_padding: Any = 0, data_format: Any = "NCDHW",
) -> ir.Value:  # fmt: skip
    """Transposed convolution; pad_list is (head, tail, top, bottom, left, right), taken off the result."""
    window = Window.of(StaticSizes(weight)[2:], stride, dilation)
    if windows.pad_mode_name(pad_mode) == "same":
        sizes = [op.Mul(size, step) if isinstance(size, ir.Value) else size * step
                 for size, step in zip(op.shape(x)[2:], window.strides, strict=True)]  # fmt: skip
        return restored(op, x, weight, sizes, window, pad_mode, 0, group)
    where = windows.padding(x, window, pad_mode, pad_list)
    return transposed(op, x, weight, bias, window, group, output_padding=tuple_of(output_padding, 3), **where)


@lowers("ConvTranspose2D")
def conv_transpose_2d(
    op: Context, x: ir.Value, weight: ir.Value, bias: ir.Value | None = None, stride: Any = 1, padding: Any = 0,
    output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> ir.Value:  # fmt: skip
    """Transposed convolution of x, with or without a batch axis; weight is (in, out / groups, *kernel)."""
    window = Window.of(StaticSizes(weight)[2:], stride, dilation)
    count = len(window.kernel)
    where = {"pads": tuple_of(padding, count) * 2, "output_padding": tuple_of(output_padding, count)}
    return batched(op, x, count, lambda x: transposed(op, x, weight, bias, window, groups, **where))
