"""Activation functions."""

from __future__ import annotations

import numpy as np

from lowering.ge.case import Case, numbers

X = numbers(2, 3, 4, low=-4, high=4)
IMAGE = numbers(2, 3, 4, 4)
SLOPES = np.array([0.1, 0.2, 0.3], np.float32)
PAIRS = numbers(2, 6)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def softplus(x: np.ndarray) -> np.ndarray:
    return np.log1p(np.exp(x))


def gelu(x: np.ndarray) -> np.ndarray:
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def elu(x: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    return np.where(x > 0, x, alpha * np.expm1(x))


def softmax(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    powers = np.exp(x - x.max(axes, keepdims=True))
    return powers / powers.sum(axes, keepdims=True)


def case(operator: str, wanted: np.ndarray, **attributes) -> Case:
    names = dict.fromkeys(("HardSigmoid", "HardShrink", "Shrink", "SoftShrink"), "input_x") | {"LogSoftmaxV2": "logits"}
    return Case(operator, {names.get(operator, "x"): X}, (wanted.astype(np.float32),), attributes)


FIRST, SECOND = np.split(PAIRS, 2, axis=1)
HARD = np.eye(4, dtype=np.float32)[X.argmax(-1)]
CASES = [
    case("Relu", np.maximum(X, 0)),
    case("Relu6", np.clip(X, 0, 6)),
    Case("ReluV2", {"x": X}, (np.maximum(X, 0), None)),
    case("LeakyRelu", np.where(X > 0, X, 0.2 * X), negative_slope=0.2),
    case("LeakyRelu", np.maximum(X, 0)),
    case("Elu", elu(X)),
    case("Elu", 2 * np.where(X > 0, X, 0.5 * np.expm1(3 * X)), alpha=0.5, scale=2.0, input_scale=3.0),
    case("Selu", 1.0507009873554805 * elu(X, 1.6732632423543772)),
    case("Celu", np.maximum(X, 0) + np.minimum(2 * np.expm1(X / 2), 0), alpha1=2.0, alpha2=2.0),
    case("CeluV2", np.maximum(X, 0) + np.minimum(2 * np.expm1(X / 2), 0), alpha=2.0),
    case("Gelu", gelu(X)),
    case("FastGelu", X * sigmoid(1.702 * X)),
    case("HardSwish", X * np.clip(X + 3, 0, 6) / 6),
    case("HardSigmoid", np.clip(X / 6 + 0.5, 0, 1)),
    case("HardSigmoid", np.clip(0.2 * X + 0.3, 0, 1), alpha=0.2, beta=0.3),
    case("HardShrink", np.where(np.abs(X) > 1, X, 0), lambd=1.0),
    case("SoftShrink", np.sign(X) * np.maximum(np.abs(X) - 1, 0), lambd=1.0),
    case("Shrink", np.where(X > 1, X - 0.5, np.where(X < -1, X + 0.5, 0)), lambd=1.0, bias=0.5),
    case("Sigmoid", sigmoid(X)),
    case("LogSigmoid", np.log(sigmoid(X))),
    case("Softplus", softplus(X)),
    case("SoftplusV2", softplus(2 * X) / 2, beta=2.0),
    case("Softsign", X / (1 + np.abs(X))),
    case("Mish", X * np.tanh(softplus(X))),
    case("Swish", X * sigmoid(X)),
    case("Swish", X * sigmoid(2 * X), scale=2.0),
    case("ThresholdedRelu", np.where(X > 0.5, X, 0), alpha=0.5),
    case("SoftmaxV2", softmax(X, (2,))),
    case("SoftmaxV2", softmax(X, (1,)), axes=[1]),
    case("SoftmaxV2", softmax(X, (0, 2)), axes=[0, -1]),
    Case("SoftmaxV2", {"x": X.astype(np.float16)}, (softmax(X.astype(np.float16).astype(np.float32), (2,)),),
         {"half_to_float": True}),
    case("LogSoftmaxV2", np.log(softmax(X, (2,)))),
    case("LogSoftmaxV2", np.log(softmax(X, (1, 2))), axes=[1, 2]),
    case("HardMax", HARD, axis=-1),
    Case("PRelu", {"x": IMAGE, "weight": SLOPES}, (np.where(IMAGE > 0, IMAGE, IMAGE * SLOPES[:, None, None]),),
         constants=("weight",)),
    Case("PRelu", {"x": IMAGE, "weight": SLOPES[:1]}, (np.where(IMAGE > 0, IMAGE, IMAGE * SLOPES[0]),)),
    Case("GLU", {"x": PAIRS}, (FIRST * sigmoid(SECOND),)),
    Case("SwiGlu", {"x": PAIRS}, (FIRST * sigmoid(FIRST) * SECOND,)),
    Case("GeGluV2", {"x": PAIRS}, ((FIRST * gelu(SECOND)).astype(np.float32), gelu(SECOND).astype(np.float32))),
    Case("GeGluV2", {"x": PAIRS}, ((SECOND * gelu(FIRST)).astype(np.float32), None), {"activate_left": True}),
]  # fmt: skip
