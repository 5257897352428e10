"""Model files as mapped, read-only memory; paths that a file names are kept inside its folder."""

from __future__ import annotations

import mmap
import os
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from mindferry.errors import FileProblem, FormatError

AnyPath: TypeAlias = "str | Path"


def map_file(path: AnyPath) -> memoryview:
    """The whole file as read-only memory, mapped and not copied.

    Raises:
        FileProblem: it is missing, a folder, or unreadable.
        FormatError: it is empty.
    """
    try:
        with Path(path).open("rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise FileProblem(f"{path}: is not a regular file; a model file is mapped, so store it first")
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except FileNotFoundError:
        raise FileProblem(f"{path}: no such file") from None
    except IsADirectoryError:
        raise FileProblem(f"{path}: is a folder, not a model file") from None
    except OSError as error:
        raise FileProblem(f"{path}: {error.strerror}") from None
    except ValueError:
        raise FormatError("the file is empty", path=path, offset=0) from None


def cipher(path: AnyPath) -> int | None:
    """MindSpore's cipher magic at the start of a file, or None where the file is not encrypted.

    Raises:
        FileProblem: it is missing, a folder, or unreadable.
        FormatError: it is empty.
    """
    from mindferry.formats import _encryption

    return _encryption.cipher(map_file(path))


def map_plain(path: AnyPath, *, key: bytes | None = None) -> memoryview:
    """The file's plain content: mapped as it is, or decrypted with the key where it is encrypted.

    Raises:
        FormatError: it is encrypted and no key or a wrong one was given, or a key was given and it is not encrypted.
    """
    view = map_file(path)
    from mindferry.formats import _encryption

    if _encryption.cipher(view) is None:
        if key is not None:
            raise FormatError("a key was given, but the file is not encrypted", path=path)
        return view
    if key is None:
        raise needs_key(path)
    try:
        return memoryview(_encryption.decrypt(view, key))
    except FormatError as error:
        raise FormatError(error.reason, path=path, offset=error.offset) from None


def keys(paths: Sequence[AnyPath], key: bytes | None) -> tuple[bytes | None, ...]:
    """The key for each file that is encrypted, None for the others.

    Raises:
        FormatError: a key was given, but none of the files is encrypted.
    """
    if key is None:
        return (None,) * len(paths)
    found = tuple(key if cipher(path) is not None else None for path in paths)
    if not any(found):
        names = " nor ".join(map(str, paths[1:]))
        subject = f"neither {paths[0]} nor {names} is encrypted" if names else "the file is not encrypted"
        raise FormatError(f"a key was given, but {subject}", path="" if names else paths[0])
    return found


def needs_key(path: AnyPath) -> FormatError:
    """The error of an encrypted file without a key."""
    return FormatError("the file is encrypted; give its key", path=path, offset=0)


def check_target(path: AnyPath) -> Path:
    """The path that a file can be written to, with a symbolic link followed.

    Raises:
        FileProblem: it is a folder, or its folder is missing or read-only.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise FileProblem(f"{path}: cannot be written: it is a folder")
    if not target.parent.is_dir():
        raise FileProblem(f"{path}: cannot be written: there is no folder {target.parent}")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise FileProblem(f"{path}: cannot be written: no permission for the folder {target.parent}")
    return target


def write(path: AnyPath, data: bytes | memoryview) -> None:
    """Writes a file in one step: on failure nothing is left behind and an earlier file stays as it was.

    Raises:
        FileProblem: the place cannot be written.
    """
    target = check_target(path)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder:
            written = Path(folder) / target.name
            written.write_bytes(data)
            written.replace(target)
    except OSError as error:
        raise FileProblem(f"{path}: cannot be written ({error.strerror or error})") from None


def beside(path: Path, location: str, *, offset: int | None = None) -> Path:
    """The file that a model names by a path relative to itself.

    Raises:
        FormatError: the path is absolute or leaves the model's folder.
    """
    place = Path(location)
    if not location or place.is_absolute() or ".." in place.parts:
        raise FormatError(f"external data {location!r} is not inside the model's folder", offset=offset)
    return path.parent / place
