"""Diagonals, bands and traces, mostly by looking elements up in tables that are known at conversion time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.graph import TensorType
from mindferry.lowering import dtypes, layouts
from mindferry.lowering.bands import Band
from mindferry.lowering.branches import give_back
from mindferry.lowering.context import Context, StaticSizes, static_shape
from mindferry.lowering.helpers import reduce
from mindferry.lowering.layouts import by_parts, one_axis
from mindferry.lowering.linear import count, diagonal, distance
from mindferry.lowering.registry import lowers

_INT64 = ir.DataType.INT64


def diagonal_offsets(op: Context, k: Any) -> tuple[int, int]:
    """The lowest and the highest diagonal of an argument k: one number, or both."""
    given = op.integers(k, "k")
    if len(given) not in (1, 2) or given[0] > given[-1]:
        raise LoweringError(f"k {given} is neither a diagonal nor a range of them")
    return given[0], given[-1]


def _looked_up(op: Context, flat: ir.Value, other: ir.Value | None, table: Any) -> ir.Value:
    """flat[..., table]; the entries behind flat's last are those of the other, whose batch axes are flat's or none."""
    if other is not None:
        batch = [op.dim(flat, axis) for axis in range(op.rank(flat) - 1)]
        flat = op.Concat(flat, op.Expand(other, op.ints((*batch, op.dim(other, -1)))), axis=-1)
    return op.Gather(flat, table, axis=-1)


def _flat(op: Context, x: ir.Value, trailing: int) -> ir.Value:
    """x with its last axes made one."""
    return op.Reshape(x, op.ints((*(op.dim(x, axis) for axis in range(op.rank(x) - trailing)), -1)))


@lowers("MatrixDiagV3")
@by_parts
def matrix_diag_v3(
    op: Context, x: ir.Value, k: Any, num_rows: Any, num_cols: Any, padding_value: Any, *, align: str = "RIGHT_LEFT",
    max_length: int = 0,
) -> ir.Value:  # fmt: skip
    """Matrices with the diagonals k (or k[0] to k[1]) given and the padding value elsewhere."""
    low, high = diagonal_offsets(op, k)
    lines, longest = high - low + 1, op.dim(x, -1)
    sizes = _size(op, longest, low, high, op.integers(num_rows)[0], op.integers(num_cols)[0])
    table = Band(*sizes, low, high, align).in_matrix(op, longest, layouts.count(op, "Mul", lines, longest))
    return _looked_up(
        op, _flat(op, x, min(lines, 2)), op.Reshape(op.cast(padding_value, x.dtype or _INT64), [1]), table
    )


def _size(op: Context, longest: Any, low: int, high: int, rows: int, columns: int) -> tuple[Any, Any]:
    """The size of the matrices; -1 asks for the least one, and for a square one where both are -1."""
    below, above = max(-high, 0), max(low, 0)
    if rows == columns == -1:
        below = above = max(below, above)
    least_rows, least_columns = layouts.count(op, "Add", longest, below), layouts.count(op, "Add", longest, above)
    return least_rows if rows == -1 else rows, least_columns if columns == -1 else columns


@lowers("MatrixDiagPartV3")
@by_parts
def matrix_diag_part_v3(
    op: Context, x: ir.Value, k: Any, padding_value: Any, *, align: str = "RIGHT_LEFT", max_length: int = 0
) -> ir.Value:
    """The diagonals k (or k[0] to k[1]) of matrices, as lines from the highest down, padded to one length."""
    low, high = diagonal_offsets(op, k)
    table = Band(op.dim(x, -2), op.dim(x, -1), low, high, align).in_lines(op)
    if low == high:
        table = op.Squeeze(table, [0]) if isinstance(table, ir.Value) else table[0]
    return _looked_up(op, _flat(op, x, 2), op.Reshape(op.cast(padding_value, x.dtype or _INT64), [1]), table)


@lowers("MatrixSetDiagV3")
@by_parts
def matrix_set_diag_v3(
    op: Context, x: ir.Value, lines: ir.Value, k: Any, *, align: str = "RIGHT_LEFT", max_length: int = 0
) -> ir.Value:
    """x with the diagonals k (or k[0] to k[1]) replaced."""
    low, high = diagonal_offsets(op, k)
    rows, columns = op.dim(x, -2), op.dim(x, -1)
    flat = _flat(op, lines, 1 if op.rank(lines) < op.rank(x) else 2)
    own = _own_places(op, rows, columns, op.dim(flat, -1))
    table = Band(rows, columns, low, high, align).in_matrix(op, op.dim(lines, -1), own)
    return _looked_up(op, flat, _flat(op, x, 2), table)


def _own_places(op: Context, rows: Any, columns: Any, first: Any) -> Any:
    """Matrices of the numbers from `first` on, row by row."""
    if isinstance(rows, int) and isinstance(columns, int) and isinstance(first, int):
        return np.arange(first, first + rows * columns).reshape(rows, columns)
    numbers = op.Range(first, op.Add(layouts.count(op, "Mul", rows, columns), first), 1)
    return op.Reshape(numbers, op.ints((rows, columns)))


@lowers("Diag")
@by_parts
def diag(op: Context, input: ir.Value) -> ir.Value:
    """A tensor of twice the rank with the input on its diagonal and zeros elsewhere."""
    shape = op.shape(input)
    size = math.prod(shape) if all(isinstance(one, int) for one in shape) else op.Size(input)
    on = op.Equal(distance(op, size, size), 0)
    return op.Reshape(op.Where(on, op.Reshape(input, [-1]), op.constant(0, input.dtype)), op.ints((*shape, *shape)))


@lowers("DiagPart")
@by_parts
def diag_part(op: Context, input: ir.Value) -> ir.Value:
    """The diagonal of a tensor whose shape is one shape twice."""
    half = op.shape(input)[: op.rank(input) // 2]
    static = all(isinstance(one, int) for one in half)
    size = math.prod(half) if static else op.ReduceProd(op.ints(half), keepdims=0)
    matrix = op.Reshape(input, op.ints((1, size, -1)))
    return op.Reshape(diagonal(op, matrix), op.ints(half))


@lowers("DiagExt")
@by_parts
def diag_ext(op: Context, input: ir.Value, diagonal: int = 0) -> ir.Value:
    """A matrix with the input on a diagonal, or that diagonal of a matrix."""
    shape = static_shape(input)
    if len(shape) == 2:
        return op.Gather(op.Reshape(input, [-1]), np.diag(np.arange(shape[0] * shape[1]).reshape(shape), diagonal))
    table = np.diag(np.arange(shape[0]) + 1, diagonal) - 1
    table[table < 0] = shape[0]
    return _looked_up(op, input, op.constant(np.zeros(1), input.dtype), table)


@lowers("MatrixDiag")
def matrix_diag(op: Context, x: ir.Value, assist: ir.Value) -> ir.Value:
    """x, as a row for each of its entries, times the assisting identity."""
    return op.Mul(op.Unsqueeze(x, [-2]), assist)


@lowers("MatrixDiagPart")
def matrix_diag_part(op: Context, x: ir.Value, assist: ir.Value) -> ir.Value:
    """The sums of the rows of x times the assisting identity."""
    size = min(StaticSizes(x)[-2:])
    sums = reduce(op, "ReduceSum", op.Mul(x, assist), [op.rank(x) - 1])
    return op.Slice(sums, [0], [size], [-1])


@lowers("MatrixSetDiag")
def matrix_set_diag(op: Context, x: ir.Value, diagonal: ir.Value, assist: ir.Value) -> ir.Value:
    """x with the diagonal where the assisting identity is not zero."""
    rows, columns = StaticSizes(x)[-2:]
    line = op.Unsqueeze(diagonal, [-2] if columns <= rows else [-1])
    return op.Where(op.cast(assist, ir.DataType.BOOL), line, x)


@lowers("MatrixBandPart")
@by_parts
def matrix_band_part(op: Context, x: ir.Value, lower: Any, upper: Any) -> ir.Value:
    """x within `lower` diagonals below and `upper` above the main one, zeros elsewhere; a negative number keeps all."""
    above = distance(op, op.dim(x, -2), op.dim(x, -1))

    def within(place: ir.Value, limit: Any) -> ir.Value:
        limit = op.cast(limit, _INT64)
        return op.Or(op.Less(limit, 0), op.Not(op.Less(limit, place)))

    inside = op.And(within(op.Neg(above), lower), within(above, upper))
    return op.Where(inside, x, op.constant(0, x.dtype))


@lowers("FillDiagonal")
def fill_diagonal(op: Context, input_x: ir.Value, *, fill_value: float, wrap: bool = False) -> ir.Value:
    """input_x with a value on its diagonal, which wrap continues behind the last column of a tall matrix."""
    if op.rank(input_x) == 2:
        return op.Where(_on_diagonal(op, input_x, wrap), op.constant(fill_value, input_x.dtype), input_x)
    shape = static_shape(input_x)
    mask = np.zeros(shape, dtype=bool)
    step = sum(int(np.prod(shape[axis + 1 :])) for axis in range(len(shape)))
    mask.reshape(-1)[: min(shape) * step : step] = True
    return op.Where(op.constant(mask), op.constant(fill_value, input_x.dtype), input_x)


def _on_diagonal(op: Context, x: ir.Value, wrap: bool) -> ir.Value:
    """True on the diagonal of a matrix."""
    rows, columns = op.dim(x, 0), op.dim(x, 1)
    if not wrap:
        return op.Equal(distance(op, rows, columns), 0)
    place = op.Add(op.Mul(op.Unsqueeze(count(op, rows), [1]), columns), count(op, columns))
    return op.Equal(op.Mod(place, op.Add(op.value(columns, _INT64), 1)), 0)


def _sum(op: Context, x: ir.Value, target: ir.DataType | None) -> ir.Value:
    """The sum along the last two axes; integers wrap around in the target type."""
    wide = ir.DataType.DOUBLE if x.dtype == ir.DataType.DOUBLE else ir.DataType.FLOAT
    total = reduce(
        op, "ReduceSum", op.cast(x, wide if dtypes.is_float(x.dtype) else _INT64), [op.rank(x) - 2, op.rank(x) - 1]
    )
    return op.cast(total, target or total.dtype or wide)


@lowers("Trace", "TraceExt")
@by_parts
def trace(op: Context, input: ir.Value) -> ir.Value:
    """The sum of a matrix's diagonal."""
    return trace_v2(op, input, 0, 0, 1)


