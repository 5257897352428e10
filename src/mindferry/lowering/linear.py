"""Finite algorithms of linear algebra as ONNX Loops, over batches of matrices (batch, rows, columns) of floats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.helpers import reduce
from mindferry.lowering.repeat import repeat


def count(op: Context, size: Any) -> ir.Value:
    """0, 1, ... up to a size that is known now or at run time."""
    return op.constant(np.arange(size)) if isinstance(size, int) else op.Range(0, size, 1)


def matrices(op: Context, x: ir.Value, trailing: int = 2) -> ir.Value:
    """x with all axes but the last `trailing` ones made one."""
    return op.Reshape(x, op.ints((-1, *(op.dim(x, axis) for axis in range(-trailing, 0)))))


def like_batch(op: Context, result: ir.Value, x: ir.Value, trailing: int = 2) -> ir.Value:
    """A result of `matrices(x)`, whose first axis is the batch, with x's batch axes again."""
    lead = [op.dim(x, axis) for axis in range(op.rank(x) - trailing)]
    rest = [op.dim(result, axis) for axis in range(1, op.rank(result))]
    return op.Reshape(result, op.ints((*lead, *rest))) if lead or rest else op.Squeeze(result, [0])


def distance(op: Context, rows: Any, columns: Any) -> ir.Value:
    """How far above the main diagonal each place of a matrix lies: its column less its row."""
    if isinstance(rows, int) and isinstance(columns, int):
        return op.constant(np.arange(columns) - np.arange(rows)[:, None])
    return op.Sub(count(op, columns), op.Unsqueeze(count(op, rows), [1]))


def identity(op: Context, rows: Any, columns: Any, dtype: ir.DataType | None) -> ir.Value:
    """The matrix of ones on the main diagonal, as a batch of one."""
    if isinstance(rows, int) and isinstance(columns, int):
        return op.constant(np.eye(rows, columns)[None], dtype)
    return op.Unsqueeze(op.cast(op.Equal(distance(op, rows, columns), 0), dtype or ir.DataType.FLOAT), [0])


def upper(op: Context, x: ir.Value, offset: int = 0) -> ir.Value:
    """x from a diagonal on, zeros below it."""
    place = distance(op, op.dim(x, -2), op.dim(x, -1))
    return op.Where(op.Less(place, offset), _number(op, 0, x), x)


def lower(op: Context, x: ir.Value, offset: int = 0) -> ir.Value:
    """x up to a diagonal, zeros above it."""
    place = distance(op, op.dim(x, -2), op.dim(x, -1))
    return op.Where(op.Less(offset, place), _number(op, 0, x), x)


def zeros(op: Context, x: ir.Value) -> ir.Value:
    """Zeros in x's shape."""
    return op.Expand(_number(op, 0, x), op.Shape(x))


def transposed(op: Context, x: ir.Value) -> ir.Value:
    """Rows and columns exchanged."""
    rank = op.rank(x)
    return op.Transpose(x, perm=[*range(rank - 2), rank - 1, rank - 2])


def diagonal(op: Context, x: ir.Value) -> ir.Value:
    """The main diagonals, (batch, length)."""
    size = least(op, op.dim(x, 1), op.dim(x, 2))
    places = op.Expand(op.Unsqueeze(count(op, size), [0, 2]), op.ints((op.dim(x, 0), size, 1)))
    return op.Squeeze(op.GatherElements(x, places, axis=2), [2])


def take_rows(op: Context, x: ir.Value, order: ir.Value) -> ir.Value:
    """Row order[b, i] of matrix b becomes row i."""
    every = op.Expand(op.Unsqueeze(order, [2]), op.ints((1, 1, op.dim(x, 2))))
    return op.GatherElements(x, every, axis=1)


def _number(op: Context, value: float, like: ir.Value) -> ir.Value:
    return op.constant(float(value), like.dtype)


@dataclass(frozen=True, slots=True)
class Factors:
    """a = P L U.

    Attributes:
        packed: L below the diagonal, U from the diagonal on.
        order: the row of a that each row became, (batch, rows).
        pivots: the row that each step exchanged its own with, (batch, steps).
        sign: the permutation's, 1 or -1, (batch).
    """

    packed: ir.Value
    order: ir.Value
    pivots: ir.Value
    sign: ir.Value


