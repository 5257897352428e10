"""`acl.media`, second part: JPEG files are decoded, and parts of pictures cut out and resized.

The limits are those of CANN's documents for JPEGD and VPC ("Functions and Restrictions", pyACL pages 0295 and 0320). Pixels are
computed by Pillow: brightness is what its decoder gives, the colour of four pixels the mean of theirs, which differs from
the units in the last bits. Pictures are NV12: brightness row by row, below it a pair of colours for each 2 x 2 pixels.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, UnidentifiedImageError

from mindferry.ascend import socs
from mindferry.ascend.simulator import codes, media, memory, world
from mindferry.ascend.simulator.call import call
from mindferry.ascend.simulator.errors import Refused
from mindferry.ascend.simulator.memory import Bytes
from mindferry.ascend.simulator.rt_memory import bytes_at

_NV12 = 1
_JPEG_SIDES = range(32, 8192 + 1)
_LARGEST_SOURCE, _LARGEST_RESULT = 8192, 4096
_SMALLEST = 10, 6
_STRIDES = range(32, 16384 + 1), range(6, 16384 + 1)
_LARGEST_FACTOR, _LARGEST_DIVISOR = 16, 32
_FILTERS = (Image.Resampling.BILINEAR, Image.Resampling.BILINEAR, Image.Resampling.NEAREST)
_FIRST_GENERATION = ("310", "910")
_ORIENTATION = 0x0112
_SAMPLINGS = {(1, 1), (2, 1), (2, 2), (1, 2)}


@dataclass(frozen=True, slots=True)
class _Picture:
    """A picture in memory for media; its address, real size and size with the room between rows and planes."""

    address: int
    width: int
    height: int
    stride: int
    rows: int

    @property
    def size(self) -> int:
        """The bytes that it takes."""
        return self.stride * self.rows * 3 // 2

    def planes(self) -> tuple[Bytes, Bytes]:
        """Brightness (H, W) and colours (H/2, W/2, 2), as parts of the memory."""
        whole = media.media_bytes(self.address, self.size).reshape(self.rows * 3 // 2, self.stride)
        colours = whole[self.rows : self.rows + self.height // 2, : self.width]
        return whole[: self.height, : self.width], colours.reshape(self.height // 2, -1, 2)

    def write(self, bright: Bytes, colours: Bytes) -> None:
        """Fills the picture."""
        whole = media.media_bytes(self.address, self.size).reshape(self.rows * 3 // 2, self.stride)
        whole[: self.height, : self.width] = bright
        whole[self.rows : self.rows + self.height // 2, : self.width] = colours.reshape(self.height // 2, self.width)


def _picture(handle: int, what: str) -> _Picture:
    """The picture that a description describes.

    Raises:
        Refused: it is not NV12, or its memory does not suffice.
    """
    values = media.picture(handle).values
    if values["format"] != _NV12:
        raise Refused(codes.INVALID_PARAM, f"the {what} has format {values['format']}; only 1 (NV12) is simulated")
    found = _Picture(values["data"], values["width"], values["height"], values["width_stride"], values["height_stride"])
    if found.stride < found.width or found.rows < found.height:
        raise Refused(
            codes.INVALID_PARAM,
            f"the {what} is {found.width} x {found.height}, but its strides are {found.stride} x {found.rows}",
        )
    if values["size"] < found.size:
        raise Refused(
            codes.INVALID_PARAM, f"the {what} takes {found.size} bytes, its description says {values['size']}"
        )
    media.media_bytes(found.address, found.size)
    return found


def _aligned(length: int, to: int) -> int:
    return -(-length // to) * to


def _jpeg_stride() -> int:
    """What JPEGD rounds widths up to: 128 on the first generation, 64 on later ones."""
    return 128 if socs.find(world.current().settings.soc).series in _FIRST_GENERATION else 64


def _header(data: bytes) -> Image.Image:
    """A JPEG file, its pixels not yet decoded.

    Raises:
        Refused: it is none, or one that JPEGD does not decode.
    """
    try:
        image = Image.open(io.BytesIO(data), formats=["JPEG"])
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise Refused(codes.INVALID_PARAM, f"this is no JPEG file: {error}") from None
    if image.mode not in ("L", "RGB"):
        raise Refused(codes.INVALID_PARAM, f"the JPEG file has the colours {image.mode}; JPEGD decodes YUV")
    if "progressive" in image.info:
        raise Refused(codes.INVALID_PARAM, "the JPEG file is progressive; JPEGD decodes baseline files")
    if image.width not in _JPEG_SIDES or image.height not in _JPEG_SIDES:
        raise Refused(codes.INVALID_PARAM, f"{image.width} x {image.height} pixels; JPEGD takes 32 x 32 to 8192 x 8192")
    return image


def _host_header(address: int, size: int) -> Image.Image:
    if memory.is_device(address) and world.current().settings.run_mode == world.HOST:
        raise Refused(codes.INVALID_PARAM, f"{address:#x} is device memory; the header is read from host memory")
    return _header(bytes_at(address, size, codes.INVALID_PARAM).tobytes())


@call("media.dvpp_jpeg_get_image_info", "kI", fails=(0, 0, 0))
def dvpp_jpeg_get_image_info(address: int, size: int) -> tuple[int, int, int]:
    image = _host_header(address, size)
    return image.width, image.height, len(image.getbands())


@call("media.dvpp_jpeg_predict_dec_size", "kIi", fails=(0,))
def dvpp_jpeg_predict_dec_size(address: int, size: int, pixels: int) -> int:
    if pixels != _NV12:
        raise Refused(codes.INVALID_PARAM, f"pixel format {pixels}; only 1 (NV12) is simulated")
    image = _host_header(address, size)
    return _aligned(image.width, _jpeg_stride()) * _aligned(image.height, 16) * 3 // 2


@call("media.dvpp_jpeg_decode_async", "kkIkk", needs="context")
def dvpp_jpeg_decode_async(channel: int, address: int, size: int, result: int, stream: int) -> None:
    media.check_channel(channel)
    queue, picture = world.current().stream(stream), _picture(result, "result")
    media.media_bytes(address, size)
    if picture.stride != _aligned(picture.width, _jpeg_stride()) or picture.rows != _aligned(picture.height, 16):
        raise Refused(
            codes.INVALID_PARAM,
            f"strides of {picture.stride} x {picture.rows} for {picture.width} x {picture.height} pixels; JPEGD writes "
            f"multiples of {_jpeg_stride()} x 16",
        )

    def decode() -> None:
        try:
            picture.write(*_decoded(media.media_bytes(address, size).tobytes(), picture))
        except (Refused, OSError, SyntaxError, ValueError) as error:
            raise Refused(codes.RT_AICPU_EXCEPTION, f"the JPEG file cannot be decoded: {error}") from None

    queue.submit(decode)


def _decoded(data: bytes, picture: _Picture) -> tuple[Bytes, Bytes]:
    """Brightness and colours of a JPEG file; an odd last row or column is there twice."""
    image = _header(data)
    if image.getexif().get(_ORIENTATION, 1) != 1:
        raise ValueError("it is to be turned as its EXIF says, which is not simulated")
    even = _aligned(image.width, 2), _aligned(image.height, 2)
    if (picture.width, picture.height) != even:
        raise ValueError(f"it has {even[0]} x {even[1]} pixels, the result {picture.width} x {picture.height}")
    if image.mode == "L":
        planes = np.full((image.height, image.width, 3), 128, np.uint8)
        planes[:, :, 0] = np.asarray(image)
    else:
        image.draft("YCbCr", None)
        planes = np.asarray(image)
    planes = np.pad(planes, ((0, even[1] - image.height), (0, even[0] - image.width), (0, 0)), mode="edge")
    return planes[:, :, 0], _colours(planes[:, :, 1:])


def _colours(planes: Bytes) -> Bytes:
    """The mean colour of each 2 x 2 pixels."""
    height, width, _ = planes.shape
    total = planes.reshape(height // 2, 2, width // 2, 2, 2).sum((1, 3), dtype=np.uint16)
    found: Bytes = ((total + 2) // 4).astype(np.uint8)
    return found


def _check_vpc(source: _Picture, result: _Picture) -> None:
    """Raises Refused where VPC takes or makes no such picture."""
    for what, picture, most in (("source", source, _LARGEST_SOURCE), ("result", result, _LARGEST_RESULT)):
        sides = (picture.width, picture.height)
        if any(not low <= side <= most for low, side in zip(_SMALLEST, sides, strict=True)):
            raise Refused(
                codes.INVALID_PARAM, f"the {what} has {sides[0]} x {sides[1]} pixels; VPC takes 10 x 6 to {most}"
            )
        if (
            picture.stride % 16
            or picture.rows % 2
            or picture.stride not in _STRIDES[0]
            or picture.rows not in _STRIDES[1]
        ):
            raise Refused(
                codes.INVALID_PARAM,
                f"the {what} has strides of {picture.stride} x {picture.rows}; VPC takes multiples of 16 x 2, at least 32 x 6",
            )
    if result.width % 2 or result.height % 2:
        raise Refused(codes.INVALID_PARAM, f"the result has {result.width} x {result.height} pixels; both must be even")


def _check_factors(width: int, height: int, result: _Picture) -> None:
    for old, new in ((width, result.width), (height, result.height)):
        if new > old * _LARGEST_FACTOR or new * _LARGEST_DIVISOR < old:
            raise Refused(codes.INVALID_PARAM, f"{old} pixels cannot become {new}; VPC resizes by 1/32 to 16")


def _submit(channel: int, source: int, result: int, area: dict[str, int] | None, filtered: int, stream: int) -> None:
    """Cuts the area out of the source and resizes it to the result; VPC rounds odd sizes of a source down."""
    media.check_channel(channel)
    queue = world.current().stream(stream)
    before, after = _picture(source, "source"), _picture(result, "result")
    _check_vpc(before, after)
    width, height = before.width // 2 * 2, before.height // 2 * 2
    part = area or {"left": 0, "right": width - 1, "top": 0, "bottom": height - 1}
    if part["left"] % 2 or part["top"] % 2 or not part["right"] % 2 or not part["bottom"] % 2:
        raise Refused(codes.INVALID_PARAM, f"the region {part} must start at even and end at odd pixels")
    if not (part["left"] < part["right"] < width and part["top"] < part["bottom"] < height):
        raise Refused(codes.INVALID_PARAM, f"the region {part} is not inside {width} x {height} pixels")
    _check_factors(part["right"] - part["left"] + 1, part["bottom"] - part["top"] + 1, after)
    box = part["left"], part["top"], part["right"] + 1, part["bottom"] + 1

    def compute() -> None:
        bright, colours = before.planes()
        half = [side // 2 for side in box]
        pieces = [_resized(bright[box[1] : box[3], box[0] : box[2]], after.width, after.height, filtered)]
        for index in range(2):
            plane = colours[half[1] : half[3], half[0] : half[2], index]
            pieces.append(_resized(plane, after.width // 2, after.height // 2, filtered))
        after.write(pieces[0], np.stack(pieces[1:], axis=-1))

    queue.submit(compute)


def _resized(plane: Bytes, width: int, height: int, filtered: int) -> Bytes:
    image = Image.fromarray(np.ascontiguousarray(plane))
    return np.asarray(image.resize((width, height), _FILTERS[filtered]))


@call("media.dvpp_vpc_resize_async", "kkkkk", needs="context")
def dvpp_vpc_resize_async(channel: int, source: int, result: int, config: int, stream: int) -> None:
    _submit(channel, source, result, None, media.resizing(config).interpolation, stream)


@call("media.dvpp_vpc_crop_async", "kkkkk", needs="context")
def dvpp_vpc_crop_async(channel: int, source: int, result: int, area: int, stream: int) -> None:
    _submit(channel, source, result, dict(media.region(area).values), 0, stream)


@call("media.dvpp_vpc_crop_resize_async", "kkkkkk", needs="context")
def dvpp_vpc_crop_resize_async(channel: int, source: int, result: int, area: int, config: int, stream: int) -> None:
    _submit(channel, source, result, dict(media.region(area).values), media.resizing(config).interpolation, stream)
