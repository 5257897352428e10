"""Arithmetic of two operands: tensors, or a tensor and a number."""

from __future__ import annotations

from math import inf, nan

from ops.case import Case, each, pairs
from ops.inputs import array, booleans, integers, normal, positive, specials, uniform

BROADCAST = (normal(2, 3), normal(3))
FLOATS = (BROADCAST, (normal(2, 1, 3), normal(4, 1)), (normal(5, dtype="float16"), normal(5, dtype="float16")))
SPECIAL = (specials(), specials(column=True))
NUMBERS = (specials(nan=False), specials(column=True, nan=False))
SPECIAL_HALF = (specials("float16"), specials("float16", column=True))
SCALARS = (array(0.5), array(-1.25))
# Of a division by zero MindSpore's CPU kernel takes the sign from the dividend alone, and NaN as negative; no device does.
QUOTIENT = (specials(), array([[inf], [-inf], [1e38], [0.25], [1.0], [3.0], [-0.5], [-60.0]]))
QUOTIENT_HALF = (specials("float16"), array([[inf], [-inf], [6e4], [0.25], [1.0], [3.0], [-0.5], [-60.0]], "float16"))
BY_ZERO = (array([inf, 2.5, 0.25, 0.0, -0.0, -1.0, -inf]), array(0.0))
# Of shapes that broadcast MindSpore's CPU kernel of NextAfter reads memory that is not its own.
STEPS = (
    array([1.0, 1.0, 2.0, -1.0, -2.0, 3.0, inf, -inf, 1e30, 1.5]),
    array([2.0, -inf, 0.0, 0.0, inf, 3.0, 0.0, inf, inf, nan]),
)
EMPTY = (normal(0, 3), normal(3))
WIDE_INT = (specials("int32"), specials("int32", column=True))
LONG_INT = (specials("int64"), specials("int64", column=True))
BYTES = (specials("uint8"), specials("uint8", column=True))
SMALL_INT = (integers(-9, 10, 3, 4), integers(1, 6, 4))
SMALL_LONG = (integers(-9, 10, 3, 4, dtype="int64"), integers(-6, 0, 4, dtype="int64"))
BOOLS = (booleans(2, 3), booleans(3))
DIVISORS = (uniform(3, 4, low=-9.0, high=9.0), array([-2.0, 1.5, 3.0, -0.5]))
DIVISORS_HALF = (uniform(3, 4, low=-9.0, high=9.0, dtype="float16"), array([-2.0, 1.5, 3.0, -0.5], "float16"))
MIXED = (
    (normal(2, 3), integers(-5, 5, 3)),
    (normal(3, dtype="float16"), normal(3)),
    (integers(-5, 5, 3), integers(-5, 5, 3, dtype="int64")),
    (normal(3, dtype="float64"), normal(3)),
    (booleans(3), normal(3)),
)
ROWS = {"x": (None, 3)}
TWO_BATCHES = [normal(2, 3), normal(5, 3)]

