"""What a user names as input: arrays (`.npz`, `.npy`, JSON from a file or from stdin), images, folders of images.

`NAME=FILE` gives one input, `NAME=FILE.npz:ARRAY` an array of another name; a bare `.npz` or JSON object gives inputs by
name, a bare `.npy` or JSON list the only one.
"""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mindferry.data import images
from mindferry.errors import BadFeed, FileProblem, FormatError, OptionError
from mindferry.types import TensorSpec

STDIN = "-"

Feed = Any
"""An array, or nested lists of Python numbers, which a session turns into the model's element type."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What was named: either feeds by input name, or image files.

    Attributes:
        unused: names in `.npz` files that are no inputs of the model, such as labels.
    """

    feeds: Mapping[str, Feed]
    images: tuple[Path, ...]
    unused: tuple[str, ...] = ()


def gather(texts: Sequence[str], specs: Sequence[TensorSpec]) -> Inputs:
    """What the texts of a command line name, for a model with the given inputs.

    Raises:
        FileProblem: a file is missing or unreadable, or a folder holds no images.
        FormatError: a file does not hold what its suffix says.
        OptionError: names and files do not make up inputs.
    """
    pictures: list[Path] = []
    feeds: dict[str, Feed] = {}
    unused: list[str] = []
    known = {spec.name for spec in specs}
    for text in texts:
        name, file = _split(text, specs)
        path = Path(file)
        if name is None and (path.is_dir() or images.is_image(path)):
            pictures += _folder(path) if path.is_dir() else [path]
            continue
        found = _arrays(file, name, specs)
        if path.suffix == ".npz":
            unused += [one for one in found if one not in known]
        for one, feed in found.items():
            if one in feeds:
                raise OptionError(f"input {one} is given twice, the second time by {file}")
            feeds[one] = feed
    if pictures and feeds:
        raise OptionError("images and arrays cannot be mixed in one run")
    if known <= feeds.keys():
        feeds = {one: feed for one, feed in feeds.items() if one not in unused}
        return Inputs(feeds, tuple(pictures), tuple(unused))
    return Inputs(feeds, tuple(pictures))


def _split(text: str, specs: Sequence[TensorSpec]) -> tuple[str | None, str]:
    """The input's name, where one is given, and the file; a text that is a file's whole name gives none."""
    name, equals, file = text.partition("=")
    if not equals or not name or Path(text).exists():
        return None, text
    if name not in {spec.name for spec in specs}:
        raise BadFeed(f"{name} is not an input; the model takes {', '.join(map(str, specs)) or 'nothing'}")
    return name, file


def _folder(path: Path) -> list[Path]:
    found = sorted(item for item in path.iterdir() if images.is_image(item) and item.is_file())
    if not found:
        raise FileProblem(f"{path}: the folder holds no images ({', '.join(sorted(images.SUFFIXES))})")
    return found


def _arrays(file: str, name: str | None, specs: Sequence[TensorSpec]) -> dict[str, Feed]:
    archive, _, chosen = file.rpartition(":") if ".npz:" in file and not Path(file).exists() else (file, "", "")
    suffix = Path(archive).suffix.lower()
    if suffix == ".npz":
        arrays = read_npz(Path(archive))
        return (
            dict(arrays) if name is None and not chosen else {name or _only(specs, file): _one(arrays, archive, chosen)}
        )
    if suffix == ".npy":
        return {name or _only(specs, file): _read_npy(Path(file))}
    if suffix == ".json" or file == STDIN:
        value = _read_json(file)
        return value if name is None and isinstance(value, dict) else {name or _only(specs, file): value}
    if not Path(file).exists():
        raise FileProblem(f"{file}: no such file")
    raise FormatError(
        "an input is .npz, .npy, .json, an image, a folder of images, or - for JSON from stdin", path=file
    )


def _one(arrays: Mapping[str, Feed], file: str, chosen: str) -> Feed:
    """The chosen array, or the only one."""
    if chosen in arrays:
        return arrays[chosen]
    if chosen or len(arrays) != 1:
        raise OptionError(f"{file} holds the arrays {', '.join(arrays) or 'none'}; name one as {file}:ARRAY")
    return next(iter(arrays.values()))


def _only(specs: Sequence[TensorSpec], file: str) -> str:
    if len(specs) != 1:
        raise OptionError(f"the model has {len(specs)} inputs; give {file} as NAME={file}, NAME being {_names(specs)}")
    return specs[0].name


def _names(specs: Sequence[TensorSpec]) -> str:
    return " or ".join(spec.name for spec in specs)


def read_npz(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a `.npz` file by name.

    Raises:
        FileProblem: the file is missing or unreadable.
        FormatError: it is not one, is damaged, or holds Python objects.
    """
    try:
        archive = np.load(path, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise FormatError("is a single array (.npy) and not an archive of arrays", path=path)
        with archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise _unreadable(path, error, "an archive of arrays (.npz)") from None


def _read_npy(path: Path) -> npt.NDArray[Any]:
    try:
        array: npt.NDArray[Any] = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise _unreadable(path, error, "an array (.npy)") from None
    return array


def _unreadable(path: Path, error: Exception, wanted: str) -> FileProblem | FormatError:
    if isinstance(error, FileNotFoundError):
        return FileProblem(f"{path}: no such file")
    if isinstance(error, OSError) and error.strerror:
        return FileProblem(f"{path}: {error.strerror}")
    if "allow_pickle" in str(error) and path.stat().st_size:
        return FormatError(f"not {wanted} of numbers", path=path)
    return FormatError(f"not {wanted}, or damaged", path=path)


def _read_json(file: str) -> Any:
    """Numbers in lists, or a mapping of names to them; NaN and Infinity are taken as numbers."""
    shown = "stdin" if file == STDIN else file
    try:
        return json.loads(sys.stdin.read() if file == STDIN else Path(file).read_text("utf-8"))
    except FileNotFoundError:
        raise FileProblem(f"{file}: no such file") from None
    except OSError as error:
        raise FileProblem(f"{file}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise FormatError(f"not JSON numbers: {error}", path=shown) from None
