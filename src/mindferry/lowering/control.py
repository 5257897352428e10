"""Primitives that are structure, not computation: side effects, function values and calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.graph import Node, Type
from mindferry.lowering.branches import branch
from mindferry.lowering.frame import Choice, Exit, Frame, Partial, State
from mindferry.lowering.loops import loop

if TYPE_CHECKING:
    from mindferry.lowering.lower import Lowerer


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


def _switch_layer(lowerer: Lowerer, node: Node, frame: Frame, operands: list[Any]) -> Any:
    """The function at an index, which may count from the end; MindSpore stops at one that is out of range."""
    index, functions = lowerer.settle(operands[0], frame.latest), operands[1]
    if not isinstance(functions, tuple | list) or not functions:
        raise LoweringError("its functions are not known at conversion time")
    op = lowerer.context
    known = op.static(index)
    if known is not None:
        (place,) = np.ravel(known)
        if not -len(functions) <= place < len(functions):
            raise LoweringError(f"has {len(functions)} functions, but its index is {place}")
        return functions[int(place)]
    op.report.warn("switch_layer takes the last function for an index out of range instead of stopping")
    index = op.cast(index, ir.DataType.INT64)
    result = functions[-1]
    for place in reversed(range(len(functions) - 1)):
        here = op.Or(op.Equal(index, place), op.Equal(index, place - len(functions)))
        result = Choice(op.Reshape(here, []), functions[place], result)
    return result


def _call(lowerer: Lowerer, node: Node, frame: Frame, operands: list[Any]) -> Any:
    callee, *arguments = operands
    result, changes = call(lowerer, callee, tuple(arguments), frame, node.type)
    frame.wrote(node.name, changes)
    return result


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


STRUCTURAL = {
    "Load": _load,
    "UpdateState": _update_state,
    "Depend": _depend,
    "Partial": _partial,
    "Switch": _switch,
    "switch_layer": _switch_layer,
    "Call": _call,
}
