"""Resizing images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering import resample
from mindferry.lowering.context import Context, StaticSizes
from mindferry.lowering.registry import lowers
from mindferry.lowering.resample import ALIGN_CORNERS, ASYMMETRIC, HALF_PIXEL, rule_of

_RULES = {
    "asymmetric": ASYMMETRIC, "align_corners": ALIGN_CORNERS, "half_pixel": HALF_PIXEL, "pytorch_half_pixel": HALF_PIXEL,
    0: ASYMMETRIC, 1: ALIGN_CORNERS, 2: HALF_PIXEL,
}  # fmt: skip
"""coordinate_transformation_mode as a name or as MindSpore's enum."""


def rule_named(mode: Any) -> str:
    """The coordinate rule of a coordinate_transformation_mode."""
    if mode not in _RULES:
        raise LoweringError(f"coordinate_transformation_mode {mode!r} is unknown")
    return _RULES[mode]


def sizes_of(op: Context, size: Any, count: int) -> list[Any]:
    """The wanted spatial sizes: Python integers where known, else 0-d values."""
    if isinstance(size, ir.Value):
        known = op.static(size)
        if known is None:
            return [op.cast(op.Gather(size, axis), ir.DataType.INT64) for axis in range(count)]
        size = known.ravel().tolist()
    sizes = [
        int(one) if isinstance(one, int | np.integer) else one
        for one in (size if isinstance(size, tuple | list) else [size])
    ]
    if len(sizes) != count:
        raise LoweringError(f"size {size!r} should have {count} numbers")
    return sizes


def resized(
    op: Context,
    x: ir.Value,
    sizes: Sequence[Any],
    *,
    mode: str,
    rule: str,
    factors: Sequence[float] | None = None,
    **more: Any,
) -> ir.Value:
    """One ONNX Resize of channel-first x, with sizes, or with factors where these are what counts."""
    if factors is None:
        wanted = op.ints((op.dim(x, 0), op.dim(x, 1), *sizes))
        return op.Resize(x, None, None, wanted, mode=mode, coordinate_transformation_mode=rule, **more)
    scales = op.constant([1.0, 1.0, *factors], ir.DataType.FLOAT)
    return op.Resize(x, None, scales, mode=mode, coordinate_transformation_mode=rule, **more)


_RESIZABLE = (
    ir.DataType.FLOAT, ir.DataType.FLOAT16, ir.DataType.BFLOAT16, ir.DataType.INT32, ir.DataType.INT8, ir.DataType.UINT8,
)  # fmt: skip
"""What ONNX Runtime's CPU kernel of Resize takes, by itself or after a Cast."""


def resize_nearest(
    op: Context, x: ir.Value, sizes: Sequence[Any], rule: str, factors: Sequence[float] | None = None
) -> ir.Value:
    """Channel-first x with each element copied from the nearest one.

    A Resize where the size of each axis is a multiple of the other one, so that runtimes cannot round differently;
    otherwise a Gather with MindSpore's own indices.
    """
    given = op.shape(x)[2:]
    if rule == ASYMMETRIC and x.dtype in _RESIZABLE and all(map(_multiple, given, sizes)):
        return resized(op, x, sizes, mode="nearest", rule=rule, nearest_mode="floor")
    for axis, (size, count) in enumerate(zip(given, sizes, strict=True)):
        factor = None if factors is None else factors[axis]
        if isinstance(size, int) and isinstance(count, int):
            x = op.Gather(x, resample.nearest(size, count, rule, factor), axis=axis + 2)
        else:
            x = op.Gather(x, resample.nearest_at_run_time(op, size, count, rule, factor), axis=axis + 2)
    return x


def _multiple(size: Any, count: Any) -> bool:
    if not isinstance(size, int) or not isinstance(count, int) or not size or not count:
        return False
    exact = np.arange(count) * size // count
    return (size % count == 0 or count % size == 0) and bool((resample.nearest(size, count, ASYMMETRIC) == exact).all())


def resize_linear(
    op: Context, x: ir.Value, sizes: Sequence[Any], rule: str, factors: Sequence[float] | None = None
) -> ir.Value:
    """Channel-first x, interpolated between its elements along each spatial axis."""
    given = op.shape(x)[2:]
    known = all(isinstance(size, int) for size in (*given, *sizes))
    if factors is not None and known and all(map(_fits, given, sizes, factors)):
        factors = None
    if x.dtype != ir.DataType.DOUBLE and (factors is None or not known):
        return _resize_linear(op, x, sizes, rule, factors)
    for axis, (size, count) in enumerate(zip(given, sizes, strict=True)):
        factor = None if factors is None else factors[axis]
        if isinstance(size, int) and isinstance(count, int):
            x = resample.resample(op, x, axis + 2, resample.linear(size, count, rule, factor))
        else:
            x = resample.linear_at_run_time(op, x, axis + 2, size, count, rule, factor)
    return x


