"""How a device's half precision is computed here: as float32 that is rounded to float16 where the device rounds.

A device multiplies float16 numbers, adds in float32 and stores float16. So a floating-point result is rounded to float16
and computed on as float32, and weights are stored as float16, half as large. What lies outside float16 becomes its largest
number, as on devices in their default mode.

| level | rounded |
| --- | --- |
| origin | nothing |
| fp16 | inputs, weights and every result |
| mixed | what matrix products and convolutions multiply, and their results |
| cube | what they multiply; their results stay float32 |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import onnx_ir as ir

from mindferry.ascend.compiler.shapes import Value
from mindferry.errors import ConvertError

LEVELS = ("origin", "fp16", "mixed", "cube")

CUBE = frozenset({"Conv", "ConvTranspose", "MatMul", "Gemm"})
"""Operators of the unit that multiplies matrices."""

_MULTIPLIED = (0, 1)
"""The inputs of these operators that are multiplied; the third is a bias."""

_UNCHANGED = frozenset({
    "Concat", "DepthToSpace", "Expand", "Flatten", "Gather", "GatherElements", "GatherND", "GlobalMaxPool",
    "Identity", "Max", "MaxPool", "Min", "Neg", "Relu", "Reshape", "Slice", "SpaceToDepth", "Split", "Squeeze", "Tile",
    "Transpose", "Unsqueeze", "Where",
})  # fmt: skip
"""Operators whose results are float16 already where their inputs are."""

_HOST_INPUTS = {"Resize": 1, "Upsample": 1, "Range": 0, "NonMaxSuppression": 2}
"""Operators whose inputs from this position on set shapes or limits, which stay as they are."""

_LARGEST = float(np.finfo(np.float16).max)


def apply(model: ir.Model, level: str, values: Mapping[str, Value]) -> None:
    """Rounds the graph in place.

    Args:
        level: one of LEVELS.
        values: the element types of all values.

    Raises:
        ConvertError: an element type is not known.
    """
    if level == "origin":
        return
    graph = model.graph
    nodes = list(ir.traversal.RecursiveGraphIterator(graph))
    _compress_weights(graph, level)
    if level == "fp16":
        for value in graph.inputs:
            if value.dtype is ir.DataType.FLOAT:
                _round_all(graph, value, None)
    for number, node in enumerate(nodes):
        if level != "fp16" and node.op_type in CUBE:
            _round_inputs(node, number)
        if _rounds(node, level):
            for value in node.outputs:
                if _is_float(value, values):
                    _round_all(graph, value, node)


def _rounds(node: ir.Node, level: str) -> bool:
    """True where a node's results have to be rounded."""
    return node.op_type in CUBE if level == "mixed" else level == "fp16" and node.op_type not in _UNCHANGED


def stored(model: ir.Model, level: str, values: Mapping[str, Value]) -> dict[str, Value]:
    """The values as a device stores them: those that are rounded as float16, but not what goes in and out."""
    ends = {str(value.name) for value in model.graph.outputs}
    halves = {
        str(value.name)
        for node in model.graph
        if level == "fp16" or (level == "mixed" and node.op_type in CUBE)
        for value in node.outputs
    }
    return {
        name: Value(ir.DataType.FLOAT16, value.shape)
        if name in halves - ends and value.dtype is ir.DataType.FLOAT
        else value
        for name, value in values.items()
    }


def _is_float(value: ir.Value, values: Mapping[str, Value]) -> bool:
    known = values.get(str(value.name))
    dtype = value.dtype or (known.dtype if known else None)
    if dtype is None and value.name:
        raise ConvertError(f"the element type of {value.name} is not known, so that nobody can tell how it is rounded")
    return dtype is ir.DataType.FLOAT


