"""The catalogue, which `inspect` reads in place of the registry."""

from __future__ import annotations

import json

import pytest

from mindferry import demo
from mindferry.errors import UnsupportedPrimitives
from mindferry.formats.mindir import reader
from mindferry.graph import Graph, Model, Node, Ref
from mindferry.lowering import catalogue
from mindferry.lowering.context import Options
from mindferry.lowering.lower import lower


@pytest.mark.parametrize("dialect", catalogue.FILES)
def test_holds_what_the_registry_knows(dialect: str) -> None:
    recorded = json.loads(catalogue.FILES[dialect].read_text("utf-8"))
    assert recorded == catalogue.registered(dialect), "stale: run python -m mindferry.lowering.catalogue"


def _model(*primitives: str) -> Model:
    nodes = []
    for index, primitive in enumerate(primitives):
        nodes.append(Node(f"n{index}", primitive, (Ref(f"n{index - 1}"),) if index else (), scope=f"Default/{index}"))
    return Model("mindir", "G3", "MindSpore", "2.10.0", Graph("main", (), {}, tuple(nodes), Ref(nodes[-1].name)))


def test_outlook_of_a_real_model() -> None:
    found = catalogue.outlook(reader.read(demo.path("lenet5.mindir")))
    assert (found.opset, dict(found.because), found.unsupported) == (13, {}, ())
    assert found.primitives["MatMul"] == 3


def test_outlook_agrees_with_the_conversion() -> None:
    model = _model("ReLU", "NoSuchPrimitive", "ReLU", "NoSuchPrimitive", "ReLU66")
    unknown, near = catalogue.outlook(model).unsupported
    assert (unknown.primitive, unknown.count, unknown.places) == ("NoSuchPrimitive", 2, ("Default/1", "Default/3"))
    assert (near.primitive, near.nearest) == ("ReLU66", "ReLU6")
    with pytest.raises(UnsupportedPrimitives) as caught:
        lower(model, Options(18))
    assert len(caught.value.problems) == 2


def test_dead_primitives_do_not_count() -> None:
    model = _model("ReLU", "NoSuchPrimitive")
    alive = Graph("main", (), {}, model.main.nodes, Ref("n0"))
    found = catalogue.outlook(Model("mindir", "G3", "MindSpore", "2.10.0", alive))
    assert found.unsupported == () and list(found.primitives) == ["ReLU"]


def test_newer_opsets_approximations_and_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = {
        "A": catalogue.Entry(),
        "B": catalogue.Entry(since=20),
        "C": catalogue.Entry(approximate="by a polynomial, 1e-6"),
        "D": catalogue.Entry(since=None, refused="it is random"),
    }
    monkeypatch.setattr(catalogue, "read", lambda dialect: entries)
    found = catalogue.outlook(_model("A", "B", "C", "D"))
    assert found.opset == 20 and dict(found.because) == {"B": 20}
    reasons = {one.primitive: one.reason for one in found.unsupported}
    assert reasons["D"] == "it is random" and "1e-6" in reasons["C"] and "--approximate" in reasons["C"]
