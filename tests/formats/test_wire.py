"""The wire format against generated protobuf classes, and on bytes that no one wrote on purpose."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any

import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats import protos
from mindferry.errors import FormatError
from mindferry.formats import _wire
from mindferry.formats._wire import OFFSET, Message, Schema, decode, encode, read_varint, table, write_varint
from mindferry.formats.ckpt.fields import CHECKPOINT
from mindferry.formats.mindir.fields import MIND_IR, ONNX_1_0
from mindferry.formats.mindir.reader import is_onnx_schema

ROOT = Path(__file__).parents[2]
FOLDERS = ("tests", "src", "examples")
MINDIR = sorted(
    path for folder in FOLDERS for path in (ROOT / folder).rglob("*.mindir") if path.parent.name != "recorded"
)
CKPT = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.ckpt") if path.parent.name != "recorded")

KINDS = Schema({
    "All": table(
        int=(1, "int"), uint=(2, "uint"), bool=(3, "bool"), float=(4, "float"), double=(5, "double"), text=(6, "string"),
        raw=(7, "bytes"), child=(8, "All"), ints=(9, "int[]"), floats=(10, "float[]"), texts=(11, "string[]"),
        children=(200, "All[]"),
    ),
})  # fmt: skip

scalars = {
    "int": st.integers(-(2**63), 2**63 - 1),
    "uint": st.integers(0, 2**64 - 1),
    "bool": st.booleans(),
    "float": st.floats(width=32, allow_nan=False),
    "double": st.floats(allow_nan=False),
    "text": st.text(st.characters(codec="utf-8")),
    "raw": st.binary(max_size=50),
    "ints": st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=5),
    "floats": st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=5),
    "texts": st.lists(st.text(st.characters(codec="utf-8")), min_size=1, max_size=5),
}
messages = st.recursive(
    st.fixed_dictionaries({}, optional=scalars),
    lambda inner: st.fixed_dictionaries(
        {}, optional={**scalars, "child": inner, "children": st.lists(inner, min_size=1, max_size=3)}
    ),
    max_leaves=10,
)


def plain(message: Message) -> dict[str, Any]:
    """A decoded message without offsets and views."""

    def value(item: Any) -> Any:
        if isinstance(item, dict):
            return plain(item)
        if isinstance(item, list):
            return [value(one) for one in item]
        return bytes(item) if isinstance(item, memoryview) else item

    return {name: value(item) for name, item in message.items() if name != OFFSET}


@given(messages)
def test_what_is_encoded_is_decoded(message: dict[str, Any]) -> None:
    raw = b"".join(bytes(chunk) for chunk in encode(message, "All", KINDS))
    assert plain(decode(memoryview(raw), "All", KINDS)) == message


@given(st.integers(0, 2**64 - 1))
def test_varints_go_there_and_back(number: int) -> None:
    raw = write_varint(number)
    assert len(raw) == max(1, math.ceil(number.bit_length() / 7))
    assert read_varint(memoryview(raw + b"\xff"), 0) == (number, len(raw))


@settings(max_examples=500)
@given(st.binary(max_size=200), st.sampled_from(["Model", "Graph", "Tensor", "Attribute"]))
def test_garbage_is_decoded_or_refused_at_a_byte_of_it(raw: bytes, kind: str) -> None:
    try:
        decode(memoryview(raw), kind, MIND_IR)
    except FormatError as error:
        assert error.offset is not None
        assert 0 <= error.offset <= len(raw)


@given(st.lists(st.integers(-(2**31), 2**31 - 1), max_size=20))
def test_packed_and_unpacked_lists_are_the_same(numbers: list[int]) -> None:
    body = b"".join(map(write_varint, numbers))
    packed = write_varint(9 << 3 | 2) + write_varint(len(body)) + body if numbers else b""
    unpacked = b"".join(write_varint(9 << 3) + write_varint(number) for number in numbers)
    assert plain(decode(memoryview(packed), "All", KINDS)) == plain(decode(memoryview(unpacked), "All", KINDS))


def test_unknown_fields_of_every_wire_type_are_passed_over() -> None:
    unknown = b"".join(
        [
            write_varint(99 << 3) + b"\x05",
            write_varint(99 << 3 | 1) + bytes(8),
            write_varint(99 << 3 | 2) + b"\x03abc",
            write_varint(99 << 3 | 5) + bytes(4),
        ]
    )
    assert plain(decode(memoryview(unknown + b"\x08\x07" + unknown), "All", KINDS)) == {"int": 7}


def test_bytes_are_views_of_the_source() -> None:
    source = bytearray(b"\x3a\x03abc")
    raw = decode(memoryview(source), "All", KINDS)["raw"]
    source[2] = ord("X")
    assert bytes(raw) == b"Xbc"


@pytest.mark.parametrize(
    ("raw", "reason", "offset"),
    [
        (b"\x08", "the file ends inside a varint", 1),
        (b"\x08" + b"\xff" * 11, "a varint is longer than 10 bytes", 1),
        (b"\x3a\x05abc", "All.raw runs 2 bytes past its parent", 0),
        (b"\x42\x02\x3a\x09", "All.raw runs 9 bytes past its parent", 2),
        (b"\x25\x00\x00", "the file ends inside All.float", 0),
        (b"\x0b", "All.int has wire type 3, which is not in use", 0),
        (b"\x0d" + bytes(4), "All.int should be a int, but has wire type 5", 0),
        (b"\x0a\x01\x00", "int should be a int, but is length-delimited", 2),
        (b"\x30\x00", "All.text should be a string, but has wire type 0", 0),
        (b"\x52\x03" + bytes(3), "packed floats has 3 bytes, not a multiple of 4", 2),
    ],
)
def test_faults_are_told_with_their_place(raw: bytes, reason: str, offset: int) -> None:
    with pytest.raises(FormatError) as caught:
        decode(memoryview(raw), "All", KINDS)
    assert (caught.value.reason, caught.value.offset) == (reason, offset)


def test_nesting_is_bounded() -> None:
    raw = b""
    for _ in range(_wire.MAX_DEPTH + 2):
        raw = b"\x42" + write_varint(len(raw)) + raw
    with pytest.raises(FormatError, match=f"nested deeper than {_wire.MAX_DEPTH}"):
        decode(memoryview(raw), "All", KINDS)


def agree(ours: Any, theirs: Any, kind: str, schema: Schema) -> None:
    """Asserts that a decoded message holds what a generated class parsed, for every field of our table."""
    for number, row in schema.tables[kind].items():
        field = theirs.DESCRIPTOR.fields_by_number[number]
        value = getattr(theirs, field.name)
        present = len(value) > 0 if row.repeated else theirs.HasField(field.name)
        assert (row.name in ours) == present, f"{kind}.{row.name}"
        if not present:
            continue
        for one, other in zip(*((ours[row.name], value) if row.repeated else ([ours[row.name]], [value])), strict=True):
            if row.kind in schema.tables:
                agree(one, other, row.kind, schema)
            elif row.kind == "bytes" and not isinstance(other, bytes):
                assert bytes(one) == other.SerializeToString()
            elif row.kind == "float":
                assert struct.pack("<f", one) == struct.pack("<f", other)
            else:
                assert (bytes(one) if isinstance(one, memoryview) else one) == other


@pytest.mark.parametrize(
    "folder", sorted({path.parent for path in MINDIR}), ids=lambda path: str(path.relative_to(ROOT))
)
def test_mindir_files_hold_what_generated_classes_read(folder: Path) -> None:
    for path in (path for path in MINDIR if path.parent == folder):
        raw = path.read_bytes()
        old = is_onnx_schema(memoryview(raw))
        model = onnx.ModelProto() if old else protos.mind_ir()["Model"]()
        model.ParseFromString(raw)
        schema = ONNX_1_0 if old else MIND_IR
        agree(decode(memoryview(raw), "Model", schema), model, "Model", schema)


@pytest.mark.parametrize("path", CKPT, ids=lambda path: str(path.relative_to(ROOT)))
def test_checkpoints_hold_what_generated_classes_read(path: Path) -> None:
    raw = path.read_bytes()
    checkpoint = protos.checkpoint()["Checkpoint"]()
    checkpoint.ParseFromString(raw)
    whole = Schema({**CHECKPOINT.tables, "Checkpoint": table(value=(1, "Value[]"))})
    agree(decode(memoryview(raw), "Checkpoint", whole), checkpoint, "Checkpoint", whole)


def test_there_are_files_to_compare() -> None:
    assert len(MINDIR) > 100
    assert len(CKPT) > 3
