"""Regions of interest: what they cover of a feature map, pooled or resized to one size."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.helpers import FLOATS, computed_in
from mindferry.lowering.registry import lowers
from mindferry.lowering.repeat import repeat
from mindferry.lowering.sampling import Pixels, rounded

FLOAT, INT64 = ir.DataType.FLOAT, ir.DataType.INT64


def _steps(op: Context, count: Any, dtype: ir.DataType | None) -> ir.Value:
    return op.cast(op.Range(0, op.Reshape(op.value(count, INT64), []), 1), dtype)


@lowers("ROIAlign", since=22)
@lowers("ROIAlign")
def roi_align(
    op: Context, features: ir.Value, rois: ir.Value, *, pooled_height: int, pooled_width: int, spatial_scale: float,
    sample_num: int = 2, roi_end_mode: int = 1,
) -> ir.Value:  # fmt: skip
    """The mean of sample_num x sample_num interpolated points in each cell of regions (image, x0, y0, x1, y1).

    sample_num 0 stands for as many points as a cell is high and wide, rounded down. roi_end_mode 1 counts the end pixel
    as part of the region, 0 makes regions at least one pixel large.
    """

    def aligned(maps: ir.Value, regions: ir.Value) -> ir.Value:
        images, starts, sizes = _regions(op, regions, spatial_scale, roi_end_mode)
        shares = [
            _cell_shares(
                op, _corner(op, starts, axis), _corner(op, sizes, axis), pooled, op.dim(maps, 3 - axis), sample_num
            )
            for axis, pooled in ((1, pooled_height), (0, pooled_width))
        ]
        return _weighted(op, maps, images, *shares)

    return computed_in(op, FLOATS, aligned, features, rois)


@lowers("ROIAlign", since=16)
def roi_align_16(
    op: Context, features: ir.Value, rois: ir.Value, *, pooled_height: int, pooled_width: int, spatial_scale: float,
    sample_num: int = 2, roi_end_mode: int = 1,
) -> ir.Value:  # fmt: skip
    """One RoiAlign node where the number of points is given; its half_pixel mode has regions of any size, half a pixel off.

    Of opset 22 on, runtimes lack RoiAlign.
    """
    if sample_num == 0:
        return roi_align(
            op, features, rois, pooled_height=pooled_height, pooled_width=pooled_width, spatial_scale=spatial_scale,
            sample_num=0, roi_end_mode=roi_end_mode,
        )  # fmt: skip
    shift = 0.5 / spatial_scale

    def aligned(maps: ir.Value, regions: ir.Value) -> ir.Value:
        images, boxes = _parts(op, regions)
        if roi_end_mode:
            boxes = op.Add(boxes, op.value([shift, shift, shift + roi_end_mode, shift + roi_end_mode], boxes.dtype))
        return op.RoiAlign(
            maps, boxes, images, output_height=pooled_height, output_width=pooled_width, sampling_ratio=sample_num,
            spatial_scale=spatial_scale, coordinate_transformation_mode="half_pixel" if roi_end_mode else "output_half_pixel",
        )  # fmt: skip

    return computed_in(op, FLOATS, aligned, features, rois)


def _parts(op: Context, regions: ir.Value) -> tuple[ir.Value, ir.Value]:
    """The int64 image index, and (x0, y0, x1, y1)."""
    images = op.cast(op.Round(op.Gather(regions, 0, axis=1)), INT64)
    return images, op.Gather(regions, [1, 2, 3, 4], axis=1)


def _corner(op: Context, pairs: ir.Value, axis: int) -> ir.Value:
    return op.Gather(pairs, axis, axis=1)


def _regions(op: Context, regions: ir.Value, scale: float, end_mode: int) -> tuple[ir.Value, ir.Value, ir.Value]:
    """The image index, the start (x, y) and the size of regions on the feature map."""
    images, boxes = _parts(op, regions)
    starts = op.Mul(op.Gather(boxes, [0, 1], axis=1), scale)
    ends = op.Mul(op.Add(op.Gather(boxes, [2, 3], axis=1), float(end_mode)), scale)
    sizes = op.Sub(ends, starts)
    return images, starts, sizes if end_mode else op.Max(sizes, op.value(1.0, sizes.dtype))


def _cell_shares(op: Context, start: ir.Value, size: ir.Value, cells: int, length: Any, sample_num: int) -> ir.Value:
    """How much each element of an axis counts in each cell of each region: (regions, cells, length).

    A point counts its two neighbours by nearness, at the edges the edge; one more than a pixel outside counts nothing.
    """
    kind = start.dtype
    start, step = op.Unsqueeze(start, [1, 2]), op.Div(op.Unsqueeze(size, [1, 2]), float(cells))
    count = op.value(float(sample_num), kind) if sample_num else op.Floor(step)
    points = _steps(op, sample_num or op.cast(op.ReduceMax(count, keepdims=0), INT64), kind)
    where = op.Add(op.Add(start, op.Mul(op.Unsqueeze(_steps(op, cells, kind), [1]), step)),
                   op.Div(op.Mul(op.Add(points, 0.5), step), count))  # fmt: skip
    limit = op.value(length, kind)
    counts = op.And(op.GreaterOrEqual(where, -1.0), op.LessOrEqual(where, limit))
    counts = op.And(counts, op.Less(points, count))
    inside = op.Unsqueeze(op.Max(op.Min(where, op.Sub(limit, 1.0)), op.value(0.0, kind)), [3])
    nearness = op.Max(op.Sub(1.0, op.Abs(op.Sub(inside, _steps(op, length, kind)))), op.value(0.0, kind))
    total = op.ReduceSum(op.Where(op.Unsqueeze(counts, [3]), nearness, op.value(0.0, kind)), [2], keepdims=0)
    return op.Div(total, count)


def _weighted(op: Context, maps: ir.Value, images: ir.Value, rows: ir.Value, columns: ir.Value) -> ir.Value:
    """The sum of each region's map under the row and column weights of each cell."""

    def body(inner: Context, turn: ir.Value) -> tuple[ir.Value]:
        one = inner.Gather(maps, inner.Gather(images, turn), axis=0)
        across = inner.Transpose(inner.Gather(columns, turn, axis=0), perm=[1, 0])
        return (inner.MatMul(inner.MatMul(inner.Gather(rows, turn, axis=0), one), across),)

    return repeat(op, op.dim(images, 0), [], body, stacked=1)[0]


