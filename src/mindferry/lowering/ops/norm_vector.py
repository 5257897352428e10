"""Norms of vectors, and what scales a tensor by a norm."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.helpers import reduce
from mindferry.lowering.ops.distance import p_norm
from mindferry.lowering.registry import lowers


@lowers("L2Normalize")
def l2_normalize(op: Context, x: ir.Value, *, axis: Any = 0, epsilon: float = 1e-4) -> ir.Value:
    """x / sqrt(max(sum(x^2), epsilon)) over axes."""
    squares = reduce(op, "ReduceSum", op.Mul(x, x), op.axes(x, axis), keep_dims=True)
    return op.Div(x, op.Sqrt(op.Max(squares, op.cast(epsilon, x.dtype))))


@lowers("LRN")
def lrn(
    op: Context, x: ir.Value, *, depth_radius: int = 5, bias: float = 1.0, alpha: float = 1.0, beta: float = 0.5,
    norm_region: str = "ACROSS_CHANNELS",
) -> ir.Value:  # fmt: skip
    """x / (bias + alpha sum(x^2))^beta, the sum over the channels at most depth_radius away."""
    size = 2 * depth_radius + 1
    return op.LRN(x, size=size, alpha=alpha * size, beta=beta, bias=bias)


@lowers("LpNorm")
def lp_norm(
    op: Context, x: ir.Value, *, axis: Any, p: float = 2, keep_dims: bool = False, epsilon: float = 1e-12
) -> ir.Value:
    """max((sum |x|^p)^(1/p), epsilon) over axes."""
    return op.Max(p_norm(op, x, op.axes(x, axis), p, keep_dims=keep_dims), op.cast(epsilon, x.dtype))


@lowers("LpNormV2")
def lp_norm_v2(
    op: Context, x: ir.Value, p: float = 2, dim: Any = None, keepdim: bool = False, epsilon: float = 1e-12
) -> ir.Value:
    """max((sum |x|^p)^(1/p), epsilon) over axes, all of them for None."""
    return lp_norm(op, x, axis=dim, p=p, keep_dims=keepdim, epsilon=epsilon)


@lowers("LinalgVectorNorm", "Norm")
def linalg_vector_norm(
    op: Context, x: ir.Value, ord: float = 2, dim: Any = None, keepdim: bool = False, dtype: Any = None
) -> ir.Value:
    """(sum |x|^ord)^(1/ord) over axes, all of them for None, computed in dtype."""
    x = op.cast(x, op.dtype(dtype) if dtype is not None else op.result_dtype or x.dtype)
    return p_norm(op, x, op.axes(x, dim), ord, keep_dims=keepdim)


@lowers("EuclideanNorm")
def euclidean_norm(op: Context, x: ir.Value, axes: Any, *, keep_dims: bool = False) -> ir.Value:
    """sqrt(sum(x^2)) over axes."""
    return reduce(op, "ReduceL2", x, op.axes(x, axes), keep_dims=keep_dims)


@lowers("Renorm")
def renorm(op: Context, x: ir.Value, *, p: float, dim: int, maxnorm: float) -> ir.Value:
    """Every slice along dim whose p-norm exceeds maxnorm, scaled to it."""
    held = op.cast(x, ir.DataType.FLOAT) if x.dtype == ir.DataType.FLOAT16 else x
    axes = [axis for axis in range(op.rank(x)) if axis != dim % op.rank(x)]
    norm = p_norm(op, held, axes, p, keep_dims=True)
    limit, one = op.cast(maxnorm, held.dtype), op.cast(1, held.dtype)
    scale = op.Where(op.Greater(norm, limit), op.Div(limit, op.Add(norm, op.cast(1e-7, held.dtype))), one)
    return op.cast(op.Mul(held, scale), x.dtype)


@lowers("ClipByNorm")
def clip_by_norm(op: Context, x: ir.Value, clip_norm: ir.Value, *, axis: Any = None) -> ir.Value:
    """x clip_norm / max(|x|, clip_norm) with the 2-norm over axes, in float32."""
    x, clip_norm = op.cast(x, ir.DataType.FLOAT), op.cast(clip_norm, ir.DataType.FLOAT)
    norm = reduce(op, "ReduceL2", x, op.axes(x, axis), keep_dims=True)
    return op.Div(op.Mul(x, clip_norm), op.Max(norm, clip_norm))


@lowers("Centralization")
def centralization(op: Context, x: ir.Value, axes: Any) -> ir.Value:
    """x minus its mean over axes."""
    return op.Sub(x, reduce(op, "ReduceMean", x, op.axes(x, axes), keep_dims=True))
