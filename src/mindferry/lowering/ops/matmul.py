"""Matrix products and linear layers."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Complex, Context
from mindferry.lowering.dtypes import is_float
from mindferry.lowering.registry import lowers, refuse

_KERNELS = (ir.DataType.INT32, ir.DataType.INT64, ir.DataType.UINT32, ir.DataType.UINT64)


def product(op: Context, x: Any, y: Any, *, to: ir.DataType | None = None) -> Any:
    """x @ y as numpy defines it, for any element type; narrow integers are multiplied in int32.

    Args:
        to: the element type of the result where it is not that of the operands.
    """
    if isinstance(x, Complex) or isinstance(y, Complex):
        return _complex_product(op, x, y)
    x, y = op.promote(x, y)
    dtype = x.dtype
    if not is_float(dtype) and dtype not in _KERNELS:
        x, y = op.cast(x, ir.DataType.INT32), op.cast(y, ir.DataType.INT32)
    result = op.MatMul(x, y)
    return op.cast(result, to or dtype)


def _complex_product(op: Context, x: Any, y: Any) -> Complex:
    a, b = _parts(x)
    c, d = _parts(y)
    if b is None or d is None:
        return Complex(op.MatMul(a, c), op.MatMul(a, d) if b is None else op.MatMul(b, c))
    real = op.Sub(op.MatMul(a, c), op.MatMul(b, d))
    return Complex(real, op.Add(op.MatMul(a, d), op.MatMul(b, c)))


def _parts(x: Any) -> tuple[ir.Value, ir.Value | None]:
    return (x.real, x.imag) if isinstance(x, Complex) else (x, None)


def swapped(op: Context, x: Any) -> Any:
    """x with its last two axes exchanged."""
    if isinstance(x, Complex):
        return Complex(swapped(op, x.real), swapped(op, x.imag))
    rank = op.rank(x)
    return op.Transpose(x, perm=[*range(rank - 2), rank - 1, rank - 2])


def adjoint(op: Context, x: Any) -> Any:
    """The conjugate transpose of the last two axes."""
    x = swapped(op, x)
    return Complex(x.real, op.Neg(x.imag)) if isinstance(x, Complex) else x


@lowers("MatMul")
def mat_mul(op: Context, x: Any, y: Any, *, transpose_a: bool = False, transpose_b: bool = False) -> Any:
    """The product of two matrices, either of them transposed first."""
    if (transpose_a or transpose_b) and isinstance(x, ir.Value) and is_float(x.dtype) and op.rank(x) == 2:
        return op.Gemm(x, y, transA=int(transpose_a), transB=int(transpose_b))
    x, y = swapped(op, x) if transpose_a else x, swapped(op, y) if transpose_b else y
    return product(op, x, y, to=op.result_dtype)


@lowers("BatchMatMul", "BatchMatMulV2")
def batch_mat_mul(op: Context, x: Any, y: Any, *, transpose_a: bool = False, transpose_b: bool = False) -> Any:
    """The products of the matrices in the last two axes; "transposed" means conjugated too where they are complex."""
    return product(op, adjoint(op, x) if transpose_a else x, adjoint(op, y) if transpose_b else y)


@lowers("MatMulExt", "BatchMatMulExt", "Mm", "Mv", "Dot")
def mat_mul_ext(op: Context, x: Any, y: Any) -> Any:
    """x @ y, with vectors and with broadcasting of the leading axes, as numpy.matmul."""
    return product(op, x, y)


@lowers("Vdot")
def vdot(op: Context, x: Any, y: Any) -> Any:
    """The sum of conj(x) * y over two vectors."""
    return product(op, Complex(x.real, op.Neg(x.imag)) if isinstance(x, Complex) else x, y)


@lowers("Ger", "Outer")
def ger(op: Context, x: ir.Value, y: ir.Value) -> ir.Value:
    """Every product x[i] * y[j]."""
    x, y = op.promote(x, y)
    return op.Mul(op.Unsqueeze(x, [-1]), op.Unsqueeze(y, [-2]))


@lowers("Dense")
def dense(op: Context, x: ir.Value, weight: ir.Value, bias: ir.Value | None = None) -> ir.Value:
    """x @ weight^T + bias; weight is (out, in), or (in)."""
    ranks = op.rank(x), op.rank(weight)
    if ranks == (2, 2) and is_float(x.dtype) and x.dtype == weight.dtype:
        return op.Gemm(x, weight, bias, transB=1)
    result = product(op, x, swapped(op, weight) if ranks[1] == 2 else weight)
    return result if bias is None else op.Add(result, op.cast(bias, result.dtype))


@lowers("FusedMatMulBiasAdd")
def fused_mat_mul_bias_add(
    op: Context, x: ir.Value, y: ir.Value, bias: ir.Value, *, transpose_a: bool = False, transpose_b: bool = False
) -> ir.Value:
    """x @ y + bias, the matrices transposed first where it is asked."""
    return op.Gemm(x, y, bias, transA=int(transpose_a), transB=int(transpose_b))


@lowers("BiasAdd")
def bias_add(op: Context, x: ir.Value, bias: ir.Value, *, data_format: Any = "NCHW") -> ir.Value:
    """Adds bias along the channel axis: 1, or the last one for NHWC."""
    rank = op.rank(x)
    if data_format in ("NHWC", 1) or rank == 2:
        return op.Add(x, bias)
    if rank < 2:
        raise LoweringError(f"needs at least 2 dimensions, got {rank}")
    return op.Add(x, op.Unsqueeze(bias, list(range(1, rank - 1))))


@lowers("Addmm")
def addmm(op: Context, x: ir.Value, mat1: ir.Value, mat2: ir.Value, beta: Any = 1, alpha: Any = 1) -> ir.Value:
    """beta x + alpha mat1 @ mat2."""
    if is_float(x.dtype) and op.rank(x) <= 2:
        return op.Gemm(mat1, mat2, x, alpha=float(alpha), beta=float(beta))
    return scaled_sum(op, x, product(op, mat1, mat2), beta, alpha)


def scaled_sum(op: Context, x: ir.Value, y: ir.Value, beta: Any, alpha: Any) -> ir.Value:
    """beta x + alpha y in the element type of y."""
    x = op.cast(x, y.dtype)
    return op.Add(
        x if beta == 1 else op.Mul(x, op.cast(beta, y.dtype)), y if alpha == 1 else op.Mul(y, op.cast(alpha, y.dtype))
    )


@lowers("InplaceAddmm", writes=True)
def inplace_addmm(op: Context, x: ir.Value, mat1: ir.Value, mat2: ir.Value, beta: Any = 1, alpha: Any = 1) -> ir.Value:
    """beta x + alpha mat1 @ mat2, written to x."""
    return addmm(op, x, mat1, mat2, beta, alpha)


refuse("it writes into its third argument, which no file for inference needs", "InplaceMatmulAdd")


@lowers("Baddbmm", "Addmv")
def baddbmm(op: Context, x: ir.Value, batch1: ir.Value, batch2: ir.Value, beta: Any = 1, alpha: Any = 1) -> ir.Value:
    """beta x + alpha batch1 @ batch2."""
    return scaled_sum(op, x, product(op, batch1, batch2), beta, alpha)


@lowers("Addbmm")
def addbmm(op: Context, x: ir.Value, batch1: ir.Value, batch2: ir.Value, beta: Any = 1, alpha: Any = 1) -> ir.Value:
    """beta x + alpha times the sum of the products of batch1 and batch2."""
    summed = op.ReduceSum(product(op, batch1, batch2), [0], keepdims=0)
    return scaled_sum(op, x, summed, beta, alpha)


@lowers("Einsum", "EinsumExt")
def einsum(op: Context, *arguments: Any, equation: str = "") -> ir.Value:
    """Einstein's sum over the operands; the equation is an attribute or the first argument."""
    items = list(arguments)
    if not equation:
        equation = items.pop(0)
    operands = op.promote(*(items[0] if isinstance(items[0], tuple) else items))
    return op.Einsum(*operands, equation=equation.replace(" ", ""))


@lowers("TridiagonalMatMul")
def tridiagonal_mat_mul(
    op: Context, superdiag: ir.Value, maindiag: ir.Value, subdiag: ir.Value, rhs: ir.Value
) -> ir.Value:
    """The tridiagonal matrix of the three (..., 1, M) diagonals, times rhs (..., M, N)."""
    upper, main, lower = (swapped(op, diagonal) for diagonal in (superdiag, maindiag, subdiag))
    none = [0] * (op.rank(rhs) - 2)
    behind = op.Slice(op.Pad(rhs, [*none, 0, 0, *none, 1, 0]), [1], [1 << 60], [-2])
    ahead = op.Slice(op.Pad(rhs, [*none, 1, 0, *none, 0, 0]), [0], [-1], [-2])
    return op.Add(op.Add(op.Mul(upper, behind), op.Mul(main, rhs)), op.Mul(lower, ahead))
