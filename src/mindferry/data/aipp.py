"""A description of images -> ATC's AIPP configuration: the part of the preparation that the processor can do.

AIPP takes the pixels of an image as bytes, (N, H, W, C), and does in this order: swap of red and blue, crop, and
`(pixel - mean_chn - min_chn) * var_reci_chn` in float16 with an integer mean_chn. It cannot resize, and what comes before
its crop must have one size. So the host reads the image, converts its colours to RGB or grey and resizes it as before; it
crops too where the size before the crop is not the same for all images.

Since a pixel has 256 values, the difference between the two ways is computed for all of them, not estimated. A
description is refused where it is larger than float16 itself accounts for.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from mindferry.data.description import COLORS, Description, ImageInput
from mindferry.types import DType, Shape, TensorSpec, format_shape

Array = npt.NDArray[Any]

LARGEST_ERROR = 2.0**-9
"""The largest difference between host and processor, over the largest value: two roundings to float16."""

_WIDTHS, _HEIGHTS = (2, 4096), (1, 4096)
_FORMATS = {1: "YUV400_U8", 3: "RGB888_U8"}
_LARGEST_MEAN = 255
_FLOAT16_MOST = float(np.finfo(np.float16).max)


def host_part(image: ImageInput, *, crop: bool = True) -> ImageInput:
    """What remains for the host: the same image as bytes, (H, W, C), red first; without the crop where AIPP does it."""
    return ImageInput(
        name=image.name,
        layout="NHWC",
        dtype="uint8",
        color="GRAY" if image.color == "GRAY" else "RGB",
        resize=image.resize,
        interpolation=image.interpolation,
        crop=None if crop and _crops(image) else image.crop,
    )


def for_input(image: ImageInput, spec: TensorSpec) -> ImageInput:
    """What the host does for a model's input: the host's part where the model takes bytes and prepares them itself."""
    if spec.dtype is not DType.UINT8 or image.dtype == "uint8":
        return image
    return host_part(image, crop=spec.shape is not None and spec.shape[1:3] == image.resize)


def _crops(image: ImageInput) -> bool:
    """True where AIPP crops: the size before is known."""
    return image.crop is not None and isinstance(image.resize, tuple)


def size(image: ImageInput) -> tuple[int, int] | None:
    """(height, width) of what the model gets, or None where it is the image's own."""
    return image.crop or (image.resize if isinstance(image.resize, tuple) else None)


@dataclasses.dataclass(frozen=True, slots=True)
class Numbers:
    """AIPP's three numbers for one channel."""

    mean: int
    minimum: float
    factor: float


def numbers(image: ImageInput) -> list[Numbers]:
    """`(pixel * scale - mean) / std` as `(pixel - mean_chn - min_chn) * var_reci_chn`, for each channel."""
    channels = COLORS[image.color]
    means, divisors = image.mean or (0.0,) * channels, image.std or (1.0,) * channels
    found = []
    for mean, divisor in zip(means, divisors, strict=True):
        offset = mean / image.scale
        whole = min(math.floor(offset), _LARGEST_MEAN)
        found.append(Numbers(whole, offset - whole, image.scale / divisor))
    return found


def compute(pixels: Array, image: ImageInput, *, crop: bool = True) -> Array:
    """What AIPP makes of bytes (H, W, C) that the host prepared: float16, (C, H, W); in AIPP's own steps."""
    if image.color == "BGR":
        pixels = pixels[:, :, ::-1]
    if crop and _crops(image):
        left, top, height, width = _window(image)
        pixels = pixels[top : top + height, left : left + width]
    planes = [_channel(pixels[:, :, place], one) for place, one in enumerate(numbers(image))]
    return np.stack(planes)


def _channel(pixels: Array, one: Numbers) -> Array:
    with np.errstate(over="ignore"):
        whole = (pixels.astype(np.int32) - one.mean).astype(np.float16)
        return (whole - np.float16(one.minimum)) * np.float16(one.factor)


def _window(image: ImageInput) -> tuple[int, int, int, int]:
    """Left, top, height and width of the centre."""
    assert image.crop is not None and isinstance(image.resize, tuple)
    (height, width), (whole_height, whole_width) = image.crop, image.resize
    return (whole_width - width) // 2, (whole_height - height) // 2, height, width


def largest_error(image: ImageInput) -> float:
    """The largest difference between host and processor over all pixel values, over the largest value."""
    pixels = np.arange(256, dtype=np.uint8)
    worst = largest = 0.0
    for place, one in enumerate(numbers(image)):
        host = pixels.astype(np.float32) * np.float32(image.scale)
        host = host - np.float32(image.mean[place]) if image.mean else host
        host = host / np.float32(image.std[place]) if image.std else host
        found = _channel(pixels, one).astype(np.float64)
        worst = max(worst, float(np.abs(found - host).max()))
        largest = max(largest, float(np.abs(host).max()))
    return worst / largest if largest else worst


