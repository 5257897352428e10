"""Add of a per-channel constant after Conv or ConvTranspose becomes its bias input."""

from __future__ import annotations

import onnx_ir as ir

from mindferry.optimize.edit import constant, lazy, only_user, replace, sizes


def apply(graph: ir.Graph) -> int:
    """Moves biases into convolutions; the number of nodes that vanished."""
    count = 0
    for node in list(graph):
        if node.op_type != "Add":
            continue
        for conv_value, bias_value in (node.inputs, reversed(node.inputs)):
            if _fits(node, conv_value, bias_value):
                _fold(graph, node, conv_value, bias_value)
                count += 1
                break
    return count


def _fits(node: ir.Node, conv_value: ir.Value | None, bias_value: ir.Value | None) -> bool:
    conv = conv_value.producer() if conv_value is not None else None
    bias = constant(bias_value)
    if (
        conv is None
        or bias is None
        or conv.op_type not in ("Conv", "ConvTranspose")
        or only_user(conv.outputs[0]) is not node
    ):
        return False
    if len(conv.inputs) > 2 and conv.inputs[2] is not None:
        return False
    shape = conv.outputs[0].shape
    if shape is None or not isinstance(shape[1], int):
        return False
    ones = [1] * (len(shape) - 2)
    return sizes(bias.shape) in ([shape[1], *ones], [1, shape[1], *ones])


def _fold(graph: ir.Graph, node: ir.Node, conv_value: ir.Value | None, bias_value: ir.Value | None) -> None:
    bias = constant(bias_value)
    assert conv_value is not None and bias_value is not None and bias is not None
    conv = conv_value.producer()
    assert conv is not None
    conv.resize_inputs(3)
    name = (bias_value.name or "bias").removesuffix(".folded")
    conv.replace_input_with(2, lazy(graph, name, bias.dtype, [bias.size], lambda: bias.numpy().reshape(-1)))
    replace(node, conv.outputs[0])
