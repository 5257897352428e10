"""The OM container, its introduction and its attributes: written, read, and broken in every place."""

from __future__ import annotations

import random
import struct
from pathlib import Path
from typing import Any

import pytest

import offline
from mindferry import formats
from mindferry.errors import FileProblem, FormatError
from mindferry.formats._wire import encode
from mindferry.formats.air.fields import GE_IR
from mindferry.formats.om import attributes, container, fields, introduction, reader, writer
from mindferry.formats.om.introduction import Introduction, Tensor
from mindferry.summary import summarize

TENSORS = (
    Tensor("image", 600, 0, 0, (-1, 3, 8, 8), (-1, 3, 8, 8)),
    Tensor("größe", 8, 2, 9, (), (), ()),
    Tensor("free", 0, 2, 1, (-1, 4), (-1, 4), ((1, 8), (4, 4))),
)
EVERYTHING = Introduction(
    TENSORS, TENSORS[:1], (1, 2, 4), ((224, 224), (448, 320)), ((1, 2, 3), (4, 5, 6)), ("0,0,1,3", "1,0,2,3"), ("image", "free")
)  # fmt: skip
MODEL: dict[str, Any] = {
    "name": "small",
    "graph": [
        {
            "name": "g",
            "op": [
                {"name": "late", "type": "Data", "attr": attributes.entries({"index": 1}),
                 "input_desc": [{"dtype": 3, "shape": {"dim": [2]}, "layout": "ND", "size": 2}]},
                {"name": "early", "type": "Data", "attr": attributes.entries({"index": 0, "_mbatch_origin_input_dims": [-1, 3],
                 "_data_related_aipp_mode": "static_aipp"}),
                 "input_desc": [{"dtype": 1, "shape": {"dim": [4, 3]}, "layout": "NCHW", "size": 48}]},
                {"name": "weight", "type": "Const", "output_desc": [{"dtype": 2, "shape": {"dim": [3, 5]}}]},
                {"name": "case", "type": "Case", "attr": attributes.entries(
                    {"mbatch_dynamic_type": 1, "_batch_num": 2, "_pred_value_0": [1], "_pred_value_1": [4]})},
                {"name": "out", "type": "NetOutput", "src_name": ["case"], "src_index": [0],
                 "input_desc": [{"dtype": 1, "shape": {"dim": [-1, 5]}, "layout": "ND"}]},
            ],
        }
    ],
    "attr": attributes.entries({"soc_version": "Ascend310", "memory_size": 512, "atc_cmdline": "atc --model=m.onnx"}),
}  # fmt: skip


def file(tmp_path: Path, parts: dict[int, list[bytes]], *, narrow: bool = False) -> Path:
    """A file of these partitions, in the new layout or in the old one."""
    raw = b"".join(container.pack(parts, name="m", dynamic=False))
    if narrow:
        data = [b"".join(chunks) for chunks in parts.values()]
        table, offset = [struct.pack("<I", len(parts))], 0
        for kind, content in zip(parts, data, strict=True):
            table.append(struct.pack("<III", kind, offset, len(content)))
            offset += len(content)
        body = b"".join([*table, *data])
        head = bytearray(raw[: fields.HEADER_SIZE])
        struct.pack_into("<I", head, 8, fields.VERSION_ONE_MODEL)
        struct.pack_into("<I", head, 76, len(body))
        struct.pack_into("<Q", head, 184, 0)
        raw = bytes(head) + body
    path = tmp_path / "m.om"
    path.write_bytes(raw)
    return path


def model_def(model: dict[str, Any]) -> list[bytes]:
    return [bytes(chunk) for chunk in encode(model, "Model", GE_IR)]


def test_the_header_s_fields_have_their_documented_places(tmp_path: Path) -> None:
    raw = file(tmp_path, {0: [b"", b""], 1: [b"12345"]}).read_bytes()
    assert raw[:4] == b"IMOD" and struct.unpack_from("<II", raw, 4) == (256, 0x20000000)
    assert struct.unpack_from("<I", raw, 76) == (len(raw) - 256,)
    assert raw[80:84] == bytes(4) and raw[84:86] == b"m\0"
    assert struct.unpack_from("<Q", raw, 184) == (len(raw) - 256,)
    assert struct.unpack_from("<II", raw, 256) == (2, 0)
    assert struct.unpack_from("<IIQQ", raw, 264) == (0, 0, 0, 0)
    assert struct.unpack_from("<IIQQ", raw, 288) == (1, 0, 0, 5)
    assert raw[312:] == b"12345"