def _compress_weights(graph: ir.Graph, level: str) -> None:
    """Stores float32 weights as float16 where all that take them compute in it."""
    for name, value in list(graph.initializers.items()):
        tensor = value.const_value
        if tensor is None or tensor.dtype is not ir.DataType.FLOAT or not _is_rounded(value, level):
            continue
        array = tensor.numpy()
        with np.errstate(over="ignore"):
            half = np.where(np.isfinite(array), np.clip(array, -_LARGEST, _LARGEST), array).astype(np.float16)
        wide = ir.Value(name=f"{name}_as_float32", shape=value.shape, type=ir.TensorType(ir.DataType.FLOAT))
        _replace(_uses(value), wide)
        value.const_value = ir.tensor(half, name=name)
        value.dtype = ir.DataType.FLOAT16
        graph.insert_before(graph[0], _cast(value, wide, ir.DataType.FLOAT))


def _is_rounded(value: ir.Value, level: str) -> bool:
    """True where a weight is taken only by what computes in float16."""
    found = value.uses()
    return bool(found) and all(
        use.idx < _HOST_INPUTS.get(use.node.op_type, 1 << 30)
        if level == "fp16"
        else use.node.op_type in CUBE and use.idx in _MULTIPLIED
        for use in found
    )


def _cast(source: ir.Value, target: ir.Value, dtype: ir.DataType) -> ir.Node:
    return ir.Node(
        "", "Cast", [source], [ir.AttrInt64("to", dtype.value)], outputs=[target], name=f"{target.name}_cast"
    )


def _rounding(value: ir.Value) -> tuple[list[ir.Node], ir.Value]:
    """The nodes that round a value, and what they make."""
    limits = [ir.Value(name=f"{value.name}_{side}") for side in ("least", "most")]
    held = ir.Value(name=f"{value.name}_held")
    half = ir.Value(name=f"{value.name}_float16", type=ir.TensorType(ir.DataType.FLOAT16))
    wide = ir.Value(name=f"{value.name}_rounded", shape=value.shape, type=ir.TensorType(ir.DataType.FLOAT))
    nodes = [
        ir.Node("", "Constant", [], [ir.AttrTensor("value", ir.tensor(np.float32(bound)))], outputs=[limit])
        for limit, bound in zip(limits, (-_LARGEST, _LARGEST), strict=True)
    ]
    nodes += [ir.Node("", "Clip", [value, *limits], outputs=[held])]
    return [*nodes, _cast(held, half, ir.DataType.FLOAT16), _cast(half, wide, ir.DataType.FLOAT)], wide


def _round_all(main: ir.Graph, value: ir.Value, node: ir.Node | None) -> None:
    """Puts the rounded value in the place of a value, wherever it is used."""
    uses = _uses(value)
    nodes, wide = _rounding(value)
    graph = main if node is None else node.graph
    assert isinstance(graph, ir.Graph)
    _replace(uses, wide)
    if node is None:
        graph.insert_before(graph[0], nodes)
        return
    graph.insert_after(node, nodes)
    ends = [index for index, output in enumerate(graph.outputs) if output is value]
    if ends:
        wide.name, value.name = value.name, f"{value.name}_exact"
    for index in ends:
        graph.outputs[index] = wide


def _uses(value: ir.Value) -> list[tuple[ir.Node, int]]:
    """The nodes that take a value, each with the place at which it does."""
    return [(use.node, use.idx) for use in value.uses()]


def _replace(uses: Iterable[tuple[ir.Node, int]], other: ir.Value) -> None:
    for node, index in uses:
        node.replace_input_with(index, other)


def _round_inputs(node: ir.Node, number: int) -> None:
    """Rounds what a node of the matrix unit multiplies, but not its bias, which is added in float32.

    Args:
        number: tells the node from others in the names of new values.
    """
    graph = node.graph
    assert isinstance(graph, ir.Graph)
    for index in _MULTIPLIED:
        value = node.inputs[index]
        if value is None or value.dtype is ir.DataType.FLOAT16 or _is_widened(value):
            continue
        nodes, wide = _rounding(value)
        for output in (output for inner in nodes for output in inner.outputs):
            output.name = f"{output.name}_for_{number}_{index}"
        graph.insert_before(node, nodes)
        node.replace_input_with(index, wide)


def _is_widened(value: ir.Value) -> bool:
    """True for a weight that is stored as float16."""
    producer = value.producer()
    source = producer.inputs[0] if producer is not None and producer.op_type == "Cast" else None
    return source is not None and source.is_initializer() and source.dtype is ir.DataType.FLOAT16