def lu(op: Context, a: ir.Value) -> Factors:
    """L and U by partial pivoting: the first entry of largest magnitude; a column without one stays as it is."""
    rows, columns = op.dim(a, 1), op.dim(a, 2)
    i, j = count(op, rows), count(op, columns)
    zero = _number(op, 0, a)

    def step(inner: Context, k: ir.Value, a: ir.Value, order: ir.Value, sign: ir.Value) -> list[ir.Value]:
        below, right = inner.Less(k, i), inner.Less(k, j)
        size = inner.Where(inner.Less(i, k), _number(inner, -1, a), inner.Abs(inner.Gather(a, k, axis=2)))
        pivot = inner.ArgMax(size, axis=1, keepdims=1)
        source = inner.Where(inner.Equal(i, k), pivot, inner.Where(inner.Equal(i, pivot), k, i))
        a, order = take_rows(inner, a, source), inner.GatherElements(order, source, axis=1)
        sign = inner.Where(inner.Equal(pivot, k), sign, inner.Neg(sign))
        row, column = inner.Gather(a, k, axis=1), inner.Gather(a, k, axis=2)
        head = inner.Unsqueeze(inner.Gather(row, k, axis=1), [1])
        used = inner.And(below, inner.Not(inner.Equal(head, zero)))
        factor = inner.Unsqueeze(inner.Where(used, inner.Div(column, head), zero), [2])
        rest = inner.Unsqueeze(inner.Where(right, row, zero), [1])
        stored = inner.And(inner.Unsqueeze(below, [1]), inner.Equal(j, k))
        a = inner.Where(stored, factor, inner.Sub(a, inner.Mul(factor, rest)))
        return [a, order, sign, inner.Squeeze(pivot, [1])]

    order = op.Expand(op.Unsqueeze(i, [0]), op.ints((op.dim(a, 0), 1)))
    sign = op.Expand(_number(op, 1, a), op.ints((op.dim(a, 0), 1)))
    packed, order, sign, pivots = repeat(op, least(op, rows, columns), [a, order, sign], step, stacked=1)
    return Factors(packed, order, op.Transpose(pivots, perm=[1, 0]), op.Squeeze(sign, [1]))


def least(op: Context, rows: Any, columns: Any) -> Any:
    """The smaller of two sizes, a Python integer where both are known."""
    if isinstance(rows, int) and isinstance(columns, int):
        return min(rows, columns)
    return op.Min(op.value(rows, ir.DataType.INT64), op.value(columns, ir.DataType.INT64))


def substitute(op: Context, a: ir.Value, b: ir.Value, *, lower: bool, unit: bool = False) -> ir.Value:
    """x of a x = b for a triangular a, of which only the triangle is looked at; unit: its diagonal counts as ones."""
    size = op.dim(a, 1)
    place = count(op, size)
    zero = _number(op, 0, a)

    def step(inner: Context, turn: ir.Value, x: ir.Value) -> list[ir.Value]:
        k = turn if lower else inner.Sub(inner.Sub(op.value(size, ir.DataType.INT64), 1), turn)
        row = inner.Gather(a, k, axis=1)
        known = inner.Where(inner.Less(place, k) if lower else inner.Less(k, place), row, zero)
        rest = inner.Sub(inner.Gather(b, k, axis=1), inner.Squeeze(inner.MatMul(inner.Unsqueeze(known, [1]), x), [1]))
        if not unit:
            rest = inner.Div(rest, inner.Unsqueeze(inner.Gather(row, k, axis=1), [1]))
        here = inner.Unsqueeze(inner.Equal(place, k), [1])
        return [inner.Where(here, inner.Unsqueeze(rest, [1]), x)]

    return repeat(op, size, [zeros(op, b)], step)[0]


def identities(op: Context, a: ir.Value) -> ir.Value:
    """The identity in the place of every matrix."""
    size = op.dim(a, 1)
    return op.Expand(identity(op, size, size, a.dtype), op.Shape(a))


def solve(op: Context, a: ir.Value, b: ir.Value) -> ir.Value:
    """x of a x = b."""
    factors = lu(op, a)
    y = substitute(op, factors.packed, take_rows(op, b, factors.order), lower=True, unit=True)
    return substitute(op, factors.packed, y, lower=False)


def inverse(op: Context, a: ir.Value) -> ir.Value:
    """The inverse of every matrix; infinities or NaN where there is none."""
    return solve(op, a, identities(op, a))


def cholesky(op: Context, a: ir.Value) -> ir.Value:
    """The lower triangular l of a = l transposed(l); only a's lower triangle is looked at, NaN where there is none."""
    place = count(op, op.dim(a, 1))

    def step(inner: Context, k: ir.Value, a: ir.Value) -> list[ir.Value]:
        column = inner.Gather(a, k, axis=2)
        head = inner.Sqrt(inner.Unsqueeze(inner.Gather(column, k, axis=1), [1]))
        column = inner.Where(inner.Less(place, k), _number(inner, 0, a), inner.Div(column, head))
        product = inner.Mul(inner.Unsqueeze(column, [2]), inner.Unsqueeze(column, [1]))
        return [inner.Sub(a, product), column]

    _, columns = repeat(op, op.dim(a, 1), [a], step, stacked=1)
    return op.Transpose(columns, perm=[1, 2, 0])