def resize_cubic(
    op: Context, x: ir.Value, sizes: Sequence[Any], rule: str, factors: Sequence[float] | None = None, a: float = -0.75
) -> ir.Value:
    """NCHW x with cubic interpolation along both spatial axes."""
    given = op.shape(x)[2:]
    known = all(isinstance(size, int) for size in (*given, *sizes))
    if factors is not None and known and all(map(_fits, given, sizes, factors)):
        factors = None
    if x.dtype != ir.DataType.DOUBLE and (factors is None or not known):
        return resized(op, x, sizes, mode="cubic", rule=rule, factors=factors, cubic_coeff_a=a)
    if not known:
        raise LoweringError("cubic resizing of float64 needs a static shape")
    for axis, (size, count) in enumerate(zip(given, sizes, strict=True)):
        taps = resample.keys_cubic(size, count, rule, None if factors is None else factors[axis], a)
        x = resample.resample(op, x, axis + 2, taps)
    return x


def _fits(size: int, count: int, factor: float) -> bool:
    """True where a scale factor says no more than the sizes do."""
    return math.isclose(count, size * factor, rel_tol=1e-9)


def _resize_linear(
    op: Context, x: ir.Value, sizes: Sequence[Any], rule: str, factors: Sequence[float] | None
) -> ir.Value:
    if len(sizes) > 1:
        return resized(op, x, sizes, mode="linear", rule=rule, factors=factors)
    plane = op.Unsqueeze(x, [2])
    factors = None if factors is None else [1.0, *factors]
    return op.Squeeze(resized(op, plane, [1, *sizes], mode="linear", rule=rule, factors=factors), [2])


@lowers("ResizeNearestNeighbor", "DynamicResizeNearestNeighbor")
def resize_nearest_neighbor(
    op: Context, x: ir.Value, size: Any, align_corners: bool = False, half_pixel_centers: bool = False
) -> ir.Value:
    """Each element copied from the one at floor(i in / out), with align_corners from the nearest one."""
    return resize_nearest(op, x, sizes_of(op, size, 2), rule_of(align_corners, half_pixel_centers))


@lowers("ResizeNearestNeighborV2")
def resize_nearest_neighbor_v2(
    op: Context, x: ir.Value, size: Any, align_corners: bool = False, half_pixel_centers: bool = False
) -> ir.Value:
    """Each element copied from the one at floor(i in / out), floor((i + 0.5) in / out), or the nearest corner to corner."""
    return resize_nearest(op, x, sizes_of(op, size, 2), rule_of(align_corners, half_pixel_centers))


@lowers("ResizeBilinearV2", "ResizeBilinear")
def resize_bilinear(
    op: Context, x: ir.Value, size: Any, align_corners: bool = False, half_pixel_centers: bool = False
) -> ir.Value:
    """Bilinear interpolation of NCHW x, in the recorded element type."""
    x = op.cast(x, op.result_dtype or x.dtype)
    return resize_linear(op, x, sizes_of(op, size, 2), rule_of(align_corners, half_pixel_centers))


@lowers("ResizeLinear1D")
def resize_linear_1d(
    op: Context, x: ir.Value, size: Any, coordinate_transformation_mode: Any = "align_corners"
) -> ir.Value:
    """Linear interpolation of NCW x."""
    return resize_linear(op, x, sizes_of(op, size, 1), rule_named(coordinate_transformation_mode))


@lowers("ResizeBicubic")
def resize_bicubic(
    op: Context, x: ir.Value, size: Any, align_corners: bool = False, half_pixel_centers: bool = False
) -> ir.Value:
    """Bicubic interpolation of NCHW x with MindSpore's table of weights, in the recorded element type."""
    rule, sizes = rule_of(align_corners, half_pixel_centers), op.integers(size, "the size")
    given, dtype = StaticSizes(x)[2:], op.result_dtype or x.dtype
    x = x if x.dtype == ir.DataType.DOUBLE else op.cast(x, ir.DataType.FLOAT)
    for axis, (before, after) in enumerate(zip(given, sizes, strict=True)):
        x = resample.resample(op, x, axis + 2, resample.cubic(before, after, rule))
    return op.cast(x, dtype)


@lowers("ResizeArea")
def resize_area(op: Context, x: ir.Value, size: Any, *, align_corners: bool = False) -> ir.Value:
    """The mean of what each element of the result covers of NHWC x, in float32."""
    given, sizes = StaticSizes(x)[1:3], op.integers(size, "the size")
    x, rule = op.cast(x, ir.DataType.FLOAT), rule_of(align_corners, False)
    for axis, (before, after) in enumerate(zip(given, sizes, strict=True)):
        x = resample.resample(op, x, axis + 1, resample.area(before, after, rule))
    return x


@lowers("ResizeV2")
def resize_v2(
    op: Context, x: ir.Value, roi: Any, scales: Any, sizes: Any, *, coordinate_transformation_mode: str = "half_pixel",
    mode: str = "nearest", cubic_coeff_a: float = -0.75, nearest_mode: str = "floor",
) -> ir.Value:  # fmt: skip
    """Resizing of NCHW x to sizes (all four axes); nearest is asymmetric, whatever the coordinate mode says."""
    rule, wanted = rule_named(coordinate_transformation_mode), sizes_of(op, sizes, 4)[2:]
    if mode == "nearest":
        return resize_nearest(op, x, wanted, ASYMMETRIC)
    if mode == "linear":
        return resize_linear(op, x, wanted, rule)
    return resize_cubic(op, x, wanted, rule, a=cubic_coeff_a)
