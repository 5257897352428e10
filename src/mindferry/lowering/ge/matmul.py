"""Matrix products, and what is added to or multiplied with channels."""

from __future__ import annotations

import math
from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context, StaticSizes
from mindferry.lowering.dtypes import is_float
from mindferry.lowering.ops.matmul import product, swapped
from mindferry.lowering.registry import lowers_ge


def multiplied(
    op: Context, x1: ir.Value, x2: ir.Value, bias: ir.Value | None, transpose_x1: bool, transpose_x2: bool
) -> ir.Value:
    """x1 @ x2 + bias, the last two axes of either exchanged first where it is asked."""
    if op.rank(x1) == 2 and op.rank(x2) == 2 and is_float(x1.dtype) and (bias is None or op.rank(bias) <= 1):
        if bias is None and not transpose_x1 and not transpose_x2:
            return op.MatMul(x1, x2)
        return op.Gemm(x1, x2, bias, transA=int(transpose_x1), transB=int(transpose_x2))
    left = swapped(op, x1) if transpose_x1 else x1
    result = product(op, left, swapped(op, x2) if transpose_x2 else x2, to=op.result_dtype)
    return result if bias is None else op.Add(result, op.cast(bias, result.dtype))


def _unquantized(offset_w: Any) -> None:
    if offset_w is not None:
        raise LoweringError("offset_w, of the quantized form, has no lowering")


@lowers_ge("MatMul", "MatMulV2")
def mat_mul(
    op: Context, x1: ir.Value, x2: ir.Value, bias: ir.Value | None = None, offset_w: Any = None, *,
    transpose_x1: bool = False, transpose_x2: bool = False,
) -> ir.Value:  # fmt: skip
    """x1 @ x2 + bias."""
    _unquantized(offset_w)
    return multiplied(op, x1, x2, bias, transpose_x1, transpose_x2)


@lowers_ge("BatchMatMul", "BatchMatMulV2")
def batch_mat_mul(
    op: Context, x1: ir.Value, x2: ir.Value, bias: ir.Value | None = None, offset_w: Any = None, *,
    adj_x1: bool = False, adj_x2: bool = False,
) -> ir.Value:  # fmt: skip
    """The products of the matrices in the last two axes, plus bias."""
    _unquantized(offset_w)
    return multiplied(op, x1, x2, bias, adj_x1, adj_x2)


@lowers_ge("GEMM")
def gemm(
    op: Context, a: ir.Value, b: ir.Value, c: ir.Value, alpha: ir.Value, beta: ir.Value, *, transpose_a: bool = False,
    transpose_b: bool = False,
) -> ir.Value:  # fmt: skip
    """alpha a @ b + beta c."""
    part = op.Mul(multiplied(op, a, b, None, transpose_a, transpose_b), op.cast(alpha, a.dtype))
    return op.Add(part, op.Mul(c, op.cast(beta, c.dtype)))


@lowers_ge("FullyConnection")
def fully_connection(
    op: Context, x: ir.Value, w: ir.Value, b: ir.Value | None = None, offset_w: Any = None, *, num_output: int,
    transpose: bool = False, axis: int = 1,
) -> ir.Value:  # fmt: skip
    """The axes of x from `axis` on as vectors times w, plus b; w is (num_output, in, ...), with transpose (in, out)."""
    _unquantized(offset_w)
    given = StaticSizes(x)[axis:]
    flat = op.Reshape(x, op.ints([*op.shape(x)[:axis], math.prod(given)]))
    weight = w if op.rank(w) == 2 else op.Reshape(w, [StaticSizes(w)[0], -1])
    y = multiplied(op, flat, weight, b, False, not transpose)
    return y if axis != 1 else op.Reshape(y, op.ints([op.dim(x, 0), num_output, *[1] * (op.rank(x) - 2)]))


def along_channels(op: Context, values: ir.Value, x: ir.Value, data_format: str) -> ir.Value:
    """One value per channel, broadcast over x."""
    rank = op.rank(x)
    if data_format not in ("NHWC", "NDHWC", "NCHW", "NCDHW", "ND", "NC", "NCL"):
        raise LoweringError(f"data_format {data_format!r} has no lowering")
    last = data_format in ("NHWC", "NDHWC", "ND") or rank == 2
    return values if last else op.Unsqueeze(values, list(range(1, rank - 1)))


@lowers_ge("BiasAdd")
def bias_add(op: Context, x: ir.Value, bias: ir.Value, *, data_format: str = "NHWC") -> ir.Value:
    """bias added along the channels: axis 1, or the last one for NHWC."""
    return op.Add(x, along_channels(op, bias, x, data_format))


def _from_axis(op: Context, values: ir.Value, x: ir.Value, axis: int, num_axes: int) -> ir.Value:
    """The values with their axes at those of x from `axis` on; num_axes -1 is all that follow."""
    rank, own = op.rank(x), op.rank(values)
    behind = rank - axis % rank - (own if num_axes == -1 else num_axes)
    return op.Unsqueeze(values, list(range(own, own + behind))) if own and behind > 0 else values


@lowers_ge("Bias")
def bias_(
    op: Context, x: ir.Value, bias: ir.Value, *, axis: int = 1, num_axes: int = 1, bias_from_blob: bool = True
) -> ir.Value:
    """x plus bias, which covers num_axes axes from `axis` on."""
    return op.Add(x, _from_axis(op, bias, x, axis, num_axes))


@lowers_ge("Scale")
def scale_(
    op: Context, x: ir.Value, scale: ir.Value, bias: ir.Value | None = None, *, axis: int = 1, num_axes: int = 1,
    scale_from_blob: bool = True,
) -> ir.Value:  # fmt: skip
    """x times scale plus bias, which cover num_axes axes from `axis` on."""
    y = op.Mul(x, _from_axis(op, scale, x, axis, num_axes))
    return y if bias is None else op.Add(y, _from_axis(op, bias, x, axis, num_axes))


@lowers_ge("Einsum")
def einsum(op: Context, *x: ir.Value, equation: str) -> ir.Value:
    """The sum of products that the equation names."""
    return op.Einsum(*op.promote(*x), equation=equation)


@lowers_ge("MatrixDeterminant")
def matrix_determinant(op: Context, x: ir.Value) -> ir.Value:
    """The determinants of square matrices."""
    return op.Det(x)
