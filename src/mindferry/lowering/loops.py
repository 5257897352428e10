"""A function that calls itself in tail position becomes an ONNX Loop.

MindSpore writes `while` as a header function whose body ends with a call of the header. One turn of the Loop evaluates
the header once; each path through it ends in an Exit: a call of the header (the Loop goes on with new arguments), a
return, or a call of an enclosing loop's header. The Loop carries the arguments that change, the payloads of the exits,
and the parameters that the body writes.

What changes is found by building the body until nothing new shows: at first every argument is taken as constant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.graph import Type
from mindferry.lowering.branches import as_exit, common_shape, default, give_back, rebuild, same
from mindferry.lowering.context import Context, flatten
from mindferry.lowering.frame import RETURN, Exit, Frame, Loop, Partial, State, Variable

if TYPE_CHECKING:
    from mindferry.lowering.lower import Lowerer

_MOST_ATTEMPTS = 12


@dataclass(slots=True)
class _Plan:
    """What the Loop carries, as known so far.

    Attributes:
        arguments: index of an argument leaf -> its shape in the body.
        written: parameters that the body writes.
        exits: kinds of exit but for the header itself; payloads: their leaves as the last attempt returned them.
    """

    arguments: dict[int, ir.Shape | None] = field(default_factory=dict)
    written: tuple[str, ...] = ()
    exits: tuple[str, ...] = ()
    payloads: dict[str, Any] = field(default_factory=dict)
    shapes: dict[str, list[ir.Shape | None]] = field(default_factory=dict)


@dataclass(slots=True)
class _Body:
    """One attempt: the body's context, what it was given and how it ended."""

    context: Context
    given: list[Any]
    end: Exit
    changes: State


def loop(
    lowerer: Lowerer, header: str, values: tuple[Any, ...], entry: State, frame: Frame, recorded: Type | None
) -> tuple[Any, State]:
    """The result of calling a header, or the Exit by which its loop ended, and what the loop wrote."""
    plan = _Plan()
    for _ in range(_MOST_ATTEMPTS):
        lowered = lowerer.report.primitives.copy()
        body = _attempt(lowerer, header, values, entry, frame, plan, recorded)
        if not _learn(lowerer, header, body, plan, values):
            return _emit(lowerer, header, values, entry, plan, body, recorded)
        lowerer.report.primitives = lowered
    raise LoweringError(f"the loop {header} does not settle on what it carries")


def _attempt(
    lowerer: Lowerer,
    header: str,
    values: tuple[Any, ...],
    entry: State,
    frame: Frame,
    plan: _Plan,
    recorded: Type | None,
) -> _Body:
    from mindferry.lowering.control import enter

    outer = lowerer.context
    inner = outer.inner("loop")
    inner.input("iteration", ir.DataType.INT64, [])
    inner.input("go", ir.DataType.BOOL, [])
    leaves = flatten(values)
    given = [
        _carried(inner, outer, leaf, plan.arguments[index]) if index in plan.arguments else leaf
        for index, leaf in enumerate(leaves)
    ]
    state = dict(entry)
    for name in plan.written:
        value = lowerer.settle(Variable(name), entry)
        state[name] = inner.input("state", value.dtype, value.shape)
    results = {kind: _payload_inputs(inner, plan, kind) for kind in plan.exits}
    if len(plan.exits) > 1:
        inner.input("exit", ir.DataType.INT64, [])
    arguments = rebuild(values, iter(given))
    lowerer.context = inner
    lowerer.loops[header] = Loop(arguments, results)
    try:
        result, changes = enter(lowerer, header, arguments, state, frame)
    finally:
        del lowerer.loops[header]
        lowerer.context = outer
    return _Body(inner, given, as_exit(result), changes)


def _carried(inner: Context, outer: Context, leaf: Any, shape: ir.Shape | None) -> ir.Value:
    return inner.input("carried", outer.value(leaf).dtype, shape)


def _payload_inputs(inner: Context, plan: _Plan, kind: str) -> Any:
    leaves = [
        inner.input("result", leaf.dtype, shape) if isinstance(leaf, ir.Value) else leaf
        for leaf, shape in zip(flatten(plan.payloads[kind]), plan.shapes[kind], strict=True)
    ]
    return rebuild(plan.payloads[kind], iter(leaves))


