"""Upsampling to a size or by a factor."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.ops.resize import resize_cubic, resize_linear, resize_nearest, sizes_of
from mindferry.lowering.registry import lowers
from mindferry.lowering.resample import ALIGN_CORNERS, ASYMMETRIC, HALF_PIXEL


def target(op: Context, x: ir.Value, output_size: Any, scales: Any, count: int) -> tuple[list[Any], list[float] | None]:
    """The spatial sizes, and the factors where these were given; exactly one of the two arguments is."""
    if output_size not in (None, ()):
        return sizes_of(op, output_size, count), None
    factors = [float(one) for one in scales] if isinstance(scales, tuple | list) else None
    if factors is None or len(factors) != count:
        raise LoweringError(f"scales {scales!r} should be {count} numbers that are known at conversion time")
    sizes: list[Any] = []
    for size, factor in zip(op.shape(x)[2:], factors, strict=True):
        if isinstance(size, int):
            sizes.append(math.floor(size * factor))
        else:
            scaled = op.Floor(op.Mul(op.cast(size, ir.DataType.FLOAT), factor))
            sizes.append(op.cast(scaled, ir.DataType.INT64))
    return sizes, factors


def _upsample(
    op: Context, x: ir.Value, output_size: Any, scales: Any, rule: str,
    resize: Callable[[Context, ir.Value, Sequence[Any], str, Sequence[float] | None], ir.Value],
) -> ir.Value:  # fmt: skip
    sizes, factors = target(op, x, output_size, scales, op.rank(x) - 2)
    return resize(op, x, sizes, rule, None if rule == ALIGN_CORNERS else factors)


@lowers("UpsampleNearest1D", "UpsampleNearest2D", "UpsampleNearest3D")
def upsample_nearest(op: Context, x: ir.Value, output_size: Any = None, scales: Any = None) -> ir.Value:
    """Each element copied from the one at floor(i / factor)."""
    return _upsample(op, x, output_size, scales, ASYMMETRIC, resize_nearest)


@lowers("UpsampleLinear1D", "UpsampleBilinear2D", "UpsampleTrilinear3D")
def upsample_linear(
    op: Context, x: ir.Value, output_size: Any = None, scales: Any = None, align_corners: bool = False
) -> ir.Value:
    """Linear interpolation along each spatial axis, from corner to corner or between the centres of elements."""
    return _upsample(op, x, output_size, scales, ALIGN_CORNERS if align_corners else HALF_PIXEL, resize_linear)


@lowers("UpsampleBicubic2D")
def upsample_bicubic_2d(
    op: Context, x: ir.Value, output_size: Any = None, scales: Any = None, align_corners: bool = False
) -> ir.Value:
    """Cubic interpolation along both spatial axes, from corner to corner or between the centres of elements."""
    return _upsample(op, x, output_size, scales, ALIGN_CORNERS if align_corners else HALF_PIXEL, resize_cubic)
