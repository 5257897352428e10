"""Orthogonal factorizations, least squares, eigenvalues and singular values of the last two axes."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering import jacobi, linear
from mindferry.lowering.context import Context, StaticSizes
from mindferry.lowering.helpers import FLOATS, computed_in, reduce
from mindferry.lowering.linear import like_batch, matrices, transposed
from mindferry.lowering.ops.linalg import matched, on_matrices
from mindferry.lowering.registry import lowers

_SIGNS = (
    "eigenvectors and singular vectors have no defined sign or phase, so no exact form exists; ask for the values alone"
)

_QR_MODES = {0: "reduced", 1: "complete", 2: "r"}
"""MindSpore's enum LinalgQrMode."""


@lowers("Geqrf")
def geqrf(op: Context, input: ir.Value) -> tuple[ir.Value, ir.Value]:
    """R with the Householder reflectors below its diagonal, and their factors."""

    def compute(x: ir.Value) -> tuple[ir.Value, ir.Value]:
        packed, tau = linear.householder(op, matrices(op, x))
        return like_batch(op, packed, x), like_batch(op, tau, x)

    return computed_in(op, FLOATS, compute, input)


def _orthogonal(op: Context, packed: ir.Value, tau: ir.Value, columns: Any) -> ir.Value:
    """The first columns of the product of the reflectors."""
    start = op.Expand(linear.identity(op, op.dim(packed, 1), columns, packed.dtype), op.ints((op.dim(packed, 0), 1, 1)))
    return linear.reflect(op, packed, tau, start)


@lowers("Orgqr")
def orgqr(op: Context, x: ir.Value, tau: ir.Value) -> ir.Value:
    """The first columns of the product of Householder reflectors, as many as x has."""

    def compute(x: ir.Value, tau: ir.Value) -> ir.Value:
        packed = matrices(op, x)
        return like_batch(op, _orthogonal(op, packed, matrices(op, tau, 1), op.dim(packed, 2)), x)

    return computed_in(op, FLOATS, compute, x, tau)


@lowers("Ormqr")
def ormqr(
    op: Context, x: ir.Value, tau: ir.Value, other: ir.Value, *, left: bool = True, transpose: bool = False
) -> ir.Value:
    """Q other, or other Q where left is False, for the product Q of Householder reflectors, transposed if asked."""

    def compute(x: ir.Value, tau: ir.Value, other: ir.Value) -> ir.Value:
        operand = matrices(op, other)
        operand = operand if left else transposed(op, operand)
        made = linear.reflect(op, matrices(op, x), matrices(op, tau, 1), operand, forwards=transpose == left)
        return like_batch(op, made if left else transposed(op, made), other)

    return computed_in(op, FLOATS, compute, x, tau, other)


@lowers("Qr")
def qr(op: Context, x: ir.Value, full_matrices: bool = False) -> tuple[ir.Value, ir.Value]:
    """Q and R of x = Q R, by Householder reflections; both full or both reduced."""
    rows = op.dim(x, -2)
    size = rows if full_matrices else linear.least(op, rows, op.dim(x, -1))

    def compute(a: ir.Value) -> tuple[ir.Value, ir.Value]:
        packed, tau = linear.householder(op, a)
        r = op.Slice(linear.upper(op, packed), [0], op.ints(size), [1])
        return _orthogonal(op, packed, tau, size), r

    return on_matrices(op, compute, x)


@lowers("LinalgQr")
def linalg_qr(op: Context, a: ir.Value, mode: Any = "reduced") -> tuple[ir.Value, ir.Value]:
    """Q and R of a = Q R: reduced, complete, or R with an empty Q."""
    name = _QR_MODES.get(mode, mode)
    q, r = qr(op, a, name == "complete")
    return (op.constant(np.zeros(0), a.dtype) if name == "r" else q), r


@lowers("QR")
def scipy_qr(op: Context, a: ir.Value, *, mode: str = "full") -> tuple[ir.Value, ir.Value]:
    """Q and R of a = Q R, full or (mode "economic") reduced; MindSpore 1.x and 2.0."""
    return qr(op, a, mode not in ("economic", "r"))


