"""Model files as mapped, read-only memory; paths that a file names are kept inside its folder."""

from __future__ import annotations

from typing import TypeAlias

import mmap
from pathlib import Path

from mindferry.errors import FileProblem, FormatError

AnyPath: TypeAlias = "str | Path"


def map_file(path: AnyPath) -> memoryview:
    """The whole file as read-only memory, mapped and not copied.

    Raises:
        FileProblem: it is missing, a folder, or unreadable.
        FormatError: it is empty.
    """
    try:
        with open(path, "rb") as file:
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except FileNotFoundError:
        raise FileProblem(f"{path}: no such file") from None
    except IsADirectoryError:
        raise FileProblem(f"{path}: is a folder, not a model file") from None
    except OSError as error:
        raise FileProblem(f"{path}: {error.strerror}") from None
    except ValueError:
        raise FormatError("the file is empty", path=path, offset=0) from None


def map_plain(path: AnyPath, *, key: bytes | None = None) -> memoryview:
    """The file's plain content: mapped as it is, or decrypted with the key where it is encrypted.

    Raises:
        FormatError: it is encrypted and no key or a wrong one was given, or a key was given and it is not encrypted.
    """
    view = map_file(path)
    from mindferry.formats import _encryption

    if not _encryption.is_encrypted(view):
        if key is not None:
            raise FormatError("a key was given, but the file is not encrypted", path=path)
        return view
    if key is None:
        raise FormatError("the file is encrypted; give its key", path=path, offset=0)
    try:
        return memoryview(_encryption.decrypt(view, key))
    except FormatError as error:
        raise FormatError(error.reason, path=path, offset=error.offset) from None


def beside(path: Path, location: str, *, offset: int) -> Path:
    """The file that a model names by a path relative to itself.

    Raises:
        FormatError: the path is absolute or leaves the model's folder.
    """
    place = Path(location)
    if not location or place.is_absolute() or ".." in place.parts:
        raise FormatError(f"external data {location!r} is not inside the model's folder", offset=offset)
    return path.parent / place
