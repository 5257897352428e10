"""Floating-point operations of an ONNX model, counted from its shapes.

Counted are the operators that multiply matrices, a multiplication with its addition as two: convolutions, matrix
products and recurrent layers, in which all the time of most networks goes. Additions of biases, activations,
normalisations and pooling are left out, as is usual.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import onnx_ir as ir
from onnx_ir.passes.common import ShapeInferencePass

from mindferry.formats import onnx

Sizes = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """Floating-point operations of one run.

    Attributes:
        total: of all operators whose shapes are known.
        unknown: names of operators that belong to the count but whose shapes, or how often they run, is not known.
    """

    total: int
    unknown: tuple[str, ...] = ()


def count_file(path: Path, shapes: Mapping[str, Sizes]) -> Count:
    """The operations of an ONNX file for inputs of these shapes."""
    return count(onnx.load(path), shapes)


def count(model: ir.Model, shapes: Mapping[str, Sizes]) -> Count:
    """The operations of a model for inputs of these shapes; the model's own shapes are replaced."""
    _set_shapes(model, shapes)
    ShapeInferencePass(data_prop=True)(model)
    total, unknown = 0, list[str]()
    for node in ir.traversal.RecursiveGraphIterator(model.graph):
        counter = _COUNTERS.get(node.op_type) if node.domain in ("", "ai.onnx") else None
        if counter is None:
            continue
        operations = counter(node) if node.graph is model.graph else None
        if operations is None:
            unknown.append(node.name or node.op_type)
        else:
            total += operations
    return Count(total, tuple(unknown))


def _set_shapes(model: ir.Model, shapes: Mapping[str, Sizes]) -> None:
    """Gives the inputs their shapes; where that changes one, what was inferred from it is forgotten."""
    changed = False
    for value in model.graph.inputs:
        sizes = shapes.get(str(value.name))
        if sizes is not None and _shape(value) != sizes:
            value.shape, changed = ir.Shape(sizes), True
    if changed:
        for node in model.graph:
            for output in node.outputs:
                output.shape = None


def _shape(value: ir.Value | None) -> Sizes | None:
    """All sizes of a value's shape, or None where one is not known."""
    if value is None or value.shape is None:
        return None
    sizes = tuple(size for size in value.shape if isinstance(size, int))
    return sizes if len(sizes) == len(value.shape) else None


def _conv(node: ir.Node) -> int | None:
    """Each output element sums over the weight's [channels / group, *kernel]."""
    weight, output = _shape(node.inputs[1]), _shape(node.outputs[0])
    return None if weight is None or output is None else 2 * math.prod(output) * math.prod(weight[1:])


def _conv_transpose(node: ir.Node) -> int | None:
    """Each input element goes into the weight's [output channels / group, *kernel]."""
    weight, given = _shape(node.inputs[1]), _shape(node.inputs[0])
    return None if weight is None or given is None else 2 * math.prod(given) * math.prod(weight[1:])


def _matmul(node: ir.Node) -> int | None:
    left, output = _shape(node.inputs[0]), _shape(node.outputs[0])
    return None if left is None or output is None else 2 * math.prod(output) * left[-1]


def _gemm(node: ir.Node) -> int | None:
    left, output = _shape(node.inputs[0]), _shape(node.outputs[0])
    if left is None or output is None:
        return None
    transposed = node.attributes.get_int("transA", 0)
    return 2 * math.prod(output) * left[0 if transposed else 1]


def _recurrent(node: ir.Node) -> int | None:
    """Each step multiplies the input and the state by their weights, [directions, gates * hidden, input or hidden]."""
    given, weights, states = (_shape(value) for value in node.inputs[:3])
    if given is None or weights is None or states is None:
        return None
    steps = given[0] * given[1]
    return 2 * steps * (math.prod(weights) + math.prod(states))


_COUNTERS: dict[str, Callable[[ir.Node], int | None]] = {
    "Conv": _conv, "ConvInteger": _conv, "ConvTranspose": _conv_transpose,
    "MatMul": _matmul, "MatMulInteger": _matmul, "Gemm": _gemm,
    "RNN": _recurrent, "GRU": _recurrent, "LSTM": _recurrent,
    "Attention": lambda node: None, "Einsum": lambda node: None, "DeformConv": lambda node: None,
}  # fmt: skip
"""Operator -> its count; those without a rule are told as unknown."""