def _least_squares(op: Context, a: ir.Value, b: ir.Value) -> ir.Value:
    """The shortest x with the least |a x - b|; b may be a vector for each matrix."""
    vector = op.rank(b) < op.rank(a)
    left, right = matched(op, a, op.Unsqueeze(b, [-1]) if vector else b)
    x = on_matrices(op, lambda a, b: jacobi.pseudo_solve(op, a, b), left, right)
    return op.Squeeze(x, [-1]) if vector else x


@lowers("Lstsq")
def lstsq(op: Context, x: ir.Value, a: ir.Value, *, fast: bool = True, l2_regularizer: float = 0.0) -> ir.Value:
    """The shortest y with the least |x y - a|, always as a matrix."""
    if l2_regularizer:
        raise LoweringError(f"l2_regularizer={l2_regularizer} has no lowering, only 0.0")
    return _least_squares(op, x, op.Unsqueeze(a, [-1]) if op.rank(a) == 1 else a)


_DRIVERS = {0: "gels", 1: "gelsy", 2: "gelsd", 3: "gelss", None: "gelsy"}
"""MindSpore's enum DriverName, which tells what LAPACK routine computes; on CPU it only tells the results."""


@lowers("LstsqV2")
def lstsq_v2(op: Context, a: ir.Value, b: ir.Value, driver: Any = None) -> tuple[ir.Value, ...]:
    """The shortest x with the least |a x - b|, the squared residuals, a's rank and its singular values.

    What the driver does not compute is empty: rank (gels), residuals (gelsy), singular values (gels and gelsy).
    """
    solution = _least_squares(op, a, b)
    rows, columns = StaticSizes(a)[-2:]

    def values(x: ir.Value) -> ir.Value:
        return like_batch(op, jacobi.singular_values(op, matrices(op, x)), x)

    singular = computed_in(op, FLOATS, values, a)
    most = reduce(op, "ReduceMax", singular, [op.rank(singular) - 1], keep_dims=True)
    limit = op.Mul(most, min(rows, columns) * float(np.finfo(_numpy(singular)).eps))
    rank = op.cast(op.Less(limit, singular), ir.DataType.INT64)
    rank = reduce(op, "ReduceSum", rank, [op.rank(singular) - 1])
    empty, name = op.constant(np.zeros(0), singular.dtype), _DRIVERS.get(driver, driver)
    residual = _residuals(op, a, b, solution) if rows > columns and name != "gelsy" else empty
    rank = op.constant(np.zeros(0, np.int64)) if name == "gels" else rank
    return solution, residual, rank, singular if name in ("gelsd", "gelss") else empty


def _numpy(x: ir.Value) -> np.dtype[Any]:
    assert x.dtype is not None
    return x.dtype.numpy()


def _residuals(op: Context, a: ir.Value, b: ir.Value, x: ir.Value) -> ir.Value:
    vector = op.rank(b) < op.rank(a)
    b, x = (op.Unsqueeze(one, [-1]) if vector else one for one in (b, x))
    rest = op.Sub(b, op.MatMul(a, x))
    squares = reduce(op, "ReduceSum", op.Mul(rest, rest), [op.rank(rest) - 2])
    return op.Squeeze(squares, [-1]) if vector else squares


@lowers("MatrixSolveLs")
def matrix_solve_ls(
    op: Context, matrix: ir.Value, rhs: ir.Value, l2_regularizer: ir.Value, *, fast: bool = True
) -> ir.Value:
    """The least squares solution, by the normal equations with the regularizer where fast, else the shortest one."""
    if not fast:
        return _least_squares(op, matrix, rhs)

    def compute(a: ir.Value, b: ir.Value) -> ir.Value:
        rows, columns = StaticSizes(matrix)[-2:]
        size, other = min(rows, columns), transposed(op, a)
        eye = op.Mul(linear.identity(op, size, size, a.dtype), op.cast(l2_regularizer, a.dtype or ir.DataType.FLOAT))
        if rows >= columns:
            return linear.solve(op, op.Add(op.MatMul(other, a), eye), op.MatMul(other, b))
        return op.MatMul(other, linear.solve(op, op.Add(op.MatMul(a, other), eye), b))

    return on_matrices(op, compute, matrix, rhs)


