"""Sparse matrices in compressed rows, and ragged tensors.

A matrix, or a batch of them, is five tensors: the dense shape, batch pointers (where each matrix's elements start, and the
end), row pointers (the same for each matrix's rows, counted from its own start), column indices and values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.layouts import split
from mindferry.lowering.ops.create import filled
from mindferry.lowering.ops.sparse import ascending, matrix_product
from mindferry.lowering.registry import lowers
from mindferry.lowering.scattering import scatter_nd

INT64 = ir.DataType.INT64
Matrix = tuple[ir.Value, ir.Value, ir.Value, ir.Value, ir.Value]


def _rank(op: Context, dense_shape: ir.Value) -> int:
    """2, or 3 for a batch."""
    length = op.dim(dense_shape, 0)
    if length not in (2, 3):
        raise LoweringError(f"needs a dense shape of 2 or 3 sizes, got one of shape {dense_shape.shape}")
    return int(length)


def _numbers(op: Context, x: ir.Value) -> ir.Value:
    return op.Range(0, op.Size(x), 1)


def _owner(op: Context, pointers: ir.Value, numbers: ir.Value) -> tuple[ir.Value, ir.Value]:
    """For each element number, which range between the pointers it is in, and its distance from that range's start."""
    pointers = op.cast(pointers, INT64)
    owner = _passed(op, op.Unsqueeze(pointers, [0]), numbers)
    return owner, op.Sub(numbers, op.Gather(pointers, owner))


def _passed(op: Context, pointers: ir.Value, numbers: ir.Value) -> ir.Value:
    """How many ranges end at or before each number; each has its own row of pointers, or all have one."""
    ends = op.Slice(op.cast(pointers, INT64), [1], [2**63 - 1], [1])
    passed = op.LessOrEqual(ends, op.Unsqueeze(numbers, [1]))
    return op.Reshape(op.ReduceSum(op.cast(passed, INT64), [1], keepdims=0), [-1])


def _places(op: Context, x: Matrix) -> tuple[ir.Value, ir.Value, ir.Value]:
    """Each element's matrix in the batch, row and column, as int64."""
    _, batch_pointers, row_pointers, columns, _ = x
    batch, local = _owner(op, batch_pointers, _numbers(op, columns))
    grid = op.Reshape(row_pointers, op.Concat(op.Sub(op.Shape(batch_pointers), 1), op.ints([-1]), axis=0))
    return batch, _passed(op, op.Gather(grid, batch), local), op.cast(columns, INT64)


def _columns(op: Context, *parts: ir.Value) -> ir.Value:
    """Rows of which each part is a column."""
    return op.Concat(*(op.Unsqueeze(part, [1]) for part in parts), axis=1)


def _indices(op: Context, x: Matrix) -> ir.Value:
    """Each element's index vector."""
    places = _places(op, x)
    return _columns(op, *places[3 - _rank(op, x[0]) :])


def _sizes(op: Context, dense_shape: ir.Value) -> tuple[ir.Value, ir.Value, ir.Value]:
    """The number of matrices, rows and columns."""
    sizes = split(op, op.cast(dense_shape, INT64), 0, _rank(op, dense_shape))
    scalars = [op.Reshape(size, []) for size in sizes]
    batches, rows, columns = scalars if len(scalars) == 3 else (op.value(1, INT64), *scalars)
    return batches, rows, columns


def _compressed(
    op: Context, dense_shape: ir.Value, places: Sequence[ir.Value], values: ir.Value, dtype: ir.DataType | None
) -> Matrix:
    """The five tensors of elements in row-major order."""
    batch, row, column = places
    batches, rows, _ = _sizes(op, dense_shape)
    table = op.Concat(op.Reshape(batches, [1]), op.Reshape(rows, [1]), axis=0)
    ones = op.Expand(op.value(1, INT64), op.Shape(column))
    counts = scatter_nd(op, filled(op, table, 0, INT64), _columns(op, batch, row), ones, "add")
    row_ends = op.CumSum(counts, op.value(1, INT64))
    batch_ends = op.CumSum(op.ReduceSum(counts, [1], keepdims=0), op.value(0, INT64))
    row_pointers = op.Reshape(op.Pad(row_ends, op.ints([0, 1, 0, 0])), [-1])
    batch_pointers = op.Pad(batch_ends, op.ints([1, 0]))
    outputs = (dense_shape, batch_pointers, row_pointers, column)
    shape, *pointers = (op.cast(one, dtype) for one in outputs)
    return op.Identity(shape), pointers[0], pointers[1], pointers[2], values


