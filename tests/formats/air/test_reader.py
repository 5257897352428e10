"""AIR files -> source graphs, and on to results, by the public path."""

from __future__ import annotations

import mmap
from pathlib import Path

import numpy as np
import pytest

import mindferry
from formats.air import files, protos
from formats.air.files import BOOL, INT32, INT64, const, data, desc, message, model, op, relu, store
from lowering.ge.reference import conv
from mindferry.errors import ConvertError, FormatError, NotInstalled, OptionError, UnsupportedPrimitives
from mindferry.formats import sniff
from mindferry.formats.air.reader import read
from mindferry.graph import Ref, TensorType
from mindferry.types import DType

VENDOR = Path(__file__).with_name("vendor_sample.air")
X = np.array([0.5, 2.0], np.float32)


def run(path: Path, **feeds: np.ndarray) -> list[np.ndarray]:
    with mindferry.open(path) as session:
        return list(session.run(feeds).values())


def vendor_result(x: np.ndarray) -> np.ndarray:
    """Softmax of (ReLU of a convolution, the convolution) over the channels."""
    parameters = {name: tensor.numpy() for name, tensor in mindferry.load(VENDOR).parameters().items()}
    y = conv(x, parameters["conv.weight"], parameters["conv.bias"], pads=((1, 1), (1, 1)))
    powers = np.exp(np.concatenate([np.maximum(y, 0), y], 1))
    return powers / powers.sum(1, keepdims=True)


def test_the_vendors_file_is_read() -> None:
    found = mindferry.load(VENDOR)
    assert (found.format, found.dialect, found.main.name) == ("AIR", "ge", "kernel_graph")
    assert [(one.title, str(one.type)) for one in found.main.inputs] == [("x", "float32[1, 3, 8, 8]")]
    assert {name: one.shape for name, one in found.parameters().items()} == {
        "conv.weight": (4, 3, 3, 3), "conv.bias": (4,),
    }  # fmt: skip
    assert [one.primitive for one in found.main.nodes] == ["Conv2D", "Relu", "ConcatD", "SoftmaxV2"]
    first, _, joined, _ = found.main.nodes
    assert first.names == ("x", "filter", "bias", "offset_w")
    assert (first.inputs[3], first.attributes["pads"]) == (None, (1, 1, 1, 1))
    assert (joined.names, joined.inputs) == (("x0", "x1"), (Ref("relu"), Ref("conv")))


def test_weights_stay_in_the_file() -> None:
    weight = read(VENDOR).parameters()["conv.weight"]
    assert isinstance(weight.data, memoryview) and isinstance(weight.data.obj, mmap.mmap)


def test_protobuf_classes_agree_on_the_vendors_weights() -> None:
    graph = protos.classes()["Model"].FromString(VENDOR.read_bytes()).graph[0]
    theirs = {one.name: one.attr["value"].t.data for one in graph.op if one.type == "Const"}
    assert {name: bytes(one.data) for name, one in read(VENDOR).parameters().items()} == theirs


def test_the_vendors_file_is_converted_and_run(tmp_path: Path) -> None:
    x = np.random.default_rng(0).standard_normal((1, 3, 8, 8)).astype(np.float32)
    report = mindferry.convert(VENDOR, tmp_path / "vendor.onnx")
    assert report.primitives == {"Conv2D": 1, "Relu": 1, "ConcatD": 1, "SoftmaxV2": 1} and not report.warnings
    np.testing.assert_allclose(run(tmp_path / "vendor.onnx", x=x)[0], vendor_result(x), atol=1e-6)


def test_the_vendors_file_is_written_anew_with_the_same_meaning(tmp_path: Path) -> None:
    onnx, again = tmp_path / "vendor.onnx", tmp_path / "again.air"
    mindferry.convert(VENDOR, onnx)
    mindferry.convert(onnx, again)
    old, new = mindferry.load(VENDOR), mindferry.load(again)
    assert {node.primitive.removesuffix("V2") for node in new.main.nodes} == {"Conv2D", "Relu", "Concat", "Softmax"}
    assert len(new.main.nodes) == len(old.main.nodes)
    assert [str(one.type) for one in new.main.inputs] == [str(one.type) for one in old.main.inputs]
    weights = [sorted(one.numpy().tobytes() for one in found.parameters().values()) for found in (old, new)]
    assert weights[0] == weights[1]
    x = np.random.default_rng(1).standard_normal((1, 3, 8, 8)).astype(np.float32)
    np.testing.assert_allclose(run(again, x=x)[0], vendor_result(x), atol=1e-6)


def test_a_read_only_file(tmp_path: Path) -> None:
    path = store(tmp_path, model())
    path.chmod(0o400)
    np.testing.assert_array_equal(run(path, x=X)[0], [1.5, 0.0])


