"""Shapes: reshaping, adding, dropping and permuting axes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.layouts import by_parts, diagonal_of, one_axis
from mindferry.lowering.registry import lowers
from mindferry.lowering.reshaped import changed_axes, free_target, frozen, recorded_shape


def reshaped(op: Context, x: ir.Value, shape: Any) -> ir.Value:
    """x in another shape, whose sizes are known now or at run time; one -1 stands for what is left."""
    sizes = op.static(shape)
    if sizes is None:
        return op.Reshape(x, op.ints(shape), allowzero=1 if op.opset >= 14 else None)
    target = [int(size) for size in sizes.ravel()]
    if 0 not in target:
        return op.Reshape(x, target)
    if -1 in target:
        raise LoweringError(f"shape {target} has both a 0 and a -1")
    return op.Expand(op.value(0, x.dtype), target)


@lowers("Reshape", "View")
@by_parts
def reshape(op: Context, input: ir.Value, shape: Any) -> ir.Value:
    """The elements in another shape; one -1 stands for what is left."""
    literal = op.static(shape)
    free = None if literal is None else free_target(op, input, [int(size) for size in literal.ravel()])
    if free is None:
        return reshaped(op, input, shape)
    target, names = free
    result = reshaped(op, input, target)
    for axis, name in enumerate(names):
        if name is not None and result.shape is not None:
            result.shape[axis] = name
    return result


@lowers("ViewAs")
@by_parts
def view_as(op: Context, input: ir.Value, other: ir.Value) -> ir.Value:
    """The elements in other's shape."""
    return reshaped(op, input, op.shape(other))


@lowers("Flatten")
@by_parts
def flatten(op: Context, input_x: ir.Value) -> ir.Value:
    """All axes but the first become one."""
    return op.Flatten(input_x, axis=1)


@lowers("FlattenExt")
@by_parts
def flatten_ext(op: Context, input: ir.Value, start_dim: Any = 0, end_dim: Any = -1) -> ir.Value:
    """The axes from start_dim up to and with end_dim become one."""
    shape = op.shape(input)
    if not shape:
        return op.Reshape(input, [1])
    start, end = one_axis(op, start_dim, len(shape)), one_axis(op, end_dim, len(shape))
    if start > end:
        raise LoweringError(f"start_dim {start_dim} is behind end_dim {end_dim}")
    merged = shape[start : end + 1]
    size = math.prod(merged) if all(isinstance(one, int) for one in merged) else -1
    return reshaped(op, input, (*shape[:start], size, *shape[end + 1 :]))


@lowers("ExpandDims", "ExpandDimsView", "Unsqueeze")
@by_parts
def expand_dims(op: Context, input_x: ir.Value, axis: Any) -> ir.Value:
    """A new axis of size 1 at a position of the result."""
    return op.Unsqueeze(input_x, op.ints(axis) if op.static(axis) is None else op.integers(axis))


@lowers("Squeeze")
@by_parts
def squeeze(op: Context, input: ir.Value, axis: Any = ()) -> ir.Value:
    """Without those of the given axes, or without an axis of all axes, that have size 1."""
    every, changed = axis is None or axis == (), changed_axes(op, input)
    sizes: Any = recorded_shape(op) if changed else input.shape
    if sizes is None or (every and not all(isinstance(size, int) for size in sizes)):
        return op.Squeeze(input, None if every else op.integers(axis))
    axes = [one for one in op.axes(input, axis) if not isinstance(sizes[one], int) or sizes[one] == 1]
    for one in axes:
        if one in changed:
            raise frozen(one, changed[one], "1, by taking it away")
    return op.Squeeze(input, axes) if axes else input


@lowers("Transpose", "TransposeView")
@by_parts
def transpose(op: Context, input: ir.Value, dims: Any) -> ir.Value:
    """The axes in another order."""
    rank = op.rank(input)
    return op.Transpose(input, perm=[axis % rank for axis in op.integers(dims, "the order of axes")])


@lowers("ConjugateTranspose")
def conjugate_transpose(op: Context, x: Any, perm: Any) -> Any:
    """The complex conjugate with the axes in another order."""
    moved = transpose(op, x, perm)
    return moved if isinstance(moved, ir.Value) else type(moved)(moved.real, op.Neg(moved.imag))


@lowers("TransposeExtView", "TransposeExt")
@by_parts
def transpose_ext_view(op: Context, input: ir.Value, dim0: Any, dim1: Any) -> ir.Value:
    """Two axes exchanged."""
    order = list(range(op.rank(input)))
    if order:
        first, second = one_axis(op, dim0, len(order)), one_axis(op, dim1, len(order))
        order[first], order[second] = order[second], order[first]
    return op.Transpose(input, perm=order)


@lowers("TExt", "T")
@by_parts
def t_ext(op: Context, input: ir.Value) -> ir.Value:
    """A matrix transposed; fewer axes stay."""
    return op.Transpose(input, perm=[1, 0]) if op.rank(input) == 2 else input


@lowers("Contiguous", "Clone", "Copy")
def contiguous(op: Context, input: Any) -> Any:
    """The value itself."""
    return input


@lowers("ViewDtype")
def view_dtype(op: Context, input: ir.Value, dtype: Any) -> ir.Value:
    """The same bits as another type; only between integers of one width, where that is what a cast does."""
    target = op.dtype(dtype)
    if input.dtype == target:
        return input
    assert input.dtype is not None
    if input.dtype.is_integer() and target.is_integer() and input.dtype.bitwidth == target.bitwidth:
        return op.cast(input, target)
    raise LoweringError(f"the bits of {input.dtype} read as {target} have no ONNX form below opset 26")


@lowers("DiagonalView", "Diagonal")
@by_parts
def diagonal_view(op: Context, input: ir.Value, offset: Any = 0, dim1: Any = 0, dim2: Any = 1) -> ir.Value:
    """The diagonal of two axes as a new last axis; a positive offset lies above, a negative one below."""
    rank, (above,) = op.rank(input), op.integers(offset, "the offset")
    return diagonal_of(op, input, above, one_axis(op, dim1, rank), one_axis(op, dim2, rank))


@lowers("AsStrided")
@by_parts
def as_strided(op: Context, input: ir.Value, size: Any, stride: Any, storage_offset: Any = 0) -> ir.Value:
    """Element [i, j, ...] is the flat tensor's at storage_offset + i stride[0] + j stride[1] + ..."""
    for axis, recorded in changed_axes(op, input).items():
        raise frozen(axis, recorded, "the strides of a view")
    sizes, strides = op.integers(size, "the size"), op.integers(stride, "the strides")
    places = np.full(sizes, op.integers(storage_offset, "the offset")[0])
    for axis, (count, step) in enumerate(zip(sizes, strides, strict=True)):
        places += (np.arange(count) * step).reshape(-1, *[1] * (len(sizes) - axis - 1))
    return op.Gather(op.Reshape(input, [-1]), places)
