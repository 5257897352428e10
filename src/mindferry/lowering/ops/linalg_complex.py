"""Linear algebra of complex matrices.

A system of n complex equations is solved as one of 2 n real ones: (A + i B) (x + i y) = c + i d is
[[A, -B], [B, A]] [x; y] = [c; d]. Determinants need an elimination of their own.
"""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.lowering import complexes, linear
from mindferry.lowering.complexes import as_complex
from mindferry.lowering.context import Complex, Context
from mindferry.lowering.linear import count, like_batch, matrices, take_rows, transposed
from mindferry.lowering.ops.linalg import matched
from mindferry.lowering.ops.linalg_factor import band
from mindferry.lowering.ops.linalg_factor import svd as real_svd
from mindferry.lowering.registry import lowers_complex
from mindferry.lowering.repeat import repeat


def _each(x: Complex, function: Any) -> Complex:
    """The function of both parts."""
    return Complex(function(x.real), function(x.imag))


def _adjoint(op: Context, x: Complex) -> Complex:
    return Complex(transposed(op, x.real), op.Neg(transposed(op, x.imag)))


def _solved(op: Context, a: Complex, b: Complex) -> Complex:
    """x of a x = b, over batches of matrices of any rank."""
    real_a, real_b = matched(op, a.real, b.real)
    imag_a, imag_b = matched(op, a.imag, b.imag)
    left = _each(Complex(real_a, imag_a), lambda part: matrices(op, part))
    right = _each(Complex(real_b, imag_b), lambda part: matrices(op, part))
    upper = op.Concat(left.real, op.Neg(left.imag), axis=2)
    lower = op.Concat(left.imag, left.real, axis=2)
    made = linear.solve(op, op.Concat(upper, lower, axis=1), op.Concat(right.real, right.imag, axis=1))
    size = op.dim(left.real, 1)
    parts = op.Slice(made, [0], op.ints(size), [1]), op.Slice(made, op.ints(size), [1 << 60], [1])
    return Complex(*(like_batch(op, part, real_b) for part in parts))


@lowers_complex("Svd")
def svd(op: Context, input: Complex, full_matrices: bool = False, compute_uv: bool = True) -> tuple[Any, ...]:
    """The singular values, descending, as complex numbers; the real matrix [[A, -B], [B, A]] has each of them twice."""
    whole = op.Concat(
        op.Concat(input.real, op.Neg(input.imag), axis=-1), op.Concat(input.imag, input.real, axis=-1), axis=-2
    )
    twice, *none = real_svd(op, whole, full_matrices, compute_uv)
    values = op.Slice(twice, [0], [1 << 60], [-1], [2])
    return Complex(values, linear.zeros(op, values)), *(Complex(one, one) for one in none)


@lowers_complex("MatrixInverse", "MatrixInverseExt")
def matrix_inverse(op: Context, x: Complex, *, adjoint: bool = False) -> Complex:
    """The inverse of x, or of its adjoint."""
    size = op.dim(x.real, -1)
    unit = op.Expand(op.Squeeze(linear.identity(op, size, size, x.real.dtype), [0]), op.Shape(x.real))
    zero = op.Expand(op.constant(0, x.real.dtype), op.Shape(x.real))
    return _solved(op, _adjoint(op, x) if adjoint else x, Complex(unit, zero))


@lowers_complex("MatrixSolve")
def matrix_solve(op: Context, matrix: Any, rhs: Any, *, adjoint: bool = False) -> Complex:
    """y of matrix y = rhs, or of its adjoint times y = rhs."""
    a, b = as_complex(op, matrix, rhs)
    return _solved(op, _adjoint(op, a) if adjoint else a, b)


def _triangle(op: Context, a: Complex, lower: bool, unit: bool = False) -> Complex:
    """a without its other triangle, ones on the diagonal if asked."""
    offset = int(unit)
    made = _each(a, lambda part: linear.lower(op, part, -offset) if lower else linear.upper(op, part, offset))
    if not unit:
        return made
    size = op.dim(a.real, -1)
    ones = op.Squeeze(linear.identity(op, size, size, a.real.dtype), [0])
    return Complex(op.Add(made.real, ones), made.imag)


@lowers_complex("MatrixTriangularSolve")
def matrix_triangular_solve(
    op: Context, matrix: Any, rhs: Any, *, lower: bool = True, adjoint: bool = False
) -> Complex:
    """y of matrix y = rhs for a triangular matrix, or of its adjoint times y = rhs."""
    a, b = as_complex(op, matrix, rhs)
    a = _triangle(op, a, lower)
    return _solved(op, _adjoint(op, a) if adjoint else a, b)


@lowers_complex("SolveTriangular")
def solve_triangular(
    op: Context, a: Any, b: Any, trans: int = 0, lower: bool = False, unit_diagonal: bool = False
) -> Complex:
    """x of a x = b for a triangular a, or of transposed(a) x = b (1), or of a's adjoint times x = b (2)."""
    matrix, right = as_complex(op, a, b)
    matrix = _triangle(op, matrix, bool(lower), bool(unit_diagonal))
    if trans:
        matrix = _adjoint(op, matrix) if trans == 2 else _each(matrix, lambda part: transposed(op, part))
    vector = op.rank(right.real) < op.rank(matrix.real)
    if not vector:
        return _solved(op, matrix, right)
    made = _solved(op, matrix, _each(right, lambda part: op.Unsqueeze(part, [-1])))
    return _each(made, lambda part: op.Squeeze(part, [-1]))


