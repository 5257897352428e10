"""Attention is recognised where it is exactly that and ONNX Runtime runs it, and nowhere else."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mindferry.lowering.builder import Builder
from optimize.recognition import Rewritten, rewrite

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(0, 1, (2, 5, 24)).astype(np.float32)
BIAS = RANDOM.normal(0, 1, (1, 3, 5, 5)).astype(np.float32)
SCALE = 1 / math.sqrt(8)


def heads(op: Builder, x, number: int, perm=(0, 2, 1, 3)):
    """One of several linear maps of x, split into three heads of eight features."""
    weight = np.random.default_rng(number).normal(0, 0.3, (24, 24)).astype(np.float32)
    return op.Transpose(op.Reshape(op.MatMul(x, op.constant(weight)), op.constant(np.array([0, 0, 3, 8]))), perm=perm)


def after(op: Builder, x, function, *, perm=(0, 2, 3, 1), axis: int = -1):
    """Softmax of a function of Q and K', times V."""
    keys = heads(op, x, 1, perm)
    return op.MatMul(op.Softmax(function(heads(op, x, 0), keys), axis=axis), heads(op, x, 2))


def attention(body, opset: int = 23, target: str | None = "ort", **options) -> Rewritten:
    return rewrite(body, X, opset, target=target, **options)


SPELLINGS = {
    "scaled": lambda op, x: after(op, x, lambda q, k: op.Mul(op.MatMul(q, k), SCALE)),
    "divided": lambda op, x: after(op, x, lambda q, k: op.Div(op.MatMul(q, k), math.sqrt(8))),
    "scaled queries": lambda op, x: after(op, x, lambda q, k: op.MatMul(op.Mul(SCALE, q), k)),
    "another scale": lambda op, x: after(op, x, lambda q, k: op.Mul(op.MatMul(q, k), 0.7)),
    "no scale": lambda op, x: after(op, x, lambda q, k: op.MatMul(q, k)),
    "with a bias": lambda op, x: after(
        op, x, lambda q, k: op.Add(op.constant(BIAS), op.Mul(op.MatMul(q, k), SCALE)), axis=3
    ),
}

OTHERS = {
    "another axis": lambda op, x: after(op, x, lambda q, k: op.Mul(op.MatMul(q, k), SCALE), axis=2),
    "a negative scale": lambda op, x: after(op, x, lambda q, k: op.Mul(op.MatMul(q, k), -SCALE)),
    "a bias that is added twice": lambda op, x: after(
        op, x, lambda q, k: op.Add(op.Add(op.MatMul(q, k), op.constant(BIAS)), op.constant(BIAS))
    ),
    "a bias of one position": lambda op, x: after(
        op, x, lambda q, k: op.Add(op.MatMul(q, k), op.constant(BIAS[..., :1]))
    ),
    "a function of the product": lambda op, x: after(op, x, lambda q, k: op.Tanh(op.MatMul(q, k))),
    "values first": lambda op, x: op.MatMul(
        heads(op, x, 2, (0, 2, 3, 1)), op.Softmax(op.MatMul(heads(op, x, 0), heads(op, x, 1, (0, 2, 3, 1))), axis=-1)
    ),
}


@pytest.mark.parametrize("shape", [[2, 5, 24], ["batch", 5, 24]], ids=["fixed", "free"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_becomes_one_node(spelling: str, shape: list[int | str]) -> None:
    result = attention(SPELLINGS[spelling], shape=shape)
    assert result.rules["attention"] == 1 and result.operators["Attention"] == 1
    assert not {"Softmax", "Mul", "Div", "Add"} & set(result.operators)
    np.testing.assert_allclose(result.after, result.before, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("spelling", OTHERS)
def test_what_is_no_attention_stays(spelling: str) -> None:
    result = attention(OTHERS[spelling])
    assert "attention" not in result.rules and result.operators["Softmax"] == 1
    np.testing.assert_allclose(result.after, result.before, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("opset", "target"), [(22, "ort"), (23, None), (23, "openvino"), (23, "tensorrt")])
def test_an_older_opset_and_other_targets_keep_the_nodes(opset: int, target: str | None) -> None:
    assert "Attention" not in attention(SPELLINGS["scaled"], opset, target).operators


def test_probabilities_that_are_read_elsewhere_stay() -> None:
    def body(op, x):
        found = op.Softmax(op.MatMul(heads(op, x, 0), heads(op, x, 1, (0, 2, 3, 1))), axis=-1)
        return op.Add(op.MatMul(found, heads(op, x, 2)), op.ReduceMax(found, keepdims=1))

    assert "Attention" not in attention(body).operators


def test_one_head_for_all_queries_stays() -> None:
    def body(op, x):
        one = [op.Unsqueeze(x, op.constant(np.array([1]))), op.Unsqueeze(x, op.constant(np.array([1])))]
        three = op.Concat(one[0], one[0], one[0], axis=1)
        keys = op.Transpose(one[0], perm=[0, 1, 3, 2])
        return op.MatMul(op.Softmax(op.MatMul(three, keys), axis=-1), one[1])

    assert "Attention" not in attention(body).operators
