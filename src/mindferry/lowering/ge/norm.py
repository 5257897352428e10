"""Normalization."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.ge.equal import primitive
from mindferry.lowering.ge.layouts import channel_first_only, is_last
from mindferry.lowering.helpers import channels_first, channels_last, in_floats, reduce
from mindferry.lowering.ops import norm_layer, norm_vector
from mindferry.lowering.ops.norm_batch import batch_statistics, moments, normalized, per_channel
from mindferry.lowering.registry import lowers_ge


def _normalized(
    op: Context, x: ir.Value, scale: ir.Value, offset: ir.Value, mean: ir.Value, variance: ir.Value, epsilon: float,
    data_format: str,
) -> ir.Value:  # fmt: skip
    if op.rank(x) > 2 and is_last(data_format):
        return channels_last(op, normalized(op, channels_first(op, x), scale, offset, mean, variance, epsilon))
    return normalized(op, x, scale, offset, mean, variance, epsilon)


@lowers_ge("BatchNorm", "FusedBatchNorm", "FusedBatchNormV2")
def batch_norm(
    op: Context, x: ir.Value, scale: ir.Value, offset: ir.Value, mean: ir.Value | None = None,
    variance: ir.Value | None = None, *, epsilon: float = 1e-4, data_format: str = "NHWC", is_training: bool = True,
    exponential_avg_factor: float = 1.0,
) -> tuple[ir.Value, ...]:  # fmt: skip
    """scale (x - mean) / sqrt(variance + epsilon) + offset per channel, and the statistics in two pairs.

    In training the statistics are the batch's own, and only y has a lowering.
    """
    if not is_training:
        if mean is None or variance is None:
            raise LoweringError("in inference it needs mean and variance")
        y = _normalized(op, x, scale, offset, mean, variance, epsilon, data_format)
        return y, mean, variance, mean, variance
    last = op.rank(x) > 2 and is_last(data_format)
    held = channels_first(op, x) if last else x
    own_mean, own_variance = batch_statistics(op, op.cast(held, scale.dtype))
    return (_normalized(op, x, scale, offset, own_mean, own_variance, epsilon, data_format),)


@lowers_ge("BatchNormExt2")
def batch_norm_ext2(
    op: Context, input_x: ir.Value, input_scale: ir.Value, input_offset: ir.Value, input_mean: ir.Value | None = None,
    input_variance: ir.Value | None = None, *, epsilon: float = 1e-4, data_format: str = "NHWC",
    is_training: bool = True,
) -> tuple[ir.Value, ...]:  # fmt: skip
    """As BatchNorm."""
    return batch_norm(
        op, input_x, input_scale, input_offset, input_mean, input_variance, epsilon=epsilon, data_format=data_format,
        is_training=is_training,
    )  # fmt: skip


@lowers_ge("BNInfer")
def bn_infer(
    op: Context, x: ir.Value, scale: ir.Value, offset: ir.Value, mean: ir.Value, variance: ir.Value, *, epsilon: float
) -> ir.Value:
    """scale (x - mean) / sqrt(variance + epsilon) + offset per channel of channel-first x."""
    channel_first_only(op, x)
    return normalized(op, x, scale, offset, mean, variance, epsilon)


def _caffe_norm(
    op: Context, x: ir.Value, mean: ir.Value, variance: ir.Value, factor: Any, scale: Any, offset: Any, epsilon: float,
    use_global_stats: bool,
) -> ir.Value:  # fmt: skip
    """(x - mean / factor) / sqrt(variance / factor + epsilon), and then scale and offset, per channel."""
    if not use_global_stats:
        raise LoweringError("use_global_stats false has no lowering")
    rank, held = op.rank(x), op.cast(x, mean.dtype)
    share = op.Reciprocal(op.cast(factor, mean.dtype))
    known = op.static(factor)
    if known is not None and (known == 1).all():
        mean_, variance_ = mean, variance
    else:
        mean_, variance_ = op.Mul(mean, share), op.Mul(variance, share)
    deviation = op.Sqrt(op.Add(variance_, op.cast(epsilon, mean.dtype)))
    y = op.Div(op.Sub(held, per_channel(op, mean_, rank)), per_channel(op, deviation, rank))
    if scale is not None:
        y = op.Mul(y, per_channel(op, op.cast(scale, y.dtype), rank))
    if offset is not None:
        y = op.Add(y, per_channel(op, op.cast(offset, y.dtype), rank))
    return op.cast(y, x.dtype)


@lowers_ge("BNInference")
def bn_inference(
    op: Context, x: ir.Value, mean: ir.Value, variance: ir.Value, momentum: ir.Value, scale: ir.Value | None = None,
    offset: ir.Value | None = None, *, epsilon: float = 1e-5, use_global_stats: bool = True, mode: int = 1,
) -> ir.Value:  # fmt: skip
    """Caffe's normalization of channel-first x: mean and variance are divided by momentum, their scale factor."""
    channel_first_only(op, x)
    return _caffe_norm(op, x, mean, variance, momentum, scale, offset, epsilon, use_global_stats)


