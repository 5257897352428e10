"""Quantization: what a trained network still holds of it."""

from __future__ import annotations

import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.registry import lowers, refuse

refuse(
    "is a step of quantization-aware training, which Ascend and GPU alone compute; export the trained network without it",
    "ActsULQ", "BatchNormFold", "BatchNormFold2", "BatchNormFold2D", "BatchNormFoldD", "FakeLearnedScaleQuantPerChannel",
    "FakeLearnedScaleQuantPerLayer", "FakeQuantPerChannel", "FakeQuantPerLayer", "FakeQuantWithMinMaxVars",
    "FakeQuantWithMinMaxVarsPerChannel", "IFMR", "MinMaxUpdatePerChannel", "MinMaxUpdatePerLayer", "WtsARQ",
)  # fmt: skip


@lowers("FakeQuantParam")
def fake_quant_param(op: Context, x: ir.Value) -> ir.Value:
    """x; the node only records parameters of a quantization."""
    return op.Identity(x)


@lowers("CorrectionMul")
def correction_mul(
    op: Context, x: ir.Value, batch_std: ir.Value, running_std: ir.Value, *, channel_axis: int = 0
) -> ir.Value:
    """x batch_std / running_std, along the axis of channels."""
    behind = list(range(1, op.rank(x) - channel_axis))
    factor = op.Div(batch_std, running_std)
    return op.Mul(x, op.Unsqueeze(factor, behind) if behind else factor)
