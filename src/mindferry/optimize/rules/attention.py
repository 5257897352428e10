"""Scaled dot-product attention becomes one Attention node, from opset 23.

Softmax(Q K' x scale + bias) V with four dimensions each: batch, head, position, feature. The scale may be on the product or
on Q, by Mul or by Div; the bias may be missing. Only float32. Only for ONNX Runtime, whose CPU kernel gives the same bits as
the nodes in 0.94 to 1.03 of their time on one thread (12 heads, 50 to 384 positions); other consumers were not measured.
"""

from __future__ import annotations

from dataclasses import dataclass

import onnx_ir as ir

from mindferry.optimize.edit import become, only_user, other, scalar

_FIRST_OPSET = 23
_RANK = 4


@dataclass(frozen=True, slots=True)
class _Logits:
    """What Softmax is taken of; k is transposed."""

    q: ir.Value
    k: ir.Node
    scale: float
    bias: ir.Value | None


def apply(graph: ir.Graph) -> int:
    """Rewrites attentions; how many there were."""
    if graph.opset_imports.get("", 0) < _FIRST_OPSET:
        return 0
    count = 0
    for node in list(graph):
        if node.op_type == "Softmax" and (found := _match(node)) is not None:
            logits, last = found
            _rewrite(graph, logits, last)
            count += 1
    return count


def _match(softmax: ir.Node) -> tuple[_Logits, ir.Node] | None:
    """What the node is taken of, and the product with V that follows it."""
    product = only_user(softmax.outputs[0])
    logits = _logits(softmax.inputs[0])
    if logits is None or softmax.attributes.get_int("axis", -1) not in (-1, _RANK - 1):
        return None
    if product is None or product.op_type != "MatMul" or product.inputs[0] is not softmax.outputs[0]:
        return None
    q, k, v = (_dimensions(value) for value in (logits.q, logits.k.outputs[0], product.inputs[1]))
    if q is None or k is None or v is None or not q[:2] == k[:2] == v[:2] or q[3] != k[2] or k[3] != v[2]:
        return None
    wanted = [*q[:3], k[3]]
    bias = _dimensions(logits.bias) if logits.bias is not None else wanted
    if (
        bias is None
        or bias[3] != wanted[3]
        or any(size not in (1, whole) for size, whole in zip(bias, wanted, strict=True))
    ):
        return None
    return logits, product


def _rewrite(graph: ir.Graph, logits: _Logits, last: ir.Node) -> None:
    outer, middle, row, column = logits.k.attributes.get_ints("perm", ())
    source, v = logits.k.inputs[0], last.inputs[1]
    assert source is not None and v is not None
    upright = ir.node("Transpose", [source], {"perm": [outer, middle, column, row]}, name=f"{last.name}/keys")
    keys, shape = upright.outputs[0], logits.k.outputs[0].shape
    assert shape is not None
    keys.type, keys.shape = source.type, ir.Shape([shape[0], shape[1], shape[3], shape[2]])
    if [outer, middle, column, row] == sorted([outer, middle, column, row]):
        keys = source
    else:
        graph.insert_before(last, upright)
    inputs = [logits.q, keys, v, *([logits.bias] if logits.bias is not None else [])]
    become(graph, last, "Attention", inputs, scale=logits.scale)


def _logits(value: ir.Value | None) -> _Logits | None:
    """Q K' with its scale and bias, where no other node reads the parts."""
    bias = None
    node = _own(value)
    if node is not None and node.op_type == "Add":
        scaled = next((one for one in node.inputs if _product(one) is not None), None)
        bias = other(node, scaled) if scaled is not None else None
        if bias is None:
            return None
        value = scaled
    found = _product(value)
    if found is None:
        return None
    product, scale = found
    q, k = product.inputs
    first = q.producer() if q is not None else None
    if first is not None and scale == 1.0 and (inner := _factor(first)) is not None:
        q, scale = inner
    keys = k.producer() if k is not None else None
    if q is None or q.dtype != ir.DataType.FLOAT or keys is None or keys.op_type != "Transpose" or scale <= 0:
        return None
    return _Logits(q, keys, scale, bias) if len(keys.attributes.get_ints("perm", ())) == _RANK else None


def _product(value: ir.Value | None) -> tuple[ir.Node, float] | None:
    """The MatMul that a value is, or is a multiple of, and the factor."""
    node = _own(value)
    if node is None or node.op_type == "MatMul":
        return None if node is None else (node, 1.0)
    found = _factor(node)
    inner = _own(found[0]) if found is not None else None
    return (inner, found[1]) if found is not None and inner is not None and inner.op_type == "MatMul" else None


def _factor(node: ir.Node) -> tuple[ir.Value, float] | None:
    """The value of which a Mul or Div with a number gives a multiple, and the factor."""
    if node.op_type not in ("Mul", "Div"):
        return None
    pairs = [node.inputs] if node.op_type == "Div" else [node.inputs, node.inputs[::-1]]
    for value, by in pairs:
        if value is not None and (number := scalar(by)):
            return value, 1 / number if node.op_type == "Div" else number
    return None


def _own(value: ir.Value | None) -> ir.Node | None:
    """The node that makes a value, where one node reads it."""
    return value.producer() if value is not None and only_user(value) is not None else None


def _dimensions(value: ir.Value | None) -> list[int | str] | None:
    """The four dimensions, as sizes and names; None where there are not four, or one has neither."""
    if value is None or value.shape is None or len(value.shape) != _RANK:
        return None
    found = [size if isinstance(size, int) else size.value for size in value.shape]
    return [size for size in found if size is not None] if None not in found else None