@lowers_ge("InstanceNorm")
def instance_norm(
    op: Context, x: ir.Value, gamma: ir.Value, beta: ir.Value, *, data_format: str = "NDHWC", epsilon: float = 1e-6
) -> tuple[ir.Value, ...]:
    """x normalized per sample and channel, and the mean and variance with ones as spatial sizes."""
    last = is_last(data_format)
    rank = op.rank(x)
    held = op.cast(channels_first(op, x) if last else x, gamma.dtype)
    mean, variance, centred = moments(op, held, list(range(2, rank)))
    y = op.Div(centred, op.Sqrt(op.Add(variance, op.cast(epsilon, held.dtype))))
    y = op.Add(op.Mul(y, _channels(op, gamma, rank)), _channels(op, beta, rank))
    results = (op.cast(y, x.dtype), mean, variance)
    return tuple(channels_last(op, one) for one in results) if last else results


def _channels(op: Context, values: ir.Value, rank: int) -> ir.Value:
    return per_channel(op, values, rank) if op.rank(values) <= 1 else values


def _over_axes(op: Context, x: ir.Value, axes: list[int], epsilon: float) -> tuple[ir.Value, ir.Value, ir.Value]:
    """x normalized over axes, the mean and the variance."""
    mean, variance, centred = moments(op, x, axes)
    return op.Div(centred, op.Sqrt(op.Add(variance, op.cast(epsilon, x.dtype)))), mean, variance


def layer_normalized(
    op: Context, x: ir.Value, gamma: ir.Value | None, beta: ir.Value | None, axis: int, epsilon: float, *, rstd: bool
) -> tuple[ir.Value, ir.Value, ir.Value]:
    """x normalized over the axes from `axis` on, the mean, and the variance or 1 / sqrt(variance + epsilon)."""
    held = op.cast(x, ir.DataType.FLOAT) if x.dtype in (ir.DataType.FLOAT16, ir.DataType.BFLOAT16) else x
    axes = list(range(axis % op.rank(x), op.rank(x)))
    y, mean, variance = _over_axes(op, held, axes, epsilon)
    if op.opset >= 17 and gamma is not None and held is x and op.rank(gamma) == len(axes):
        y, beta = op.LayerNormalization(x, gamma, beta, axis=axes[0], epsilon=epsilon), None
    elif gamma is not None:
        y = op.Mul(y, op.cast(gamma, y.dtype))
    if beta is not None:
        y = op.Add(y, op.cast(beta, y.dtype))
    spread = op.Reciprocal(op.Sqrt(op.Add(variance, op.cast(epsilon, held.dtype)))) if rstd else variance
    return op.cast(y, x.dtype), mean, spread


