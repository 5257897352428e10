"""Sparse tensors as triples of indices (one row per element), values and shape."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.helpers import reduce
from mindferry.lowering.layouts import split
from mindferry.lowering.ops.create import filled
from mindferry.lowering.ops.gather import indices_of
from mindferry.lowering.ops.slice import numbers_of
from mindferry.lowering.registry import lowers
from mindferry.lowering.scattering import scatter_nd

INT64 = ir.DataType.INT64


def flat_positions(op: Context, indices: ir.Value, shape: Any) -> ir.Value:
    """The position of each index vector in the flat dense tensor, as int64."""
    sizes = numbers_of(op, shape)
    columns = split(op, op.cast(indices, INT64), 1, len(sizes)) if len(sizes) > 1 else (op.cast(indices, INT64),)
    total = op.Reshape(columns[0], [-1])
    for column, size in zip(columns[1:], sizes[1:], strict=True):
        total = op.Add(op.Mul(total, op.value(size, INT64)), op.Reshape(column, [-1]))
    return total


def index_vectors(op: Context, positions: ir.Value, shape: Any) -> ir.Value:
    """The index vectors of flat positions."""
    columns: list[ir.Value] = []
    for size in reversed(numbers_of(op, shape)):
        columns.insert(0, op.Unsqueeze(op.Mod(positions, op.value(size, INT64)), [1]))
        positions = op.Div(positions, op.value(size, INT64))
    return op.Concat(*columns, axis=1)


def ascending(op: Context, keys: ir.Value) -> ir.Value:
    """The order that sorts int64 keys; equal ones keep their order."""
    return op.TopK(keys, op.Shape(keys), axis=0, largest=0, sorted=1, outputs=2)[1]


def matrix_product(
    op: Context, indices: ir.Value, values: ir.Value, rows: Any, dense: ir.Value, *, transposed: bool = False
) -> ir.Value:
    """A sparse matrix, transposed or not, times a dense one; only the stored elements take part."""
    row, column = (op.Gather(indices_of(op, indices), place, axis=1) for place in ((1, 0) if transposed else (0, 1)))
    parts = op.Mul(op.Unsqueeze(values, [1]), op.Gather(dense, column))
    start = filled(op, [rows, op.dim(dense, 1)], 0, dense.dtype)
    return scatter_nd(op, start, op.Unsqueeze(row, [1]), parts, "add")


@lowers("SparseTensorDenseMatmul")
def sparse_tensor_dense_matmul(
    op: Context, indices: ir.Value, values: ir.Value, sparse_shape: Any, dense: ir.Value, *, adjoint_st: bool = False,
    adjoint_dt: bool = False,
) -> ir.Value:  # fmt: skip
    """A sparse matrix times a dense one, either of them transposed first."""
    rows = numbers_of(op, sparse_shape)[1 if adjoint_st else 0]
    right = op.Transpose(dense, perm=[1, 0]) if adjoint_dt else dense
    return matrix_product(op, indices, values, rows, right, transposed=adjoint_st)


@lowers("SparseAddmm")
def sparse_addmm(
    op: Context, indices: ir.Value, values: ir.Value, sparse_shape: Any, x2_dense: ir.Value, x3_dense: ir.Value,
    alpha: ir.Value, beta: ir.Value,
) -> ir.Value:  # fmt: skip
    """alpha x1 x2 + beta x3 with a sparse x1."""
    product = matrix_product(op, indices, values, numbers_of(op, sparse_shape)[0], x2_dense)
    return op.Add(op.Mul(product, op.cast(alpha, product.dtype)), op.Mul(x3_dense, op.cast(beta, product.dtype)))


@lowers("Sspaddmm")
def sspaddmm(
    op: Context, x1_indices: ir.Value, x1_values: ir.Value, x1_shape: ir.Value, x2_indices: ir.Value,
    x2_values: ir.Value, x2_shape: ir.Value, x3_dense: ir.Value, alpha: ir.Value, beta: ir.Value,
) -> tuple[ir.Value, ...]:  # fmt: skip
    """beta x1 + alpha x2 x3 as a sparse matrix: x1's elements, then a row of x3 for each of x2's, unmerged."""
    row, column = (op.cast(op.Gather(x2_indices, place), INT64) for place in (0, 1))
    scaled = op.Mul(op.Unsqueeze(x2_values, [1]), op.Gather(x3_dense, column))
    products = op.Mul(scaled, op.cast(op.Reshape(alpha, []), x3_dense.dtype))
    grid = op.Shape(products)
    columns = op.Range(0, op.value(op.dim(x3_dense, 1)), 1)
    places = [op.Reshape(op.Expand(part, grid), [1, -1]) for part in (op.Unsqueeze(row, [1]), columns)]
    indices = op.Concat(op.cast(x1_indices, INT64), op.Concat(*places, axis=0), axis=1)
    own = op.Mul(x1_values, op.cast(op.Reshape(beta, []), x1_values.dtype))
    return indices, op.Concat(own, op.Reshape(products, [-1]), axis=0), op.cast(x1_shape, INT64)


@lowers("SparseTensorDenseAdd")
def sparse_tensor_dense_add(
    op: Context, x1_indices: ir.Value, x1_values: ir.Value, x1_shape: ir.Value, x2: ir.Value
) -> ir.Value:
    """A dense tensor with the elements of a sparse one added."""
    return scatter_nd(op, x2, x1_indices, x1_values, "add")


def _dense_at(op: Context, indices: ir.Value, shape: Any, dense: ir.Value) -> ir.Value:
    return op.GatherND(op.Expand(dense, op.ints(shape)), op.cast(indices, INT64))


@lowers("SparseDenseCwiseAdd")
def sparse_dense_cwise_add(
    op: Context, x1_indices: ir.Value, x1_values: ir.Value, x1_shape: Any, x2: ir.Value
) -> ir.Value:
    """The values plus the dense elements at their places."""
    return op.Add(x1_values, _dense_at(op, x1_indices, x1_shape, x2))


@lowers("SparseDenseCwiseMul")
def sparse_dense_cwise_mul(
    op: Context, x1_indices: ir.Value, x1_values: ir.Value, x1_shape: Any, x2: ir.Value
) -> ir.Value:
    """The values times the dense elements at their places."""
    return op.Mul(x1_values, _dense_at(op, x1_indices, x1_shape, x2))


@lowers("SparseDenseCwiseDiv")
def sparse_dense_cwise_div(
    op: Context, x1_indices: ir.Value, x1_values: ir.Value, x1_shape: Any, x2: ir.Value
) -> ir.Value:
    """The values over the dense elements at their places."""
    return op.Div(x1_values, _dense_at(op, x1_indices, x1_shape, x2))


@lowers("SparseReorder")
def sparse_reorder(op: Context, indices: ir.Value, values: ir.Value, shape: Any) -> tuple[ir.Value, ir.Value]:
    """The elements in row-major order."""
    order = ascending(op, flat_positions(op, indices, shape))
    return op.Gather(indices, order), op.Gather(values, order)


@lowers("SparseReshape")
def sparse_reshape(op: Context, indices: ir.Value, shape: ir.Value, new_shape: ir.Value) -> tuple[ir.Value, ir.Value]:
    """The index vectors in another shape, and that shape; one -1 in it stands for what is left."""
    total = op.ReduceProd(shape, keepdims=0)
    rest = op.Div(total, op.Abs(op.ReduceProd(new_shape, keepdims=0)))
    target = op.Where(op.Less(new_shape, 0), rest, new_shape)
    return index_vectors(op, flat_positions(op, indices, shape), target), target


@lowers("SparseSlice")
def sparse_slice(
    op: Context, indices: ir.Value, values: ir.Value, shape: ir.Value, start: ir.Value, size: ir.Value
) -> tuple[ir.Value, ...]:
    """The elements between start and start + size, their index vectors counted from start, and the slice's shape."""
    end = op.Min(op.Add(start, size), shape)
    inside = op.And(op.GreaterOrEqual(indices, start), op.Less(indices, end))
    kept = op.cast(reduce(op, "ReduceMin", op.cast(inside, ir.DataType.INT32), [1]), ir.DataType.BOOL)
    moved = op.Sub(op.Compress(indices, kept, axis=0), start)
    return moved, op.Compress(values, kept, axis=0), op.Max(op.Sub(end, start), 0)


