"""Reductions over axes."""

from __future__ import annotations

from ops.case import Case, each
from ops.inputs import array, booleans, distinct, integers, normal, specials

CUBE = normal(2, 3, 4)
HALF = normal(2, 3, 4, dtype="float16")
DOUBLE = normal(2, 3, dtype="float64")
INTS = integers(-9, 10, 2, 3, 4)
LONGS = integers(-9, 10, 2, 3, dtype="int64")
BYTES = integers(0, 200, 2, 3, dtype="uint8")
SMALL_BYTES = integers(-100, 100, 2, 3, dtype="int8")
EMPTY = normal(0, 3)
NAN = array([[1.0, float("nan"), -2.0], [float("inf"), 3.0, 4.0]])
ROWS = {"x": (None, 3)}
BATCHES = [normal(2, 3), normal(5, 3)]
NUMERIC = (CUBE, HALF, DOUBLE, INTS, LONGS)


def axes(primitive: str, function: str, x: object, *more: object) -> tuple[Case, ...]:
    """The choices of axis and keep_dims of a function that is called as ``function(x, axis, keep_dims)``."""
    calls = ("x, 1", "x, -1, True", "x, (0, 2)", "x, (-1, 0), True", "x, 0")
    whole = (Case(primitive, f"{function}(x)", x=value) for value in (x, *more))
    return (*(Case(primitive, f"{function}({call})", x=x) for call in calls), *whole)


