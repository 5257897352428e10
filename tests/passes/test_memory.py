"""Writes into tensors become new values, and what cannot become one is refused."""

from __future__ import annotations

import pytest

from mindferry.errors import LoweringError
from mindferry.graph import MONAD, Closure, Graph, Input, Model, Node, OtherType, Ref, TensorType
from mindferry.passes.memory import version_memory
from mindferry.types import DType

ROW = TensorType(DType.FLOAT32, (3,))


def node(name: str, primitive: str, *inputs: object) -> Node:
    return Node(name, primitive, inputs, type=ROW)


def graph(name: str, *nodes: Node, output: str, inputs: tuple[str, ...] = ("x",)) -> Graph:
    given = tuple(Input(one, OtherType("monad") if one.startswith("u") else ROW, one) for one in inputs)
    return Graph(name, given, {}, nodes, Ref(output))


def versioned(main: Graph, *functions: Graph) -> Graph:
    model = Model("MindIR", "G3", "", "", main, {one.name: one for one in functions})
    return version_memory(model, writes=lambda primitive: primitive == "InplaceAddExt").main


def text(one: Graph) -> list[str]:
    return str(one).splitlines()[1:]


def test_readers_behind_a_write_read_its_result() -> None:
    main = graph(
        "main",
        node("y", "Muls", Ref("x"), 2.0),
        node("before", "Exp", Ref("y")),
        node("written", "InplaceAddExt", Ref("y"), Ref("x"), 1, MONAD),
        node("after", "Add", Ref("y"), Ref("before")),
        output="after",
    )
    nodes = versioned(main).nodes
    assert nodes[1].inputs == (Ref("y"),)
    assert nodes[3].inputs == (Ref("written"), Ref("before"))


def test_a_tuple_that_was_made_before_the_write_is_made_anew() -> None:
    main = graph(
        "main",
        node("y", "Muls", Ref("x"), 2.0),
        node("pair", "MakeTuple", Ref("y"), Ref("x")),
        node("written", "InplaceAddExt", Ref("y"), Ref("x"), 1, MONAD),
        node("state", "UpdateState", MONAD, Ref("written")),
        node("result", "Depend", Ref("pair"), Ref("state")),
        output="result",
    )
    *_, renewed, result = versioned(main).nodes
    assert renewed.primitive == "MakeTuple" and renewed.inputs == (Ref("written"), Ref("x"))
    assert result.inputs[0] == Ref(renewed.name)


def test_a_graph_without_writes_is_left_alone() -> None:
    main = graph("main", node("y", "Muls", Ref("x"), 2.0), output="y")
    assert versioned(main) is main


def test_a_write_into_a_view_is_refused() -> None:
    main = graph(
        "main",
        node("view", "NarrowView", Ref("x"), 0, 0, 2),
        node("written", "InplaceAddExt", Ref("view"), 1.0, 1, MONAD),
        output="written",
    )
    with pytest.raises(LoweringError, match="written writes into a view made by NarrowView"):
        versioned(main)


def test_reading_what_a_function_has_changed_is_refused() -> None:
    add = graph(
        "add",
        node("written", "InplaceAddExt", Ref("a"), 1.0, 1, Ref("u")),
        output="written",
        inputs=("a", "u"),
    )
    calls = (
        node("y", "Muls", Ref("x"), 2.0),
        node("call", "Call", Closure("add"), Ref("y"), MONAD),
    )
    assert versioned(graph("main", *calls, output="call"), add).output == Ref("call")
    with pytest.raises(LoweringError, match="the output reads a tensor after a function has changed it in place"):
        versioned(graph("main", *calls, output="y"), add)
