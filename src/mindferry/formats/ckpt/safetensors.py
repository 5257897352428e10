"""`.safetensors` files, as MindSpore writes them -> parameters by name.

The header is parsed and validated by the safetensors library: 8 bytes of length, JSON, then the tensors without gaps in
the order of their offsets, which is why names in that order and sizes are enough to find them in the mapped file.
MindSpore records in `__metadata__` "format": "ms" and, under its name, every qint4x2 parameter as "Int4". Its "crc_num"
is not checked: it does not cover the header, and sums zeros in place of integer scalars.
"""

from __future__ import annotations

import math
import struct
from pathlib import Path

from safetensors import SafetensorError, safe_open

from mindferry.errors import FormatError
from mindferry.formats import _files
from mindferry.formats.ckpt import fields
from mindferry.graph import Tensor


def read(path: str | Path, *, key: bytes | None = None) -> dict[str, Tensor]:
    """The parameters of a `.safetensors` file, in its order; they stay in the mapped file until they are used.

    Args:
        path: a checkpoint.
        key: must be None, as MindSpore does not encrypt this format.

    Raises:
        FileProblem: the file is missing or unreadable.
        FormatError: it is broken, or holds element types that MindFerry does not know.
    """
    view = _files.map_plain(path, key=key)
    try:
        with safe_open(str(path), framework="numpy") as file:
            metadata: dict[str, str] = file.metadata() or {}
            names: list[str] = file.offset_keys()
            slices = [file.get_slice(name) for name in names]
            entries = [(name, one.get_dtype(), tuple(one.get_shape())) for name, one in zip(names, slices, strict=True)]
    except SafetensorError as error:
        raise FormatError(f"not a readable safetensors file ({error})", path=path, offset=0) from None
    if refused := _refused(entries, metadata):
        raise FormatError(f"these parameters are not plain tensors: {', '.join(refused)}", path=path)
    return _parameters(view, entries, str(path))


_Entry = tuple[str, str, tuple[int, ...]]


def _refused(entries: list[_Entry], metadata: dict[str, str]) -> list[str]:
    refused = [f"{name} (element type {metadata[name]})" for name, _, _ in entries if name in metadata]
    return refused + [
        f"{name} (element type {kind})" for name, kind, _ in entries if kind not in fields.SAFETENSORS_TYPES
    ]


def _parameters(view: memoryview, entries: list[_Entry], path: str) -> dict[str, Tensor]:
    position = 8 + struct.unpack_from("<Q", view)[0]
    parameters = {}
    for name, kind, shape in entries:
        dtype = fields.SAFETENSORS_TYPES[kind]
        size = math.prod(shape) * dtype.itemsize
        parameters[name] = Tensor(name, dtype, shape, view[position : position + size], f"{path}:{position}")
        position += size
    return parameters
