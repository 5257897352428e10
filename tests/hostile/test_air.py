"""AIR files that lie: each is refused with its reason and place, quickly and in little memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from formats.air import files
from formats.air.files import FLOAT, INT64, const, data, desc, message, model, op, relu, store
from hostile.limits import limits
from mindferry.errors import FileProblem, FormatError
from mindferry.formats import sniff
from mindferry.formats._wire import read_varint, write_varint
from mindferry.formats.air.reader import read

VENDOR = Path(__file__).parents[1] / "formats" / "air" / "vendor_sample.air"


def refusal(folder: Path, content: Any) -> tuple[str, int | None]:
    """The reason and place for which a file is refused, within the limits."""
    path = store(folder, content)
    with limits(), pytest.raises(FormatError) as caught:
        read(path)
    assert caught.value.path == str(path)
    return caught.value.reason, caught.value.offset


def reason(folder: Path, content: Any) -> str:
    found, offset = refusal(folder, content)
    assert offset is not None
    return found


def test_the_unbroken_file_is_read(tmp_path: Path) -> None:
    assert [node.primitive for node in read(store(tmp_path, model())).main.nodes] == ["Add", "Relu"]


def boundaries(raw: bytes) -> set[int]:
    """Sizes at which a prefix ends with a whole field of the outermost message: a shorter file, not a broken one."""
    found, position, view = set(), 0, memoryview(raw)
    while position < len(raw):
        key, position = read_varint(view, position)
        number, position = read_varint(view, position)
        position += number if key & 7 == 2 else 0
        found.add(position)
    return found


@pytest.mark.parametrize("raw", [VENDOR.read_bytes(), model().SerializeToString()], ids=["vendor", "small"])
def test_a_file_cut_anywhere_is_refused(tmp_path: Path, raw: bytes) -> None:
    for size in {*range(1, 200), *range(200, len(raw), 7)} - boundaries(raw):
        with limits(), pytest.raises(FormatError):
            read(store(tmp_path, raw[:size]))


@pytest.mark.parametrize("place", range(0, len(VENDOR.read_bytes()), 7))
def test_a_changed_byte_is_refused_or_read(tmp_path: Path, place: int) -> None:
    raw = bytearray(VENDOR.read_bytes())
    raw[place] ^= 0xFF
    path = store(tmp_path, bytes(raw))
    with limits():
        for function in (sniff, read):
            try:
                function(path)
            except (FormatError, FileProblem) as error:
                assert str(path) in str(error)


@pytest.mark.parametrize(
    ("raw", "wanted", "offset"),
    [
        (b"", "the file is empty", 0),
        (b"\xff" * 10, "a varint is longer than 10 bytes", 0),
        (b"\x3a\x80\x80\x80\x80\x08", "Model.graph runs 2147483648 bytes past its parent", 0),
        (b"\x3a\x04\x32\x02\x0a\x09", "Op.name runs 9 bytes past its parent", 4),
        (b"\x3a\x02\x30\x01", "Graph.op should be a Op, but has wire type 0", 2),
        (b"\x0a\x03net", "not an AIR file: it holds no graph", 0),
        (b"\x3a\x00", "not an AIR file: it holds no graph", 0),
    ],
)
def test_bytes_that_are_no_air(tmp_path: Path, raw: bytes, wanted: str, offset: int) -> None:
    assert refusal(tmp_path, raw) == (wanted, offset)


@pytest.mark.parametrize(
    ("edge", "wanted"),
    [
        ("nosuch:0", "'y' refers to op 'nosuch', which its graph does not have"),
        ("nosuch:-1", "'y' refers to op 'nosuch', which its graph does not have"),
        ("x:1", "edge 'x:1' leaves an op that has 1 outputs"),
        ("x:99999999999999999999", "'x:99999999999999999999' is no edge; op:index is expected"),
        ("x:-2", "'x:-2' is no edge; op:index is expected"),
        ("x", "'x' is no edge; op:index is expected"),
        (":0", "':0' is no edge; op:index is expected"),
        ("x:\u0663", "'x:\u0663' is no edge; op:index is expected"),
    ],
)
def test_edges_from_nowhere(tmp_path: Path, edge: str, wanted: str) -> None:
    assert reason(tmp_path, model(data("x", 2), relu("y", edge))) == wanted


def test_an_output_from_nowhere(tmp_path: Path) -> None:
    found = reason(tmp_path, model(data("x", 2), outputs=("z:0",)))
    assert found == "'main' refers to op 'z', which its graph does not have"


def test_no_output(tmp_path: Path) -> None:
    assert reason(tmp_path, model(data("x", 2), relu("y", "x:0"), outputs=())) == "graph 'main' has no output"


def test_ops_in_a_circle(tmp_path: Path) -> None:
    ops = data("x", 2), relu("a", "c:0"), relu("b", "a:0"), relu("c", "b:0"), relu("y", "c:0")
    assert reason(tmp_path, model(*ops)) == "ops wait for each other in a circle: 'a', 'b', 'c', ..."
    assert reason(tmp_path, model(relu("y", "y:0"))) == "ops wait for each other in a circle: 'y'"


def test_a_long_chain_is_no_recursion(tmp_path: Path) -> None:
    chain = [relu(f"n{place}", f"n{place - 1}:0") for place in range(1_500, 0, -1)]
    path = store(tmp_path, model(data("n0", 2), *chain, outputs=("n1500:0",)))
    with limits(seconds=20, megabytes=64):
        assert len(read(path).main.nodes) == 1_500


@pytest.mark.parametrize(
    ("ops", "wanted"),
    [
        ((data("x", 2), relu("x", "x:0")), "two ops are named 'x'"),
        ((data("", 2),), "one of the ops has no name"),
        ((data("a", 2, index=1), data("b", 2, index=1)), "Data 'b' has the index 1, which is taken"),
        ((op("x", "Data", "", given=0),), "Data 'x' has no descriptor"),
        ((data("x", 2, dtype=18),), "data type 18 is unknown or not supported"),
        ((data("x", 2, dtype=0),), "data type 0 is unknown or not supported"),
    ],
)
def test_ops_that_cannot_be(tmp_path: Path, ops: tuple[Any, ...], wanted: str) -> None:
    assert reason(tmp_path, model(*ops, outputs=(f"{ops[0].name}:0",))) == wanted


def weight(**fields: Any) -> tuple[Any, ...]:
    return data("x", 2), const("w", np.zeros(2, np.float32), **fields), op("y", "Add", "x:0", "w:0")


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"data": b"123"}, "Const 'w' of float32[2] needs 8 bytes, the file has 3"),
        ({"data": b""}, "Const 'w' of float32[2] needs 8 bytes, the file has 0"),
        ({"desc": desc(2**40, 2**40)}, f"Const 'w' of float32[{2**40}, {2**40}] needs {4 * 2**80} bytes, the file has 8"),
        ({"desc": desc(-1)}, "Const 'w' has a negative dimension: [-1]"),
        ({"desc": desc(2, dtype=13)}, "Const 'w' holds strings, which is not supported"),
        ({"desc": desc(2, dtype=99)}, "data type 99 is unknown or not supported"),
        ({"desc": desc(2, layout="FRACTAL_Z")}, "Const 'w' lies in the layout FRACTAL_Z; only graphs from before "
         "their compilation can be read"),
        ({"desc": desc(*[1] * 5_000, *[2**40] * 9)}, None),
    ],
)  # fmt: skip
def test_weights_that_do_not_fit(tmp_path: Path, fields: dict[str, Any], wanted: str | None) -> None:
    found = reason(tmp_path, model(*weight(**fields)))
    assert wanted is None or found == wanted


def test_a_weight_without_a_value(tmp_path: Path) -> None:
    assert reason(tmp_path, model(data("x", 2), op("w", "Const"), relu("y", "x:0"))) == "Const 'w' has no value"


def external(location: str, start: int = 0, length: int = 8) -> Any:
    where = {"location": message("Attr", s=location.encode()), "offset": message("Attr", i=start)}
    found = op("w", "Const", results=[desc(2)], length=message("Attr", i=length), **where)
    return model(data("x", 2), found, op("y", "Add", "x:0", "w:0"))


@pytest.mark.parametrize("location", ["../w", "a/../../w", "/etc/passwd", "air_weight/../../w"])
def test_weights_outside_the_folder(tmp_path: Path, location: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "w").write_bytes(bytes(8))
    assert reason(tmp_path / "in", external(location)) == f"external data {location!r} is not inside the model's folder"


@pytest.mark.parametrize(
    ("start", "length", "wanted"),
    [
        (4, 8, "w.bin has 8 bytes, but a weight lies at 4 to 12"),
        (-8, 8, "w.bin has 8 bytes, but a weight lies at -8 to 0"),
        (0, 2**31, f"Const 'w' needs 8 bytes, 'w.bin' holds {2**31} for it"),
    ],
)
def test_weights_beside_the_model_that_do_not_fit(tmp_path: Path, start: int, length: int, wanted: str) -> None:
    (tmp_path / "w.bin").write_bytes(bytes(8))
    assert reason(tmp_path, external("w.bin", start, length)) == wanted


def test_weights_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match=r"nowhere\.bin: no such file"):
        read(store(tmp_path, external("nowhere.bin")))


def test_subgraphs_that_are_not_there(tmp_path: Path) -> None:
    call = op("y", "PartitionedCall", "x:0")
    call.subgraph_name.append("gone")
    found = reason(tmp_path, model(data("x", 2), call))
    assert found == "'y' refers to subgraph 'gone', which the file does not have"
    twice = (files.graph("s", data("x", 2), outputs=("x:0",)),) * 2
    assert reason(tmp_path, model(data("x", 2), relu("y", "x:0"), subgraphs=twice)) == "two subgraphs are named 's'"


def test_subgraphs_that_contain_each_other(tmp_path: Path) -> None:
    def calling(name: str, other: str) -> Any:
        call = op(f"{name}_y", "PartitionedCall", f"{name}_x:0")
        call.subgraph_name.append(other)
        return files.graph(name, data(f"{name}_x", 2), call, outputs=(f"{name}_y:0",))

    content = model(data("x", 2), relu("y", "x:0"), subgraphs=(calling("s", "t"), calling("t", "s")))
    assert reason(tmp_path, content) == "subgraphs wait for each other in a circle: 's', 't'"


def test_deep_nesting(tmp_path: Path) -> None:
    inner = b""
    for number in (2, 2, 10) * 200:
        inner = bytes([number << 3 | 2]) + write_varint(len(inner)) + inner
    for number in (2, 10, 6, 7):
        inner = bytes([number << 3 | 2]) + write_varint(len(inner)) + inner
    assert reason(tmp_path, inner) == "messages are nested deeper than 64"


def test_ten_thousand_dimensions_are_read(tmp_path: Path) -> None:
    path = store(tmp_path, model(data("x", *[1] * 10_000, dtype=FLOAT), outputs=("x:0",)))
    with limits():
        read(path)


def test_names_for_places_that_are_not(tmp_path: Path) -> None:
    broken = op("y", "Relu", "x:0")
    broken.attr["_input_name_key"].list.s.extend([b"x"])
    broken.attr["_input_name_value"].list.i.extend([2**62])
    found = reason(tmp_path, model(data("x", 2), broken))
    assert found == "op 'y' has 1 inputs, which its input names do not fit: 1 names for 1 places"


def test_an_int64_weight_keeps_its_type(tmp_path: Path) -> None:
    big = const("w", np.arange(100), INT64)
    assert read(store(tmp_path, model(data("x", 2), big, op("y", "Add", "x:0", "w:0")))).parameters()["w"].nbytes == 800
