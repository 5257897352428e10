"""The error-function form of GELU becomes one Gelu node, from opset 20.

x / sqrt(2) -> Erf -> + 1 -> times x and times 0.5, the factors in any order. Only float32, whose kernels are the same.
"""

from __future__ import annotations

import math

import onnx_ir as ir

from mindferry.optimize.edit import become, only_user, other, scalar

_FIRST_OPSET = 20


def apply(graph: ir.Graph) -> int:
    """Rewrites GELUs; how many there were."""
    if graph.opset_imports.get("", 0) < _FIRST_OPSET:
        return 0
    count = 0
    for node in list(graph):
        if node.op_type == "Erf" and (found := _match(node)) is not None:
            last, x = found
            become(graph, last, "Gelu", [x])
            count += 1
    return count


def _match(erf: ir.Node) -> tuple[ir.Node, ir.Value] | None:
    """The last node of the GELU around an Erf, and its x."""
    x = _scaled(erf.inputs[0], math.sqrt(0.5))
    shifted = only_user(erf.outputs[0])
    if x is None or x.dtype != ir.DataType.FLOAT or not x.shape or shifted is None or shifted.op_type != "Add":
        return None
    if scalar(other(shifted, erf.outputs[0])) != 1.0:
        return None
    product = only_user(shifted.outputs[0])
    if product is None:
        return None
    factor = other(product, shifted.outputs[0]) if product.op_type == "Mul" else None
    if factor is not None and _scaled(factor, 0.5) is x:
        return product, x
    final = only_user(product.outputs[0])
    if final is None:
        return None
    if factor is x:
        return (final, x) if _scaled(final.outputs[0], 0.5) is product.outputs[0] else None
    halved = _scaled(product.outputs[0], 0.5) is shifted.outputs[0]
    return (final, x) if halved and final.op_type == "Mul" and other(final, product.outputs[0]) is x else None


def _scaled(value: ir.Value | None, factor: float) -> ir.Value | None:
    """The value of which this one is the multiple, by Mul or by Div; None where it is none."""
    node = value.producer() if value is not None else None
    if node is None or node.op_type not in ("Mul", "Div"):
        return None
    left, right = node.inputs
    if node.op_type == "Div":
        return left if _near(scalar(right), 1 / factor) else None
    return next((one for one, by in ((left, right), (right, left)) if _near(scalar(by), factor)), None)


def _near(found: float | None, wanted: float) -> bool:
    """Whether a float32 constant is the wanted number, but for its last digit."""
    return found is not None and math.isclose(found, wanted, rel_tol=2e-7)
