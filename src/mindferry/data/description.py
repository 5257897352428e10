"""NAME.toml beside a model: how an image becomes the model's input, and what its output means.

[input]
name = "x"                   # the input; may be left out where the model has one
layout = "NCHW"              # or "NHWC"
dtype = "float32"            # what the model takes
color = "RGB"                # or "BGR", "GRAY"; other images are converted, an alpha channel is dropped
resize = 256                 # the shorter side, or [height, width]; left out: the image's own size
interpolation = "bicubic"    # or "nearest", "bilinear", "box", "hamming", "lanczos"
crop = 224                   # the centre, square, or [height, width]; left out: all of it
scale = 1.0                  # multiplies the pixel values 0..255 first
mean = [127.0, 127.0, 127.0] # then (value - mean) / std, per channel
std = [128.0, 128.0, 128.0]

[output]
name = "output"              # the output; may be left out where the model has one
labels = "labels.txt"        # one class a line, beside this file
activation = "softmax"       # what makes scores probabilities, or "none"
top = 5                      # how many classes are shown
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from mindferry.errors import FileProblem, FormatError

LAYOUTS = ("NCHW", "NHWC")
COLORS = {"RGB": 3, "BGR": 3, "GRAY": 1}
"""Colour order -> channels."""
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "box", "hamming", "lanczos")
DTYPES = ("float32", "float16", "uint8")
ACTIVATIONS = ("softmax", "none")


@dataclass(frozen=True, slots=True)
class ImageInput:
    """How an image becomes an array; the defaults leave it as it is, in float32.

    Attributes:
        resize: the shorter side, (height, width), or None.
        crop: (height, width) of the centre, or None.
    """

    name: str | None = None
    layout: str = "NCHW"
    dtype: str = "float32"
    color: str = "RGB"
    resize: int | tuple[int, int] | None = None
    interpolation: str = "bilinear"
    crop: tuple[int, int] | None = None
    scale: float = 1.0
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class ClassOutput:
    """What a classifier's output means.

    Attributes:
        labels: a name for each class, or () where there are none.
    """

    name: str | None = None
    labels: tuple[str, ...] = ()
    activation: str = "none"
    top: int = 5


@dataclass(frozen=True, slots=True)
class Description:
    """A whole file; output is None where the model is no classifier.

    Attributes:
        path: the file, for messages.
    """

    path: Path
    input: ImageInput = field(default_factory=ImageInput)
    output: ClassOutput | None = None


def beside(*models: Path) -> Path | None:
    """The first description that lies beside one of the model files."""
    return next((path for model in models if (path := model.with_suffix(".toml")).is_file()), None)


def read(path: Path) -> Description:
    """The description in a TOML file.

    Raises:
        FileProblem: the file or its labels are missing or unreadable.
        FormatError: it is not TOML, or keys are unknown or their values wrong; all of them are listed.
    """
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise FileProblem(f"{path}: no such file") from None
    except OSError as error:
        raise FileProblem(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FormatError(f"not TOML: {error}", path=path) from None
    reader = _Reader()
    sections = reader.section("", data, {"input": _table, "output": _table})
    image = reader.section("input.", sections.get("input", {}), _INPUT)
    classes = reader.section("output.", sections.get("output", {}), _OUTPUT)
    _check_channels(image, reader.problems)
    if "labels" in classes:
        classes["labels"] = _labels(path.parent / classes["labels"], reader.problems)
    if reader.problems:
        raise FormatError("; ".join(reader.problems), path=path)
    return Description(path, ImageInput(**image), ClassOutput(**classes) if "output" in sections else None)


class _Wrong(Exception):
    """A value that a key does not take; the text is what it takes."""


class _Reader:
    """Collects every problem of a file."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def section(self, prefix: str, data: Mapping[str, Any], keys: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
        """The values of one section, converted; a wrong one is left out."""
        found = {}
        for key, value in data.items():
            if key not in keys:
                near = get_close_matches(key, keys, 1)
                hint = f"did you mean {near[0]}?" if near else f"it may be {', '.join(keys)}"
                self.problems.append(f"{prefix}{key} is unknown; {hint}")
                continue
            try:
                found[key] = keys[key](value)
            except _Wrong as wrong:
                self.problems.append(f"{prefix}{key} is {value!r}; it must be {wrong}")
        return found


def _table(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _Wrong("a section")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise _Wrong("a text")
    return value


def _choice(*allowed: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if value not in allowed or not isinstance(value, str):
            raise _Wrong("one of " + ", ".join(allowed))
        return value

    return check


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _positive(value: Any) -> int:
    if not _is_size(value):
        raise _Wrong("a positive whole number")
    return int(value)


def _pair(value: Any) -> tuple[int, int] | None:
    if isinstance(value, list) and len(value) == 2 and all(map(_is_size, value)):
        return value[0], value[1]
    return None


def _resize(value: Any) -> int | tuple[int, int]:
    found = value if _is_size(value) else _pair(value)
    if found is None:
        raise _Wrong("the shorter side in pixels, or [height, width]")
    return found


def _crop(value: Any) -> tuple[int, int]:
    found = (value, value) if _is_size(value) else _pair(value)
    if found is None:
        raise _Wrong("the side of a square in pixels, or [height, width]")
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")


def _number(value: Any) -> float:
    if not _is_number(value) or value == 0:
        raise _Wrong("a number other than 0")
    return float(value)


def _numbers(value: Any) -> tuple[float, ...]:
    if not isinstance(value, list) or not value or not all(map(_is_number, value)):
        raise _Wrong("a list of numbers, one per channel")
    return tuple(map(float, value))


def _divisors(value: Any) -> tuple[float, ...]:
    found = _numbers(value)
    if 0.0 in found:
        raise _Wrong("a list of numbers other than 0, one per channel")
    return found


_INPUT: dict[str, Callable[[Any], Any]] = {
    "name": _text, "layout": _choice(*LAYOUTS), "dtype": _choice(*DTYPES), "color": _choice(*COLORS), "resize": _resize,
    "interpolation": _choice(*INTERPOLATIONS), "crop": _crop, "scale": _number, "mean": _numbers, "std": _divisors,
}  # fmt: skip
_OUTPUT: dict[str, Callable[[Any], Any]] = {
    "name": _text, "labels": _text, "activation": _choice(*ACTIVATIONS), "top": _positive,
}  # fmt: skip


def _check_channels(image: Mapping[str, Any], problems: list[str]) -> None:
    color = image.get("color", "RGB")
    wrong = [key for key in ("mean", "std") if key in image and len(image[key]) != COLORS[color]]
    problems += [f"input.{key} has {len(image[key])} numbers; {color} has {COLORS[color]} channels" for key in wrong]
    if image.get("dtype") == "uint8" and (image.get("scale", 1.0) != 1.0 or "mean" in image or "std" in image):
        problems.append("input.dtype is uint8, which leaves no room for scale, mean and std")


def _labels(path: Path, problems: list[str]) -> tuple[str, ...]:
    try:
        return tuple(path.read_text("utf-8").splitlines())
    except FileNotFoundError:
        problems.append(f"output.labels names {path}, which does not exist")
    except (OSError, UnicodeDecodeError):
        problems.append(f"output.labels names {path}, which cannot be read as text")
    return ()
