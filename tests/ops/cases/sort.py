"""Order: sorting, searching, counting, and distinct values."""

from __future__ import annotations

from ops.case import Case, each
from ops.inputs import array, booleans, distinct, integers, normal, uniform

CUBE = distinct(2, 3, 4)
HALF = distinct(2, 3, 4, dtype="float16")
INTS = distinct(2, 3, 4, dtype="int32")
LONGS = distinct(2, 6, dtype="int64")
TIES = integers(0, 3, 2, 8, dtype="float32")
NAN = array([[1.0, float("nan"), -2.0, float("inf")], [float("-inf"), 3.0, float("nan"), 4.0]])
SORTED = array([[1.0, 3.0, 5.0, 7.0], [-2.0, 0.0, 0.0, 9.0]])
WANTED = array([[3.0, 0.0, 8.0], [0.0, -3.0, 9.0]])
REPEATED = array([3, 1, 3, 2, 1, 7], "int32")
RUNS = array([1.0, 1.0, 2.0, 2.0, 2.0, 1.0])

CASES = (
    *each("Sort", "ops.sort(x)", CUBE, HALF, INTS, LONGS, distinct(5), TIES),
    *each("Sort", "ops.sort(x, 0)", CUBE),
    *each("Sort", "ops.sort(x, -2, True)", CUBE, TIES),
    *each("Sort", "ops.argsort(x, descending=True)", CUBE),
    *each("Sort", "P.Sort()(x)", *(distinct(2, 5, dtype=kind) for kind in ("int8", "int16", "uint8"))),
    Case("Sort", "ops.sort(x, 0)", dynamic={"x": (None, None)}, x=[distinct(3, 4), distinct(1, 2)]),
    *each("TopK", "ops.topk(x, 2)", CUBE, HALF, INTS, LONGS, distinct(5)),
    *each("TopK", "ops.topk(x, 5)", TIES),
    *each(
        "TopK",
        "P.TopK()(x, 5)",
        distinct(2, 5, dtype="int16"),
        distinct(2, 5, dtype="uint8"),
        distinct(2, 5, dtype="float64"),
    ),
    *each("TopK", "P.TopK(sorted=False)(x, 2)[0]", TIES),
    *each("TopK", "ops.topk(x, 2, 0)", CUBE),
    *each("TopK", "ops.topk(x, 2, -2, largest=False)", CUBE, TIES),
    *each("TopK", "ops.TopK(sorted=True)(x, 3)", CUBE),
    *each("TopK", "ops.topk(x, 1)[0]", TIES),
    *each("TopK", "ops.topk(x, 1)", array([[2.5], [1.5]])),
    Case("TopK", "ops.topk(x, 2)", dynamic={"x": (None, 4)}, x=[distinct(3, 4), distinct(1, 4)]),
    *each("Unique", "P.Unique()(x)", REPEATED, array([2.5, 1.5, 2.5, 0.5]), distinct(5, dtype="int64"), normal(1)),
    *each("Unique", "ops.unique(x)", array([[3, 1], [1, 2]], "int32")),
    Case("UniqueWithPad", "ops.unique_with_pad(x, y)", x=REPEATED, y=array(9, "int32")),
    Case("UniqueWithPad", "ops.unique_with_pad(x, y)", x=array([2.5, 1.5, 2.5, 0.5]), y=array(-1.0)),
    *each("UniqueConsecutive", "ops.unique_consecutive(x)", RUNS, array([[1, 1], [2, 2]], "int32")),
    *each("UniqueConsecutive", "ops.unique_consecutive(x, True, True)", RUNS),
    *each("UniqueConsecutive", "ops.unique_consecutive(x, True, True, 0)", array([[1, 2], [1, 2], [3, 4]], "int32")),
    *each("UniqueConsecutive", "ops.unique_consecutive(x, True, False, -1)", array([[1.0, 1.0, 2.0], [3.0, 3.0, 3.0]])),
    *each("UniqueConsecutive", "P.UniqueConsecutive(True, True)(x)", array([[True, True], [False, True]], "bool")),
    *each(
        "NonZero",
        "ops.nonzero(x)",
        array([0.0, 2.0, 0.0, -1.0]),
        integers(0, 2, 3, 4),
        booleans(2, 3),
        array([0.0, 0.0]),
    ),
    *each("NonZero", "mint.nonzero(x)", integers(0, 2, 3, 4, dtype="int64")),
    *each(
        "NonZero", "ops.nonzero(x)", *(integers(0, 2, 2, 2, 3, dtype=kind) for kind in ("float16", "float64", "uint8"))
    ),
    Case("NonZero", "ops.nonzero(x)", dynamic={"x": (None, 3)}, x=[integers(0, 2, 2, 3), integers(0, 2, 4, 3)]),
    *each("NonZeroExt", "mint.nonzero(x, as_tuple=True)", integers(0, 2, 3, 4), booleans(5)),
    *each(
        "Bucketize", "P.Bucketize([-1.0, 0.0, 2.5])(x)", normal(2, 3), array([-1.0, 0.0, 2.5, 3.0]), integers(-3, 4, 5)
    ),
    Case("SearchSorted", "ops.searchsorted(x, y)", x=SORTED, y=WANTED),
    Case("SearchSorted", "ops.searchsorted(x, y, right=True)", x=SORTED, y=WANTED),
    Case(
        "SearchSorted",
        "ops.searchsorted(x, y, out_int32=True, side='right')",
        x=array([1, 3, 5], "int32"),
        y=array([0, 3, 6, 4], "int32"),
    ),
    Case("SearchSorted", "ops.bucketize(x, [-1.0, 0.0, 2.5], right=True)", x=array([-1.0, 0.0, 2.5, 3.0])),
    Case("LowerBound", "P.LowerBound()(x, y)", x=SORTED, y=WANTED),
    Case("LowerBound", "P.LowerBound(ms.int64)(x, y)", x=array([[1, 3, 5]], "int32"), y=array([[0, 3, 6, 4]], "int32")),
    Case("UpperBound", "P.UpperBound()(x, y)", x=SORTED, y=WANTED),
    Case("UpperBound", "P.UpperBound(ms.int64)(x, y)", x=array([[1, 3, 5]], "int32"), y=array([[0, 3, 6, 4]], "int32")),
    Case("Bincount", "P.Bincount()(x, y, z)", x=REPEATED, y=array(5, "int32"), z=normal(6)),
    Case("Bincount", "P.Bincount()(x, y, z)", x=array([0, 2, 2, 1], "int32"), y=array(4, "int32"), z=integers(1, 5, 4)),
    *each("Histogram", "ops.histc(x, 4, -1.0, 1.0)", normal(2, 5)),
    *each(
        "Histogram",
        "P.Histogram(3)(x)",
        normal(8),
        integers(-5, 6, 8),
        array([2.0, 2.0]),
        normal(2, 4, dtype="float16"),
    ),
    *each("Histogram", "P.Histogram(5, 2.0, 3.0)(x)", uniform(20, low=1.5, high=3.5), array([2.0, 3.0, 2.5, 9.0])),
    Case("InTopK", "ops.InTopK(2)(x, y)", x=distinct(3, 5), y=array([0, 2, 4], "int32")),
    Case(
        "InTopK", "ops.InTopK(2)(x, y)", x=array([[1.0, float("inf"), 2.0], [3.0, 1.0, 2.0]]), y=array([0, 3], "int64")
    ),
    Case("InTopK", "ops.InTopK(3)(x, y)", x=distinct(2, 4, dtype="float16"), y=array([3, 1], "int32")),
    Case("InTopK", "ops.InTopK(1)(x, y)", x=array([[1.0, 1.0], [2.0, 1.0]]), y=array([1, 0], "int32")),
    *each("NthElement", "P.NthElement()(x, 1)", distinct(2, 5), distinct(5, dtype="int32")),
    *each("NthElement", "P.NthElement()(x, 0)", distinct(2, 3, 4, dtype="float16"), distinct(2, 3, dtype="int8")),
    *each("NthElement", "P.NthElement(reverse=True)(x, ms.Tensor(2, ms.int32))", distinct(2, 5)),
    Case("ListDiff", "ops.ListDiff()(x, y)", x=array([4, 1, 2, 3, 2], "int32"), y=array([2, 9], "int32")),
    Case("ListDiff", "ops.ListDiff(ms.int64)(x, y)", x=array([1.5, 2.5, 3.5]), y=array([2.5])),
    *each("Median", "math_ops.Median(global_median=True)(x)[0]", distinct(2, 4), NAN, distinct(3, dtype="int16")),
    *each("Median", "math_ops.Median(global_median=True, ignore_nan=True)(x)[0]", NAN),
    *each(
        "Median",
        "math_ops.Median(axis=-1, keep_dims=True, ignore_nan=True)(x)",
        NAN,
        distinct(2, 3, 4, dtype="float64"),
    ),
    *each("Median", "ops.median(x, 1)", integers(0, 3, 3, 6), integers(0, 3, 2, 7, dtype="float32")),
    *each("Median", "ops.median(x)", array(2.5)),
    Case("Median", "ops.median(x, 0)", dynamic={"x": (None, None)}, x=[distinct(3, 4), distinct(4, 2)]),
    Case(
        "SetSize",
        "sparse_ops.SetSize()(i, v, ms.Tensor([2, 3], ms.int64))",
        i=array([[0, 0], [0, 1], [1, 0], [1, 1], [1, 2]], "int64"),
        v=array([4, 4, 1, 2, 1], "int64"),
    ),
    Case(
        "SetSize",
        "sparse_ops.SetSize()(i, v, s)",
        i=array([[0, 0, 0], [0, 1, 0], [0, 1, 1], [1, 0, 1]], "int64"),
        v=array([4, 3, 2, 1], "uint8"),
        s=array([2, 2, 2], "int64"),
    ),
)
