"""Normalization with statistics of each sample: over its last axes, its groups of channels or its channels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.helpers import reduce
from mindferry.lowering.ops.norm_batch import moments, per_channel
from mindferry.lowering.registry import lowers

_NARROW = (ir.DataType.FLOAT16, ir.DataType.BFLOAT16)

Normalize = Callable[[Context, ir.Value, "ir.Value | None", "ir.Value | None", int, float], ir.Value]


def wide(op: Context, x: ir.Value) -> ir.Value:
    """x, in float32 where it is narrower, as MindSpore computes statistics."""
    return op.cast(x, ir.DataType.FLOAT) if x.dtype in _NARROW else x


def reciprocal_deviation(op: Context, variance: ir.Value, epsilon: float) -> ir.Value:
    """1 / sqrt(variance + epsilon)."""
    return op.Reciprocal(op.Sqrt(op.Add(variance, op.cast(epsilon, variance.dtype))))


def scaled(op: Context, x: ir.Value, weight: ir.Value | None, bias: ir.Value | None) -> ir.Value:
    """x weight + bias, either of which may be absent."""
    if weight is not None:
        x = op.Mul(x, op.cast(weight, x.dtype))
    return x if bias is None else op.Add(x, op.cast(bias, x.dtype))


def over_last_axes(
    op: Context, x: ir.Value, weight: ir.Value | None, bias: ir.Value | None, axis: int, epsilon: float
) -> ir.Value:
    """(x - mean) / sqrt(variance + epsilon) weight + bias, the statistics over the axes from `axis` on."""
    _, variance, centred = moments(op, wide(op, x), list(range(axis, op.rank(x))))
    deviation = op.Sqrt(op.Add(variance, op.cast(epsilon, variance.dtype)))
    return op.cast(scaled(op, op.Div(centred, deviation), weight, bias), x.dtype)


def over_last_axes_17(
    op: Context, x: ir.Value, weight: ir.Value | None, bias: ir.Value | None, axis: int, epsilon: float
) -> ir.Value:
    """One LayerNormalization where the weight covers exactly the axes of the statistics."""
    if weight is None or weight.shape is None or len(weight.shape) != op.rank(x) - axis:
        return over_last_axes(op, x, weight, bias, axis, epsilon)
    if bias is not None:
        bias = op.cast(bias, x.dtype)
    return op.LayerNormalization(x, op.cast(weight, x.dtype), bias, axis=axis, epsilon=epsilon)


def statistics(op: Context, x: ir.Value, axes: Sequence[int], epsilon: float) -> tuple[ir.Value, ir.Value]:
    """Mean and 1 / sqrt(variance + epsilon) over axes, which are kept as ones, in float32."""
    mean, variance, _ = moments(op, wide(op, x), list(axes))
    rstd = reciprocal_deviation(op, variance, epsilon)
    return op.cast(mean, ir.DataType.FLOAT), op.cast(rstd, ir.DataType.FLOAT)


def _layer_norm(normalize: Normalize) -> Any:
    def layer_norm(
        op: Context, x: ir.Value, gamma: ir.Value, beta: ir.Value, *, begin_norm_axis: int = 1,
        begin_params_axis: int = 1, epsilon: float = 1e-7,
    ) -> tuple[ir.Value, ...]:  # fmt: skip
        """The normalized x, the mean and the variance over the axes from begin_norm_axis on."""
        axis = begin_norm_axis % op.rank(x)
        mean, variance, _ = moments(op, wide(op, x), list(range(axis, op.rank(x))))
        y = normalize(op, x, gamma, beta, axis, epsilon)
        return y, op.cast(mean, ir.DataType.FLOAT), op.cast(variance, ir.DataType.FLOAT)

    return layer_norm


def _layer_norm_v3(normalize: Normalize) -> Any:
    def layer_norm_v3(
        op: Context, x: ir.Value, gamma: ir.Value, beta: ir.Value, *, begin_norm_axis: int = 1,
        begin_params_axis: int = 1, epsilon: float = 1e-7,
    ) -> tuple[ir.Value, ...]:  # fmt: skip
        """The normalized x, the mean and 1 / sqrt(variance + epsilon) over the axes from begin_norm_axis on."""
        axis = begin_norm_axis % op.rank(x)
        y = normalize(op, x, gamma, beta, axis, epsilon)
        return y, *statistics(op, x, range(axis, op.rank(x)), epsilon)

    return layer_norm_v3


def _layer_norm_ext(normalize: Normalize) -> Any:
    def layer_norm_ext(
        op: Context, x: ir.Value, normalized_shape: Any, weight: ir.Value | None = None, bias: ir.Value | None = None,
        eps: float = 1e-5,
    ) -> tuple[ir.Value, ...]:  # fmt: skip
        """The normalized x, the mean and 1 / sqrt(variance + eps) over the last len(normalized_shape) axes."""
        axis = op.rank(x) - len(op.integers(normalized_shape, "normalized_shape"))
        y = normalize(op, x, weight, bias, axis, eps)
        return y, *statistics(op, x, range(axis, op.rank(x)), eps)

    return layer_norm_ext


def _add_layer_norm(normalize: Normalize) -> Any:
    def add_layer_norm(
        op: Context, x1: ir.Value, x2: ir.Value, gamma: ir.Value, beta: ir.Value, epsilon: float = 1e-5,
        additional_out: bool = False,
    ) -> tuple[ir.Value, ...]:  # fmt: skip
        """The normalized x1 + x2, its mean and 1 / sqrt(variance + epsilon) over its last axis, and x1 + x2."""
        x = op.Add(x1, x2)
        y = normalize(op, x, gamma, beta, op.rank(x) - 1, epsilon)
        return y, *statistics(op, x, [op.rank(x) - 1], epsilon), x

    return add_layer_norm


for _since, _normalize in ((13, over_last_axes), (17, over_last_axes_17)):
    lowers("LayerNorm", since=_since)(_layer_norm(_normalize))
    lowers("LayerNormV3", since=_since)(_layer_norm_v3(_normalize))
    lowers("LayerNormExt", since=_since)(_layer_norm_ext(_normalize))
    lowers("AddLayerNorm", "AddLayerNormV2", since=_since)(_add_layer_norm(_normalize))


@lowers("GroupNorm")
def group_norm(
    op: Context, x: ir.Value, num_groups: int, weight: ir.Value | None = None, bias: ir.Value | None = None,
    eps: float = 1e-5,
) -> tuple[ir.Value, ...]:  # fmt: skip
    """x normalized per sample and group of channels, the mean and 1 / sqrt(variance + eps) of each."""
    grouped = op.Reshape(x, [0, num_groups, -1])
    y = op.Reshape(over_last_axes(op, wide(op, grouped), None, None, 2, eps), op.Shape(x))
    rank = op.rank(x)
    weight, bias = (None if one is None else per_channel(op, one, rank) for one in (weight, bias))
    return op.cast(scaled(op, y, weight, bias), x.dtype), *_group_statistics(op, grouped, eps)


@lowers("GroupNorm", since=21)
def group_norm_21(
    op: Context, x: ir.Value, num_groups: int, weight: ir.Value | None = None, bias: ir.Value | None = None,
    eps: float = 1e-5,
) -> tuple[ir.Value, ...]:  # fmt: skip
    """One GroupNormalization."""
    if weight is None or bias is None:
        return group_norm(op, x, num_groups, weight, bias, eps)
    y = op.GroupNormalization(x, weight, bias, num_groups=num_groups, epsilon=eps)
    return y, *_group_statistics(op, op.Reshape(x, [0, num_groups, -1]), eps)


def _group_statistics(op: Context, grouped: ir.Value, eps: float) -> list[ir.Value]:
    dtype = grouped.dtype
    return [op.cast(op.Squeeze(one, [2]), dtype) for one in statistics(op, grouped, [2], eps)]


@lowers("InstanceNormV2")
def instance_norm_v2(
    op: Context, x: ir.Value, gamma: ir.Value, beta: ir.Value, mean: ir.Value, variance: ir.Value, *,
    is_training: bool = True, momentum: float = 0.1, epsilon: float = 1e-5,
) -> tuple[ir.Value, ...]:  # fmt: skip
    """x (N, C, H, W) or (N, C1, H, W, C0) normalized per sample and channel, the statistics as (N, C, 1, 1).

    In inference by the given mean and variance, and MindSpore leaves the returned statistics zero.
    """
    if is_training:
        mean, variance, _ = moments(op, op.cast(x, gamma.dtype), [2, 3])
    rstd = reciprocal_deviation(op, variance, epsilon)
    y = op.Add(op.Mul(op.Mul(op.Sub(op.cast(x, gamma.dtype), mean), rstd), gamma), beta)
    if is_training:
        return op.cast(y, x.dtype), mean, rstd
    none = op.Mul(mean, op.cast(0, mean.dtype))
    return op.cast(y, x.dtype), none, none


@lowers("RmsNorm")
def rms_norm(op: Context, x: ir.Value, gamma: ir.Value, *, epsilon: float = 1e-6) -> tuple[ir.Value, ir.Value]:
    """x gamma / sqrt(mean(x^2) + epsilon) over the axes of gamma, and the factor that scaled x."""
    axes = list(range(op.rank(x) - op.rank(gamma), op.rank(x)))
    held = wide(op, x)
    rstd = reciprocal_deviation(op, reduce(op, "ReduceMean", op.Mul(held, held), axes, keep_dims=True), epsilon)
    return op.cast(op.Mul(op.Mul(held, rstd), op.cast(gamma, held.dtype)), x.dtype), op.cast(rstd, ir.DataType.FLOAT)


@lowers("AddRmsNorm")
def add_rms_norm(
    op: Context, x1: ir.Value, x2: ir.Value, gamma: ir.Value, epsilon: float = 1e-6
) -> tuple[ir.Value, ir.Value, ir.Value]:
    """rms_norm of x1 + x2, the factor that scaled it, and x1 + x2."""
    x = op.Add(x1, x2)
    return *rms_norm(op, x, gamma, epsilon=epsilon), x
