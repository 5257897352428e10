"""The OM container: its header, its table of partitions, and their data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mindferry.errors import FormatError
from mindferry.formats.om import fields


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a file.

    Attributes:
        length: bytes after the header, as u32; model_length: the same as u64, 0 in old files.
        model_type: a key of `fields.MODEL_TYPES`.
        dynamic: True where the compiler left shapes unknown.
    """

    version: int = fields.VERSION
    length: int = 0
    encrypted: bool = False
    model_type: int = fields.IR
    name: str = ""
    model_count: int = 1
    platform: str = ""
    model_length: int = 0
    dynamic: bool = False


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition; offset is that of its data in the file."""

    type: int
    offset: int
    data: memoryview


def header(view: memoryview) -> Header:
    """The header of an OM.

    Raises:
        FormatError: it is no OM, its size is not what the header says, or it is encrypted.
    """
    if len(view) < fields.HEADER_SIZE:
        raise FormatError(f"the file has {len(view)} bytes; the header alone has {fields.HEADER_SIZE}", offset=0)
    (magic, size, version, _, length, encrypted, _, kind, _, name, _, _, _, count, platform, _, model_length, _, dynamic,
     _) = fields.HEADER.unpack_from(view)  # fmt: skip
    if magic != fields.MAGIC:
        raise FormatError("not an OM file: it does not start with IMOD", offset=0)
    if size != fields.HEADER_SIZE:
        raise FormatError(f"the header says that it has {size} bytes, not {fields.HEADER_SIZE}", offset=4)
    if encrypted:
        raise FormatError("the model is encrypted; only a device can read it", offset=80)
    present, claimed = len(view) - fields.HEADER_SIZE, model_length or length
    if claimed > present:
        raise FormatError(f"{claimed} bytes are announced after the header, {present} are there", offset=76)
    return Header(
        version, length, False, kind, _text(name), count if version >= fields.VERSION else 1, _text(platform),
        model_length, bool(dynamic),
    )  # fmt: skip


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("utf-8", "backslashreplace")


def partitions(view: memoryview, head: Header) -> Iterator[Partition]:
    """The partitions of the file's first model.

    Raises:
        FormatError: the table or a partition ends behind the file, or a type occurs twice in a file that is no flow.
    """
    wide = head.model_length != 0 or head.model_type == fields.FLOW
    table, entry = (fields.WIDE_TABLE, fields.WIDE_ENTRY) if wide else (fields.NARROW_TABLE, fields.NARROW_ENTRY)
    if len(view) < fields.HEADER_SIZE + table.size:
        raise FormatError("the file ends before its table of partitions", offset=len(view))
    (count,) = table.unpack_from(view, fields.HEADER_SIZE)
    place = fields.HEADER_SIZE + table.size
    start = place + count * entry.size
    if start > len(view):
        raise FormatError(f"a table of {count} partitions does not fit into the file", offset=fields.HEADER_SIZE)
    seen: set[int] = set()
    for index in range(count):
        kind, _, size = entry.unpack_from(view, place + index * entry.size)
        label = fields.PARTITIONS.get(kind, f"of type {kind}")
        if kind in seen and head.model_type != fields.FLOW:
            raise FormatError(f"the partition {label} occurs twice", offset=place + index * entry.size)
        if size > len(view) - start:
            over = size - (len(view) - start)
            raise FormatError(f"the partition {label} runs {over} bytes past the file", offset=start)
        seen.add(kind)
        yield Partition(kind, start, view[start : start + size])
        start += size


def pack(parts: Mapping[int, Sequence[bytes | memoryview]], *, name: str, dynamic: bool) -> list[bytes | memoryview]:
    """The chunks of a file of one model; the header's length fields are filled in."""
    sizes = {kind: sum(memoryview(chunk).nbytes for chunk in chunks) for kind, chunks in parts.items()}
    length = fields.WIDE_TABLE.size + len(parts) * fields.WIDE_ENTRY.size + sum(sizes.values())
    head = fields.HEADER.pack(
        fields.MAGIC, fields.HEADER_SIZE, fields.VERSION, b"", length & 0xFFFFFFFF, 0, 0, fields.IR, 0,
        name.encode()[:31], 0, b"", 0, 1, b"", 0, length, 0, int(dynamic), b"",
    )  # fmt: skip
    table, offset = [fields.WIDE_TABLE.pack(len(parts))], 0
    for kind, size in sizes.items():
        table.append(fields.WIDE_ENTRY.pack(kind, offset, size))
        offset += size
    return [head, *table, *(chunk for chunks in parts.values() for chunk in chunks)]
