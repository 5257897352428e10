"""AIR files as others read them: protobuf classes of their own, and what the vendor's loader is known to want."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest

from formats.air import protos
from mindferry.errors import FileProblem
from mindferry.formats.air import writer
from mindferry.formats.air.model import UNKNOWN_RANK, Attribute, Constant, Descriptor, Graph, Input, Model, Op, Output
from mindferry.types import DType

META = {"_input_name_key", "_input_name_value", "_output_name_key", "_output_name_value", "_opt_input"}
"""List attributes that the vendor writes without a type."""

IMAGE = Descriptor(DType.FLOAT32, (1, 3, 8, 8), "NCHW")
FILTER = Descriptor(DType.FLOAT32, (4, 3, 3, 3), "NCHW")
RESULT = Descriptor(DType.FLOAT32, (1, 4, 6, 6), "NCHW")
WEIGHT = np.arange(108, dtype=np.float32)


def const(name: str, data: Any = None, descriptor: Descriptor = FILTER) -> Op:
    value = Constant(descriptor, WEIGHT.tobytes() if data is None else data)
    return Op(name, "Const", (), (Output("y", descriptor),), {"value": Attribute("Tensor", value)})


def data(descriptor: Descriptor = IMAGE) -> Op:
    return Op("x", "Data", (Input("x", "", descriptor),), (Output("y", descriptor),), {"index": Attribute("Int", 0)})


def conv(weight: str = "conv.weight") -> Op:
    attributes = {
        "strides": Attribute("ListInt", (1, 1, 1, 1)), "pads": Attribute("ListInt", (0, 0, 0, 0)),
        "data_format": Attribute("String", "NCHW"), "groups": Attribute("Int", 1), "empty": Attribute("ListInt", ()),
        "flag": Attribute("Bool", False), "ratio": Attribute("Float", 0.5), "kind": Attribute("Type", DType.FLOAT16),
        "names": Attribute("ListString", ("a", "b")), "kinds": Attribute("ListType", (DType.INT64, DType.BOOL)),
        "pairs": Attribute("ListListInt", ((0, 1), (2, 3))), "numbers": Attribute("ListFloat", (0.5, 2.0)),
    }  # fmt: skip
    inputs = (
        Input("x", "x:0", IMAGE), Input("filter", f"{weight}:0", FILTER), Input("bias", optional=True),
        Input("offset_w", optional=True),
    )  # fmt: skip
    return Op("conv", "Conv2D", inputs, (Output("y", RESULT),), attributes)


def small(*, weight: Op | None = None) -> Model:
    weight = weight or const("conv.weight")
    return Model(Graph("main", (data(), weight, conv(weight.name)), ("conv:0",)))


def parse(path: Path) -> Any:
    return protos.classes()["Model"].FromString(path.read_bytes())


def written(model: Model, folder: Path) -> Any:
    writer.save(model, folder / "m.air")
    return parse(folder / "m.air")


def by_name(message: Any) -> dict[str, Any]:
    return {op.name: op for op in message.graph[0].op}


def test_a_file_is_one_message_without_a_name_or_version(tmp_path: Path) -> None:
    message = written(small(), tmp_path)
    assert (message.name, message.version, len(message.graph)) == ("", 0, 1)
    assert message.graph[0].name == "main"
    assert list(message.graph[0].output) == ["conv:0"]
    assert {name: value.i for name, value in message.attr.items() if name != "target_type"} == dict.fromkeys(
        ("event_num", "label_num", "memory_size", "p2p_memory_size", "stream_num", "weight_size"), 0
    )


def test_an_op_has_its_edges_names_and_descriptors(tmp_path: Path) -> None:
    op = by_name(written(small(), tmp_path))["conv"]
    assert (op.type, op.id, op.has_out_attr) == ("Conv2D", 2, True)
    assert list(op.input) == ["x:0", "conv.weight:0", "", ""]
    assert [bytes(name) for name in op.attr["_input_name_key"].list.s] == [b"bias", b"filter", b"offset_w", b"x"]
    assert list(op.attr["_input_name_value"].list.i) == [2, 1, 3, 0]
    assert [bytes(name) for name in op.attr["_opt_input"].list.s] == [b"bias", b"offset_w"]
    assert list(op.attr["is_input_const"].list.b) == list(op.is_input_const) == [False, True]
    assert [desc.layout for desc in op.input_desc] == ["NCHW", "NCHW", "FORMAT_RESERVED", "FORMAT_RESERVED"]
    assert [desc.dtype for desc in op.input_desc] == [1, 1, 0, 0]
    assert [list(desc.shape.dim) for desc in op.output_desc] == [[1, 4, 6, 6]]


def test_attributes_have_the_field_of_their_kind(tmp_path: Path) -> None:
    found = by_name(written(small(), tmp_path))["conv"].attr
    assert found["groups"].i == 1
    assert found["groups"].WhichOneof("value") == "i"
    assert (found["flag"].WhichOneof("value"), found["flag"].b) == ("b", False)
    assert (found["ratio"].f, found["data_format"].s, found["kind"].dt) == (0.5, b"NCHW", 1)
    assert ([bytes(name) for name in found["names"].list.s], found["names"].list.val_type) == ([b"a", b"b"], 1)
    assert (list(found["kinds"].list.dt), found["kinds"].list.val_type) == ([9, 12], 10)
    assert [list(row.list_i) for row in found["pairs"].list_list_int.list_list_i] == [[0, 1], [2, 3]]
    assert (list(found["numbers"].list.f), found["numbers"].list.val_type) == ([0.5, 2.0], 3)
    assert (list(found["empty"].list.i), found["empty"].list.val_type) == ([], 2)


def lists(message: Any) -> Iterator[tuple[str, Any]]:
    """Every list attribute of a message, at any depth."""
    for field, value in message.ListFields():
        if field.name == "attr":
            for name, one in value.items():
                if one.WhichOneof("value") == "list":
                    yield name, one.list
                yield from lists(one)
        elif field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for one in value if isinstance(value, list) or hasattr(value, "add") else [value]:
                yield from lists(one)


def test_every_list_but_the_names_has_a_type(tmp_path: Path) -> None:
    found = list(lists(written(small(), tmp_path)))
    assert {name for name, one in found if one.val_type == 0} == META
    assert {name for name, _ in found} >= {"origin_shape", "strides", "empty", "is_input_const"}


@pytest.mark.parametrize(
    ("descriptor", "dims", "layout", "number", "ranges"),
    [
        (IMAGE, [1, 3, 8, 8], "NCHW", 0, None),
        (Descriptor(DType.INT64, ()), [], "ND", 2, None),
        (Descriptor(DType.BOOL, (-1, 3)), [-1, 3], "ND", 2, [[1, -1], [3, 3]]),
        (Descriptor(DType.FLOAT16, (2, -1, 3, 4, 5), "NCDHW"), [2, -1, 3, 4, 5], "NCDHW", 30,
         [[2, 2], [1, -1], [3, 3], [4, 4], [5, 5]]),
        (Descriptor(DType.FLOAT32, UNKNOWN_RANK), [-2], "ND", 2, None),
    ],
)  # fmt: skip
def test_a_descriptor_says_shape_and_format_twice(
    tmp_path: Path, descriptor: Descriptor, dims: list[int], layout: str, number: int, ranges: Any
) -> None:
    op = by_name(written(Model(Graph("main", (data(descriptor),), ("x:0",))), tmp_path))["x"]
    assert op.input_desc[0] == op.output_desc[0]
    desc = op.output_desc[0]
    assert (list(desc.shape.dim), desc.layout, desc.device_type, desc.has_out_attr) == (dims, layout, "NPU", True)
    assert desc.real_dim_cnt == (0 if dims == [-2] else len(dims))
    assert (desc.attr["origin_format"].s.decode(), list(desc.attr["origin_shape"].list.i)) == (layout, dims)
    assert desc.attr["origin_shape_initialized"].b
    assert desc.attr["format_for_int"].i == desc.attr["origin_format_for_int"].i == number
    assert ("shape_range" in desc.attr) == (ranges is not None)
    if ranges:
        assert [list(row.list_i) for row in desc.attr["shape_range"].list_list_int.list_list_i] == ranges


def test_element_types_have_the_numbers_of_the_file(tmp_path: Path) -> None:
    numbers = {
        DType.FLOAT32: 1, DType.FLOAT16: 2, DType.INT8: 3, DType.UINT8: 4, DType.INT16: 5, DType.UINT16: 6, DType.INT32: 7,
        DType.INT64: 8, DType.UINT32: 9, DType.UINT64: 10, DType.BOOL: 11, DType.FLOAT64: 12, DType.BFLOAT16: 27,
    }  # fmt: skip
    for dtype, number in numbers.items():
        op = by_name(written(Model(Graph("main", (data(Descriptor(dtype, (1,))),), ("x:0",))), tmp_path))["x"]
        assert op.output_desc[0].dtype == number


def test_a_weight_is_a_tensor_of_little_endian_bytes(tmp_path: Path) -> None:
    tensor = by_name(written(small(), tmp_path))["conv.weight"].attr["value"].t
    assert np.array_equal(np.frombuffer(tensor.data, "<f4"), WEIGHT)
    assert list(tensor.desc.shape.dim) == [4, 3, 3, 3]


def test_equal_models_have_equal_bytes_and_sorted_attributes(tmp_path: Path) -> None:
    writer.save(small(), tmp_path / "a.air")
    writer.save(small(), tmp_path / "b.air")
    assert (tmp_path / "a.air").read_bytes() == (tmp_path / "b.air").read_bytes()
    from mindferry.formats import _files, _wire
    from mindferry.formats.air.fields import GE_IR

    message = _wire.decode(_files.map_file(tmp_path / "a.air"), "Model", GE_IR)
    for op in message["graph"][0]["op"]:
        keys = [entry["key"] for entry in op["attr"]]
        assert keys == sorted(keys)


class Stored:
    """Bytes that nobody may hold: they are only written."""

    def __init__(self, count: int) -> None:
        self.nbytes, self.times = count, 0

    def tofile(self, file: BinaryIO) -> None:
        self.times += 1
        file.write(b"\1" * self.nbytes)


def test_weights_are_written_from_where_they_are(tmp_path: Path) -> None:
    stored = Stored(432)
    message = written(small(weight=const("conv.weight", stored)), tmp_path)
    assert by_name(message)["conv.weight"].attr["value"].t.data == b"\1" * 432
    assert stored.times == 1


def test_from_the_limit_on_weights_lie_beside_the_model(tmp_path: Path) -> None:
    files = writer.save(small(), tmp_path / "net.air", limit=600)
    place = tmp_path / "air_weight" / "net" / "Const_main_conv.weight_file"
    assert files == [tmp_path / "net.air", place]
    assert np.array_equal(np.fromfile(place, "<f4"), WEIGHT)
    op = by_name(parse(tmp_path / "net.air"))["conv.weight"]
    assert op.attr["value"].t.data == b""
    assert list(op.attr["value"].t.desc.shape.dim) == [4, 3, 3, 3]
    assert (op.attr["location"].s, op.attr["length"].i) == (b"air_weight/net/Const_main_conv.weight_file", 432)


def test_a_model_at_the_limit_stays_one_file(tmp_path: Path) -> None:
    (path,) = writer.save(small(), tmp_path / "m.air")
    size = path.stat().st_size
    assert writer.save(small(), path, limit=size) == [path]
    assert len(writer.save(small(), path, limit=size - 1)) == 2


def test_files_of_weights_have_plain_and_different_names(tmp_path: Path) -> None:
    ops = (data(), const("a/b c"), const("a_b_c"), const("../up"))
    files = writer.save(Model(Graph("main", ops, ("x:0",))), tmp_path / "m.air", limit=0)
    assert [path.name for path in files[1:]] == [
        "Const_main_a_b_c_file",
        "Const_main_a_b_c_file_1",
        "Const_main_.._up_file",
    ]
    assert {path.parent for path in files[1:]} == {tmp_path / "air_weight" / "m"}


def test_weights_of_an_earlier_model_go(tmp_path: Path) -> None:
    writer.save(small(weight=const("old")), tmp_path / "m.air", limit=0)
    writer.save(small(weight=const("new")), tmp_path / "m.air", limit=0)
    assert [path.name for path in (tmp_path / "air_weight" / "m").iterdir()] == ["Const_main_new_file"]


@pytest.mark.parametrize("limit", [0, writer.LIMIT])
def test_a_failure_leaves_the_earlier_file_and_nothing_else(tmp_path: Path, limit: int) -> None:
    class Broken(Stored):
        def tofile(self, file: BinaryIO) -> None:
            file.write(b"\1" * 10)
            raise OSError(28, "No space left on device")

    writer.save(small(), tmp_path / "m.air")
    before = (tmp_path / "m.air").read_bytes()
    with pytest.raises(FileProblem, match=r"m\.air: cannot be written \(No space left on device\)"):
        writer.save(small(weight=const("conv.weight", Broken(432))), tmp_path / "m.air", limit=limit)
    assert [path.name for path in tmp_path.iterdir()] == ["m.air"]
    assert (tmp_path / "m.air").read_bytes() == before


def test_a_symbolic_link_cannot_have_weights_beside_it(tmp_path: Path) -> None:
    (tmp_path / "link.air").symlink_to(tmp_path / "m.air")
    with pytest.raises(FileProblem, match="is a symbolic link"):
        writer.save(small(), tmp_path / "link.air", limit=0)


def test_a_missing_folder_is_a_file_problem(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="there is no folder"):
        writer.save(small(), tmp_path / "none" / "m.air")
