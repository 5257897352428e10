"""Image files -> arrays, as a description says. In this order: EXIF, colours, resize, crop, numbers, layout."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from mindferry.data.description import ImageInput
from mindferry.errors import FileProblem

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".jp2"})

Array = npt.NDArray[Any]


def is_image(path: Path) -> bool:
    """True for a file name with an image's suffix."""
    return path.suffix.lower() in SUFFIXES


def load(path: Path, wanted: ImageInput) -> Array:
    """One image as an array of the wanted element type, (C, H, W) or (H, W, C).

    Raises:
        FileProblem: the file is missing, is no readable image, or is smaller than the crop.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                return to_array(_prepare(ImageOps.exif_transpose(image), wanted, path), wanted)
    except FileNotFoundError:
        raise FileProblem(f"{path}: no such file") from None
    except UnidentifiedImageError:
        raise FileProblem(f"{path}: is not an image in a format that is known") from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise FileProblem(
            f"{path}: claims to have more than {Image.MAX_IMAGE_PIXELS:,} pixels, which is refused"
        ) from None
    except (OSError, ValueError, SyntaxError) as error:
        raise FileProblem(f"{path}: cannot be read as an image ({getattr(error, 'strerror', None) or error})") from None


def _prepare(image: Image.Image, wanted: ImageInput, path: Path) -> Image.Image:
    image = _in_color(image, "L" if wanted.color == "GRAY" else "RGB", path)
    if wanted.resize is not None:
        image = image.resize(new_size(image.size, wanted.resize), Image.Resampling[wanted.interpolation.upper()])
    if wanted.crop is None:
        return image
    height, width = wanted.crop
    if image.width < width or image.height < height:
        raise FileProblem(
            f"{path}: is {image.height} x {image.width} pixels after resizing, the crop wants {height} x {width}"
        )
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def _in_color(image: Image.Image, mode: str, path: Path) -> Image.Image:
    """The image in 8 bits a channel; 16-bit grey is scaled, alpha dropped."""
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) / 257).round().astype(np.uint8))
    elif image.mode in ("I", "F"):
        raise FileProblem(f"{path}: has 32-bit pixels, whose range is not known; convert it to 8 or 16 bits")
    return image if image.mode == mode else image.convert(mode)


def new_size(size: tuple[int, int], resize: int | tuple[int, int]) -> tuple[int, int]:
    """(width, height); with a shorter side the longer one is rounded to the nearest pixel."""
    if isinstance(resize, tuple):
        return resize[1], resize[0]
    shorter, longer = sorted(size)
    other = (2 * resize * longer + shorter) // (2 * shorter)
    return (resize, other) if size[0] <= size[1] else (other, resize)


def to_array(image: Image.Image, wanted: ImageInput) -> Array:
    """The pixels of an image that has the wanted size and colours, as numbers."""
    pixels: Array = np.asarray(image)
    if pixels.ndim == 2:
        pixels = pixels[:, :, np.newaxis]
    if wanted.color == "BGR":
        pixels = pixels[:, :, ::-1]
    if wanted.dtype != "uint8":
        pixels = pixels.astype(np.float32) * np.float32(wanted.scale)
        if wanted.mean is not None:
            pixels = pixels - np.asarray(wanted.mean, np.float32)
        if wanted.std is not None:
            pixels = pixels / np.asarray(wanted.std, np.float32)
    if wanted.layout == "NCHW":
        pixels = pixels.transpose(2, 0, 1)
    return np.ascontiguousarray(pixels, dtype=wanted.dtype)
