"""Images: resizing, blocks of space, sampling at points, regions of interest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.ge.equal import primitive
from mindferry.lowering.ge.layouts import channel_first_only, is_last, recorded
from mindferry.lowering.helpers import channels_first, channels_last
from mindferry.lowering.ops import resize, space
from mindferry.lowering.registry import lowers_ge


def _as_recorded(op: Context, x: ir.Value, function: Callable[[ir.Value], ir.Value]) -> ir.Value:
    """function of channel-first x, which the file may record as NHWC."""
    return channels_last(op, function(channels_first(op, x))) if recorded(op, 0) == "NHWC" else function(x)


@lowers_ge("ResizeNearestNeighborV2")
def resize_nearest_neighbor_v2(
    op: Context, x: ir.Value, size: Any, *, align_corners: bool = False, half_pixel_centers: bool = False
) -> ir.Value:
    """Each element copied from the one at floor(i in / out), floor((i + 0.5) in / out), or the nearest corner to corner."""
    rules = align_corners, half_pixel_centers
    return _as_recorded(op, x, lambda x: resize.resize_nearest_neighbor_v2(op, x, size, *rules))


@lowers_ge("ResizeNearestNeighborV2D")
def resize_nearest_neighbor_v2_d(
    op: Context, x: ir.Value, *, size: Any, align_corners: bool = False, half_pixel_centers: bool = False
) -> ir.Value:
    """As ResizeNearestNeighborV2."""
    return resize_nearest_neighbor_v2(
        op, x, size, align_corners=align_corners, half_pixel_centers=half_pixel_centers
    )  # fmt: skip


@lowers_ge("ResizeBilinearV2")
def resize_bilinear_v2(
    op: Context, x: ir.Value, size: Any, *, align_corners: bool = False, half_pixel_centers: bool = False,
    dtype: Any = ir.DataType.FLOAT,
) -> ir.Value:  # fmt: skip
    """Bilinear interpolation, in the given element type."""
    rules, kind = (align_corners, half_pixel_centers), op.dtype(dtype)
    return _as_recorded(
        op, x, lambda x: op.cast(resize.resize_bilinear(op, op.cast(x, kind), size, *rules), kind)
    )  # fmt: skip


@lowers_ge("ResizeBilinearV2D")
def resize_bilinear_v2_d(
    op: Context, x: ir.Value, *, size: Any, align_corners: bool = False, half_pixel_centers: bool = False
) -> ir.Value:
    """As ResizeBilinearV2, in x's element type."""
    return resize_bilinear_v2(
        op, x, size, align_corners=align_corners, half_pixel_centers=half_pixel_centers, dtype=x.dtype
    )  # fmt: skip


def _given(op: Context, item: Any) -> Any:
    """The item, or None where it is empty."""
    if item is None:
        return None
    known = op.static(item)
    return None if known is not None and known.size == 0 else item


@lowers_ge("Resize")
def resize_(
    op: Context, x: ir.Value, roi: Any = None, scales: Any = None, sizes: Any = None, *,
    coordinate_transformation_mode: str = "half_pixel", cubic_coeff_a: float = -0.75, exclude_outside: int = 0,
    extrapolation_value: float = 0.0, mode: str = "nearest", nearest_mode: str = "round_prefer_floor",
) -> ir.Value:  # fmt: skip
    """One ONNX Resize, whose definition GE's has."""
    factors, wanted = _given(op, scales), _given(op, sizes)
    cropped = coordinate_transformation_mode == "tf_crop_and_resize"
    return op.Resize(
        x, roi if cropped else None, None if wanted is not None else factors,
        None if wanted is None else op.ints(wanted), mode=mode, cubic_coeff_a=cubic_coeff_a,
        exclude_outside=exclude_outside, extrapolation_value=extrapolation_value, nearest_mode=nearest_mode,
        coordinate_transformation_mode=coordinate_transformation_mode,
    )  # fmt: skip


@lowers_ge("Upsample")
def upsample(op: Context, x: ir.Value, *, scale: float = 1.0, stride_h: int = 2, stride_w: int = 2) -> ir.Value:
    """Each pixel of NCHW x repeated stride_h by stride_w times, and times scale."""
    channel_first_only(op, x)
    factors = op.constant([1.0, 1.0, float(stride_h), float(stride_w)])
    steps = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    y = op.Resize(x, None, factors, mode="nearest", **steps)
    return y if scale == 1.0 else op.Mul(y, op.cast(scale, x.dtype))