@lowers("PSROIPooling")
def ps_roi_pooling(
    op: Context, features: ir.Value, rois: ir.Value, *, spatial_scale: float, group_size: int, output_dim: int
) -> ir.Value:
    """The mean of each cell of regions (image, x0, y0, x1, y1), each cell from a channel of its own; 0 for empty cells.

    The regions are consecutive fives of rois, whatever its shape.
    """

    def pooled(maps: ir.Value, table: ir.Value) -> ir.Value:
        regions = op.Reshape(table, [-1, 5])
        images = op.cast(op.Gather(regions, 0, axis=1), INT64)
        corners = rounded(op, op.Mul(op.Gather(regions, [1, 2, 3, 4], axis=1), spatial_scale))
        rows, columns = (
            _cell_mask(
                op, _corner(op, corners, axis), _corner(op, corners, axis + 2), group_size, op.dim(maps, 3 - axis)
            )
            for axis in (1, 0)
        )
        sizes = [op.dim(maps, axis) for axis in (2, 3)]
        groups = op.Reshape(maps, op.ints([-1, output_dim, group_size, group_size, *sizes]))
        return _cell_means(op, groups, images, rows, columns)

    return computed_in(op, FLOATS, pooled, features, rois)


def _cell_mask(op: Context, start: ir.Value, end: ir.Value, cells: int, length: Any) -> ir.Value:
    """1 for the elements of an axis that are in each cell of each region, else 0: (regions, cells, length)."""
    kind = start.dtype
    start = op.Unsqueeze(start, [1])
    step = op.Div(op.Max(op.Sub(op.Unsqueeze(end, [1]), start), op.value(0.1, kind)), float(cells))
    cell = _steps(op, cells, kind)
    last = op.Sub(op.value(length, kind), 1.0)
    first, behind = (
        op.Unsqueeze(op.Max(op.Min(op.Add(edge, start), last), op.value(0.0, kind)), [2])
        for edge in (op.Floor(op.Mul(cell, step)), op.Ceil(op.Mul(op.Add(cell, 1.0), step)))
    )
    places = _steps(op, length, kind)
    return op.cast(op.And(op.GreaterOrEqual(places, first), op.Less(places, behind)), kind)


def _cell_means(op: Context, groups: ir.Value, images: ir.Value, rows: ir.Value, columns: ir.Value) -> ir.Value:
    """The mean of each cell's map in (N, C, cells, cells, H, W) under its rows and columns."""

    def body(inner: Context, turn: ir.Value) -> tuple[ir.Value]:
        maps = inner.Gather(groups, inner.Gather(images, turn), axis=0)
        down, across = (inner.Gather(mask, turn, axis=0) for mask in (rows, columns))
        mask = inner.Mul(inner.Unsqueeze(down, [1, 3]), inner.Unsqueeze(across, [0, 2]))
        total = inner.ReduceSum(inner.Mul(maps, mask), [3, 4], keepdims=0)
        area = inner.ReduceSum(mask, [2, 3], keepdims=0)
        return (inner.Div(total, inner.Max(area, inner.value(1.0, area.dtype))),)

    return repeat(op, op.dim(images, 0), [], body, stacked=1)[0]


