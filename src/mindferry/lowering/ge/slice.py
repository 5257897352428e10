"""Parts of tensors by position, gathering, scattering and padding; the D forms hold positions as attributes."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.layouts import one_axis
from mindferry.lowering.ops import gather, pad, slice
from mindferry.lowering.ops.scatter_elements import scattered
from mindferry.lowering.registry import lowers_ge


@lowers_ge("Slice")
def slice_(op: Context, x: ir.Value, offsets: Any, size: Any) -> ir.Value:
    """size[i] elements from offsets[i] on along axis i; size -1 means the rest."""
    return slice.slice_(op, x, offsets, size)


@lowers_ge("SliceD")
def slice_d(op: Context, x: ir.Value, *, offsets: Any, size: Any) -> ir.Value:
    """size[i] elements from offsets[i] on along axis i; size -1 means the rest."""
    return slice.slice_(op, x, offsets, size)


@lowers_ge("SliceDV2")
def slice_d_v2(op: Context, x: ir.Value, offsets: Any, *, size: Any) -> ir.Value:
    """size[i] elements from offsets[i] on along axis i; size -1 means the rest."""
    return slice.slice_(op, x, offsets, size)


@lowers_ge("StridedSlice")
def strided_slice(
    op: Context, x: ir.Value, begin: Any, end: Any, strides: Any, *, begin_mask: int = 0, end_mask: int = 0,
    ellipsis_mask: int = 0, new_axis_mask: int = 0, shrink_axis_mask: int = 0,
) -> ir.Value:  # fmt: skip
    """x[begin:end:strides, ...] with bit i of a mask about entry i."""
    masks = begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask
    return slice.strided_slice(op, x, begin, end, strides, *masks)


@lowers_ge("StridedSliceD")
def strided_slice_d(
    op: Context, x: ir.Value, *, begin: Any, end: Any, strides: Any, begin_mask: int = 0, end_mask: int = 0,
    ellipsis_mask: int = 0, new_axis_mask: int = 0, shrink_axis_mask: int = 0,
) -> ir.Value:  # fmt: skip
    """x[begin:end:strides, ...] with bit i of a mask about entry i."""
    masks = begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask
    return slice.strided_slice(op, x, begin, end, strides, *masks)


@lowers_ge("StridedSliceV2")
def strided_slice_v2(
    op: Context, x: ir.Value, begin: Any, end: Any, axes: Any = None, strides: Any = None, *, begin_mask: int = 0,
    end_mask: int = 0, ellipsis_mask: int = 0, new_axis_mask: int = 0, shrink_axis_mask: int = 0,
) -> ir.Value:  # fmt: skip
    """x[begin:end:strides] along the axes, which without masks may be any; strides are 1 by default."""
    masks = begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask
    begins = slice.numbers_of(op, begin)
    places = list(range(len(begins))) if axes is None else [
        one_axis(op, axis, op.rank(x)) for axis in op.integers(axes, "the axes")
    ]  # fmt: skip
    steps = [1] * len(begins) if strides is None else op.integers(strides, "the strides")
    if any(masks):
        if places != list(range(len(begins))):
            raise LoweringError(f"masks together with axes {places} have no lowering")
        return slice.strided_slice(op, x, begin, end, tuple(steps), *masks)
    ranges = dict(zip(places, zip(begins, slice.numbers_of(op, end), steps, strict=True), strict=True))
    return slice.sliced(op, x, ranges)


@lowers_ge("StridedSliceV3")
def strided_slice_v3(op: Context, x: ir.Value, begin: Any, end: Any, axes: Any = None, strides: Any = None) -> ir.Value:
    """x[begin:end:strides] along the axes; strides are 1 by default."""
    return strided_slice_v2(op, x, begin, end, axes, strides)


@lowers_ge("Gather")
def gather_(
    op: Context, x: ir.Value, indices: ir.Value, *, batch_dims: int = 0, is_preprocessed: bool = False,
    negative_index_support: bool = False,
) -> ir.Value:  # fmt: skip
    """x at the indices along the first axis behind batch_dims."""
    return _gathered(op, x, indices, batch_dims, batch_dims)


@lowers_ge("GatherV2")
def gather_v2(
    op: Context, x: ir.Value, indices: ir.Value, axis: Any, *, batch_dims: int = 0, is_preprocessed: bool = False,
    negative_index_support: bool = False,
) -> ir.Value:  # fmt: skip
    """x at the indices along an axis."""
    return _gathered(op, x, indices, axis, batch_dims)


@lowers_ge("GatherV2D")
def gather_v2_d(op: Context, x: ir.Value, indices: ir.Value, *, axis: int) -> ir.Value:
    """x at the indices along an axis."""
    return _gathered(op, x, indices, axis, 0)


def _gathered(op: Context, x: ir.Value, indices: ir.Value, axis: Any, batch_dims: int) -> ir.Value:
    """x at the indices; GE's are inside the axis, so nothing replaces what lies outside."""
    if batch_dims:
        return gather.gather(op, x, indices, axis, batch_dims)
    return op.Gather(x, indices, axis=one_axis(op, axis, op.rank(x)))


