"""Complex numbers: their parts, and arithmetic with them."""

from __future__ import annotations

from ops.case import Case, each, pairs
from ops.inputs import array, normal, positive

NUMBERS = normal(2, 3, dtype="complex64")
DOUBLE = normal(3, dtype="complex128")
QUADRANTS = array([1 + 1j, -1 + 1j, -1 - 1j, 1 - 1j, 0j, -2 + 0j, 2j], "complex64")

CASES = (
    *each("Real", "ops.real(x)", NUMBERS, DOUBLE, array(1 - 2j, "complex64"), normal(3, dtype="float64")),
    *each("Imag", "ops.imag(x)", NUMBERS, DOUBLE, array(1 - 2j, "complex64"), normal(3, dtype="float64")),
    *each("Conj", "ops.conj(x)", NUMBERS, DOUBLE, normal(3)),
    *each("Angle", "ops.angle(x)", NUMBERS, DOUBLE, QUADRANTS),
    *each("ComplexAbs", "P.ComplexAbs()(x)", NUMBERS, DOUBLE, QUADRANTS),
    *pairs("Complex", "P.Complex()(x, y)", (normal(2, 3), normal(2, 3)), (array(1.5), array(-2.5))),
    *pairs(
        "Polar",
        "ops.polar(x, y)",
        (positive(2, 3), normal(2, 3)),
        (positive(3, dtype="float64"), normal(3, dtype="float64")),
    ),
    Case("Concat", "ops.view_as_real(x)", x=NUMBERS),
    *pairs("Add", "x + y", (NUMBERS, normal(3, dtype="complex64"))),
    *pairs("Sub", "x - y", (NUMBERS, normal(3, dtype="complex64"))),
    *pairs("Mul", "x * y", (NUMBERS, normal(3, dtype="complex64"))),
    *pairs("Div", "x / y", (NUMBERS, normal(3, dtype="complex64"))),
    *each("Abs", "ops.abs(x)", NUMBERS, QUADRANTS),
    *each("Exp", "ops.exp(x)", NUMBERS),
    *each("Neg", "-x", NUMBERS),
    *each("Square", "ops.square(x)", NUMBERS),
    *each("Cast", "ops.cast(x, ms.complex64)", normal(2, 3)),
    *each("Cast", "ops.cast(x, ms.float32)", NUMBERS),
    *each("Transpose", "ops.transpose(x, (1, 0))", NUMBERS),
    *each("Reshape", "x.reshape((3, 2))", NUMBERS),
    *each("SumExt", "ops.sum(x, 1)", NUMBERS),
)
