"""GE operators that are structure: branches, loops and calls of subgraphs, and the outputs of other operators.

The reader has seen to it that no subgraph contains itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.graph import Node
from mindferry.lowering.branches import give_back
from mindferry.lowering.check import recorded_results
from mindferry.lowering.control import call, enter
from mindferry.lowering.frame import Choice, Frame, Partial

if TYPE_CHECKING:
    from mindferry.lowering.lower import Lowerer


def _truth(lowerer: Lowerer, condition: ir.Value) -> ir.Value:
    """A condition of one element as a bool; a number counts as true where it is not 0."""
    return lowerer.context.cast(lowerer.context.Reshape(condition, []), ir.DataType.BOOL)


def _if(lowerer: Lowerer, node: Node, frame: Frame, operands: list[Any]) -> Any:
    """then_branch or else_branch of the inputs; a condition that is no bool counts as true where it is not 0."""
    then, otherwise, condition, *arguments = operands
    condition = lowerer.settle(condition, frame.latest)
    result, _ = call(lowerer, Choice(_truth(lowerer, condition), then, otherwise), tuple(arguments), frame, node.type)
    return result


def _case(lowerer: Lowerer, node: Node, frame: Frame, operands: list[Any]) -> Any:
    """The branch of the index; an index outside takes the last one."""
    branches = [one for one in operands if isinstance(one, Partial)]
    index, *arguments = operands[len(branches) :]
    index = lowerer.context.Reshape(lowerer.settle(index, frame.latest), [])
    chosen: Any = branches[-1]
    for place, one in reversed(list(enumerate(branches[:-1]))):
        chosen = Choice(lowerer.context.Equal(index, place), one, chosen)
    result, _ = call(lowerer, chosen, tuple(arguments), frame, node.type)
    return result


def _partitioned_call(lowerer: Lowerer, node: Node, frame: Frame, operands: list[Any]) -> Any:
    function, *arguments = operands
    result, _ = call(lowerer, function, tuple(arguments), frame, node.type)
    return result


def _tuple_get_item(lowerer: Lowerer, node: Node, frame: Frame, operands: list[Any]) -> Any:
    results, index = operands
    if results[index] is None:
        raise LoweringError(f"result {index} of {node.inputs[0].name}, which only training needs, has no lowering")  # type: ignore[union-attr]
    return results[index]


def _while(lowerer: Lowerer, node: Node, frame: Frame, operands: list[Any]) -> Any:
    """The inputs, passed through the body as long as the condition holds for them; they keep their shapes."""
    condition, body, *arguments = operands
    outer = lowerer.context
    initial = tuple(outer.value(lowerer.settle(one, frame.latest)) for one in arguments)
    first = _truth(lowerer, enter(lowerer, condition.function, initial, {}, frame)[0])
    inner = outer.inner("while")
    inner.input("turn", ir.DataType.INT64, [])
    inner.input("go", ir.DataType.BOOL, [])
    carried = tuple(inner.input("carried", one.dtype, one.shape) for one in initial)
    lowerer.context = inner
    try:
        results, _ = enter(lowerer, body.function, carried, {}, frame)
        results = results if isinstance(results, tuple) else (results,)
        if [(one.dtype, one.shape) for one in results] != [(one.dtype, one.shape) for one in carried]:
            raise LoweringError("its body gives values of other types or shapes than it takes")
        again = _truth(lowerer, enter(lowerer, condition.function, results, {}, frame)[0])
    finally:
        lowerer.context = outer
    for one in (again, *results):
        give_back(inner, one)
    made = outer.Loop(None, first, *initial, body=inner.graph, outputs=len(initial))
    made = made if isinstance(made, tuple) else (made,)
    for value, produced in zip(made, inner.graph.outputs[1:], strict=True):
        value.type, value.shape = produced.type, None if produced.shape is None else ir.Shape(produced.shape)
    return recorded_results(node, made)


STRUCTURAL = {
    "If": _if,
    "Case": _case,
    "PartitionedCall": _partitioned_call,
    "StatefulPartitionedCall": _partitioned_call,
    "TupleGetItem": _tuple_get_item,
    "While": _while,
}
