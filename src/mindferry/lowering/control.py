"""Primitives that are structure, not computation: side effects, function values, calls and branches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.graph import Node
from mindferry.lowering.context import Context, flatten
from mindferry.lowering.frame import Choice, Frame, Partial, State, Variable

if TYPE_CHECKING:
    from mindferry.lowering.lower import Lowerer


def structural(lowerer: Lowerer, node: Node, frame: Frame) -> Any:
    """The result of a structural primitive."""
    operands = [lowerer.operand(operand, frame) for operand in node.inputs]
    return STRUCTURAL[node.primitive](lowerer, node, frame, operands)


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
    result, changes = call(lowerer, callee, tuple(arguments), frame)
    frame.wrote(node.name, changes)
    return result


def call(lowerer: Lowerer, callee: Any, arguments: tuple[Any, ...], frame: Frame) -> tuple[Any, State]:
    """The value of a call and what it wrote to parameters; a function is inlined, a Choice becomes an If."""
    if isinstance(callee, Choice):
        return _branch(lowerer, callee, arguments, frame)
    if not isinstance(callee, Partial):
        raise LoweringError("calls a function that is not known at conversion time")
    if callee.function in frame.stack:
        raise LoweringError(f"recursion through {callee.function} has no ONNX form")
    graph = lowerer.model.functions[callee.function]
    values = (*callee.arguments, *arguments)
    if len(values) != len(graph.inputs):
        raise LoweringError(f"calls {callee.function} with {len(values)} arguments, it has {len(graph.inputs)}")
    entry = next((value for value in reversed(values) if isinstance(value, dict)), frame.latest)
    inner = Frame(graph, entry=entry, stack=(*frame.stack, callee.function))
    for item, value in zip(graph.inputs, values, strict=True):
        inner.values[item.name], inner.types[item.name] = value, item.type
    result = lowerer.evaluate(inner)
    return result, {name: value for name, value in inner.latest.items() if entry.get(name) is not value}


def _branch(lowerer: Lowerer, choice: Choice, arguments: tuple[Any, ...], frame: Frame) -> tuple[Any, State]:
    outer = lowerer.context
    sides = []
    for name, callee in (("then", choice.then), ("else", choice.otherwise)):
        lowerer.context = outer.inner(name)
        try:
            sides.append((lowerer.context, *call(lowerer, callee, arguments, frame)))
        finally:
            lowerer.context = outer
    written = sorted({name for _, _, changes in sides for name in changes})
    leaves = [
        [*flatten(result), *(changes.get(name) or lowerer.settle(Variable(name), frame.latest) for name in written)]
        for _, result, changes in sides
    ]
    if len(leaves[0]) != len(leaves[1]):
        raise LoweringError(f"its branches return {len(leaves[0])} and {len(leaves[1])} values")
    slots = [index for index, pair in enumerate(zip(*leaves, strict=True)) if not _same(*pair)]
    for (inner, _, _), side in zip(sides, leaves, strict=True):
        for index in slots:
            _return(inner, side[index])
    results = list(leaves[0])
    if slots:
        for index, value in zip(slots, _if(outer, choice.condition, sides[0][0], sides[1][0]), strict=True):
            results[index] = value
    count = len(flatten(sides[0][1]))
    return _rebuild(sides[0][1], iter(results[:count])), dict(zip(written, results[count:], strict=True))


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, ir.Value) or isinstance(right, ir.Value):
        return left is right
    return type(left) is type(right) and bool(left == right)


def _return(inner: Context, leaf: Any) -> None:
    value = inner.value(leaf)
    if value.producer() is None or value.producer().graph is not inner.graph or value in inner.graph.outputs:  # type: ignore[union-attr]
        value = inner.Identity(value)
    inner.graph.outputs.append(value)


def _if(op: Context, condition: ir.Value, then: Context, otherwise: Context) -> tuple[ir.Value, ...]:
    if condition.shape is None or len(condition.shape):
        condition = op.Reshape(condition, [])
    condition = op.cast(condition, ir.DataType.BOOL)
    pairs = list(zip(then.graph.outputs, otherwise.graph.outputs, strict=True))
    values = op.If(condition, then_branch=then.graph, else_branch=otherwise.graph, outputs=len(pairs))
    values = values if isinstance(values, tuple) else (values,)
    for value, (left, right) in zip(values, pairs, strict=True):
        if left.dtype != right.dtype:
            raise LoweringError(f"its branches return {left.dtype} and {right.dtype}")
        value.type = left.type
        value.shape = _merge(left.shape, right.shape)
    return values


def _merge(left: ir.Shape | None, right: ir.Shape | None) -> ir.Shape | None:
    if left is None or right is None or len(left) != len(right):
        return None
    return ir.Shape([a if isinstance(a, int) and a == b else None for a, b in zip(left, right, strict=True)])


def _rebuild(structure: Any, leaves: Any) -> Any:
    return tuple(_rebuild(item, leaves) for item in structure) if isinstance(structure, tuple) else next(leaves)


STRUCTURAL = {
    "Load": _load,
    "UpdateState": _update_state,
    "Depend": _depend,
    "Partial": _partial,
    "Switch": _switch,
    "Call": _call,
}
