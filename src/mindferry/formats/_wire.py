"""The protobuf wire format, driven by field tables.

A message is a run of fields, each `key = number << 3 | wire type` as a varint and then a value
(https://protobuf.dev/programming-guides/encoding): 0 varint (at most 10 bytes), 1 eight bytes,
2 length-delimited (string, bytes, message or packed scalars), 5 four bytes. Groups (3 and 4) are refused.

Bytes stay views of the source, so a file that is mapped into memory is not copied; every fault carries its byte
offset. Decoded messages are dictionaries of the fields that are present, plus `OFFSET`.
"""

from __future__ import annotations

import functools
import itertools
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol, TypeAlias

from mindferry.errors import FormatError

OFFSET = "@offset"
MAX_DEPTH = 64
_SMALL = 1 << 16
"""Bytes up to which a chunk is copied into its neighbour."""

Message: TypeAlias = "dict[str, Any]"
Table: TypeAlias = "Mapping[int, Field]"
Chunk: TypeAlias = "bytes | memoryview | Stored"


class Stored(Protocol):
    """Bytes that stay where they are until they are written, such as a tensor in another file."""

    @property
    def nbytes(self) -> int:
        """How many there are."""

    def tofile(self, file: BinaryIO) -> None:
        """Writes them at the file's position."""


@dataclass(frozen=True, slots=True)
class Field:
    """One row of a field table; kind is `int uint bool float double string bytes` or the name of a message table."""

    name: str
    kind: str
    repeated: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Schema:
    """A set of message tables; a field whose kind is a key of it is a message."""

    tables: Mapping[str, Table]


_FIXED = {"float": ("<f", 4, 5), "double": ("<d", 8, 1), "fixed32": ("<I", 4, 5), "fixed64": ("<Q", 8, 1)}
_VARINT = frozenset({"int", "uint", "bool"})


def table(**rows: tuple[int, str]) -> dict[int, Field]:
    """A field table from `name=(number, kind)` rows; a kind that ends in [] is repeated."""
    return {row[0]: Field(name, row[1].removesuffix("[]"), row[1].endswith("[]")) for name, row in rows.items()}


def read_varint(view: memoryview, position: int, base: int = 0) -> tuple[int, int]:
    """The unsigned varint at position and the position after it."""
    value = shift = 0
    start = position
    try:
        while True:
            byte = view[position]
            position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & 0xFFFFFFFFFFFFFFFF, position
            shift += 7
            if shift >= 70:
                raise FormatError("a varint is longer than 10 bytes", offset=base + start)
    except IndexError:
        raise FormatError("the file ends inside a varint", offset=base + start) from None


def decode(view: memoryview, kind: str, schema: Schema, base: int = 0, depth: int = 0) -> Message:
    """The fields of one message of the given kind; repeated fields are lists, absent fields are left out."""
    if depth > MAX_DEPTH:
        raise FormatError(f"messages are nested deeper than {MAX_DEPTH}", offset=base)
    rows = schema.tables[kind]
    message: Message = {OFFSET: base}
    position, end = 0, len(view)
    while position < end:
        start = position
        key = view[position]
        position += 1
        if key >= 0x80:
            key, position = read_varint(view, start, base)
        row = rows.get(key >> 3)
        wire = key & 7
        if wire == 2:
            size, position = read_varint(view, position, base)
            if size > end - position:
                over = size - (end - position)
                raise FormatError(
                    f"{_label(kind, key >> 3, row)} runs {over} bytes past its parent", offset=base + start
                )
            raw = view[position : position + size]
            if row is not None:
                _store_delimited(message, row, raw, schema, base + position, depth)
            position += size
            continue
        number, position = _scalar(view, position, wire, base + start, _label(kind, key >> 3, row), base)
        if row is not None:
            _store(message, row, _convert(number, row, wire, kind, base + start))
    return message


def _label(kind: str, number: int, row: Field | None) -> str:
    return f"field {number} of {kind}" if row is None else f"{kind}.{row.name}"


def _scalar(view: memoryview, position: int, wire: int, offset: int, label: str, base: int) -> tuple[int, int]:
    if wire == 0:
        return read_varint(view, position, base)
    size = {1: 8, 5: 4}.get(wire)
    if size is None:
        raise FormatError(f"{label} has wire type {wire}, which is not in use", offset=offset)
    if position + size > len(view):
        raise FormatError(f"the file ends inside {label}", offset=offset)
    return int.from_bytes(view[position : position + size], "little"), position + size


