"""MindIR files that lie: each is refused with its reason and place, quickly and in little memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import pytest

from hostile import files
from hostile.limits import limits
from mindferry.errors import FileProblem, FormatError
from mindferry.formats._wire import decode, read_varint
from mindferry.formats.mindir import fields
from mindferry.formats.mindir.reader import read
from mindferry.graph import Model

FORMATS = Path(__file__).parents[1] / "formats"


def place(folder: Path, raw: bytes | Any, name: str = "a.mindir") -> Path:
    path = folder / name
    path.write_bytes(raw if isinstance(raw, bytes) else raw.SerializeToString())
    return path


def refusal(folder: Path, raw: bytes | Any) -> tuple[str, int | None]:
    """The reason and place for which a file is refused, within the limits."""
    path = place(folder, raw)
    with limits(), pytest.raises(FormatError) as caught:
        read(path)
    assert caught.value.path == str(path)
    return caught.value.reason, caught.value.offset


def test_the_unbroken_file_is_read(tmp_path: Path) -> None:
    model = read(place(tmp_path, files.model()))
    assert [node.primitive for node in model.main.nodes] == ["Add", "ReLU"]


@pytest.mark.parametrize(
    "source",
    ["versions/1.0.0/lenet.mindir", "versions/1.6.1/lstm_classifier.mindir", "versions/2.10.0/lenet.mindir"],
)
def test_a_file_cut_anywhere_is_refused(tmp_path: Path, source: str) -> None:
    raw = (FORMATS / source).read_bytes()
    whole = boundaries(raw)
    for size in (*range(1, 200), *range(200, len(raw), max(1, len(raw) // 300))):
        outcome = attempt(place(tmp_path, raw[:size]))
        assert isinstance(outcome, FormatError) or size in whole, f"read at {size} bytes"


def test_a_small_file_cut_at_every_byte_is_refused(tmp_path: Path) -> None:
    raw = files.model().SerializeToString()
    whole = boundaries(raw)
    read_at = [size for size in range(1, len(raw)) if not isinstance(attempt(place(tmp_path, raw[:size])), FormatError)]
    assert set(read_at) <= whole
    assert len(read_at) < 4


def boundaries(raw: bytes) -> set[int]:
    """Sizes at which a prefix ends with a whole field of the outermost message: a shorter file, not a broken one."""
    found, position, view = set(), 0, memoryview(raw)
    while position < len(raw):
        key, position = read_varint(view, position)
        number, position = read_varint(view, position)
        position += number if key & 7 == 2 else 0
        found.add(position)
    return found


def attempt(path: Path) -> Model | FormatError:
    try:
        return read(path)
    except FormatError as error:
        return error


@pytest.mark.parametrize(
    ("raw", "reason", "offset"),
    [
        (b"", "the file is empty", 0),
        (b"\xff" * 10, "a varint is longer than 10 bytes", 0),
        (b"\x0a" + b"\x80" * 11 + b"\x01", "a varint is longer than 10 bytes", 1),
        (b"\x89PNG\r\n\x1a\n", "the file ends inside field 1281 of Model", 0),
        (b"\x3a\x80\x80\x80\x80\x08", "Model.graph runs 2147483648 bytes past its parent", 0),
        (b"\x3a\x04\x0a\x02\x0a\x09", "Node.input runs 9 bytes past its parent", 4),
        (b"\x3a\x02\x08\x01", "Graph.node should be a Node, but has wire type 0", 2),
        (b"\x0a\x031.1", "not a MindIR file: it holds no graph", 0),
    ],
)
def test_bytes_that_are_no_mindir(tmp_path: Path, raw: bytes, reason: str, offset: int) -> None:
    assert refusal(tmp_path, raw) == (reason, offset)


def test_files_of_other_formats(tmp_path: Path) -> None:
    graph = onnx.helper.make_graph([], "g", [], [])
    assert refusal(tmp_path, onnx.helper.make_model(graph)) == ("this is an ONNX file, not MindIR", 0)
    checkpoint = files.checkpoint(("w", [2], "Int8", b"12"))
    assert refusal(tmp_path, checkpoint) == ("not a MindIR file: it holds no graph", 0)
    encrypted = (FORMATS / "ckpt" / "recorded" / "gcm.mindir").read_bytes()
    assert refusal(tmp_path, encrypted) == ("the file is encrypted; give its key", 0)


def test_an_encrypted_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    raw = (FORMATS / "ckpt" / "recorded" / "gcm.mindir").read_bytes()
    for size in (4, 10, 24, 30, 44, 50, 1000, len(raw) - 1):
        with (
            limits(),
            pytest.raises(
                FormatError, match=r"the file ends inside an encrypted block|block is broken|key does not fit"
            ),
        ):
            read(place(tmp_path, raw[:size]), key=b"0123456789abcdef")


def tuples(depth: int) -> Any:
    item = files.attribute("v", files.INT64, i=1)
    for _ in range(depth):
        item = files.attribute("v", files.TUPLE, values=[item])
    return item


def grammar(depth: int) -> Any:
    text = f"scalar:{'Tuple[' * depth}value1{']' * depth}"
    return files.attribute("v", files.INT64, ints=[1], ref_attr_name=text)


@pytest.mark.parametrize(("value", "reason"), [(tuples(90), "messages"), (grammar(100_000), "attributes")])
def test_deep_nesting(tmp_path: Path, value: Any, reason: str) -> None:
    nodes = [files.constant("c", value), files.node("main:y", "REF::ReLU:1", "main:x")]
    assert refusal(tmp_path, files.model(node=nodes))[0] == f"{reason} are nested deeper than 64"


def test_a_grammar_that_does_not_fit_its_elements(tmp_path: Path) -> None:
    value = files.attribute("v", files.INT64, ints=[1], ref_attr_name="scalar:Tuple[value1,value2,]")
    assert refusal(tmp_path, files.model(node=[files.constant("c", value)]))[0] == (
        "attribute grammar 'Tuple[value1,value2,]' does not fit its elements"
    )


@pytest.mark.parametrize(
    ("tensor", "reason"),
    [
        (files.tensor("main:w", raw_data=bytes(15)), "tensor 'w' of float32[2, 2] needs 16 bytes, the file has 15"),
        (files.tensor("main:w", float_data=[1, 2, 3]), "tensor 'w' of float32[2, 2] needs 16 bytes, the file has 12"),
        (files.tensor("main:w", (-2, -2), raw_data=bytes(16)), "tensor 'w' has a negative dimension: [-2, -2]"),
        (
            files.tensor("main:w", (2**31, 2**31), raw_data=bytes(16)),
            f"tensor 'w' of float32[{2**31}, {2**31}] needs {2**64} bytes, the file has 16",
        ),
        (files.tensor("main:w", compression_type=3), "tensor 'w' is compressed (type 3), which is not supported"),
    ],
)
def test_shapes_that_do_not_fit_their_bytes(tmp_path: Path, tensor: Any, reason: str) -> None:
    assert refusal(tmp_path, files.model(parameter=[tensor]))[0] == reason


def test_element_types_that_do_not_exist(tmp_path: Path) -> None:
    tensor = files.tensor("main:w", raw_data=bytes(16))
    tensor.data_type = 99
    assert refusal(tmp_path, files.model(parameter=[tensor]))[0] == "data type 99 is unknown or not supported"


def test_a_map_parameter(tmp_path: Path) -> None:
    model = files.model()
    model.graph.map_parameter.add(name="main:table")
    assert refusal(tmp_path, model)[0] == "a MapParameter (hash table) is not supported"


@pytest.mark.parametrize("location", ["../secret", "/etc/hostname", "a/../../secret", ""])
def test_external_data_outside_the_folder(tmp_path: Path, location: str) -> None:
    (tmp_path.parent / "secret").write_bytes(bytes(100))
    tensor = files.tensor("main:w", external_data={"location": location, "offset": 0, "length": 16})
    reason, offset = refusal(tmp_path, files.model(parameter=[tensor]))
    assert reason == f"external data {location!r} is not inside the model's folder"
    assert offset is not None


@pytest.mark.parametrize("offset", [2**31, -5, 90])
def test_external_data_past_the_end(tmp_path: Path, offset: int) -> None:
    (tmp_path / "data_0").write_bytes(bytes(100))
    tensor = files.tensor("main:w", external_data={"location": "data_0", "offset": offset, "length": 16})
    reason, _ = refusal(tmp_path, files.model(parameter=[tensor]))
    assert reason == f"data_0 has 100 bytes, but a parameter lies at {offset} to {offset + 16}"


def test_external_data_that_is_missing(tmp_path: Path) -> None:
    tensor = files.tensor("main:w", external_data={"location": "data_0", "offset": 0, "length": 16})
    path = place(tmp_path, files.model(parameter=[tensor]))
    with pytest.raises(FileProblem, match=r"data_0: no such file$"):
        read(path)


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"node": [files.node("main:y", "REF::ReLU:1", "main:x")] * 2}, "two values are named 'main:y'"),
        ({"parameter": [files.tensor("main:w", raw_data=bytes(16))] * 2}, "two parameters are named 'main:w'"),
        ({"input": [files.value("main:x")] * 2}, "two inputs are named 'main:x'"),
        ({"node": [files.constant("c", tuples(1))] * 2}, "two constants are named 'c'"),
        ({"output": [files.value("main:z")]}, "value 'main:z' is used before it is defined"),
        ({"node": [files.node("main:y", "REF::ReLU:1", "main:y")]}, "value 'main:y' is used before it is defined"),
        (
            {"node": [files.node("main:y", "REF::Gone:1", "main:x")]},
            "node 'main:y' refers to 'Gone:1', which the file does not define",
        ),
    ],
)
def test_names_that_lead_nowhere_or_to_two_places(tmp_path: Path, parts: dict[str, Any], reason: str) -> None:
    text, offset = refusal(tmp_path, files.model(**parts))
    assert text == reason
    assert offset is not None


@pytest.mark.parametrize("what", ["functions", "primitives"])
def test_two_tables_rows_of_one_name(tmp_path: Path, what: str) -> None:
    model = files.model()
    for _ in range(2):
        getattr(model, what).add(name="twice")
    assert refusal(tmp_path, model)[0] == f"two {what} are named 'twice'"


def test_a_claim_of_two_gigabytes_costs_nothing(tmp_path: Path) -> None:
    raw = files.model().SerializeToString()
    graph = decode(memoryview(raw), "Model", fields.MIND_IR)["graph"]["@offset"]
    claim = raw[: graph - 2] + b"\xff\xff\xff\xff\x07" + raw[graph:]
    reason, offset = refusal(tmp_path, claim)
    assert reason.startswith("Model.graph runs 21474")
    assert offset == raw.index(b"\x3a")