def test_ops_in_any_order_and_inputs_by_their_index(tmp_path: Path) -> None:
    ops = (
        relu("y", "a:0"), op("a", "Sub", "first:0", "second:0", results=[desc(2)]), data("second", 2, index=1),
        data("first", 2, index=0),
    )  # fmt: skip
    found = read(store(tmp_path, model(*ops)))
    assert [one.title for one in found.main.inputs] == ["first", "second"]
    assert [one.name for one in found.main.nodes] == ["a", "y"]


def test_the_last_colon_ends_a_name(tmp_path: Path) -> None:
    path = store(tmp_path, model(data("a:1", 2), relu("b:2:3", "a:1:0"), outputs=("b:2:3:0",)))
    np.testing.assert_array_equal(run(path, **{"a:1": -X})[0], [0, 0])


def test_control_edges_order_and_do_not_compute(tmp_path: Path) -> None:
    ops = data("x", 2), relu("before", "x:0"), op("y", "Neg", "x:0", "before:-1", results=[desc(2)])
    assert read(store(tmp_path, model(*ops))).main.nodes[1].inputs == (Ref("x"),)


def test_files_without_names_of_inputs(tmp_path: Path) -> None:
    """As the vendor's loader takes them: the order is that of the operator's definition."""
    ops = (
        data("x", 1, 1, 3, 3), const("w", np.ones((1, 1, 3, 3), np.float32)),
        op("y", "Conv2D", "x:0", "w:0", results=[desc(1, 1, 1, 1)], data_format=message("Attr", s=b"NCHW"),
           strides=message("Attr", list=message("List", i=[1, 1, 1, 1], val_type=2)),
           pads=message("Attr", list=message("List", i=[0, 0, 0, 0], val_type=2))),
    )  # fmt: skip
    assert run(store(tmp_path, model(*ops)), x=np.ones((1, 1, 3, 3), np.float32))[0].item() == 9


def test_dynamic_inputs_need_names(tmp_path: Path) -> None:
    ops = data("x", 2), const("axis", np.array(0, np.int32), INT32), op("y", "ConcatV2", "x:0", "x:0", "axis:0")
    with pytest.raises(ConvertError, match="does not name its inputs, of which some are dynamic"):
        mindferry.convert(store(tmp_path, model(*ops)), tmp_path / "a.onnx")


def test_names_that_do_not_fit(tmp_path: Path) -> None:
    sub = op("y", "Sub", "x:0", "x:0", results=[desc(2)])
    sub.attr["_input_name_key"].list.s.extend([b"x1"])
    sub.attr["_input_name_value"].list.i.extend([0])
    with pytest.raises(
        FormatError, match="op 'y' has 2 inputs, which its input names do not fit: 1 names for 1 places"
    ):
        read(store(tmp_path, model(data("x", 2), sub)))


def test_inputs_are_told_apart_by_name(tmp_path: Path) -> None:
    sub = op("y", "Sub", "x:0", "w:0", results=[desc(2)])
    sub.attr["_input_name_key"].list.s.extend([b"x1", b"x2"])
    sub.attr["_input_name_value"].list.i.extend([1, 0])
    path = store(tmp_path, model(data("x", 2), const("w", np.array([10, 20], np.float32)), sub))
    np.testing.assert_array_equal(run(path, x=X)[0], [9.5, 18.0])


def test_shapes_of_inputs(tmp_path: Path) -> None:
    ops = data("scalar", index=0), data("free", -1, 3, index=1), data("any", -2, index=2)
    found = read(store(tmp_path, model(*ops, op("y", "Add", "scalar:0", "free:0"))))
    assert [one.type for one in found.main.inputs] == [
        TensorType(DType.FLOAT32, ()), TensorType(DType.FLOAT32, (None, 3)), TensorType(DType.FLOAT32, None),
    ]  # fmt: skip


def test_a_free_dimension_runs_at_any_size(tmp_path: Path) -> None:
    path = store(tmp_path, model(data("x", -1), op("y", "Relu", "x:0", results=[desc(-1)])))
    for size in (1, 5):
        assert run(path, x=np.ones(size, np.float32))[0].shape == (size,)


def test_an_unknown_rank_needs_a_shape(tmp_path: Path) -> None:
    path = store(tmp_path, model(data("x", -2), op("y", "Relu", "x:0", results=[desc(-2)])))
    with pytest.raises(ConvertError, match="give the input's shape"):
        mindferry.convert(path, tmp_path / "a.onnx")
    mindferry.convert(path, tmp_path / "a.onnx", input_shapes={"x": (2,)})


