"""Shapes: reshaping, adding, dropping and permuting axes, and asking for sizes."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.ops import shape
from mindferry.lowering.registry import lowers_ge


@lowers_ge("Reshape")
def reshape(op: Context, x: ir.Value, shape_: Any, *, axis: int = 0, num_axes: int = -1) -> ir.Value:
    """The elements in another shape; one -1 stands for what is left."""
    if (axis, num_axes) != (0, -1):
        raise LoweringError(f"axis {axis} with num_axes {num_axes} has no lowering; 0 with -1 has")
    return shape.reshape(op, x, shape_)


@lowers_ge("Flatten")
def flatten(op: Context, x: ir.Value, *, axis: int = 1) -> ir.Value:
    """Two axes: the product of those before `axis`, and of those from it on."""
    return op.Flatten(x, axis=axis)


@lowers_ge("FlattenV2")
def flatten_v2(op: Context, x: ir.Value, *, axis: int = 1, end_axis: int = -1) -> ir.Value:
    """The axes from `axis` up to and with end_axis become one."""
    return shape.flatten_ext(op, x, axis, end_axis)


@lowers_ge("Squeeze", "SqueezeV2")
def squeeze(op: Context, x: ir.Value, *, axis: Any = ()) -> ir.Value:
    """Without the given axes, or without all axes, of size 1."""
    return shape.squeeze(op, x, axis)


@lowers_ge("SqueezeV3")
def squeeze_v3(op: Context, x: ir.Value, axes: Any = None) -> ir.Value:
    """Without the given axes, or without all axes, of size 1."""
    return shape.squeeze(op, x, () if axes is None else tuple(op.integers(axes, "the axes")))


@lowers_ge("Unsqueeze")
def unsqueeze(op: Context, x: ir.Value, *, axes: Any = ()) -> ir.Value:
    """New axes of size 1 at positions of the result."""
    return op.Unsqueeze(x, op.integers(axes, "the axes"))


@lowers_ge("UnsqueezeV2")
def unsqueeze_v2(op: Context, x: ir.Value, *, axis: Any = ()) -> ir.Value:
    """New axes of size 1 at positions of the result."""
    return unsqueeze(op, x, axes=axis)


@lowers_ge("UnsqueezeV3")
def unsqueeze_v3(op: Context, x: ir.Value, axes: Any) -> ir.Value:
    """New axes of size 1 at positions of the result."""
    return unsqueeze(op, x, axes=axes)


@lowers_ge("TransposeD")
def transpose_d(op: Context, x: ir.Value, *, perm: Any) -> ir.Value:
    """The axes in another order."""
    return shape.transpose(op, x, perm)


@lowers_ge("TransData")
def trans_data(op: Context, src: ir.Value, *, src_format: str, dst_format: str, groups: int = 1) -> ir.Value:
    """A tensor in another order of axes; of the layouts of a compiled graph there is no ONNX form."""
    if sorted(src_format) != sorted(dst_format) or len(set(src_format)) != op.rank(src) or not src_format.isalpha():
        raise LoweringError(f"{src_format} to {dst_format} for rank {op.rank(src)} has no lowering")
    return op.Transpose(src, perm=[src_format.index(axis) for axis in dst_format])


def _sizes(op: Context, x: ir.Value, dtype: Any) -> ir.Value:
    return op.cast(op.Shape(x), op.dtype(dtype))


@lowers_ge("Shape")
def shape_(op: Context, x: ir.Value, *, dtype: Any = ir.DataType.INT32) -> ir.Value:
    """The sizes of the axes."""
    return _sizes(op, x, dtype)


@lowers_ge("ShapeN")
def shape_n(op: Context, *x: ir.Value, dtype: Any = ir.DataType.INT32) -> tuple[ir.Value, ...]:
    """The sizes of the axes of each input."""
    return tuple(_sizes(op, one, dtype) for one in x)


@lowers_ge("Size")
def size(op: Context, x: ir.Value, *, dtype: Any = ir.DataType.INT32) -> ir.Value:
    """The number of elements."""
    return op.cast(op.Size(x), op.dtype(dtype))


@lowers_ge("Rank")
def rank(op: Context, x: ir.Value) -> ir.Value:
    """The number of axes."""
    return op.value(op.rank(x), ir.DataType.INT32)
