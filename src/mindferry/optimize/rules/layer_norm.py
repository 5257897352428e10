"""Layer normalisation from its definition becomes one LayerNormalization node, from opset 17.

(x - mean) / sqrt(variance + epsilon) over the last dimensions, with mean and variance computed from x by ReduceMean or by
ReduceSum and a division; a constant factor and a constant summand of the normalised shape become its scale and bias. Only
float32, in which LayerNormalization computes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from mindferry.optimize.edit import Array, become, constant, lazy, only_user, other, scalar, sizes

_FIRST_OPSET = 17


@dataclass(frozen=True, slots=True)
class _Moment:
    """A mean over the last dimensions, which stay as ones: of what, and how many dimensions."""

    source: ir.Value
    dimensions: int


def apply(graph: ir.Graph) -> int:
    """Rewrites layer normalisations; how many there were."""
    if graph.opset_imports.get("", 0) < _FIRST_OPSET:
        return 0
    count = 0
    for node in list(graph):
        if node.op_type in ("Div", "Mul") and node.graph is graph and (found := _match(node)) is not None:
            _rewrite(graph, node, *found)
            count += 1
    return count


def _match(node: ir.Node) -> tuple[ir.Value, int, float] | None:
    """x, the number of normalised dimensions and epsilon, where the node ends a normalisation."""
    pairs = [node.inputs] if node.op_type == "Div" else [node.inputs, node.inputs[::-1]]
    for difference, divisor in pairs:
        centre = _centred(difference)
        root = _root(divisor) if node.op_type == "Div" else _root(_inverted(divisor))
        if centre is None or root is None or centre.source.dtype != ir.DataType.FLOAT:
            continue
        squares, epsilon = root
        mean = _mean(squares)
        if mean is not None and mean.dimensions == centre.dimensions and _centred(_squared(mean.source)) == centre:
            return centre.source, centre.dimensions, epsilon
    return None


def _rewrite(graph: ir.Graph, node: ir.Node, x: ir.Value, dimensions: int, epsilon: float) -> None:
    assert x.shape is not None
    shape = sizes(x.shape)[-dimensions:] if dimensions else []
    last = node
    scale, following = _parameter(last, "Mul", shape)
    if following is not None:
        last = following
    bias, following = _parameter(last, "Add", shape)
    if following is not None:
        last = following
    name = last.outputs[0].name or "norm"
    inputs = [x, _flat(graph, f"{name}.scale", scale, shape)]
    if bias is not None:
        inputs.append(_flat(graph, f"{name}.bias", bias, shape))
    become(graph, last, "LayerNormalization", inputs, axis=-dimensions, epsilon=epsilon)


def _parameter(node: ir.Node, op_type: str, shape: Sequence[int]) -> tuple[ir.TensorProtocol | None, ir.Node | None]:
    """The constant that the only reader applies, if it has the normalised shape, and that reader."""
    reader = only_user(node.outputs[0])
    tensor = constant(other(reader, node.outputs[0])) if reader is not None and reader.op_type == op_type else None
    if (
        tensor is None
        or math.prod(sizes(tensor.shape)[: -len(shape)]) != 1
        or sizes(tensor.shape)[-len(shape) :] != shape
    ):
        return None, None
    return tensor, reader


def _flat(graph: ir.Graph, name: str, tensor: ir.TensorProtocol | None, shape: Sequence[int]) -> ir.Value:
    """An initializer of the normalised shape; ones where there is no tensor."""

    def compute() -> Array:
        return np.ones(shape, np.float32) if tensor is None else tensor.numpy().reshape(shape)

    return lazy(graph, name, ir.DataType.FLOAT, shape, compute)


def _centred(value: ir.Value | None) -> _Moment | None:
    """The mean that a value is the distance from, where it is x - mean(x)."""
    node = _producer(value, "Sub")
    mean = _mean(node.inputs[1]) if node is not None else None
    return mean if mean is not None and node is not None and mean.source is node.inputs[0] else None


def _mean(value: ir.Value | None) -> _Moment | None:
    """The mean over the last dimensions that a value is, where their sizes are known."""
    node = _producer(value, "ReduceMean", "Div", "Mul")
    if node is None or node.op_type == "ReduceMean":
        return _over_last(node)
    for total, number in (node.inputs, node.inputs[::-1])[: 1 if node.op_type == "Div" else 2]:
        found, count = _over_last(_producer(total, "ReduceSum")), scalar(number)
        if found is not None and found.source.shape is not None and count:
            elements = math.prod(sizes(found.source.shape)[-found.dimensions :])
            if count == (elements if node.op_type == "Div" else np.float32(1 / elements)):
                return found
    return None


def _over_last(node: ir.Node | None) -> _Moment | None:
    """What a reduction is over, where it is over the last dimensions, of known size, and keeps them."""
    if node is None or not node.attributes.get_int("keepdims", 1):
        return None
    source = node.inputs[0]
    if source is None or source.shape is None:
        return None
    given = constant(node.inputs[1]) if len(node.inputs) > 1 else None
    axes = given.numpy().tolist() if given is not None else list(node.attributes.get_ints("axes", ()))
    rank = len(source.shape)
    dimensions = sorted(axis % rank for axis in axes)
    if not dimensions or dimensions != list(range(rank - len(dimensions), rank)):
        return None
    if not all(isinstance(source.shape[axis], int) for axis in dimensions):
        return None
    return _Moment(source, len(dimensions))


def _squared(value: ir.Value | None) -> ir.Value | None:
    """The value whose square this one is."""
    node = _producer(value, "Mul", "Pow")
    if node is None:
        return None
    base, second = node.inputs
    return base if (second is base if node.op_type == "Mul" else scalar(second) == 2.0) else None


def _root(value: ir.Value | None) -> tuple[ir.Value | None, float] | None:
    """The radicand and the constant that is added to it, where the value is sqrt(radicand + constant)."""
    node = _producer(value, "Sqrt")
    total = _producer(node.inputs[0], "Add") if node is not None else None
    if total is None:
        return None
    for radicand, added in (total.inputs, total.inputs[::-1]):
        if (epsilon := scalar(added)) is not None:
            return radicand, epsilon
    return None


def _inverted(value: ir.Value | None) -> ir.Value | None:
    """The value whose reciprocal this one is."""
    node = _producer(value, "Reciprocal", "Div")
    if node is None or node.op_type == "Reciprocal":
        return node.inputs[0] if node is not None else None
    return node.inputs[1] if scalar(node.inputs[0]) == 1.0 else None


def _producer(value: ir.Value | None, *op_types: str) -> ir.Node | None:
    node = value.producer() if value is not None else None
    return node if node is not None and node.op_type in op_types else None