@lowers_ge("LayerNorm")
def layer_norm(
    op: Context, x: ir.Value, gamma: ir.Value, beta: ir.Value, *, begin_norm_axis: int = 0, begin_params_axis: int = 0,
    epsilon: float = 1e-7,
) -> tuple[ir.Value, ...]:  # fmt: skip
    """x normalized over the axes from begin_norm_axis on, the mean and the variance."""
    return layer_normalized(op, x, gamma, beta, begin_norm_axis, epsilon, rstd=False)


@lowers_ge("LayerNormV3")
def layer_norm_v3(
    op: Context, x: ir.Value, gamma: ir.Value, beta: ir.Value, *, begin_norm_axis: int = 0, begin_params_axis: int = 0,
    epsilon: float = 1e-5,
) -> tuple[ir.Value, ...]:  # fmt: skip
    """x normalized over the axes from begin_norm_axis on, the mean and 1 / sqrt(variance + epsilon)."""
    return layer_normalized(op, x, gamma, beta, begin_norm_axis, epsilon, rstd=True)


@lowers_ge("LayerNormV4")
def layer_norm_v4(
    op: Context, x: ir.Value, normalized_shape: Any, gamma: ir.Value | None = None, beta: ir.Value | None = None, *,
    epsilon: float = 1e-5,
) -> tuple[ir.Value, ...]:  # fmt: skip
    """x normalized over as many last axes as normalized_shape has, the mean and 1 / sqrt(variance + epsilon)."""
    axis = op.rank(x) - len(op.integers(normalized_shape, "normalized_shape"))
    return layer_normalized(op, x, gamma, beta, axis, epsilon, rstd=True)


@lowers_ge("GroupNorm", "GroupNormV2")
def group_norm(
    op: Context, x: ir.Value, gamma: ir.Value, beta: ir.Value, *, num_groups: int, data_format: str = "NHWC",
    eps: float = 1e-4, is_training: bool = True,
) -> tuple[ir.Value, ...]:  # fmt: skip
    """x normalized per sample and group of channels; its statistics have no lowering."""
    last = is_last(data_format) and op.rank(x) > 2
    held = channels_first(op, x) if last else x
    y = primitive(op, "GroupNorm", held, num_groups, gamma, beta, eps)[0]
    y.shape = held.shape
    return (channels_last(op, y) if last else y,)


@lowers_ge("RmsNorm")
def rms_norm(op: Context, x: ir.Value, gamma: ir.Value, *, epsilon: float = 1e-6) -> tuple[ir.Value, ir.Value]:
    """x gamma / sqrt(mean(x^2) + epsilon) over the axes of gamma, and the factor that scaled x."""
    return norm_layer.rms_norm(op, x, gamma, epsilon=epsilon)


@lowers_ge("LRN")
def lrn(
    op: Context, x: ir.Value, *, depth_radius: int = 5, bias: float = 1.0, alpha: float = 1.0, beta: float = 0.5,
    norm_region: str = "ACROSS_CHANNELS",
) -> ir.Value:  # fmt: skip
    """x / (bias + alpha sum(x^2))^beta, the sum over the channels at most depth_radius away."""
    if norm_region != "ACROSS_CHANNELS":
        raise LoweringError(f"norm_region {norm_region!r} has no lowering; ACROSS_CHANNELS has")
    channel_first_only(op, x)
    return norm_vector.lrn(op, x, depth_radius=depth_radius, bias=bias, alpha=alpha, beta=beta)


@lowers_ge("MVNV2")
def mvn_v2(op: Context, x: ir.Value, *, eps: float = 1e-9, axes: Any = (0, 2, 3)) -> ir.Value:
    """x normalized over axes."""

    def standardized(x: ir.Value) -> ir.Value:
        _, variance, centred = moments(op, x, op.axes(x, axes))
        return op.Div(centred, op.Add(op.Sqrt(variance), op.cast(eps, x.dtype)))

    return in_floats(op, standardized, x)


@lowers_ge("Centralization")
def centralization(op: Context, x: ir.Value, *, axes: Any = (-1,)) -> ir.Value:
    """x minus its mean over axes."""
    return op.Sub(x, reduce(op, "ReduceMean", x, op.axes(x, axes), keep_dims=True))
