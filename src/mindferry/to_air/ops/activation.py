"""Activations."""

from __future__ import annotations

import math

import numpy as np

from mindferry.errors import LoweringError
from mindferry.to_air.builder import Builder
from mindferry.to_air.registry import direct, to_ge
from mindferry.to_air.values import Value
from mindferry.types import DType

direct({
    "HardSwish": "HardSwish", "Mish": "Mish", "Relu": "Relu", "Sigmoid": "Sigmoid", "Softplus": "Softplus",
    "Softsign": "Softsign",
})  # fmt: skip

_SELU_ALPHA, _SELU_GAMMA = 1.67326319217681884765625, 1.05070102214813232421875
"""The constants of ONNX's default Selu, which are also GE's."""


@to_ge("LeakyRelu")
def leaky_relu(op: Builder, x: Value, *, alpha: float = 0.01) -> Value:
    return op.LeakyRelu(x, negative_slope=alpha)


@to_ge("Elu")
def elu(op: Builder, x: Value, *, alpha: float = 1.0) -> Value:
    return op.Elu(x, alpha=alpha)


@to_ge("Celu")
def celu(op: Builder, x: Value, *, alpha: float = 1.0) -> Value:
    return op.CeluV2(x, alpha=alpha)


@to_ge("Selu")
def selu(op: Builder, x: Value, *, alpha: float = _SELU_ALPHA, gamma: float = _SELU_GAMMA) -> Value:
    if math.isclose(alpha, _SELU_ALPHA, rel_tol=1e-6) and math.isclose(gamma, _SELU_GAMMA, rel_tol=1e-6):
        return op.Selu(x)
    return op.Mul(op.Elu(x, alpha=alpha), op.like(gamma, x))


@to_ge("HardSigmoid")
def hard_sigmoid(op: Builder, x: Value, *, alpha: float = 0.2, beta: float = 0.5) -> Value:
    return op.HardSigmoid(x, alpha=alpha, beta=beta)


@to_ge("ThresholdedRelu")
def thresholded_relu(op: Builder, x: Value, *, alpha: float = 1.0) -> Value:
    return op.ThresholdedRelu(x, alpha=alpha)


@to_ge("Shrink")
def shrink(op: Builder, x: Value, *, bias: float = 0.0, lambd: float = 0.5) -> Value:
    return op.Shrink(x, lambd=lambd, bias=bias)


@to_ge("Gelu")
def gelu(op: Builder, x: Value, *, approximate: str = "none") -> Value:
    """GE's own Gelu is the approximation on some chips and the exact form on others, so both are written out."""
    if approximate == "tanh":
        cube = op.Mul(op.Mul(op.Square(x), x), op.like(0.044715, x))
        inner = op.Tanh(op.Mul(op.Add(x, cube), op.like(math.sqrt(2 / math.pi), x)))
    else:
        inner = op.Erf(op.Mul(x, op.like(math.sqrt(0.5), x)))
    return op.Mul(op.Mul(x, op.like(0.5, x)), op.Add(inner, op.like(1.0, x)))


@to_ge("PRelu")
def prelu(op: Builder, x: Value, slope: Value) -> Value:
    """GE has a slope per channel; any other is written as max(x, 0) + slope min(x, 0)."""
    array = slope.array()
    if array is not None and (array.size == 1 or _by_channel(x, slope)):
        return op.PRelu(x, op.constant(array.reshape(-1)), shape=x.shape)
    zero = op.like(0, x)
    return op.Add(op.Maximum(x, zero), op.Mul(slope, op.Minimum(x, zero)))


def _by_channel(x: Value, slope: Value) -> bool:
    """Whether the slope varies along axis 1 of x alone."""
    shape = (1,) * (x.rank - slope.rank) + slope.known_shape
    return x.rank > 1 and len(shape) == x.rank and shape[1] == x.known_shape[1] == np.prod(shape)


@to_ge("Softmax")
def softmax(op: Builder, x: Value, *, axis: int = -1) -> Value:
    return op.SoftmaxV2(x, axes=[axis])


@to_ge("LogSoftmax")
def log_softmax(op: Builder, x: Value, *, axis: int = -1) -> Value:
    return op.LogSoftmaxV2(x, axes=[axis])


@to_ge("Hardmax")
def hardmax(op: Builder, x: Value, *, axis: int = -1) -> Value:
    """1 at the first largest element along the axis."""
    axis %= x.rank
    depth = x.known_shape[axis]
    if depth == -1:
        raise LoweringError("needs a known size along its axis")
    shape = x.known_shape[:axis] + x.known_shape[axis + 1 :]
    index = op.ArgMaxV2(x, axis, dtype=DType.INT32, gives=DType.INT32, shape=shape)
    return op.OneHot(index, depth, op.like(1, x), op.like(0, x), axis=axis, gives=x.dtype, shape=x.shape)