def _learn(lowerer: Lowerer, header: str, body: _Body, plan: _Plan, values: tuple[Any, ...]) -> bool:
    """Adds what the attempt showed to the plan; True where it showed anything new."""
    if header not in body.end.kinds:
        raise LoweringError(f"{header} never calls itself where its result is returned, so it is no loop")
    news = _learn_arguments(lowerer.context, body, plan, flatten(body.end.payloads[header]), flatten(values))
    written = tuple(sorted({*plan.written, *body.changes}))
    exits = tuple(kind for kind in body.end.kinds if kind != header)
    if not exits:
        raise LoweringError(f"the loop {header} never ends")
    news |= written != plan.written or exits != plan.exits
    plan.written, plan.exits = written, exits
    for kind in exits:
        payload = rebuild(
            body.end.payloads[kind], iter([_as_value(body.context, leaf) for leaf in flatten(body.end.payloads[kind])])
        )
        shapes = [leaf.shape if isinstance(leaf, ir.Value) else None for leaf in flatten(payload)]
        news |= kind not in plan.shapes
        plan.payloads[kind], plan.shapes[kind] = payload, [None if s is None else ir.Shape(s) for s in shapes]
    return news


def _learn_arguments(op: Context, body: _Body, plan: _Plan, following: Sequence[Any], initial: Sequence[Any]) -> bool:
    news = False
    for index, (first, given, after) in enumerate(zip(initial, body.given, following, strict=True)):
        if isinstance(first, dict) or same(given, after):
            continue
        if isinstance(first, Variable | Partial) or first is None or isinstance(first, str):
            raise LoweringError("a loop changes which function, parameter or option it uses, which ONNX cannot")
        shape = common_shape(op.value(first).shape, body.context.value(after).shape)
        if index not in plan.arguments:
            plan.arguments[index], news = shape, True
        elif (narrowed := common_shape(plan.arguments[index], shape)) != plan.arguments[index]:
            plan.arguments[index], news = narrowed, True
    return news


def _as_value(op: Context, leaf: Any) -> Any:
    return leaf if leaf is None or isinstance(leaf, Variable | Partial | dict | str) else op.value(leaf)


def _emit(
    lowerer: Lowerer,
    header: str,
    values: tuple[Any, ...],
    entry: State,
    plan: _Plan,
    body: _Body,
    recorded: Type | None,
) -> tuple[Any, State]:
    outer, inner, end = lowerer.context, body.context, body.end
    leaves, following = flatten(values), flatten(end.payloads[header])
    inner_outputs: list[Any] = [_goes_on(inner, end, header)]
    initial: list[Any] = []
    for index in sorted(plan.arguments):
        initial.append(outer.value(leaves[index]))
        inner_outputs.append(following[index])
    for name in plan.written:
        initial.append(lowerer.settle(Variable(name), entry))
        inner_outputs.append(body.changes[name])
    kept: dict[str, Any] = {}
    for kind in plan.exits:
        start = default(lowerer, kind, recorded, [end])
        for first, leaf in zip(flatten(start), flatten(end.payloads[kind]), strict=True):
            if isinstance(leaf, ir.Value | bool | int | float):
                initial.append(outer.value(first))
                inner_outputs.append(leaf)
        kept[kind] = plan.payloads[kind]
    if len(plan.exits) > 1:
        initial.append(outer.constant(0))
        inner_outputs.append(
            inner.Gather(inner.constant(np.array([_exit_index(plan, kind) for kind in end.kinds])), end.selector)
        )
    for leaf in inner_outputs:
        give_back(inner, leaf)
    made = outer.Loop(None, outer.constant(True), *initial, body=inner.graph, outputs=len(initial))
    made = made if isinstance(made, tuple) else (made,)
    for value, produced in zip(made, inner.graph.outputs[1:], strict=True):
        value.type, value.shape = produced.type, None if produced.shape is None else ir.Shape(produced.shape)
    return _results(plan, kept, list(made))


def _goes_on(inner: Context, end: Exit, header: str) -> Any:
    return inner.Equal(end.selector, end.kinds.index(header))


def _exit_index(plan: _Plan, kind: str) -> int:
    return plan.exits.index(kind) if kind in plan.exits else 0


def _results(plan: _Plan, kept: dict[str, Any], made: list[ir.Value]) -> tuple[Any, State]:
    rest = iter(made[len(plan.arguments) :])
    state = {name: next(rest) for name in plan.written}
    payloads = {
        kind: rebuild(payload, iter([next(rest) if isinstance(leaf, ir.Value) else leaf for leaf in flatten(payload)]))
        for kind, payload in kept.items()
    }
    if plan.exits == (RETURN,):
        return payloads[RETURN], state
    return Exit(plan.exits, next(rest) if len(plan.exits) > 1 else None, payloads), state
