"""Random numbers of the same distribution as MindSpore's, which are other numbers: lowered only on request."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.helpers import reduce
from mindferry.lowering.registry import lowers

_DRAWN = "its random numbers: ONNX draws others, of the same distribution"
_FLOAT, _INT64 = ir.DataType.FLOAT, ir.DataType.INT64


def uniform_like(op: Context, like: ir.Value, dtype: ir.DataType = _FLOAT) -> ir.Value:
    """Uniform numbers from 0 to 1 in a tensor's shape.

    ONNX Runtime has no random operators from opset 22 on, but its Dropout tosses coins, one for each bit of a number.
    """
    if op.opset < 22:
        return op.RandomUniformLike(like, dtype=dtype.value)
    bits = 52 if dtype == ir.DataType.DOUBLE else 23
    coins = op.Expand(op.constant(1, _FLOAT), op.Concat(op.Shape(like), [bits], axis=0))
    _, heads = op.Dropout(coins, op.constant(0.5), op.constant(True), outputs=2)
    return op.MatMul(op.cast(heads, dtype), op.constant(0.5 ** np.arange(1, bits + 1), dtype))


def _uniform(op: Context, like: ir.Value) -> ir.Value:
    """Uniform numbers in a tensor's shape: float64 where the result is, else float32."""
    return uniform_like(op, like, ir.DataType.DOUBLE if op.result_dtype == ir.DataType.DOUBLE else _FLOAT)


def _normal(op: Context, like: ir.Value) -> ir.Value:
    """Normal numbers in a tensor's shape, of two uniform ones each (Box and Muller)."""
    length = op.Sqrt(op.Mul(op.Log(op.Sub(1.0, _uniform(op, like))), -2.0))
    return op.Mul(length, op.Cos(op.Mul(_uniform(op, like), 2 * np.pi)))


def _of_shape(op: Context, shape: Any) -> ir.Value:
    return op.Expand(op.constant(0, _FLOAT), op.ints(shape))


def _given(op: Context, x: ir.Value) -> ir.Value:
    return op.cast(x, op.result_dtype or _FLOAT)


def _scaled(op: Context, x: ir.Value, low: Any, span: Any) -> ir.Value:
    """low + span x."""
    return op.Add(op.Mul(x, op.cast(span, x.dtype or _FLOAT)), op.cast(low, x.dtype or _FLOAT))


@lowers("StandardNormal", "Randn", approximate=_DRAWN)
def standard_normal(
    op: Context, shape: Any, seed: Any = 0, offset: Any = 0, dtype: Any = None, device: Any = None
) -> ir.Value:
    """Normal numbers of mean 0 and deviation 1."""
    return _given(op, _normal(op, _of_shape(op, shape)))


@lowers("RandnLike", approximate=_DRAWN)
def randn_like(
    op: Context, input: ir.Value, seed: Any = 0, offset: Any = 0, dtype: Any = None, device: Any = None
) -> ir.Value:
    """Normal numbers of mean 0 and deviation 1, in the input's shape."""
    return _given(op, _normal(op, input))


@lowers("UniformReal", "RandExt", approximate=_DRAWN)
def uniform_real(
    op: Context, shape: Any, seed: Any = 0, offset: Any = 0, dtype: Any = None, device: Any = None
) -> ir.Value:
    """Uniform numbers from 0 to 1."""
    return _given(op, _uniform(op, _of_shape(op, shape)))


@lowers("RandLikeExt", approximate=_DRAWN)
def rand_like(
    op: Context, tensor: ir.Value, seed: Any = 0, offset: Any = 0, dtype: Any = None, device: Any = None
) -> ir.Value:
    """Uniform numbers from 0 to 1, in the tensor's shape."""
    return _given(op, _uniform(op, tensor))


@lowers("Uniform", approximate=_DRAWN)
def uniform(
    op: Context, x: ir.Value, *, minval: float = 0.0, maxval: float = 1.0, seed: int = 0, offset: int = 0
) -> ir.Value:
    """Uniform numbers from minval to maxval, in x's shape."""
    return _given(op, _scaled(op, _uniform(op, x), minval, maxval - minval))


@lowers("UniformExt", approximate=_DRAWN)
def uniform_ext(op: Context, tensor: ir.Value, a: Any, b: Any, seed: Any = 0, offset: Any = 0) -> ir.Value:
    """Uniform numbers from a to b, in the tensor's shape."""
    low, high = op.cast(a, _FLOAT), op.cast(b, _FLOAT)
    return _given(op, _scaled(op, _uniform(op, tensor), low, op.Sub(high, low)))


def _whole(op: Context, like: ir.Value, low: Any, high: Any) -> ir.Value:
    """Integers from low to high - 1, drawn in float64."""
    unit = uniform_like(op, like, ir.DataType.DOUBLE)
    first, end = op.cast(low, _INT64), op.cast(high, _INT64)
    span = op.cast(op.Sub(end, first), ir.DataType.DOUBLE)
    return op.cast(op.Add(op.cast(op.Floor(op.Mul(unit, span)), _INT64), first), op.result_dtype or _INT64)


@lowers("UniformInt", approximate=_DRAWN)
def uniform_int(op: Context, shape: Any, minval: Any, maxval: Any, *, seed: int = 0, seed2: int = 0) -> ir.Value:
    """Integers from minval to maxval - 1."""
    return _whole(op, _of_shape(op, shape), op.Reshape(minval, _scalar()), op.Reshape(maxval, _scalar()))


def _scalar() -> np.ndarray[Any, Any]:
    return np.array([], np.int64)


