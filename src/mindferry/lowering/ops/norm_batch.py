"""Normalization with statistics over the batch, or over each sample's channels."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.helpers import channels_first, channels_last, is_channel_last, reduce
from mindferry.lowering.registry import lowers, refuse


def moments(op: Context, x: ir.Value, axes: list[int]) -> tuple[ir.Value, ir.Value, ir.Value]:
    """Mean, biased variance, and x minus its mean, with the reduced axes kept as ones."""
    mean = reduce(op, "ReduceMean", x, axes, keep_dims=True)
    centred = op.Sub(x, mean)
    return mean, reduce(op, "ReduceMean", op.Mul(centred, centred), axes, keep_dims=True), centred


def per_channel(op: Context, values: ir.Value, rank: int) -> ir.Value:
    """One value per channel, broadcast over channel-first tensors of the given rank."""
    return op.Reshape(values, [-1, *[1] * (rank - 2)])


def blend(op: Context, old: ir.Value, new: ir.Value, momentum: float) -> ir.Value:
    """(1 - momentum) old + momentum new."""
    kept, added = op.cast(1 - momentum, old.dtype), op.cast(momentum, old.dtype)
    return op.Add(op.Mul(old, kept), op.Mul(op.cast(new, old.dtype), added))


def normalized(
    op: Context, x: ir.Value, scale: ir.Value, bias: ir.Value, mean: ir.Value, variance: ir.Value, epsilon: float
) -> ir.Value:
    """scale (x - mean) / sqrt(variance + epsilon) + bias, per channel, in x's element type."""
    if x.dtype == ir.DataType.FLOAT16 and scale.dtype == ir.DataType.FLOAT:
        wide = op.BatchNormalization(op.cast(x, scale.dtype), scale, bias, mean, variance, epsilon=epsilon)
        return op.cast(wide, x.dtype)
    return op.BatchNormalization(x, scale, bias, mean, variance, epsilon=epsilon)


@lowers("BatchNorm", "BatchNormWithActivation")
def batch_norm(
    op: Context, x: ir.Value, scale: ir.Value, bias: ir.Value, mean: ir.Value, variance: ir.Value, *,
    is_training: bool = False, epsilon: float = 1e-5, momentum: float = 0.1, data_format: Any = "NCHW",
) -> tuple[ir.Value, ...]:  # fmt: skip
    """The normalized x, the new running mean and variance, the batch's mean and variance.

    In inference MindSpore leaves all but the first undefined; here they are the given mean and variance.
    """
    last = is_channel_last(data_format) and op.rank(x) > 2
    if last:
        x = channels_first(op, x)
    if not is_training:
        result = normalized(op, x, scale, bias, mean, variance, epsilon)
        return channels_last(op, result) if last else result, mean, variance, mean, variance
    batch_mean, batch_variance = batch_statistics(op, op.cast(x, scale.dtype))
    result = normalized(op, x, scale, bias, batch_mean, batch_variance, epsilon)
    op.written[3] = blend(op, mean, batch_mean, momentum)
    op.written[4] = blend(op, variance, unbiased(op, x, batch_variance), momentum)
    return channels_last(op, result) if last else result, op.written[3], op.written[4], batch_mean, batch_variance


@lowers("FusedBatchNorm", "FusedBatchNormEx")
def fused_batch_norm(
    op: Context, x: ir.Value, scale: ir.Value, bias: ir.Value, mean: ir.Value, variance: ir.Value, *,
    epsilon: float = 1e-5, momentum: float = 0.1,
) -> tuple[ir.Value, ...]:  # fmt: skip
    """MindSpore 1.x's batch_norm in training: the normalized x, then scale, bias and the new running statistics."""
    y, new_mean, new_variance, *_ = batch_norm(
        op, x, scale, bias, mean, variance, is_training=True, epsilon=epsilon, momentum=momentum
    )
    return y, scale, bias, new_mean, new_variance


