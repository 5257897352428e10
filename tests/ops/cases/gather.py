"""Elements picked by indices or masks."""

from __future__ import annotations

from ops.case import Case, each
from ops.inputs import array, booleans, integers, normal

TABLE = normal(5, 4)
HALF = normal(5, 4, dtype="float16")
INTS = integers(-9, 10, 5, 4)
LONGS = integers(-9, 10, 5, 4, dtype="int64")
BOOLS = booleans(5, 4)
KINDS = (TABLE, HALF, INTS, LONGS, BOOLS)
CUBE = normal(2, 3, 4)
PICKS = array([2, 0, 4, 2], "int32")
LONG_PICKS = array([[2, 0], [4, 2]], "int64")
NEGATIVE = array([-1, 0, -5], "int32")
ROWS = {"x": (None, 4)}
TABLES = [normal(5, 4), normal(7, 4)]
MASK = booleans(2, 3)
ALONG_ROWS = array([[2, 0, 1, 4], [0, 0, 3, 1]], "int64")

CASES = (
    *(Case("Gather", "ops.gather(x, y, 0)", x=table, y=PICKS) for table in KINDS),
    Case("Gather", "ops.gather(x, y, -1)", x=TABLE, y=array([3, 0, 0], "int32")),
    Case("Gather", "ops.gather(x, y, 1)", x=CUBE, y=array([[2, 0], [1, 1]], "int64")),
    Case("Gather", "ops.gather(x, y, 0)", x=TABLE, y=NEGATIVE),
    Case("Gather", "ops.gather(x, y, 0)", x=TABLE, y=array(3, "int32")),
    Case("Gather", "ops.gather(x, y, 1, 1)", x=CUBE, y=array([[2, 0], [1, 1]], "int32")),
    Case("Gather", "ops.gather(x, y, 2, 1)", x=CUBE, y=array([[3, 0], [1, 1]], "int32")),
    Case(
        "Gather",
        "ops.gather(x, y, -1, -1)",
        x=CUBE,
        y=array([[[0, 3], [1, 1], [2, 0]], [[1, 0], [3, 3], [0, 2]]], "int32"),
    ),
    Case(
        "Gather",
        "ops.gather(x, y, 0)",
        dynamic={"x": (None, 4), "y": (None,)},
        x=TABLES,
        y=[PICKS, array([6], "int32")],
    ),
    Case("Gather", "self.op(x)", init="self.op = nn.Embedding(5, 3)", x=LONG_PICKS),
    Case("Gather", "ops.index_select(x, 1, y)", x=TABLE, y=array([3, 0], "int32")),
    Case("Gather", "x[y]", x=TABLE, y=NEGATIVE),
    *(Case("GatherD", "ops.gather_elements(x, 0, y)", x=table, y=ALONG_ROWS) for table in KINDS),
    Case("GatherD", "ops.gather_elements(x, 1, y)", x=TABLE, y=array([[3, 0]] * 5, "int32")),
    Case("GatherD", "mint.gather(x, -1, y)", x=TABLE, y=array([[3, 0]] * 5, "int64")),
    Case("GatherD", "ops.gather_d(x, 0, y)", x=TABLE, y=array([[-1, 0, -2, -5]], "int64")),
    *(Case("GatherNd", "ops.gather_nd(x, y)", x=table, y=array([[2, 0], [4, 3], [0, 1]], "int32")) for table in KINDS),
    Case("GatherNd", "ops.gather_nd(x, y)", x=CUBE, y=array([[[1], [0]], [[0], [1]]], "int64")),
    Case("GatherNd", "ops.gather_nd(x, y)", x=CUBE, y=array([1, 2, 3], "int32")),
    Case("GatherNd", "x[y]", x=TABLE, y=array([True, False, True, True, False], "bool")),
    Case("GatherNd", "x[y]", x=TABLE, y=BOOLS),
    Case("GatherNd", "x[y, z]", x=TABLE, y=array([2, 0], "int64"), z=array([3, 1], "int64")),
    Case("GatherNd", "x[:, y]", x=TABLE, y=array([3, 0, 2], "int64")),
    Case("GatherNdExt", "G.GatherNdExt()(x, y)", x=TABLE, y=array([[2, 0], [4, 3]], "int64")),
    Case("GatherNdExt", "G.GatherNdExt()(x, y)", x=CUBE, y=array([[1], [0]], "int64")),
    Case("Embedding", "mint.nn.functional.embedding(x, y)", x=LONG_PICKS, y=TABLE),
    Case("Embedding", "self.op(x)", init="self.op = mint.nn.Embedding(5, 3)", x=LONG_PICKS),
    Case("Embedding", "self.op(x)", init="self.op = mint.nn.Embedding(5, 3, padding_idx=2)", x=PICKS),
    Case("EmbeddingLookup", "ops.EmbeddingLookup()(x, y, 0)", x=TABLE, y=PICKS),
    Case("EmbeddingLookup", "ops.EmbeddingLookup()(x, y, 2)", x=TABLE, y=array([[2, 0], [6, 3]], "int32")),
    Case("EmbeddingLookup", "self.op(x)", init="self.op = nn.EmbeddingLookup(5, 3)", x=PICKS),
    Case("MaskedSelect", "ops.masked_select(x, y)", x=CUBE, y=array([True, False, False, True], "bool")),
    *(
        Case("MaskedSelect", "ops.masked_select(x, y)", x=x, y=MASK)
        for x in (normal(2, 3), integers(0, 9, 2, 3), normal(3))
    ),
    Case("MaskedFill", "ops.masked_fill(x, y, 0.5)", x=normal(2, 3), y=MASK),
    Case("MaskedFill", "ops.masked_fill(x, y, 7)", x=integers(0, 9, 2, 3), y=booleans(3)),
    Case("MaskedFill", "x.masked_fill(y, z)", x=normal(3), y=MASK, z=array(0.5)),
    Case("MaskedFill", "ops.masked_fill(x, y, float('-inf'))", x=normal(2, 3, dtype="float16"), y=booleans(2, 1)),
    Case("MaskedFill", "ops.masked_fill(x, y, True)", x=booleans(3), y=booleans(3)),
    Case("MaskedFillScalar", "G.MaskedFillScalar()(x, y, 2.5)", x=normal(2, 3), y=MASK),
    Case("MaskedFillScalar", "G.MaskedFillScalar()(x, y, 7)", x=integers(0, 9, 2, 3), y=booleans(3)),
    Case("MaskedScatter", "ops.MaskedScatter()(x, y, z)", x=normal(2, 3), y=MASK, z=normal(6)),
    Case("MaskedScatter", "x.masked_scatter(y, z)", x=integers(0, 9, 2, 3), y=booleans(3), z=integers(0, 9, 2, 4)),
    *each("OneHot", "ops.one_hot(x, 5, 1.0, 0.0)", array([1, 0, 4], "int32"), array([[1, -1], [5, 2]], "int32")),
    *each("OneHot", "ops.one_hot(x, 5)", array([1, 0, 4], "int64"), array(3, "int64")),
    *each("OneHot", "P.OneHot(0)(x, 4, ms.Tensor(2.5), ms.Tensor(-1.0))", array([[1, 0], [3, 2]], "int32")),
    *each(
        "OneHot", "P.OneHot(1)(x, 4, ms.Tensor(7, ms.int32), ms.Tensor(3, ms.int32))", array([[1, 0], [3, 2]], "int64")
    ),
    Case(
        "OneHot", "ops.one_hot(x, 3, 1.0, 0.0)", dynamic={"x": (None,)}, x=[array([1, 0], "int32"), array([2], "int32")]
    ),
    *each("OneHotExt", "mint.nn.functional.one_hot(x, 5)", array([1, 0, 4], "int64"), array([[1, 0], [3, 2]], "int64")),
    Case("UnravelIndex", "ops.UnravelIndex()(x, y)", x=array([3, 5], "int32"), y=array([2, 3], "int32")),
    Case("UnravelIndex", "ops.UnravelIndex()(x, y)", x=array([23, 0, 7], "int64"), y=array([2, 3, 4], "int64")),
    Case("NoRepeatNGram", "ops.NoRepeatNGram(2)(x, y)", x=integers(0, 3, 1, 2, 8), y=normal(1, 2, 6)),
    Case("NoRepeatNGram", "ops.NoRepeatNGram(3)(x, y)", x=integers(0, 2, 2, 1, 9), y=normal(2, 1, 4)),
    Case("ParallelConcat", "ops.ParallelConcat()((x, y))", x=normal(1, 3), y=normal(1, 3)),
    Case("ParallelConcat", "ops.ParallelConcat()((x, y, x))", x=integers(0, 9, 1, 2, 2), y=integers(0, 9, 1, 2, 2)),
)