@lowers_complex("TridiagonalSolve")
def tridiagonal_solve(op: Context, diagonals: Any, rhs: Any, *, partial_pivoting: bool = True) -> Complex:
    """y of a y = rhs for the matrix with diagonals[0] above, diagonals[1] on and diagonals[2] below its diagonal."""
    d, b = as_complex(op, diagonals, rhs)

    def full(part: ir.Value) -> ir.Value:
        above, main, below = (op.Gather(matrices(op, part), index, axis=1) for index in range(3))
        return like_batch(op, band(op, main, above, below), part)

    return _solved(op, _each(d, full), b)


def _pivots(op: Context, a: Complex) -> tuple[Complex, ir.Value]:
    """The pivots of an elimination with partial pivoting, (step, batch), and the sign of its row exchanges."""
    size = op.dim(a.real, 1)
    i = count(op, size)
    zero, one = op.constant(0, a.real.dtype), op.constant(1, a.real.dtype)

    def step(inner: Context, k: ir.Value, real: ir.Value, imag: ir.Value, sign: ir.Value) -> list[ir.Value]:
        column = Complex(inner.Gather(real, k, axis=2), inner.Gather(imag, k, axis=2))
        length = inner.Where(inner.Less(i, k), inner.Neg(one), complexes.magnitude(inner, column))
        pivot = inner.ArgMax(length, axis=1, keepdims=1)
        source = inner.Where(inner.Equal(i, k), pivot, inner.Where(inner.Equal(i, pivot), k, i))
        x = Complex(take_rows(inner, real, source), take_rows(inner, imag, source))
        sign = inner.Where(inner.Equal(pivot, k), sign, inner.Neg(sign))
        row = _each(x, lambda part: inner.Unsqueeze(inner.Gather(part, k, axis=1), [1]))
        column = _each(x, lambda part: inner.Unsqueeze(inner.Gather(part, k, axis=2), [2]))
        head = _each(row, lambda part: inner.Unsqueeze(inner.Gather(part, k, axis=2), [2]))
        used = inner.And(inner.Unsqueeze(inner.Less(k, i), [1]), inner.Not(complexes.is_zero(inner, head)))
        nothing = Complex(zero, zero)
        safe = complexes.where(inner, complexes.is_zero(inner, head), Complex(one, zero), head)
        factor = complexes.where(inner, used, complexes.div(inner, column, safe), nothing)
        x = complexes.sub(inner, x, complexes.mul(inner, factor, row))
        ends = _each(head, lambda part: inner.Squeeze(part, [1, 2]))
        return [x.real, x.imag, sign, ends.real, ends.imag]

    sign = op.Expand(one, op.ints((op.dim(a.real, 0), 1)))
    _, _, sign, real, imag = repeat(op, size, [a.real, a.imag, sign], step, stacked=2)
    return Complex(real, imag), op.Squeeze(sign, [1])


def _product(op: Context, items: Complex) -> Complex:
    """The product along the first axis."""
    first = op.Gather(items.real, 0)
    zero = op.Expand(op.constant(0, first.dtype), op.Shape(first))

    def step(inner: Context, turn: ir.Value, a: ir.Value, b: ir.Value) -> list[ir.Value]:
        made = complexes.mul(inner, Complex(a, b), _each(items, lambda part: inner.Gather(part, turn)))
        return [made.real, made.imag]

    return Complex(*repeat(op, op.dim(items.real, 0), [op.Add(zero, 1.0), zero], step))


@lowers_complex("MatrixDeterminant")
def matrix_determinant(op: Context, x: Complex) -> Complex:
    """The determinant, by elimination with partial pivoting."""
    pivots, sign = _pivots(op, _each(x, lambda part: matrices(op, part)))
    product = complexes.scale(op, _product(op, pivots), sign)
    return _each(product, lambda part: like_batch(op, part, x.real))


@lowers_complex("LogMatrixDeterminant")
def log_matrix_determinant(op: Context, x: Complex) -> tuple[Complex, Any]:
    """The determinant over its magnitude, and the logarithm of its magnitude."""
    pivots, sign = _pivots(op, _each(x, lambda part: matrices(op, part)))
    lengths = complexes.magnitude(op, pivots)
    safe = op.Where(op.Equal(lengths, 0.0), op.constant(1, lengths.dtype), lengths)
    phase = complexes.scale(op, _product(op, _each(pivots, lambda part: op.Div(part, safe))), sign)
    logarithm = op.ReduceSum(op.Log(lengths), [0], keepdims=0)
    zero = op.Expand(op.constant(0, logarithm.dtype), op.Shape(logarithm))
    size = _each(Complex(logarithm, zero), lambda part: like_batch(op, part, x.real))
    return _each(phase, lambda part: like_batch(op, part, x.real)), size
