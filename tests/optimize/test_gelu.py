"""GELU is recognised where it is exactly that, and nowhere else."""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir
import pytest

from mindferry.lowering.builder import Builder
from mindferry.optimize.rules import gelu
from optimize.recognition import rewrite

X = np.random.default_rng(1).normal(0, 3, (4, 5)).astype(np.float32)
ROOT = math.sqrt(2)

SPELLINGS = {
    "half last": lambda op, x: op.Mul(op.Mul(x, op.Add(op.Erf(op.Div(x, ROOT)), 1.0)), 0.5),
    "half of x": lambda op, x: op.Mul(op.Mul(0.5, x), op.Add(1.0, op.Erf(op.Mul(x, 1 / ROOT)))),
    "half of the sum": lambda op, x: op.Mul(op.Mul(op.Add(op.Erf(op.Div(x, ROOT)), 1.0), 0.5), x),
    "divided by two": lambda op, x: op.Div(op.Mul(op.Add(op.Erf(op.Mul(1 / ROOT, x)), 1.0), x), 2.0),
}

OTHERS = {
    "another factor": lambda op, x: op.Mul(op.Mul(x, op.Add(op.Erf(op.Div(x, 1.41)), 1.0)), 0.5),
    "another summand": lambda op, x: op.Mul(op.Mul(x, op.Add(op.Erf(op.Div(x, ROOT)), 1.5)), 0.5),
    "another half": lambda op, x: op.Mul(op.Mul(x, op.Add(op.Erf(op.Div(x, ROOT)), 1.0)), 0.51),
    "no half": lambda op, x: op.Abs(op.Mul(x, op.Add(op.Erf(op.Div(x, ROOT)), 1.0))),
    "another x": lambda op, x: op.Mul(op.Mul(op.Neg(x), op.Add(op.Erf(op.Div(x, ROOT)), 1.0)), 0.5),
    "divided by x": lambda op, x: op.Mul(op.Div(op.Add(op.Erf(op.Div(x, ROOT)), 1.0), x), 0.5),
    "the root divided": lambda op, x: op.Mul(op.Mul(x, op.Add(op.Erf(op.Div(1 / ROOT, x)), 1.0)), 0.5),
    "the sum squared": lambda op, x: op.Mul(op.Mul(sum_ := op.Add(op.Erf(op.Div(x, ROOT)), 1.0), sum_), 0.5),
}


@pytest.mark.parametrize("opset", [20, 23])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_becomes_one_node(spelling: str, opset: int) -> None:
    result = rewrite(SPELLINGS[spelling], X, opset, shape=["batch", 5])
    assert result.operators == {"Gelu": 1} and result.rules["gelu"] == 1
    np.testing.assert_allclose(result.after, result.before, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("spelling", OTHERS)
def test_what_is_no_gelu_stays(spelling: str) -> None:
    result = rewrite(OTHERS[spelling], X, 20)
    assert "gelu" not in result.rules and result.operators["Erf"] == 1
    np.testing.assert_array_equal(result.after, result.before)


def test_an_older_opset_has_no_gelu() -> None:
    assert "Gelu" not in rewrite(SPELLINGS["half last"], X, 19).operators


def test_a_part_that_is_read_elsewhere_stays() -> None:
    def body(op, x):
        total = op.Add(op.Erf(op.Div(x, ROOT)), 1.0)
        return op.Sub(op.Mul(op.Mul(x, total), 0.5), total)

    assert "Gelu" not in rewrite(body, X, 20).operators


def test_other_precisions_stay() -> None:
    op = Builder(20)
    op.graph.outputs.append(SPELLINGS["half last"](op, op.input("x", ir.DataType.FLOAT16, [4, 5])))
    assert gelu.apply(op.graph) == 0
