"""Reductions over axes."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import onnx_ir as ir

from mindferry.lowering import dtypes
from mindferry.lowering.context import Context
from mindferry.lowering.helpers import computed_in, in_floats, reduce
from mindferry.lowering.registry import lowers

BOOL = ir.DataType.BOOL
_NARROW = (ir.DataType.INT8, ir.DataType.UINT8, ir.DataType.INT16, ir.DataType.UINT16)


def reduced(op: Context, operator: str, x: ir.Value, axis: Any, *, keep_dims: bool = False) -> ir.Value:
    """The reduction over axes, where None and () mean all of them; axes may be known only at run time.

    Integers that are narrower than ONNX reduces wrap as in their own type.
    """
    if x.dtype in _NARROW:
        return computed_in(
            op, [ir.DataType.INT32], lambda wide: reduced(op, operator, wide, axis, keep_dims=keep_dims), x
        )
    if axis is not None and op.static(axis) is None:
        return reduce(op, operator, x, op.ints(axis), keep_dims=keep_dims)
    return reduce(op, operator, x, op.axes(x, axis), keep_dims=keep_dims)


def typed(op: Context, x: ir.Value, dtype: Any) -> ir.Value:
    """x in the element type that an argument asks for, or else in the recorded one."""
    return op.cast(x, op.dtype(dtype) if dtype is not None else op.result_dtype or x.dtype)


@lowers("ReduceSum")
def reduce_sum(op: Context, x: ir.Value, axis: Any = (), keep_dims: bool = False, skip_mode: bool = False) -> ir.Value:
    """The sum over the axes; with skip_mode, () means none of them."""
    if skip_mode and not isinstance(axis, ir.Value) and axis in ((), None):
        return op.Identity(x)
    return reduced(op, "ReduceSum", x, axis, keep_dims=keep_dims)


@lowers("SumExt")
def sum_ext(op: Context, input: ir.Value, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> ir.Value:
    """The sum over the axes, computed in dtype; of integers and bools in int64."""
    return reduced(op, "ReduceSum", typed(op, input, dtype), dim, keep_dims=keepdim)


@lowers("Nansum")
def nansum(op: Context, input: ir.Value, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> ir.Value:
    """As SumExt, with NaN counted as 0."""
    if dtypes.is_float(input.dtype):
        input = op.Where(op.Equal(input, input), input, op.cast(0, input.dtype))
    return sum_ext(op, input, dim, keepdim, dtype)


@lowers("ReduceMean")
def reduce_mean(op: Context, x: ir.Value, axis: Any = (), keep_dims: bool = False) -> ir.Value:
    """The mean over the axes; of integers truncated."""
    return reduced(op, "ReduceMean", x, axis, keep_dims=keep_dims)


@lowers("MeanExt")
def mean_ext(op: Context, input: ir.Value, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> ir.Value:
    """The mean over the axes, computed in dtype."""
    return reduced(op, "ReduceMean", typed(op, input, dtype), dim, keep_dims=keepdim)


@lowers("ReduceProd")
def reduce_prod(op: Context, x: ir.Value, axis: Any = (), keep_dims: bool = False) -> ir.Value:
    """The product over the axes."""
    return reduced(op, "ReduceProd", x, axis, keep_dims=keep_dims)


@lowers("ProdExt")
def prod_ext(op: Context, input: ir.Value, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> ir.Value:
    """The product over the axes, computed in dtype; of integers and bools in int64."""
    return reduced(op, "ReduceProd", typed(op, input, dtype), dim, keep_dims=keepdim)


@lowers("ReduceMax")
def reduce_max(op: Context, x: ir.Value, axis: Any = (), keep_dims: bool = False) -> ir.Value:
    """The largest element over the axes."""
    return reduced(op, "ReduceMax", x, axis, keep_dims=keep_dims)


@lowers("ReduceMin")
def reduce_min(op: Context, x: ir.Value, axis: Any = (), keep_dims: bool = False) -> ir.Value:
    """The smallest element over the axes."""
    return reduced(op, "ReduceMin", x, axis, keep_dims=keep_dims)


@lowers("Max")
def max(op: Context, input: ir.Value) -> ir.Value:
    """The largest element of all."""
    return reduced(op, "ReduceMax", input, None)


@lowers("Min")
def min(op: Context, input: ir.Value) -> ir.Value:
    """The smallest element of all."""
    return reduced(op, "ReduceMin", input, None)


@lowers("ReduceAll", "All", "AllExt")
def reduce_all(op: Context, input: ir.Value, axis: Any = (), keep_dims: bool = False) -> ir.Value:
    """True where every element over the axes is true; numbers are, unless they are zero."""
    return reduced(op, "ReduceMin", op.cast(input, BOOL), axis, keep_dims=keep_dims)


@lowers("ReduceAny", "Any", "AnyExt")
def reduce_any(op: Context, input: ir.Value, axis: Any = (), keep_dims: bool = False) -> ir.Value:
    """True where an element over the axes is true; numbers are, unless they are zero."""
    return reduced(op, "ReduceMax", op.cast(input, BOOL), axis, keep_dims=keep_dims)


@lowers("LogSumExp", "ReduceLogSumExp")
def log_sum_exp(op: Context, input: ir.Value, dim: Any, keepdim: bool = False) -> ir.Value:
    """log(sum(exp(input))) over the axes."""
    return in_floats(op, lambda x: reduced(op, "ReduceLogSumExp", x, dim, keep_dims=keepdim), input)


@lowers("SquareSumAll")
def square_sum_all(op: Context, x: ir.Value, y: ir.Value) -> tuple[ir.Value, ir.Value]:
    """The sum of the squares of x, and of y."""
    return reduced(op, "ReduceSum", op.Mul(x, x), None), reduced(op, "ReduceSum", op.Mul(y, y), None)


def element_count(op: Context, x: ir.Value, axes: Sequence[int]) -> Any:
    """How many elements a reduction over the axes takes together: a Python integer where known, else a 0-d int64 value."""
    known = 1
    at_run_time = []
    for size in (op.dim(x, axis) for axis in axes):
        if isinstance(size, int):
            known *= size
        else:
            at_run_time.append(size)
    return functools.reduce(op.Mul, at_run_time, op.constant(known)) if at_run_time else known


def moments(op: Context, x: ir.Value, axis: Any, correction: float, keep_dims: bool) -> tuple[ir.Value, ir.Value]:
    """Variance, with the sum of squares divided by the number of elements less the correction, and mean."""
    axes = op.axes(x, axis)
    mean = reduce(op, "ReduceMean", x, axes, keep_dims=True)
    apart = op.Sub(x, mean)
    squares = reduce(op, "ReduceSum", op.Mul(apart, apart), axes, keep_dims=keep_dims)
    count = op.cast(element_count(op, x, axes), x.dtype)
    freedom = op.Max(op.Sub(count, op.cast(correction, x.dtype)), op.cast(0, x.dtype))
    return op.Div(squares, freedom), mean if keep_dims or not axes else op.Squeeze(mean, axes)


@lowers("Var")
def var(op: Context, input: ir.Value, dim: Any = None, correction: int = 1, keepdim: bool = False) -> ir.Value:
    """The variance over the axes, with n - correction degrees of freedom."""
    return in_floats(op, lambda x: moments(op, x, dim, correction, keepdim)[0], input)


@lowers("Std")
def std(op: Context, input: ir.Value, dim: Any = None, correction: int = 1, keepdim: bool = False) -> ir.Value:
    """The standard deviation over the axes, with n - correction degrees of freedom."""
    return in_floats(op, lambda x: op.Sqrt(moments(op, x, dim, correction, keepdim)[0]), input)


@lowers("VarMean")
def var_mean(
    op: Context, input: ir.Value, dim: Any = None, correction: int = 1, keepdim: bool = False
) -> tuple[ir.Value, ir.Value]:
    """The variance and the mean over the axes."""
    return in_floats(op, lambda x: moments(op, x, dim, correction, keepdim), input)


@lowers("StdMean")
def std_mean(
    op: Context, input: ir.Value, dim: Any = None, correction: int = 1, keepdim: bool = False
) -> tuple[ir.Value, ir.Value]:
    """The standard deviation and the mean over the axes."""

    def both(x: ir.Value) -> tuple[ir.Value, ir.Value]:
        variance, mean = moments(op, x, dim, correction, keepdim)
        return op.Sqrt(variance), mean

    return in_floats(op, both, input)


@lowers("ReduceStd")
def reduce_std(
    op: Context, x: ir.Value, axis: Any = (), unbiased: bool = True, keep_dims: bool = False
) -> tuple[ir.Value, ir.Value]:
    """The standard deviation and the mean over the axes; unbiased divides by n - 1."""
    return std_mean(op, x, axis, int(unbiased), keep_dims)
