"""Which format a file has: by its first bytes, and by its suffix where those do not tell."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path

from mindferry.errors import FormatError
from mindferry.formats import _encryption, _files
from mindferry.formats._wire import Schema, decode, read_varint, table

NAMES = ("mindir", "air", "ckpt", "safetensors", "onnx", "om", "engine")
"""The formats that `sniff` tells apart; a suffix is one of them."""

_FOREIGN = (
    (0, b"PK\3\4", "a zip archive (such as .npz or a PyTorch file)"),
    (0, b"\x80\2", "a Python pickle"),
    (0, b"\x93NUMPY", "a numpy array"),
    (0, b"\x89HDF", "an HDF5 file (such as a Keras model)"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"\x89PNG", "a PNG image"),
    (0, b"\xff\xd8\xff", "a JPEG image"),
    (0, b"\x7fELF", "an executable or library"),
    (0, b"GGUF", "a GGUF model"),
    (4, b"MSL", "a MindSpore Lite model"),
    (4, b"TFL3", "a TensorFlow Lite model"),
    (0, b"version https://git-lfs", "a Git LFS pointer, not the file itself (git lfs pull fetches it)"),
)
_ENGINES = (b"ftrt", b"vtrt")
"""How engines of TensorRT and TensorRT-RTX start."""

_OFFLINE = b"IMOD"
"""How Ascend's offline models start."""

_VERSION = re.compile(rb"\d+(\.\d+)*")
_HEADER = Schema({
    "Model": table(producer_name=(2, "string"), graph=(7, "bytes"), opset_import=(8, "bytes[]")),
})  # fmt: skip


def sniff(path: str | Path) -> str:
    """The format of a model file, one of NAMES.

    Raises:
        FileProblem: the file is missing, a folder or unreadable.
        FormatError: it is empty or none of these, and then what it looks like.

    Example:
        >>> import mindferry
        >>> sniff(mindferry.demo.path("lenet5.mindir")), sniff(mindferry.demo.path("lenet5.ckpt"))
        ('mindir', 'ckpt')
    """
    view = _files.map_file(path)
    suffix = Path(path).suffix.removeprefix(".").lower()
    if _encryption.cipher(view) is not None:
        if suffix in ("mindir", "ckpt"):
            return suffix
        raise FormatError(
            "the file is encrypted; only the suffix .mindir or .ckpt can tell what it is", path=path, offset=0
        )
    found = _by_magic(view)
    if found is not None:
        return found
    foreign = next((text for start, magic, text in _FOREIGN if view[start : start + len(magic)] == magic), None)
    if suffix in NAMES and foreign is None:
        return suffix
    looks = f"; it looks like {foreign}" if foreign else ""
    raise FormatError(f"neither MindIR, nor AIR, nor a checkpoint, nor ONNX{looks}", path=path, offset=0)


def _by_magic(view: memoryview) -> str | None:
    if view[:4] in _ENGINES:
        return "engine"
    if view[:4] == _OFFLINE:
        return "om"
    if _is_safetensors(view):
        return "safetensors"
    try:
        if view[0] == 0x08:
            return _onnx_schema(view)
        if view[0] == 0x0A and (found := _first_string(view)):
            return found
        return "air" if _is_air(view) else None
    except FormatError:
        return None


def _is_safetensors(view: memoryview) -> bool:
    return len(view) > 8 and view[8] == ord("{") and struct.unpack_from("<Q", view)[0] <= len(view) - 8


def _onnx_schema(view: memoryview) -> str | None:
    """MindSpore 1.0 wrote MindIR in ONNX's schema, without an opset."""
    message = decode(view, "Model", _HEADER)
    if "graph" not in message:
        return None
    return "mindir" if message.get("producer_name") == "MindSpore" and "opset_import" not in message else "onnx"


def _first_string(view: memoryview) -> str | None:
    """MindIR starts with its version, a checkpoint with a message that starts with a string."""
    size, start = read_varint(view, 1)
    first = bytes(view[start : start + min(size, 32)])
    if first[:1] == b"\x0a":
        return "ckpt"
    return "mindir" if _VERSION.fullmatch(first) else None


def _is_air(view: memoryview) -> bool:
    """True where the first graph (field 7) has only what an AIR graph has, and its first op a name and a type."""
    graph = next((body for number, body in _delimited(view) if number == 7), None)
    if graph is None:
        return False
    for number, body in _delimited(graph):
        if number == 6:
            op = dict(_delimited(body[:_OP_START], cut=True))
            return bool(op.get(1)) and 2 in op and _OPERATOR.fullmatch(bytes(op[2])) is not None
        if number not in _AIR_GRAPH:
            return False
    return False


_AIR_GRAPH = (1, 4, 5, 11, 12)
_OPERATOR = re.compile(rb"[A-Za-z_]\w*")
_OP_START = 4096
"""Bytes of an op in which its name and its type are found; a longer name is no name."""


def _delimited(view: memoryview, *, cut: bool = False) -> Iterator[tuple[int, memoryview]]:
    """Number and content of the length-delimited fields of a message; of a message that was cut, the whole ones.

    Raises:
        FormatError: a field runs past the end, or has a wire type that is not in use.
    """
    position = 0
    while position < len(view):
        key, position = read_varint(view, position)
        size, position = read_varint(view, position)
        if key & 7 == 2:
            if position + size > len(view):
                if cut:
                    return
                raise FormatError("a field runs past the end")
            yield key >> 3, view[position : position + size]
            position += size
        elif key & 7:
            raise FormatError("a wire type that is not in use")
