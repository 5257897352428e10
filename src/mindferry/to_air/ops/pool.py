"""Pooling.

A ceil_mode of ONNX becomes explicit padding at the end, which leaves no room for how compilers round.
"""

from __future__ import annotations

from mindferry.errors import LoweringError
from mindferry.to_air.builder import Builder
from mindferry.to_air.ops.windows import DATA_FORMATS, full, image, image_shape, interleave, line, padding, rank_of
from mindferry.to_air.registry import to_ge
from mindferry.to_air.values import Value


@to_ge("MaxPool")
def max_pool(
    op: Builder, x: Value, *, kernel_shape: list[int], auto_pad: str = "NOTSET", ceil_mode: int = 0,
    dilations: list[int] | None = None, pads: list[int] | None = None, storage_order: int = 0,
    strides: list[int] | None = None,
) -> Value:  # fmt: skip
    """MaxPoolV3, or MaxPool3D; one dimension is an image of height 1.

    Raises:
        LoweringError: dilations or indices, which GE's operators do not have.
    """
    if len(op.results) > 1 and op.results[1] is not None:
        raise LoweringError("with indices as a second result has no exact GE form")
    pads, strides = _arguments(x, kernel_shape, auto_pad, ceil_mode, dilations, pads, strides)
    if rank_of(x) == 3:
        found = _max_pool(op, image(op, x), [1, *kernel_shape], [1, *strides], [0, pads[0], 0, pads[1]])
        return line(op, found)
    return _max_pool(op, x, kernel_shape, strides, pads)


def _max_pool(op: Builder, x: Value, window: list[int], strides: list[int], pads: list[int]) -> Value:
    shape, order = image_shape(op, len(window)), interleave(pads)
    if len(window) == 2:
        return op.MaxPoolV3(
            x, ksize=full(window), strides=full(strides), padding_mode="CALCULATED", pads=order, data_format="NCHW",
            global_pooling=False, ceil_mode=False, shape=shape,
        )  # fmt: skip
    return op.MaxPool3D(
        x, ksize=full(window), strides=full(strides), padding="CALCULATED", pads=order, dilation=[1] * 5, ceil_mode=0,
        data_format="NCDHW", shape=shape,
    )  # fmt: skip


@to_ge("AveragePool")
def average_pool(
    op: Builder, x: Value, *, kernel_shape: list[int], auto_pad: str = "NOTSET", ceil_mode: int = 0,
    count_include_pad: int = 0, dilations: list[int] | None = None, pads: list[int] | None = None,
    strides: list[int] | None = None,
) -> Value:  # fmt: skip
    """AvgPoolV2, or AvgPool3D; one dimension is an image of height 1.

    Raises:
        LoweringError: dilations, or a ceil_mode whose last windows would count padding that ONNX does not count.
    """
    given = padding(auto_pad, pads, x, kernel_shape, strides or [1] * len(kernel_shape), [1] * len(kernel_shape))
    pads, strides = _arguments(x, kernel_shape, auto_pad, ceil_mode, dilations, pads, strides)
    if count_include_pad and pads != given:
        raise LoweringError("with ceil_mode and count_include_pad has no exact GE form")
    exclusive = not count_include_pad
    if rank_of(x) == 3:
        pads = [0, pads[0], 0, pads[1]]
        return line(op, _average_pool(op, image(op, x), [1, *kernel_shape], [1, *strides], pads, exclusive))
    return _average_pool(op, x, kernel_shape, strides, pads, exclusive)


def _average_pool(
    op: Builder, x: Value, window: list[int], strides: list[int], pads: list[int], exclusive: bool
) -> Value:
    shape, order = image_shape(op, len(window)), interleave(pads)
    if len(window) == 2:
        return op.AvgPoolV2(
            x, ksize=full(window), strides=full(strides), padding_mode="CALCULATED", pads=order, data_format="NCHW",
            global_pooling=False, ceil_mode=False, exclusive=exclusive, shape=shape,
        )  # fmt: skip
    return op.AvgPool3D(
        x, ksize=full(window), strides=full(strides), pads=order, ceil_mode=False, count_include_pad=not exclusive,
        divisor_override=0, data_format=DATA_FORMATS[3], shape=shape,
    )  # fmt: skip


def _arguments(
    x: Value, window: list[int], auto_pad: str, ceil_mode: int, dilations: list[int] | None, pads: list[int] | None,
    strides: list[int] | None,
) -> tuple[list[int], list[int]]:  # fmt: skip
    """Pads and strides, with ceil_mode as padding at the end."""
    ones = [1] * len(window)
    if dilations and any(size != 1 for size in dilations):
        raise LoweringError(f"with dilations {dilations} has no GE form")
    strides = strides or ones
    pads = padding(auto_pad, pads, x, window, strides, ones)
    return (_overhang(x, window, pads, strides) if ceil_mode else pads), strides


def _overhang(x: Value, window: list[int], pads: list[int], strides: list[int]) -> list[int]:
    """The pads, with what the last windows stand over added at the end.

    A window that would begin in the padding at the end is left out, as ONNX does.
    """
    sizes, count = x.known_shape[2:], len(window)
    if -1 in sizes:
        raise LoweringError("with ceil_mode needs known spatial sizes")
    ends = []
    for size, kernel, stride, begin, end in zip(sizes, window, strides, pads[:count], pads[count:], strict=True):
        steps = -(-(size + begin + end - kernel) // stride)
        if steps * stride >= size + begin:
            steps -= 1
        ends.append(max(end, steps * stride + kernel - size - begin))
    return pads[:count] + ends


@to_ge("GlobalAveragePool")
def global_average_pool(op: Builder, x: Value) -> Value:
    return op.ReduceMean(x, list(range(2, x.rank)), keep_dims=True)


@to_ge("GlobalMaxPool")
def global_max_pool(op: Builder, x: Value) -> Value:
    return op.ReduceMax(x, list(range(2, x.rank)), keep_dims=True)
