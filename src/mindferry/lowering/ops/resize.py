"""Resizing by interpolation, in MindSpore's coordinate conventions."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.interpolation import Axis, Resampling, Taps, blend, linear, nearest
from mindferry.lowering.registry import lowers

FLOAT = ir.DataType.FLOAT


def _resampling(op: Context, size: Any, count: int, align_corners: bool, half_pixel_centers: bool) -> Resampling:
    """The last `count` numbers of size under MindSpore's pair of flags."""
    if align_corners and half_pixel_centers:
        raise LoweringError("align_corners and half_pixel_centers exclude each other")
    coordinates = "align_corners" if align_corners else "half_pixel" if half_pixel_centers else "asymmetric"
    return Resampling(_sizes(op, size, count), coordinates)


def _sizes(op: Context, size: Any, count: int) -> list[Any]:
    """The new sizes: integers where they are known, else 0-d values."""
    known = op.static(size)
    if known is not None:
        return [int(one) for one in known.ravel()[-count:]]
    if isinstance(size, tuple | list):
        return list(size[-count:])
    return [op.Gather(op.ints(size), place) for place in range(-count, 0)]


@lowers("ResizeNearestNeighbor", "ResizeNearestNeighborV2", "DynamicResizeNearestNeighbor")
def resize_nearest_neighbor(
    op: Context, image: ir.Value, size: Any, align_corners: bool = False, half_pixel_centers: bool = False
) -> ir.Value:
    """The nearest element of an (N, C, H, W) tensor."""
    return nearest(op, image, _resampling(op, size, 2, align_corners, half_pixel_centers))


@lowers("ResizeBilinearV2", "ResizeBilinear")
def resize_bilinear_v2(
    op: Context, image: ir.Value, size: Any, align_corners: bool = False, half_pixel_centers: bool = False
) -> ir.Value:
    """Bilinear interpolation of an (N, C, H, W) tensor."""
    return linear(op, image, _resampling(op, size, 2, align_corners, half_pixel_centers))


_ALIGNED = {"align_corners": True, "half_pixel": False, 1: True, 2: False}
"""coordinate_transformation_mode, as a name or an enum, to whether corners are aligned or else pixels centred."""


@lowers("ResizeLinear1D")
def resize_linear_1d(
    op: Context, x: ir.Value, size: Any, coordinate_transformation_mode: Any = "align_corners"
) -> ir.Value:
    """Linear interpolation of an (N, C, W) tensor."""
    aligned = _ALIGNED[coordinate_transformation_mode]
    how = _resampling(op, (1, *_sizes(op, size, 1)), 2, aligned, not aligned)
    return op.Squeeze(linear(op, op.Unsqueeze(x, [2]), how), [2])


_TABLE = 1024
"""MindSpore rounds the position between two elements to this part of their distance."""


def _cubic_taps(axis: Axis) -> Taps:
    """The four neighbours of each position under the cubic kernel; with centred pixels, without those beyond the edges."""
    floor = np.floor(axis.positions)
    offset = np.rint((axis.positions - floor) * np.float32(_TABLE)) / _TABLE
    centred = axis.coordinates == "half_pixel"
    a = -0.5 if centred else -0.75
    distances = np.stack([1 + offset, offset, 1 - offset, 2 - offset])
    inner = ((a + 2) * distances - (a + 3)) * distances**2 + 1
    outer = ((a * distances - 5 * a) * distances + 8 * a) * distances - 4 * a
    weights = np.where(distances <= 1, inner, outer)
    places = floor.astype(np.int64) + np.arange(-1, 3)[:, None]
    if centred:
        weights = np.where((places >= 0) & (places < axis.old), weights, 0.0)
        weights /= weights.sum(axis=0)
    return Taps(places.clip(0, axis.old - 1), weights.astype(np.float32))


@lowers("ResizeBicubic")
def resize_bicubic(
    op: Context, image: ir.Value, size: Any, align_corners: bool = False, half_pixel_centers: bool = False
) -> ir.Value:
    """Bicubic interpolation of an (N, C, H, W) tensor in float32; positions are rounded to 1/1024."""
    axes = _resampling(op, size, 2, align_corners, half_pixel_centers).axes(image)
    if axes is None:
        raise LoweringError("needs sizes that are known at conversion time")
    taps = [(axis.place, _cubic_taps(axis)) for axis in axes]
    return op.cast(blend(op, op.cast(image, FLOAT), taps), image.dtype)


def _area_taps(axis: Axis) -> Taps:
    """The elements under the cell of each new one, weighted by how much of each it covers, over the cell's size."""
    starts = np.arange(axis.new, dtype=np.float32) * axis.step
    ends = np.arange(1, axis.new + 1, dtype=np.float32) * axis.step
    first = np.floor(starts).astype(np.int64)
    places = first + np.arange(int((np.ceil(ends) - first).max()))[:, None]
    covered = np.maximum(np.minimum(places + 1, ends) - np.maximum(places, starts), 0)
    return Taps(places.clip(0, axis.old - 1), (covered / axis.step).astype(np.float32))


@lowers("ResizeArea")
def resize_area(op: Context, images: ir.Value, size: Any, *, align_corners: bool = False) -> ir.Value:
    """The mean over the cell of each new element of an (N, H, W, C) tensor, in float32."""
    first = op.Transpose(op.cast(images, FLOAT), perm=[0, 3, 1, 2])
    axes = _resampling(op, size, 2, align_corners, False).axes(first)
    if axes is None:
        raise LoweringError("needs sizes that are known at conversion time")
    return op.Transpose(blend(op, first, [(axis.place, _area_taps(axis)) for axis in axes]), perm=[0, 2, 3, 1])


@lowers("ResizeV2")
def resize_v2(
    op: Context, x: ir.Value, roi: Any, scales: Any, sizes: Any, *, coordinate_transformation_mode: str = "half_pixel",
    mode: str = "nearest", cubic_coeff_a: float = -0.75, nearest_mode: str = "floor",
) -> ir.Value:  # fmt: skip
    """Interpolation of an (N, C, H, W) tensor; nearest takes the element in which i times old / new lies."""
    aligned = _ALIGNED[coordinate_transformation_mode.removeprefix("pytorch_")]
    if mode == "nearest":
        return nearest(op, x, _resampling(op, sizes, 2, False, False))
    how = _resampling(op, sizes, 2, aligned, not aligned)
    return linear(op, x, how) if mode == "linear" else how.resize(op, x, "cubic", cubic_coeff_a=cubic_coeff_a)
