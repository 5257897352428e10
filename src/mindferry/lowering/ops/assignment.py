"""The assignment problem, by shortest augmenting paths (Jonker and Volgenant), in nested Loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.lowering import dtypes
from mindferry.lowering.context import Context, static_shape
from mindferry.lowering.helpers import FLOATS, holding
from mindferry.lowering.registry import lowers
from mindferry.lowering.repeat import repeat, repeat_while

_INT64 = ir.DataType.INT64


def _put(op: Context, x: ir.Value, place: ir.Value, value: Any, places: ir.Value) -> ir.Value:
    """x with one element replaced."""
    return op.Where(op.Equal(places, place), value, x)


def _path(
    op: Context, cost: ir.Value, row: ir.Value, u: ir.Value, v: ir.Value, row_of: ir.Value, places: ir.Value
) -> tuple[ir.Value, ...]:
    """Where a shortest path from a row to a free column ends, its length, the distances, the rows before, the columns met."""
    far, size = op.constant(np.inf, cost.dtype), op.dim(cost, 0)
    start = [
        row,
        op.constant(0, cost.dtype),
        op.Expand(far, [size]),
        op.constant(np.full(size, -1)),
        op.constant(np.zeros(size, bool)),
        op.constant(-1),
    ]

    def step(
        inner: Context, turn: ir.Value, i: ir.Value, least: ir.Value, distance: ir.Value, before: ir.Value,
        met: ir.Value, sink: ir.Value,
    ) -> list[ir.Value]:  # fmt: skip
        reduced = inner.Sub(inner.Sub(inner.Add(inner.Gather(cost, i), least), inner.Gather(u, i)), v)
        nearer = inner.And(inner.Less(reduced, distance), inner.Not(met))
        distance, before = inner.Where(nearer, reduced, distance), inner.Where(nearer, i, before)
        open_ = inner.Where(met, far, distance)
        least = inner.ReduceMin(open_, keepdims=0)
        nearest = inner.And(inner.Equal(open_, least), inner.Not(met))
        free = inner.Less(row_of, 0)
        rank = inner.Add(*(inner.cast(one, ir.DataType.INT32) for one in (nearest, inner.And(nearest, free))))
        j = inner.ArgMax(rank, axis=0, keepdims=0)
        i = inner.Gather(row_of, j)
        found = inner.Less(i, 0)
        met = _put(inner, met, j, inner.constant(True), places)
        return [inner.Not(found), inner.Where(found, 0, i), least, distance, before, met, inner.Where(found, j, -1)]

    _, least, distance, before, met, sink = repeat_while(op, start, step, at_most=size)
    return sink, least, distance, before, met


def _assigned(op: Context, cost: ir.Value) -> ir.Value:
    """The column of every row of a square cost matrix with the least total cost."""
    size = op.dim(cost, 0)
    places = op.constant(np.arange(size))
    zeros, none = op.constant(np.zeros(size), cost.dtype), op.constant(np.full(size, -1))

    def step(
        inner: Context, row: ir.Value, u: ir.Value, v: ir.Value, column_of: ir.Value, row_of: ir.Value
    ) -> list[ir.Value]:
        sink, least, distance, before, met = _path(inner, cost, row, u, v, row_of, places)
        zero = inner.constant(0, cost.dtype)
        slack = inner.Where(met, inner.Sub(least, distance), zero)
        own = inner.Gather(slack, inner.Where(inner.Less(column_of, 0), 0, column_of))
        gain = inner.Where(inner.Less(column_of, 0), zero, own)
        u = inner.Add(u, inner.Where(inner.Equal(places, row), least, gain))
        v = inner.Sub(v, slack)

        def back(deep: Context, turn: ir.Value, j: ir.Value, column_of: ir.Value, row_of: ir.Value) -> list[ir.Value]:
            i = deep.Gather(before, j)
            following = deep.Gather(column_of, i)
            row_of = _put(deep, row_of, j, i, places)
            column_of = _put(deep, column_of, i, j, places)
            return [deep.Not(deep.Equal(i, row)), deep.Where(deep.Less(following, 0), 0, following), column_of, row_of]

        _, column_of, row_of = repeat_while(inner, [sink, column_of, row_of], back, at_most=size)
        return [u, v, column_of, row_of]

    return repeat(op, size, [zeros, zeros, none, none], step)[2]


@lowers("LinearSumAssignment")
def linear_sum_assignment(
    op: Context, cost_matrix: ir.Value, dimension_limit: Any, maximize: bool
) -> tuple[ir.Value, ir.Value]:
    """Rows, ascending, and their columns with the least (or greatest) total cost; -1 behind the last pair.

    Only the first dimension_limit columns take part. Among assignments of equal cost, MindSpore may choose another.
    """
    rows, columns = static_shape(cost_matrix)
    kind = holding(cost_matrix.dtype, FLOATS) if dtypes.is_float(cost_matrix.dtype) else ir.DataType.FLOAT
    cost = op.cast(cost_matrix, kind)
    cost = op.Neg(cost) if maximize else cost
    size, least = max(rows, columns), min(rows, columns)
    places = op.constant(np.arange(size))
    limit = op.Min(op.cast(dimension_limit, _INT64), op.constant(columns))
    real_column, real_row = op.Less(places, limit), op.constant((np.arange(size) < rows)[:, None])
    fewer_rows = op.Not(op.Less(limit, rows))
    padded = op.Pad(cost, [0, 0, size - rows, size - columns])
    far = op.constant(np.inf, kind)
    to_spare = op.Where(fewer_rows, far, op.constant(0, kind))
    of_spare = op.Where(fewer_rows, op.constant(0, kind), far)
    known = op.Where(real_column, padded, to_spare)
    spare = op.Where(real_column, of_spare, op.constant(0, kind))
    column_of = op.Slice(_assigned(op, op.Where(real_row, known, spare)), [0], [rows])
    used = op.Where(op.Less(column_of, limit), op.constant(np.arange(rows)), rows)
    first, _ = op.TopK(used, op.ints(least), largest=0, outputs=2)
    paired = op.Less(first, rows)
    return op.Where(paired, first, -1), op.Where(paired, op.Gather(column_of, op.Where(paired, first, 0)), -1)
