"""Subscripts that are known only when the graph runs, on shapes and ranks that are not known either."""

from __future__ import annotations

from ops.case import Case
from ops.inputs import array, mutable, normal

ROWS = {"x": (None, 3)}
ANY = {"x": None}
BLOCKS = {"x": (None, 3, 4)}
TABLES = [normal(4, 3), normal(5, 3)]
TABLE = normal(4, 3)
BLOCK = normal(4, 3, 4)
PICKS = array([2, 0], "int64")
OTHERS = array([1, 2], "int64")

CASES = (
    Case("StridedSlice", "x[y]", x=TABLE, y=mutable(2)),
    Case("StridedSlice", "x[y:]", x=TABLE, y=mutable(-2)),
    Case("StridedSlice", "x[y:z]", dynamic=ROWS, x=TABLES, y=mutable(1), z=mutable(3)),
    Case("StridedSlice", "x[y:z:2]", dynamic=ROWS, x=TABLES, y=mutable(0), z=mutable(4)),
    Case("StridedSlice", "x[y:]", dynamic=ANY, x=[TABLE, normal(3)], y=mutable(1)),
    Case("StridedSlice", "x[:, 1:]", dynamic=ANY, x=[TABLE, normal(2, 3, 4)]),
    Case("Gather", "x[y]", dynamic=ANY, x=[TABLE, normal(5)], y=array(-2, "int64")),
    Case("Gather", "x[y]", dynamic=ROWS, x=TABLES, y=array([2, -1], "int64")),
    Case("EllipsisToSlice", "x[..., y]", dynamic=ANY, x=TABLE, y=mutable(1)),
    Case("EllipsisToSlice", "x[y, None, ...]", dynamic=ANY, x=TABLE, y=mutable(2)),
    Case("GetSqueezeSliceShape", "x[..., y]", dynamic=ANY, x=normal(2, 3, 4), y=mutable(-1)),
    Case("GetSqueezeSliceShape", "x[y, ..., 0]", dynamic=ANY, x=normal(2, 3, 4), y=mutable(1)),
    Case("NormalizeDimIndex", "x[None, ..., y]", dynamic=ANY, x=TABLE, y=mutable(2)),
    Case("NormalizeDimIndex", "x[y, None, ...]", dynamic=ANY, x=normal(2, 3, 4), y=mutable(0)),
    Case("GetTupleIndexInfo", "x[y, z]", dynamic=ANY, x=TABLE, y=PICKS, z=OTHERS),
    Case("GetTupleIndexInfo", "x[:, y]", dynamic=ANY, x=TABLE, y=PICKS),
    Case("SliceToIndices", "x[1:3, y]", dynamic=ROWS, x=TABLE, y=PICKS),
    Case("SliceToIndices", "x[0:y, z]", dynamic=ROWS, x=TABLE, y=mutable(2), z=PICKS),
    Case("NormalizeTupleIndex", "x[..., y, None]", dynamic=ROWS, x=TABLE, y=PICKS),
    Case("NormalizeTupleIndex", "x[y, 1]", dynamic=ANY, x=TABLE, y=PICKS),
    Case("RemakeTupleIndex", "x[y, ...]", dynamic=ANY, x=normal(4, 3, 2), y=PICKS),
    Case("RemakeTupleIndex", "x[..., y]", dynamic=ANY, x=normal(2, 3, 4), y=PICKS),
    Case("RemoveExpandedDims", "x[:, y] = z\nx", dynamic=ROWS, x=TABLE, y=mutable(2), z=array(1.5)),
    Case("RemoveExpandedDims", "x[1:, y] = z\nx", dynamic=ROWS, x=TABLE, y=mutable(0), z=array(1.5)),
    Case("TensorCopySlices", "x[1:y] = 0.5\nx", dynamic=ROWS, x=TABLE, y=mutable(3)),
    Case("TensorScatterUpdate", "x[y] = 1.5\nx", dynamic=ANY, x=TABLE, y=mutable(2)),
    Case("TensorScatterUpdate", "x[y] = z\nx", dynamic=ROWS, x=TABLE, y=PICKS, z=normal(2, 3)),
    Case("raise", "x[y] = 1.5\nx", dynamic=ANY, x=normal(4), y=mutable(-1)),
    Case("raise", "if x.shape[0] > 9:\n    raise ValueError('too long')\nx + 1", dynamic=ROWS, x=TABLES),
    *(
        Case(primitive, f"x[{place}] = {value}\nx", dynamic=ROWS, x=TABLE, y=normal(3))
        for primitive, place, value in (
            ("TensorCopySlices", "0:2", "y"),
            ("TensorCopySlices", "-2:", "2.5"),
            ("TensorCopySlices", "7:", "y"),
            ("TensorCopySlices", ":-1", "y"),
            ("TensorScatterUpdate", "::2", "y"),
        )
    ),
    Case("StridedSlice", "x[y]", dynamic=ROWS, x=TABLES, y=mutable(-1)),
    Case("EllipsisToSlice", "x[1:, ..., y]", dynamic=ANY, x=normal(4, 3, 2), y=mutable(-1)),
    Case("EllipsisToSlice", "x[y, ..., 1:]", dynamic=ANY, x=normal(2, 3, 4), y=mutable(1)),
    Case("GetTupleIndexInfo", "x[:, y]", dynamic=ROWS, x=TABLES, y=PICKS),
    Case("GetTupleIndexInfo", "x[y, z]", dynamic=ROWS, x=TABLES, y=PICKS, z=array([[0], [1], [2]], "int64")),
    Case("GetTupleIndexInfo", "x[y, :, z]", dynamic=BLOCKS, x=BLOCK, y=PICKS, z=OTHERS),
    Case("GetTupleIndexInfo", "x[:, None, y, z]", dynamic=BLOCKS, x=BLOCK, y=PICKS, z=OTHERS),
    Case("GetTupleIndexInfo", "x[..., y]", dynamic=ROWS, x=TABLES, y=PICKS),
    Case("GetTupleIndexInfo", "x[y, ..., 1:3]", dynamic=BLOCKS, x=BLOCK, y=PICKS),
    Case("NormalizeTupleIndex", "x[[0, -1], 1:]", dynamic=ROWS, x=TABLES),
    Case("NormalizeTupleIndex", "x[[True, False, True, False], 1:]", dynamic=ROWS, x=TABLE),
    Case("SliceToIndices", "x[y:, z]", dynamic=ROWS, x=TABLES, y=array(-3, "int64"), z=PICKS),
    Case("SliceToIndices", "x[2:y, z]", dynamic=ROWS, x=TABLE, y=mutable(1), z=PICKS),
    *(
        Case(primitive, f"x[{place}] = {value}\nx", dynamic=ROWS, x=TABLE, y=PICKS, z=z)
        for primitive, place, value, z in (
            ("RemoveExpandedDims", "0:2, 1", "z", normal(2)),
            ("RemoveExpandedDims", "1:, 1:", "z", normal(2)),
            ("RemoveExpandedDims", "1:3, y", "z", normal(2, 2)),
            ("RemoveExpandedDims", "y, 1", "z", normal(2)),
            ("RemoveExpandedDims", "y, None, 1:", "z", normal(2, 1, 2)),
            ("RemoveExpandedDims", "..., 0", "2.5", normal(1)),
            ("RemoveExpandedDims", "..., y", "z", normal(4, 2)),
            ("RemoveExpandedDims", "0:2, None", "2.5", normal(1)),
            ("RemoveExpandedDims", ":, :2", "2.5", normal(1)),
            ("RemoveExpandedDims", "7:, 1", "2.5", normal(1)),
        )
    ),
)
