"""Values put at places of a tensor: IndexPut, slices, masks, rows, sparse tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.layouts import by_parts
from mindferry.lowering.ops.create import filled
from mindferry.lowering.ops.gather import index_vectors
from mindferry.lowering.ops.join import tensors_of
from mindferry.lowering.ops.shape import reshaped
from mindferry.lowering.ops.slice import numbers_of, sliced
from mindferry.lowering.registry import lowers
from mindferry.lowering.reshaped import changed_axes, free_range
from mindferry.lowering.scattering import scatter_nd


def put(op: Context, x: ir.Value, indices: Any, values: ir.Value, accumulate: Any) -> ir.Value:
    """x[indices] = values, or += values, as in numpy."""
    vectors, axes, rank = index_vectors(op, x, indices)
    rest = [axis for axis in range(op.rank(x)) if axis not in axes]
    order = [*axes, *rest]
    moved = op.Transpose(x, perm=order) if order != sorted(order) else x
    sizes = [op.dim(x, axis) for axis in rest]
    grid = op.Slice(op.Shape(vectors), [0], [rank], [0])
    shape = op.Concat(grid, op.ints(sizes), axis=0) if sizes else grid
    changed = scatter_nd(
        op, moved, vectors, op.Expand(op.cast(values, x.dtype), shape), "add" if accumulate else "none"
    )
    return op.Transpose(changed, perm=list(np.argsort(order))) if order != sorted(order) else changed


@lowers("IndexPut")
@by_parts
def index_put(op: Context, x1: ir.Value, x2: ir.Value, indices: Any, *, accumulate: int = 0) -> ir.Value:
    """x1[indices] = x2, or += x2."""
    return put(op, x1, indices, x2, accumulate)


@lowers("InplaceIndexPut", "InnerInplaceIndexPut", writes=True)
@by_parts
def inplace_index_put(op: Context, input: ir.Value, indices: Any, values: Any, accumulate: Any = False) -> ir.Value:
    """x[indices] = values, or += values, as x's new value."""
    return put(op, input, indices, values, accumulate)


@lowers("InplacePut", writes=True)
@by_parts
def inplace_put(op: Context, input: ir.Value, index: ir.Value, source: ir.Value, accumulate: Any = False) -> ir.Value:
    """The flat tensor's elements at the indices set to source, or increased by it, as x's new value."""
    flat = put(op, op.Reshape(input, [-1]), (op.Reshape(index, [-1]),), op.Reshape(source, [-1]), accumulate)
    return op.Reshape(flat, op.ints(op.shape(input)))


@lowers("TensorCopySlices")
@by_parts
def tensor_copy_slices(op: Context, x: ir.Value, value: Any, begin: Any, end: Any, strides: Any) -> ir.Value:
    """x with x[begin:end:strides] = value."""
    steps = op.integers(strides, "the strides")
    parts = enumerate(zip(numbers_of(op, begin), numbers_of(op, end), steps, strict=True))
    shape, changed = op.shape(x), changed_axes(op, x)
    places = reshaped(op, op.Range(0, op.Size(x), 1), shape)
    chosen = sliced(op, places, {axis: free_range(axis, part, changed) for axis, part in parts})
    updates = op.Reshape(op.Expand(op.cast(value, x.dtype), op.Shape(chosen)), [-1])
    return reshaped(op, scatter_nd(op, op.Reshape(x, [-1]), op.Reshape(chosen, [-1, 1]), updates), shape)


def _rows(op: Context, x: ir.Value, indices: Any, values: ir.Value, how: str) -> ir.Value:
    return scatter_nd(op, x, op.Unsqueeze(op.ints(indices), [-1]), op.cast(values, x.dtype), how)


@lowers("InplaceUpdate")
@by_parts
def inplace_update(op: Context, x: ir.Value, v: ir.Value, *, indices: Any) -> ir.Value:
    """x with the rows of v at the indices."""
    return _rows(op, x, indices, v, "none")


@lowers("InplaceUpdateV2")
@by_parts
def inplace_update_v2(op: Context, x: ir.Value, indices: Any, v: ir.Value) -> ir.Value:
    """x with the rows of v at the indices."""
    return _rows(op, x, indices, v, "none")