@lowers_ge("GatherElements")
def gather_elements(op: Context, x: ir.Value, index: ir.Value, *, dim: int = 0) -> ir.Value:
    """x at the index along dim, element by element."""
    return op.GatherElements(x, index, axis=one_axis(op, dim, op.rank(x)))


@lowers_ge("GatherD")
def gather_d(op: Context, x: ir.Value, dim: Any, index: ir.Value) -> ir.Value:
    """x at the index along dim, element by element."""
    return op.GatherElements(x, index, axis=one_axis(op, dim, op.rank(x)))


@lowers_ge("ScatterElements")
def scatter_elements(
    op: Context, data: ir.Value, indices: ir.Value, updates: ir.Value, *, axis: int = 0, reduction: str = "none"
) -> ir.Value:
    """data with each update put, added or multiplied at its index along an axis."""
    if reduction not in ("none", "add", "mul"):
        raise LoweringError(f"reduction {reduction!r} has no lowering; none, add and mul have")
    return scattered(op, data, axis, indices, updates, reduction)


@lowers_ge("ScatterNdUpdate")
def scatter_nd_update(op: Context, var: ir.Value, indices: ir.Value, updates: ir.Value) -> ir.Value:
    """var with slices replaced at the indices, as a new tensor."""
    return op.ScatterND(var, op.cast(indices, ir.DataType.INT64), updates)


def _padded(op: Context, x: ir.Value, paddings: Any, value: Any = None, mode: str = "constant") -> ir.Value:
    pairs = pad.from_first(op, paddings)
    if len(pairs) != op.rank(x):
        raise LoweringError(f"paddings for {len(pairs)} axes do not fit rank {op.rank(x)}")
    return pad.padded(op, x, pairs, mode, value if mode == "constant" else None)


@lowers_ge("Pad")
def pad_(op: Context, x: ir.Value, paddings: Any) -> ir.Value:
    """Zeros around x; paddings is (before, after) per axis."""
    return _padded(op, x, paddings)


@lowers_ge("PadD")
def pad_d(op: Context, x: ir.Value, *, paddings: Any) -> ir.Value:
    """Zeros around x; paddings is (before, after) per axis."""
    return _padded(op, x, paddings)


@lowers_ge("PadV2")
def pad_v2(op: Context, x: ir.Value, paddings: Any, constant_values: ir.Value) -> ir.Value:
    """A constant around x; paddings is (before, after) per axis."""
    return _padded(op, x, paddings, constant_values)


@lowers_ge("PadV2D")
def pad_v2_d(op: Context, x: ir.Value, constant_values: ir.Value, *, paddings: Any) -> ir.Value:
    """A constant around x; paddings is (before, after) per axis."""
    return _padded(op, x, paddings, constant_values)


@lowers_ge("PadV3")
def pad_v3(
    op: Context, x: ir.Value, paddings: Any, constant_values: ir.Value | None = None, *, mode: str = "constant",
    paddings_contiguous: bool = True,
) -> ir.Value:  # fmt: skip
    """x padded by a constant, by reflection or by its edges; paddings is (before, after) per axis, or all before first."""
    if mode not in ("constant", "reflect", "edge"):
        raise LoweringError(f"mode {mode!r} has no lowering; constant, reflect and edge have")
    if not paddings_contiguous:
        flat = op.integers(paddings, "the paddings")
        half = len(flat) // 2
        paddings = tuple(number for pair in zip(flat[:half], flat[half:], strict=True) for number in pair)
    return _padded(op, x, paddings, constant_values, mode)


@lowers_ge("PadV3D")
def pad_v3_d(
    op: Context, x: ir.Value, *, paddings: Any, constant_values: int = 0, mode: str = "constant",
    paddings_contiguous: bool = True,
) -> ir.Value:  # fmt: skip
    """As PadV3."""
    fill = op.cast(constant_values, x.dtype)
    return pad_v3(op, x, paddings, fill, mode=mode, paddings_contiguous=paddings_contiguous)


@lowers_ge("MirrorPad")
def mirror_pad(op: Context, x: ir.Value, paddings: Any, *, mode: str) -> ir.Value:
    """x mirrored at its ends, without (REFLECT) or with (SYMMETRIC) the outermost element."""
    if mode not in ("REFLECT", "SYMMETRIC"):
        raise LoweringError(f"mode {mode!r} is unknown; there are REFLECT and SYMMETRIC")
    return _padded(op, x, paddings, mode=mode.lower())