CASES = (
    *each("ReduceSum", "ops.reduce_sum(x, 1)", CUBE),
    *each("ReduceSum", "ops.reduce_sum(x, (0, -1))", CUBE),
    *each("ReduceSum", "P.ReduceSum(keep_dims=True)(x, (-1, 0))", CUBE),
    *each("ReduceSum", "P.ReduceSum(keep_dims=True)(x, -2)", CUBE),
    *each("ReduceSum", "ops.reduce_sum(x)", CUBE, INTS, HALF, DOUBLE, array(2.5), EMPTY, specials()),
    *each("ReduceSum", "P.ReduceSum(keep_dims=True)(x, ())", CUBE, LONGS),
    *each("ReduceSum", "P.ReduceSum(skip_mode=True)(x, ())", CUBE),
    *each("ReduceSum", "P.ReduceSum(True, True)(x, (1,))", CUBE),
    *each("ReduceSum", "P.ReduceSum()(x, 1)", BYTES, SMALL_BYTES, EMPTY),
    Case("ReduceSum", "ops.reduce_sum(x, 0)", dynamic=ROWS, x=BATCHES),
    Case("ReduceSum", "P.ReduceSum()(x, y)", x=CUBE, y=array([0, 2], "int64")),
    *axes("ReduceMean", "ops.mean", CUBE, HALF, DOUBLE, array(2.5), INTS),
    *each("ReduceMean", "P.ReduceMean(keep_dims=True)(x, ())", CUBE),
    *each("ReduceMean", "P.ReduceMean()(x, 1)", INTS, LONGS, BYTES),
    Case(
        "ReduceMean",
        "ops.mean(x, (2, 3))",
        dynamic={"x": (None, 3, None, None)},
        x=[normal(2, 3, 4, 5), normal(1, 3, 2, 2)],
    ),
    *axes("ReduceMax", "ops.amax", CUBE, HALF, INTS, LONGS),
    *each("ReduceMax", "mint.amax(x, -1)", NAN, INTS, BYTES, specials("int64")),
    *axes("ReduceMin", "ops.amin", CUBE, HALF, INTS, LONGS, NAN),
    *each("ReduceMin", "mint.amin(x, -1)", NAN, INTS, BYTES, specials("int64")),
    *each("ReduceProd", "P.ReduceProd()(x, 1)", CUBE, HALF, DOUBLE, INTS, LONGS, SMALL_BYTES),
    *each("ReduceProd", "P.ReduceProd(keep_dims=True)(x, (0, -1))", CUBE),
    *each("ReduceProd", "P.ReduceProd()(x, ())", CUBE, EMPTY),
    *each("ReduceAll", "ops.all(x)", booleans(2, 3), booleans(), array([True, True], "bool"), INTS, CUBE),
    *each("ReduceAll", "ops.all(x, 1, True)", booleans(2, 3)),
    *each("ReduceAll", "mint.all(x, -2)", booleans(2, 3, 4)),
    *each("ReduceAll", "P.ReduceAll()(x, (0, 2))", booleans(2, 3, 4)),
    *each("ReduceAny", "ops.any(x)", booleans(2, 3), booleans(), array([False, False], "bool"), INTS, CUBE),
    *each("ReduceAny", "ops.any(x, 1, True)", booleans(2, 3)),
    *each("ReduceAny", "mint.any(x, -2)", booleans(2, 3, 4)),
    *each("ReduceAny", "P.ReduceAny()(x, (0, 2))", booleans(2, 3, 4)),
    *each("ReduceStd", "P.ReduceStd()(x)", CUBE, HALF),
    *each("ReduceStd", "P.ReduceStd((0, 2), False, True)(x)", CUBE),
    *each("ReduceStd", "P.ReduceStd(axis=1)(x)", CUBE),
    *each("ReduceStd", "ops.std(x, -1, 0, True)", CUBE),
    *axes("SumExt", "mint.sum", CUBE, HALF, INTS, BYTES, booleans(2, 3), array(2.5)),
    *each("SumExt", "mint.sum(x, dtype=ms.float32)", HALF, INTS),
    *each("SumExt", "mint.sum(x, 1, dtype=ms.int32)", CUBE, booleans(2, 3)),
    *axes("MeanExt", "mint.mean", CUBE, HALF, DOUBLE),
    *each("MeanExt", "mint.mean(x, 1, dtype=ms.float32)", HALF, INTS),
    *each("ProdExt", "mint.prod(x)", CUBE, HALF, INTS, booleans(2, 3)),
    *each("ProdExt", "mint.prod(x, 1)", CUBE, SMALL_BYTES),
    *each("ProdExt", "mint.prod(x, -1, True)", CUBE),
    *each("ProdExt", "mint.prod(x, 1, dtype=ms.float32)", INTS),
    *each("Max", "mint.max(x)", CUBE, HALF, INTS, LONGS),
    *each("Min", "mint.min(x)", CUBE, HALF, INTS, LONGS, NAN),
    *each("MaxDim", "mint.max(x, 1)", distinct(2, 3, 4), distinct(2, 3, 4, dtype="int32"), NAN),
    *each("MaxDim", "mint.max(x, -2, True)", distinct(2, 3, 4), integers(0, 2, 2, 3, 4, dtype="float32")),
    *each("MinDim", "mint.min(x, 1)", distinct(2, 3, 4), distinct(2, 3, 4, dtype="int32"), NAN),
    *each("MinDim", "mint.min(x, -2, True)", distinct(2, 3, 4), integers(0, 2, 2, 3, 4, dtype="float32")),
    *each(
        "ArgMaxWithValue",
        "ops.max(x, 1)",
        distinct(2, 3, 4),
        distinct(2, 3, dtype="float16"),
        distinct(2, 3, dtype="int32"),
        NAN,
    ),
    *each(
        "ArgMaxWithValue", "P.ArgMaxWithValue(-1, True)(x)", distinct(2, 3, 4), integers(0, 2, 2, 6, dtype="float32")
    ),
    *each("ArgMaxWithValue", "P.ArgMaxWithValue()(x)", distinct(5), array(2.5)),
    *each(
        "ArgMinWithValue",
        "ops.min(x, 1)",
        distinct(2, 3, 4),
        distinct(2, 3, dtype="float16"),
        distinct(2, 3, dtype="int32"),
        NAN,
    ),
    *each(
        "ArgMinWithValue", "P.ArgMinWithValue(-1, True)(x)", distinct(2, 3, 4), integers(0, 2, 2, 6, dtype="float32")
    ),
    *each("ArgMinWithValue", "P.ArgMinWithValue()(x)", distinct(5), array(2.5)),
    *each(
        "Argmax", "ops.Argmax()(x)", distinct(2, 3, 4), distinct(5, dtype="float16"), distinct(3, dtype="float64"), NAN
    ),
    *each("Argmax", "ops.Argmax(0, ms.int64)(x)", distinct(2, 3, 4), integers(0, 2, 6, 2, dtype="float32")),
    *each("Argmax", "ops.argmax(x, 1, True)", distinct(2, 3, 4)),
    *each("Argmax", "ops.argmax(x)", distinct(2, 3)),
    *each("ArgMaxExt", "mint.argmax(x)", distinct(2, 3), distinct(5, dtype="float16")),
    *each("ArgMaxExt", "mint.argmax(x, -2, True)", distinct(2, 3, 4), integers(0, 2, 2, 6, dtype="float32")),
    *each(
        "Argmin", "ops.Argmin()(x)", distinct(2, 3, 4), distinct(5, dtype="float16"), distinct(3, dtype="float64"), NAN
    ),
    *each("Argmin", "ops.Argmin(0)(x)", distinct(2, 3, 4), integers(0, 2, 6, 2, dtype="float32")),
    *each("Argmin", "ops.argmin(x, 1, True)", distinct(2, 3, 4)),
    *each("Argmin", "ops.argmin(x)", distinct(2, 3)),
    Case("SquareSumAll", "ops.SquareSumAll()(x, y)", x=normal(2, 3), y=normal(2, 3)),
    Case("SquareSumAll", "ops.SquareSumAll()(x, y)", x=normal(5), y=normal(5)),
    *each("Median", "ops.median(x)", distinct(5), distinct(6), distinct(2, 3, dtype="int32")),
    *each("Median", "ops.median(x, 1)", distinct(2, 4), distinct(2, 5, dtype="int64"), NAN),
    *each("Median", "ops.median(x, 0, True)", distinct(3, 2)),
    *each("Median", "ops.nanmedian(x, 1)", NAN),
    *(
        Case(name, f"P.{name}(1, True)(x)", x=distinct(2, 4, 3, dtype=dtype))
        for name in ("ArgMaxWithValue", "ArgMinWithValue")
        for dtype in ("int8", "uint8", "int16", "uint16", "uint32", "int64", "float16", "float64")
    ),
    *(Case("MaxDim", "mint.max(x, 1)", x=distinct(2, 4, 3, dtype=dtype)) for dtype in ("int16", "uint16", "float16")),
    *(
        Case("Argmax", "P.Argmax(1)(x)", x=distinct(2, 4, 3, dtype=dtype))
        for dtype in ("int16", "uint16", "uint8", "float64")
    ),
)
