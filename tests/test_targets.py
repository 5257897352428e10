"""What a consumer would refuse is found before it is asked."""

from __future__ import annotations

import onnx_ir as ir
import pytest

from mindferry import targets
from mindferry.errors import ConvertError, OptionError
from mindferry.lowering.builder import Builder


def model(opset: int, build) -> ir.Model:
    op = Builder(opset)
    op.graph.outputs.append(build(op, op.input("x", ir.DataType.FLOAT, [2, 3])))
    return ir.Model(op.graph, ir_version=8)


@pytest.mark.parametrize("target", targets.NAMES)
def test_plain_operators_pass_everywhere(target: str) -> None:
    assert targets.problems(model(18, lambda op, x: op.Softmax(op.Relu(x))), target) == []


@pytest.mark.parametrize(
    ("target", "opset", "build", "reason"),
    [
        ("atc", 19, lambda op, x: op.Relu(x), "opset 19 is outside 8 to 18"),
        (
            "atc",
            18,
            lambda op, x: op.ReduceL2(x, [1]),
            "operator ReduceL2 at opset 18 (accepted from 8 to 17): ReduceL2",
        ),
        ("atc", 18, lambda op, x: op.CumSum(op.DFT(op.Unsqueeze(x, [2]), axis=1), 1), "operator DFT: DFT"),
        ("tensorrt", 18, lambda op, x: op.Cast(op.Cast(x, to=11), to=1), "element type DOUBLE: Cast"),
        ("tensorrt", 18, lambda op, x: op.NonZero(x), "operator NonZero: NonZero"),
        (
            "tensorrt",
            18,
            lambda op, x: op.custom("com.example", "Own", x, results=[(x.dtype, [2, 3])]),
            "custom operator com.example::Own: Own",
        ),
    ],
)
def test_refusals_name_their_place(target: str, opset: int, build, reason: str) -> None:
    assert reason in targets.problems(model(opset, build), target)
    with pytest.raises(ConvertError) as caught:
        targets.require(model(opset, build), target)
    assert reason in str(caught.value)


def test_an_unknown_target_is_named() -> None:
    with pytest.raises(OptionError, match=r"no target 'tpu'; choose ort, openvino, atc, tensorrt"):
        targets.check_name("tpu")