@pytest.mark.parametrize("narrow", [False, True])
def test_both_tables_are_read(tmp_path: Path, narrow: bool) -> None:
    parts = {0: model_def(MODEL), 1: [b"weights"], 2: [b""]}
    held = reader.read(file(tmp_path, parts, narrow=narrow))
    assert {kind: bytes(data) for kind, data in held.partitions.items()} == {
        kind: b"".join(chunks) for kind, chunks in parts.items()
    }
    assert held.header.version == (0x10000000 if narrow else 0x20000000)


def test_the_graph_tells_inputs_outputs_and_profiles(tmp_path: Path) -> None:
    path = file(tmp_path, {0: model_def(MODEL), 2: [b""]})
    held = reader.read(path)
    assert [(item.name, item.dims, item.type, item.size) for item in held.introduction.inputs] == [
        ("early", (-1, 3), "float32", 48),
        ("late", (2,), "int8", 2),
    ]
    assert [(item.name, item.shape) for item in held.introduction.outputs] == [("output_0_case_0", (None, 5))]
    assert held.introduction.batches == (1, 4)
    assert held.operators == {"Data": 2, "Const": 1, "Case": 1, "NetOutput": 1}
    assert held.preprocessing == {"early": "static_aipp"}
    assert (held.soc_version, held.number("memory_size"), held.simulated) == ("Ascend310", 512, False)
    assert list(held.constants()) == [("float16", (3, 5), 30)]
    summary = summarize(path)
    assert formats.sniff(path) == summary.format == "om"
    assert summary.compiled is not None and summary.compiled.batches == (1, 4)
    assert summary.compiled.command == "atc --model=m.onnx"
    assert summary.as_dict()["compiled"]["partitions"] == {"MODEL_DEF": len(b"".join(model_def(MODEL))), "TASK_INFO": 0}


def test_introductions_are_read_as_they_are_written() -> None:
    raw = introduction.write(EVERYTHING)
    assert introduction.read(memoryview(raw), 0) == EVERYTHING
    assert introduction.write(Introduction()) == b""
    unknown = struct.pack("<II", 99, 3) + b"abc"
    assert introduction.read(memoryview(unknown + raw), 0) == EVERYTHING


def test_the_introduction_s_bytes_are_the_documented_ones() -> None:
    raw = introduction.write(Introduction((Tensor("ab", 12, 2, 3, (3,), (3,)),), (), (7,)))
    tensor = struct.pack("<QiiIIII", 12, 2, 3, 2, 8, 8, 0) + b"ab" + struct.pack("<qq", 3, 3)
    inputs = struct.pack("<III", 0, 4 + len(tensor), 1) + tensor
    assert raw == inputs + struct.pack("<IIIq", 2, 12, 1, 7)