@lowers("InplaceAdd")
@by_parts
def inplace_add(op: Context, x: ir.Value, v: ir.Value, *, indices: Any) -> ir.Value:
    """x with the rows of v added at the indices."""
    return _rows(op, x, indices, v, "add")


@lowers("InplaceSub")
@by_parts
def inplace_sub(op: Context, x: ir.Value, v: ir.Value, *, indices: Any) -> ir.Value:
    """x with the rows of v subtracted at the indices."""
    return _rows(op, x, indices, v, "sub")


@lowers("DynamicStitch")
@by_parts
def dynamic_stitch(op: Context, indices: Any, data: Any) -> ir.Value:
    """A tensor whose row i is the last of the data that an index tensor sends to i."""
    places = [op.Reshape(op.cast(item, ir.DataType.INT64), [-1]) for item in tensors_of(op, (indices,))]
    rows = tensors_of(op, (data,))
    depth = op.rank(tensors_of(op, (indices,))[0])
    tail = [op.dim(rows[0], axis) for axis in range(depth, op.rank(rows[0]))]
    flat = op.Concat(*(op.Reshape(row, op.ints([-1, *tail])) for row in rows), axis=0)
    place = op.Concat(*places, axis=0)
    count = op.Add(op.ReduceMax(place, keepdims=0), 1)
    return scatter_nd(op, filled(op, (count, *tail), 0, flat.dtype), op.Unsqueeze(place, [-1]), flat)


def masked_scatter_of(op: Context, x: ir.Value, mask: ir.Value, source: ir.Value) -> ir.Value:
    """x with the elements of source, one after the other, where the mask holds; x and mask are broadcast."""
    x, mask = op.Expand(x, op.Shape(mask)), op.Expand(mask, op.Shape(x))
    flat = op.Reshape(op.cast(mask, ir.DataType.INT64), [-1])
    places = op.Max(op.Sub(op.CumSum(flat, 0), 1), 0)
    last = op.Sub(op.Size(source), 1)
    taken = op.Gather(op.Reshape(op.cast(source, x.dtype), [-1]), op.Min(places, last))
    return op.Where(mask, op.Reshape(taken, op.Shape(x)), x)


@lowers("MaskedScatter")
@by_parts
def masked_scatter(op: Context, input: ir.Value, mask: ir.Value, source: ir.Value) -> ir.Value:
    """x with the elements of source, one after the other, where the mask holds."""
    return masked_scatter_of(op, input, mask, source)


@lowers("InplaceMaskedScatter", writes=True)
@by_parts
def inplace_masked_scatter(op: Context, input: ir.Value, mask: ir.Value, source: ir.Value) -> ir.Value:
    """x with the elements of source, one after the other, where the mask holds, as x's new value."""
    return masked_scatter_of(op, input, mask, source)


@lowers("InplaceMaskedFillScalar", "InplaceMaskedFillTensor", writes=True)
@by_parts
def inplace_masked_fill(op: Context, input: ir.Value, mask: ir.Value, value: Any) -> ir.Value:
    """value where the mask holds, else x, as x's new value."""
    return op.Where(mask, op.cast(value, input.dtype), input)


@lowers("SparseToDense")
@by_parts
def sparse_to_dense(op: Context, indices: ir.Value, values: ir.Value, dense_shape: Any) -> ir.Value:
    """Zeros with the values at the index vectors; values of one place add up."""
    return scatter_nd(op, filled(op, dense_shape, 0, values.dtype), indices, values, "add")


@lowers("SparseToDenseV2")
def sparse_to_dense_v2(
    op: Context, indices: ir.Value, output_shape: Any, values: ir.Value, default_value: Any
) -> ir.Value:
    """A tensor of the default value with the values at the indices or index vectors."""
    depth = op.dim(op.ints(output_shape), 0)
    vectors = op.Reshape(op.cast(indices, ir.DataType.INT64), op.ints([-1, depth]))
    updates = op.Expand(values, op.Slice(op.Shape(vectors), [0], [1], [0]))
    return scatter_nd(op, filled(op, output_shape, default_value, values.dtype), vectors, updates)
