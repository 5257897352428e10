"""Identity nodes vanish, but for those that give a graph its output.

A branch or a loop body needs an Identity where it returns a value from outside, so the outputs of inner graphs keep theirs.
"""

from __future__ import annotations

import onnx_ir as ir

from mindferry.optimize.edit import replace


def apply(graph: ir.Graph) -> int:
    """Removes identities, in inner graphs too; the number of nodes that vanished."""
    count = 0
    for node in list(ir.traversal.RecursiveGraphIterator(graph)):
        if node.op_type == "Identity" and not node.outputs[0].is_graph_output() and node.inputs[0] is not None:
            replace(node, node.inputs[0])
            count += 1
    return count