def _apart(op: Context, indices: ir.Value, rank: int) -> tuple[ir.Value, ir.Value, ir.Value]:
    """Index vectors as batch, row and column."""
    parts = [op.Reshape(part, [-1]) for part in split(op, op.cast(indices, INT64), 1, rank)]
    if rank == 2:
        parts.insert(0, op.Mul(parts[0], 0))
    return parts[0], parts[1], parts[2]


@lowers("SparseTensorToCSRSparseMatrix")
def sparse_tensor_to_csr_sparse_matrix(
    op: Context, x_indices: ir.Value, x_values: ir.Value, x_dense_shape: ir.Value
) -> Matrix:
    """Elements in row-major order, compressed."""
    places = _apart(op, x_indices, _rank(op, x_dense_shape))
    return _compressed(op, x_dense_shape, places, op.Identity(x_values), x_indices.dtype)


@lowers("DenseToCSRSparseMatrix")
def dense_to_csr_sparse_matrix(op: Context, dense_input: ir.Value, indices: ir.Value) -> Matrix:
    """The elements of a dense tensor at index vectors in row-major order, compressed."""
    places = _apart(op, indices, op.rank(dense_input))
    values = op.GatherND(dense_input, op.cast(indices, INT64))
    return _compressed(op, op.Shape(dense_input), places, values, indices.dtype)


@lowers("SparseMatrixNNZ")
def sparse_matrix_nnz(
    op: Context, x_dense_shape: ir.Value, x_batch_pointers: ir.Value, x_row_pointers: ir.Value,
    x_col_indices: ir.Value, x_values: ir.Value,
) -> ir.Value:  # fmt: skip
    """How many elements each matrix has."""
    ends = op.Slice(x_batch_pointers, [1], [2**63 - 1], [0])
    return op.cast(op.Sub(ends, op.Slice(x_batch_pointers, [0], [-1], [0])), ir.DataType.INT32)


@lowers("CSRSparseMatrixToDense")
def csr_sparse_matrix_to_dense(
    op: Context, x_dense_shape: ir.Value, x_batch_pointers: ir.Value, x_row_pointers: ir.Value,
    x_col_indices: ir.Value, x_values: ir.Value,
) -> ir.Value:  # fmt: skip
    """The dense matrices."""
    indices = _indices(op, (x_dense_shape, x_batch_pointers, x_row_pointers, x_col_indices, x_values))
    return scatter_nd(op, filled(op, op.cast(x_dense_shape, INT64), 0, x_values.dtype), indices, x_values)


@lowers("CSRSparseMatrixToSparseTensor")
def csr_sparse_matrix_to_sparse_tensor(
    op: Context, x_dense_shape: ir.Value, x_batch_pointers: ir.Value, x_row_pointers: ir.Value,
    x_col_indices: ir.Value, x_values: ir.Value,
) -> tuple[ir.Value, ir.Value, ir.Value]:  # fmt: skip
    """Index vectors, values and dense shape."""
    indices = _indices(op, (x_dense_shape, x_batch_pointers, x_row_pointers, x_col_indices, x_values))
    return op.cast(indices, x_col_indices.dtype), op.Identity(x_values), op.Identity(x_dense_shape)


@lowers("SparseMatrixTranspose")
def sparse_matrix_transpose(
    op: Context, x_dense_shape: ir.Value, x_batch_pointers: ir.Value, x_row_pointers: ir.Value,
    x_col_indices: ir.Value, x_values: ir.Value, *, conjugate: bool = False,
) -> Matrix:  # fmt: skip
    """Each matrix transposed; of real elements, `conjugate` changes nothing."""
    x = (x_dense_shape, x_batch_pointers, x_row_pointers, x_col_indices, x_values)
    batch, row, column = _places(op, x)
    _, rows, columns = _sizes(op, x_dense_shape)
    order = ascending(op, op.Add(op.Mul(op.Add(op.Mul(batch, columns), column), rows), row))
    rank = _rank(op, x_dense_shape)
    shape = op.Gather(x_dense_shape, op.ints([*range(rank - 2), rank - 1, rank - 2]))
    places = [op.Gather(part, order) for part in (batch, column, row)]
    return _compressed(op, shape, places, op.Gather(x_values, order), x_col_indices.dtype)


