"""Max pooling with the places of the largest elements, and its inverse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering import windows
from mindferry.lowering.context import Context, StaticSizes
from mindferry.lowering.dtypes import is_integer
from mindferry.lowering.helpers import channels_first, channels_last, computed_in, is_channel_last, tuple_of
from mindferry.lowering.ops.pool import max_pool_over
from mindferry.lowering.ops.pool_adaptive import places_of
from mindferry.lowering.registry import lowers
from mindferry.lowering.windows import Padding, Window

_KERNELS = (ir.DataType.FLOAT16, ir.DataType.FLOAT, ir.DataType.DOUBLE, ir.DataType.INT8, ir.DataType.UINT8)


def max_pool_places(
    op: Context, x: ir.Value, window: Window, padding: Padding, dtype: ir.DataType
) -> tuple[ir.Value, ir.Value]:
    """The largest element of each window of channel-first x, and its index within its channel, in dtype."""
    values, places = _max_pool(op, x, window, padding)
    return values, op.cast(op.Mod(places, _count(op, x, 2)), dtype)


def _max_pool(op: Context, x: ir.Value, window: Window, padding: Padding) -> Any:
    """The largest element of each window, and its index in the whole of x."""
    return computed_in(op, _KERNELS, lambda x: max_pool_over(op, x, window, padding, outputs=2), x)


def _count(op: Context, x: ir.Value, axis: int) -> ir.Value:
    """How many elements the axes from `axis` on have."""
    return op.ReduceProd(op.Slice(op.Shape(x), [axis], [op.rank(x)], [0]), keepdims=0)


@lowers("MaxPoolWithArgmax")
def max_pool_with_argmax(
    op: Context, x: ir.Value, *, kernel_size: Any, strides: Any, pad_mode: Any, data_format: Any = "NCHW"
) -> tuple[ir.Value, ir.Value]:
    """The largest element of each window and its index within its sample; kernel_size is (1, height, width, 1)."""
    if is_channel_last(data_format):
        raise LoweringError("data_format NHWC runs on no MindSpore device that could be compared with")
    window = Window.of(_middle(kernel_size), _middle(strides))
    if windows.pad_mode_name(pad_mode) == "same":
        padding = _half_overlap(StaticSizes(x)[2:], window)
    else:
        padding = Padding.of(x, window, pad_mode)
    values, places = _max_pool(op, x, window, padding)
    return values, op.cast(op.Mod(places, _count(op, x, 1)), op.dtype_of_result(1, ir.DataType.INT32))


def _half_overlap(sizes: Sequence[int], window: Window) -> Padding:
    """This primitive's own pad_mode "same": half of what windows overlap in front, what is missing behind."""
    front, behind = [], []
    for size, kernel, stride in zip(sizes, window.kernel, window.strides, strict=True):
        front.append(max(0, kernel - stride) // 2)
        behind.append(max(0, (-(-size // stride) - 1) * stride + kernel - size - front[-1]))
    return Padding(tuple(front), tuple(behind), (0,) * len(front))


def _middle(numbers: Any) -> tuple[int, ...]:
    return tuple(numbers[1:3]) if isinstance(numbers, tuple | list) and len(numbers) == 4 else tuple_of(numbers, 2)


def _symmetric(
    x: ir.Value, kernel_size: Any, strides: Any, pads: Any, dilation: Any, ceil_mode: bool, count: int
) -> tuple[Window, Padding]:
    """The window, with the kernel's size as default stride, and the same padding on both sides of an axis."""
    window = Window.of(tuple_of(kernel_size, count), kernel_size if strides in (None, ()) else strides, dilation)
    pad_list = [pad for pad in tuple_of(pads, count) for _ in range(2)]
    return window, Padding.of(x, window, "pad", pad_list, ceil_mode=ceil_mode)


@lowers("MaxPoolWithArgmaxV2", "MaxPoolWithIndices")
def max_pool_with_argmax_v2(
    op: Context, x: ir.Value, *, kernel_size: Any, strides: Any = None, pads: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, argmax_type: Any = None,
) -> tuple[ir.Value, ir.Value]:  # fmt: skip
    """The largest element of each window, and its index within its channel."""
    where = _symmetric(x, kernel_size, strides, pads, dilation, ceil_mode, 2)
    return max_pool_places(op, x, *where, op.dtype_of_result(1, ir.DataType.INT64))


@lowers("MaxPool3DWithArgmax")
def max_pool_3d_with_argmax(
    op: Context, x: ir.Value, *, kernel_size: Any, strides: Any = None, pads: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, data_format: Any = "NCDHW", argmax_type: Any = None,
) -> tuple[ir.Value, ir.Value]:  # fmt: skip
    """The largest element of each window, and its index within its channel.

    Where a window of integers holds only negative ones, MindSpore gives 0 and the index of its first element.
    """
    window, padding = _symmetric(x, kernel_size, strides, pads, dilation, ceil_mode, 3)
    dtype = op.dtype_of_result(1, ir.DataType.INT64)
    values, places = max_pool_places(op, x, window, padding, dtype)
    if not is_integer(x.dtype):
        return values, places
    zero = op.cast(0, x.dtype)
    backwards = op.cast(op.Neg(places_of(op, x, 3)), ir.DataType.DOUBLE)
    first = op.cast(op.Neg(max_pool_over(op, backwards, window, padding)), dtype)
    negative = op.Less(values, zero)
    return op.Where(negative, zero, values), op.Where(negative, first, places)


@lowers("MaxPoolWithMask")
def max_pool_with_mask(
    op: Context, x: ir.Value, kernel_size: Any, strides: Any = None, pads: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, argmax_type: Any = None,
) -> tuple[ir.Value, None]:  # fmt: skip
    """The largest element of each window; the mask, whose layout only Ascend knows, is not there to be used."""
    return max_pool_over(op, x, *_symmetric(x, kernel_size, strides, pads, dilation, ceil_mode, 2)), None


@lowers("FuncMaxPool2D")
def func_max_pool_2d(
    op: Context, x: ir.Value, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """The largest element of each window of x, with or without a batch axis, and its place."""
    images = x if op.rank(x) == 4 else op.Unsqueeze(x, [0])
    where = _symmetric(images, kernel_size, stride, padding, dilation, ceil_mode, 2)
    results = max_pool_places(op, images, *where, op.dtype_of_result(1, ir.DataType.INT64))
    return results if images is x else tuple(op.Squeeze(one, [0]) for one in results)


@lowers("MaxUnpool2D", "MaxUnpool3D")
def max_unpool(
    op: Context, x: ir.Value, places: ir.Value, *, kernel_size: Any, strides: Any, pads: Any = 0, output_shape: Any = (),
    data_format: Any = "NCHW",
) -> ir.Value:  # fmt: skip
    """Zeros, with the elements of x at their places within their channel."""
    last = is_channel_last(data_format)
    if last:
        x, places = channels_first(op, x), channels_first(op, places)
    count = op.rank(x) - 2
    if output_shape:
        sizes = list(output_shape[1:-1] if last else output_shape[-count:])
    else:
        window = Window.of(tuple_of(kernel_size, count), strides)
        sizes = unpooled_sizes(op, x, window, tuple_of(pads, count))
    result = put_at(op, x, places, sizes)
    return channels_last(op, result) if last else result


def unpooled_sizes(op: Context, x: ir.Value, window: Window, pads: tuple[int, ...]) -> list[Any]:
    """(size - 1) stride - 2 pad + kernel for each spatial axis."""
    sizes: list[Any] = []
    for size, stride, pad, kernel in zip(op.shape(x)[2:], window.strides, pads, window.kernel, strict=True):
        rest = kernel - 2 * pad - stride
        sizes.append(size * stride + rest if isinstance(size, int) else op.Add(op.Mul(size, stride), rest))
    return sizes


def put_at(op: Context, x: ir.Value, places: ir.Value, sizes: list[Any]) -> ir.Value:
    """Zeros of the spatial sizes, with the elements of x (N, C, ...) at their places within their channel."""
    shape = op.Concat(op.Slice(op.Shape(x), [0], [2], [0]), op.ints(tuple(sizes)), axis=0)
    zeros = op.Reshape(op.Expand(op.cast(0, x.dtype), shape), [0, 0, -1])
    flat = [op.Reshape(one, [0, 0, -1]) for one in (places, x)]
    return op.Reshape(op.ScatterElements(zeros, *flat, axis=2), shape)


@lowers("MaxUnpool2DExt")
def max_unpool_2d_ext(
    op: Context, x: ir.Value, indices: ir.Value, kernel_size: Any, stride: Any = None, padding: Any = 0,
    output_size: Any = None,
) -> ir.Value:  # fmt: skip
    """Zeros, with the elements of x, with or without a batch axis, at their places within their channel."""
    images = x if op.rank(x) == 4 else op.Unsqueeze(x, [0])
    indices = indices if images is x else op.Unsqueeze(indices, [0])
    window = Window.of(tuple_of(kernel_size, 2), kernel_size if stride in (None, ()) else stride)
    if output_size is None or output_size == ():
        sizes = unpooled_sizes(op, images, window, tuple_of(padding, 2))
    else:
        sizes = list(output_size)[-2:]
    result = put_at(op, images, indices, sizes)
    return result if images is x else op.Squeeze(result, [0])