@lowers("SparseSoftmax")
def sparse_softmax(op: Context, indices: ir.Value, values: ir.Value, shape: Any) -> ir.Value:
    """Softmax over the stored elements of each row of the last axis."""
    lead = numbers_of(op, shape)[:-1]
    rows = flat_positions(op, op.Slice(indices, [0], [-1], [1]), tuple(lead))
    _, inverse = op.Unique(rows, outputs=3)[::2]
    places = op.Unsqueeze(inverse, [1])
    count = op.Add(op.ReduceMax(inverse, keepdims=0), 1)
    lowest = filled(op, count, float("-inf"), values.dtype)
    shifted = op.Exp(op.Sub(values, op.Gather(scatter_nd(op, lowest, places, values, "max"), inverse)))
    totals = scatter_nd(op, filled(op, count, 0, values.dtype), places, shifted, "add")
    return op.Div(shifted, op.Gather(totals, inverse))


@lowers("SparseFillEmptyRows")
def sparse_fill_empty_rows(
    op: Context, indices: ir.Value, values: ir.Value, dense_shape: Any, default_value: ir.Value
) -> tuple[ir.Value, ...]:
    """A default in the first column of each empty row; which rows were empty; where each element went."""
    count = numbers_of(op, dense_shape)[0]
    row = op.Gather(indices, 0, axis=1)
    ones = op.Expand(op.value(1), op.Shape(row))
    sizes = scatter_nd(op, filled(op, count, 0, INT64), op.Unsqueeze(row, [1]), ones, "add")
    empty = op.Equal(sizes, 0)
    new = op.Transpose(op.NonZero(op.cast(empty, ir.DataType.INT32)), perm=[1, 0])
    width = op.dim(indices, 1)
    added = op.Pad(new, op.ints([0, 0, 0, width - 1])) if width > 1 else new
    rows = op.Concat(indices, added, axis=0)
    fill = op.Expand(op.Reshape(op.cast(default_value, values.dtype), []), op.Slice(op.Shape(new), [0], [1], [0]))
    order = ascending(op, op.Gather(rows, 0, axis=1))
    places = scatter_nd(op, order, op.Unsqueeze(order, [1]), op.Range(0, op.Size(order), 1))
    moved = op.Slice(places, [0], op.Shape(row), [0])
    return op.Gather(rows, order), op.Gather(op.Concat(values, fill, axis=0), order), empty, moved


