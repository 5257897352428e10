"""A description of images -> ATC's AIPP configuration for images in NV12, as an Ascend device's media units decode them.

NV12 is brightness row by row, below it a pair of colours for each 2 x 2 pixels. The units resize and cut out; AIPP makes red,
green and blue (YUV420SP_U8) and computes the numbers as for other pixels.
"""

from __future__ import annotations

from collections.abc import Iterator

from mindferry.data import aipp
from mindferry.data.description import ImageInput
from mindferry.types import DType, TensorSpec

_MATRIX = ((256, 0, 359), (256, -88, -183), (256, 454, 0))
"""Red, green and blue from JPEG's brightness and two colours, in 1/256."""


def taken(spec: TensorSpec, image: ImageInput) -> bool:
    """True where a model's input is the described image in NV12: bytes, (N, 3/2 H, W, 1)."""
    size = aipp.size(image)
    if spec.dtype is not DType.UINT8 or spec.shape is None or size is None or image.color == "GRAY":
        return False
    return tuple(spec.shape[1:]) == (size[0] * 3 // 2, size[1], 1)


def problems(image: ImageInput) -> Iterator[str]:
    """What the media units, or AIPP after them, cannot do of a description."""
    if image.color == "GRAY":
        yield "input.color is GRAY; AIPP makes three colours of NV12"
    if image.interpolation != "bilinear":
        yield f"input.interpolation is {image.interpolation}; the media units resize bilinearly"
    size = aipp.size(image)
    if size is None:
        yield "neither input.resize nor input.crop gives the size of the images"
    elif any(side % 2 for side in size):
        yield f"images of {size[0]} x {size[1]}; heights and widths in NV12 are even"


def configuration(image: ImageInput, *, rank: int = 0) -> str:
    """The text of ATC's --insert_op_conf for images in NV12 that have the model's size; rank is the input's place."""
    size = aipp.size(image)
    assert size is not None
    rows: list[tuple[str, object]] = [("aipp_mode", "static"), ("related_input_rank", rank)]
    rows += [("input_format", "YUV420SP_U8"), ("src_image_size_w", size[1]), ("src_image_size_h", size[0])]
    rows += [("csc_switch", "true"), ("rbuv_swap_switch", "false")]
    matrix = _MATRIX[::-1] if image.color == "BGR" else _MATRIX
    rows += [(f"matrix_r{row}c{place}", factor) for row, line in enumerate(matrix) for place, factor in enumerate(line)]
    rows += [("input_bias_0", 0), ("input_bias_1", 128), ("input_bias_2", 128)]
    for index, one in enumerate(aipp.numbers(image)):
        rows += [(f"mean_chn_{index}", one.mean), (f"min_chn_{index}", f"{one.minimum:.9g}")]
        rows += [(f"var_reci_chn_{index}", f"{one.factor:.9g}")]
    body = "".join(f"  {key}: {value}\n" for key, value in rows)
    return f"aipp_op {{\n{body}}}\n"
