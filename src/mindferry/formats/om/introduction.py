"""The partition MODEL_INOUT_INFO: inputs, outputs and the shapes among which a call chooses."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from mindferry.errors import FormatError
from mindferry.formats.air.fields import ENGINE_TYPES
from mindferry.formats.om import fields


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or output.

    Attributes:
        size: bytes of its buffer, the largest where profiles differ; 0 where only a run can tell.
        format: `ge::Format`; dtype: `ge::DataType`, -1 where it is not known.
        dims: with -1 for what a profile sets.
        source_dims: dims before static preprocessing; equal to dims without it.
        ranges: lowest and highest size (-1: none) of each dimension, where the compiler was told.
    """

    name: str
    size: int
    format: int
    dtype: int
    dims: tuple[int, ...]
    source_dims: tuple[int, ...]
    ranges: tuple[tuple[int, int], ...] = ()

    @property
    def type(self) -> str:
        """The element type's name, "?" where it is not known."""
        return str(ENGINE_TYPES.get(self.dtype, "?"))

    @property
    def shape(self) -> tuple[int | None, ...] | None:
        """The dims with None for a free one; None for an unknown rank."""
        return None if self.dims == (-2,) else tuple(size if size >= 0 else None for size in self.dims)


@dataclass(frozen=True, slots=True)
class Introduction:
    """How a model is called.

    Attributes:
        batches: the batch sizes to choose from.
        images: the heights and widths to choose from.
        dims: the values for all free dimensions, in the order of the inputs, to choose from.
        output_shapes: the compiler's notes on output shapes by profile.
        shape_order: the names of the inputs in the order that the compiler was told.
    """

    inputs: tuple[Tensor, ...] = ()
    outputs: tuple[Tensor, ...] = ()
    batches: tuple[int, ...] = ()
    images: tuple[tuple[int, ...], ...] = ()
    dims: tuple[tuple[int, ...], ...] = ()
    output_shapes: tuple[str, ...] = ()
    shape_order: tuple[str, ...] = ()


@dataclass(slots=True)
class _Cursor:
    """A place in a block; every step checks that the block goes on."""

    view: memoryview
    base: int
    position: int = field(default=0)

    def unpack(self, pattern: struct.Struct) -> tuple[int, ...]:
        return pattern.unpack(self.take(pattern.size))

    def take(self, size: int) -> memoryview:
        if size > len(self.view) - self.position:
            raise FormatError("the description of inputs and outputs is cut off", offset=self.base + self.position)
        found = self.view[self.position : self.position + size]
        self.position += size
        return found

    def numbers(self, size: int) -> tuple[int, ...]:
        """Signed 64-bit numbers that take up size bytes."""
        if size % 8:
            raise FormatError(f"{size} bytes are no row of 64-bit numbers", offset=self.base + self.position)
        return struct.unpack(f"<{size // 8}q", self.take(size))

    def many(self, each: int) -> int:
        """A count of items that take at least each bytes."""
        (count,) = self.unpack(fields.COUNT)
        if count * each > len(self.view) - self.position:
            raise FormatError(f"{count} items do not fit into their block", offset=self.base + self.position - 4)
        return count


def read(view: memoryview, base: int) -> Introduction:
    """The partition's content; blocks of an unknown type are left out.

    Raises:
        FormatError: a block or an item runs past its end.
    """
    blocks = _Cursor(view, base)
    found: dict[int, _Cursor] = {}
    while blocks.position < len(view):
        kind, size = blocks.unpack(fields.BLOCK)
        start = blocks.position
        found[kind] = _Cursor(blocks.take(size), base + start)
    images, dims = (_rows(found.get(kind)) for kind in (fields.DYNAMIC_IMAGE, fields.DYNAMIC_DIMS))
    return Introduction(
        _tensors(found.get(fields.INPUTS)), _tensors(found.get(fields.OUTPUTS)), _batches(found.get(fields.DYNAMIC_BATCH)),
        images, dims, _texts(found.get(fields.OUTPUT_SHAPES)), _texts(found.get(fields.SHAPE_ORDER)),
    )  # fmt: skip


def _tensors(cursor: _Cursor | None) -> tuple[Tensor, ...]:
    if cursor is None:
        return ()
    return tuple(_tensor(cursor) for _ in range(cursor.many(fields.TENSOR.size)))


def _tensor(cursor: _Cursor) -> Tensor:
    size, layout, dtype, name, dims, second, ranges = cursor.unpack(fields.TENSOR)
    title = str(cursor.take(name), "utf-8", "backslashreplace")
    shape, source = cursor.numbers(dims), cursor.numbers(second)
    pairs = cursor.numbers(ranges)
    return Tensor(title, size, layout, dtype, shape, source, tuple(zip(pairs[::2], pairs[1::2], strict=False)))


def _batches(cursor: _Cursor | None) -> tuple[int, ...]:
    return () if cursor is None else cursor.numbers(8 * cursor.many(8))


def _rows(cursor: _Cursor | None) -> tuple[tuple[int, ...], ...]:
    if cursor is None:
        return ()
    lengths = [cursor.unpack(fields.COUNT)[0] for _ in range(cursor.many(4))]
    return tuple(cursor.numbers(8 * length) for length in lengths)


def _texts(cursor: _Cursor | None) -> tuple[str, ...]:
    if cursor is None:
        return ()
    lengths = [cursor.unpack(fields.COUNT)[0] for _ in range(cursor.many(4))]
    return tuple(str(cursor.take(length), "utf-8", "backslashreplace") for length in lengths)


def write(known: Introduction) -> bytes:
    """The partition's bytes; what is empty is left out."""
    blocks = {
        fields.INPUTS: _pack_tensors(known.inputs) if known.inputs else b"",
        fields.OUTPUTS: _pack_tensors(known.outputs) if known.outputs else b"",
        fields.DYNAMIC_BATCH: _counted(known.batches, _numbers(known.batches)) if known.batches else b"",
        fields.DYNAMIC_IMAGE: _pack_rows(known.images),
        fields.DYNAMIC_DIMS: _pack_rows(known.dims),
        fields.OUTPUT_SHAPES: _pack_texts(known.output_shapes),
        fields.SHAPE_ORDER: _pack_texts(known.shape_order),
    }
    return b"".join(fields.BLOCK.pack(kind, len(value)) + value for kind, value in blocks.items() if value)


def _counted(items: Sequence[object], body: bytes) -> bytes:
    return fields.COUNT.pack(len(items)) + body


def _numbers(values: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(values)}q", *values)


def _pack_tensors(tensors: Sequence[Tensor]) -> bytes:
    return _counted(tensors, b"".join(map(_pack_tensor, tensors)))


def _pack_tensor(tensor: Tensor) -> bytes:
    name = tensor.name.encode()
    parts = [_numbers(tensor.dims), _numbers(tensor.source_dims), b"".join(_numbers(pair) for pair in tensor.ranges)]
    head = fields.TENSOR.pack(tensor.size, tensor.format, tensor.dtype, len(name), *map(len, parts))
    return b"".join([head, name, *parts])


def _pack_rows(rows: Sequence[Sequence[int]]) -> bytes:
    if not rows:
        return b""
    lengths = b"".join(fields.COUNT.pack(len(row)) for row in rows)
    return _counted(rows, lengths + b"".join(map(_numbers, rows)))


def _pack_texts(texts: Sequence[str]) -> bytes:
    if not texts:
        return b""
    raw = [text.encode() for text in texts]
    return _counted(raw, b"".join(fields.COUNT.pack(len(text)) for text in raw) + b"".join(raw))
