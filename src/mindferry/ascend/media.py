"""JPEG files decoded, resized and cut by an Ascend device's media units (DVPP), for models whose AIPP takes their pixels.

The units make NV12: brightness row by row, below it a pair of colours for each 2 x 2 pixels. AIPP makes red, green and blue
of it (YUV420SP_U8). Sizes and offsets are even. JPEGD decodes into memory whose width and height are rounded up, VPC resizes,
then cuts the centre out.
"""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from mindferry.ascend import place, socs
from mindferry.ascend.library import Releases
from mindferry.ascend.operators import imported
from mindferry.data import nv12
from mindferry.data.description import ImageInput
from mindferry.data.images import new_size
from mindferry.errors import FileProblem, MindFerryError, OptionError

_NV12 = 1
_JPEG_ROWS, _VPC_COLUMNS, _VPC_ROWS = 16, 16, 2
_JPEG_COLUMNS = {"310": 128, "910": 128}
_LATER_JPEG_COLUMNS = 64
_JPEG_SIDES = range(32, 8192 + 1)
_LEAST_STRIDE = 32
_ORIENTATION = 0x0112


@dataclass(frozen=True, slots=True)
class _Picture:
    """A picture on the device; stride and rows are its width and height with the room that the units want."""

    address: int
    width: int
    height: int
    stride: int
    rows: int

    @property
    def size(self) -> int:
        """The bytes that it takes."""
        return self.stride * self.rows * 3 // 2


