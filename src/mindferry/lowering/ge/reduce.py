"""Reductions, extreme elements, order and running totals; the D forms hold their axes as attributes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.helpers import in_floats
from mindferry.lowering.layouts import one_axis
from mindferry.lowering.ops import cumulative, norm_batch, norm_vector, reduce, sort
from mindferry.lowering.ops.extreme_index import arg, extreme
from mindferry.lowering.registry import lowers_ge

_OPERATORS: dict[str, Callable[..., ir.Value]] = {
    "ReduceSum": reduce.reduce_sum, "ReduceMax": reduce.reduce_max, "ReduceMin": reduce.reduce_min,
    "ReduceProd": reduce.reduce_prod, "ReduceAll": reduce.reduce_all, "ReduceAny": reduce.reduce_any,
    "ReduceLogSumExp": reduce.log_sum_exp,
}  # fmt: skip


def _register(operator: str) -> None:
    @lowers_ge(operator)
    def by_input(op: Context, x: ir.Value, axes: Any, *, keep_dims: bool = False) -> ir.Value:
        return _OPERATORS[operator](op, x, _some(op, axes), keep_dims)

    if operator != "ReduceLogSumExp":

        @lowers_ge(f"{operator}D")
        def by_attribute(op: Context, x: ir.Value, *, axes: Any, keep_dims: bool = False) -> ir.Value:
            return _OPERATORS[operator](op, x, _some(op, axes), keep_dims)


def _some(op: Context, axes: Any) -> Any:
    """The axes; none at all are refused, because they mean all of them to some compilers and none to others."""
    if _is_empty(op, axes):
        raise LoweringError("its axes are empty, which means all of them or none: give them one by one")
    return axes


def _is_empty(op: Context, axes: Any) -> bool:
    known = op.static(axes)
    return known is not None and known.size == 0


for _operator in _OPERATORS:
    _register(_operator)


@lowers_ge("ReduceMean")
def reduce_mean(
    op: Context, x: ir.Value, axes: Any, *, keep_dims: bool = False, noop_with_empty_axes: bool = True
) -> ir.Value:
    """The mean over axes; over none it is x, or with noop_with_empty_axes false the mean of all."""
    if noop_with_empty_axes and _is_empty(op, axes):
        return x
    return reduce.reduce_mean(op, x, axes, keep_dims)


@lowers_ge("ReduceMeanD")
def reduce_mean_d(
    op: Context, x: ir.Value, *, axes: Any, keep_dims: bool = False, noop_with_empty_axes: bool = False
) -> ir.Value:
    """The mean over axes; over none the mean of all, or with noop_with_empty_axes x."""
    return reduce_mean(op, x, axes, keep_dims=keep_dims, noop_with_empty_axes=noop_with_empty_axes)


@lowers_ge("ReduceLogSum")
def reduce_log_sum(op: Context, x: ir.Value, axes: Any, *, keep_dims: bool = False) -> ir.Value:
    """log(sum(x)) over axes."""
    return op.Log(reduce.reduced(op, "ReduceSum", x, _some(op, axes), keep_dims=keep_dims))


@lowers_ge("ReduceStd")
def reduce_std(
    op: Context, x: ir.Value, *, dim: Any = (), unbiased: bool = True, keepdim: bool = False
) -> tuple[ir.Value, ir.Value]:
    """The standard deviation and the mean over axes."""
    return reduce.reduce_std(op, x, dim, unbiased, keepdim)


@lowers_ge("ReduceMeanVariance")
def reduce_mean_variance(
    op: Context, x: ir.Value, *, axes: Any = (), keep_dims: bool = True
) -> tuple[ir.Value, ir.Value]:
    """The mean and the biased variance over axes."""
    places = op.axes(x, axes)
    mean, variance, _ = norm_batch.moments(op, x, places)
    return (mean, variance) if keep_dims else (op.Squeeze(mean, places), op.Squeeze(variance, places))


@lowers_ge("EuclideanNorm")
def euclidean_norm(op: Context, x: ir.Value, axes: Any, *, keep_dims: bool = False) -> ir.Value:
    """sqrt(sum(x^2)) over axes."""
    return norm_vector.euclidean_norm(op, x, axes, keep_dims=keep_dims)


@lowers_ge("EuclideanNormD")
def euclidean_norm_d(op: Context, x: ir.Value, *, axes: Any = (), keep_dims: bool = False) -> ir.Value:
    """sqrt(sum(x^2)) over axes."""
    return norm_vector.euclidean_norm(op, x, axes, keep_dims=keep_dims)


@lowers_ge("SquareSumV1")
def square_sum_v1(op: Context, x: ir.Value, *, axis: Any, keep_dims: bool = False) -> ir.Value:
    """sum(x^2) over axes."""
    return reduce.reduced(op, "ReduceSum", op.Mul(x, x), axis, keep_dims=keep_dims)


def _register_extreme(which: str, by_input: str) -> None:
    kind = ir.DataType.INT64

    @lowers_ge(by_input)
    def by_value(op: Context, x: ir.Value, dimension: Any, *, dtype: Any = kind) -> ir.Value:
        return arg(op, which, x, dimension, dtype)

    @lowers_ge(f"Arg{which}D")
    def by_attribute(op: Context, x: ir.Value, *, dimension: int, dtype: Any = kind) -> ir.Value:
        return arg(op, which, x, dimension, dtype)

    @lowers_ge(f"Arg{which}WithValue")
    def with_value(op: Context, x: ir.Value, *, dimension: int, keep_dims: bool = False) -> tuple[ir.Value, ir.Value]:
        indices, values = extreme(op, which, x, dimension, keep_dims)
        return op.cast(indices, op.dtype_of_result(0, ir.DataType.INT32)), values


_register_extreme("Max", "ArgMaxV2")
_register_extreme("Min", "ArgMin")


def _top(op: Context, x: ir.Value, k: Any, sorted: bool, dim: int, largest: bool) -> tuple[ir.Value, ir.Value]:
    axis = one_axis(op, dim, op.rank(x))
    values, places = sort.top(op, x, k, axis, largest=largest, sort=sorted)
    return values, op.cast(places, op.dtype_of_result(1, ir.DataType.INT32))


@lowers_ge("TopK", "TopKV2")
def top_k(
    op: Context, x: ir.Value, k: Any, *, sorted: bool = True, largest: bool = True, dim: int = -1,
    indices_dtype: Any = None,
) -> tuple[ir.Value, ir.Value]:  # fmt: skip
    """The k largest or smallest elements along an axis and their positions; of equal ones the first."""
    values, places = _top(op, x, k, sorted, dim, largest)
    return values, places if indices_dtype is None else op.cast(places, op.dtype(indices_dtype))


@lowers_ge("TopKD")
def top_k_d(
    op: Context, x: ir.Value, assist_seq: ir.Value | None = None, *, k: int, sorted: bool = True, dim: int = -1,
    largest: bool = True,
) -> tuple[ir.Value, ir.Value]:  # fmt: skip
    """As TopK; assist_seq only holds the positions that the chip needs."""
    return _top(op, x, k, sorted, dim, largest)


@lowers_ge("TopKV2D")
def top_k_v2_d(
    op: Context, x: ir.Value, k: Any, assist_seq: ir.Value | None = None, *, sorted: bool = True, dim: int = -1,
    largest: bool = True,
) -> tuple[ir.Value, ir.Value]:  # fmt: skip
    """As TopK; assist_seq only holds the positions that the chip needs."""
    return _top(op, x, k, sorted, dim, largest)


@lowers_ge("Sort")
def sort_(
    op: Context, x: ir.Value, *, axis: int = -1, descending: bool = False, stable: bool = False
) -> tuple[ir.Value, ir.Value]:
    """The elements along an axis in order, and their positions; equal ones keep their order."""
    values, places = sort.sorted_along(op, x, axis, descending)
    return values, op.cast(places, op.dtype_of_result(1, ir.DataType.INT32))


def _register_running(operator: str, function: Any) -> None:
    @lowers_ge(operator)
    def by_input(op: Context, x: ir.Value, axis: Any, *, exclusive: bool = False, reverse: bool = False) -> ir.Value:
        return function(op, x, axis, exclusive, reverse)

    @lowers_ge(f"{operator}D")
    def by_attribute(
        op: Context, x: ir.Value, *, axis: int, exclusive: bool = False, reverse: bool = False
    ) -> ir.Value:
        return function(op, x, axis, exclusive, reverse)


_register_running("Cumsum", cumulative.cum_sum)
_register_running("Cumprod", cumulative.cum_prod)
_register_running("CumulativeLogsumexp", cumulative.cumulative_logsumexp)


@lowers_ge("Cummax")
def cummax(op: Context, x: ir.Value, *, dim: int) -> tuple[ir.Value, ir.Value]:
    """The largest elements up to each element along an axis, and where they are."""
    return cumulative.cummax(op, x, dim)


@lowers_ge("Cummin")
def cummin(op: Context, x: ir.Value, *, axis: int) -> tuple[ir.Value, ir.Value]:
    """The smallest elements up to each element along an axis, and where they are."""
    return cumulative.cummin(op, x, axis)


@lowers_ge("LpNorm", "LpNormV2")
def lp_norm(
    op: Context, x: ir.Value, *, p: float = 2, axes: Any = (), keepdim: bool = False, epsilon: float = 1e-12
) -> ir.Value:
    """max((sum |x|^p)^(1/p), epsilon) over axes, all of them for none."""
    return in_floats(op, lambda x: norm_vector.lp_norm(op, x, axis=axes, p=p, keep_dims=keepdim, epsilon=epsilon), x)


@lowers_ge("L2Normalize")
def l2_normalize(op: Context, x: ir.Value, *, axis: Any = (), eps: float = 1e-4) -> ir.Value:
    """x / sqrt(max(sum(x^2), eps)) over axes."""
    return norm_vector.l2_normalize(op, x, axis=axis, epsilon=eps)