def problems(
    description: Description, shapes: Mapping[str, Shape | None] | None = None, *, crop: bool = True
) -> list[str]:
    """What AIPP cannot do of a description, and where it does not fit a model whose inputs have these shapes; all of it."""
    image = description.input
    found = [*_unable(image, crop), *_numbers_out_of_range(image)]
    if shapes is not None:
        found += _unfit(image, shapes)
    return [f"{description.path}: {problem}" for problem in found]


def _unable(image: ImageInput, crop: bool) -> Iterator[str]:
    if image.layout != "NCHW":
        yield f"input.layout is {image.layout}; AIPP feeds NCHW inputs of ONNX models"
    if image.dtype == "uint8":
        yield "input.dtype is uint8; the model takes the pixels as they are, so there is nothing for AIPP to do"
    if not crop and _crops(image):
        yield "input.crop cannot be done for image sizes that vary; leave resize and crop to the caller"
    window = size(image)
    if window is None:
        return
    sizes = [window, image.resize] if _crops(image) and isinstance(image.resize, tuple) else [window]
    for height, width in sizes:
        if not (_HEIGHTS[0] <= height <= _HEIGHTS[1] and _WIDTHS[0] <= width <= _WIDTHS[1]):
            yield f"images of {height} x {width}; AIPP takes heights of 1 to 4096 and widths of 2 to 4096"
    if (
        isinstance(image.resize, tuple)
        and image.crop
        and any(a > b for a, b in zip(image.crop, image.resize, strict=True))
    ):
        yield f"input.crop {list(image.crop)} is larger than input.resize {list(image.resize)}"


def _numbers_out_of_range(image: ImageInput) -> Iterator[str]:
    wrong = False
    for place, one in enumerate(numbers(image)):
        if one.mean < 0:
            yield f"channel {place} adds {-(one.mean + one.minimum):g} to the pixels; AIPP only subtracts"
        elif not 0 <= one.minimum <= _LARGEST_MEAN:
            yield f"channel {place} subtracts {one.mean + one.minimum:g} from the pixels; AIPP subtracts up to 510"
        elif abs(one.factor) > _FLOAT16_MOST or np.float16(one.factor) == 0:
            yield f"channel {place} multiplies by {one.factor:g}, which is outside float16"
        else:
            continue
        wrong = True
    if wrong or image.dtype == "uint8":
        return
    error = largest_error(image)
    if not math.isfinite(error):
        yield "scale, mean and std make numbers outside float16"
    elif error > LARGEST_ERROR:
        yield f"in float16, scale, mean and std miss by {error:.2g} of the largest value; {LARGEST_ERROR:.2g} is the limit"


def _unfit(image: ImageInput, shapes: Mapping[str, Shape | None]) -> Iterator[str]:
    name = image.name or next(iter(shapes), "")
    if name not in shapes:
        yield f"input.name is {image.name!r}; the model takes {', '.join(shapes)}"
        return
    if image.name is None and len(shapes) > 1:
        yield f"input.name is missing; the model takes {', '.join(shapes)}"
        return
    shape = shapes[name]
    if shape is None:
        return
    wanted = (None, COLORS[image.color], *(size(image) or (None, None)))
    fits = len(shape) == len(wanted) and all(
        needed is None or not isinstance(given, int) or given == needed
        for given, needed in zip(shape, wanted, strict=True)
    )
    if not fits:
        text = " x ".join("?" if one is None else str(one) for one in wanted[1:])
        yield f"makes images of {text} (channels, height, width), but {name} takes {format_shape(shape)}"


def configuration(image: ImageInput, *, rank: int = 0, crop: bool = True) -> str:
    """The text of ATC's --insert_op_conf; rank is the input's place among the model's."""
    channels = COLORS[image.color]
    rows: list[tuple[str, object]] = [
        ("aipp_mode", "static"),
        ("related_input_rank", rank),
        ("input_format", _FORMATS[channels]),
    ]
    if crop and _crops(image):
        left, top, height, width = _window(image)
        assert isinstance(image.resize, tuple)
        rows += [("src_image_size_w", image.resize[1]), ("src_image_size_h", image.resize[0]), ("crop", "true")]
        rows += [("load_start_pos_w", left), ("load_start_pos_h", top)]
        rows += [("crop_size_w", width), ("crop_size_h", height)]
    elif crop and (window := size(image)):
        rows += [("src_image_size_w", window[1]), ("src_image_size_h", window[0])]
    rows += [("csc_switch", "false"), ("rbuv_swap_switch", str(image.color == "BGR").lower())]
    for place, one in enumerate(numbers(image)):
        rows += [(f"mean_chn_{place}", one.mean), (f"min_chn_{place}", f"{one.minimum:.9g}")]
        rows += [(f"var_reci_chn_{place}", f"{one.factor:.9g}")]
    body = "".join(f"  {key}: {value}\n" for key, value in rows)
    return f"aipp_op {{\n{body}}}\n"
