"""The builder refuses what ONNX refuses, at the call."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest

from mindferry.errors import LoweringError, OpsetTooLow
from mindferry.lowering.builder import Builder


@pytest.fixture
def op() -> Builder:
    return Builder(18)


def test_types_and_shapes_follow_from_the_inputs(op: Builder) -> None:
    x = op.input("x", ir.DataType.FLOAT, ["batch", 3, 8, 8])
    y = op.Conv(x, op.constant(np.zeros((4, 3, 3, 3), np.float32)), strides=[2, 2], pads=[1, 1, 1, 1])
    assert y.dtype == ir.DataType.FLOAT
    assert [str(size) for size in y.shape] == ["batch", "4", "4", "4"]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda op, x: op.Reluu(x), "ONNX has no operator Reluu; nearest: Relu"),
        (lambda op, x: op.Relu(x, alpha=1.0), "Relu has no attribute alpha"),
        (lambda op, x: op.Concat(x, x), "Concat needs attribute axis"),
        (lambda op, x: op.Relu(x, x), "Relu takes 1 to 1 inputs, got 2"),
        (lambda op, x: op.Softmax(x, axis=1.5), "Softmax.axis should be INT, got 1.5"),
        (lambda op, x: op.Add(x, op.constant([1, 2])), "Add wants one element type"),
        (lambda op, x: op.MatMul(x, x), "MatMul"),
        (lambda op, x: op.Add(op.constant([1, 2]), 0.5), "cannot take 0.5"),
        (lambda op, x: op.Relu("x"), "cannot take str"),
        (lambda op, x: op.Relu(x, outputs=2), "at most 1 outputs"),
    ],
)
def test_wrong_calls_are_refused(op: Builder, call, text: str) -> None:
    x = op.input("x", ir.DataType.FLOAT, [2, 3])
    with pytest.raises(LoweringError) as caught:
        call(op, x)
    assert text in str(caught.value)


def test_an_operator_of_a_newer_opset_names_the_opset(op: Builder) -> None:
    x = op.input("x", ir.DataType.FLOAT, [2, 3])
    with pytest.raises(OpsetTooLow) as caught:
        op.Gelu(x)
    assert caught.value.needed == 20


def test_equal_constants_are_shared_but_zero_keeps_its_sign(op: Builder) -> None:
    assert op.constant(0.0) is op.constant(0.0)
    assert op.constant(0.0) is not op.constant(-0.0)
    assert op.constant(1) is not op.constant(1.0)


def test_numbers_take_the_type_of_their_peers(op: Builder) -> None:
    x = op.input("x", ir.DataType.FLOAT16, [2])
    assert op.Add(x, 1).dtype == ir.DataType.FLOAT16


def test_names_are_unique(op: Builder) -> None:
    x = op.input("x", ir.DataType.FLOAT, [2])
    for _ in range(3):
        x = op.Relu(x)
    names = [node.name for node in op.graph]
    assert len(set(names)) == 3


def test_a_repeated_layer_is_inferred_once_and_rightly(op: Builder) -> None:
    x = op.input("x", ir.DataType.FLOAT, [2, 6])
    first, second = op.Reshape(x, op.constant([3, 4])), op.Reshape(x, op.constant([4, 3]))
    assert list(first.shape) == [3, 4]
    assert list(second.shape) == [4, 3]
