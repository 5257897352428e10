"""Normalization."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mindferry.errors import LoweringError
from mindferry.to_air.builder import Builder
from mindferry.to_air.ops.elementwise import convert
from mindferry.to_air.registry import to_ge
from mindferry.to_air.values import Value, product
from mindferry.types import DType


@to_ge("BatchNormalization")
def batch_normalization(
    op: Builder, x: Value, scale: Value, bias: Value, mean: Value, variance: Value, *, epsilon: float = 1e-5,
    momentum: float = 0.9, training_mode: int = 0,
) -> Value:  # fmt: skip
    """BNInfer, which takes rank 4 and float32 parameters; other ranks are reshaped, float16 parameters widened."""
    if training_mode:
        raise LoweringError("with training_mode 1 has no GE form for inference")
    shape = x.known_shape
    parameters = [_wide(op, value) for value in (scale, bias, mean, variance)]
    if len(shape) == 4:
        return op.BNInfer(x, *parameters, epsilon=epsilon, shape=shape)
    if len(shape) < 4:
        axes = list(range(len(shape), 4))
        wide = op.Unsqueeze(x, axes=axes, shape=shape + (1,) * len(axes))
        found = op.BNInfer(wide, *parameters, epsilon=epsilon, shape=wide.shape)
        return op.Squeeze(found, axis=axes, shape=shape)
    flat = _reshape(op, x, (shape[0], shape[1], shape[2], product(shape[3:])))
    return _reshape(op, op.BNInfer(flat, *parameters, epsilon=epsilon, shape=flat.shape), shape)


def _wide(op: Builder, value: Value) -> Value:
    """A float16 or bfloat16 vector as float32."""
    if value.dtype not in (DType.FLOAT16, DType.BFLOAT16):
        return value
    array = value.array()
    return convert(op, value, DType.FLOAT32) if array is None else op.constant(array, DType.FLOAT32)


def _reshape(op: Builder, x: Value, shape: Sequence[int]) -> Value:
    """The tensor in a shape of which one size may be unknown."""
    if list(shape).count(-1) > 1:
        raise LoweringError("needs at most one unknown size")
    return op.Reshape(x, list(shape), shape=shape)


@to_ge("LayerNormalization")
def layer_normalization(
    op: Builder, x: Value, scale: Value, bias: Value | None = None, *, axis: int = -1, epsilon: float = 1e-5,
    stash_type: int = 1,
) -> Value | tuple[Value, ...]:  # fmt: skip
    """LayerNorm; ONNX's third result is the reciprocal deviation, GE's the variance."""
    axis %= x.rank
    shape = x.known_shape[axis:]
    if scale.shape != shape or (bias is not None and bias.shape != shape):
        raise LoweringError(f"needs a scale and bias of the normalized shape {list(shape)}")
    if bias is None:
        bias = op.constant(np.zeros(shape), x.dtype)
    y, mean, variance = op.LayerNorm(
        x, scale, bias, begin_norm_axis=axis, begin_params_axis=axis, epsilon=epsilon, shape=x.shape
    )
    mean.shape = variance.shape = x.known_shape[:axis] + (1,) * len(shape)
    if len(op.results) < 3 or op.results[2] is None:
        return y, mean
    return y, mean, op.Rsqrt(op.Add(variance, op.like(epsilon, variance)))


@to_ge("InstanceNormalization")
def instance_normalization(op: Builder, x: Value, scale: Value, bias: Value, *, epsilon: float = 1e-5) -> Value:
    """Mean and variance of each sample and channel, written out: the definition of GE's InstanceNorm leaves the shape of the scale open."""
    axes = list(range(2, x.rank))
    return _scaled(op, _normalized(op, x, axes, epsilon), scale, bias)


@to_ge("GroupNormalization")
def group_normalization(
    op: Builder, x: Value, scale: Value, bias: Value, *, num_groups: int, epsilon: float = 1e-5, stash_type: int = 1
) -> Value:
    """Mean and variance of each group of channels; the scale is per group below opset 21 and per channel from there on."""
    shape = x.known_shape
    if -1 in shape[1:]:
        raise LoweringError("needs a known shape but for the batch")
    grouped = _reshape(op, x, (shape[0], num_groups, product(shape[1:]) // num_groups))
    normal = _normalized(op, grouped, [2], epsilon)
    if op.opset < 21:
        return _reshape(op, _scaled(op, normal, scale, bias), shape)
    return _scaled(op, _reshape(op, normal, shape), scale, bias)


def _normalized(op: Builder, x: Value, axes: list[int], epsilon: float) -> Value:
    """(x - mean) / sqrt(variance + epsilon)."""
    shape = tuple(1 if axis in axes else size for axis, size in enumerate(x.known_shape))
    centred = op.Sub(x, op.ReduceMean(x, axes, keep_dims=True, shape=shape))
    variance = op.ReduceMean(op.Square(centred), axes, keep_dims=True, shape=shape)
    return op.RealDiv(centred, op.Sqrt(op.Add(variance, op.like(epsilon, x))))


def _scaled(op: Builder, x: Value, scale: Value, bias: Value) -> Value:
    """x times a scale plus a bias along axis 1."""
    return op.Add(op.Mul(x, _along_channels(op, scale, x.rank)), _along_channels(op, bias, x.rank))


def _along_channels(op: Builder, vector: Value, rank: int) -> Value:
    shape = (*vector.known_shape, *[1] * (rank - 2))
    array = vector.array()
    return op.Reshape(vector, list(shape), shape=shape) if array is None else op.constant(array.reshape(shape))


@to_ge("RMSNormalization")
def rms_normalization(
    op: Builder, x: Value, scale: Value, *, axis: int = -1, epsilon: float = 1e-5, stash_type: int = 1
) -> Value:
    axes = list(range(axis % x.rank, x.rank))
    shape = tuple(1 if index in axes else size for index, size in enumerate(x.known_shape))
    power = op.ReduceMean(op.Square(x), axes, keep_dims=True, shape=shape)
    return op.Mul(op.RealDiv(x, op.Sqrt(op.Add(power, op.like(epsilon, x)))), scale)


@to_ge("LpNormalization")
def lp_normalization(op: Builder, x: Value, *, axis: int = -1, p: int = 2) -> Value:
    axes = [axis % x.rank]
    shape = tuple(1 if index in axes else size for index, size in enumerate(x.known_shape))
    if p == 1:
        return op.RealDiv(x, op.ReduceSum(op.Abs(x), axes, keep_dims=True, shape=shape))
    return op.RealDiv(x, op.Sqrt(op.ReduceSum(op.Square(x), axes, keep_dims=True, shape=shape)))


@to_ge("LRN")
def lrn(op: Builder, x: Value, *, size: int, alpha: float = 1e-4, beta: float = 0.75, bias: float = 1.0) -> Value:
    """GE's alpha is multiplied with the sum of squares, ONNX's with their mean over `size`."""
    if size % 2 == 0:
        raise LoweringError(f"with the even size {size} has no GE form")
    return op.LRN(
        x,
        depth_radius=size // 2,
        bias=bias,
        alpha=alpha / size,
        beta=beta,
        norm_region="ACROSS_CHANNELS",
        shape=x.shape,
    )