@lowers("TraceV2")
@by_parts
def trace_v2(
    op: Context, input: ir.Value, offset: Any = 0, axis1: Any = 1, axis2: Any = 0, dtype: Any = None
) -> ir.Value:
    """The sum of a diagonal of two axes; a positive offset lies above, a negative one below."""
    rank, (above,) = op.rank(input), op.integers(offset, "the offset")
    first, second = one_axis(op, axis1, rank), one_axis(op, axis2, rank)
    rest = [axis for axis in range(rank) if axis not in (first, second)]
    matrix = op.Transpose(input, perm=[*rest, first, second])
    on = op.Equal(distance(op, op.dim(matrix, -2), op.dim(matrix, -1)), above)
    entries = op.Where(on, matrix, op.constant(0, input.dtype))
    recorded = op.node.type
    target = (
        dtypes.TO_ONNX[recorded.dtype] if isinstance(recorded, TensorType) and not recorded.dtype.is_complex else None
    )
    return _sum(op, entries, target or input.dtype)


FIRST_OF_THREE = -65530
"""MindSpore's mark for an omitted dim of Cross."""


def along_three(op: Context, x: ir.Value, dim: Any, compute: Callable[[Context, int], ir.Value]) -> ir.Value:
    """What compute gives for the axis that Cross works along: dim, or the first of size 3, at run time if need be."""
    if dim != FIRST_OF_THREE:
        return compute(op, one_axis(op, dim, op.rank(x)))
    return _from_axis(op, op.shape(x), 0, compute)


