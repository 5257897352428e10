"""Sparse tensors as triples of indices, values and shape; sets; ragged ranges."""

from __future__ import annotations

from ops.case import Case
from ops.inputs import array, integers, normal

PLACES = array([[0, 1], [1, 2], [2, 2]], "int64")
SHORT_PLACES = array([[0, 1], [1, 2], [2, 2]], "int32")
SHAPE = array([3, 4], "int64")
VALUES = normal(3)
ROWS = array([0, 2, 3], "int32")
SEGMENTS = array([0, 0, 1], "int32")
GAPS = array([0, 0, 2], "int32")
SETS = (array([[1, 2, 3], [3, 4, 4]], "int32"), array([[2, 5], [4, 6]], "int32"))
DENSE = array([[1.0, 4.0, 0.0], [3.0, 2.0, 5.0]])
MATRIX = {
    "a": array([2, 3], "int32"),
    "b": array([0, 3], "int32"),
    "c": array([0, 1, 3], "int32"),
    "d": array([1, 0, 2], "int32"),
    "e": normal(3),
}
BATCH = {
    "a": array([2, 2, 2], "int32"),
    "b": array([0, 2, 3], "int32"),
    "c": array([0, 1, 2, 0, 0, 1], "int32"),
    "d": array([1, 0, 1], "int32"),
    "e": normal(3),
}
COMPRESSED = "(a, b, c, d, e)"
SPARSE = {"x": PLACES, "y": VALUES, "z": SHAPE}
HYPOTHESES = {
    "a": array([[0, 0, 0], [1, 0, 1], [1, 1, 1]], "int64"),
    "b": array([1.0, 2.0, 3.0]),
    "c": array([2, 2, 2], "int64"),
    "d": array([[0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1]], "int64"),
    "e": array([1.0, 2.0, 3.0, 1.0]),
    "f": array([2, 2, 2], "int64"),
}
EDITED = "(a, b, c, d, e, f)"


def segments(name: str) -> tuple[Case, ...]:
    """A reduction of selected rows by segments, and the same with the number of segments given."""
    call = f"sparse_ops.SparseSegment{name}()(x, y, z)"
    counted = f"sparse_ops.SparseSegment{name}WithNumSegments()(x, y, z, w)"
    return (
        Case(f"SparseSegment{name}", call, x=normal(4, 3), y=ROWS, z=SEGMENTS),
        Case(f"SparseSegment{name}", call, x=normal(4, 2, 2), y=ROWS, z=array([0, 1, 1], "int32")),
        Case(f"SparseSegment{name}WithNumSegments", counted, x=normal(4, 3), y=ROWS, z=SEGMENTS, w=array([2], "int32")),
        Case(f"SparseSegment{name}WithNumSegments", counted, x=normal(4, 2), y=ROWS, z=GAPS, w=array([4], "int32")),
    )


