"""A call of one of two functions, decided at run time, becomes an ONNX If."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.graph import ScalarType, SequenceType, TensorType, Type
from mindferry.lowering import dtypes
from mindferry.lowering.context import Context, flatten
from mindferry.lowering.frame import RETURN, Choice, Exit, Frame, State, Variable

if TYPE_CHECKING:
    from mindferry.lowering.lower import Lowerer


def branch(
    lowerer: Lowerer, choice: Choice, arguments: tuple[Any, ...], frame: Frame, recorded: Type | None
) -> tuple[Any, State]:
    """The result of calling either side, or the Exit by which the sides ended, and what they wrote."""
    from mindferry.lowering.control import call

    outer = lowerer.context
    contexts, exits, changes = [], [], []
    for name, callee in (("then", choice.then), ("else", choice.otherwise)):
        lowerer.context = outer.inner(name)
        try:
            result, changed = call(lowerer, callee, arguments, frame, recorded)
        finally:
            inner, lowerer.context = lowerer.context, outer
        contexts.append(inner)
        exits.append(as_exit(result))
        changes.append(changed)
    kinds = tuple(sorted({kind for one in exits for kind in one.kinds}))
    written = sorted({name for changed in changes for name in changed})
    filled = [_fill(lowerer, one, kinds, exits, recorded) for one in exits]
    leaves = []
    for inner, one, payload, changed in zip(contexts, exits, filled, changes, strict=True):
        selectors = [_selector(inner, one, kinds)] if len(kinds) > 1 else []
        states = [changed.get(name) or lowerer.settle(Variable(name), frame.latest) for name in written]
        leaves.append([*selectors, *flatten(tuple(payload[kind] for kind in kinds)), *states])
    if len(leaves[0]) != len(leaves[1]):
        raise LoweringError(f"its branches return {len(leaves[0])} and {len(leaves[1])} values")
    merged = iter(_merge(outer, choice.condition, contexts, leaves))
    selector = next(merged) if len(kinds) > 1 else None
    payloads = {kind: rebuild(filled[0][kind], merged) for kind in kinds}
    state = {name: next(merged) for name in written}
    return (payloads[RETURN] if kinds == (RETURN,) else Exit(kinds, selector, payloads)), state


def as_exit(result: Any) -> Exit:
    """The result as an Exit; a plain value is the exit that returns it."""
    return result if isinstance(result, Exit) else Exit((RETURN,), None, {RETURN: result})


def _selector(inner: Context, one: Exit, kinds: tuple[str, ...]) -> Any:
    if one.selector is None:
        return kinds.index(one.kinds[0])
    table = np.array([kinds.index(kind) for kind in one.kinds])
    return inner.Gather(inner.constant(table), one.selector)


def _fill(
    lowerer: Lowerer, one: Exit, kinds: tuple[str, ...], exits: Sequence[Exit], recorded: Type | None
) -> dict[str, Any]:
    return {
        kind: one.payloads[kind] if kind in one.payloads else default(lowerer, kind, recorded, exits) for kind in kinds
    }


def default(lowerer: Lowerer, kind: str, recorded: Type | None, exits: Sequence[Exit] = ()) -> Any:
    """A payload that stands where a side does not end in this way; it is never looked at."""
    if kind != RETURN:
        return lowerer.loops[kind].arguments
    for active in reversed(lowerer.loops.values()):
        if RETURN in active.results:
            return active.results[RETURN]
    sample = next((one.payloads[RETURN] for one in exits if RETURN in one.payloads), None)
    return _zeros(lowerer.context, recorded, sample)


def _zeros(op: Context, recorded: Type | None, sample: Any) -> Any:
    if isinstance(recorded, SequenceType) and recorded.items is not None:
        samples = sample if isinstance(sample, tuple) else (None,) * len(recorded.items)
        return tuple(_zeros(op, kind, one) for kind, one in zip(recorded.items, samples, strict=True))
    if isinstance(recorded, ScalarType):
        recorded = TensorType(recorded.dtype, ())
    if not isinstance(recorded, TensorType):
        raise LoweringError(f"returns a {recorded}, which a loop cannot carry")
    shape = [size if isinstance(size, int) else 0 for size in recorded.shape or ()]
    return op.constant(np.zeros(shape), dtypes.TO_ONNX[recorded.dtype])


def _merge(op: Context, condition: ir.Value, sides: Sequence[Context], leaves: Sequence[list[Any]]) -> list[Any]:
    """The leaves of both sides, through one If where they differ."""
    slots = [index for index, pair in enumerate(zip(*leaves, strict=True)) if not same(*pair)]
    for inner, side in zip(sides, leaves, strict=True):
        for index in slots:
            give_back(inner, side[index])
    results = list(leaves[0])
    if slots:
        for index, value in zip(slots, _if(op, condition, *sides), strict=True):
            results[index] = value
    return results


def same(left: Any, right: Any) -> bool:
    """True where two leaves are the same value or equal Python values; states are compared by what was written, elsewhere."""
    if isinstance(left, dict) and isinstance(right, dict):
        return True
    if isinstance(left, ir.Value) or isinstance(right, ir.Value):
        return left is right
    return type(left) is type(right) and bool(left == right)


def give_back(inner: Context, leaf: Any) -> None:
    """Makes the leaf an output of a sub-graph; values from outside go through an Identity."""
    value = inner.value(leaf)
    producer = value.producer()
    if producer is None or producer.graph is not inner.graph or value in inner.graph.outputs:
        value = inner.Identity(value)
    inner.graph.outputs.append(value)


def _if(op: Context, condition: ir.Value, then: Context, otherwise: Context) -> tuple[ir.Value, ...]:
    if condition.shape is None or len(condition.shape):
        condition = op.Reshape(condition, op.constant(np.array([], np.int64)))
    condition = op.cast(condition, ir.DataType.BOOL)
    pairs = list(zip(then.graph.outputs, otherwise.graph.outputs, strict=True))
    values = op.If(condition, then_branch=then.graph, else_branch=otherwise.graph, outputs=len(pairs))
    values = values if isinstance(values, tuple) else (values,)
    for value, (left, right) in zip(values, pairs, strict=True):
        if left.dtype != right.dtype:
            raise LoweringError(f"its branches return {left.dtype} and {right.dtype}")
        value.type = left.type
        value.shape = common_shape(left.shape, right.shape)
    return values


def common_shape(left: ir.Shape | None, right: ir.Shape | None) -> ir.Shape | None:
    """The dimensions that two shapes agree on; None where even their ranks differ."""
    if left is None or right is None or len(left) != len(right):
        return None
    return ir.Shape([a if isinstance(a, int) and a == b else None for a, b in zip(left, right, strict=True)])


def rebuild(structure: Any, leaves: Iterator[Any]) -> Any:
    """Nested tuples like the structure, with new leaves."""
    return tuple(rebuild(item, leaves) for item in structure) if isinstance(structure, tuple) else next(leaves)
