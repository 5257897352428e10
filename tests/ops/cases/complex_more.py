"""Primitives of real tensors with complex operands."""

from __future__ import annotations

from ops.case import Case, each, pairs
from ops.inputs import array, normal

NUMBERS = normal(2, 3, dtype="complex64")
DOUBLE = normal(3, dtype="complex128")
QUADRANTS = array([1 + 1j, -1 + 1j, -1 - 1j, 1 - 1j, 0.5 + 0j, -2 + 0.5j, 2j, -3j], "complex64")
ZEROS = array([0j, 1 + 0j, 1j, 0j], "complex64")
OTHERS = array([0j, 0j, 2 - 1j, 1 + 1j], "complex64")
FUNCTIONS = (
    "Log", "Sqrt", "Sin", "Cos", "Tan", "Sinh", "Cosh", "Tanh", "Asin", "ACos", "Atan", "Asinh", "Acosh", "Atanh",
    "Sign", "Reciprocal", "Inv", "Rsqrt", "Log1p", "Expm1", "Sinc",
)  # fmt: skip

CASES = (
    *(case for name in FUNCTIONS for case in each(name, f"P.{name}()(x)", NUMBERS, DOUBLE, QUADRANTS)),
    *each("Sign", "P.Sign()(x)", ZEROS),
    *each("Sqrt", "P.Sqrt()(x)", ZEROS),
    *(
        case
        for name in ("Pow", "SquaredDifference", "RealDiv", "MulNoNan", "DivNoNan", "Xdivy", "Xlogy")
        for case in pairs(
            name, f"P.{name}()(x, y)", (NUMBERS, normal(2, 3, dtype="complex64")), (DOUBLE, DOUBLE), (ZEROS, OTHERS)
        )
    ),
    *(
        case
        for name in ("Equal", "NotEqual", "LogicalAnd", "LogicalOr", "LogicalXor")
        for case in pairs(name, f"P.{name}()(x, y)", (ZEROS, OTHERS))
    ),
    *each("LogicalNot", "P.LogicalNot()(x)", ZEROS),
    *each("Muls", "x * 2.5", NUMBERS),
    *pairs("Add", "x + y", (NUMBERS, normal(2, 3)), (normal(3, dtype="float64"), DOUBLE)),
    *pairs("AddN", "P.AddN()((x, y))", (NUMBERS, NUMBERS)),
    *each("Pow", "x ** 2", NUMBERS),
    *each("ReduceSum", "P.ReduceSum(True)(x, 1)", NUMBERS),
    *each("ReduceMean", "P.ReduceMean()(x, (0, 1))", NUMBERS),
    *each("ReduceProd", "P.ReduceProd(True)(x, 1)", NUMBERS),
    *each("ReduceProd", "P.ReduceProd()(x)", NUMBERS),
    *each("CumSum", "P.CumSum()(x, 1)", NUMBERS),
    *each("CumProd", "P.CumProd()(x, 1)", NUMBERS),
    *pairs("BiasAdd", "P.BiasAdd()(x, y)", (normal(2, 3, 2, 2, dtype="complex64"), normal(3, dtype="complex64"))),
    *pairs("MatMul", "P.MatMul()(x, y)", (NUMBERS, normal(3, 2, dtype="complex64"))),
    *pairs(
        "BatchMatMul", "P.BatchMatMul()(x, y)", (normal(2, 2, 3, dtype="complex64"), normal(2, 3, 2, dtype="complex64"))
    ),
    Case("Dense", "ops.dense(x, w, b)", x=NUMBERS, w=normal(4, 3, dtype="complex64"), b=normal(4, dtype="complex64")),
    *pairs("Select", "P.Select()(y, x, x)", (NUMBERS, array([[True, False, True], [False, True, False]], "bool"))),
    *each("Diag", "P.Diag()(x)", DOUBLE),
    *each("DiagPart", "P.DiagPart()(x)", normal(3, 3, dtype="complex64")),
    *each("TraceV2", "G.TraceV2()(x, 0, 0, 1, None)", NUMBERS),
    *each("MatrixBandPart", "ops.matrix_band_part(x, 0, 1)", normal(3, 3, dtype="complex64")),
    *pairs("Cross", "P.Cross(-65530)(x, y)", (NUMBERS, NUMBERS)),
    *each("MatrixInverse", "P.MatrixInverse()(x)", normal(3, 3, dtype="complex64")),
    *each("MatrixDeterminant", "P.MatrixDeterminant()(x)", normal(3, 3, dtype="complex64")),
    *each("LogMatrixDeterminant", "P.LogMatrixDeterminant()(x)", normal(3, 3, dtype="complex64")),
    *pairs("MatrixSolve", "P.MatrixSolve()(x, y)", (normal(3, 3, dtype="complex64"), normal(3, 2, dtype="complex64"))),
    *pairs(
        "MatrixSolve", "P.MatrixSolve(True)(x, y)", (normal(3, 3, dtype="complex64"), normal(3, 2, dtype="complex64"))
    ),
    *each("OnesLike", "P.OnesLike()(x)", DOUBLE),
    *each("ConjugateTranspose", "P.ConjugateTranspose()(x, (1, 0))", NUMBERS),
    Case(
        "TridiagonalSolve",
        "math_ops.TridiagonalSolve()(d, b)",
        d=normal(3, 4, dtype="complex64"),
        b=normal(4, 2, dtype="complex64"),
    ),
)