@lowers("RandInt", approximate=_DRAWN)
def rand_int(
    op: Context, low: Any, high: Any, shape: Any, seed: Any = 0, offset: Any = 0, dtype: Any = None, device: Any = None
) -> ir.Value:
    """Integers from low to high - 1."""
    return _whole(op, _of_shape(op, shape), low, high)


@lowers("RandIntLike", approximate=_DRAWN)
def rand_int_like(
    op: Context, input: ir.Value, low: Any, high: Any, seed: Any = 0, offset: Any = 0, dtype: Any = None,
    device: Any = None,
) -> ir.Value:  # fmt: skip
    """Integers from low to high - 1, in the input's shape."""
    return _whole(op, input, low, high)


@lowers("NormalFloatFloat", approximate=_DRAWN)
def normal_float_float(op: Context, mean: Any, std: Any, size: Any, seed: Any = 0, offset: Any = 0) -> ir.Value:
    """Normal numbers of one mean and deviation."""
    return _given(op, _scaled(op, _normal(op, _of_shape(op, size)), mean, std))


@lowers("NormalFloatTensor", "NormalTensorFloat", "NormalTensorTensor", approximate=_DRAWN)
def normal_tensor(op: Context, mean: Any, std: Any, seed: Any = 0, offset: Any = 0) -> ir.Value:
    """Normal numbers of a mean and a deviation for each."""
    both = op.Add(op.cast(mean, _FLOAT), op.cast(std, _FLOAT))
    return _given(op, _scaled(op, _normal(op, both), mean, std))


@lowers("StandardLaplace", approximate=_DRAWN)
def standard_laplace(op: Context, shape: Any, *, seed: int = 0, seed2: int = 0) -> ir.Value:
    """Numbers of the density exp(-|x|) / 2: the difference of two exponential ones."""
    like = _of_shape(op, shape)
    first, second = (op.Log(op.Sub(1.0, _uniform(op, like))) for _ in range(2))
    return _given(op, op.Sub(first, second))


@lowers("Bernoulli", approximate=_DRAWN)
def bernoulli(op: Context, x: ir.Value, p: Any, *, seed: int = -1, offset: int = 0) -> ir.Value:
    """One with probability p, else zero, in x's shape."""
    unit = uniform_like(op, x)
    return _given(op, op.Less(unit, op.cast(p, _FLOAT)))


@lowers("BernoulliExt", approximate=_DRAWN)
def bernoulli_ext(op: Context, input: ir.Value, seed: Any = 0, offset: Any = 0) -> ir.Value:
    """One with the probability that the input gives, else zero."""
    unit = uniform_like(op, input)
    return _given(op, op.Less(unit, op.cast(input, _FLOAT)))


def _shuffled(op: Context, count: Any) -> ir.Value:
    """0, 1, ... in random order."""
    size = op.ints(count)
    keys = uniform_like(op, op.Expand(op.constant(0, _FLOAT), size))
    return op.TopK(keys, size, outputs=2)[1]


@lowers("RandomShuffle", approximate=_DRAWN)
def random_shuffle(op: Context, input_x: ir.Value, *, seed: int = 0, seed2: int = 0) -> ir.Value:
    """The input's rows in random order."""
    return op.Gather(input_x, _shuffled(op, op.dim(input_x, 0)))


@lowers("RandpermV2", "RandpermExt", approximate=_DRAWN)
def randperm(op: Context, n: Any, seed: Any = 0, offset: Any = 0, dtype: Any = None, device: Any = None) -> ir.Value:
    """0, 1, ..., n - 1 in random order."""
    return op.cast(_shuffled(op, n), op.result_dtype or _INT64)


def _sampled(op: Context, logs: ir.Value, count: Any) -> ir.Value:
    """Classes drawn by their log probabilities (rows, classes), as (rows, count): the largest of them plus Gumbel noise."""
    (samples,) = op.integers(count, "the number of samples")
    rows, classes = op.ints(op.dim(logs, 0)), op.ints(op.dim(logs, 1))
    like = op.Expand(op.constant(0, _FLOAT), op.Concat(rows, op.ints(samples), classes, axis=0))
    noise = op.Neg(op.Log(op.Neg(op.Log(op.Sub(1.0, uniform_like(op, like))))))
    return op.ArgMax(op.Add(op.Unsqueeze(logs, [1]), noise), axis=2, keepdims=0)


@lowers("Multinomial", approximate=_DRAWN)
def multinomial(
    op: Context, x: ir.Value, num_samples: Any, *, seed: int = 0, seed2: int = 0, dtype: Any = None
) -> ir.Value:
    """Classes drawn, with replacement, by the weights in each row."""
    vector = op.rank(x) == 1
    weights = op.cast(op.Unsqueeze(x, [0]) if vector else x, _FLOAT)
    drawn = op.cast(_sampled(op, op.Log(weights), num_samples), op.result_dtype or ir.DataType.INT32)
    return op.Squeeze(drawn, [0]) if vector else drawn


@lowers("RandomCategorical", approximate=_DRAWN)
def random_categorical(
    op: Context, logits: ir.Value, num_samples: Any, seed: Any = 0, *, dtype: Any = None
) -> ir.Value:
    """Classes drawn, with replacement, by the logarithms of their weights in each row."""
    scaled = op.Sub(op.cast(logits, _FLOAT), reduce(op, "ReduceMax", op.cast(logits, _FLOAT), [1], keep_dims=True))
    return op.cast(_sampled(op, scaled, num_samples), op.result_dtype or _INT64)
