"""GE operators that a MindSpore primitive equals: the same operands in the same order, and no attribute that matters."""

from __future__ import annotations

from typing import Any

from mindferry.lowering import registry
from mindferry.lowering.context import Context
from mindferry.lowering.registry import GE, Lowering, lowers

SAME_NAME = (
    "Abs", "Acosh", "Add", "AddN", "Addcdiv", "Addcmul", "Asin", "Asinh", "Atan", "Atan2", "Atanh",
    "BitwiseAnd", "BitwiseOr", "BitwiseXor", "BroadcastTo", "Ceil", "Cos", "Cosh", "Div", "DivNoNan", "Equal", "Erf",
    "Erfc", "Expm1", "Floor", "FloorDiv", "FloorMod", "GatherNd", "Greater", "GreaterEqual", "Inv", "Invert",
    "IsFinite", "IsInf", "IsNan", "LeftShift", "Lerp", "Less", "LessEqual", "Log1p", "LogSigmoid", "LogicalAnd",
    "LogicalNot", "LogicalOr", "MaskedFill", "MaskedSelect", "Maximum", "Minimum", "Mish", "Mod", "Mul", "MulNoNan",
    "Neg", "NotEqual", "OnesLike", "Pow", "RealDiv", "Reciprocal", "RightShift", "Rint", "Rsqrt", "ScatterNd",
    "SelectV2", "Sigmoid", "Sign", "Sin", "Sinh", "SoftmaxCrossEntropyWithLogits", "Softplus", "Softsign", "Sqrt",
    "Square", "SquareSumAll", "SquaredDifference", "Sub", "Tan", "Tanh", "TensorScatterAdd", "TensorScatterMax",
    "TensorScatterMin", "TensorScatterSub", "TensorScatterUpdate", "Tile", "Transpose", "Trunc", "TruncateDiv", "Xdivy",
    "Xlogy", "ZerosLike",
)  # fmt: skip

OTHER_NAME = {
    "Acos": "ACos", "Expand": "BroadcastTo", "ExpandDims": "ExpandDims", "FastGelu": "FastGeLU", "Gelu": "GeLU", "HardSwish": "HSwish",
    "Identity": "Contiguous", "IdentityN": "IdentityN", "Relu": "ReLU", "Relu6": "ReLU6", "Selu": "SeLU",
    "StopGradient": "Contiguous", "TensorMove": "Contiguous", "TruncateMod": "Mod",
}  # fmt: skip
"""GE's name to MindSpore's."""


def primitive(op: Context, name: str, *arguments: Any, **named: Any) -> Any:
    """What a MindSpore primitive lowers to at this opset."""
    row = registry.find(name, op.opset)
    assert row is not None, name
    return row.function(op, *arguments, **named)


def register_equal() -> None:
    """Registers the lowerings of the primitives, which must be there, for the operators that equal them."""
    for operator, name in {**{name: name for name in SAME_NAME}, **OTHER_NAME}.items():
        assert registry.rows(name), name
        for row in registry.rows(name):
            lowers(operator, since=row.since, approximate=row.approximate, dialect=GE)(_by_position(row))


def _by_position(row: Lowering) -> Any:
    def function(op: Any, *inputs: Any) -> Any:
        return row.function(op, *inputs)

    return function