class Images(place.Holder):
    """Makes the images that a description asks for out of JPEG files; close it, or use it in a `with` statement.

    Args:
        image: the description; its numbers (scale, mean, std) and colours are left to AIPP.
        device: which one of several.

    Raises:
        OptionError: the media units cannot do it.
        NotInstalled: there is no pyACL.
        NoDevice: there is no such device.
    """

    def __init__(self, image: ImageInput, *, device: int = 0) -> None:
        if found := list(nv12.problems(image)):
            raise OptionError("; ".join(found))
        self._image = image
        self._library = imported()
        self._place = place.take(self._library, device)
        self._releases = Releases(self._library)
        try:
            with self._place.entered(), self._releases.guarded():
                self._columns = _JPEG_COLUMNS.get(socs.find(self._place.soc).series, _LATER_JPEG_COLUMNS)
                self._channel = self._library.made("media.dvpp_create_channel_desc")
                self._releases.owe("media.dvpp_destroy_channel_desc", self._channel)
                self._library.call("media.dvpp_create_channel", self._channel)
                self._releases.owe("media.dvpp_destroy_channel", self._channel)
        except BaseException:
            with contextlib.suppress(MindFerryError):
                self._place.leave()
            raise

    def load(self, path: Path) -> npt.NDArray[np.uint8]:
        """The image of a file; what `decode` raises names it."""
        try:
            return self.decode(path.read_bytes())
        except FileNotFoundError:
            raise FileProblem(f"{path}: no such file") from None
        except OSError as error:
            raise FileProblem(f"{path}: cannot be read ({error.strerror or error})") from None
        except FileProblem as problem:
            raise FileProblem(f"{path}: {problem}") from None

    def decode(self, data: bytes) -> npt.NDArray[np.uint8]:
        """The image in NV12, (3/2 H, W, 1), as the model takes it.

        Args:
            data: a JPEG file.

        Raises:
            FileProblem: it is none, or one that the device does not decode, or smaller than the crop.
            RunError: the device was given back.
            BackendFailed: ACL fails; its words are in the text.
        """
        self._require_open()
        _check_file(data)
        releases = Releases(self._library)
        with self._place.entered():
            with releases.guarded():
                found = self._made(np.frombuffer(data, np.uint8), releases)
            releases.settle()
        return found

    def _made(self, data: npt.NDArray[np.uint8], releases: Releases) -> npt.NDArray[np.uint8]:
        call = self._library.call
        width, height, _ = call("media.dvpp_jpeg_get_image_info", data.ctypes.data, data.nbytes)
        resized, corner = self._plan(width, height)
        needed = call("media.dvpp_jpeg_predict_dec_size", data.ctypes.data, data.nbytes, _NV12)
        source = self._memory(data.nbytes, releases)
        call("rt.memcpy", source, data.nbytes, data.ctypes.data, data.nbytes, self._place.copy_in)
        sides = width + width % 2, height + height % 2
        decoded = self._picture(*sides, self._columns, _JPEG_ROWS, releases, least=needed)
        steps = [
            ("media.dvpp_jpeg_decode_async", (self._channel, source, data.nbytes, self._described(decoded, releases)))
        ]
        picture = _Picture(decoded.address, width // 2 * 2, height // 2 * 2, decoded.stride, decoded.rows)
        if resized != (picture.width, picture.height):
            before, picture = picture, self._picture(*resized, _VPC_COLUMNS, _VPC_ROWS, releases)
            config = self._library.made("media.dvpp_create_resize_config")
            releases.owe("media.dvpp_destroy_resize_config", config)
            steps.append(("media.dvpp_vpc_resize_async", (*self._pair(before, picture, releases), config)))
        if self._image.crop is not None and self._image.crop[::-1] != resized:
            rows, columns = self._image.crop
            before, picture = picture, self._picture(columns, rows, _VPC_COLUMNS, _VPC_ROWS, releases)
            left, top = corner
            area = self._library.made("media.dvpp_create_roi_config", left, left + columns - 1, top, top + rows - 1)
            releases.owe("media.dvpp_destroy_roi_config", area)
            steps.append(("media.dvpp_vpc_crop_async", (*self._pair(before, picture, releases), area)))
        self._work(steps, releases)
        return self._copied(picture)

    def _plan(self, width: int, height: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """Width and height after resizing, and the left and upper side of the crop; all even."""
        resize, crop = self._image.resize, self._image.crop
        if resize is None:
            columns, rows = width // 2 * 2, height // 2 * 2
        else:
            columns, rows = (side // 2 * 2 for side in new_size((width, height), resize))
        if crop is not None and (columns < crop[1] or rows < crop[0]):
            raise FileProblem(f"the image is {rows} x {columns} after resizing, the crop wants {crop[0]} x {crop[1]}")
        left, top = ((columns - crop[1]) // 4 * 2, (rows - crop[0]) // 4 * 2) if crop is not None else (0, 0)
        return (columns, rows), (left, top)

    def _memory(self, size: int, releases: Releases) -> int:
        address: int = self._library.call("media.dvpp_malloc", size)
        releases.owe("media.dvpp_free", address)
        return address

    def _picture(
        self, width: int, height: int, columns: int, rows: int, releases: Releases, *, least: int = 0
    ) -> _Picture:
        """Room for a picture, its width and height rounded up to multiples of columns and rows."""
        stride, lines = max(-(-width // columns) * columns, _LEAST_STRIDE), -(-height // rows) * rows
        address = self._memory(max(stride * lines * 3 // 2, least), releases)
        return _Picture(address, width, height, stride, lines)

    def _described(self, picture: _Picture, releases: Releases) -> int:
        handle: int = self._library.made("media.dvpp_create_pic_desc")
        releases.owe("media.dvpp_destroy_pic_desc", handle)
        values = {
            "data": picture.address, "size": picture.size, "format": _NV12, "width": picture.width,
            "height": picture.height, "width_stride": picture.stride, "height_stride": picture.rows,
        }  # fmt: skip
        for name, value in values.items():
            self._library.call(f"media.dvpp_set_pic_desc_{name}", handle, value)
        return handle

    def _pair(self, source: _Picture, result: _Picture, releases: Releases) -> tuple[int, int, int]:
        return self._channel, self._described(source, releases), self._described(result, releases)

    def _work(self, steps: list[tuple[str, tuple[Any, ...]]], releases: Releases) -> None:
        """Takes all steps in a stream of their own, which ends before what they use is given back."""
        stream = self._library.call("rt.create_stream")
        releases.owe("rt.destroy_stream", stream)
        for name, arguments in steps:
            self._library.call(name, *arguments, stream)
        self._library.call("rt.synchronize_stream", stream)

    def _copied(self, picture: _Picture) -> npt.NDArray[np.uint8]:
        """The picture on the host, without the room between its rows and planes."""
        whole = np.empty((picture.rows * 3 // 2, picture.stride), np.uint8)
        size = whole.nbytes
        self._library.call("rt.memcpy", whole.ctypes.data, size, picture.address, size, self._place.copy_out)
        bright, colours = whole[: picture.height], whole[picture.rows : picture.rows + picture.height // 2]
        return np.concatenate([bright, colours])[:, : picture.width, np.newaxis]


def _check_file(data: bytes) -> None:
    """Raises FileProblem for what JPEGD does not decode, from the file's header."""
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            if "progressive" in image.info:
                raise FileProblem("the JPEG file is progressive, which the device does not decode; save it as baseline")
            if image.mode not in ("L", "RGB"):
                raise FileProblem(f"the JPEG file has the colours {image.mode}; the device decodes YUV and grey")
            if any(side not in _JPEG_SIDES for side in image.size):
                raise FileProblem(f"{image.height} x {image.width} pixels; the device decodes 32 x 32 to 8192 x 8192")
            if image.getexif().get(_ORIENTATION, 1) != 1:
                raise FileProblem("the JPEG file is to be turned, as its EXIF says; turn its pixels before")
    except UnidentifiedImageError:
        raise FileProblem("this is no JPEG file") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise FileProblem(f"the JPEG file cannot be read ({error})") from None