def batch_statistics(op: Context, x: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Mean and biased variance of each channel of channel-first x."""
    axes = [0, *range(2, op.rank(x))]
    mean, variance, _ = moments(op, x, axes)
    return op.Reshape(mean, [-1]), op.Reshape(variance, [-1])


def unbiased(op: Context, x: ir.Value, variance: ir.Value) -> ir.Value:
    """The biased variance of each channel of x, times n / (n - 1)."""
    count = op.cast(op.Div(op.Size(x), op.Gather(op.Shape(x), 1)), variance.dtype)
    return op.Mul(variance, op.Div(count, op.Sub(count, 1.0)))


def ones_or(op: Context, x: ir.Value, values: ir.Value | None, fill: float) -> ir.Value:
    """The values, or the fill for every channel of channel-first x; in float32 at least, as runtimes want them."""
    if values is None:
        return op.Expand(op.cast(fill, x.dtype), op.ints([op.dim(x, 1)]))
    return op.cast(values, x.dtype)


@lowers("BatchNormExt")
def batch_norm_ext(
    op: Context, x: ir.Value, weight: ir.Value | None = None, bias: ir.Value | None = None,
    running_mean: ir.Value | None = None, runnning_var: ir.Value | None = None, training: bool = False,
    momentum: float = 0.1, epsilon: float = 1e-5,
) -> tuple[ir.Value, ...]:  # fmt: skip
    """The normalized x, the mean and 1 / sqrt(variance + epsilon) of the batch.

    In inference the last two are the given mean and variance. MindSpore's own name of the fifth argument has three n.
    """
    held = op.cast(x, ir.DataType.FLOAT) if x.dtype == ir.DataType.FLOAT16 else x
    if training:
        mean, variance = batch_statistics(op, held)
        for index, old, new in ((3, running_mean, mean), (4, runnning_var, unbiased(op, x, variance))):
            if old is not None:
                op.written[index] = blend(op, old, new, momentum)
    else:
        mean, variance = ones_or(op, held, running_mean, 0.0), ones_or(op, held, runnning_var, 1.0)
    scale, shift = ones_or(op, held, weight, 1.0), ones_or(op, held, bias, 0.0)
    y = op.cast(normalized(op, held, scale, shift, mean, variance, epsilon), x.dtype)
    if not training:
        return y, mean, variance
    return y, mean, op.Reciprocal(op.Sqrt(op.Add(variance, op.cast(epsilon, variance.dtype))))


@lowers("BatchNormStats")
def batch_norm_stats(op: Context, x: ir.Value, eps: float) -> tuple[ir.Value, ir.Value]:
    """Mean and 1 / sqrt(variance + eps) of each channel."""
    mean, variance = batch_statistics(op, op.cast(x, ir.DataType.FLOAT))
    return mean, op.Reciprocal(op.Sqrt(op.Add(variance, eps)))


@lowers("BatchNormElemt")
def batch_norm_elemt(
    op: Context, x: ir.Value, weight: ir.Value | None = None, bias: ir.Value | None = None,
    mean: ir.Value | None = None, invstd: ir.Value | None = None, eps: float = 1e-5,
) -> ir.Value:  # fmt: skip
    """(x - mean) invstd weight + bias, per channel."""
    rank, held = op.rank(x), op.cast(x, ir.DataType.FLOAT)
    mean, invstd = ones_or(op, held, mean, 0.0), ones_or(op, held, invstd, 1.0)
    y = op.Mul(op.Sub(held, per_channel(op, mean, rank)), per_channel(op, invstd, rank))
    if weight is not None:
        y = op.Mul(y, per_channel(op, op.cast(weight, y.dtype), rank))
    if bias is not None:
        y = op.Add(y, per_channel(op, op.cast(bias, y.dtype), rank))
    return op.cast(y, x.dtype)


@lowers("InstanceNorm")
def instance_norm(
    op: Context, x: ir.Value, gamma: ir.Value, beta: ir.Value, mean: ir.Value, variance: ir.Value, *,
    epsilon: float = 1e-5, momentum: float = 0.1,
) -> tuple[ir.Value, ...]:  # fmt: skip
    """x normalized per sample and channel, and the statistics of each."""
    held = op.cast(x, gamma.dtype)
    own_mean, own_variance, centred = moments(op, held, list(range(2, op.rank(x))))
    deviation = op.Sqrt(op.Add(own_variance, op.cast(epsilon, own_variance.dtype)))
    rank = op.rank(x)
    scale, shift = per_channel(op, gamma, rank), per_channel(op, beta, rank)
    y = op.Add(op.Mul(op.Div(centred, deviation), scale), shift)
    return op.cast(y, x.dtype), op.Reshape(own_mean, [-1]), op.Reshape(own_variance, [-1])


refuse(
    "it computes statistics over several devices",
    "SyncBatchNorm", "BatchNormGatherStatsWithCounts", "BatchNormReduceGrad",
)  # fmt: skip
