"""What the rules share: looking at constants and neighbours, and replacing nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

Array = npt.NDArray[Any]


def constant(value: ir.Value | None) -> ir.TensorProtocol | None:
    """The tensor of an initializer that is not a graph input, else None."""
    if value is None or value.const_value is None or not value.is_initializer() or value.is_graph_input():
        return None
    return value.const_value


def only_user(value: ir.Value) -> ir.Node | None:
    """The one node that reads the value; None where there are more, or where it is an output."""
    uses = list(value.uses())
    return uses[0].node if len(uses) == 1 and not value.is_graph_output() else None


def scalar(value: ir.Value | None) -> float | None:
    """The floating-point number in a constant that broadcasts without changing a shape of rank 1 and more, else None."""
    tensor = constant(value)
    if tensor is None or tensor.size != 1 or len(tensor.shape) > 1 or not tensor.dtype.is_floating_point():
        return None
    return float(tensor.numpy().reshape(()))


def other(node: ir.Node, value: ir.Value) -> ir.Value | None:
    """The input of a node of two inputs that is not the value; None where it reads the value twice."""
    left, right = node.inputs
    return (right if left is value else left) if left is not right else None


def lazy(
    graph: ir.Graph, name: str, dtype: ir.DataType, shape: Sequence[int], compute: Callable[[], Array]
) -> ir.Value:
    """A new initializer that is computed when it is first written or read, so that big weights stay in their file."""
    final = _unused(graph, name)

    def evaluate() -> ir.TensorProtocol:
        return ir.Tensor(np.ascontiguousarray(compute()), dtype=dtype, name=final)

    tensor = ir.LazyTensor(evaluate, dtype=dtype, shape=ir.Shape(shape), name=final)
    value = ir.Value(name=final, type=ir.TensorType(dtype), shape=ir.Shape(shape), const_value=tensor)
    graph.register_initializer(value)
    return value


def _unused(graph: ir.Graph, name: str) -> str:
    taken = graph.initializers
    final, number = name, 1
    while final in taken:
        final, number = f"{name}_{number}", number + 1
    return final


def replace(old: ir.Node, new: ir.Value) -> None:
    """Lets every reader of the old node's only result read the new value, and removes the node."""
    graph, output = old.graph, old.outputs[0]
    assert graph is not None
    if output.is_graph_output():
        for index, value in enumerate(graph.outputs):
            if value is output:
                new.name, output.name = output.name, None
                graph.outputs[index] = new
    new.shape = new.shape or output.shape
    output.replace_all_uses_with(new)
    graph.remove(old, safe=True)


def become(graph: ir.Graph, node: ir.Node, op_type: str, inputs: Sequence[ir.Value], **attributes: int | float) -> None:
    """Puts a new node of the default domain in the place of a node of one result, whose name it takes over."""
    old = node.outputs[0]
    new = ir.node(op_type, inputs, attributes, name=node.name)
    result = new.outputs[0]
    result.type, result.shape = old.type, old.shape
    graph.insert_before(node, new)
    name = old.name
    if not old.is_graph_output():
        old.name = None
        result.name = name
    replace(node, result)


def sizes(shape: ir.ShapeProtocol | ir.Shape) -> list[int]:
    """The dimensions of a constant's shape."""
    return [size for size in shape if isinstance(size, int)]
