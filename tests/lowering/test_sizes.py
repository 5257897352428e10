"""Dimensions survive their way through integer arithmetic on shapes."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir
import pytest

from mindferry.lowering.context import Context, Options
from mindferry.lowering.report import Report


@pytest.fixture(params=[13, 18])
def op(request: pytest.FixtureRequest) -> Context:
    return Context(Options(request.param), Report(request.param))


def dimensions(value: ir.Value) -> list[Any]:
    assert value.shape is not None
    return [size if isinstance(size, int) else size.value for size in value.shape]


def test_a_target_of_sizes_names_the_axes(op: Context) -> None:
    x = op.input("x", ir.DataType.FLOAT, ["batch", 6, 4])
    assert dimensions(op.Reshape(x, op.ints([op.dim(x, 0), 24]))) == ["batch", 24]
    assert dimensions(op.Expand(x, op.ints([3, op.dim(x, 0), 6, 1]))) == [3, "batch", 6, 4]


def test_the_shape_of_another_tensor_names_the_axes(op: Context) -> None:
    x = op.input("x", ir.DataType.FLOAT, ["batch", 6, 4])
    flat = op.Reshape(x, [-1])
    assert dimensions(op.Reshape(flat, op.Shape(x))) == ["batch", 6, 4]
    assert dimensions(op.Reshape(flat, op.Concat(op.constant([1]), op.Shape(x), axis=0))) == [1, "batch", 6, 4]


def test_an_unknown_size_stays_unknown(op: Context) -> None:
    x = op.input("x", ir.DataType.FLOAT, ["batch", 6])
    count = op.dim(op.NonZero(x), 1)
    assert dimensions(op.Expand(op.constant(0.0), op.ints([count, 2]))) == [None, 2]