def householder(op: Context, a: ir.Value) -> tuple[ir.Value, ir.Value]:
    """LAPACK's geqrf: R from the diagonal on with the reflectors below it, and their factors tau."""
    rows, columns = op.dim(a, 1), op.dim(a, 2)
    i, j = count(op, rows), count(op, columns)
    zero, one = _number(op, 0, a), _number(op, 1, a)

    def step(inner: Context, k: ir.Value, a: ir.Value) -> list[ir.Value]:
        below = inner.Less(k, i)
        column = inner.Gather(a, k, axis=2)
        head = inner.Unsqueeze(inner.Gather(column, k, axis=1), [1])
        tail = inner.Where(below, column, zero)
        rest = reduce(inner, "ReduceSum", inner.Mul(tail, tail), [1], keep_dims=True)
        norm = inner.Sqrt(inner.Add(inner.Mul(head, head), rest))
        done = inner.Equal(rest, zero)
        beta = inner.Where(done, head, inner.Where(inner.Less(head, zero), norm, inner.Neg(norm)))
        tau = inner.Where(done, zero, inner.Div(inner.Sub(beta, head), inner.Where(done, one, beta)))
        tail = inner.Div(tail, inner.Where(done, one, inner.Sub(head, beta)))
        v = inner.Where(inner.Equal(i, k), one, tail)
        product = inner.Mul(tau, inner.Squeeze(inner.MatMul(inner.Unsqueeze(v, [1]), a), [1]))
        product = inner.Where(inner.Less(k, j), product, zero)
        reflected = inner.Sub(a, inner.Mul(inner.Unsqueeze(v, [2]), inner.Unsqueeze(product, [1])))
        kept = inner.Where(below, tail, inner.Where(inner.Equal(i, k), beta, column))
        return [inner.Where(inner.Equal(j, k), inner.Unsqueeze(kept, [2]), reflected), inner.Squeeze(tau, [1])]

    packed, taus = repeat(op, least(op, rows, columns), [a], step, stacked=1)
    return packed, op.Transpose(taus, perm=[1, 0])


def reflect(op: Context, packed: ir.Value, tau: ir.Value, x: ir.Value, *, forwards: bool = False) -> ir.Value:
    """Q x for geqrf's Q = H0 H1 ... (LAPACK's ormqr); forwards: transposed(Q) x."""
    place = count(op, op.dim(packed, 1))
    zero, one = _number(op, 0, x), _number(op, 1, x)
    turns = op.dim(tau, 1)

    def step(inner: Context, turn: ir.Value, x: ir.Value) -> list[ir.Value]:
        k = turn if forwards else inner.Sub(inner.Sub(op.value(turns, ir.DataType.INT64), 1), turn)
        tail = inner.Where(inner.Less(k, place), inner.Gather(packed, k, axis=2), zero)
        v = inner.Where(inner.Equal(place, k), one, tail)
        factor = inner.Unsqueeze(inner.Gather(tau, inner.Unsqueeze(k, [0]), axis=1), [2])
        product = inner.Mul(factor, inner.MatMul(inner.Unsqueeze(v, [1]), x))
        return [inner.Sub(x, inner.Mul(inner.Unsqueeze(v, [2]), product))]

    return repeat(op, turns, [x], step)[0]


def power(op: Context, x: ir.Value, exponent: int) -> ir.Value:
    """x times itself `exponent` times, at least once, by repeated squaring."""
    result: ir.Value | None = None
    while True:
        if exponent & 1:
            result = x if result is None else op.MatMul(result, x)
        exponent >>= 1
        if not exponent:
            assert result is not None
            return result
        x = op.MatMul(x, x)


def squared(op: Context, x: ir.Value, times: ir.Value) -> ir.Value:
    """x multiplied by itself, the result again by itself, and so on, a number of times that is known at run time."""
    return repeat(op, times, [x], lambda inner, turn, x: [inner.MatMul(x, x)])[0]


def exchanged(op: Context, pivots: ir.Value, rows: Any) -> ir.Value:
    """The row that each row becomes, (batch, rows), where step k exchanges row k with pivots[b, k], counted from 1."""
    place = count(op, rows)
    start = op.Expand(op.Unsqueeze(place, [0]), op.ints((op.dim(pivots, 0), 1)))
    steps = op.Sub(op.cast(pivots, ir.DataType.INT64), 1)

    def step(inner: Context, k: ir.Value, order: ir.Value) -> list[ir.Value]:
        other = inner.Gather(steps, inner.Unsqueeze(k, [0]), axis=1)
        source = inner.Where(inner.Equal(place, k), other, inner.Where(inner.Equal(place, other), k, place))
        return [inner.GatherElements(order, source, axis=1)]

    return repeat(op, op.dim(pivots, 1), [start], step)[0]
