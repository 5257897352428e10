"""`.ckpt` files -> parameters by name.

A checkpoint is `repeated Value value = 1` and nothing else, so it has neither magic nor version and starts with 0A. A
Value is a tag (the parameter's name) and a tensor: dims, the name of its element type, raw little-endian content. A
parameter above 512 MiB is several consecutive Values of the same tag and the full dims, whose contents follow each
other. A scalar has no dims, or [0] in old files. `crc_num` and ten bytes may close the file (fields.CRC_TRAILER); an
encrypted file is made of blocks (formats._encryption).
"""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Iterator
from pathlib import Path

from mindferry.errors import FormatError
from mindferry.formats import _files
from mindferry.formats._wire import OFFSET, Message, decode, read_varint
from mindferry.formats.ckpt import fields
from mindferry.graph import Tensor
from mindferry.types import DType

_VALUE_KEY = 1 << 3 | 2


def read(path: str | Path, *, key: bytes | None = None) -> dict[str, Tensor]:
    """The parameters of a `.ckpt` file, in its order; they stay in the mapped file until they are used.

    Args:
        path: a checkpoint.
        key: 16, 24 or 32 bytes, for a checkpoint that was saved with an encryption key.

    Raises:
        FileProblem: the file is missing or unreadable.
        FormatError: it is not a checkpoint, is broken, fails its CRC, is encrypted and no key (or a wrong one) was
            given, or holds parameters that are not plain tensors.
    """
    view = _files.map_plain(path, key=key)
    try:
        return _parameters(_without_crc(view), str(path))
    except FormatError as error:
        raise FormatError(error.reason, path=path, offset=error.offset) from None


def _without_crc(view: memoryview) -> memoryview:
    """The Values alone, after checking the CRC where the file has one."""
    start = len(view) - fields.CRC_TRAILER
    if start < 0 or view[start : start + len(fields.CRC_MARK)] != fields.CRC_MARK:
        return view
    recorded = int.from_bytes(view[start + len(fields.CRC_MARK) :], "big")
    if (found := zlib.crc32(view[:start])) != recorded:
        raise FormatError(
            f"the file is damaged: its CRC-32 is {found:08x}, it was saved with {recorded:08x}", offset=start
        )
    return view[:start]


def _parameters(view: memoryview, path: str) -> dict[str, Tensor]:
    parameters: dict[str, Tensor] = {}
    refused: list[str] = []
    for name, group in itertools.groupby(_values(view), key=lambda message: str(message.get("tag", ""))):
        slices = list(group)
        start = slices[0][OFFSET]
        if not name:
            raise FormatError("a parameter has no name", offset=start)
        if name in parameters:
            raise FormatError(f"two parameters are named {name!r}", offset=start)
        if reason := _refusal(slices[0]):
            refused.append(f"{name} ({reason})")
            continue
        parameters[name] = _parameter(name, [_tensor(name, item) for item in slices], path)
    if refused:
        raise FormatError(f"these parameters are not plain tensors: {', '.join(refused)}")
    return parameters


def _values(view: memoryview) -> Iterator[Message]:
    position, end = 0, len(view)
    while position < end:
        start = position
        key, position = read_varint(view, position)
        if key != _VALUE_KEY:
            raise FormatError(
                f"not a checkpoint: field {key >> 3} of wire type {key & 7} where a Value should be", offset=start
            )
        size, position = read_varint(view, position)
        if size > end - position:
            raise FormatError(f"the file ends {size - (end - position)} bytes before its last Value does", offset=start)
        yield decode(view[position : position + size], "Value", fields.CHECKPOINT, position)
        position += size


def _refusal(message: Message) -> str:
    if "maptensor" in message:
        return "a MapTensor"
    kind = message.get("tensor", {}).get("tensor_type", "")
    return f"element type {kind}" if kind and kind not in fields.TENSOR_TYPES else ""


def _tensor(name: str, message: Message) -> Message:
    tensor: Message | None = message.get("tensor")
    if tensor is None:
        raise FormatError(f"parameter {name!r} has no tensor", offset=message[OFFSET])
    if missing := [field for field in ("tensor_type", "tensor_content") if field not in tensor]:
        raise FormatError(f"parameter {name!r} has no {' and no '.join(missing)}", offset=tensor[OFFSET])
    return tensor


def _parameter(name: str, slices: list[Message], path: str) -> Tensor:
    first = slices[0]
    kind, dims, offset = first["tensor_type"], tuple(first.get("dims", ())), first[OFFSET]
    for other in slices[1:]:
        if (other["tensor_type"], tuple(other.get("dims", ()))) != (kind, dims):
            raise FormatError(f"the slices of parameter {name!r} differ in type or dims", offset=other[OFFSET])
    dtype = fields.TENSOR_TYPES[kind]
    parts = tuple(item["tensor_content"] for item in slices)
    place = f"{path}:{offset}"
    if dtype is DType.STRING:
        return Tensor(name, dtype, (), _text(name, b"".join(parts), offset), place)
    if any(dim < 0 for dim in dims):
        raise FormatError(f"parameter {name!r} has a negative dimension: {list(dims)}", offset=offset)
    size = sum(map(len, parts))
    if dims == (0,) and size == dtype.itemsize:
        dims = ()
    if (expected := math.prod(dims) * dtype.itemsize) != size:
        raise FormatError(
            f"parameter {name!r} of {dtype}{list(dims)} needs {expected} bytes, the file has {size}", offset=offset
        )
    return Tensor(name, dtype, dims, parts[0] if len(parts) == 1 else parts, place)


def _text(name: str, raw: bytes, offset: int) -> bytes:
    try:
        return raw.decode("utf-32-le").rstrip("\0").encode()
    except UnicodeDecodeError:
        raise FormatError(f"parameter {name!r} is a str, but its content is not UTF-32", offset=offset) from None
