"""Distances between vectors."""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir

from mindferry.lowering.context import Context, StaticSizes
from mindferry.lowering.helpers import reduce
from mindferry.lowering.registry import lowers


def p_norm(op: Context, x: ir.Value, axes: list[int], p: float, *, keep_dims: bool = False) -> ir.Value:
    """(sum |x|^p)^(1/p) over axes; for p = 0 how many elements are not 0, for infinite p an extreme of |x|."""
    if p == 0:
        counted = op.cast(op.Not(op.Equal(x, op.cast(0, x.dtype))), x.dtype)
        return reduce(op, "ReduceSum", counted, axes, keep_dims=keep_dims)
    if p in (1, 2):
        return reduce(op, f"ReduceL{int(p)}", x, axes, keep_dims=keep_dims)
    size = op.Abs(x)
    if math.isinf(p):
        return reduce(op, "ReduceMax" if p > 0 else "ReduceMin", size, axes, keep_dims=keep_dims)
    powers = reduce(op, "ReduceSum", op.Pow(size, op.cast(p, x.dtype)), axes, keep_dims=keep_dims)
    return op.Pow(powers, op.cast(1 / p, x.dtype))


@lowers("Cdist")
def cdist(op: Context, x1: ir.Value, x2: ir.Value, *, p: float = 2.0) -> ir.Value:
    """The p-norm distance of every row of x1 (..., P, M) to every row of x2 (..., R, M)."""
    difference = op.Sub(op.Unsqueeze(x1, [-2]), op.Unsqueeze(x2, [-3]))
    return p_norm(op, difference, [op.rank(difference) - 1], p)


@lowers("Pdist")
def pdist(op: Context, x: ir.Value, *, p: float = 2.0) -> ir.Value:
    """The p-norm distance of every pair of rows i < j of x (..., N, M), in the order (0, 1), (0, 2), ..."""
    rows = StaticSizes(x)[-2]
    first, second = np.triu_indices(rows, 1)
    rank = op.rank(x)
    difference = op.Sub(op.Gather(x, first, axis=rank - 2), op.Gather(x, second, axis=rank - 2))
    return p_norm(op, difference, [rank - 1], p)