def _from_axis(op: Context, sizes: Sequence[Any], axis: int, compute: Callable[[Context, int], ir.Value]) -> ir.Value:
    if axis == len(sizes) - 1 or sizes[axis] == 3:
        return compute(op, axis)
    if isinstance(sizes[axis], int):
        return _from_axis(op, sizes, axis + 1, compute)
    sides = op.inner("three"), op.inner("other")
    results = compute(sides[0], axis), _from_axis(sides[1], sizes, axis + 1, compute)
    for side, result in zip(sides, results, strict=True):
        give_back(side, result)
    chosen: ir.Value = op.If(op.Equal(sizes[axis], 3), then_branch=sides[0].graph, else_branch=sides[1].graph)
    chosen.type = results[0].type
    chosen.shape = ir.Shape([None] * len(sizes))
    return chosen


@lowers("Cross")
def cross(op: Context, input: ir.Value, other: ir.Value, dim: Any = FIRST_OF_THREE) -> ir.Value:
    """The cross product along an axis of size 3, by default the first such."""
    wide = input.dtype if dtypes.is_float(input.dtype) else _INT64
    x, y = op.cast(input, wide), op.cast(other, wide)

    def compute(inner: Context, axis: int) -> ir.Value:
        a, b = (inner.Gather(x, turn, axis=axis) for turn in ([1, 2, 0], [2, 0, 1]))
        c, d = (inner.Gather(y, turn, axis=axis) for turn in ([2, 0, 1], [1, 2, 0]))
        return inner.Sub(inner.Mul(a, c), inner.Mul(b, d))

    return op.cast(along_three(op, x, dim, compute), input.dtype)


@lowers("Eps")
def eps(op: Context, x: ir.Value) -> ir.Value:
    """The gap between 1 and the next number of x's type, everywhere."""
    assert x.dtype is not None
    return op.Expand(op.constant(float(np.finfo(x.dtype.numpy()).eps), x.dtype), op.Shape(x))
