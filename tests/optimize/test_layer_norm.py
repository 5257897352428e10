"""Layer normalisation is recognised where it is exactly that, and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from mindferry.lowering.builder import Builder
from optimize.recognition import rewrite

RANDOM = np.random.default_rng(2)
X = RANDOM.normal(3, 2, (2, 3, 4)).astype(np.float32)
ROW, BLOCK = (RANDOM.normal(1, 1, shape).astype(np.float32) for shape in ((4,), (3, 4)))


def mean(op: Builder, x, axes: Sequence[int] = (-1,), keepdims: int = 1):
    """ReduceMean, with axes where the opset has them."""
    if op.opset < 18:
        return op.ReduceMean(x, axes=list(axes), keepdims=keepdims)
    return op.ReduceMean(x, op.constant(np.array(axes)), keepdims=keepdims)


def square(op: Builder, x):
    """A square that is a product."""
    return op.Mul(x, x)


def plain(op: Builder, x, axes: Sequence[int] = (-1,), epsilon: float = 1e-3):
    """(x - mean) / sqrt(variance + epsilon)."""
    difference = op.Sub(x, mean(op, x, axes))
    return op.Div(difference, op.Sqrt(op.Add(mean(op, square(op, difference), axes), epsilon)))


def summed(op: Builder, x):
    """With a power, sums and divisions, and the difference computed twice."""
    variance = op.Div(op.ReduceSum(op.Pow(op.Sub(x, mean(op, x)), 2.0), op.constant(np.array([2]))), 4.0)
    return op.Div(op.Sub(x, mean(op, x)), op.Sqrt(op.Add(1e-3, variance)))


def reciprocal(op: Builder, x):
    """Times a reciprocal root."""
    difference = op.Sub(x, mean(op, x))
    return op.Mul(op.Reciprocal(op.Sqrt(op.Add(mean(op, square(op, difference)), 1e-3))), difference)


SPELLINGS = {
    "plain": plain,
    "over two dimensions": lambda op, x: plain(op, x, (2, 1)),
    "with sums": summed,
    "with a reciprocal": reciprocal,
    "with a scale": lambda op, x: op.Mul(op.constant(ROW), plain(op, x)),
    "with scale and bias": lambda op, x: op.Add(op.Mul(plain(op, x, (1, 2)), op.constant(BLOCK)), op.constant(BLOCK)),
    "with a bias of ones before": lambda op, x: op.Add(plain(op, x), op.constant(ROW.reshape(1, 1, 4))),
}

OTHERS = {
    "over the first": lambda op, x: plain(op, x, (0,)),
    "over the middle": lambda op, x: plain(op, x, (1,)),
    "two means": lambda op, x: op.Div(
        d := op.Sub(x, mean(op, x)), op.Sqrt(op.Add(mean(op, square(op, d), (1, 2)), 1e-3))
    ),
    "no square": lambda op, x: op.Div(
        d := op.Sub(x, mean(op, x)), op.Sqrt(op.Add(mean(op, op.Mul(d, op.Neg(op.Neg(d)))), 1e-3))
    ),
    "a cube": lambda op, x: op.Div(
        d := op.Sub(x, mean(op, x)), op.Sqrt(op.Add(op.Abs(mean(op, op.Pow(d, 3.0))), 1e-3))
    ),
    "epsilon outside": lambda op, x: op.Div(
        d := op.Sub(x, mean(op, x)), op.Add(op.Sqrt(mean(op, square(op, d))), 1e-3)
    ),
    "one element fewer": lambda op, x: op.Div(
        d := op.Sub(x, mean(op, x)),
        op.Sqrt(op.Add(op.Div(op.ReduceSum(square(op, d), op.constant(np.array([2]))), 3.0), 1e-3)),
    ),
    "the mean of something else": lambda op, x: op.Div(
        d := op.Sub(x, mean(op, op.Abs(x))), op.Sqrt(op.Add(mean(op, square(op, d)), 1e-3))
    ),
    "upside down": lambda op, x: op.Div(
        op.Sqrt(op.Add(mean(op, square(op, d := op.Sub(x, mean(op, x)))), 1e-3)), op.Add(op.Abs(d), 1.0)
    ),
}


@pytest.mark.parametrize("opset", [17, 18, 23])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_becomes_one_node(spelling: str, opset: int) -> None:
    result = rewrite(SPELLINGS[spelling], X, opset, shape=["batch", 3, 4])
    assert result.operators == {"LayerNormalization": 1} and result.rules["layer_norm"] == 1
    np.testing.assert_allclose(result.after, result.before, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("spelling", OTHERS)
def test_what_is_no_layer_norm_stays(spelling: str) -> None:
    result = rewrite(OTHERS[spelling], X, 18)
    assert "layer_norm" not in result.rules
    np.testing.assert_allclose(result.after, result.before, rtol=1e-6)


def test_a_scale_of_another_shape_stays_outside() -> None:
    scale = RANDOM.normal(1, 1, (3, 1)).astype(np.float32)
    result = rewrite(lambda op, x: op.Mul(plain(op, x), op.constant(scale)), X, 18)
    assert result.operators == {"LayerNormalization": 1, "Mul": 1}
    np.testing.assert_allclose(result.after, result.before, rtol=1e-5, atol=1e-5)


def test_epsilon_and_axis_are_kept() -> None:
    tiny = X * np.float32(1e-2)
    result = rewrite(lambda op, x: plain(op, x, (1, 2), 0.5), tiny, 18)
    np.testing.assert_allclose(result.after, result.before, rtol=1e-5, atol=1e-6)


def test_an_older_opset_has_no_layer_norm() -> None:
    assert "LayerNormalization" not in rewrite(plain, X, 16).operators


def test_sizes_must_be_known() -> None:
    assert "LayerNormalization" not in rewrite(plain, X, 18, shape=[2, 3, "width"]).operators


def test_other_precisions_stay() -> None:
    assert "LayerNormalization" not in rewrite(plain, X.astype(np.float64), 18).operators
