"""Primitives of no larger family: data formats, correlation, hash caches, aliases."""

from __future__ import annotations

from ops.case import Case, each, pairs
from ops.inputs import array, integers, mutable, normal

ROWS = {"x": (None, 3)}
BATCHES = [normal(4, 3), normal(2, 3)]
FORMATS = ("'NHWC', 'NCHW'", "'NCHW', 'NHWC'")
TUPLES = (mutable((1, 2)), mutable((1, 3)))
LISTS = (mutable([1, 2]), mutable([1, 3]))
ORDERS = ("equal", "lt", "le", "greater_than", "greater_equal")

CASES = (
    *(
        Case("DataFormatDimMap", f"ops.DataFormatDimMap({formats})(x)", x=array([0, 1, -2, 3, -1], "int32"))
        for formats in FORMATS
    ),
    *(
        Case("DataFormatVecPermute", f"ops.DataFormatVecPermute({formats})(x)", x=array([11, 12, 13, 14], "int32"))
        for formats in FORMATS
    ),
    *(
        Case("DataFormatVecPermute", f"ops.DataFormatVecPermute({formats})(x)", x=integers(0, 9, 4, 2, dtype="int64"))
        for formats in FORMATS
    ),
    *(
        Case("Correlate", f"G.Correlate('{mode}')(x, y)", x=normal(6), y=normal(3))
        for mode in ("valid", "same", "full")
    ),
    *pairs("Correlate", "G.Correlate('full')(x, y)", (normal(2), normal(5)), (integers(-5, 6, 4), integers(-5, 6, 2))),
    Case(
        "PadAndShift",
        "embedding_cache.PadAndShift()(x, y, z)",
        x=array([9, 13, -1, -1, -1], "int32"),
        y=array([0, 3, 5], "int32"),
        z=array(1, "int32"),
    ),
    Case(
        "PadAndShift",
        "embedding_cache.PadAndShift()(x, y, z)",
        x=array([9, 13, 2, -1], "int32"),
        y=array([0, 1, 4], "int32"),
        z=array(0, "int32"),
    ),
    Case(
        "SubAndFilter",
        "embedding_cache.SubAndFilter()(x, y, z)",
        x=array([9, 13, 2], "int32"),
        y=array(10, "int32"),
        z=array(5, "int32"),
    ),
    Case(
        "SubAndFilter",
        "embedding_cache.SubAndFilter()(x, y, z)",
        x=array([0, 1, 2, 3], "int64"),
        y=array(3, "int64"),
        z=array(1, "int64"),
    ),
    Case(
        "DynamicAssign",
        "embedding_cache.DynamicAssign()(self.p, x)",
        init="self.p = Parameter(Tensor(np.ones(3, np.float32)), name='p')",
        x=normal(3),
    ),
    Case(
        "DynamicAssign",
        "embedding_cache.DynamicAssign()(self.p, x) + 1.0",
        init="self.p = Parameter(Tensor(np.ones((2, 3), np.float32)), name='p')",
        x=normal(2, 3),
    ),
    Case(
        "CheckValid",
        "ops.check_valid(x, y)",
        x=array([[0.0, 0.0, 5.0, 5.0], [9.0, 9.0, 30.0, 12.0], [-1.0, 0.0, 3.0, 3.0]]),
        y=array([20.0, 20.0, 1.0]),
    ),
    Case(
        "CheckValid",
        "ops.check_valid(x, y)",
        x=array([[0.0, 0.0, 5.0, 5.0], [9.0, 9.0, 30.0, 12.0]], "float16"),
        y=array([20.0, 40.0, 0.5], "float16"),
    ),
    Case("IdentityN", "P.IdentityN()((x, y))", x=normal(2), y=normal(3)),
    Case("IdentityN", "P.IdentityN()((x,))", x=integers(0, 9, 2)),
    *(
        Case(f"tuple_{order}", f"sequence.tuple_{order}()(x, y)", x=first, y=second)
        for order in ORDERS
        for first, second in (TUPLES, TUPLES[::-1])
    ),
    *(
        Case(f"list_{order}", f"sequence.list_{order}()(x, y)", x=first, y=second)
        for order in ORDERS
        for first, second in (LISTS, LISTS[::-1])
    ),
    *each("SplitWithSize", "G.SplitWithSize()(x, (2, 4), 1)", normal(2, 6), integers(0, 9, 3, 6)),
    *each("SliceExtView", "G.SliceExtView()(x, 1, 0, 2, 1)", normal(2, 3), integers(0, 9, 2, 3)),
    *each("SliceExtView", "G.SliceExtView()(x, -1, 1, 5, 2)", normal(2, 6)),
    *each("DiagonalView", "G.DiagonalView()(x, 0, 0, 1)", normal(3, 3), normal(2, 4)),
    *each("DiagonalView", "G.DiagonalView()(x, -1, 0, 2)", normal(3, 2, 4)),
    *each("FFTOrtho", "G.FFTOrtho()(x, (1,), True)", normal(2, 3)),
    *each("FFTOrtho", "G.FFTOrtho()(x, (0, 1), False)", normal(2, 3)),
    Case("Empty", "mint.empty((0, 3))"),
    Case("Empty", "ops.shape(mint.empty((x.shape[0], 3)))", dynamic=ROWS, x=BATCHES),
    *each("EmptyLike", "mint.empty_like(x)", normal(0, 3), integers(0, 9, 2, 0)),
    *each("NewEmpty", "x.new_empty((0, 2))", normal(2), integers(0, 9, 3)),
    *each("TensorToTuple", "sequence.TensorToTuple()(x)", array([1, 2, 3], "int64"), array([1.5, 2.5])),
    Case("MapUniform", "P.MapUniform()(x, 2, 5)", x=array([1, 2, 7, 13], "int32")),
    Case("MapUniform", "P.MapUniform()(x, y, z)", x=array([0, 9, 4], "int64"), y=mutable(3), z=mutable(4)),
    Case("Assert", "ops.Assert()(x.sum() > -99.0, [x])\nx * 2.0", x=normal(3)),
    Case("Assert", "ops.Assert()(ops.all(x < 99.0), (x,))\nx.sum()", x=normal(2, 2)),
)