def _convert(number: int, row: Field, wire: int, kind: str, offset: int) -> int | float | bool:
    if wire == 0 and row.kind in _VARINT:
        if row.kind == "bool":
            return number != 0
        return number - (1 << 64) if row.kind == "int" and number >> 63 else number
    fixed = _FIXED.get(row.kind)
    if fixed is None or fixed[2] != wire:
        raise FormatError(f"{kind}.{row.name} should be a {row.kind}, but has wire type {wire}", offset=offset)
    value: int | float = struct.unpack(fixed[0], number.to_bytes(fixed[1], "little"))[0]
    return value


def _store(message: Message, row: Field, value: object) -> None:
    if row.repeated:
        message.setdefault(row.name, []).append(value)
    else:
        message[row.name] = value


def _store_delimited(message: Message, row: Field, raw: memoryview, schema: Schema, offset: int, depth: int) -> None:
    if row.kind in schema.tables:
        _store(message, row, decode(raw, row.kind, schema, offset, depth + 1))
    elif row.kind == "string":
        _store(message, row, str(raw, "utf-8", "backslashreplace"))
    elif row.kind == "bytes":
        _store(message, row, raw)
    elif row.repeated:
        message.setdefault(row.name, []).extend(_packed(raw, row, offset))
    else:
        raise FormatError(f"{row.name} should be a {row.kind}, but is length-delimited", offset=offset)


def _packed(raw: memoryview, row: Field, offset: int) -> Iterator[int | float | bool]:
    if row.kind in _FIXED:
        pattern, size, _ = _FIXED[row.kind]
        if len(raw) % size:
            raise FormatError(f"packed {row.name} has {len(raw)} bytes, not a multiple of {size}", offset=offset)
        yield from (item[0] for item in struct.iter_unpack(pattern, raw))
        return
    position = 0
    while position < len(raw):
        number, position = read_varint(raw, position, offset)
        yield _convert(number, row, 0, row.name, offset)


_ONE_BYTE = tuple(bytes((value,)) for value in range(0x80))


def write_varint(value: int) -> bytes:
    """A varint; negative numbers take ten bytes (two's complement of 64 bits)."""
    if 0 <= value < 0x80:
        return _ONE_BYTE[value]
    value &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def encode(message: Mapping[str, Any], kind: str, schema: Schema) -> list[Chunk]:
    """The chunks of one message, fields in order of their numbers; large and stored bytes are passed through uncopied.

    A message inside it may be given as its bytes.

    Raises:
        KeyError: a field that the table does not know.
    """
    rows = _by_name(schema, kind)
    present = [(rows[name], value) for name, value in message.items() if name != OFFSET and value is not None]
    chunks: list[Chunk] = []
    for (number, row), value in sorted(present, key=lambda item: item[0][0]):
        for one in value if row.repeated else (value,):
            _encode_one(chunks, number, row, one, schema)
    return [chunk for small, run in itertools.groupby(chunks, _is_small) for chunk in _joined(small, run)]


@functools.cache
def _by_name(schema: Schema, kind: str) -> dict[str, tuple[int, Field]]:
    return {row.name: (number, row) for number, row in schema.tables[kind].items()}


def _is_small(chunk: Chunk) -> bool:
    return isinstance(chunk, bytes) and len(chunk) <= _SMALL


def _joined(small: bool, run: Iterable[Any]) -> Iterable[Chunk]:
    """A run of small chunks as one, any other as it is: without this a message in a message is a long list at each level."""
    return (b"".join(run),) if small else run


def size(chunks: Iterable[Chunk]) -> int:
    """How many bytes the chunks have."""
    return sum(len(chunk) if isinstance(chunk, bytes) else chunk.nbytes for chunk in chunks)


def write(chunks: Iterable[Chunk], file: BinaryIO) -> None:
    """Writes the chunks one after the other; stored bytes come straight from where they are."""
    for chunk in chunks:
        if isinstance(chunk, bytes | memoryview):
            file.write(chunk)
        else:
            file.flush()
            chunk.tofile(file)


def _encode_one(chunks: list[Chunk], number: int, row: Field, value: Any, schema: Schema) -> None:
    if row.kind in _VARINT:
        chunks.append(write_varint(number << 3) + write_varint(int(value)))
        return
    if row.kind in _FIXED:
        pattern, _, wire = _FIXED[row.kind]
        chunks.append(write_varint(number << 3 | wire) + struct.pack(pattern, value))
        return
    if row.kind in schema.tables and not isinstance(value, bytes):
        body = encode(value, row.kind, schema)
    else:
        body = [value.encode() if isinstance(value, str) else value]
    chunks.append(write_varint(number << 3 | 2) + write_varint(size(body)))
    chunks.extend(body)
