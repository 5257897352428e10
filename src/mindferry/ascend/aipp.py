"""AIPP, the part of an Ascend processor that prepares images: its configuration, and what it computes.

A configuration is text in protobuf's form, `aipp_op { key: value ... }` for each input that is prepared. The input then
takes bytes instead of numbers: the pixels of images, row by row. The unit takes a part of each image, swaps channels,
converts colours, computes `(pixel - mean_chn - min_chn) * var_reci_chn` in float16 and pads, in this order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from mindferry.errors import FormatError

Array = npt.NDArray[Any]

FORMATS = {"YUV420SP_U8": 1, "XRGB8888_U8": 2, "RGB888_U8": 5, "YUV400_U8": 10}
"""Format of the pixels -> aclAippInputFormat."""

_CHANNELS = {"YUV420SP_U8": 3, "XRGB8888_U8": 4, "RGB888_U8": 3, "YUV400_U8": 1}
_NAMES = ("input_format", "aipp_mode")
_SWITCHES = ("crop", "padding", "csc_switch", "rbuv_swap_switch", "ax_swap_switch", "resize")
_WHOLE = (
    "related_input_rank", "src_image_size_w", "src_image_size_h", "load_start_pos_w", "load_start_pos_h", "crop_size_w",
    "crop_size_h", "left_padding_size", "right_padding_size", "top_padding_size", "bottom_padding_size", "padding_value",
    "mean_chn_0", "mean_chn_1", "mean_chn_2", "mean_chn_3", *(f"matrix_r{row}c{column}" for row in range(3) for column in range(3)),
    *(f"{side}_bias_{index}" for side in ("input", "output") for index in range(3)), "max_src_image_size",
)  # fmt: skip
_NUMBERS = tuple(f"{name}_{index}" for name in ("min_chn", "var_reci_chn") for index in range(4))
_TOKEN = re.compile(r"\s*(?:#[^\n]*\n?|([A-Za-z_]\w*)\s*(:?)\s*|([{}])|([^\s{}#:]+))")


@dataclass(frozen=True, slots=True)
class Operation:
    """What is done to one input.

    Attributes:
        rank: the input's place among the model's.
        pixels: the format, a key of FORMATS.
        size: height and width of the images that come in, (0, 0) where they are the model's own.
        values: the other settings by their names in the configuration.
    """

    rank: int
    pixels: str
    size: tuple[int, int]
    values: Mapping[str, float] = field(default_factory=dict)

    def value(self, name: str, default: float = 0) -> float:
        """A setting."""
        return self.values.get(name, default)

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Operation:
        """What `as_dict` gave."""
        height, width = data["size"]
        return cls(data["rank"], data["pixels"], (height, width), data["values"])


def parse(text: str) -> list[Operation]:
    """The operations of a configuration.

    Raises:
        FormatError: it is broken, or asks for what is not simulated.
    """
    operations = [_operation(fields) for fields in _blocks(text)]
    ranks = [operation.rank for operation in operations]
    if not operations:
        raise FormatError("there is no aipp_op")
    if len(set(ranks)) != len(ranks):
        raise FormatError(f"related_input_rank {ranks} names an input twice")
    return operations


def _blocks(text: str) -> Iterator[dict[str, str]]:
    found: dict[str, str] | None = None
    key = ""
    position = 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            raise FormatError(f"nobody knows what {text[position : position + 20]!r} is", offset=position)
        position = match.end()
        word, colon, brace, other = match.groups()
        if brace == "{":
            if key != "aipp_op" or found is not None:
                raise FormatError(f"expected aipp_op before {{, found {key!r}", offset=match.start())
            found, key = {}, ""
        elif brace == "}":
            if found is None or key:
                raise FormatError("a } without its {, or a key without its value", offset=match.start())
            yield found
            found = None
        elif word and (colon or found is None):
            key = word
        elif word or other:
            if found is None or not key:
                raise FormatError(f"{word or other!r} has no key", offset=match.start())
            if key in found:
                raise FormatError(f"{key} is given twice", offset=match.start())
            found[key], key = (word or other).strip('"'), ""
    if found is not None:
        raise FormatError("an aipp_op is not closed")


def _operation(fields: Mapping[str, str]) -> Operation:
    if unknown := sorted(fields.keys() - {*_NAMES, *_SWITCHES, *_WHOLE, *_NUMBERS}):
        raise FormatError(f"there is no AIPP setting {', '.join(unknown)}")
    if fields.get("aipp_mode") != "static":
        raise FormatError(f"aipp_mode is {fields.get('aipp_mode')!r}; only static preparation is simulated")
    if fields.get("resize") == "true":
        raise FormatError("AIPP cannot resize on this processor")
    pixels = fields.get("input_format", "")
    if pixels not in FORMATS:
        raise FormatError(f"input_format {pixels!r} is none of {', '.join(FORMATS)}")
    values = {name: _number(name, text) for name, text in fields.items() if name not in _NAMES}
    size = int(values.get("src_image_size_h", 0)), int(values.get("src_image_size_w", 0))
    if pixels == "YUV420SP_U8" and any(length % 2 for length in size):
        raise FormatError(f"images of {size[0]} x {size[1]}; those in YUV420SP_U8 have even heights and widths")
    return Operation(int(values.get("related_input_rank", 0)), pixels, size, values)


def _number(name: str, text: str) -> float:
    if name in _SWITCHES:
        if text not in ("true", "false"):
            raise FormatError(f"{name} is {text!r}, not true or false")
        return float(text == "true")
    try:
        return float(int(text)) if name in _WHOLE else float(text)
    except ValueError:
        raise FormatError(f"{name} is {text!r}, not a number") from None


def source_size(operation: Operation, height: int, width: int) -> tuple[int, int]:
    """Height and width of the images that come in, for a model that takes this height and width."""
    return operation.size if all(operation.size) else (height, width)


def source_bytes(operation: Operation, height: int, width: int) -> int:
    """The bytes of one image of this height and width."""
    return (
        height * width * 3 // 2 if operation.pixels == "YUV420SP_U8" else height * width * _CHANNELS[operation.pixels]
    )


def source_dims(operation: Operation, batch: int, height: int, width: int) -> tuple[int, ...]:
    """The shape that the input has: channels last; two bytes of colour for four pixels stand below the brightness."""
    if operation.pixels == "YUV420SP_U8":
        return (batch, height * 3 // 2, width, 1)
    return (batch, height, width, _CHANNELS[operation.pixels])


def result_size(operation: Operation, height: int, width: int) -> tuple[int, int]:
    """Height and width of what the unit makes of images of this height and width."""
    if operation.value("crop"):
        start = operation.value("load_start_pos_h"), operation.value("load_start_pos_w")
        height = int(operation.value("crop_size_h", height - start[0]))
        width = int(operation.value("crop_size_w", width - start[1]))
    if operation.value("padding"):
        height += int(operation.value("top_padding_size") + operation.value("bottom_padding_size"))
        width += int(operation.value("left_padding_size") + operation.value("right_padding_size"))
    return height, width


def compute(operation: Operation, images: npt.NDArray[np.uint8], height: int, width: int) -> Array:
    """What the unit makes of images of this height and width, one in a row of bytes: float16, (N, C, H, W)."""
    planes = _planes(operation, images.reshape(len(images), -1), height, width)
    if operation.value("crop"):
        top, left = int(operation.value("load_start_pos_h")), int(operation.value("load_start_pos_w"))
        rows, columns = result_size(_without_padding(operation), height, width)
        planes = planes[:, :, top : top + rows, left : left + columns]
    if operation.value("ax_swap_switch") and planes.shape[1] == 4:
        planes = planes[:, [1, 2, 3, 0]]
    if operation.value("rbuv_swap_switch") and planes.shape[1] >= 3:
        planes = planes[:, [2, 1, 0, *range(3, planes.shape[1])]]
    if operation.value("csc_switch"):
        planes = _converted(operation, planes)
    return _padded(operation, _normalized(operation, planes[:, :3] if planes.shape[1] == 4 else planes))


def _without_padding(operation: Operation) -> Operation:
    return Operation(operation.rank, operation.pixels, operation.size, {**operation.values, "padding": 0})


def _planes(operation: Operation, rows: Array, height: int, width: int) -> Array:
    """The pixels as (N, C, H, W); the colours of four pixels are each pixel's own."""
    if operation.pixels != "YUV420SP_U8":
        return rows.reshape(len(rows), height, width, _CHANNELS[operation.pixels]).transpose(0, 3, 1, 2)
    bright = rows[:, : height * width].reshape(-1, 1, height, width)
    colour = rows[:, height * width :].reshape(-1, height // 2, width // 2, 2).transpose(0, 3, 1, 2)
    return np.concatenate([bright, colour.repeat(2, axis=2).repeat(2, axis=3)], axis=1)


def _converted(operation: Operation, planes: Array) -> Array:
    """Another colour space: a matrix of 1/256, biases before and after, and the range of a byte."""
    matrix = np.array(
        [[operation.value(f"matrix_r{row}c{column}") for column in range(3)] for row in range(3)], np.int64
    )
    before = np.array([operation.value(f"input_bias_{index}") for index in range(3)], np.int64).reshape(3, 1, 1)
    after = np.array([operation.value(f"output_bias_{index}") for index in range(3)], np.int64).reshape(3, 1, 1)
    mixed = np.einsum("rc,nchw->nrhw", matrix, planes[:, :3].astype(np.int64) - before) >> 8
    found: Array = np.clip(mixed + after, 0, 255)
    return found


def _normalized(operation: Operation, planes: Array) -> Array:
    found = []
    with np.errstate(over="ignore"):
        for index in range(planes.shape[1]):
            mean = int(operation.value(f"mean_chn_{index}"))
            whole = (planes[:, index].astype(np.int32) - mean).astype(np.float16)
            least = np.float16(operation.value(f"min_chn_{index}"))
            found.append((whole - least) * np.float16(operation.value(f"var_reci_chn_{index}", 1)))
    return np.stack(found, axis=1)


def _padded(operation: Operation, planes: Array) -> Array:
    if not operation.value("padding"):
        return planes
    rows = int(operation.value("top_padding_size")), int(operation.value("bottom_padding_size"))
    columns = int(operation.value("left_padding_size")), int(operation.value("right_padding_size"))
    return np.pad(planes, ((0, 0), (0, 0), rows, columns), constant_values=operation.value("padding_value"))
