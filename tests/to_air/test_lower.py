"""What the conversion as a whole guarantees: names, formats, unknown sizes, and every problem in one error."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx_ir.passes import common

import mindferry
from mindferry.errors import ConvertError, LoweringError
from mindferry.formats.air.model import Op
from mindferry.to_air import Options, registry, write
from mindferry.to_air import ops as ops_package
from mindferry.to_air.builder import Builder
from mindferry.to_air.lower import lower
from mindferry.to_air.schema import SchemaError
from mindferry.types import DType


def value(name: str, *shape: int | str, dtype: ir.DataType = ir.DataType.FLOAT) -> ir.Value:
    return ir.Value(name=name, type=ir.TensorType(dtype), shape=ir.Shape(shape))


def constant(name: str, array: np.ndarray) -> ir.Value:
    found = value(name, *array.shape, dtype=ir.DataType.from_numpy(array.dtype))
    found.const_value = ir.tensor(array, name=name)
    return found


def node(
    operator: str, *inputs: ir.Value | None, name: str = "", outputs: int = 1, domain: str = "", **attributes: object
) -> ir.Node:
    given = ir.convenience.convert_attributes(attributes)
    made = ir.Node(domain, operator, inputs, given, num_outputs=outputs, name=name or operator)
    for index, output in enumerate(made.outputs):
        output.name = f"{made.name}.{index}"
    return made


def model(inputs: list[ir.Value], nodes: list[ir.Node], outputs: list[ir.Value], opset: int = 18) -> ir.Model:
    constants = {item for one in nodes for item in one.inputs if item is not None and item.const_value is not None}
    graph = ir.Graph(
        inputs, outputs, nodes=nodes, name="main", opset_imports={"": opset},
        initializers=sorted(constants, key=lambda item: str(item.name)),
    )  # fmt: skip
    return common.ShapeInferencePass()(ir.Model(graph, ir_version=10)).model


def small() -> ir.Model:
    x = value("image", "batch", 3, 8, 8)
    conv = node("Conv", x, constant("conv.weight", np.ones((4, 3, 3, 3), np.float32)), name="features/conv")
    relu = node("Relu", conv.outputs[0], name="features/relu")
    flat = node("Flatten", relu.outputs[0], name="flat")
    head = node("Gemm", flat.outputs[0], constant("head.weight", np.ones((144, 10), np.float32)), name="head")
    head.outputs[0].name = "logits"
    return model([x], [conv, relu, flat, head], [head.outputs[0]])


def ops(source: ir.Model) -> dict[str, Op]:
    return {op.name: op for op in lower(source).graph.ops}


def test_ops_are_named_as_nodes_weights_and_results() -> None:
    found = lower(small()).graph
    assert [op.name for op in found.ops] == [
        "image", "conv.weight", "features/conv", "features/relu", "flat", "head.weight", "logits",
    ]  # fmt: skip
    assert found.outputs == ("logits:0",)


def test_every_op_comes_after_those_that_it_reads() -> None:
    seen: set[str] = set()
    for op in lower(small()).graph.ops:
        assert {item.source.rpartition(":")[0] for item in op.inputs if item.source} <= seen
        seen.add(op.name)


def test_an_unknown_size_is_minus_one() -> None:
    found = ops(small())
    assert found["image"].outputs[0].descriptor.shape == (-1, 3, 8, 8)
    assert found["logits"].outputs[0].descriptor.shape == (-1, 10)


def test_images_are_nchw_for_producer_and_readers_and_all_else_nd() -> None:
    found = ops(small())
    assert found["image"].outputs[0].descriptor.format == "NCHW"
    assert found["conv.weight"].outputs[0].descriptor.format == "NCHW"
    assert [item.descriptor.format for item in found["features/conv"].inputs[:2] if item.descriptor] == ["NCHW", "NCHW"]
    assert found["features/relu"].inputs[0].descriptor == found["features/conv"].outputs[0].descriptor
    assert found["flat"].outputs[0].descriptor.format == "ND"


def test_absent_inputs_keep_their_place() -> None:
    conv = ops(small())["features/conv"]
    assert [(item.name, item.source, item.optional) for item in conv.inputs] == [
        ("x", "image:0", False), ("filter", "conv.weight:0", False), ("bias", "", True), ("offset_w", "", True),
    ]  # fmt: skip


def test_equal_constants_are_one_op() -> None:
    x = value("x", 2, 3, 4)
    first = node("Transpose", x, name="first", perm=[0, 2, 1])
    second = node("Transpose", first.outputs[0], name="second", perm=[0, 2, 1])
    found = ops(model([x], [first, second], [second.outputs[0]]))
    assert [op.type for op in found.values()].count("Const") == 1


def test_results_that_are_inputs_or_given_twice_are_ops_of_their_own(tmp_path: Path) -> None:
    x = value("x", 2, 3)
    relu = node("Relu", x)
    source = model([x], [relu], [relu.outputs[0], relu.outputs[0], x])
    found = lower(source).graph
    assert len(set(found.outputs)) == 3
    write(source, tmp_path / "m.air", Options())
    mindferry.convert(tmp_path / "m.air", tmp_path / "m.onnx")
    session = mindferry.open(tmp_path / "m.onnx")
    array = np.array([[-1, 2, 3], [4, -5, 6]], np.float32)
    answers = list(session.run({"x": array}).values())
    assert all(np.array_equal(*pair) for pair in zip(answers, [array.clip(0), array.clip(0), array], strict=True))


def test_a_first_result_that_nothing_reads_may_be_left_out(tmp_path: Path) -> None:
    x = value("x", 2, 5)
    top = node("TopK", x, constant("k", np.array([2])), outputs=2)
    source = model([x], [top], [top.outputs[1]])
    assert [op.name for op in lower(source).graph.ops if op.type == "Cast"] == ["TopK"]


def test_a_model_without_types_is_inferred_first() -> None:
    source = small()
    for one in source.graph:
        for output in one.outputs:
            if output is not source.graph.outputs[0]:
                output.type = output.shape = None
    assert ops(source)["features/relu"].outputs[0].descriptor.shape == (-1, 4, 6, 6)


def test_arguments_that_other_nodes_make_of_constants_are_constants(tmp_path: Path) -> None:
    x = value("x", 1, 2, 3)
    begin = node("Constant", name="begin", value_ints=[0, 0, 1])
    end = node("Constant", name="end", value=ir.tensor(np.array([0, 0, 2], np.int32)))
    wide = node("Cast", end.outputs[0], to=7)
    both = node("Concat", begin.outputs[0], wide.outputs[0], axis=0)
    padded = node("Pad", x, both.outputs[0])
    source = model([x], [begin, end, wide, both, padded], [padded.outputs[0]])
    found = lower(source).graph
    assert [op.type for op in found.ops] == ["Data", "Const", "Pad"]
    assert found.ops[-1].outputs[0].descriptor.shape == (1, 2, 6)


def test_every_operator_without_a_form_is_named_at_once() -> None:
    x = value("x", 2, 3)
    nodes = [
        node("Relu", x), node("RandomNormalLike", x, name="noise"), node("RandomNormalLike", x, name="more"),
        node("Mystery", x, name="odd", domain="com.example"), node("StringNormalizer", x, name="text"),
    ]  # fmt: skip
    graph = ir.Graph([x], [nodes[0].outputs[0]], nodes=nodes, opset_imports={"": 18, "com.example": 1}, name="main")
    with pytest.raises(ConvertError) as caught:
        lower(ir.Model(graph, ir_version=10))
    text = str(caught.value)
    assert text.startswith("3 ONNX operators have no GE form: ")
    assert "RandomNormalLike x2, first at noise (GE's random operators draw other numbers)" in text
    assert "com.example::Mystery x1, first at odd" in text
    assert "StringNormalizer x1, first at text" in text


def test_a_reason_is_recorded_for_operators_without_a_form_alone() -> None:
    ops_package.load()
    assert set(registry._refused).isdisjoint(registry.known())
    assert set(registry._refused) <= {schema.name for schema in onnx.defs.get_all_schemas()}


def test_every_node_without_a_form_is_named_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    x = value("x", 1, 2, 4, 4)
    nodes = [
        node("LRN", x, name="first", size=2), node("LRN", x, name="second", size=2),
        node("MaxPool", x, name="pool", kernel_shape=[2, 2], dilations=[2, 2]),
    ]  # fmt: skip
    source = model([x], nodes, [one.outputs[0] for one in nodes])
    with pytest.raises(LoweringError) as caught:
        write(source, tmp_path / "m.air", Options())
    assert str(caught.value) == (
        "LRN with the even size 2 has no GE form (x2, first at first); MaxPool with dilations [2, 2] has no GE form (at pool)"
    )
    assert list(tmp_path.iterdir()) == []


REFUSED = {
    "MaxPool with indices": lambda x: node("MaxPool", x, outputs=2, kernel_shape=[2, 2]),
    "BatchNormalization with training_mode 1": lambda x: node(
        "BatchNormalization", x, *[constant(f"c{i}", np.ones(2, np.float32)) for i in range(4)], outputs=3, training_mode=1
    ),
    "Pad with mode edge and negative pads": lambda x: node(
        "Pad", x, constant("p", np.array([0, 0, 0, 0, 0, 0, -1, 0])), mode="edge"
    ),
    "Pad needs constant pads": lambda x: node("Pad", x, node("Shape", x).outputs[0]),
    "Resize with mode cubic": lambda x: node(
        "Resize", x, None, None, constant("s", np.array([1, 2, 8, 8])), mode="cubic"
    ),
    "Resize with coordinates half_pixel and nearest_mode round_prefer_floor": lambda x: node(
        "Resize", x, None, None, constant("s", np.array([1, 2, 8, 8]))
    ),
    "Resize of size 4 by 1.3": lambda x: node(
        "Resize", x, None, constant("s", np.array([1, 1, 1.3, 1.3], np.float32)), mode="linear"
    ),
    "Resize of batch or channel": lambda x: node(
        "Resize", x, None, None, constant("s", np.array([1, 4, 8, 8])), mode="linear"
    ),
    "ArgMax with select_last_index": lambda x: node("ArgMax", x, select_last_index=1),
    "AveragePool with ceil_mode and count_include_pad": lambda x: node(
        "AveragePool", x, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1, count_include_pad=1
    ),
    "ConvTranspose needs explicit pads": lambda x: node(
        "ConvTranspose", x, constant("w", np.ones((2, 1, 2, 2), np.float32)), auto_pad="SAME_UPPER"
    ),
    "ScatterElements with reduction max": lambda x: node(
        "ScatterElements", x, constant("i", np.zeros((1, 1, 1, 1), np.int64)), x, reduction="max"
    ),
}  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_what_has_no_exact_form_is_refused(text: str) -> None:
    x = value("x", 1, 2, 4, 4)
    made = REFUSED[text](x)
    before = [item.producer() for item in made.inputs if item is not None and item.producer() is not None]
    with pytest.raises(LoweringError, match=text):
        lower(model([x], [*before, made], list(made.outputs)))


def test_an_opset_that_is_too_old_is_refused() -> None:
    x = value("x", 2)
    relu = node("Relu", x)
    with pytest.raises(ConvertError, match="opset 12, but AIR is written from opset 13 on"):
        lower(model([x], [relu], [relu.outputs[0]], opset=12))


def test_an_element_type_that_air_lacks_is_refused() -> None:
    x = value("x", 2, dtype=ir.DataType.STRING)
    same = node("Identity", x)
    with pytest.raises(LoweringError, match="AIR has no tensors of type STRING"):
        lower(model([x], [same], [same.outputs[0]]))


def test_the_source_stays_as_it_was() -> None:
    source = small()
    before = ir.to_proto(source).SerializeToString(deterministic=True)
    lower(source)
    assert ir.to_proto(source).SerializeToString(deterministic=True) == before


def test_the_source_stays_as_it_was_where_types_are_missing() -> None:
    source = small()
    for output in (value for one in source.graph for value in one.outputs if not value.is_graph_output()):
        output.type = output.shape = None
    lower(source)
    assert [value.type for one in source.graph for value in one.outputs[:1] if not value.is_graph_output()] == [
        None
    ] * 3


def test_progress_is_told_to_the_end() -> None:
    told: list[tuple[int, int]] = []
    lower(small(), lambda done, total: told.append((done, total)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("GE has no operator 'Rellu'", lambda op, x: op.Rellu(x)),
        ("Relu has 1 inputs, got 2", lambda op, x: op.Relu(x, x)),
        ("MatMulV2 needs the input x2", lambda op, x: op.MatMulV2(x)),
        ("Relu has no attribute alpha", lambda op, x: op.Relu(x, alpha=1.0)),
        ("MaxPoolV3 needs the attribute strides", lambda op, x: op.MaxPoolV3(x, ksize=[1, 1, 2, 2])),
        ("SoftmaxV2.axes is a ListInt, got 1", lambda op, x: op.SoftmaxV2(x, axes=1)),
        ("SoftmaxV2.axes is a ListInt, got", lambda op, x: op.SoftmaxV2(x, axes=[1.0])),
        ("MatMulV2.transpose_x1 is a Bool, got 1", lambda op, x: op.MatMulV2(x, x, transpose_x1=1)),
        ("Cast.dst_type is a Int, got True", lambda op, x: op.Cast(x, dst_type=True)),
        ("0.5 is neither a value nor a list of integers", lambda op, x: op.Mul(x, 0.5)),
    ],
)
def test_an_op_against_its_definition_is_a_fault(text: str, call: object) -> None:
    op = Builder(18)
    with pytest.raises(SchemaError, match=text.replace("[", r"\[")):
        call(op, op.data("x", DType.FLOAT32, (2, 3)))  # type: ignore[operator]


def test_a_fault_in_a_form_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    relu = registry.find("Relu")
    assert relu is not None
    monkeypatch.setitem(registry._table, "Relu", dataclasses.replace(relu, function=lambda op, x: op.Rellu(x)))
    with pytest.raises(SchemaError, match=r"Relu at features/relu: GE has no operator 'Rellu' .* a fault of MindFerry"):
        lower(small())


def test_a_form_of_another_element_type_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    relu = registry.find("Relu")
    assert relu is not None
    wrong = dataclasses.replace(relu, function=lambda op, x: op.Relu(x, gives=DType.INT32))
    monkeypatch.setitem(registry._table, "Relu", wrong)
    with pytest.raises(SchemaError, match="Relu at features/relu gives float32, but its GE form int32"):
        lower(small())


def test_mindir_to_air_by_the_public_way(tmp_path: Path) -> None:
    source = mindferry.demo.path("lenet5.mindir")
    report = mindferry.convert(source, tmp_path / "lenet5.air")
    assert report.facts == {"ops": 23, "operators": 7}
    assert [path.name for path in tmp_path.iterdir()] == ["lenet5.air"]
    mindferry.convert(source, tmp_path / "first.onnx")
    mindferry.convert(tmp_path / "lenet5.air", tmp_path / "second.onnx")
    digits = np.load(mindferry.demo.path("test.npz"))
    first, second = (mindferry.open(tmp_path / f"{which}.onnx") for which in ("first", "second"))
    assert first.inputs == second.inputs
    assert first.outputs == second.outputs
    feeds = {first.inputs[0].name: digits["x"]}
    (one,), (two,) = first.run(feeds).values(), second.run(feeds).values()
    assert len(one) == 360
    assert np.abs(one - two).max() <= 1e-5 * np.abs(one).max()
