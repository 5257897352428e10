"""Add of a constant row after Gemm, or after MatMul of matrices, becomes Gemm's C input."""

from __future__ import annotations

import onnx_ir as ir

from mindferry.optimize.edit import constant, only_user, replace

_TYPES = frozenset({ir.DataType.FLOAT, ir.DataType.FLOAT16, ir.DataType.DOUBLE})


def apply(graph: ir.Graph) -> int:
    """Moves biases into matrix products; the number of nodes that vanished."""
    count = 0
    for node in list(graph):
        if node.op_type != "Add":
            continue
        for product, bias in (node.inputs, reversed(node.inputs)):
            if _fits(node, product, bias):
                _fold(node, product, bias)
                count += 1
                break
    return count


def _fits(node: ir.Node, product: ir.Value | None, bias: ir.Value | None) -> bool:
    made = product.producer() if product is not None else None
    row = constant(bias)
    if (
        made is None
        or row is None
        or only_user(made.outputs[0]) is not node
        or product is None
        or product.dtype not in _TYPES
    ):
        return False
    if made.op_type == "Gemm":
        if len(made.inputs) > 2 and made.inputs[2] is not None:
            return False
    elif made.op_type != "MatMul" or any(
        value is None or value.shape is None or len(value.shape) != 2 for value in made.inputs
    ):
        return False
    return product.shape is not None and len(row.shape) == 1 and row.shape[0] in (1, product.shape[1])


def _fold(node: ir.Node, product: ir.Value | None, bias: ir.Value | None) -> None:
    assert product is not None
    made = product.producer()
    assert made is not None
    made.op_type = "Gemm"
    made.resize_inputs(3)
    made.replace_input_with(2, bias)
    replace(node, product)
