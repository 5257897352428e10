"""Counts that were worked out by hand."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest

from mindferry.benchmarking import flops


def tensor(name: str, *shape: int | str) -> ir.Value:
    return ir.Value(name=name, type=ir.TensorType(ir.DataType.FLOAT), shape=ir.Shape(shape))


def weight(name: str, *shape: int) -> ir.Value:
    value = tensor(name, *shape)
    value.const_value = ir.tensor(np.zeros(shape, np.float32), name=name)
    return value


def model(inputs: list[ir.Value], weights: list[ir.Value], nodes: list[ir.Node]) -> ir.Model:
    for number, node in enumerate(nodes):
        for place, output in enumerate(node.outputs):
            output.name = f"value_{number}_{place}"
    graph = ir.Graph(inputs, nodes[-1].outputs, nodes=nodes, initializers=weights, opset_imports={"": 18}, name="graph")
    return ir.Model(graph, ir_version=9)


def single(kind: str, given: tuple[int, ...], weights: list[tuple[int, ...]], **attributes: object) -> flops.Count:
    """The count of one node with an input `x` and weights."""
    x = tensor("x", *given)
    values = [weight(f"w{index}", *shape) for index, shape in enumerate(weights)]
    return flops.count(model([x], values, [ir.node(kind, [x, *values], attributes)]), {})


@pytest.mark.parametrize(
    ("kind", "given", "weights", "attributes", "wanted"),
    [
        # 1 x 8 x 6 x 6 outputs, each a sum of 3 * 3 * 3 products
        ("Conv", (1, 3, 8, 8), [(8, 3, 3, 3), (8,)], {}, 2 * 8 * 36 * 27),
        # two groups: each output sums over 2 of 4 channels
        ("Conv", (2, 4, 5, 5), [(6, 2, 1, 1)], {"group": 2}, 2 * 2 * 6 * 25 * 2),
        # depthwise, stride 2, padded: 4 x 4 outputs
        ("Conv", (1, 5, 8, 8), [(5, 1, 3, 3)], {"group": 5, "strides": [2, 2], "pads": [1, 1, 1, 1]}, 2 * 5 * 16 * 9),
        ("Conv", (1, 2, 10), [(4, 2, 3)], {}, 2 * 4 * 8 * 6),
        # each of 1 x 3 x 4 x 4 inputs is multiplied with 2 channels x 2 x 2
        ("ConvTranspose", (1, 3, 4, 4), [(3, 2, 2, 2)], {"strides": [2, 2]}, 2 * 48 * 8),
        ("MatMul", (7, 5), [(5, 3)], {}, 2 * 7 * 3 * 5),
        ("MatMul", (2, 4, 7, 5), [(5, 3)], {}, 2 * 2 * 4 * 7 * 3 * 5),
        ("MatMul", (5,), [(5, 3)], {}, 2 * 3 * 5),
        ("Gemm", (7, 5), [(5, 3), (3,)], {}, 2 * 7 * 3 * 5),
        ("Gemm", (5, 7), [(3, 5)], {"transA": 1, "transB": 1}, 2 * 7 * 3 * 5),
        # 6 steps of 2 rows; 4 gates of 8 units from 3 inputs and 8 states
        ("LSTM", (6, 2, 3), [(1, 32, 3), (1, 32, 8)], {"hidden_size": 8}, 2 * 6 * 2 * (32 * 3 + 32 * 8)),
        ("GRU", (6, 2, 3), [(2, 24, 3), (2, 24, 8)], {"hidden_size": 8, "direction": "bidirectional"},
         2 * 6 * 2 * 2 * (24 * 3 + 24 * 8)),
        ("Relu", (9, 9), [], {}, 0),
    ],
)  # fmt: skip
def test_counts(
    kind: str, given: tuple[int, ...], weights: list[tuple[int, ...]], attributes: dict, wanted: int
) -> None:
    assert single(kind, given, weights, **attributes) == flops.Count(wanted)


def test_a_free_batch_takes_the_size_of_the_run() -> None:
    x, right = tensor("x", "batch", 5), weight("w", 5, 3)
    nodes = [ir.node("MatMul", [x, right])]
    nodes.append(ir.node("MatMul", [nodes[0].outputs[0], weight("v", 3, 4)]))
    graph = model([x], [right, nodes[1].inputs[1]], nodes)
    assert flops.count(graph, {"x": (10, 5)}).total == 2 * 10 * (5 * 3 + 3 * 4)
    assert flops.count(graph, {"x": (2, 5)}).total == 2 * 2 * (5 * 3 + 3 * 4)


def test_what_cannot_be_counted_is_named() -> None:
    x, right = tensor("x", "rows", 5), weight("w", 5, 3)
    graph = model([x], [right], [ir.node("MatMul", [x, right], name="first")])
    assert flops.count(graph, {}) == flops.Count(0, ("first",))


def test_operators_in_branches_are_named() -> None:
    x, flag, right = tensor("x", 4, 5), ir.Value(name="flag", type=ir.TensorType(ir.DataType.BOOL)), weight("w", 5, 3)
    flag.shape = ir.Shape(())
    bodies = []
    for name in ("then", "else"):
        node = ir.node("MatMul", [x, right], name=name)
        node.outputs[0].name = f"{name}_out"
        bodies.append(ir.Graph([], node.outputs, nodes=[node], name=name))
    branch = ir.node("If", [flag], {"then_branch": bodies[0], "else_branch": bodies[1]})
    count = flops.count(model([x, flag], [right], [branch]), {})
    assert (count.total, sorted(count.unknown)) == (0, ["else", "then"])
