"""Primitives that are structure, not computation: side effects, function values and calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.graph import Node, Type
from mindferry.lowering.branches import branch
from mindferry.lowering.frame import Choice, Exit, Frame, Partial, State
from mindferry.lowering.loops import loop
from mindferry.lowering.registry import GE, MINDSPORE

if TYPE_CHECKING:
    from mindferry.lowering.lower import Lowerer


Structural: TypeAlias = "Callable[[Lowerer, Node, Frame, list[Any]], Any]"


def structural(lowerer: Lowerer, node: Node, frame: Frame) -> Any:
    """The result of a structural primitive."""
    operands = [lowerer.operand(operand, frame) for operand in node.inputs]
    return STRUCTURAL[lowerer.model.dialect][node.primitive](lowerer, node, frame, operands)


def _load(lowerer: Lowerer, node: Node, frame: Frame, operands: list[Any]) -> Any:
    return lowerer.settle(operands[0], operands[1] if len(operands) > 1 else frame.latest)


def _update_state(lowerer: Lowerer, node: Node, frame: Frame, operands: list[Any]) -> State:
    state = dict(operands[0]) if isinstance(operands[0], dict) else {}
    for operand in node.inputs[1:]:
        state.update(frame.effects.get(getattr(operand, "name", ""), {}))
    return state


def _depend(lowerer: Lowerer, node: Node, frame: Frame, operands: list[Any]) -> Any:
    return operands[0]


def _partial(lowerer: Lowerer, node: Node, frame: Frame, operands: list[Any]) -> Partial:
    function, *arguments = operands
    if not isinstance(function, Partial):
        raise LoweringError("its function is not known at conversion time")
    return Partial(function.function, (*function.arguments, *arguments))


def _switch(lowerer: Lowerer, node: Node, frame: Frame, operands: list[Any]) -> Any:
    condition, then, otherwise = operands
    condition = lowerer.settle(condition, frame.latest)
    known = lowerer.context.static(condition)
    if known is not None:
        return then if bool(np.all(known)) else otherwise
    return Choice(condition, then, otherwise)


def _call(lowerer: Lowerer, node: Node, frame: Frame, operands: list[Any]) -> Any:
    callee, *arguments = operands
    result, changes = call(lowerer, callee, tuple(arguments), frame, node.type)
    frame.wrote(node.name, changes)
    return result


def _if(lowerer: Lowerer, node: Node, frame: Frame, operands: list[Any]) -> Any:
    """then_branch or else_branch of the inputs; a condition that is no bool counts as true where it is not 0."""
    then, otherwise, condition, *arguments = operands
    condition = lowerer.settle(condition, frame.latest)
    truth = lowerer.context.cast(lowerer.context.Reshape(condition, []), ir.DataType.BOOL)
    result, _ = call(lowerer, Choice(truth, then, otherwise), tuple(arguments), frame, node.type)
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


def call(
    lowerer: Lowerer, callee: Any, arguments: tuple[Any, ...], frame: Frame, recorded: Type | None
) -> tuple[Any, State]:
    """What a call returns (or the Exit by which it ended) and what it wrote to parameters.

    A function is inlined, a Choice becomes an If, a function that calls itself in tail position becomes a Loop.

    Args:
        recorded: the type that the file records for the call's result.
    """
    if isinstance(callee, Choice):
        return branch(lowerer, callee, arguments, frame, recorded)
    if not isinstance(callee, Partial):
        raise LoweringError("calls a function that is not known at conversion time")
    graph = lowerer.model.functions[callee.function]
    values = (*callee.arguments, *arguments)
    if len(values) != len(graph.inputs):
        raise LoweringError(f"calls {callee.function} with {len(values)} arguments, it has {len(graph.inputs)}")
    entry = next((value for value in reversed(values) if isinstance(value, dict)), frame.latest)
    if callee.function in lowerer.loops:
        header = callee.function
        changes = {name: value for name, value in frame.latest.items() if frame.entry.get(name) is not value}
        return Exit((header,), None, {header: values}), changes
    if callee.function in frame.stack:
        raise LoweringError(f"recursion through {callee.function} has no ONNX form")
    if lowerer.calls.is_recursive(callee.function, without=lowerer.loops):
        return loop(lowerer, callee.function, values, entry, frame, recorded)
    return enter(lowerer, callee.function, values, entry, frame)


def enter(lowerer: Lowerer, function: str, values: tuple[Any, ...], entry: State, frame: Frame) -> tuple[Any, State]:
    """Inlines a function: its result and what it wrote."""
    graph = lowerer.model.functions[function]
    inner = Frame(graph, entry=entry, stack=(*frame.stack, function))
    for item, value in zip(graph.inputs, values, strict=True):
        inner.values[item.name] = entry if isinstance(value, dict) else value
        inner.types[item.name] = item.type
    result = lowerer.evaluate(inner)
    return result, {name: value for name, value in inner.latest.items() if entry.get(name) is not value}


STRUCTURAL: Mapping[str, Mapping[str, Structural]] = {
    MINDSPORE: {
        "Load": _load,
        "UpdateState": _update_state,
        "Depend": _depend,
        "Partial": _partial,
        "Switch": _switch,
        "Call": _call,
    },
    GE: {
        "If": _if,
        "Case": _case,
        "PartitionedCall": _partitioned_call,
        "StatefulPartitionedCall": _partitioned_call,
        "TupleGetItem": _tuple_get_item,
    },
}
"""By dialect, the lowerings of structural primitives."""