@lowers("CropAndResize")
def crop_and_resize(
    op: Context, image: ir.Value, boxes: ir.Value, box_index: ir.Value, crop_size: Any, *, method: str = "bilinear",
    extrapolation_value: float = 0.0,
) -> ir.Value:  # fmt: skip
    """Boxes (y0, x0, y1, x1), in parts of the (N, H, W, C) image's size less one, resized to crop_size, in float32.

    Points outside the image are extrapolation_value; bilinear_v2 resizes boxes of whole pixels instead.
    """
    pixels = Pixels.of(op, op.cast(image, FLOAT), channels_last=True)
    images = op.Unsqueeze(op.cast(box_index, INT64), [1, 2])
    corners = op.cast(boxes, FLOAT)
    new = op.integers(crop_size, "crop_size")
    if method == "bilinear_v2":
        return _resized_boxes(op, pixels, images, corners, new)
    if method not in ("bilinear", "nearest"):
        raise LoweringError(f"method {method!r} is unknown; there are 'bilinear', 'nearest' and 'bilinear_v2'")
    where = [
        op.Unsqueeze(
            _crop_positions(op, _corner(op, corners, axis), _corner(op, corners, axis + 2), size, new[axis]), [2 - axis]
        )
        for axis, size in enumerate(pixels.sizes)
    ]
    lasts = [op.Sub(op.value(size, FLOAT), 1.0) for size in pixels.sizes]
    within = [
        op.And(op.GreaterOrEqual(one, 0.0), op.LessOrEqual(one, last)) for one, last in zip(where, lasts, strict=True)
    ]
    if method == "bilinear":
        found = pixels.linear(op, images, where)
    else:
        found = pixels.nearest(op, images, [rounded(op, one) for one in where])
    return op.Where(op.Unsqueeze(op.And(*within), [3]), found, extrapolation_value)


def _crop_positions(op: Context, low: ir.Value, high: ir.Value, size: Any, count: int) -> ir.Value:
    """Where `count` points from low to high lie along an axis: (boxes, count); a single one in the middle."""
    last = op.Sub(op.value(size, FLOAT), 1.0)
    low, high = op.Unsqueeze(low, [1]), op.Unsqueeze(high, [1])
    if count == 1:
        return op.Mul(op.Mul(op.Add(low, high), 0.5), last)
    step = op.Div(op.Mul(op.Sub(high, low), last), float(count - 1))
    return op.Add(op.Mul(low, last), op.Mul(_steps(op, count, FLOAT), step))


def _resized_boxes(op: Context, pixels: Pixels, images: ir.Value, corners: ir.Value, new: list[int]) -> ir.Value:
    """Bilinear interpolation within boxes of whole pixels, with centred pixels."""
    sides, shares = [], []
    for axis, size in enumerate(pixels.sizes):
        low, high = (
            op.Unsqueeze(op.cast(op.Mul(_corner(op, corners, side), op.value(size, FLOAT)), INT64), [1])
            for side in (axis, axis + 2)
        )
        last = op.Max(op.Sub(high, low), 0)
        step = op.Div(op.cast(op.Add(last, 1), FLOAT), float(new[axis]))
        where = op.Sub(op.Mul(op.Add(_steps(op, new[axis], FLOAT), 0.5), step), 0.5)
        ends = [op.Max(op.Min(op.cast(edge, INT64), last), 0) for edge in (op.Floor(where), op.Ceil(where))]
        share = op.Sub(where, op.cast(ends[0], FLOAT))
        sides.append([op.Unsqueeze(op.Max(op.Add(low, end), 0), [2 - axis]) for end in ends])
        shares.append(op.Unsqueeze(share, [2 - axis, 3]))
    rows = []
    for row in sides[0]:
        first, second = (pixels.at(op, images, pixels.clipped(op, [row, column])) for column in sides[1])
        rows.append(_mixed(op, first, second, shares[1]))
    return _mixed(op, rows[0], rows[1], shares[0])


def _mixed(op: Context, first: ir.Value, second: ir.Value, share: ir.Value) -> ir.Value:
    return op.Add(op.Mul(first, op.Sub(1.0, share)), op.Mul(second, share))
