"""Sampling at the points of a grid, and the affine grids that describe them."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.dtypes import is_float
from mindferry.lowering.helpers import FLOATS, computed_in
from mindferry.lowering.registry import lowers
from mindferry.lowering.sampling import Pixels, image_index, rounded

_INTERPOLATIONS = {0: "bilinear", 1: "nearest", "bilinear": "bilinear", "nearest": "nearest"}
_PADDINGS = {
    0: "zeros", 1: "border", 2: "reflection", "zeros": "zeros", "border": "border", "reflection": "reflection"
}  # fmt: skip


def _source(op: Context, points: ir.Value, size: Any, padding: str, align_corners: bool) -> ir.Value:
    """Pixel positions of coordinates in [-1, 1], brought inside as the padding says."""
    length = op.value(size, points.dtype)
    ahead = op.Add(points, 1.0)
    where = (
        op.Mul(op.Div(ahead, 2.0), op.Sub(length, 1.0))
        if align_corners
        else op.Div(op.Sub(op.Mul(ahead, length), 1.0), 2.0)
    )
    if padding == "zeros":
        return where
    if padding == "reflection":
        where = _reflected(op, where, length, align_corners)
    return op.Max(op.Min(where, op.Sub(length, 1.0)), op.value(0.0, points.dtype))


def _reflected(op: Context, where: ir.Value, length: ir.Value, align_corners: bool) -> ir.Value:
    """Positions folded back at the edges: at the outer pixels' centres where corners are aligned, else at their borders."""
    low = 0.0 if align_corners else -0.5
    span = op.Sub(length, 1.0) if align_corners else length
    beyond = op.Abs(op.Sub(where, low))
    extra = op.Mod(beyond, span, fmod=1)
    turned = op.Mod(op.Floor(op.Div(beyond, span)), 2.0, fmod=1)
    folded = op.Add(op.Where(op.Equal(turned, 0.0), extra, op.Sub(span, extra)), low)
    return op.Where(op.Equal(span, 0.0), op.value(0.0, where.dtype), folded)


def _sampled(
    op: Context, x: ir.Value, grid: ir.Value, interpolation: str, padding: str, align_corners: bool, *, to_even: bool
) -> ir.Value:
    rank = op.rank(x)
    pixels = Pixels.of(op, x)
    where = [
        _source(op, op.Gather(grid, rank - 3 - axis, axis=-1), size, padding, align_corners)
        for axis, size in enumerate(pixels.sizes)
    ]
    image = image_index(op, op.dim(x, 0), rank - 1)
    if interpolation == "bilinear":
        result = pixels.linear(op, image, where)
    else:
        result = pixels.nearest(op, image, [op.Round(one) if to_even else rounded(op, one) for one in where])
    return op.Transpose(result, perm=[0, rank - 1, *range(1, rank - 1)])


@lowers("GridSampler2D", "GridSampler3D")
def grid_sampler(
    op: Context, input_x: ir.Value, grid: ir.Value, interpolation_mode: Any = "bilinear", padding_mode: Any = "zeros",
    align_corners: bool = False,
) -> ir.Value:  # fmt: skip
    """The (N, C, ...) tensor at the points (x, y[, z]) of a grid.

    The nearest pixel of a half is the one further from zero, in float16 the even one.
    """
    if not is_float(input_x.dtype):
        raise LoweringError(f"samples {input_x.dtype}, which has no ONNX form; floats have one")
    modes = _INTERPOLATIONS[interpolation_mode], _PADDINGS[padding_mode]
    to_even = input_x.dtype == ir.DataType.FLOAT16

    def sampled(x: ir.Value, points: ir.Value) -> ir.Value:
        return _sampled(op, x, points, *modes, align_corners, to_even=to_even)

    return computed_in(op, FLOATS, sampled, input_x, grid)


@lowers("GridSampler2D", since=16)
def grid_sampler_2d_16(
    op: Context, input_x: ir.Value, grid: ir.Value, interpolation_mode: Any = "bilinear", padding_mode: Any = "zeros",
    align_corners: bool = False,
) -> ir.Value:  # fmt: skip
    """One GridSample node for bilinear interpolation; its nearest pixel of a half is not MindSpore's."""
    if _INTERPOLATIONS[interpolation_mode] == "nearest" or input_x.dtype == ir.DataType.DOUBLE:
        return grid_sampler(op, input_x, grid, interpolation_mode, padding_mode, align_corners)
    mode = "bilinear" if op.opset < 20 else "linear"
    return op.GridSample(
        input_x, grid, mode=mode, padding_mode=_PADDINGS[padding_mode], align_corners=int(align_corners)
    )


@lowers("AffineGrid")
def affine_grid(op: Context, theta: ir.Value, output_size: Any, *, align_corners: bool = False) -> ir.Value:
    """The points of a grid of the spatial sizes under each affine matrix, as (N, ..., 2 or 3)."""
    count, _, *sizes = op.integers(output_size, "output_size")
    axes = []
    for size in sizes:
        line = np.linspace(-1.0, 1.0, size) if size > 1 else np.zeros(1)
        axes.append(line if align_corners else line * (size - 1) / size)
    mesh = np.stack([*reversed(np.meshgrid(*axes, indexing="ij")), np.ones(sizes)], axis=-1)
    points = op.constant(mesh.reshape(-1, len(sizes) + 1), ir.DataType.FLOAT)
    matrices = op.Transpose(op.cast(theta, ir.DataType.FLOAT), perm=[0, 2, 1])
    return op.cast(op.Reshape(op.MatMul(points, matrices), [count, *sizes, len(sizes)]), theta.dtype)
