"""Tensors made from shapes, ranges and constants."""

from __future__ import annotations

from ops.case import Case, each
from ops.inputs import array, booleans, integers, mutable, normal

ROWS = {"x": (None, 3)}
BATCHES = [normal(2, 3), normal(5, 3)]
INT_ROWS = [integers(-9, 10, 2, 3), integers(-9, 10, 5, 3)]
HALF_ROWS = [normal(2, 3, dtype="float16"), normal(5, 3, dtype="float16")]
KINDS = (normal(2, 3), normal(2, 3, dtype="float16"), integers(-9, 10, 2, 3), booleans(2, 3), array(2.5))

CASES = (
    *(Case("ZerosLike", "ops.zeros_like(x)", dynamic=ROWS, x=rows) for rows in (BATCHES, INT_ROWS, HALF_ROWS)),
    *(Case("OnesLike", "ops.ones_like(x)", dynamic=ROWS, x=rows) for rows in (BATCHES, INT_ROWS, HALF_ROWS)),
    *each("ZerosLikeExt", "mint.zeros_like(x)", *KINDS),
    *each("ZerosLikeExt", "mint.zeros_like(x, dtype=ms.int32)", normal(2, 3)),
    Case("ZerosLikeExt", "mint.zeros_like(x)", dynamic=ROWS, x=BATCHES),
    *each("OnesLikeExt", "mint.ones_like(x)", *KINDS),
    *each("OnesLikeExt", "mint.ones_like(x, dtype=ms.int64)", normal(2, 3)),
    Case("OnesLikeExt", "mint.ones_like(x)", dynamic=ROWS, x=BATCHES),
    *each("NewZeros", "x.new_zeros((2, 3))", normal(2), integers(0, 9, 2)),
    *each("NewZeros", "x.new_zeros((2, 3), dtype=ms.float16)", normal(2)),
    *each("NewOnes", "x.new_ones((2, 3))", normal(2), integers(0, 9, 2)),
    *each("NewOnes", "x.new_ones((2, 3), dtype=ms.float16)", normal(2)),
    Case("Zeros", "ops.zeros(x, ms.float32)", x=mutable((2, 3))),
    Case("Zeros", "ops.zeros((x.shape[0], 4), ms.float16)", dynamic=ROWS, x=BATCHES),
    Case("Zeros", "ops.zeros((x.shape[0], 4))", dynamic=ROWS, x=BATCHES),
    Case("Ones", "ops.ones(x, ms.int32)", x=mutable((2, 3))),
    Case("Ones", "ops.ones((x.shape[0], 4), ms.float32)", dynamic=ROWS, x=BATCHES),
    Case("Ones", "mint.ones((x.shape[0],))", dynamic=ROWS, x=BATCHES),
    Case("Fill", "P.Fill()(ms.float32, x, 1.5)", x=mutable((2, 3))),
    Case("Fill", "P.Fill()(ms.int32, x, 7)", x=mutable((4,))),
    Case("Fill", "P.Fill()(ms.float32, x.shape, 2.5)", dynamic=ROWS, x=BATCHES),
    Case("FillV2", "ops.FillV2()(x, y)", x=array([2, 3], "int64"), y=array(1.5)),
    Case("FillV2", "ops.FillV2()(x, y)", x=array([4], "int32"), y=array(7, "int64")),
    Case("FillV2", "ops.FillV2()((2, 3), y)", y=array(True, "bool")),
    Case("FillV2", "ops.fill(ms.float32, x.shape, 2.5)", dynamic=ROWS, x=BATCHES),
    Case("FillV2", "ops.FillV2()((2, 0), y)", y=array(1.5, "float16")),
    Case("FillScalar", "mint.full((2, 3), 1.5)"),
    Case("FillScalar", "mint.full((2, 3), 7, dtype=ms.int32)"),
    Case("FillScalar", "mint.full((x.shape[0], 2), 7)", dynamic=ROWS, x=BATCHES),
    Case("FillTensor", "G.FillTensor()((2, 3), x)", x=array(1.5)),
    Case("FillTensor", "G.FillTensor()((2, 3), x, ms.int32)", x=array([1.5])),
    Case("Eye", "ops.eye(3, 4, ms.float32)"),
    Case("Eye", "mint.eye(3)"),
    Case("Eye", "ops.eye(2, 5, ms.int32)"),
    Case("Eye", "P.Eye()(x, 3, ms.float32)", x=mutable(4)),
    Case("Eye", "ops.eye(3, 3, ms.bool_)"),
    Case("LinSpace", "ops.LinSpace()(x, y, 5)", x=array(1.0), y=array(4.0)),
    Case("LinSpace", "ops.linspace(x, y, 1)", x=array(2.0), y=array(4.0)),
    Case("LinSpace", "ops.linspace(x, y, 7)", x=array(4.0), y=array(-3.0)),
    Case("LogSpace", "ops.logspace(x, y, 5)", x=array(1.0), y=array(3.0)),
    Case("LogSpace", "ops.logspace(x, y, 4, 2)", x=array(-1.0), y=array(2.0)),
    Case("LogSpace", "ops.logspace(x, y, 3, dtype=ms.float16)", x=array(0.0), y=array(1.0)),
    Case("Meshgrid", "ops.meshgrid(x, y)", x=normal(2), y=normal(3)),
    Case("Meshgrid", "ops.meshgrid(x, y, indexing='ij')", x=normal(2), y=normal(3)),
    Case(
        "Meshgrid",
        "mint.meshgrid(x, y, z, indexing='xy')",
        x=integers(0, 9, 2),
        y=integers(0, 9, 3),
        z=integers(0, 9, 1),
    ),
    Case("Meshgrid", "mint.meshgrid(x, y, z)", x=normal(2), y=normal(3), z=normal(4)),
    Case("Range", "ops.arange(0, x, 2)", x=mutable(7)),
    Case("Range", "ops.range(x, y, z)", x=array(0, "int32"), y=array(7, "int32"), z=array(2, "int32")),
    Case("Range", "ops.range(x, y, z)", x=array(5.0), y=array(0.5), z=array(-1.25)),
    Case("Range", "ops.arange(x.shape[0])", dynamic=ROWS, x=BATCHES),
    Case("Arange", "mint.arange(x.shape[0])", dynamic=ROWS, x=BATCHES),
    Case("RangeV2", "array_ops.RangeV2()(x, y, z)", x=array(0, "int32"), y=array(7, "int32"), z=array(2, "int32")),
    Case("RangeV2", "array_ops.RangeV2()(x, y, z)", x=array(0.5), y=array(4.0), z=array(1.25)),
    Case("TrilIndices", "ops.tril_indices(3, 4)"),
    Case("TrilIndices", "ops.tril_indices(3, 2, 1, dtype=ms.int32)"),
    Case("TriuIndices", "ops.triu_indices(3, 4)"),
    Case("TriuIndices", "ops.triu_indices(3, 2, -1, dtype=ms.int32)"),
)
