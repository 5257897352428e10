"""Primitives that map each element on its own."""

from __future__ import annotations

from ops.case import Case, each
from ops.inputs import array, booleans, integers, normal, positive, specials, uniform

REAL = (normal(2, 3), specials(), normal(5, dtype="float16"), normal(3, dtype="float64"))
UNIT = (uniform(2, 3), specials(), uniform(5, dtype="float16"), uniform(3, dtype="float64"))
POSITIVE = (positive(2, 3), specials(), positive(5, dtype="float16"), positive(3, dtype="float64"))
ABOVE_ONE = (uniform(2, 3, low=1.0, high=4.0), specials(), uniform(5, low=1.0, high=4.0, dtype="float16"))
HALVES = array([-2.5, -1.5, -0.5, -0.0, 0.0, 0.5, 1.5, 2.5, 3.5, 1e9])
SCALAR = array(0.75)
EMPTY = normal(0, 3)

CASES = (
    *each("Abs", "ops.abs(x)", *REAL, SCALAR, EMPTY, specials("int32"), specials("int64"), booleans(4)),
    *each("Abs", "x.abs()", specials("int8"), specials("uint8")),
    Case("Abs", "ops.abs(x)", dynamic={"x": (None, 3)}, x=[normal(2, 3), normal(4, 3)]),
    Case("Abs", "ops.abs(x)", dynamic={"x": None}, x=[normal(2, 3), normal(4)]),
    *each("ACos", "ops.acos(x)", *UNIT),
    *each("Acosh", "ops.acosh(x)", *ABOVE_ONE),
    *each("Asin", "ops.asin(x)", *UNIT),
    *each("Asinh", "ops.asinh(x)", *REAL),
    *each("Atan", "ops.atan(x)", *REAL),
    *each("Atanh", "ops.atanh(x)", *UNIT),
    *each("Ceil", "ops.ceil(x)", *REAL, HALVES),
    *each("CheckNumerics", "ops.CheckNumerics()(x)", normal(2, 3), normal(4, dtype="float16")),
    *each("Cos", "ops.cos(x)", *REAL),
    *each("Cosh", "ops.cosh(x)", *REAL),
    *each("Erf", "ops.erf(x)", *REAL),
    *each("Erfc", "ops.erfc(x)", *REAL),
    *each("Erfinv", "ops.erfinv(x)", *UNIT),
    *each("Exp", "ops.exp(x)", *REAL, SCALAR),
    *each("Expm1", "ops.expm1(x)", *REAL, array([1e-7, -1e-7, 1e-4, 0.0])),
    *each("Floor", "ops.floor(x)", *REAL, HALVES),
    *each("Inv", "ops.Inv()(x)", *POSITIVE, specials("int32")),
    *each(
        "Invert",
        "ops.Invert()(x)",
        *(specials(dtype) for dtype in ("int8", "int16", "int32", "int64", "uint8", "uint16")),
    ),
    *each(
        "IsFinite",
        "ops.isfinite(x)",
        specials(),
        specials("float16"),
        specials("float64"),
        integers(-2, 3, 4),
        booleans(3),
    ),
    *each("IsInf", "ops.isinf(x)", specials(), specials("float16"), specials("float64")),
    *each(
        "IsNan", "ops.isnan(x)", specials(), specials("float16"), specials("float64"), integers(-2, 3, 4), booleans(3)
    ),
    *each("Log", "ops.log(x)", *POSITIVE, SCALAR),
    *each("Log1p", "ops.log1p(x)", *POSITIVE, array([1e-7, -1e-7, 1e-4, 0.0, -1.0])),
    *each(
        "LogicalNot",
        "ops.logical_not(x)",
        booleans(2, 3),
        booleans(),
        integers(0, 3, 5),
        array([0.0, -0.0, 1.5, float("nan")]),
    ),
    *each("Logit", "ops.logit(x)", uniform(2, 3, low=0.05, high=0.95), array([0.0, 1.0, 0.5, -0.5, 1.5])),
    *each(
        "Logit", "ops.logit(x, 0.1)", uniform(2, 3, low=-0.2, high=1.2), uniform(4, low=0.0, high=1.0, dtype="float16")
    ),
    *each(
        "Neg", "ops.neg(x)", *REAL, specials("bfloat16"), specials("int8"), specials("int32"), specials("int64"), SCALAR
    ),
    *each("Neg", "-x", EMPTY, specials("uint8")),
    *each(
        "PopulationCount",
        "ops.PopulationCount()(x)",
        *(specials(dtype) for dtype in ("int8", "int16", "uint8", "uint16", "int32")),
    ),
    *each(
        "Reciprocal",
        "ops.reciprocal(x)",
        *POSITIVE,
        SCALAR,
        integers(1, 9, 4),
        integers(1, 9, 4, dtype="int64"),
        array([True, True], "bool"),
    ),
    *each("Rint", "ops.Rint()(x)", *REAL, HALVES),
    *each("Round", "ops.round(x)", *REAL, HALVES, integers(-50, 50, 4), integers(-50, 50, 4, dtype="int64")),
    *each("Rsqrt", "ops.rsqrt(x)", *POSITIVE),
    *each("Sign", "ops.sign(x)", *REAL, specials("int32"), specials("int64")),
    *each("Sin", "ops.sin(x)", *REAL, SCALAR),
    *each("Sinc", "ops.sinc(x)", *REAL, integers(-3, 4, 5)),
    *each("Sinh", "ops.sinh(x)", *REAL),
    *each("Sqrt", "ops.sqrt(x)", *POSITIVE, integers(0, 50, 4), integers(0, 50, 4, dtype="int64"), booleans(3)),
    *each("Square", "ops.square(x)", *REAL, specials("int32"), specials("int64"), specials("uint8")),
    *each("Tan", "ops.tan(x)", *REAL),
    *each(
        "Trunc", "ops.trunc(x)", *REAL, HALVES, specials("bfloat16"), specials("int32"), specials("int64"), booleans(3)
    ),
    *each("NanToNum", "ops.nan_to_num(x)", specials(), specials("float16"), normal(2, 3)),
    *each("NanToNum", "ops.nan_to_num(x, 1.5, 9.0, -8.0)", specials(), specials("float16")),
    *each("NanToNum", "ops.nan_to_num(x, posinf=9.0)", specials()),
    *each("NanToNum", "ops.nan_to_num(x)", specials("float64"), normal(2, 3, dtype="float64")),
    *each("NanToNum", "ops.nan_to_num(x, 1.5, 9.0, -8.0)", specials("float64")),
    *each("Identity", "ops.Identity()(x)", normal(2, 3), integers(-5, 5, 3), booleans(3)),
)
