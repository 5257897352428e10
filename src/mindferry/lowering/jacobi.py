"""Jacobi's iterations for eigenvalues and singular values: rotations of disjoint pairs until nothing is left to rotate.

A sweep meets every pair once. Column i of the first half is paired with column i of the second; between two rounds all
columns but the first move one place around the circle, and after a sweep they are back where they were.
"""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.helpers import reduce
from mindferry.lowering.linear import identity, transposed
from mindferry.lowering.repeat import repeat, repeat_while

_MOST_SWEEPS = 60
"""Far above the eight or so that quadratic convergence takes."""


def _sizes(x: ir.Value) -> tuple[int, int]:
    """Rows and columns.

    Raises:
        LoweringError: they are only known at run time.
    """
    shape = x.shape
    if shape is None or not isinstance(shape[1], int) or not isinstance(shape[2], int):
        raise LoweringError(f"needs matrices of known size, got {shape}")
    return shape[1], shape[2]


def _circle(size: int) -> list[int]:
    """Where each place's next column comes from; places are the first half, then the second half in pairing order."""
    half = size // 2
    ring = [*range(1, half), *range(size - 1, half - 1, -1)]
    source = [0] * size
    for before, here in zip([ring[-1], *ring[:-1]], ring, strict=True):
        source[here] = before
    return source


