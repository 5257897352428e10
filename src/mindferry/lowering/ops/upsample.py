"""Upsampling by nearest, linear and cubic interpolation to a size or by factors."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.interpolation import Resampling, linear, nearest
from mindferry.lowering.registry import lowers


def _resampling(op: Context, output_size: Any, scales: Any, coordinates: str) -> Resampling:
    if output_size is not None:
        known = op.static(output_size)
        sizes = [int(size) for size in known] if known is not None else list(output_size)
        return Resampling(sizes, coordinates)
    factors = op.static(scales)
    if factors is None:
        raise LoweringError("needs an output_size, or scales that are known at conversion time")
    return Resampling(None, coordinates, [float(factor) for factor in factors])


@lowers("UpsampleNearest1D", "UpsampleNearest2D", "UpsampleNearest3D")
def upsample_nearest(op: Context, x: ir.Value, output_size: Any = None, scales: Any = None) -> ir.Value:
    """The element in which each new position lies, on the axes behind (N, C)."""
    return nearest(op, x, _resampling(op, output_size, scales, "asymmetric"))


@lowers("UpsampleBilinear2D", "UpsampleTrilinear3D")
def upsample_linear(
    op: Context, x: ir.Value, output_size: Any = None, scales: Any = None, align_corners: bool = False
) -> ir.Value:
    """Linear interpolation on the axes behind (N, C)."""
    return linear(op, x, _resampling(op, output_size, scales, "align_corners" if align_corners else "half_pixel"))


@lowers("UpsampleLinear1D")
def upsample_linear_1d(
    op: Context, x: ir.Value, output_size: Any = None, scales: Any = None, align_corners: bool = False
) -> ir.Value:
    """Linear interpolation of an (N, C, W) tensor."""
    plane = op.Unsqueeze(x, [2])
    if output_size is not None:
        output_size = (1, *output_size)
    elif scales is not None:
        scales = (1.0, *scales)
    return op.Squeeze(upsample_linear(op, plane, output_size, scales, align_corners), [2])


@lowers("UpsampleBicubic2D")
def upsample_bicubic_2d(
    op: Context, x: ir.Value, output_size: Any = None, scales: Any = None, align_corners: bool = False
) -> ir.Value:
    """Bicubic interpolation of an (N, C, H, W) tensor by the kernel with a = -0.75."""
    how = _resampling(op, output_size, scales, "align_corners" if align_corners else "half_pixel")
    return how.resize(op, x, "cubic", cubic_coeff_a=-0.75)