CASES = (
    *pairs("Add", "ops.add(x, y)", *FLOATS, SPECIAL, SCALARS, EMPTY, WIDE_INT, LONG_INT, BYTES, *MIXED),
    *each("Add", "x + 2.5", normal(2, 3), normal(3, dtype="float16")),
    *each("Add", "3 + x", normal(2, 3), integers(-5, 5, 3), integers(-5, 5, 3, dtype="int64")),
    Case("Add", "x + y", dynamic=ROWS, x=TWO_BATCHES, y=normal(3)),
    *pairs("AddExt", "mint.add(x, y)", *FLOATS, SPECIAL, WIDE_INT, *MIXED),
    *pairs("AddExt", "mint.add(x, y, alpha=2)", BROADCAST, SMALL_INT),
    *pairs("AddExt", "mint.add(x, y, alpha=-0.5)", BROADCAST),
    *pairs("AddV2", "math_ops.AddV2()(x, y)", (normal(2, 3), normal(2, 3)), FLOATS[2], (specials(), specials())),
    *pairs("AddN", "ops.addn([x, y, x])", (normal(2, 3), normal(2, 3)), (integers(-9, 9, 4), integers(-9, 9, 4))),
    Case("AddN", "ops.addn((x, x * 2.0))", x=normal(3, dtype="float16")),
    *pairs("Atan2", "ops.atan2(x, y)", *FLOATS, SPECIAL),
    *pairs("Div", "ops.Div()(x, y)", *FLOATS, QUOTIENT, QUOTIENT_HALF, BY_ZERO, SCALARS, SMALL_INT, SMALL_LONG),
    *pairs("Div", "mint.div(x, y)", SMALL_INT, *MIXED),
    *pairs("DivMod", "mint.div(x, y, rounding_mode='floor')", DIVISORS, DIVISORS_HALF, SMALL_INT, SMALL_LONG, QUOTIENT),
    *pairs("DivMod", "mint.div(x, y, rounding_mode='trunc')", DIVISORS, DIVISORS_HALF, SMALL_INT, SMALL_LONG, QUOTIENT),
    *each("DivMods", "mint.div(x, 2.5, rounding_mode='floor')", DIVISORS[0], SMALL_INT[0]),
    *each("DivMods", "mint.div(x, 3, rounding_mode='trunc')", DIVISORS[0], SMALL_INT[0], SMALL_LONG[0]),
    *pairs("DivNoNan", "ops.DivNoNan()(x, y)", BROADCAST, SPECIAL, SPECIAL_HALF),
    *each("Divs", "x / 2.0", normal(2, 3), normal(3, dtype="float16"), integers(-9, 9, 4), specials()),
    *each("Divs", "x / 3", normal(2, 3), integers(-9, 9, 4, dtype="int64"), booleans(3)),
    *each("Divs", "x / 0", BY_ZERO[0], integers(-1, 2, 3)),
    *pairs(
        "FloorDiv", "ops.floor_div(x, y)", DIVISORS, DIVISORS_HALF, SMALL_INT, SMALL_LONG, QUOTIENT, BY_ZERO, SCALARS
    ),
    *each("FloorDiv", "x // 2", normal(2, 3, scale=5), SMALL_INT[0], SMALL_LONG[0]),
    *each("FloorDiv", "7 // x", SMALL_INT[1], positive(3)),
    *pairs("FloorMod", "ops.floor_mod(x, y)", DIVISORS, DIVISORS_HALF, SMALL_INT, SMALL_LONG, SPECIAL),
    *pairs("Mod", "ops.Mod()(x, y)", DIVISORS, DIVISORS_HALF, SMALL_INT, SMALL_LONG, SPECIAL),
    *each("Mod", "ops.frac(x)", normal(2, 3, scale=5)),
    *pairs("TruncateDiv", "ops.truncate_div(x, y)", DIVISORS, DIVISORS_HALF, SMALL_INT, SMALL_LONG),
    *pairs("TruncateMod", "ops.truncate_mod(x, y)", DIVISORS, DIVISORS_HALF, SMALL_INT),
    *each("RemainderTensorScalar", "x % 2.5", DIVISORS[0], DIVISORS_HALF[0], specials()),
    *each("RemainderTensorScalar", "x % -3", DIVISORS[0], SMALL_INT[0], SMALL_LONG[0]),
    *each("RemainderScalarTensor", "7 % x", SMALL_LONG[1], positive(3)),
    *each("RemainderScalarTensor", "mint.remainder(-7.5, x)", positive(3), array([-2.0, 3.0])),
    *pairs("RemainderTensorTensor", "mint.remainder(x, y)", DIVISORS, SMALL_INT, SMALL_LONG, MIXED[0], SPECIAL),
    *pairs("Fmax", "ops.fmax(x, y)", BROADCAST, SPECIAL, SMALL_INT),
    *pairs("Maximum", "ops.maximum(x, y)", *FLOATS, NUMBERS, SMALL_INT, SMALL_LONG, SCALARS, *MIXED[:4]),
    *each("Maximum", "ops.maximum(x, 0.5)", normal(2, 3)),
    *pairs("Minimum", "ops.minimum(x, y)", *FLOATS, NUMBERS, SMALL_INT, SMALL_LONG, SCALARS, *MIXED[:4]),
    *each("Minimum", "ops.minimum(0.5, x)", normal(2, 3)),
    *pairs("Mul", "ops.mul(x, y)", *FLOATS, SPECIAL, SCALARS, EMPTY, WIDE_INT, LONG_INT, BYTES, BOOLS, *MIXED),
    Case("Mul", "x * y", dynamic=ROWS, x=TWO_BATCHES, y=normal(2, 1, 1)),
    *pairs("MulNoNan", "ops.MulNoNan()(x, y)", BROADCAST, SPECIAL, SMALL_INT),
    *each("Muls", "x * 2.5", normal(2, 3), normal(3, dtype="float16"), integers(-5, 5, 3), specials(), booleans(3)),
    *each("Muls", "x * 3", normal(2, 3), specials("int32"), specials("int64"), specials("uint8"), booleans(3)),
    *each("Muls", "True * x", normal(2, 3), integers(-5, 5, 3), booleans(3)),
    *pairs(
        "Pow",
        "ops.pow(x, y)",
        (positive(2, 3), normal(3)),
        SPECIAL,
        SPECIAL_HALF,
        (integers(-5, 6, 4), integers(0, 5, 4)),
    ),
    *pairs(
        "Pow",
        "ops.pow(x, y)",
        (integers(-5, 6, 4, dtype="int64"), integers(0, 9, 4, dtype="int64")),
        (positive(3), integers(-3, 4, 3)),
    ),
    *each("Pow", "x ** 2", normal(2, 3), normal(3, dtype="float16"), integers(-5, 5, 3)),
    *each("Pow", "ops.pow(x, 0.5)", positive(2, 3)),
    *each("Pow", "2.0 ** x", normal(2, 3)),
    *each("Pow", "ops.exp2(x)", normal(2, 3)),
    *each("Pow", "x ** 2", *(integers(0, 12, 2, 3, dtype=dtype) for dtype in ("int8", "int16", "uint8"))),
    *each("Pow", "x ** 3", integers(-6, 7, 7, dtype="int8"), integers(0, 40, 6, dtype="int16")),
    *pairs(
        "Pow",
        "x ** y",
        (integers(-3, 4, 4, dtype="int8"), integers(-2, 4, 4, dtype="int8")),
        (integers(0, 4, 3, 1, dtype="uint8"), integers(0, 4, 4, dtype="uint8")),
    ),
    *each(
        "PowTensorScalar", "mint.pow(x, 2)", normal(2, 3), integers(-5, 5, 4), normal(3, dtype="float16"), specials()
    ),
    *each("PowTensorScalar", "mint.pow(x, -1.5)", positive(2, 3), specials()),
    *each("PowTensorScalar", "mint.float_power(x, 3.0)", normal(4)),
    *each("PowScalarTensor", "mint.pow(2.0, x)", normal(2, 3), normal(3, dtype="float16"), integers(-3, 4, 4)),
    *each("PowScalarTensor", "mint.pow(3, x)", normal(2, 3), integers(0, 4, 4), integers(0, 4, 4, dtype="int64")),
    *pairs(
        "RealDiv",
        "P.RealDiv()(x, y)",
        *FLOATS,
        QUOTIENT,
        QUOTIENT_HALF,
        BY_ZERO,
        SMALL_INT,
        SMALL_LONG,
        *MIXED[:2],
        *MIXED[3:],
    ),
    *pairs("SquaredDifference", "ops.SquaredDifference()(x, y)", *FLOATS, SPECIAL, SMALL_INT),
    *pairs("Sub", "ops.sub(x, y)", *FLOATS, SPECIAL, SCALARS, EMPTY, WIDE_INT, LONG_INT, BYTES, *MIXED[:4]),
    *each("Sub", "1 - x", normal(2, 3), integers(-5, 5, 3), normal(3, dtype="float16")),
    *each("Sub", "x - 1.5", normal(2, 3), integers(-5, 5, 3)),
    *pairs("SubExt", "mint.sub(x, y)", *FLOATS, SPECIAL, WIDE_INT, *MIXED[:4]),
    *pairs("SubExt", "mint.sub(x, y, alpha=2)", BROADCAST, SMALL_INT),
    *each("SubScalar", "mint.sub(x, 2.5)", normal(2, 3), integers(-5, 5, 3)),
    *each("SubScalar", "mint.sub(x, 3, alpha=2)", normal(2, 3), integers(-5, 5, 3), integers(-5, 5, 3, dtype="int64")),
    *each("AddScalar", "mint.add(x, 2.5)", normal(2, 3), integers(-5, 5, 3)),
    *each("AddScalar", "mint.add(x, 3, alpha=2)", normal(2, 3), integers(-5, 5, 3)),
    *pairs("Xdivy", "ops.xdivy(x, y)", BROADCAST, QUOTIENT, QUOTIENT_HALF),
    *pairs("Xlogy", "ops.xlogy(x, y)", (normal(2, 3), positive(3)), SPECIAL, SPECIAL_HALF),
    *pairs("Hypot", "ops.hypot(x, y)", BROADCAST, SPECIAL, (normal(3, dtype="float64"), normal(3, dtype="float64"))),
    *pairs("Heaviside", "ops.heaviside(x, y)", BROADCAST, SPECIAL, SMALL_INT),
    *pairs("NextAfter", "ops.nextafter(x, y)", (normal(3), normal(3)), STEPS),
    *pairs(
        "Gcd",
        "ops.gcd(x, y)",
        (integers(-40, 40, 2, 3), integers(1, 40, 3)),
        SMALL_LONG,
        (integers(-3, 4, 7), integers(-3, 4, 7)),
    ),
    *pairs(
        "Lcm",
        "ops.lcm(x, y)",
        (integers(-40, 40, 2, 3), integers(1, 40, 3)),
        SMALL_LONG,
        (integers(-3, 4, 7), integers(-3, 4, 7)),
    ),
    *pairs("SubExt", "mint.sub(x, y)", BOOLS),
    *pairs("DivMod", "mint.div(x, y, rounding_mode='floor')", BOOLS),
    *pairs("FloorDiv", "P.FloorDiv()(x, y)", BOOLS),
)