@pytest.mark.parametrize("kind", ["Const", "Constant", "FileConstant"])
def test_weights_beside_the_model(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "air_weight" / "main"
    folder.mkdir(parents=True)
    (folder / "w_file").write_bytes(np.arange(200, dtype=np.float32).tobytes())
    weight = op(
        "w", kind, results=[desc(100)], location=message("Attr", s=b"air_weight/main/w_file"),
        offset=message("Attr", i=400), length=message("Attr", i=400),
    )  # fmt: skip
    path = store(tmp_path, model(data("x", 100), weight, op("y", "Add", "x:0", "w:0", results=[desc(100)])))
    np.testing.assert_array_equal(run(path, x=np.zeros(100, np.float32))[0], np.arange(100, 200))


def test_a_graph_that_ends_in_net_output(tmp_path: Path) -> None:
    ops = data("x", 2), relu("r", "x:0"), op("out", "NetOutput", "r:0", "x:0")
    found = read(store(tmp_path, model(*ops, outputs=())))
    assert (found.main.output, len(found.main.nodes)) == ((Ref("r"), Ref("x")), 1)


def test_outputs_by_their_index(tmp_path: Path) -> None:
    split = op(
        "s", "SplitD", "x:0", results=[desc(2), desc(1)], split_dim=message("Attr", i=0), num_split=message("Attr", i=2)
    )
    split.output_desc[0].shape.dim[:] = [1]
    path = store(tmp_path, model(data("x", 2), split, outputs=("s:1", "s:0", "x:0")))
    second, first, whole = run(path, x=X)
    assert (second.tolist(), first.tolist(), whole.tolist()) == ([2.0], [0.5], [0.5, 2.0])


@pytest.mark.parametrize("condition", [True, False])
def test_branches(tmp_path: Path, condition: bool) -> None:
    branches = tuple(
        files.graph(name, data(f"{name}_in", 2, index=0), op(f"{name}_out", kind, f"{name}_in:0", results=[desc(2)]),
                    outputs=(f"{name}_out:0",))
        for name, kind in (("then", "Neg"), ("else", "Square"))
    )  # fmt: skip
    choice = op("y", "If", "c:0", "x:0", results=[desc(2)])
    choice.subgraph_name.extend(["then", "else"])
    ops = data("c", dtype=BOOL, index=0), data("x", 2, index=1), choice
    path = store(tmp_path, model(*ops, subgraphs=branches))
    np.testing.assert_array_equal(run(path, c=np.array(condition), x=X)[0], -X if condition else X * X)


@pytest.mark.parametrize("index", [0, 1, 2, 7])
def test_cases_and_calls(tmp_path: Path, index: int) -> None:
    kinds = ("Neg", "Square", "Abs")
    branches = tuple(
        files.graph(kind, data(f"{kind}_in", 2), op(f"{kind}_out", kind, f"{kind}_in:0", results=[desc(2)]),
                    outputs=(f"{kind}_out:0",))
        for kind in kinds
    )  # fmt: skip
    choice, called = (
        op("i", "Case", "n:0", "x:0", results=[desc(2)]),
        op("y", "PartitionedCall", "i:0", results=[desc(2)]),
    )
    choice.subgraph_name.extend(kinds)
    called.subgraph_name.append("Neg")
    ops = data("n", dtype=INT32, index=0), data("x", 2, index=1), choice, called
    wanted = (-X, X * X, abs(X))[min(index, 2)]
    found = run(store(tmp_path, model(*ops, subgraphs=branches)), n=np.array(index, np.int32), x=X)[0]
    np.testing.assert_array_equal(found, -wanted)


@pytest.mark.parametrize(("start", "wanted"), [(1.0, 16.0), (100.0, 100.0)])
def test_a_loop(tmp_path: Path, start: float, wanted: float) -> None:
    """x doubles as long as it is below a limit, the second value of the loop."""
    condition = files.graph(
        "condition", data("cx", 1, index=0), data("cl", 1, index=1), op("c", "Less", "cx:0", "cl:0"), outputs=("c:0",)
    )
    body = files.graph(
        "body", data("bx", 1, index=0), data("bl", 1, index=1), op("d", "Add", "bx:0", "bx:0"), outputs=("d:0", "bl:0")
    )
    loop = op("y", "While", "x:0", "limit:0", results=[desc(1), desc(1)])
    loop.subgraph_name.extend(["condition", "body"])
    ops = data("x", 1, index=0), data("limit", 1, index=1), loop
    path = store(tmp_path, model(*ops, outputs=("y:0", "y:1"), subgraphs=(condition, body)))
    found = run(path, x=np.array([start], np.float32), limit=np.array([10], np.float32))
    assert [one.tolist() for one in found] == [[wanted], [10.0]]


def test_a_number_of_a_layout_counts_before_its_name(tmp_path: Path) -> None:
    x, w = data("x", 1, 2, 2, 1), const("w", np.ones((1, 1, 1, 1), np.float32))
    y = op("y", "Conv2D", "x:0", "w:0")
    del y.input_desc[:]
    y.input_desc.extend([desc(1, 2, 2, 1, layout="NCHW"), desc(1, 1, 1, 1)])
    y.input_desc[0].attr["format_for_int"].i = 1
    assert read(store(tmp_path, model(x, w, y))).main.nodes[0].layouts == ("NHWC", "ND")


def test_a_compiled_graph_is_refused(tmp_path: Path) -> None:
    inner = data("x", 1, 1, 2, 2, 16)
    inner.output_desc[0].layout = "NC1HWC0"
    with pytest.raises(FormatError, match="Data 'x' lies in the layout NC1HWC0; only graphs from before"):
        read(store(tmp_path, model(inner, relu("y", "x:0"))))


def test_every_unknown_operator_is_named_at_once(tmp_path: Path) -> None:
    ops = data("x", 2), op("a", "Reluu", "x:0"), op("b", "Switch", "a:0"), op("y", "NoSuch", "b:0")
    with pytest.raises(UnsupportedPrimitives) as caught:
        mindferry.convert(store(tmp_path, model(*ops)), tmp_path / "a.onnx")
    first, second, third = caught.value.problems
    assert first == "NoSuch x1, first at y"
    assert second == "Reluu x1, first at a (nearest known: Relu)"
    assert third.startswith("Switch x1, first at b (control flow of this form has no lowering")


def test_unknown_attributes_are_told(tmp_path: Path) -> None:
    strange = op("y", "Relu", "x:0", results=[desc(2)], slope=message("Attr", f=0.5), _internal=message("Attr", i=1))
    report = mindferry.convert(store(tmp_path, model(data("x", 2), strange)), tmp_path / "a.onnx")
    assert report.warnings == ["Relu has attributes that are left out: slope"]


def test_a_record_that_the_result_contradicts(tmp_path: Path) -> None:
    path = store(tmp_path, model(data("x", 2), op("y", "Relu", "x:0", results=[desc(3)])))
    with pytest.raises(ConvertError, match=r"Relu at y: gives shape \[2\], the file records float32\[3\]"):
        mindferry.convert(path, tmp_path / "a.onnx")


def test_other_weights(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    save_file({"w": np.array([5, 5], np.float32)}, tmp_path / "w.safetensors")
    with mindferry.open(store(tmp_path, model()), weights=tmp_path / "w.safetensors") as session:
        np.testing.assert_array_equal(session.run({"x": X})["output"], [5.5, 7.0])


def test_the_first_bytes_tell_what_it_is(tmp_path: Path) -> None:
    assert sniff(store(tmp_path, VENDOR.read_bytes(), "nameless")) == "air"
    named = model()
    named.name, named.version = "net", 3
    assert sniff(store(tmp_path, named, "named")) == "air"
    assert sniff(store(tmp_path, b"\xff" * 8, "b.air")) == "air"


def test_it_is_air_already(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="is AIR already"):
        mindferry.convert(VENDOR, tmp_path / "b.air")


def test_int64_constants_are_arguments_and_weights_parameters(tmp_path: Path) -> None:
    table = const("table", np.arange(100), INT64)
    axis, scale = const("axis", np.array([1], np.int64), INT64), const("scale", np.array(2, np.float32))
    ops = data("x", 100), table, axis, scale, op("y", "Foo", "x:0", "table:0", "axis:0", "scale:0")
    found = read(store(tmp_path, model(*ops)))
    assert list(found.parameters()) == ["table"]
    assert [type(one).__name__ for one in found.main.nodes[0].inputs] == ["Ref", "Ref", "Tensor", "Tensor"]


def test_results_that_only_training_needs(tmp_path: Path) -> None:
    both = op("y", "ReluV2", "x:0", results=[desc(2), desc(2)])
    assert len(run(store(tmp_path, model(data("x", 2), both)), x=X)) == 1
    with pytest.raises(ConvertError, match="result 1 of y, which only training needs, has no lowering"):
        mindferry.convert(store(tmp_path, model(data("x", 2), both, outputs=("y:0", "y:1"))), tmp_path / "a.onnx")


def test_a_free_batch(tmp_path: Path) -> None:
    mindferry.convert(VENDOR, tmp_path / "free.onnx", dynamic_batch=True)
    x = np.random.default_rng(2).standard_normal((5, 3, 8, 8)).astype(np.float32)
    np.testing.assert_allclose(run(tmp_path / "free.onnx", x=x)[0], vendor_result(x), atol=1e-6)


def test_mindspore_does_not_run_it() -> None:
    with pytest.raises((OptionError, NotInstalled)):
        mindferry.open(VENDOR, runtime="mindspore")
