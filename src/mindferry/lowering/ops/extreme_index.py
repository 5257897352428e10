"""Where the largest and the smallest elements of an axis are; of equal ones the first."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.layouts import one_axis
from mindferry.lowering.ops.reduce import reduced
from mindferry.lowering.registry import lowers

INT32, INT64 = ir.DataType.INT32, ir.DataType.INT64


def extreme(op: Context, which: str, x: ir.Value, axis: Any, keep_dims: bool) -> tuple[ir.Value, ir.Value]:
    """int64 indices and values of the largest (Max) or smallest (Min) elements along an axis."""
    if op.rank(x) == 0:
        return op.constant(0, INT64), op.Identity(x)
    axis = one_axis(op, axis, op.rank(x))
    indices = getattr(op, f"Arg{which}")(x, axis=axis, keepdims=int(keep_dims))
    return indices, reduced(op, f"Reduce{which}", x, axis, keep_dims=keep_dims)


def index_dtype(op: Context, default: ir.DataType) -> ir.DataType:
    """The recorded element type of the node's indices."""
    return op.result_dtype or default


def arg(op: Context, which: str, x: ir.Value, axis: Any, output_type: Any) -> ir.Value:
    """Indices along an axis in the given type."""
    return op.cast(extreme(op, which, x, axis, False)[0], op.dtype(output_type))


@lowers("Argmax", "ArgMax")
def argmax(op: Context, input_x: ir.Value, axis: int = -1, output_type: Any = 34) -> ir.Value:
    """Where the largest elements along the axis are."""
    return arg(op, "Max", input_x, axis, output_type)


@lowers("Argmin", "ArgMin")
def argmin(op: Context, x: ir.Value, axis: int = -1, output_type: Any = 34) -> ir.Value:
    """Where the smallest elements along the axis are."""
    return arg(op, "Min", x, axis, output_type)


@lowers("ArgminV2")
def argmin_v2(op: Context, x: ir.Value, axis: Any = -1) -> ir.Value:
    """Where the smallest elements along the axis are, as int32."""
    return arg(op, "Min", x, axis, INT32)


def _arg_ext(op: Context, which: str, x: ir.Value, dim: Any, keepdim: bool) -> ir.Value:
    if dim is not None:
        return extreme(op, which, x, dim, keepdim)[0]
    flat = extreme(op, which, op.Reshape(x, [-1]), 0, False)[0]
    return op.Reshape(flat, [1] * op.rank(x)) if keepdim else flat


@lowers("ArgMaxExt")
def arg_max_ext(op: Context, input: ir.Value, dim: Any = None, keepdim: bool = False) -> ir.Value:
    """Where the largest elements along dim are, or the largest of the flattened input."""
    return _arg_ext(op, "Max", input, dim, keepdim)


@lowers("ArgMinExt")
def arg_min_ext(op: Context, input: ir.Value, dim: Any = None, keepdim: bool = False) -> ir.Value:
    """Where the smallest elements along dim are, or the smallest of the flattened input."""
    return _arg_ext(op, "Min", input, dim, keepdim)


@lowers("ArgMaxWithValue")
def arg_max_with_value(
    op: Context, input: ir.Value, axis: int = 0, keep_dims: bool = False
) -> tuple[ir.Value, ir.Value]:
    """Where the largest elements along the axis are, and what they are."""
    indices, values = extreme(op, "Max", input, axis, keep_dims)
    return op.cast(indices, index_dtype(op, INT64)), values


@lowers("ArgMinWithValue")
def arg_min_with_value(
    op: Context, input: ir.Value, axis: int = 0, keep_dims: bool = False
) -> tuple[ir.Value, ir.Value]:
    """Where the smallest elements along the axis are, and what they are."""
    indices, values = extreme(op, "Min", input, axis, keep_dims)
    return op.cast(indices, index_dtype(op, INT64)), values


@lowers("MaxDim")
def max_dim(op: Context, input: ir.Value, dim: int, keepdim: bool = False) -> tuple[ir.Value, ir.Value]:
    """The largest elements along dim, and where they are."""
    indices, values = extreme(op, "Max", input, dim, keepdim)
    return values, indices


@lowers("MinDim")
def min_dim(op: Context, input: ir.Value, dim: int, keepdim: bool = False) -> tuple[ir.Value, ir.Value]:
    """The smallest elements along dim, and where they are."""
    indices, values = extreme(op, "Min", input, dim, keepdim)
    return values, indices
