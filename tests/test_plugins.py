"""Lowerings from a user's own file."""

from __future__ import annotations

import sys
from pathlib import Path

import onnx
import onnx_ir as ir
import pytest

from mindferry import plugins
from mindferry.errors import FileProblem, OptionError, UnsupportedPrimitives
from mindferry.graph import Graph, Input, Model, Node, Ref, TensorType
from mindferry.lowering import registry
from mindferry.lowering.context import Options
from mindferry.lowering.lower import lower
from mindferry.types import DType

EXAMPLE = Path(__file__).parents[1] / "examples" / "plugin" / "swish_ops.py"
KIND = TensorType(DType.FLOAT32, (2, 3))


@pytest.fixture
def forgotten():
    """Takes back what a plugin registered."""
    before, modules = dict(registry._table), set(sys.modules)
    yield
    for name in set(sys.modules) - modules:
        if name.startswith("mindferry_plugin_"):
            del sys.modules[name]
    registry._table.clear()
    registry._table.update(before)


def model(primitive: str, inputs: int, **attributes) -> Model:
    names = [f"x{index}" for index in range(inputs)]
    node = Node("y", primitive, tuple(map(Ref, names)), attributes, KIND)
    return Model(
        "MindIR",
        "G3",
        "MindSpore",
        "2.10.0",
        Graph("main", tuple(Input(name, KIND, name) for name in names), {}, (node,), Ref("y")),
    )


def test_a_plugin_lowers_its_primitive(forgotten) -> None:
    with pytest.raises(UnsupportedPrimitives):
        lower(model("ScaledSwish", 1, beta=2.0), Options(18))
    plugins.load(EXAMPLE)
    result, report = lower(model("ScaledSwish", 1, beta=2.0), Options(18))
    assert [node.op_type for node in result.graph] == ["Mul", "Sigmoid", "Mul"]
    assert report.primitives == {"ScaledSwish": 1}


def test_a_plugin_may_use_a_domain_of_its_own(forgotten) -> None:
    plugins.load(EXAMPLE)
    result, _ = lower(model("VendorFusedAttention", 3, heads=8), Options(18))
    proto = ir.to_proto(result)
    onnx.checker.check_model(proto)
    (node,) = proto.graph.node
    assert (node.domain, node.op_type, node.attribute[0].i) == ("com.example", "FusedAttention", 8)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (None, FileProblem, "no such file"),
        ("import no_such_module", OptionError, "ModuleNotFoundError"),
        ("1 / 0", OptionError, "ZeroDivisionError"),
    ],
)
def test_a_broken_plugin_is_one_line(tmp_path: Path, text: str | None, error: type, message: str) -> None:
    path = tmp_path / "broken.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(error, match=message) as caught:
        plugins.load(path)
    assert "\n" not in str(caught.value)