def _merged(
    op: Context, operator: str, one: tuple[ir.Value, ir.Value, Any], other: tuple[ir.Value, ir.Value, Any]
) -> tuple[ir.Value, ir.Value]:
    (indices, values, shape), (more_indices, more_values, _) = one, other
    keys = op.Concat(flat_positions(op, indices, shape), flat_positions(op, more_indices, shape), axis=0)
    found, _, inverse = op.Unique(keys, sorted=1, outputs=3)
    nothing = filled(op, op.Shape(found), 0, values.dtype)
    first = op.Slice(inverse, [0], op.Shape(values), [0])
    second = op.Slice(inverse, op.Shape(values), [2**63 - 1], [0])
    sides = [
        scatter_nd(op, nothing, op.Unsqueeze(places, [1]), part)
        for places, part in ((first, values), (second, more_values))
    ]
    return index_vectors(op, found, shape), getattr(op, operator)(*sides)


@lowers("SparseSparseMaximum")
def sparse_sparse_maximum(
    op: Context, x1_indices: ir.Value, x1_values: ir.Value, x1_shape: Any, x2_indices: ir.Value, x2_values: ir.Value,
    x2_shape: Any,
) -> tuple[ir.Value, ir.Value]:  # fmt: skip
    """The larger element wherever one of two sparse tensors has one; a missing one counts as 0."""
    return _merged(op, "Max", (x1_indices, x1_values, x1_shape), (x2_indices, x2_values, x2_shape))


@lowers("SparseSparseMinimum")
def sparse_sparse_minimum(
    op: Context, x1_indices: ir.Value, x1_values: ir.Value, x1_shape: Any, x2_indices: ir.Value, x2_values: ir.Value,
    x2_shape: Any,
) -> tuple[ir.Value, ir.Value]:  # fmt: skip
    """The smaller element wherever one of two sparse tensors has one; a missing one counts as 0."""
    return _merged(op, "Min", (x1_indices, x1_values, x1_shape), (x2_indices, x2_values, x2_shape))


@lowers("Coalesce")
def coalesce(
    op: Context, x_indices: ir.Value, x_values: ir.Value, x_shape: ir.Value
) -> tuple[ir.Value, ir.Value, ir.Value]:
    """The elements in row-major order, those of one place added up; index vectors are columns here."""
    keys = flat_positions(op, op.Transpose(x_indices, perm=[1, 0]), x_shape)
    found, _, inverse = op.Unique(keys, sorted=1, outputs=3)
    totals = scatter_nd(op, filled(op, op.Shape(found), 0, x_values.dtype), op.Unsqueeze(inverse, [1]), x_values, "add")
    return op.Transpose(index_vectors(op, found, x_shape), perm=[1, 0]), totals, op.Identity(x_shape)
