"""Linear algebra: bands and diagonals, decompositions, solvers."""

from __future__ import annotations

from itertools import product

from ops.case import Case, each, pairs
from ops.inputs import array, integers, normal, positive

SQUARE = array([[4.0, 1.0, -2.0], [0.5, 3.0, 1.5], [-1.0, 2.0, 5.0]])
POSITIVE = array([[4.0, 1.0, 0.5], [1.0, 3.0, -0.25], [0.5, -0.25, 2.0]])
PAIR = array([[[4.0, 1.0], [0.5, 3.0]], [[2.0, -1.0], [1.5, 5.0]]])
POSITIVE_PAIR = array([[[4.0, 1.0], [1.0, 3.0]], [[2.0, -0.5], [-0.5, 5.0]]])
LOWER = array([[2.0, 0.0, 0.0], [0.5, 1.5, 0.0], [-1.0, 0.25, 3.0]])
MATRIX = normal(3, 4)
CUBE = normal(2, 3, 4)
INTS = integers(-9, 10, 3, 4)
OFFSETS = ("0", "1", "-1", "2")

CASES = (
    *(Case("Tril", f"ops.tril(x, {offset})", x=MATRIX) for offset in OFFSETS),
    *each("Tril", "ops.tril(x)", CUBE, INTS, normal(3, 4, dtype="float16")),
    *(Case("Triu", f"ops.triu(x, {offset})", x=MATRIX) for offset in OFFSETS),
    *each("Triu", "mint.triu(x)", CUBE, INTS, normal(3, 4, dtype="float16")),
    *(
        Case("MatrixBandPart", f"ops.matrix_band_part(x, {band})", x=CUBE)
        for band in ("1, 1", "-1, 0", "0, -1", "0, 0", "2, 1")
    ),
    *each("MatrixBandPart", "ops.matrix_band_part(x, 1, 0)", INTS),
    *each("Diag", "ops.diag(x)", normal(3), normal(2, 3), integers(-9, 10, 3)),
    *each("DiagPart", "P.DiagPart()(x)", normal(3, 3), normal(2, 3, 2, 3), integers(-9, 10, 3, 3)),
    *(
        Case("Diagonal", f"ops.diagonal(x, {arguments})", x=CUBE)
        for arguments in ("0", "1", "-1", "0, 1, 2", "1, 0, -1", "0, 2, 0")
    ),
    *each("Diagonal", "ops.diagonal(x)", INTS),
    *each("MatrixDiagV3", "ops.matrix_diag(x)", normal(3), normal(2, 3), integers(-9, 10, 3)),
    Case("MatrixDiagV3", "ops.matrix_diag(x, k=1)", x=normal(2, 3)),
    Case("MatrixDiagV3", "ops.matrix_diag(x, k=-1, num_rows=4, num_cols=5, padding_value=9.0)", x=normal(3)),
    Case("MatrixDiagV3", "ops.matrix_diag(x, ms.Tensor([-1, 1], ms.int32), align='LEFT_RIGHT')", x=normal(3, 3)),
    *(
        Case("MatrixDiagPartV3", f"ops.matrix_diag_part(x, ms.Tensor({band}, ms.int32), ms.Tensor(9.0){align})", x=CUBE)
        for band, align in product(("0", "1", "-1", "[-1, 1]"), ("", ", align='LEFT_LEFT'"))
    ),
    Case("MatrixSetDiagV3", "ops.matrix_set_diag(x, y)", x=CUBE, y=normal(2, 3)),
    Case("MatrixSetDiagV3", "ops.matrix_set_diag(x, y, 1)", x=MATRIX, y=normal(3)),
    Case("MatrixSetDiagV3", "ops.diag_embed(x, 1, 0, 2)", x=normal(2, 3)),
    Case("MatrixSetDiagV3", "ops.matrix_set_diag(x, y, ms.Tensor([-1, 1], ms.int32))", x=normal(3, 3), y=normal(3, 3)),
    *each("Trace", "ops.trace(x)", normal(3, 3), INTS, normal(2, 4)),
    *each("TraceV2", "x.trace()", normal(3, 3), INTS),
    *each("TraceV2", "x.trace(1, 2, 0)", CUBE),
    *each("TraceV2", "x.trace(-1)", MATRIX),
    *pairs("Cross", "ops.cross(x, y)", (normal(3, 2), normal(3, 2)), (normal(2, 3, 3), normal(2, 3, 3))),
    *pairs("Cross", "ops.cross(x, y, dim=-1)", (normal(2, 3), normal(2, 3)), (integers(-9, 9, 3), integers(-9, 9, 3))),
    *each("Eps", "P.Eps()(x)", normal(2, 3), normal(3, dtype="float16"), normal(3, dtype="float64")),
    *each("MatrixDeterminant", "ops.det(x)", SQUARE, PAIR),
    *each("LogMatrixDeterminant", "ops.slogdet(x)", SQUARE, PAIR, array([[1.0, 2.0], [3.0, 4.0]])),
    *each("MatrixInverse", "ops.inverse(x)", SQUARE, PAIR),
    *each("MatrixInverse", "P.MatrixInverse(adjoint=True)(x)", SQUARE),
    *(Case("MatrixPower", f"ops.matrix_power(x, {power})", x=SQUARE) for power in (0, 1, 3, -2)),
    *each("MatrixPower", "ops.matrix_power(x, 2)", PAIR),
    *each("MatrixLogarithm", "P.MatrixLogarithm()(x)", array([[4.0 + 1j, 1.0], [0.5, 3.0]], "complex64")),
    *each("Cholesky", "ops.cholesky(x)", POSITIVE, POSITIVE_PAIR),
    *each("Cholesky", "ops.cholesky(x, upper=True)", POSITIVE),
    *each("CholeskyInverse", "ops.cholesky_inverse(x)", LOWER),
    *each("CholeskyInverse", "ops.cholesky_inverse(x, upper=True)", POSITIVE),
    Case("CholeskySolve", "ops.cholesky_solve(x, y)", x=normal(3, 2), y=LOWER),
    Case("CholeskySolve", "ops.cholesky_solve(x, y, upper=True)", x=normal(2, 2, 3), y=POSITIVE_PAIR),
    Case("MatrixSolve", "ops.matrix_solve(x, y)", x=SQUARE, y=normal(3, 2)),
    Case("MatrixSolve", "ops.matrix_solve(x, y, True)", x=PAIR, y=normal(2, 2, 3)),
    Case("MatrixSolveLs", "P.MatrixSolveLs()(x, y, z)", x=SQUARE, y=normal(3, 2), z=array(0.0, "float64")),
    Case(
        "MatrixSolveLs", "P.MatrixSolveLs(fast=True)(x, y, z)", x=normal(4, 2), y=normal(4, 3), z=array(0.5, "float64")
    ),
    *(
        Case("MatrixTriangularSolve", f"P.MatrixTriangularSolve({flags})(x, y)", x=SQUARE, y=normal(3, 2))
        for flags in ("", "False", "True, True", "False, True")
    ),
    *(
        Case("SolveTriangular", f"linalg.solve_triangular(x, y, {flags})", x=SQUARE, y=normal(3, 2))
        for flags in ("lower=True", "lower=False", "trans=1, lower=True", "lower=True, unit_diagonal=True")
    ),
    Case("Lstsq", "ops.lstsq(x, y)", x=normal(4, 3), y=normal(4, 2)),
    Case("Lstsq", "ops.lstsq(x, y)", x=SQUARE, y=normal(3)),
    Case("LstsqV2", "G.LstsqV2()(x, y)", x=normal(4, 3), y=normal(4, 2)),
    Case("LstsqV2", "G.LstsqV2()(x, y)", x=SQUARE, y=normal(3, 1)),
    Case("LuSolve", "ops.lu_solve(x, y, z)", x=normal(3, 2), y=SQUARE, z=array([1, 3, 3], "int32")),
    Case("LuSolve", "ops.lu_solve(x, y, z)", x=normal(2, 2, 1), y=PAIR, z=array([[2, 2], [1, 2]], "int32")),
    Case("LuUnpack", "ops.lu_unpack(x, y)", x=SQUARE, y=array([1, 3, 3], "int32")),
    Case("LuUnpack", "ops.lu_unpack(x, y)", x=PAIR, y=array([[2, 2], [1, 2]], "int32")),
    *each("LU", "linalg.lu_factor(x)", SQUARE),
    *each("LU", "linalg.lu(x)", array([[1.0, 2.0], [4.0, 3.0]])),
    *each("LU", "scipy_ops.LU()(x)", PAIR),
    *each("Qr", "ops.qr(x)", SQUARE, normal(4, 3), PAIR),
    *each("Qr", "ops.qr(x, mode='complete')", normal(4, 2)),
    *each("Geqrf", "ops.geqrf(x)", SQUARE, normal(4, 2)),
    Case("Orgqr", "ops.orgqr(x, y)", x=SQUARE, y=positive(3)),
    Case("Orgqr", "ops.orgqr(x, y)", x=normal(2, 4, 2), y=positive(2, 2)),
    *each("Svd", "ops.svd(x)", SQUARE, normal(4, 3)),
    *each("Svd", "ops.svd(x, compute_uv=False)", PAIR),
    *each("Eig", "ops.eigvals(x)", SQUARE),
    *each("Eig", "P.Eig(compute_v=True)(x)", POSITIVE),
    *each("Eigh", "linalg.eigh(x)", POSITIVE),
    *each("Eigh", "linalg.eigh(x, lower=False, eigvals_only=True)", POSITIVE),
    *each("SelfAdjointEig", "math_ops.SelfAdjointEig()(x)", POSITIVE, POSITIVE_PAIR),
    *each("SelfAdjointEig", "math_ops.SelfAdjointEig(False)(x)[0]", POSITIVE),
    Case("TridiagonalSolve", "math_ops.TridiagonalSolve()(x, y)", x=positive(3, 4), y=normal(4, 2)),
    Case("TridiagonalSolve", "math_ops.TridiagonalSolve(False)(x, y)", x=positive(3, 3), y=normal(3, 1)),
    Case(
        "LinearSumAssignment",
        "scipy.optimize.linear_sum_assignment(x, False, y)",
        x=array([[4.0, 1.0, 3.0], [2.0, 0.0, 5.0], [3.0, 2.0, 2.0]]),
        y=array(3, "int64"),
    ),
    Case(
        "LinearSumAssignment",
        "scipy.optimize.linear_sum_assignment(x, True, y)",
        x=array([[4.0, 1.0], [2.0, 0.0], [3.0, 7.0]]),
        y=array(2, "int64"),
    ),
)
