"""BatchNormalization after Conv or ConvTranspose moves into the weights.

y = (conv(x, w) + b - mean) * s + beta with s = scale / sqrt(variance + epsilon)  ->  conv(x, w * s) + (b - mean) * s + beta.
The new weights are computed in float64 and rounded once.
"""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from mindferry.optimize.edit import Array, constant, lazy, only_user, replace, sizes

_AXIS = {"Conv": 0, "ConvTranspose": 1}


def apply(graph: ir.Graph) -> int:
    """Folds normalisations into convolutions; the number of nodes that vanished."""
    count = 0
    for node in list(graph):
        if node.op_type == "BatchNormalization" and (conv := _convolution(node)) is not None:
            _fold(graph, conv, node)
            count += 1
    return count


def _convolution(node: ir.Node) -> ir.Node | None:
    """The convolution before the node, if it can take it in: constant parameters, no other reader, one group if transposed."""
    conv = node.inputs[0].producer() if node.inputs[0] is not None else None
    if conv is None or conv.op_type not in _AXIS or only_user(conv.outputs[0]) is not node:
        return None
    if node.attributes.get_int("training_mode", 0) or len(node.outputs) > 1:
        return None
    if conv.op_type == "ConvTranspose" and conv.attributes.get_int("group", 1) != 1:
        return None
    tensors = [constant(value) for value in (*conv.inputs[1:], *node.inputs[1:]) if value is not None]
    return conv if all(tensor is not None for tensor in tensors) else None


def _fold(graph: ir.Graph, conv: ir.Node, node: ir.Node) -> None:
    weight = constant(conv.inputs[1])
    bias = constant(conv.inputs[2]) if len(conv.inputs) > 2 else None
    scale, beta, mean, variance = (constant(value) for value in node.inputs[1:5])
    assert weight is not None and scale is not None and beta is not None and mean is not None and variance is not None
    epsilon = node.attributes.get_float("epsilon", 1e-5)
    axis = _AXIS[conv.op_type]

    def factor() -> Array:
        return _wide(scale) / np.sqrt(_wide(variance) + epsilon)

    def new_weight() -> Array:
        shape = [1] * len(weight.shape)
        shape[axis] = -1
        return (_wide(weight) * factor().reshape(shape)).astype(weight.dtype.numpy())

    def new_bias() -> Array:
        start = _wide(bias) if bias is not None else 0.0
        return ((start - _wide(mean)) * factor() + _wide(beta)).astype(weight.dtype.numpy())

    name = conv.inputs[1].name if conv.inputs[1] is not None else "weight"
    conv.replace_input_with(1, lazy(graph, f"{name}.folded", weight.dtype, sizes(weight.shape), new_weight))
    added = lazy(graph, f"{name}.bias", weight.dtype, sizes(scale.shape), new_bias)
    if len(conv.inputs) > 2:
        conv.replace_input_with(2, added)
    else:
        conv.resize_inputs(3)
        conv.replace_input_with(2, added)
    replace(node, conv.outputs[0])


def _wide(tensor: ir.TensorProtocol) -> Array:
    return tensor.numpy().astype(np.float64)
