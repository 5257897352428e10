"""Comparisons, logic and bits of two operands."""

from __future__ import annotations

from ops.case import Case, each, pairs
from ops.inputs import array, booleans, integers, normal, specials

CLOSE = (integers(-2, 3, 2, 6, dtype="float32"), integers(-2, 3, 6, dtype="float32"))
HALF = (integers(-2, 3, 6, dtype="float16"), integers(-2, 3, 6, dtype="float16"))
INTS = (integers(-2, 3, 2, 6), integers(-2, 3, 6))
LONGS = (integers(-2, 3, 6, dtype="int64"), integers(-2, 3, 6, dtype="int64"))
SPECIAL = (specials(), specials(column=True))
LIMITS = (specials("int64"), specials("int64", column=True))
BYTES = (specials("uint8"), specials("uint8", column=True))
BOOLS = (booleans(2, 4), booleans(4))
MIXED = (integers(-2, 3, 6), integers(-2, 3, 6, dtype="float32"))
ORDERED = (CLOSE, HALF, INTS, LONGS, SPECIAL, LIMITS, BYTES, MIXED, (array(1.0), array(2.0)), (normal(0, 3), normal(3)))
NUMBERS = (CLOSE[0], HALF[0], INTS[0], LONGS[0], specials())
PATTERNS = tuple((specials(dtype), specials(dtype, column=True)) for dtype in ("int8", "int32", "int64", "uint8"))
SHIFTS = tuple(
    (integers(-9, 9, 2, 4, dtype=dtype), integers(0, 7, 4, dtype=dtype)) for dtype in ("int8", "int32", "int64")
)

FAR = tuple(
    (array([-7, 100, 5, 5, 1, 120, -128], dtype), array([1, 2, width, width + 1, -1, 100, width - 1], dtype))
    for dtype, width in (("int8", 8), ("int16", 16), ("int32", 32), ("int64", 64))
)

CASES = (
    *pairs("Equal", "ops.equal(x, y)", *ORDERED, BOOLS),
    *each("Equal", "ops.equal(x, 1.0)", CLOSE[0]),
    *pairs("NotEqual", "ops.not_equal(x, y)", *ORDERED, BOOLS),
    *each("NotEqual", "x != 1", *NUMBERS),
    *pairs("Greater", "ops.greater(x, y)", *ORDERED),
    *each("Greater", "x > 1", *NUMBERS),
    *pairs("GreaterEqual", "ops.greater_equal(x, y)", *ORDERED),
    *each("GreaterEqual", "x >= 1", *NUMBERS),
    *each("GreaterEqualScalar", "mint.ge(x, 1)", *NUMBERS),
    *each("GreaterEqualScalar", "mint.greater_equal(x, 0.5)", *NUMBERS),
    *pairs("Less", "ops.less(x, y)", *ORDERED),
    *each("LessScalar", "x < 1", *NUMBERS),
    *each("LessScalar", "mint.lt(x, 0.5)", *NUMBERS),
    *pairs("LessEqual", "ops.less_equal(x, y)", *ORDERED),
    *each("LessEqual", "x <= 1", *NUMBERS),
    *each("EqScalar", "x == 1", *NUMBERS, booleans(4)),
    *each("EqScalar", "mint.eq(x, 0.5)", CLOSE[0], INTS[0], specials()),
    Case(
        "Less",
        "ops.less(x, y)",
        dynamic={"x": (None, 3), "y": (None, 1)},
        x=[normal(2, 3), normal(4, 3)],
        y=[normal(2, 1), normal(4, 1)],
    ),
    *pairs("IsClose", "ops.isclose(x, y)", CLOSE, SPECIAL, INTS, (array([1.0, 1.00001, 1.1]), array([1.0, 1.0, 1.0]))),
    *pairs("IsClose", "ops.isclose(x, y, rtol=0.1, atol=0.5, equal_nan=True)", CLOSE, SPECIAL),
    *pairs(
        "ApproximateEqual", "ops.approximate_equal(x, y, 0.5)", (normal(2, 3), normal(2, 3)), (specials(), specials())
    ),
    *pairs("ApproximateEqual", "ops.approximate_equal(x, y)", (array([1.0, 1.0, 1.0]), array([1.0, 1.000005, 1.1]))),
    *pairs("EqualCount", "ops.EqualCount()(x, y)", (integers(0, 2, 9), integers(0, 2, 9)), (HALF[0], HALF[1])),
    *pairs("LogicalAnd", "ops.logical_and(x, y)", BOOLS, (booleans(), booleans()), INTS, SPECIAL),
    *pairs("LogicalOr", "ops.logical_or(x, y)", BOOLS, (booleans(), booleans()), INTS, SPECIAL),
    *pairs("LogicalXor", "ops.logical_xor(x, y)", BOOLS, (booleans(), booleans()), INTS),
    *pairs("BitwiseAnd", "ops.bitwise_and(x, y)", *PATTERNS, BOOLS),
    *each("BitwiseAnd", "x & 5", specials("int32"), specials("uint8")),
    *pairs("BitwiseAndTensor", "mint.bitwise_and(x, y)", *PATTERNS, BOOLS),
    *pairs("BitwiseOr", "ops.bitwise_or(x, y)", *PATTERNS, BOOLS),
    *each("BitwiseOr", "x | 5", specials("int32")),
    *pairs("BitwiseXor", "ops.bitwise_xor(x, y)", *PATTERNS, BOOLS),
    *each("BitwiseXor", "x ^ 5", specials("int32")),
    *pairs("LeftShift", "ops.LeftShift()(x, y)", *SHIFTS, *FAR),
    *pairs(
        "RightShift",
        "ops.RightShift()(x, y)",
        *SHIFTS,
        (integers(0, 250, 4, dtype="uint8"), integers(0, 7, 4, dtype="uint8")),
        *FAR,
        (array([200, 100, 5, 5, 120], "uint32"), array([1, 2, 32, 33, 100], "uint32")),
    ),
    Case("CompareAndBitpack", "ops.CompareAndBitpack()(x, y)", x=normal(2, 16), y=array(0.25)),
    Case("CompareAndBitpack", "ops.CompareAndBitpack()(x, y)", x=booleans(8), y=array(False, "bool")),
)
