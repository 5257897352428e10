"""Convolution and its transpose."""

from __future__ import annotations

from typing import Any

from mindferry.errors import LoweringError
from mindferry.to_air.builder import Builder
from mindferry.to_air.ops.windows import DATA_FORMATS, full, image, image_shape, interleave, line, padding, rank_of
from mindferry.to_air.registry import to_ge
from mindferry.to_air.values import Value


@to_ge("Conv")
def conv(
    op: Builder, x: Value, w: Value, b: Value | None = None, *, auto_pad: str = "NOTSET", dilations: list[int] | None = None,
    group: int = 1, kernel_shape: list[int] | None = None, pads: list[int] | None = None, strides: list[int] | None = None,
) -> Value:  # fmt: skip
    """Conv2D or Conv3D; one dimension is an image of height 1."""
    spatial = rank_of(x) - 2
    window = list(kernel_shape or w.known_shape[2:])
    strides, dilations = strides or [1] * spatial, dilations or [1] * spatial
    pads = padding(auto_pad, pads, x, window, strides, dilations)
    if spatial == 1:
        pads = [0, pads[0], 0, pads[1]]
        return line(op, _conv(op, image(op, x), image(op, w), b, [1, *strides], [1, *dilations], pads, group))
    return _conv(op, x, w, b, strides, dilations, pads, group)


def _conv(
    op: Builder,
    x: Value,
    w: Value,
    b: Value | None,
    strides: list[int],
    dilations: list[int],
    pads: list[int],
    group: int,
) -> Value:
    spatial = len(strides)
    keywords: dict[str, Any] = {
        "strides": full(strides), "pads": interleave(pads), "dilations": full(dilations), "groups": group,
        "data_format": DATA_FORMATS[spatial], "offset_x": 0, "shape": image_shape(op, spatial),
    }  # fmt: skip
    result: Value = op.call(f"Conv{spatial}D", x, w, b, **keywords)
    return result


@to_ge("ConvTranspose")
def conv_transpose(
    op: Builder, x: Value, w: Value, b: Value | None = None, *, auto_pad: str = "NOTSET", dilations: list[int] | None = None,
    group: int = 1, kernel_shape: list[int] | None = None, output_padding: list[int] | None = None,
    output_shape: list[int] | None = None, pads: list[int] | None = None, strides: list[int] | None = None,
) -> Value:  # fmt: skip
    """Conv2DTranspose or Conv3DTranspose, with the result's shape as a constant.

    Raises:
        LoweringError: the result's shape is not known, or does not follow from explicit pads.
    """
    spatial = rank_of(x) - 2
    if auto_pad not in ("NOTSET", "VALID") or output_shape:
        raise LoweringError("needs explicit pads, not auto_pad or output_shape")
    if not op.result.is_static:
        raise LoweringError("needs a known shape; give the model's input shapes")
    strides, dilations = strides or [1] * spatial, dilations or [1] * spatial
    pads, output_padding = pads or [0] * (2 * spatial), output_padding or [0] * spatial
    if spatial == 1:
        x, w = image(op, x), image(op, w)
        strides, dilations, output_padding = [1, *strides], [1, *dilations], [0, *output_padding]
        pads = [0, pads[0], 0, pads[1]]
    shape = image_shape(op, len(strides))
    assert shape is not None
    keywords: dict[str, Any] = {
        "strides": full(strides), "pads": interleave(pads), "dilations": full(dilations), "groups": group,
        "data_format": DATA_FORMATS[len(strides)], "output_padding": [0, 0, *output_padding], "offset_x": 0,
        "gives": x.dtype, "shape": shape,
    }  # fmt: skip
    name = f"Conv{len(strides)}DTranspose"
    result: Value = op.call(name, list(shape), x, w, b, **keywords)
    return line(op, result) if spatial == 1 else result
