"""Linear algebra: eliminations, factorizations, and what moves diagonals and triangles."""

from __future__ import annotations

from ops.case import Case, each
from ops.inputs import array, integers, normal, positive

SPD = array([[4.0, 1.0, 0.5], [1.0, 5.0, -1.0], [0.5, -1.0, 6.0]])
SPD_BATCH = array([[[4.0, 1.0], [1.0, 3.0]], [[2.0, -1.0], [-1.0, 5.0]]], "float64")
SQUARE, BATCH = normal(4, 4), normal(2, 3, 3, dtype="float64")
SINGULAR = array([[1.0, 2.0], [2.0, 4.0]])
PIVOTED = array([[0.0, 2.0, 1.0], [3.0, 0.0, 1.0], [1.0, 1.0, 0.0]])

CASES = (
    *each("MatrixDeterminant", "P.MatrixDeterminant()(x)", SQUARE, BATCH, SINGULAR, PIVOTED),
    *each("LogMatrixDeterminant", "P.LogMatrixDeterminant()(x)", SQUARE, BATCH, SINGULAR, PIVOTED),
    *each("MatrixInverse", "P.MatrixInverse()(x)", SQUARE, BATCH, PIVOTED),
    *each("MatrixInverse", "P.MatrixInverse(adjoint=True)(x)", SQUARE),
    *each("Cholesky", "P.Cholesky()(x)", SPD, SPD_BATCH),
    *each("Cholesky", "P.Cholesky(upper=True)(x)", SPD, SPD_BATCH),
    *each("CholeskyInverse", "P.CholeskyInverse()(x)", SPD),
    *each("CholeskyInverse", "P.CholeskyInverse(upper=True)(x)", SPD),
    *(
        Case("CholeskySolve", f"math_ops.CholeskySolve({upper})(b, a)", b=b, a=a)
        for upper in (False, True)
        for a, b in ((SPD, normal(3, 2)), (SPD_BATCH, normal(2, 2, 3, dtype="float64")))
    ),
    *(
        Case("MatrixSolve", f"P.MatrixSolve({adjoint})(a, b)", a=a, b=b)
        for adjoint in (False, True)
        for a, b in ((SQUARE, normal(4, 2)), (BATCH, normal(2, 3, 1, dtype="float64")), (PIVOTED, normal(3, 2)))
    ),
    Case("MatrixSolveLs", "math_ops.MatrixSolveLs()(a, b, l)", a=normal(5, 3), b=normal(5, 2), l=array(0.5, "float64")),
    Case(
        "MatrixSolveLs",
        "math_ops.MatrixSolveLs(fast=False)(a, b, l)",
        a=normal(5, 3),
        b=normal(5, 2),
        l=array(0.0, "float64"),
    ),
    Case(
        "MatrixSolveLs",
        "math_ops.MatrixSolveLs()(a, b, l)",
        a=normal(2, 3, 5),
        b=normal(2, 3, 2),
        l=array(0.1, "float64"),
    ),
    *(
        Case("MatrixTriangularSolve", f"math_ops.MatrixTriangularSolve({lower}, {adjoint})(a, b)", a=a, b=b)
        for lower in (True, False)
        for adjoint in (False, True)
        for a, b in ((SPD, normal(3, 2)), (SPD_BATCH, normal(2, 2, 3, dtype="float64")))
    ),
    *(
        Case("SolveTriangular", f"G.SolveTriangular()(a, b, {trans}, {lower}, {unit})", a=SPD, b=b)
        for trans, lower, unit in ((0, False, False), (1, True, False), (2, False, True), (0, True, True))
        for b in (normal(3, 2), normal(3))
    ),
    *(
        Case("LU", "self.net(x)", init="from mindspore.scipy.ops import LU\nself.net = LU()", x=x)
        for x in (SQUARE, BATCH, PIVOTED)
    ),
    *(
        Case(
            "LinearSumAssignment",
            f"self.net(x, ms.Tensor({limit}), {most})",
            init="from mindspore.scipy.ops import LinearSumAssignment\nself.net = LinearSumAssignment()",
            x=x,
        )
        for limit, most, x in (
            (9223372036854775807, False, normal(4, 3, dtype="float64")),
            (9223372036854775807, True, normal(3, 5, dtype="float64")),
            (2, False, normal(4, 4, dtype="float64")),
        )
    ),
    Case("LuSolve", "math_ops.LuSolve()(b, a, p)", b=normal(3, 2), a=SPD, p=array([2, 2, 3], "int32")),
    Case(
        "LuSolve",
        "math_ops.LuSolve()(b, a, p)",
        b=normal(2, 2, 1, dtype="float64"),
        a=SPD_BATCH,
        p=array([[1, 2], [2, 2]], "int32"),
    ),
    Case("LuUnpack", "math_ops.LuUnpack()(a, p)", a=normal(3, 3), p=array([2, 3, 3], "int32")),
    Case(
        "LuUnpack",
        "math_ops.LuUnpack()(a, p)",
        a=normal(2, 4, 3, dtype="float64"),
        p=array([[2, 3, 3], [4, 2, 3]], "int32"),
    ),
    Case("LuUnpack", "math_ops.LuUnpack(True, False)(a, p)", a=normal(2, 3), p=array([2, 2], "int32")),
    *each("Qr", "P.Qr()(x)", normal(4, 3), normal(3, 4), normal(2, 3, 3, dtype="float64")),
    *each("Qr", "P.Qr(full_matrices=True)(x)", normal(4, 3), normal(2, 3, 4)),
    *each("Geqrf", "P.Geqrf()(x)", normal(4, 3), normal(3, 4), normal(2, 3, 3, dtype="float64")),
    Case("Orgqr", "P.Orgqr()(x, t)", x=normal(4, 3), t=positive(3)),
    Case("Orgqr", "P.Orgqr()(x, t)", x=normal(2, 3, 3, dtype="float64"), t=positive(2, 2, dtype="float64")),
    Case("Lstsq", "P.Lstsq()(a, b)", a=normal(5, 3), b=normal(5, 2)),
    Case("Lstsq", "P.Lstsq()(a, b)", a=normal(2, 4), b=normal(2, 3)),
    *(
        Case("LstsqV2", f"G.LstsqV2()(a, b, {driver!r})", a=normal(5, 3), b=normal(5, 2))
        for driver in ("gels", "gelsy", "gelsd", "gelss")
    ),
    Case("LstsqV2", "G.LstsqV2()(a, b, 'gelss')", a=normal(2, 4), b=normal(2, 3)),
    Case("LstsqV2", "G.LstsqV2()(a, b)", a=normal(2, 5, 3, dtype="float64"), b=normal(2, 5, 2, dtype="float64")),
    *(Case("MatrixPower", f"math_ops.MatrixPower({n})(x)", x=x) for n in (0, 1, 3, 6, -2) for x in (BATCH,)),
    Case("MatrixPower", "ops.matrix_power(x, 3)", x=normal(1, 3, 3)),
    *each("MatrixLogarithm", "math_ops.MatrixLogarithm()(x)", array([[[1.0, 0.5], [0.0, 2.0]]], "complex64")),
    *each("Eigh", "linalg_ops.Eigh(False)(x)", SPD),
    *each("Eigh", "linalg_ops.Eigh(False, False)(x)", SQUARE),
    *each("SelfAdjointEig", "math_ops.SelfAdjointEig(False)(x)[0]", SPD, SPD_BATCH),
    *each("Eig", "P.Eig()(x)", SPD, SQUARE),
    *each("Svd", "P.Svd(compute_uv=False)(x)", normal(4, 3), normal(3, 4), normal(2, 3, 3, dtype="float64")),
    *each("NuclearNorm", "nn_ops.NuclearNorm()(x)", normal(4, 3)),
    *each("NuclearNorm", "nn_ops.NuclearNorm([1, 2], True)(x)", normal(2, 3, 4)),
    *each("NuclearNorm", "nn_ops.NuclearNorm([0, 2], False)(x)", normal(2, 3, 4, dtype="float64")),
    Case("TridiagonalSolve", "math_ops.TridiagonalSolve()(d, b)", d=normal(3, 4), b=normal(4, 2)),
    Case(
        "TridiagonalSolve",
        "math_ops.TridiagonalSolve(False)(d, b)",
        d=normal(2, 3, 4, dtype="float64"),
        b=normal(2, 4, 1, dtype="float64"),
    ),
    *each(
        "Trace",
        "P.Trace()(x)",
        normal(3, 4),
        integers(-9, 9, 3, 3),
        normal(2, 3, dtype="float16"),
        integers(0, 9, 4, 2, dtype="uint8"),
    ),
    *(
        Case("TraceV2", f"G.TraceV2()(x, {offset}, {first}, {second}{dtype})", x=x)
        for offset, first, second, dtype, x in (
            (0, 0, 1, ", None", normal(3, 4)),
            (1, 1, 2, ", None", integers(-9, 9, 2, 3, 4)),
            (-1, 2, 0, ", ms.float32", integers(-9, 9, 2, 3, 4)),
            (5, 0, 1, ", None", normal(3, 4)),
        )
    ),
    *(
        Case("Cross", f"P.Cross({dim})(x, y)", x=x, y=y)
        for dim, x, y in (
            (-65530, normal(2, 3), normal(2, 3)),
            (1, normal(4, 3, 2), normal(4, 3, 2)),
            (-1, integers(-9, 9, 4, 3), integers(-9, 9, 4, 3)),
            (0, integers(0, 9, 3, dtype="uint8"), integers(0, 9, 3, dtype="uint8")),
        )
    ),
    *each("Diag", "P.Diag()(x)", normal(3), integers(-9, 9, 2, 3), normal(2, dtype="float16")),
    *each("DiagPart", "P.DiagPart()(x)", normal(3, 3), integers(-9, 9, 2, 3, 2, 3)),
    *(
        Case("Diagonal", f"G.Diagonal({offset}, {first}, {second})(x)", x=x)
        for offset, first, second, x in (
            (0, 0, 1, normal(3, 4)),
            (1, 0, 1, normal(3, 4)),
            (-1, 1, 2, integers(-9, 9, 2, 3, 4)),
            (2, 2, 0, normal(2, 3, 4)),
            (4, 0, 1, normal(3, 4)),
        )
    ),
    *(
        Case("FillDiagonal", f"array_ops.FillDiagonal({value}, {wrap})(x)", x=x)
        for value, wrap, x in (
            (5.0, False, normal(3, 4)),
            (2.0, True, normal(7, 2)),
            (9.0, False, integers(0, 5, 3, 3, 3)),
            (1.0, True, normal(2, 5)),
        )
    ),
    *(
        Case("MatrixBandPart", f"ops.matrix_band_part(x, {low}, {high})", x=x)
        for low, high, x in (
            (0, 0, normal(3, 4)),
            (1, -1, normal(2, 4, 3)),
            (-1, 1, integers(-9, 9, 4, 4)),
            (-1, -1, normal(2, 2)),
        )
    ),
    *each("MatrixDiagV3", "ops.matrix_diag(x)", normal(3), normal(2, 3)),
    *(
        Case(
            "MatrixDiagV3",
            f"self.net(x, ms.Tensor({k}, ms.int32), ms.Tensor({rows}, ms.int32), ms.Tensor({columns}, ms.int32), v)",
            init=f"self.net = array_ops.MatrixDiagV3({align!r})",
            x=x,
            v=array(9.0),
        )
        for k, rows, columns, align, x in (
            (0, -1, -1, "RIGHT_LEFT", normal(2, 3)),
            (1, 3, 5, "RIGHT_LEFT", normal(2, 3)),
            ([-1, 1], 3, 4, "RIGHT_LEFT", normal(2, 3, 3)),
            ([-1, 1], 3, 3, "LEFT_RIGHT", normal(3, 3)),
            ([0, 1], 3, 3, "LEFT_LEFT", normal(2, 3)),
            ([-2, 0], 4, 3, "RIGHT_RIGHT", normal(3, 3)),
        )
    ),
    *(
        Case(
            "MatrixDiagPartV3",
            f"self.net(x, ms.Tensor({k}, ms.int32), v)",
            init=f"self.net = array_ops.MatrixDiagPartV3({align!r})",
            x=x,
            v=array(9.0),
        )
        for k, align, x in (
            (0, "RIGHT_LEFT", normal(2, 3, 4)),
            (1, "RIGHT_LEFT", normal(3, 3)),
            ([-1, 1], "RIGHT_LEFT", normal(2, 3, 4)),
            ([-1, 1], "LEFT_RIGHT", normal(3, 4)),
            ([0, 2], "LEFT_LEFT", normal(3, 4)),
            ([-2, 0], "RIGHT_RIGHT", normal(4, 3)),
        )
    ),
    *(
        Case(
            "MatrixSetDiagV3",
            f"self.net(x, d, ms.Tensor({k}, ms.int32))",
            init=f"self.net = array_ops.MatrixSetDiagV3({align!r})",
            x=x,
            d=d,
        )
        for k, align, x, d in (
            (0, "RIGHT_LEFT", normal(2, 3, 4), normal(2, 3)),
            (-1, "RIGHT_LEFT", normal(3, 3), normal(2)),
            ([-1, 1], "RIGHT_LEFT", normal(2, 3, 4), normal(2, 3, 3)),
            ([-1, 1], "LEFT_RIGHT", normal(3, 3), normal(3, 3)),
        )
    ),
    *(
        Case(name, f"P.{name}({diagonal})(x)", x=x)
        for name in ("Tril", "Triu")
        for diagonal, x in ((0, normal(3, 4)), (1, normal(2, 3, 3)), (-1, integers(-9, 9, 3, 3)))
    ),
    *(
        Case(
            f"{name}Indices",
            f"math_ops.{name}Indices(3, 4, {offset}, {dtype})() + x",
            x=array(0, dtype.removeprefix("ms.")),
        )
        for name in ("Tril", "Triu")
        for offset, dtype in ((0, "ms.int32"), (1, "ms.int64"), (-1, "ms.int64"))
    ),
    Case("Eps", "math_ops.Eps()(x)", x=normal(3)),
    # Sizes that are only known at run time, each network run at two of them.
    *(
        Case(name, expression, dynamic={"x": (None, None)}, x=[SQUARE, normal(2, 2)])
        for name, expression in (
            ("MatrixInverse", "P.MatrixInverse()(x)"),
            ("MatrixInverse", "P.MatrixInverse(adjoint=True)(x)"),
            ("MatrixDeterminant", "P.MatrixDeterminant()(x)"),
            ("MatrixPower", "math_ops.MatrixPower(0)(x)"),
            ("MatrixPower", "math_ops.MatrixPower(-2)(x)"),
            ("LU", "scipy_ops.LU()(x)"),
            ("DiagPart", "P.DiagPart()(x)"),
            ("TraceV2", "G.TraceV2()(x, 1, 0, 1, None)"),
        )
    ),
    *(
        Case(name, expression, dynamic={"x": (None, None)}, x=[normal(4, 3), normal(2, 5)])
        for name, expression in (
            ("Qr", "ops.qr(x, 'reduced')"),
            ("Qr", "ops.qr(x, 'complete')"),
            ("TraceV2", "G.TraceV2()(x, -1, 0, 1, None)"),
            ("MatrixBandPart", "ops.matrix_band_part(x, 1, 0)"),
        )
    ),
    Case("Diag", "P.Diag()(x)", dynamic={"x": (None, None)}, x=[normal(2, 3), normal(1, 4)]),
    Case(
        "TridiagonalSolve",
        "math_ops.TridiagonalSolve()(x, y)",
        dynamic={"x": (None, None), "y": (None, None)},
        x=[positive(3, 4), positive(3, 3)],
        y=[normal(4, 2), normal(3, 1)],
    ),
    Case(
        "IRFFT",
        "ops.irfft(x)",
        dynamic={"x": (None, None)},
        x=[normal(2, 5, dtype="complex64"), normal(3, 4, dtype="complex64")],
    ),
    *(
        Case(
            "FillDiagonal", f"P.FillDiagonal(2.5, {wrap})(x)", dynamic={"x": (None, 3)}, x=[normal(7, 3), normal(2, 3)]
        )
        for wrap in (False, True)
    ),
    *each("Svd", "P.Svd(compute_uv=False)(x)[0]", normal(3, 3, dtype="complex64"), normal(2, 4, 3, dtype="complex64")),
)
