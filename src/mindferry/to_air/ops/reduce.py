"""Reductions. ONNX gives the axes as an attribute or, from opset 13 or 18 on, as an input; none means all."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from mindferry.errors import LoweringError
from mindferry.to_air.builder import Builder
from mindferry.to_air.ops.elementwise import convert
from mindferry.to_air.registry import to_ge
from mindferry.to_air.values import Value
from mindferry.types import DType

Step: TypeAlias = Callable[[Builder, Value], Value]


def _same(op: Builder, x: Value) -> Value:
    return x


_REDUCTIONS: dict[str, tuple[Step, str, Step]] = {
    "ReduceL1": (lambda op, x: op.Abs(x), "ReduceSum", _same),
    "ReduceL2": (lambda op, x: op.Square(x), "ReduceSum", lambda op, x: op.Sqrt(x)),
    "ReduceLogSum": (_same, "ReduceSum", lambda op, x: op.Log(x)),
    "ReduceLogSumExp": (_same, "ReduceLogSumExp", _same),
    "ReduceMax": (_same, "ReduceMax", _same),
    "ReduceMean": (_same, "ReduceMean", _same),
    "ReduceMin": (_same, "ReduceMin", _same),
    "ReduceProd": (_same, "ReduceProd", _same),
    "ReduceSum": (_same, "ReduceSum", _same),
    "ReduceSumSquare": (lambda op, x: op.Square(x), "ReduceSum", _same),
}
"""ONNX operator -> what comes before, the GE reduction, what comes after."""

_OF_BOOL = {"ReduceMax": "ReduceAny", "ReduceMin": "ReduceAll"}


def _register() -> None:
    for operator, (before, name, after) in _REDUCTIONS.items():

        def function(
            op: Builder, x: Value, axes_input: Value | None = None, *, axes: list[int] | None = None, keepdims: int = 1,
            noop_with_empty_axes: int = 0, _before: Step = before, _name: str = name, _after: Step = after,
        ) -> Value:  # fmt: skip
            wanted = axes if axes_input is None else axes_input.ints("axes")
            if not wanted and noop_with_empty_axes:
                return _after(op, _before(op, x))
            return _after(op, _reduce(op, _name, _before(op, x), wanted, bool(keepdims)))

        to_ge(operator)(function)


def _reduce(op: Builder, name: str, x: Value, axes: list[int] | None, keep: bool) -> Value:
    axes = [axis % x.rank for axis in axes] if axes else list(range(x.rank))
    sizes = list(enumerate(x.known_shape))
    shape = [1 if axis in axes else size for axis, size in sizes if keep or axis not in axes]
    if x.dtype is DType.BOOL:
        if name not in _OF_BOOL:
            raise LoweringError("of bool has no GE form")
        name = _OF_BOOL[name]
    result: Value = op.call(name, x, axes, keep_dims=keep, shape=shape)
    return result


_register()


@to_ge("ArgMax")
def arg_max(op: Builder, x: Value, *, axis: int = 0, keepdims: int = 1, select_last_index: int = 0) -> Value:
    return _arg(op, "ArgMaxV2", x, axis, bool(keepdims), bool(select_last_index))


@to_ge("ArgMin")
def arg_min(op: Builder, x: Value, *, axis: int = 0, keepdims: int = 1, select_last_index: int = 0) -> Value:
    return _arg(op, "ArgMin", x, axis, bool(keepdims), bool(select_last_index))


def _arg(op: Builder, name: str, x: Value, axis: int, keep: bool, last: bool) -> Value:
    """The index as int64, which ONNX gives."""
    if last:
        raise LoweringError("with select_last_index has no GE form")
    axis %= x.rank
    shape = x.known_shape[:axis] + x.known_shape[axis + 1 :]
    found: Value = op.call(name, x, axis, dtype=DType.INT64, gives=DType.INT64, shape=shape)
    return op.ExpandDims(found, axis, shape=(*shape[:axis], 1, *shape[axis:])) if keep else found


@to_ge("CumSum")
def cumsum(op: Builder, x: Value, axis: Value, *, exclusive: int = 0, reverse: int = 0) -> Value:
    axes = axis.ints("axis")
    return op.Cumsum(x, axes[0] % x.rank, exclusive=bool(exclusive), reverse=bool(reverse), shape=x.shape)


@to_ge("TopK")
def top_k(
    op: Builder, x: Value, k: Value, *, axis: int = -1, largest: int = 1, sorted: int = 1
) -> tuple[Value, Value]:  # fmt: skip
    """GE counts in int32, ONNX in int64."""
    axis = axis % x.rank - x.rank
    count = k.array()
    number = (
        int(count.reshape(-1)[0]) if count is not None else convert(op, op.Squeeze(k, axis=[0], shape=()), DType.INT32)
    )
    shape = next(result.shape for result in op.results if result is not None)
    values, indices = op.TopK(x, number, sorted=bool(sorted), largest=bool(largest), dim=axis, shape=shape)
    indices.dtype = DType.INT32
    return values, convert(op, indices, DType.INT64)
