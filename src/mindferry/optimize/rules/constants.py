"""Nodes whose inputs are all constant become constants.

Only operators that move data or do elementary arithmetic are folded, so that a folded value is the one that a runtime
would compute. Large results are computed when the model is written, not before.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
from onnx.reference import ReferenceEvaluator

from mindferry.optimize.edit import Array, constant, lazy, replace

FOLDABLE = frozenset({
    "Add", "And", "Cast", "Ceil", "Concat", "ConstantOfShape", "Div", "Equal", "Expand", "Floor", "Gather", "Greater",
    "Identity", "Less", "Mul", "Neg", "Not", "Or", "Range", "Reshape", "Slice", "Squeeze", "Sub", "Tile", "Transpose",
    "Unsqueeze", "Where",
})  # fmt: skip

_LARGEST_GROWTH = 1 << 20
"""Elements that a fold may add to the model; an Expand of a scalar to a large tensor stays a node."""


def apply(graph: ir.Graph) -> int:
    """Folds constants; the number of nodes that vanished."""
    count = 0
    for node in list(graph):
        if _foldable(node):
            output = node.outputs[0]
            assert output.dtype is not None and output.shape is not None
            shape = [int(size) for size in output.shape]  # type: ignore[arg-type]
            value = lazy(graph, output.name or node.op_type, output.dtype, shape, _computation(node, graph))
            replace(node, value)
            count += 1
    return count


def _foldable(node: ir.Node) -> bool:
    if node.op_type not in FOLDABLE or node.domain or len(node.outputs) != 1 or node.outputs[0].is_graph_output():
        return False
    output = node.outputs[0]
    if output.dtype is None or output.shape is None or not all(isinstance(size, int) for size in output.shape):
        return False
    tensors = [constant(value) for value in node.inputs if value is not None]
    if any(tensor is None for tensor in tensors):
        return False
    size = int(np.prod([int(dim) for dim in output.shape], dtype=np.int64))  # type: ignore[arg-type]
    return size <= _LARGEST_GROWTH + sum(tensor.size for tensor in tensors if tensor is not None)


def _computation(node: ir.Node, graph: ir.Graph) -> Any:
    tensors = [constant(value) for value in node.inputs]
    proto = ir.to_proto(node)
    opset = graph.opset_imports[""]

    def compute() -> Array:
        feeds = {name: tensor.numpy() for name, tensor in zip(proto.input, tensors, strict=True) if tensor is not None}
        names = [onnx.ValueInfoProto(name=name) for name in feeds]
        body = onnx.helper.make_graph([proto], "fold", names, [onnx.ValueInfoProto(name=proto.output[0])])
        model = onnx.helper.make_model(body, opset_imports=[onnx.helper.make_opsetid("", opset)])
        (result,) = ReferenceEvaluator(model).run(None, feeds)
        return np.asarray(result)

    return compute