CASES = (
    Case("SparseToDense", "ops.SparseToDense()(x, y, (3, 4))", x=SHORT_PLACES, y=VALUES),
    Case("SparseToDense", "ops.SparseToDense()(x, y, (3, 3))", x=PLACES, y=integers(1, 9, 3)),
    Case("SparseToDenseV2", "sparse_ops.SparseToDenseV2()(x, z, y, w)", x=PLACES, y=VALUES, z=SHAPE, w=array(0.5)),
    Case(
        "SparseToDenseV2",
        "sparse_ops.SparseToDenseV2()(x, z, y, w)",
        x=array([1, 3], "int32"),
        y=array([7, 9], "int32"),
        z=array([5], "int32"),
        w=array(-1, "int32"),
    ),
    Case(
        "SparseTensorDenseMatmul",
        "P.SparseTensorDenseMatmul()(x, y, (3, 4), w)",
        x=SHORT_PLACES,
        y=VALUES,
        w=normal(4, 2),
    ),
    Case(
        "SparseTensorDenseMatmul",
        "P.SparseTensorDenseMatmul(True)(x, y, (3, 4), w)",
        x=PLACES,
        y=VALUES,
        w=normal(3, 2),
    ),
    Case(
        "SparseTensorDenseMatmul",
        "P.SparseTensorDenseMatmul(False, True)(x, y, (3, 4), w)",
        x=PLACES,
        y=VALUES,
        w=normal(2, 4),
    ),
    Case("SparseTensorDenseAdd", "sparse_ops.SparseTensorDenseAdd()(x, y, z, w)", **SPARSE, w=normal(3, 4)),
    Case(
        "SparseTensorDenseAdd",
        "sparse_ops.SparseTensorDenseAdd()(x, y, z, w)",
        x=array([[0, 1], [0, 1]], "int32"),
        y=normal(2),
        z=array([3, 4], "int32"),
        w=normal(3, 4),
    ),
    Case(
        "SparseAddmm",
        "sparse_ops.SparseAddmm()(x, y, z, w, v, a, b)",
        **SPARSE,
        w=normal(4, 2),
        v=normal(3, 2),
        a=array([0.5]),
        b=array([2.0]),
    ),
    Case(
        "SparseAddmm",
        "sparse_ops.SparseAddmm()(x, y, z, w, v, a, b)",
        x=PLACES,
        y=integers(1, 9, 3),
        z=SHAPE,
        w=integers(1, 9, 4, 1),
        v=integers(1, 9, 3, 1),
        a=array([2], "int32"),
        b=array([3], "int32"),
    ),
    Case(
        "Sspaddmm",
        "sparse_ops.Sspaddmm()(a, b, c, d, e, f, g, h, i)",
        a=array([[0, 1], [0, 1]], "int64"),
        b=array([1, 2], "int32"),
        c=array([3, 2], "int64"),
        d=array([[0, 1], [2, 2]], "int64"),
        e=array([3, 4], "int32"),
        f=array([3, 3], "int64"),
        g=array([[1, 2], [3, 4], [5, 6]], "int32"),
        h=array(1, "int32"),
        i=array(1, "int32"),
    ),
    Case(
        "Sspaddmm",
        "sparse_ops.Sspaddmm()(a, b, c, d, e, f, g, h, i)",
        a=array([[1], [0]], "int64"),
        b=array([2.5]),
        c=array([2, 2], "int64"),
        d=array([[0, 1], [1, 0]], "int64"),
        e=array([3.0, -4.0]),
        f=array([2, 2], "int64"),
        g=array([[1.0, 2.0], [3.0, 4.0]]),
        h=array(0.5),
        i=array(2.0),
    ),
    *(case for name in ("Sum", "SqrtN") for case in segments(name)),
    Case(
        "SparseSegmentMeanWithNumSegments",
        "sparse_ops.SparseSegmentMeanWithNumSegments()(x, y, z, w)",
        x=normal(4, 3),
        y=ROWS,
        z=SEGMENTS,
        w=array([2], "int32"),
    ),
    Case(
        "SparseSegmentMeanWithNumSegments",
        "sparse_ops.SparseSegmentMeanWithNumSegments()(x, y, z, w)",
        x=normal(4, 2),
        y=ROWS,
        z=GAPS,
        w=array([4], "int32"),
    ),
    Case("SparseSegmentMean", "math_ops.SparseSegmentMean()(x, y, z)", x=normal(4, 3), y=ROWS, z=SEGMENTS),
    Case("SparseSegmentMean", "math_ops.SparseSegmentMean()(x, y, z)", x=normal(4, 3), y=ROWS, z=GAPS),
    Case(
        "SparseReorder",
        "sparse_ops.SparseReorder()(x, y, z)",
        x=array([[2, 1], [0, 3], [0, 1]], "int64"),
        y=VALUES,
        z=SHAPE,
    ),
    Case(
        "SparseReorder",
        "sparse_ops.SparseReorder()(x, y, z)",
        x=array([[1], [0]], "int64"),
        y=integers(1, 9, 2),
        z=array([3], "int64"),
    ),
    Case("SparseReshape", "sparse_ops.SparseReshape()(x, z, w)", x=PLACES, z=SHAPE, w=array([2, 6], "int64")),
    Case("SparseReshape", "sparse_ops.SparseReshape()(x, z, w)", x=PLACES, z=SHAPE, w=array([2, -1, 3], "int64")),
    Case(
        "SparseSlice",
        "sparse_ops.SparseSlice()(x, y, z, w, v)",
        **SPARSE,
        w=array([0, 1], "int64"),
        v=array([2, 2], "int64"),
    ),
    Case(
        "SparseSlice",
        "sparse_ops.SparseSlice()(x, y, z, w, v)",
        **SPARSE,
        w=array([1, 0], "int64"),
        v=array([9, 9], "int64"),
    ),
    Case(
        "SparseSoftmax",
        "sparse_ops.SparseSoftmax()(x, y, z)",
        x=array([[0, 1], [0, 2], [1, 0]], "int64"),
        y=VALUES,
        z=array([2, 3], "int64"),
    ),
    Case(
        "SparseSoftmax",
        "sparse_ops.SparseSoftmax()(x, y, z)",
        x=array([[0, 1, 0], [0, 1, 2], [1, 0, 0]], "int64"),
        y=VALUES,
        z=array([2, 2, 3], "int64"),
    ),
    Case(
        "SparseFillEmptyRows",
        "sparse_ops.SparseFillEmptyRows()(x, y, z, w)",
        x=array([[0, 1], [2, 2]], "int64"),
        y=normal(2),
        z=SHAPE,
        w=array(0.5),
    ),
    Case("SparseFillEmptyRows", "sparse_ops.SparseFillEmptyRows()(x, y, z, w)", **SPARSE, w=array(0.5)),
    *(
        Case(
            f"SparseSparse{name}",
            f"sparse_ops.SparseSparse{name}()(x, y, z, a, b, z)",
            **SPARSE,
            a=array(places, "int64"),
            b=normal(2),
        )
        for name in ("Maximum", "Minimum")
        for places in ([[0, 1], [2, 3]], [[0, 0], [2, 2]])
    ),
    *(
        Case(f"SparseDenseCwise{name}", f"sparse_ops.SparseDenseCwise{name}()(x, y, z, w)", **SPARSE, w=dense)
        for name in ("Add", "Mul")
        for dense in (normal(3, 4), normal(4))
    ),
    Case(
        "Coalesce",
        "ops.Coalesce()(x, y, z)",
        x=array([[0, 0, 1], [1, 1, 2]], "int64"),
        y=VALUES,
        z=array([3, 3], "int64"),
    ),
    Case("Coalesce", "ops.Coalesce()(x, y, z)", x=array([[2, 0, 2, 0]], "int64"), y=normal(4), z=array([4], "int64")),
    *(
        Case("DenseToDenseSetOperation", f"sparse_ops.DenseToDenseSetOperation('{what}')(x, y)", x=SETS[0], y=SETS[1])
        for what in ("union", "intersection", "a-b", "b-a")
    ),
    Case(
        "RaggedRange",
        "P.RaggedRange(ms.int64)(x, y, z)",
        x=array([0, 5, 9], "int32"),
        y=array([5, 8, 3], "int32"),
        z=array([2, 1, -2], "int32"),
    ),
    Case("RaggedRange", "P.RaggedRange(ms.int32)(x, y, z)", x=array([0.5]), y=array([3.0]), z=array([1.25])),
    Case("EditDistance", f"ops.EditDistance(){EDITED}", **HYPOTHESES),
    Case("EditDistance", f"ops.EditDistance(normalize=False){EDITED}", **HYPOTHESES),
    Case(
        "RaggedTensorToSparse",
        "sparse_ops.RaggedTensorToSparse(ms.int64)((x,), y)",
        x=array([0, 2, 3], "int64"),
        y=normal(3),
    ),
    Case(
        "RaggedTensorToSparse",
        "sparse_ops.RaggedTensorToSparse(ms.int32)((x,), y)",
        x=array([0, 0, 4], "int32"),
        y=integers(0, 9, 4),
    ),
    Case(
        "DenseToCSRSparseMatrix",
        "sparse_ops.DenseToCSRSparseMatrix()(x, y)",
        x=DENSE,
        y=array([[0, 0], [1, 1]], "int32"),
    ),
    Case(
        "DenseToCSRSparseMatrix",
        "sparse_ops.DenseToCSRSparseMatrix()(x, y)",
        x=DENSE,
        y=array([[0, 1], [1, 0], [1, 2]], "int64"),
    ),
    *(Case("SparseMatrixNNZ", f"sparse_ops.SparseMatrixNNZ(){COMPRESSED}", **matrix) for matrix in (MATRIX, BATCH)),
    *(
        Case("CSRSparseMatrixToDense", f"sparse_ops.CSRSparseMatrixToDense(){COMPRESSED}", **matrix)
        for matrix in (MATRIX, BATCH)
    ),
    *(
        Case("CSRSparseMatrixToSparseTensor", f"sparse_ops.CSRSparseMatrixToSparseTensor(){COMPRESSED}", **matrix)
        for matrix in (MATRIX, BATCH)
    ),
    *(
        Case("SparseMatrixTranspose", f"sparse_ops.SparseMatrixTranspose(){COMPRESSED}", **matrix)
        for matrix in (MATRIX, BATCH)
    ),
    *(
        Case("SparseMatrixSoftmax", f"sparse_ops.SparseMatrixSoftmax(ms.float32){COMPRESSED}", **matrix)
        for matrix in (MATRIX, BATCH)
    ),
    Case("SparseMatrixMatMul", "sparse_ops.SparseMatrixMatMul()(a, b, c, d, e, x)", **MATRIX, x=normal(3, 2)),
    Case(
        "SparseMatrixMatMul",
        "sparse_ops.SparseMatrixMatMul(transpose_x1=True)(a, b, c, d, e, x)",
        **MATRIX,
        x=normal(2, 2),
    ),
    Case(
        "SparseTensorToCSRSparseMatrix",
        "sparse_ops.SparseTensorToCSRSparseMatrix()(x, y, z)",
        x=PLACES,
        y=VALUES,
        z=SHAPE,
    ),
    Case(
        "SparseTensorToCSRSparseMatrix",
        "sparse_ops.SparseTensorToCSRSparseMatrix()(x, y, z)",
        x=SHORT_PLACES,
        y=VALUES,
        z=array([3, 4], "int32"),
    ),
)
