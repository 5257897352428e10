"""ONNX Loops that lowerings write themselves: recurrences, eliminations and iterations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.branches import give_back
from mindferry.lowering.context import Context

Body = Callable[..., Sequence[Any]]


def repeat(op: Context, turns: Any, carried: Sequence[Any], body: Body, *, stacked: int = 0) -> tuple[ir.Value, ...]:
    """The carried values after some turns of the body, then what the body gave in each turn.

    Args:
        turns: how often, a Python integer or a 0-d int64 value.
        carried: what the first turn gets; their element types and shapes do not change.
        body: called once with (inner builder, 0-d int64 turn, *carried); returns the new carried values, then `stacked`
            values that become stacked along a new first axis.
    """
    inner, turn, given = _enter(op, carried)
    results = list(body(inner, turn, *given))
    if len(results) != len(given) + stacked:
        raise LoweringError(f"a loop body gives {len(results)} values instead of {len(given) + stacked}")
    return _close(op, inner, op.value(turns, ir.DataType.INT64), carried, [inner.graph.inputs[1], *results], turns)


def repeat_while(op: Context, carried: Sequence[Any], body: Body, *, at_most: int) -> tuple[ir.Value, ...]:
    """The carried values after the turn in which the body says stop, or after `at_most` turns.

    The body is called once with (inner builder, 0-d int64 turn, *carried) and returns whether to go on, then the new
    carried values.
    """
    inner, turn, given = _enter(op, carried)
    results = list(body(inner, turn, *given))
    return _close(op, inner, op.constant(at_most), carried, results, None)


def _enter(op: Context, carried: Sequence[Any]) -> tuple[Context, ir.Value, list[ir.Value]]:
    inner = op.inner("loop")
    turn = inner.input("turn", ir.DataType.INT64, [])
    inner.input("go", ir.DataType.BOOL, [])
    return inner, turn, [_carried(inner, op.value(item)) for item in carried]


def _carried(inner: Context, value: ir.Value) -> ir.Value:
    if value.dtype is None:
        raise LoweringError("a loop carries a value of unknown element type")
    entry = inner.input("carried", value.dtype, None)
    entry.shape = None if value.shape is None else ir.Shape(value.shape)
    return entry


def _close(
    op: Context, inner: Context, turns: ir.Value, carried: Sequence[Any], results: list[Any], length: Any
) -> tuple[ir.Value, ...]:
    for result in results:
        give_back(inner, result)
    outputs = list(inner.graph.outputs)[1:]
    go_on = None if carried else True
    made = op.Loop(turns, go_on, *(op.value(item) for item in carried), body=inner.graph, outputs=len(outputs))
    made = made if isinstance(made, tuple) else (made,)
    for index, (value, output) in enumerate(zip(made, outputs, strict=True)):
        shape = output.shape
        if index < len(carried):
            entry = inner.graph.inputs[2 + index]
            if output.dtype != entry.dtype:
                raise LoweringError(f"a loop carries {entry.dtype} in and {output.dtype} out")
            shape = entry.shape
        elif shape is not None:
            shape = ir.Shape([length if isinstance(length, int) else None, *shape])
        value.type, value.shape = output.type, None if shape is None else ir.Shape(shape)
    return made
