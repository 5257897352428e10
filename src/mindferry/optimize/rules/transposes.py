"""Transpose after Transpose becomes one, or none where they cancel."""

from __future__ import annotations

import onnx_ir as ir

from mindferry.optimize.edit import replace


def apply(graph: ir.Graph) -> int:
    """Merges consecutive transposes; the number of nodes that vanished."""
    count = 0
    for node in list(graph):
        source = node.inputs[0] if node.op_type == "Transpose" else None
        first = source.producer() if source is not None else None
        if first is None or first.op_type != "Transpose":
            continue
        inner, outer = (one.attributes.get_ints("perm", ()) for one in (first, node))
        if not inner or not outer:
            continue
        both = [inner[axis] for axis in outer]
        source = first.inputs[0]
        if both == sorted(both) and source is not None:
            if node.outputs[0].is_graph_output():
                continue
            replace(node, source)
            count += 1
        else:
            node.replace_input_with(0, source)
            node.attributes["perm"] = ir.AttrInt64s("perm", both)
    return count