def _symmetric(op: Context, a: ir.Value, lower: bool) -> ir.Value:
    """The symmetric matrix of which one triangle is given."""
    place = linear.distance(op, op.dim(a, 1), op.dim(a, 2))
    inside = op.Not(op.Less(0, place) if lower else op.Less(place, 0))
    return op.Where(inside, a, transposed(op, a))


@lowers("Eigh")
def eigh(op: Context, a: ir.Value, *, compute_eigenvectors: bool = True, lower: bool = True) -> ir.Value:
    """The eigenvalues of a symmetric matrix, ascending; one triangle is looked at."""
    if compute_eigenvectors:
        raise LoweringError(f"compute_eigenvectors=True: {_SIGNS}")
    return _eigenvalues(op, a, lower)


def _eigenvalues(op: Context, a: ir.Value, lower: bool) -> ir.Value:
    def compute(x: ir.Value) -> ir.Value:
        return like_batch(op, jacobi.symmetric_eigenvalues(op, _symmetric(op, matrices(op, x), lower)), x)

    return computed_in(op, FLOATS, compute, a)


@lowers("SelfAdjointEig")
def self_adjoint_eig(op: Context, x: ir.Value, *, compute_v: bool = True) -> tuple[ir.Value, ir.Value]:
    """The eigenvalues of a symmetric matrix, ascending, and zeros for eigenvectors; the lower triangle counts."""
    if compute_v:
        raise LoweringError(f"compute_v=True: {_SIGNS}")
    return _eigenvalues(op, x, True), linear.zeros(op, x)


@lowers("Svd")
def svd(
    op: Context, input: ir.Value, full_matrices: bool = False, compute_uv: bool = True
) -> tuple[ir.Value, ir.Value, ir.Value]:
    """The singular values, descending, and two zeros in place of singular vectors."""
    if compute_uv:
        raise LoweringError(f"compute_uv=True: {_SIGNS}")

    def compute(x: ir.Value) -> ir.Value:
        return like_batch(op, jacobi.singular_values(op, matrices(op, x)), x)

    none = op.constant(np.zeros(1), input.dtype)
    return computed_in(op, FLOATS, compute, input), none, none


_ALL = 1000
"""MindSpore's mark for an omitted dim."""


@lowers("NuclearNorm")
def nuclear_norm(op: Context, x: ir.Value, *, dim: Any = None, keepdim: bool = False) -> ir.Value:
    """The sum of the singular values of the matrices along two axes."""
    rank = op.rank(x)
    given = [] if dim is None else op.integers(dim, "dim")
    axes = [axis % rank for axis in given] if given and given != [_ALL] else list(range(rank))
    if len(axes) != 2:
        raise LoweringError(f"dim {dim!r} should be two axes")
    rest = [axis for axis in range(rank) if axis not in axes]

    def compute(x: ir.Value) -> ir.Value:
        matrix = op.Transpose(x, perm=[*rest, *axes])
        values = like_batch(op, jacobi.singular_values(op, matrices(op, matrix)), matrix)
        total = reduce(op, "ReduceSum", values, [rank - 2])
        return op.Unsqueeze(total, sorted(axes)) if keepdim else total

    return computed_in(op, FLOATS, compute, x)


def band(op: Context, main: ir.Value, above: ir.Value, below: ir.Value) -> ir.Value:
    """The matrix of three diagonals (batch, n): row i holds below[i], main[i] and above[i] around its diagonal."""
    size = op.dim(main, 1)
    place, total = linear.distance(op, size, size), op.constant(0, main.dtype)
    for offset, entries in ((0, main), (1, above), (-1, below)):
        total = op.Where(op.Equal(place, offset), op.Unsqueeze(entries, [2]), total)
    return total


@lowers("TridiagonalSolve")
def tridiagonal_solve(op: Context, diagonals: ir.Value, rhs: ir.Value, *, partial_pivoting: bool = True) -> ir.Value:
    """y of a y = rhs for the matrix with diagonals[0] above, diagonals[1] on and diagonals[2] below its diagonal."""

    def compute(diagonals: ir.Value, b: ir.Value) -> ir.Value:
        above, main, below = (op.Gather(diagonals, index, axis=1) for index in range(3))
        return linear.solve(op, band(op, main, above, below), b)

    return on_matrices(op, compute, diagonals, rhs)