def test_numbered_attributes_are_named() -> None:
    """A key is \\0 and digits of base 127, lowest first, each one more than its value."""
    many = [f"name{index}" for index in range(200)]
    message = {
        "attr": [
            {"@offset": 0, "key": "attr_name_enum", "value": {"list": {"s": [name.encode() for name in many]}}},
            {"@offset": 0, "key": "attr_value_enum", "value": {"list": {"s": [b"zero", b"one"]}}},
            {"@offset": 0, "key": "attrs_use_string_value", "value": {"list": {"b": [True] * 3 + [False] * 197}}},
        ]
    }
    names = attributes.names(message)

    def entry(key: str, value: dict[str, Any]) -> dict[str, Any]:
        return {"attr": [{"@offset": 5, "key": key, "value": value}]}

    assert attributes.of(entry("\0\1", {"i": 1}), names) == {"name0": b"one"}
    assert attributes.of(entry("\0\3", {"list": {"i": [0, 1]}}), names) == {"name2": [b"zero", b"one"]}
    assert attributes.of(entry("\0\4", {"i": 1}), names) == {"name3": 1}
    assert attributes.of(entry("\0\4\2", {"f": 0.5}), names) == {"name130": 0.5}  # 3 + 1 * 127
    assert attributes.of(entry("plain", {"b": True}), names) == {"plain": True}
    with pytest.raises(FormatError, match="attribute number 254 is not among the 200 names"):
        attributes.of(entry("\0\1\3", {"i": 0}), names)
    with pytest.raises(FormatError, match="text number 9 is not among the 2 texts"):
        attributes.of(entry("\0\1", {"i": 9}), names)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda raw: raw[:200], "the file has 200 bytes; the header alone has 256"),
        (lambda raw: b"PICO" + raw[4:], "does not start with IMOD"),
        (lambda raw: raw[:4] + struct.pack("<I", 512) + raw[8:], "it has 512 bytes, not 256"),
        (lambda raw: raw[:80] + b"\1" + raw[81:], "the model is encrypted"),
        (lambda raw: raw[:-1], "bytes are announced after the header"),
        (
            lambda raw: raw[:256] + struct.pack("<I", 1 << 30) + raw[260:],
            "a table of 1073741824 partitions does not fit",
        ),
        (lambda raw: raw[:280] + struct.pack("<Q", 1 << 40) + raw[288:], "runs 109951162"),
        (lambda raw: raw[:288] + struct.pack("<I", 0) + raw[292:], "the partition MODEL_DEF occurs twice"),
    ],
)
def test_broken_containers(tmp_path: Path, change: Any, text: str) -> None:
    raw = file(tmp_path, {0: model_def(MODEL), 1: [b"weights"]}).read_bytes()
    path = tmp_path / "broken.om"
    path.write_bytes(change(raw))
    with pytest.raises(FormatError, match=text) as caught:
        reader.read(path)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"\0\0", "is cut off"),
        (struct.pack("<II", 0, 99), "is cut off"),
        (struct.pack("<III", 0, 4, 1 << 31), "2147483648 items do not fit"),
        (struct.pack("<III", 2, 4, 9), "9 items do not fit"),
        (struct.pack("<III", 3, 4, 9), "9 items do not fit"),
        (struct.pack("<IIII", 3, 8, 1, 1 << 31), "is cut off"),
        (struct.pack("<IIIQiiIIII", 0, 36, 1, 0, 0, 0, 0, 3, 0, 0), "3 bytes are no row of 64-bit numbers"),
    ],
)
def test_broken_introductions(raw: bytes, text: str) -> None:
    with pytest.raises(FormatError, match=text):
        introduction.read(memoryview(raw), 0)


def test_a_file_that_is_cut_or_changed_anywhere_ends_in_a_format_error(tmp_path: Path) -> None:
    path = tmp_path / "m.om"
    writer.write(path, MODEL, [b"weights"], EVERYTHING)
    raw = path.read_bytes()
    for end in range(len(raw)):
        with pytest.raises(FormatError):
            reader.parse(memoryview(raw[:end]))
    chooser = random.Random(0)
    outcomes = set()
    for _ in range(3000):
        place, value = chooser.randrange(len(raw)), chooser.randrange(256)
        try:
            reader.parse(memoryview(raw[:place] + bytes([value]) + raw[place + 1 :]))
            outcomes.add("read")
        except FormatError:
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "m.om"
    writer.write(path, MODEL, [b"old"], EVERYTHING)
    before = path.read_bytes()
    with pytest.raises(KeyError):
        writer.write(path, {"no_such_field": 1}, [], EVERYTHING)
    assert path.read_bytes() == before and [item.name for item in tmp_path.iterdir()] == ["m.om"]
    with pytest.raises(FileProblem, match="there is no folder"):
        writer.write(tmp_path / "none" / "m.om", MODEL, [], EVERYTHING)


def test_a_compiled_model_is_summarized(tmp_path: Path) -> None:
    source = offline.affine(tmp_path, ("rows", 3))
    path = offline.compiled(source, "--input_shape=x:-1,3", "--dynamic_batch_size=1,2,4")
    summary = summarize(path)
    assert summary.producer == "the simulated ATC" and summary.convertible is None
    assert [str(port) for port in summary.inputs] == ["x: float32[?, 3]", "ascend_mbatch_shape_data: int64[1]"]
    assert (summary.parameters, summary.elements, summary.parameter_bytes) == (2, 16, 64)
    assert summary.compiled is not None
    assert (summary.compiled.simulated, summary.compiled.batches) == (True, (1, 2, 4))