def _rotation(op: Context, p: ir.Value, q: ir.Value, mixed: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Cosine and sine that make `mixed` zero, for the diagonal entries p and q."""
    zero, one = op.constant(0.0, p.dtype), op.constant(1.0, p.dtype)
    done = op.Equal(mixed, zero)
    ratio = op.Div(op.Mul(op.Sub(q, p), 0.5), op.Where(done, one, mixed))
    tangent = op.Div(op.Where(op.Less(ratio, zero), op.Neg(one), one), op.Add(op.Abs(ratio), _hypotenuse(op, ratio)))
    tangent = op.Where(done, zero, tangent)
    cosine = op.Div(one, _hypotenuse(op, tangent))
    return cosine, op.Mul(tangent, cosine)


def _hypotenuse(op: Context, x: ir.Value) -> ir.Value:
    return op.Sqrt(op.Add(op.Mul(x, x), 1.0))


def _turned(op: Context, x: ir.Value, cosine: ir.Value, sine: ir.Value, size: int, axis: int) -> ir.Value:
    """The pairs along an axis rotated, then moved around the circle."""
    first, second = op.Slice(x, [0], [size // 2], [axis]), op.Slice(x, [size // 2], [size], [axis])
    upper = op.Sub(op.Mul(cosine, first), op.Mul(sine, second))
    lower = op.Add(op.Mul(sine, first), op.Mul(cosine, second))
    return op.Gather(op.Concat(upper, lower, axis=axis), _circle(size), axis=axis)


def _entries(op: Context, x: ir.Value, rows: range, columns: range) -> ir.Value:
    """x[b, rows[i], columns[i]]."""
    mask = np.zeros(_sizes(x), dtype=bool)
    mask[list(rows), list(columns)] = True
    chosen = op.Where(op.constant(mask), x, op.constant(0.0, x.dtype))
    return op.Slice(reduce(op, "ReduceSum", chosen, [2]), [rows.start], [rows.stop], [1])


def symmetric_eigenvalues(op: Context, a: ir.Value) -> ir.Value:
    """The eigenvalues of symmetric matrices (batch, n, n), ascending."""
    size, _ = _sizes(a)
    even = size + size % 2
    bound = reduce(op, "ReduceSum", op.Abs(a), [1, 2], keep_dims=True)
    if even > size:
        corner = np.zeros((1, even, even))
        corner[0, size, size] = 1
        a = op.Add(op.Pad(a, [0, 0, 0, 0, 1, 1]), op.Mul(op.constant(corner, a.dtype), op.Add(bound, bound)))
    half, everything = even // 2, range(even)
    outside = op.constant(1 - np.eye(even), a.dtype)
    floor = op.Mul(bound, _epsilon(a))

    def turn(inner: Context, index: ir.Value, a: ir.Value) -> list[ir.Value]:
        values = _entries(inner, a, everything, everything)
        mixed = _entries(inner, a, range(half), range(half, even))
        p, q = inner.Slice(values, [0], [half], [1]), inner.Slice(values, [half], [even], [1])
        cosine, sine = _rotation(inner, p, q, mixed)
        a = _turned(inner, a, inner.Unsqueeze(cosine, [2]), inner.Unsqueeze(sine, [2]), even, 1)
        return [_turned(inner, a, inner.Unsqueeze(cosine, [1]), inner.Unsqueeze(sine, [1]), even, 2)]

    def sweep(inner: Context, index: ir.Value, a: ir.Value) -> list[ir.Value]:
        (a,) = repeat(inner, even - 1, [a], turn)
        left = inner.Less(floor, inner.Mul(inner.Abs(a), outside))
        return [_any(inner, left), a]

    (a,) = repeat_while(op, [a], sweep, at_most=_MOST_SWEEPS)
    values, _ = op.TopK(_entries(op, a, everything, everything), op.ints(even), largest=0, outputs=2)
    return op.Slice(values, [0], [size], [1])


def _epsilon(x: ir.Value) -> float:
    """The gap between 1 and the next number of x's type."""
    assert x.dtype is not None
    return float(np.finfo(x.dtype.numpy()).eps)


def _any(op: Context, x: ir.Value) -> ir.Value:
    return op.cast(op.ReduceMax(op.cast(x, ir.DataType.INT32), keepdims=0), ir.DataType.BOOL)


def singular(op: Context, a: ir.Value) -> tuple[ir.Value, ir.Value, ir.Value]:
    """w, v and s, unordered, of tall matrices a (batch, rows, columns): a v = w, w's columns orthogonal of lengths s."""
    rows, size = _sizes(a)
    even = size + size % 2
    w = op.Pad(a, [0, 0, 0, 0, 0, even - size]) if even > size else a
    v = op.Expand(identity(op, even, even, a.dtype), op.ints((op.dim(a, 0), 1, 1)))
    half, limit = even // 2, 2 * _epsilon(a) * float(np.sqrt(rows))

    def turn(inner: Context, index: ir.Value, w: ir.Value, v: ir.Value, left: ir.Value) -> list[ir.Value]:
        first, second = inner.Slice(w, [0], [half], [2]), inner.Slice(w, [half], [even], [2])
        p, q, mixed = (
            reduce(inner, "ReduceSum", inner.Mul(x, y), [1], keep_dims=True)
            for x, y in ((first, first), (second, second), (first, second))
        )
        cosine, sine = _rotation(inner, p, q, mixed)
        least = inner.Mul(inner.Mul(inner.Sqrt(p), inner.Sqrt(q)), limit)
        left = inner.Or(left, _any(inner, inner.Less(least, inner.Abs(mixed))))
        return [_turned(inner, w, cosine, sine, even, 2), _turned(inner, v, cosine, sine, even, 2), left]

    def sweep(inner: Context, index: ir.Value, w: ir.Value, v: ir.Value) -> list[ir.Value]:
        w, v, left = repeat(inner, even - 1, [w, v, inner.constant(False)], turn)
        return [left, w, v]

    w, v = repeat_while(op, [w, v], sweep, at_most=_MOST_SWEEPS)
    w, v = op.Slice(w, [0], [size], [2]), op.Slice(v, [0, 0], [size, size], [1, 2])
    return w, v, op.Sqrt(reduce(op, "ReduceSum", op.Mul(w, w), [1]))


def singular_values(op: Context, a: ir.Value) -> ir.Value:
    """The singular values of matrices (batch, rows, columns), descending."""
    rows, columns = _sizes(a)
    tall = a if rows >= columns else transposed(op, a)
    _, _, lengths = singular(op, tall)
    return op.TopK(lengths, op.ints(op.dim(lengths, 1)), outputs=2)[0]


def pseudo_solve(op: Context, a: ir.Value, b: ir.Value) -> ir.Value:
    """The shortest x among those that make a x - b shortest, for any rank of a."""
    rows, columns = _sizes(a)
    wide = rows < columns
    w, v, lengths = singular(op, transposed(op, a) if wide else a)
    limit = op.Mul(reduce(op, "ReduceMax", lengths, [1], keep_dims=True), max(rows, columns) * _epsilon(a))
    zero, one = op.constant(0.0, a.dtype), op.constant(1.0, a.dtype)
    used = op.Less(limit, lengths)
    inverse = op.Div(op.Where(used, one, zero), op.Where(used, op.Mul(lengths, lengths), one))
    left, right = (v, w) if wide else (w, v)
    scaled = op.Mul(op.Unsqueeze(inverse, [2]), op.MatMul(transposed(op, left), b))
    return op.MatMul(right, scaled)
