"""Element types without a kernel are carried in wider ones; everything else stays as it is."""

from __future__ import annotations

import onnx_ir as ir
import pytest

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context, Options
from mindferry.lowering.report import Report

T = ir.DataType


def context(opset: int) -> Context:
    return Context(Options(opset), Report(opset))


def operators(op: Context) -> list[str]:
    return [node.op_type for node in op.graph]


@pytest.mark.parametrize(
    ("opset", "operator", "dtype", "carrier"),
    [
        (13, "Add", T.INT8, T.INT32),
        (18, "Max", T.UINT16, T.INT32),
        (18, "ReduceMax", T.BOOL, T.UINT8),
        (13, "CumSum", T.FLOAT16, T.FLOAT),
        (23, "Exp", T.BFLOAT16, T.FLOAT),
        (18, "ReduceSum", T.UINT64, T.INT64),
    ],
)
def test_a_type_without_a_kernel_is_carried(
    opset: int, operator: str, dtype: ir.DataType, carrier: ir.DataType
) -> None:
    op = context(opset)
    x = op.input("x", dtype, [3])
    more = {"Add": [x], "Max": [x], "CumSum": [0]}.get(operator, [])
    result = getattr(op, operator)(x, *more)
    assert result.dtype == dtype
    assert operators(op) == ["Cast"] * (2 if more == [x] else 1) + [operator, "Cast"]
    assert result.producer().inputs[0].dtype == carrier


@pytest.mark.parametrize(
    ("opset", "operator", "dtype"),
    [(18, "Add", T.INT8), (18, "ReduceMax", T.UINT8), (13, "Exp", T.FLOAT16), (13, "Exp", T.DOUBLE)],
)
def test_a_type_with_a_kernel_stays(opset: int, operator: str, dtype: ir.DataType) -> None:
    op = context(opset)
    x = op.input("x", dtype, [3])
    getattr(op, operator)(x, *([x] if operator == "Add" else []))
    assert operators(op) == [operator]


def test_other_results_keep_their_type() -> None:
    op = context(18)
    values, indices = op.TopK(op.input("x", T.UINT8, [3]), [2], outputs=2)
    assert (values.dtype, indices.dtype) == (T.UINT8, T.INT64)


def test_a_type_that_onnx_never_allows_is_refused() -> None:
    op = context(18)
    with pytest.raises(LoweringError, match="unsupported type: tensor\\(int32\\)"):
        op.Exp(op.input("x", T.INT32, [3]))
