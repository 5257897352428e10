"""Determinants, inverses, linear systems and factorizations of the last two axes."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering import linear
from mindferry.lowering.context import Context, static_shape
from mindferry.lowering.helpers import FLOATS, computed_in, reduce
from mindferry.lowering.linear import like_batch, matrices, transposed
from mindferry.lowering.registry import lowers, refuse

_INT64 = ir.DataType.INT64

refuse("orders its complex eigenvalues as its solver happens to find them, so no exact form exists", "Eig")
refuse("needs a complex Schur form, for which no lowering exists", "MatrixLogarithm")
refuse("is part of second-order training on Ascend", "CholeskyTrsm", "CusCholeskyTrsm")


def on_matrices(op: Context, function: Callable[..., Any], x: ir.Value, *others: ir.Value) -> Any:
    """function(x, *others) on batches of matrices in a float type; results get x's batch axes."""

    def compute(x: ir.Value, *others: ir.Value) -> Any:
        made = function(matrices(op, x), *(matrices(op, other) for other in others))
        return tuple(like_batch(op, one, x) for one in made) if isinstance(made, tuple) else like_batch(op, made, x)

    return computed_in(op, FLOATS, compute, x, *others)


def matched(op: Context, left: ir.Value, right: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Both with the same batch axes, each broadcast to the other's."""
    if left.shape is None or right.shape is None or left.shape[:-2] == right.shape[:-2]:
        return left, right
    shapes = [static_shape(one) for one in (left, right)]
    batch = np.broadcast_shapes(*(shape[:-2] for shape in shapes))
    first, second = (
        op.Expand(x, op.ints((*batch, *shape[-2:]))) for x, shape in zip((left, right), shapes, strict=True)
    )
    return first, second


@lowers("MatrixDeterminant")
def matrix_determinant(op: Context, x: ir.Value) -> ir.Value:
    """The determinant, by elimination with partial pivoting."""

    def compute(a: ir.Value) -> ir.Value:
        factors = linear.lu(op, a)
        return op.Mul(factors.sign, reduce(op, "ReduceProd", linear.diagonal(op, factors.packed), [1]))

    return on_matrices(op, compute, x)


@lowers("LogMatrixDeterminant")
def log_matrix_determinant(op: Context, x: ir.Value) -> tuple[ir.Value, ir.Value]:
    """The determinant's sign, and the logarithm of its magnitude."""

    def compute(a: ir.Value) -> tuple[ir.Value, ir.Value]:
        factors = linear.lu(op, a)
        entries = linear.diagonal(op, factors.packed)
        sign = op.Mul(factors.sign, reduce(op, "ReduceProd", op.Sign(entries), [1]))
        return sign, reduce(op, "ReduceSum", op.Log(op.Abs(entries)), [1])

    return on_matrices(op, compute, x)


@lowers("MatrixInverse", "MatrixInverseExt")
def matrix_inverse(op: Context, x: ir.Value, *, adjoint: bool = False) -> ir.Value:
    """The inverse of x, or of transposed(x) where adjoint."""
    return on_matrices(op, lambda a: linear.inverse(op, transposed(op, a) if adjoint else a), x)


@lowers("MatrixSolve")
def matrix_solve(op: Context, matrix: ir.Value, rhs: ir.Value, *, adjoint: bool = False) -> ir.Value:
    """y of matrix y = rhs, or of transposed(matrix) y = rhs where adjoint."""
    return on_matrices(op, lambda a, b: linear.solve(op, transposed(op, a) if adjoint else a, b), matrix, rhs)


@lowers("MatrixTriangularSolve")
def matrix_triangular_solve(
    op: Context, matrix: ir.Value, rhs: ir.Value, *, lower: bool = True, adjoint: bool = False
) -> ir.Value:
    """y of matrix y = rhs for a triangular matrix, transposed first where adjoint."""
    return _triangular(op, *matched(op, matrix, rhs), lower, adjoint, False)


def _triangular(op: Context, a: ir.Value, b: ir.Value, lower: bool, transpose: bool, unit: bool) -> ir.Value:
    def compute(a: ir.Value, b: ir.Value) -> ir.Value:
        a = transposed(op, a) if transpose else a
        return linear.substitute(op, a, b, lower=lower != transpose, unit=unit)

    return on_matrices(op, compute, a, b)


@lowers("SolveTriangular")
def solve_triangular(
    op: Context, a: ir.Value, b: ir.Value, trans: Any = 0, lower: bool = False, unit_diagonal: bool = False
) -> ir.Value:
    """x of a x = b for a triangular a, or of transposed(a) x = b where trans is 1, 2, "T" or "C"; b may be a vector."""
    vector = op.rank(b) < op.rank(a)
    right = op.Unsqueeze(b, [-1]) if vector else b
    x = _triangular(op, a, right, bool(lower), trans not in (0, "N"), bool(unit_diagonal))
    return op.Squeeze(x, [-1]) if vector else x


@lowers("TriangularSolve")
def triangular_solve(
    op: Context, b: ir.Value, a: ir.Value, upper: bool = True, transpose: bool = False, unitriangular: bool = False
) -> tuple[ir.Value, ir.Value]:
    """x of a x = b for a triangular a, transposed first where asked, and a itself."""
    left, right = matched(op, a, b)
    return _triangular(op, left, right, not upper, bool(transpose), bool(unitriangular)), a


@lowers("Cholesky")
def cholesky(op: Context, input_x: ir.Value, upper: bool = False) -> ir.Value:
    """The lower triangular l of x = l transposed(l), or transposed(l)."""

    def compute(a: ir.Value) -> ir.Value:
        lower = linear.cholesky(op, a)
        return transposed(op, lower) if upper else lower

    return on_matrices(op, compute, input_x)


def _of_cholesky(op: Context, factor: ir.Value, b: ir.Value, upper: bool) -> ir.Value:
    lower = transposed(op, factor) if upper else factor
    y = linear.substitute(op, lower, b, lower=True)
    return linear.substitute(op, transposed(op, lower), y, lower=False)


@lowers("CholeskyInverse")
def cholesky_inverse(op: Context, input_x: ir.Value, upper: bool = False) -> ir.Value:
    """The inverse of x transposed(x), or of transposed(x) x where upper: x is a Cholesky factor."""

    def compute(a: ir.Value) -> ir.Value:
        other = transposed(op, a)
        return linear.inverse(op, op.MatMul(other, a) if upper else op.MatMul(a, other))

    return on_matrices(op, compute, input_x)


@lowers("CholeskySolve")
def cholesky_solve(op: Context, x1: ir.Value, x2: ir.Value, *, upper: bool = False) -> ir.Value:
    """y of a y = x1 for the matrix a whose Cholesky factor is x2."""
    return on_matrices(op, lambda b, factor: _of_cholesky(op, factor, b, upper), x1, x2)


@lowers("Lu")
def lu(op: Context, input: ir.Value, *, output_idx_type: Any) -> tuple[ir.Value, ir.Value]:
    """L and U in one matrix, and the row of the input that each of its rows is."""
    packed, order = _factorized(op, input, lambda factors: factors.order)
    return packed, op.cast(order, op.dtype(output_idx_type))


def _factorized(op: Context, x: ir.Value, what: Callable[[linear.Factors], Any]) -> Any:
    def compute(x: ir.Value) -> Any:
        factors = linear.lu(op, matrices(op, x))
        made = what(factors)
        others = made if isinstance(made, tuple) else (made,)
        return tuple(like_batch(op, one, x) for one in (factors.packed, *others))

    return computed_in(op, FLOATS, compute, x)


def _permutation(op: Context, order: ir.Value, rows: Any, dtype: ir.DataType | None) -> ir.Value:
    """P of P x for which row order[i] of P x is row i of x."""
    hits = op.Equal(op.Unsqueeze(order, [1]), op.Unsqueeze(linear.count(op, rows), [1]))
    return op.cast(hits, dtype or ir.DataType.FLOAT)


@lowers("LU")
def scipy_lu(op: Context, x: ir.Value) -> tuple[ir.Value, ir.Value, ir.Value]:
    """L and U in one matrix, the row exchanged in each step, and the matrix P of x = P L U."""
    rows, columns = op.dim(x, -2), op.dim(x, -1)
    if isinstance(rows, int) and isinstance(columns, int) and rows > columns:
        raise LoweringError(f"has no permutation of {rows} rows for a matrix with {columns} columns")

    def extract(factors: linear.Factors) -> tuple[ir.Value, ir.Value]:
        return op.cast(factors.pivots, ir.DataType.INT32), _permutation(op, factors.order, rows, ir.DataType.INT32)

    return _factorized(op, x, extract)


@lowers("LUSolver")
def lu_solver(op: Context, a: ir.Value, b: ir.Value, *, trans: str = "N") -> ir.Value:
    """x of L U x = b, or of transposed(L U) x = b where trans is "T"; a holds L and U."""
    if trans not in ("N", "T"):
        raise LoweringError(f"trans {trans!r} is neither 'N' nor 'T'")
    vector = op.rank(b) < op.rank(a)

    def compute(a: ir.Value, b: ir.Value) -> ir.Value:
        if trans == "T":
            a = transposed(op, a)
            return linear.substitute(op, a, linear.substitute(op, a, b, lower=True), lower=False, unit=True)
        return linear.substitute(op, a, linear.substitute(op, a, b, lower=True, unit=True), lower=False)

    x = on_matrices(op, compute, a, op.Unsqueeze(b, [-1]) if vector else b)
    return op.Squeeze(x, [-1]) if vector else x


@lowers("LuSolve")
def lu_solve(op: Context, x: ir.Value, lu_data: ir.Value, lu_pivots: ir.Value) -> ir.Value:
    """y of P L U y = x; lu_data holds L and U, lu_pivots the row (from 1) that each step exchanged."""
    x, lu_data = matched(op, x, lu_data)
    batch = [op.dim(lu_data, axis) for axis in range(op.rank(lu_data) - 2)]
    pivots = op.Expand(lu_pivots, op.ints((*batch, op.dim(lu_pivots, -1))))

    def compute(b: ir.Value, a: ir.Value) -> ir.Value:
        order = linear.exchanged(op, matrices(op, pivots, 1), op.dim(a, 1))
        y = linear.substitute(op, a, linear.take_rows(op, b, order), lower=True, unit=True)
        return linear.substitute(op, a, y, lower=False)

    return on_matrices(op, compute, x, lu_data)


@lowers("LuUnpack")
def lu_unpack(
    op: Context, lu_data: ir.Value, lu_pivots: ir.Value, *, unpack_data: bool = True, unpack_pivots: bool = True
) -> tuple[ir.Value, ir.Value, ir.Value]:
    """P, L and U of a packed factorization; lu_pivots is the row (from 1) that each step exchanged."""
    rows, columns = op.dim(lu_data, -2), op.dim(lu_data, -1)
    size, dtype = op.ints(linear.least(op, rows, columns)), lu_data.dtype
    order = linear.exchanged(op, matrices(op, lu_pivots, 1), rows)
    matrix = _permutation(op, order, rows, dtype)
    low = op.Slice(linear.lower(op, lu_data, -1), [0], size, [-1])
    unit = linear.identity(op, rows, op.dim(low, -1), dtype)
    high = op.Slice(linear.upper(op, lu_data), [0], size, [-2])
    return like_batch(op, matrix, lu_data), op.Add(low, op.Squeeze(unit, [0])), high


@lowers("MatrixPower")
def matrix_power(op: Context, x: ir.Value, *, n: int) -> ir.Value:
    """x times itself n times; of the inverse where n is negative."""

    def compute(a: ir.Value) -> ir.Value:
        if n == 0:
            return linear.identities(op, a)
        return linear.power(op, linear.inverse(op, a) if n < 0 else a, abs(n))

    return on_matrices(op, compute, x)


_PADE = (
    64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0, 129060195264000.0, 10559470521600.0,
    670442572800.0, 33522128640.0, 1323241920.0, 40840800.0, 960960.0, 16380.0, 182.0, 1.0,
)  # fmt: skip
"""Coefficients of the [13/13] Pade approximant of exp, exact to double rounding for 1-norms up to 5.37."""


@lowers("MatrixExp")
def matrix_exp(op: Context, input: ir.Value) -> ir.Value:
    """exp(input) by scaling, the [13/13] Pade approximant and squaring, in float64 (Higham 2005)."""

    def compute(a: ir.Value) -> ir.Value:
        norm = op.ReduceMax(reduce(op, "ReduceSum", op.Abs(a), [1]), keepdims=0)
        halvings = op.Ceil(op.Div(op.Log(op.Div(norm, 5.37)), math.log(2)))
        halvings = op.cast(op.Max(halvings, op.constant(0.0, a.dtype)), _INT64)
        a = op.Div(a, op.Pow(op.constant(2.0, a.dtype), halvings))
        powers = {0: linear.identity(op, op.dim(a, 1), op.dim(a, 1), a.dtype), 2: op.MatMul(a, a)}
        powers[4] = op.MatMul(powers[2], powers[2])
        powers[6] = op.MatMul(powers[4], powers[2])
        odd = op.MatMul(a, _pade(op, powers, 1))
        even = _pade(op, powers, 0)
        start = linear.solve(op, op.Sub(even, odd), op.Add(even, odd))
        return linear.squared(op, start, halvings)

    wide = op.cast(input, ir.DataType.DOUBLE)
    return op.cast(on_matrices(op, compute, wide), input.dtype or ir.DataType.FLOAT)


def _pade(op: Context, powers: dict[int, ir.Value], first: int) -> ir.Value:
    """The approximant's terms of even (0) or odd (1) order, the latter without their factor x."""
    low, high = (
        functools.reduce(op.Add, [op.Mul(powers[k], _PADE[start + k]) for k in orders])
        for start, orders in ((first, (0, 2, 4, 6)), (first + 6, (2, 4, 6)))
    )
    return op.Add(op.MatMul(powers[6], high), low)
