"""GE operators that a MindSpore primitive equals: the same operands in the same order, and no attribute that matters."""

from __future__ import annotations

import inspect
from typing import Any

from mindferry.lowering import registry
from mindferry.lowering.context import Context
from mindferry.lowering.registry import GE, Lowering, lowers

EQUAL = {
    "x": """
        Abs Acos Acosh Asin Asinh Atan Atanh Ceil Cos Cosh Diag DiagPart Erf Erfc Expm1 FastGelu Floor Gelu HardSwish Identity Inv Invert
        IsFinite IsInf IsNan L2Loss Log1p LogSigmoid LogicalNot Mish Neg OnesLike PopulationCount Reciprocal Relu Relu6 Rint Rsqrt Selu Sigmoid
        Sign Sin Sinh Softplus Softsign Sqrt Square StopGradient Tan Tanh TensorMove ZerosLike""",
    "x1 x2": """
        Add Atan2 BitwiseAnd BitwiseOr BitwiseXor Div DivNoNan Equal FloorDiv FloorMod Gcd Greater GreaterEqual Less LessEqual
        LogicalAnd LogicalOr Maximum Minimum Mod Mul MulNoNan NextAfter NotEqual Pow RealDiv SquareSumAll SquaredDifference Sub
        TruncateDiv TruncateMod Xdivy Xlogy""",
    "*x": "AddN IdentityN",
    "bbox_tensor img_metas": "CheckValid",
    "condition then else_": "SelectV2",
    "features labels": "SoftmaxCrossEntropyWithLogits",
    "indices x shape": "ScatterNd",
    "input indices updates": "TensorScatterMax TensorScatterMin",
    "input_data x1 x2 value": "Addcdiv Addcmul",
    "input_x": "Trunc",
    "start end weight": "Lerp",
    "x axis": "ExpandDims",
    "x indices": "GatherNd",
    "x indices updates": "TensorScatterAdd TensorScatterSub TensorScatterUpdate",
    "x mask": "MaskedSelect",
    "x mask value": "MaskedFill",
    "x multiples": "Tile",
    "x perm": "Transpose",
    "x segment_ids num_segments": "UnsortedSegmentMax UnsortedSegmentMin UnsortedSegmentProd UnsortedSegmentSum",
    "x shape": "BroadcastTo Expand",
    "x y": "LeftShift RightShift",
}
"""The names of the inputs -> operators."""

OTHER_NAMES = {
    "Acos": "ACos", "Expand": "BroadcastTo", "FastGelu": "FastGeLU", "Gelu": "GeLU", "HardSwish": "HSwish",
    "Identity": "Contiguous", "Relu": "ReLU", "Relu6": "ReLU6", "Selu": "SeLU", "StopGradient": "Contiguous",
    "TensorMove": "Contiguous", "TruncateMod": "Mod",
}  # fmt: skip
"""Operators of EQUAL that MindSpore calls otherwise."""


def primitive(op: Context, name: str, *arguments: Any, **named: Any) -> Any:
    """What a MindSpore primitive lowers to at this opset."""
    row = registry.find(name, op.opset)
    assert row is not None, name
    return row.function(op, *arguments, **named)


def register_equal() -> None:
    """Registers the lowerings of the primitives, which must be there, for the operators that equal them."""
    for inputs, operators in EQUAL.items():
        for operator in operators.split():
            rows = registry.rows(OTHER_NAMES.get(operator, operator))
            assert rows, operator
            for row in rows:
                lowers(operator, since=row.since, approximate=row.approximate, dialect=GE)(_by_position(row, inputs))


def _by_position(row: Lowering, inputs: str) -> Any:
    """The lowering under the names of GE's inputs."""

    def function(op: Any, *values: Any) -> Any:
        return row.function(op, *values)

    kinds = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.VAR_POSITIONAL
    names = ("op", *inputs.split())
    parameters = [inspect.Parameter(name.removeprefix("*"), kinds[name.startswith("*")]) for name in names]
    function.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return function