@lowers_ge("DepthToSpace")
def depth_to_space(
    op: Context, x: ir.Value, *, block_size: int, mode: str = "DCR", data_format: str = "NHWC"
) -> ir.Value:
    """Groups of channels become block_size x block_size squares of space; mode orders depth before column and row."""
    last = is_last(data_format)
    held = channels_first(op, x) if last else x
    y = (
        space.depth_to_space(op, held, block_size=block_size)
        if mode == "DCR"
        else op.DepthToSpace(held, blocksize=block_size, mode=mode)
    )
    return channels_last(op, y) if last else y


@lowers_ge("SpaceToDepth")
def space_to_depth(op: Context, x: ir.Value, *, block_size: int, data_format: str = "NHWC") -> ir.Value:
    """block_size x block_size squares of space become groups of channels."""
    last = is_last(data_format)
    y = space.space_to_depth(op, channels_first(op, x) if last else x, block_size=block_size)
    return channels_last(op, y) if last else y


@lowers_ge("ShuffleChannel")
def shuffle_channel(op: Context, x: ir.Value, *, group: int = 1) -> ir.Value:
    """The channels (axis 1) as a table of `group` rows, read by columns."""
    sizes = [op.dim(x, axis) for axis in range(op.rank(x))]
    table = op.Reshape(x, op.ints([sizes[0], group, -1, *sizes[2:]]))
    moved = op.Transpose(table, perm=[0, 2, 1, *range(3, len(sizes) + 1)])
    return op.Reshape(moved, op.ints([sizes[0], -1, *sizes[2:]]))


@lowers_ge("GridSampler2D", "GridSampler3D")
def grid_sampler(
    op: Context, x: ir.Value, grid: ir.Value, *, interpolation_mode: str = "bilinear", padding_mode: str = "zeros",
    align_corners: bool = False,
) -> ir.Value:  # fmt: skip
    """The channel-first x at the points (x, y[, z]) of a grid."""
    name = f"GridSampler{op.rank(x) - 2}D"
    return primitive(op, name, x, grid, interpolation_mode, padding_mode, align_corners)


@lowers_ge("ROIAlign")
def roi_align(
    op: Context, features: ir.Value, rois: ir.Value, rois_n: Any = None, *, spatial_scale: float, pooled_height: int,
    pooled_width: int, sample_num: int = 2, roi_end_mode: int = 1, pool_mode: str = "avg",
) -> ir.Value:  # fmt: skip
    """The mean of sample_num x sample_num interpolated points in each cell of regions (image, x0, y0, x1, y1)."""
    channel_first_only(op, features)
    if pool_mode != "avg" or sample_num == 0 or roi_end_mode not in (0, 1):
        raise LoweringError(
            f"pool_mode {pool_mode!r} with sample_num {sample_num} and roi_end_mode {roi_end_mode} has no lowering; "
            "avg with a sample_num above 0 and roi_end_mode 0 or 1 has"
        )
    return primitive(
        op, "ROIAlign", features, rois, pooled_height=pooled_height, pooled_width=pooled_width,
        spatial_scale=spatial_scale, sample_num=sample_num, roi_end_mode=roi_end_mode,
    )  # fmt: skip


@lowers_ge("CropAndResize")
def crop_and_resize(
    op: Context, x: ir.Value, boxes: ir.Value, box_index: ir.Value, crop_size: Any, *, extrapolation_value: float = 0.0,
    method: str = "bilinear",
) -> ir.Value:  # fmt: skip
    """Boxes (y0, x0, y1, x1), in parts of the NHWC image's size less one, resized to crop_size."""
    if recorded(op, 0) == "NCHW":
        raise LoweringError("its image has the layout NCHW; NHWC has a lowering")
    return primitive(
        op, "CropAndResize", x, boxes, box_index, crop_size, method=method, extrapolation_value=extrapolation_value
    )


@lowers_ge("CropAndResizeD")
def crop_and_resize_d(
    op: Context, x: ir.Value, boxes: ir.Value, box_index: ir.Value, *, crop_size: Any, extrapolation_value: float = 0.0,
    method: str = "bilinear",
) -> ir.Value:  # fmt: skip
    """As CropAndResize."""
    return crop_and_resize(
        op, x, boxes, box_index, crop_size, extrapolation_value=extrapolation_value, method=method
    )  # fmt: skip
