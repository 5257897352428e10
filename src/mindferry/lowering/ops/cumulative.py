"""Running sums, products, extremes and logarithms of sums along an axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.lowering import dtypes
from mindferry.lowering.axes import axis_of
from mindferry.lowering.context import Context
from mindferry.lowering.helpers import FLOATS, computed_in
from mindferry.lowering.layouts import one_axis
from mindferry.lowering.ops.power import log_of_one_plus
from mindferry.lowering.ops.reduce import typed
from mindferry.lowering.registry import lowers
from mindferry.lowering.repeat import repeat

INT32, INT64 = ir.DataType.INT32, ir.DataType.INT64
Step = Callable[..., tuple[Sequence[ir.Value], Sequence[ir.Value]]]


@lowers("CumSum")
def cum_sum(op: Context, input: ir.Value, axis: Any, exclusive: bool = False, reverse: bool = False) -> ir.Value:
    """The sums up to each element; exclusive leaves the element out, reverse sums from the end."""
    place = axis_of(op, axis, op.rank(input))
    where = op.constant(place) if isinstance(place, int) else op.Reshape(op.cast(place, INT64), [])

    def run(x: ir.Value) -> ir.Value:
        return op.CumSum(x, where, exclusive=int(exclusive), reverse=int(reverse))

    if dtypes.is_float(input.dtype):
        return run(input)
    return computed_in(op, [INT32, INT64], run, input)


@lowers("CumsumExt")
def cumsum_ext(op: Context, input: ir.Value, dim: int, dtype: Any = None) -> ir.Value:
    """The sums up to each element along dim, computed in dtype."""
    return cum_sum(op, typed(op, input, dtype), dim)


def scanned(
    op: Context, x: ir.Value, axis: int, initial: Sequence[ir.Value], step: Step, reverse: bool
) -> tuple[ir.Value, ...]:
    """Goes along an axis and stacks what each step gives.

    Args:
        initial: what the first step gets, each without the axis.
        step: called with (builder, position, the elements there, *carried); returns the new carried values and what to
            stack.
    """
    size = op.dim(x, axis)
    last = op.Sub(op.value(size, INT64), op.constant(1))

    def body(inner: Context, turn: ir.Value, *carried: ir.Value) -> list[ir.Value]:
        position = inner.Sub(last, turn) if reverse else turn
        carried_on, stacked = step(inner, position, inner.Gather(x, position, axis=axis), *carried)
        return [*carried_on, *stacked]

    count = len(initial)
    results = repeat(op, size, initial, body, stacked=len(initial))[count:]
    rank = op.rank(x)
    back = [*range(1, axis + 1), 0, *range(axis + 1, rank)]
    return tuple(op.Transpose(_flipped(op, one) if reverse else one, perm=back) for one in results)


def _flipped(op: Context, x: ir.Value) -> ir.Value:
    return op.Slice(x, [-1], [np.iinfo(np.int64).min], [0], [-1])


def start(op: Context, x: ir.Value, axis: int, value: Any, dtype: ir.DataType | None = None) -> ir.Value:
    """A constant for every place across the axis."""
    sizes = [size for index, size in enumerate(op.shape(x)) if index != axis]
    return op.Expand(op.cast(value, dtype or x.dtype), op.ints(sizes))


@lowers("CumProd")
def cum_prod(op: Context, x: ir.Value, axis: Any, exclusive: bool = False, reverse: bool = False) -> ir.Value:
    """The products up to each element; exclusive leaves the element out, reverse multiplies from the end."""
    axis = one_axis(op, axis, op.rank(x))

    def step(inner: Context, _: ir.Value, item: ir.Value, so_far: ir.Value) -> tuple[list[ir.Value], list[ir.Value]]:
        product = inner.Mul(so_far, item)
        return [product], [so_far if exclusive else product]

    return scanned(op, x, axis, [start(op, x, axis, 1)], step, reverse)[0]


def running_extreme(op: Context, comparison: str, x: ir.Value, axis: Any) -> tuple[ir.Value, ir.Value]:
    """The extremes up to each element and where they are, of equal ones the last; NaN stays once it is met."""
    axis = one_axis(op, axis, op.rank(x))

    def step(
        inner: Context, position: ir.Value, item: ir.Value, best: ir.Value, where: ir.Value
    ) -> tuple[list[ir.Value], list[ir.Value]]:
        better = getattr(inner, comparison)(item, best)
        if dtypes.is_float(x.dtype):
            better = inner.Or(better, inner.Not(inner.Equal(item, item)))
        better = inner.Or(better, inner.Equal(position, inner.constant(0)))
        kept = [inner.Where(better, item, best), inner.Where(better, position, where)]
        return kept, kept

    initial = [start(op, x, axis, 0), start(op, x, axis, 0, INT64)]
    values, indices = scanned(op, x, axis, initial, step, False)
    return values, op.cast(indices, op.dtype_of_result(1, INT64))


@lowers("Cummax", "CummaxExt")
def cummax(op: Context, input: ir.Value, axis: Any) -> tuple[ir.Value, ir.Value]:
    """The largest elements up to each element along an axis, and where they are."""
    return running_extreme(op, "GreaterOrEqual", input, axis)


@lowers("Cummin", "CumminExt")
def cummin(op: Context, input: ir.Value, axis: Any) -> tuple[ir.Value, ir.Value]:
    """The smallest elements up to each element along an axis, and where they are."""
    return running_extreme(op, "LessOrEqual", input, axis)


@lowers("CumulativeLogsumexp", "LogCumsumexp")
def cumulative_logsumexp(
    op: Context, x: ir.Value, axis: Any, exclusive: bool = False, reverse: bool = False
) -> ir.Value:
    """log(sum(exp(x))) of the elements up to each one; the smallest finite number where there is none."""
    axis = one_axis(op, axis, op.rank(x))

    def step(inner: Context, _: ir.Value, item: ir.Value, so_far: ir.Value) -> tuple[list[ir.Value], list[ir.Value]]:
        larger = inner.Max(item, so_far)
        gap = inner.Sub(inner.Min(item, so_far), larger)
        together = inner.Add(larger, log_of_one_plus(inner, inner.Exp(gap)))
        return [together], [so_far if exclusive else together]

    def run(x: ir.Value) -> ir.Value:
        lowest = float(np.finfo(x.dtype.numpy()).min)  # type: ignore[union-attr]
        return scanned(op, x, axis, [start(op, x, axis, lowest)], step, reverse)[0]

    return computed_in(op, FLOATS, run, x)
