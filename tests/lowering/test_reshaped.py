"""Literal shapes of a file give way where the user replaces an input's shape, or the conversion is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir
import onnxruntime
import pytest

from mindferry.errors import LoweringError
from mindferry.graph import Graph, Input, Model, Node, Ref, Tensor, TensorType
from mindferry.lowering.context import Options
from mindferry.lowering.lower import lower
from mindferry.types import DType

Shape = tuple[int | None, ...]


def network(shape: Shape, *steps: tuple[str, tuple[Any, ...], Shape]) -> Model:
    """A chain of primitives on x; a step is (primitive, arguments, recorded shape), and "x" in arguments is the chain."""
    nodes: list[Node] = []
    for primitive, arguments, recorded in steps:
        before = Ref(nodes[-1].name if nodes else "x")
        inputs = tuple(_operand(argument, before) for argument in arguments)
        nodes.append(Node(f"n{len(nodes)}", primitive, inputs, type=TensorType(DType.FLOAT32, recorded)))
    inputs = (Input("x", TensorType(DType.FLOAT32, shape), "x"),)
    graph = Graph("main", inputs, {}, tuple(nodes), Ref(nodes[-1].name))
    return Model("MindIR", "G3", "MindSpore", "2.10.0", graph)


def _operand(argument: Any, before: Ref) -> Any:
    if isinstance(argument, np.ndarray):
        return Tensor("", DType(str(argument.dtype)), argument.shape, argument.tobytes())
    if argument == "x":
        return before
    return tuple(_operand(one, before) for one in argument) if isinstance(argument, tuple) else argument


def run(model: Model, given: tuple[int | str, ...], x: np.ndarray, opset: int = 18) -> tuple[list[Any], np.ndarray]:
    """The output's declared dimensions and ONNX Runtime's answer."""
    converted, _ = lower(model, Options(opset, reshaped=True), input_shapes={"x": given})
    session = onnxruntime.InferenceSession(ir.to_proto(converted).SerializeToString())
    return session.get_outputs()[0].shape, session.run(None, {"x": x})[0]


def numbers(*shape: int) -> np.ndarray:
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


RESHAPES = {
    "kept": ((1, 6, 4), [(1, 2, 3, 4)], lambda x: x.reshape(-1, 2, 3, 4), ["batch", 2, 3, 4]),
    "rest elsewhere": ((1, 6, 4), [(1, 8, -1)], lambda x: x.reshape(-1, 8, 3), ["batch", 8, 3]),
    "rest in place": ((1, 6, 4), [(-1, 4)], lambda x: x.reshape(-1, 4), ["batch*6", 4]),
    "merged": ((1, 6, 4), [(6, 4)], lambda x: x.reshape(-1, 4), ["batch*6", 4]),
    "merged and split": ((1, 6, 4), [(6, 4), (1, 6, 2, 2)], lambda x: x.reshape(-1, 6, 2, 2), ["batch", 6, 2, 2]),
    "merged and kept": ((1, 6, 4), [(6, 4), (6, 1, 4)], lambda x: x.reshape(-1, 1, 4), ["batch*6", 1, 4]),
    "first stays first": ((1, 6), [(1, 1, 1, 6)], lambda x: x.reshape(-1, 1, 1, 6), ["batch", 1, 1, 6]),
    "batch of two": ((2, 6, 4), [(12, 4), (2, 3, 8)], lambda x: x.reshape(-1, 3, 8), ["batch", 3, 8]),
    "windows": (
        (1, 4, 4, 3),
        [(1, 2, 2, 2, 2, 3), (4, 4, 3), (1, 2, 2, 2, 2, 3), (1, 16, 3)],
        lambda x: x.reshape(-1, 16, 3),
        ["batch", 16, 3],
    ),
}


def recorded_targets(shape: Shape, targets: list[Shape]) -> list[tuple[str, tuple[Any, ...], Shape]]:
    steps = []
    for target in targets:
        recorded = numbers(*shape).reshape(target).shape
        steps.append(("Reshape", ("x", target), recorded))
        shape = recorded
    return steps


@pytest.mark.parametrize("opset", [13, 18])
@pytest.mark.parametrize("name", RESHAPES)
def test_a_literal_reshape_follows_the_batch(name: str, opset: int) -> None:
    shape, targets, expected, declared = RESHAPES[name]
    model, x = network(shape, *recorded_targets(shape, targets)), numbers(6, *shape[1:])
    found, answer = run(model, ("batch", *shape[1:]), x, opset)
    assert found == declared
    np.testing.assert_array_equal(answer, expected(x))
    found, answer = run(model, (6, *shape[1:]), x, opset)
    assert found == list(expected(x).shape)
    np.testing.assert_array_equal(answer, expected(x))


def test_two_symbols_in_one_reshape() -> None:
    model = network(
        (1, 3, 4, 5), ("Reshape", ("x", (1, 12, 5)), (1, 12, 5)), ("Reshape", ("x", (1, 3, 4, 5)), (1, 3, 4, 5))
    )
    found, answer = run(model, ("batch", "height", 4, 5), numbers(2, 6, 4, 5))
    assert found == ["batch", "height", 4, 5]
    np.testing.assert_array_equal(answer, numbers(2, 6, 4, 5))


REFUSED = {
    "a size that is split": ((4, 6), ("batch", 6), [(2, 2, 6)]),
    "an axis between two others": ((3, 1, 4), (3, "batch", 4), [(3, 4)]),
    "ones without an order": ((3, 1, 4), (3, "batch", 4), [(3, 1, 1, 4)]),
    "a number that becomes an inner factor": ((3, 2, 4), (3, 5, 4), [(6, 4)]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_undecided_reshape_is_refused(name: str) -> None:
    shape, given, targets = REFUSED[name]
    model = network(shape, *recorded_targets(shape, targets))
    with pytest.raises(
        LoweringError, match=r"Reshape at n0: fixes axis \d, .* export the network with that axis dynamic"
    ):
        lower(model, Options(18, reshaped=True), input_shapes={"x": given})


ONES = np.ones((1, 1, 4), np.float32)
OTHERS = {
    "whole slice": (("StridedSlice", ("x", (0, 1), (1, 3), (1, 1), 0, 0, 0, 0, 0), (1, 2, 4)), lambda x: x[:, 1:3]),
    "slice from the end": (
        ("StridedSlice", ("x", (-1, 1), (9, 3), (1, 1), 0, 0, 0, 0, 0), (1, 2, 4)),
        lambda x: x[-1:, 1:3],
    ),
    "one position": (("StridedSlice", ("x", (0,), (1,), (1,), 0, 0, 0, 0, 1), (3, 4)), lambda x: x[0]),
    "reversed slice": (("StridedSlice", ("x", (0,), (-2,), (-1,), 0, 0, 0, 0, 0), (1, 3, 4)), lambda x: x[::-1]),
    "slice by size": (("Slice", ("x", (0, 1, 0), (1, 2, 4)), (1, 2, 4)), lambda x: x[:, 1:3]),
    "broadcast": (("BroadcastTo", ("x", (2, 1, 3, 4)), (2, 1, 3, 4)), lambda x: np.stack([x, x])),
    "joined constant": (
        ("Concat", (("x", ONES), 1), (1, 4, 4)),
        lambda x: np.concatenate([x, np.repeat(ONES, len(x), 0)], 1),
    ),
    "squeezed": (("Squeeze", ("x", ()), (3, 4)), None),
    "part of a slice": (("StridedSlice", ("x", (0,), (0,), (1,), 0, 0, 0, 0, 0), (0, 3, 4)), None),
    "broadcast batch": (("BroadcastTo", ("x", (5, 3, 4)), (5, 3, 4)), None),
}


@pytest.mark.parametrize("given", [("batch", 3, 4), (5, 3, 4)])
@pytest.mark.parametrize("name", OTHERS)
def test_other_literals(name: str, given: tuple[int | str, ...]) -> None:
    step, expected = OTHERS[name]
    model, x = network((1, 3, 4), step), numbers(5, 3, 4)
    if expected is None:
        with pytest.raises(LoweringError, match="recorded with size 1"):
            run(model, given, x)
    else:
        np.testing.assert_array_equal(run(model, given, x)[1], expected(x))


def test_nothing_changes_without_a_replaced_size() -> None:
    model = network((1, 6, 4), ("Reshape", ("x", (6, 4)), (6, 4)))
    found, answer = run(model, (1, 6, 4), numbers(1, 6, 4))
    assert found == [6, 4]
    np.testing.assert_array_equal(answer, numbers(6, 4))


def test_a_file_without_recorded_types_is_refused() -> None:
    model = network((1, 6, 4), ("ReLU", ("x",), (1, 6, 4)), ("Reshape", ("x", (6, 4)), (6, 4)))
    nodes = (Node("n0", "ReLU", (Ref("x"),)), *model.main.nodes[1:])
    graph = Graph("main", model.main.inputs, {}, nodes, model.main.output)
    bare = Model("MindIR", "G0", "MindSpore", "1.0.0", graph)
    with pytest.raises(LoweringError, match="holds sizes as literals"):
        lower(bare, Options(18, reshaped=True), input_shapes={"x": ("batch", 6, 4)})