@lowers("SparseMatrixSoftmax")
def sparse_matrix_softmax(
    op: Context, x_dense_shape: ir.Value, x_batch_pointers: ir.Value, x_row_pointers: ir.Value,
    x_col_indices: ir.Value, x_values: ir.Value, *, dtype: Any,
) -> Matrix:  # fmt: skip
    """Softmax over the stored elements of each row."""
    x = (x_dense_shape, x_batch_pointers, x_row_pointers, x_col_indices, x_values)
    batch, row, _ = _places(op, x)
    batches, rows, _ = _sizes(op, x_dense_shape)
    line, count = op.Add(op.Mul(batch, rows), row), op.Reshape(op.Mul(batches, rows), [1])
    places = op.Unsqueeze(line, [1])
    highest = scatter_nd(op, filled(op, count, float("-inf"), x_values.dtype), places, x_values, "max")
    parts = op.Exp(op.Sub(x_values, op.Gather(highest, line)))
    totals = scatter_nd(op, filled(op, count, 0, x_values.dtype), places, parts, "add")
    shape, *pointers = (op.Identity(one) for one in x[:4])
    return shape, pointers[0], pointers[1], pointers[2], op.Div(parts, op.Gather(totals, line))


@lowers("SparseMatrixMatMul")
def sparse_matrix_mat_mul(
    op: Context, x1_dense_shape: ir.Value, x1_batch_pointers: ir.Value, x1_row_pointers: ir.Value,
    x1_col_indices: ir.Value, x1_values: ir.Value, x2_dense: ir.Value, *, transpose_x1: bool = False,
    transpose_x2: bool = False, adjoint_x1: bool = False, adjoint_x2: bool = False, transpose_output: bool = False,
    conjugate_output: bool = False,
) -> ir.Value:  # fmt: skip
    """Sparse matrices times dense ones; of real elements, adjoint is transposed and conjugating changes nothing."""
    batch, row, column = _places(op, (x1_dense_shape, x1_batch_pointers, x1_row_pointers, x1_col_indices, x1_values))
    batches, rows, columns = _sizes(op, x1_dense_shape)
    if transpose_x1 or adjoint_x1:
        row, column, rows, columns = column, row, columns, rows
    rank = _rank(op, x1_dense_shape)
    swapped = [*range(rank - 2), rank - 1, rank - 2]
    right = op.Transpose(x2_dense, perm=swapped) if transpose_x2 or adjoint_x2 else x2_dense
    width = op.dim(right, rank - 1)
    indices = _columns(op, op.Add(op.Mul(batch, rows), row), op.Add(op.Mul(batch, columns), column))
    flat = op.Reshape(right, op.ints([-1, width]))
    product = matrix_product(op, indices, x1_values, op.Mul(batches, rows), flat)
    result = op.Reshape(product, op.ints([*(batches, rows)[3 - rank :], width]))
    return op.Transpose(result, perm=swapped) if transpose_output else result


@lowers("RaggedTensorToSparse")
def ragged_tensor_to_sparse(
    op: Context,
    rt_nested_splits: Sequence[ir.Value],
    rt_dense_values: ir.Value,
    *,
    Tsplits: Any = None,  # noqa: N803
) -> tuple[ir.Value, ir.Value, ir.Value]:
    """Index vectors, values and dense shape of rows of several lengths, nested to any depth."""
    if op.rank(rt_dense_values) != 1:
        raise LoweringError(f"values of {op.rank(rt_dense_values)} dimensions are not supported; one is")
    numbers = _numbers(op, rt_dense_values)
    parts: list[ir.Value] = []
    sizes: list[ir.Value] = []
    for splits in reversed(rt_nested_splits):
        wide = op.cast(splits, INT64)
        numbers, position = _owner(op, wide, numbers)
        parts.insert(0, position)
        lengths = op.Sub(op.Slice(wide, [1], [2**63 - 1], [0]), op.Slice(wide, [0], [-1], [0]))
        sizes.insert(0, op.ReduceMax(op.Concat(lengths, op.ints([0]), axis=0), keepdims=1))
    count = op.Sub(op.Shape(rt_nested_splits[0]), 1)
    return _columns(op, numbers, *parts), op.Identity(rt_dense_values), op.Concat(count, *sizes, axis=0)


@lowers("MapUniform")
def map_uniform(op: Context, input: ir.Value, per_group_size: Any, group_num: Any) -> ir.Value:
    """input % group_num x per_group_size + input // group_num, rounded towards zero."""
    size, groups = (op.cast(item, input.dtype) for item in (per_group_size, group_num))
    return op.Add(op.Mul(op.Mod(input, groups, fmod=1), size), op.Div(input, groups))
