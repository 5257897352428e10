"""The outline of ONNX files agrees with the onnx package."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import mindferry
from mindferry.errors import FileProblem, FormatError
from mindferry.formats.onnx_outline import outline


def _branch(name: str) -> onnx.GraphProto:
    weight = numpy_helper.from_array(np.ones(3, np.float32), f"w_{name}")
    node = helper.make_node("Identity", [weight.name], [f"out_{name}"])
    result = helper.make_tensor_value_info(f"out_{name}", TensorProto.FLOAT, [3])
    return helper.make_graph([node], name, [], [result], [weight])


@pytest.fixture
def model() -> onnx.ModelProto:
    """A branch, two domains, every kind of dimension, an initializer that is also an input."""
    nodes = [
        helper.make_node("If", ["flag"], ["y"], then_branch=_branch("a"), else_branch=_branch("b")),
        helper.make_node("Own", ["x"], ["z"], domain="com.example"),
    ]
    inputs = [
        helper.make_tensor_value_info("flag", TensorProto.BOOL, []),
        helper.make_tensor_value_info("x", TensorProto.BFLOAT16, ["batch", None, 3]),
        helper.make_tensor_value_info("any", TensorProto.INT4, None),
        helper.make_tensor_value_info("held", TensorProto.FLOAT16, [2, 2]),
    ]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [3])]
    held = numpy_helper.from_array(np.zeros((2, 2), np.float16), "held")
    graph = helper.make_graph(nodes, "main", inputs, outputs, [held])
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.example", 3)]
    made = helper.make_model(graph, opset_imports=opsets, producer_name="test", producer_version="7")
    helper.set_model_props(made, {"key": "value"})
    return made


def test_every_part(tmp_path: Path, model: onnx.ModelProto) -> None:
    path = tmp_path / "model.onnx"
    onnx.save(model, path)
    found = outline(path)
    assert (found.producer, found.producer_version, found.metadata) == ("test", "7", {"key": "value"})
    assert found.opsets == {"": 21, "com.example": 3}
    assert dict(found.operators) == {"If": 1, "Identity": 2, "com.example::Own": 1}
    described = [(item.name, item.dtype, item.shape) for item in (*found.inputs, *found.outputs)]
    assert described == [
        ("flag", "bool", ()), ("x", "bfloat16", ("batch", None, 3)), ("any", "int4", None), ("y", "float32", (3,)),
    ]  # fmt: skip
    assert sorted((item.name, item.nbytes) for item in found.parameters) == [("held", 8), ("w_a", 12), ("w_b", 12)]


def test_external_weights_are_counted_without_their_file(tmp_path: Path, model: onnx.ModelProto) -> None:
    path = tmp_path / "model.onnx"
    onnx.save(model, path, save_as_external_data=True, location="weights", size_threshold=0)
    (tmp_path / "weights").unlink()
    assert sum(item.nbytes for item in outline(path).parameters) == 32


def test_own_files(tmp_path: Path) -> None:
    mindferry.convert(mindferry.demo.path("lenet5.mindir"), tmp_path / "out.onnx")
    proto = onnx.load(tmp_path / "out.onnx")
    found = outline(tmp_path / "out.onnx")
    assert found.operators.total() == len(proto.graph.node) and found.opsets == {"": 18}
    assert {item.name for item in found.parameters} == {item.name for item in proto.graph.initializer}


def test_bad_files(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="no such file"):
        outline(tmp_path / "absent.onnx")
    (tmp_path / "bad.onnx").write_bytes(b"\x08\x08")
    with pytest.raises(FormatError, match="has no graph"):
        outline(tmp_path / "bad.onnx")
    (tmp_path / "bad.onnx").write_bytes(b"\x3a\x05\x0a")
    with pytest.raises(FormatError, match=r"bad\.onnx.*at byte"):
        outline(tmp_path / "bad.onnx")
