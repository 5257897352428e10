"""Arithmetic, comparison, choices."""

from __future__ import annotations

import math

import numpy as np

from lowering.ge.case import ENGINE_TYPES, Case, numbers, vector

X, Y = numbers(2, 3), numbers(2, 3, seed=1)
POSITIVE = numbers(2, 3, low=0.1, high=3.0)
UNIT = numbers(2, 3, low=-0.9, high=0.9)
INTS, OTHERS = numbers(2, 3, dtype="int32", low=-7, high=7), numbers(2, 3, dtype="int32", seed=1, low=1, high=5)
BITS, MASK = numbers(2, 3, dtype="int32", low=0, high=15), X > 0
SPECIAL = np.array([0.5, np.nan, np.inf, -np.inf], np.float32)

BIT_COUNT = np.vectorize(lambda x: bin(x).count("1"), otypes=[np.uint8])
UNARY = {
    "Abs": (X, np.abs), "Acos": (UNIT, np.arccos), "Acosh": (POSITIVE + 1, np.arccosh), "Asin": (UNIT, np.arcsin),
    "Asinh": (X, np.arcsinh), "Atan": (X, np.arctan), "Atanh": (UNIT, np.arctanh), "Ceil": (X, np.ceil),
    "Cos": (X, np.cos), "Cosh": (X, np.cosh), "Erf": (X, np.vectorize(math.erf)), "Erfc": (X, np.vectorize(math.erfc)),
    "Exp": (X, np.exp), "Diag": (X[0], np.diag), "DiagPart": (X[:, :2].copy(), np.diagonal),
    "Expm1": (X, np.expm1), "Floor": (X, np.floor), "Identity": (X, lambda x: x),
    "Inv": (POSITIVE, np.reciprocal), "Invert": (INTS, np.invert), "IsFinite": (SPECIAL, np.isfinite),
    "IsInf": (SPECIAL, np.isinf), "IsNan": (SPECIAL, np.isnan), "Log": (POSITIVE, np.log), "Log1p": (POSITIVE, np.log1p),
    "L2Loss": (X, lambda x: np.sum(x * x, dtype=np.float32) / 2),
    "LogicalNot": (MASK, np.logical_not), "PopulationCount": (BITS.astype(np.int16), BIT_COUNT),
    "Neg": (X, np.negative), "OnesLike": (X, np.ones_like),
    "Reciprocal": (POSITIVE, np.reciprocal), "Rint": (X * 2, np.rint), "Round": (X * 2, np.rint),
    "Rsqrt": (POSITIVE, lambda x: 1 / np.sqrt(x)), "Sign": (X, np.sign), "Sin": (X, np.sin), "Sinh": (X, np.sinh),
    "Sqrt": (POSITIVE, np.sqrt), "Square": (X, np.square), "StopGradient": (X, lambda x: x), "Tan": (UNIT, np.tan),
    "Tanh": (X, np.tanh), "TensorMove": (X, lambda x: x), "ZerosLike": (X, np.zeros_like),
}  # fmt: skip
BINARY = {
    "Add": (X, Y, np.add), "Atan2": (X, Y, np.arctan2), "BitwiseAnd": (BITS, OTHERS, np.bitwise_and),
    "BitwiseOr": (BITS, OTHERS, np.bitwise_or), "BitwiseXor": (BITS, OTHERS, np.bitwise_xor), "Div": (X, Y, np.divide),
    "DivNoNan": (X, np.where(X > 1, 0, Y).astype(np.float32), lambda x, y: np.where(y == 0, 0, x / np.where(y == 0, 1, y))),
    "Equal": (INTS, OTHERS, np.equal), "FloorDiv": (INTS, OTHERS, np.floor_divide), "FloorMod": (INTS, OTHERS, np.mod),
    "Gcd": (BITS, OTHERS, np.gcd),
    "Greater": (X, Y, np.greater), "GreaterEqual": (INTS, OTHERS, np.greater_equal), "Less": (X, Y, np.less),
    "LessEqual": (INTS, OTHERS, np.less_equal), "LogicalAnd": (X > 0, Y > 0, np.logical_and),
    "LogicalOr": (X > 0, Y > 0, np.logical_or), "Maximum": (X, Y, np.maximum), "Minimum": (X, Y, np.minimum),
    "Mod": (INTS, OTHERS, np.fmod), "Mul": (X, Y, np.multiply),
    "MulNoNan": (SPECIAL, np.zeros(4, np.float32), lambda x, y: y), "NextAfter": (X, Y, np.nextafter),
    "NotEqual": (INTS, OTHERS, np.not_equal),
    "Pow": (POSITIVE, Y, np.power), "RealDiv": (X, Y, np.divide), "SquaredDifference": (X, Y, lambda x, y: (x - y) ** 2),
    "Sub": (X, Y, np.subtract), "TruncateDiv": (INTS, OTHERS, lambda x, y: np.trunc(x / y).astype(np.int32)),
    "TruncateMod": (INTS, OTHERS, np.fmod), "Xdivy": (X, Y, np.divide), "Xlogy": (X, POSITIVE, lambda x, y: x * np.log(y)),
}  # fmt: skip


def f32(array) -> np.ndarray:
    return np.asarray(array, np.float32)


def typed(array, like: np.ndarray) -> np.ndarray:
    """numpy's result; float where numpy widens it."""
    array = np.asarray(array)
    return array.astype(like.dtype) if array.dtype == np.float64 else array


def affine(operator: str, x: np.ndarray, y: np.ndarray, **attributes) -> Case:
    return Case(operator, {"x": x}, (f32(y),), attributes)


WEIGHT = f32([0.25])
CASES = [
    *(Case(name, {"x": x}, (typed(function(x), x),)) for name, (x, function) in UNARY.items()),
    *(Case(name, {"x1": x, "x2": y}, (typed(function(x, y), x),)) for name, (x, y, function) in BINARY.items()),
    Case("Add", {"x1": X, "x2": f32(0.5)}, (f32(X + 0.5),), constants=("x2",)),
    Case("Mul", {"x1": X, "x2": WEIGHT}, (f32(X * 0.25),), constants=("x2",), recorded=False),
    Case("Add", {"x1": X.astype(np.float16), "x2": Y.astype(np.float16)}, ((X.astype(np.float16) + Y.astype(np.float16)),)),
    Case("Trunc", {"input_x": X * 2}, (np.trunc(X * 2),)),
    Case("LeftShift", {"x": BITS, "y": OTHERS}, (np.left_shift(BITS, OTHERS),)),
    Case("RightShift", {"x": BITS, "y": OTHERS}, (np.right_shift(BITS, OTHERS),)),
    affine("Exp", X, 2.0 ** (0.5 * X + 1), base=2.0, scale=0.5, shift=1.0),
    affine("Log", POSITIVE, np.log2(3 * POSITIVE + 1), base=2.0, scale=3.0, shift=1.0),
    affine("Power", POSITIVE, (2 * POSITIVE + 1) ** 3, power=3.0, scale=2.0, shift=1.0),
    affine("Adds", X, X + 1.5, value=1.5),
    affine("Muls", X, X * 1.5, value=1.5),
    affine("Round", X, np.round(X, 1), decimals=1),
    Case("Axpy", {"x1": X, "x2": Y}, (f32(X + 0.5 * Y),), {"alpha": 0.5}),
    Case("AxpyV2", {"x1": X, "x2": Y, "alpha": f32(0.5)}, (f32(X + 0.5 * Y),)),
    Case("AddN", {"x0": X, "x1": Y, "x2": X}, (f32(X + Y + X),), {"N": 3}),
    Case("AccumulateNV2", {"x0": X, "x1": Y}, (f32(X + Y),), {"N": 2}),
    Case("Eltwise", {"x0": X, "x1": Y}, (f32(X * Y),), {"N": 2, "mode": 0}),
    Case("Eltwise", {"x0": X, "x1": Y}, (f32(X - 0.5 * Y),), {"N": 2, "mode": 1, "coeff": [1.0, -0.5]}),
    Case("Eltwise", {"x0": X, "x1": Y}, (np.maximum(X, Y),), {"N": 2, "mode": 2}),
    Case("Addcmul", {"input_data": X, "x1": Y, "x2": X, "value": f32(0.5)}, (f32(X + 0.5 * Y * X),)),
    Case("Addcdiv", {"input_data": X, "x1": Y, "x2": POSITIVE, "value": f32(0.5)}, (f32(X + 0.5 * Y / POSITIVE),)),
    Case("Lerp", {"start": X, "end": Y, "weight": POSITIVE}, (f32(X + POSITIVE * (Y - X)),)),
    Case("SquareSumAll", {"x1": X, "x2": Y}, (f32(np.sum(X * X)), f32(np.sum(Y * Y)))),
    Case("ApproximateEqual", {"x1": X, "x2": f32(X + 0.01)}, (np.ones((2, 3), bool),), {"tolerance": 0.1}),
    Case("NanToNum", {"x": SPECIAL}, (f32([0.5, 1, 2, 3]),), {"nan": 1.0, "posinf": 2.0, "neginf": 3.0}),
    Case("Cdist", {"x1": X, "x2": Y}, (np.linalg.norm(X[:, None] - Y[None], axis=-1),)),
    Case("Cast", {"x": X}, (X.astype(np.int32),), {"dst_type": ENGINE_TYPES["int32"]}),
    Case("Cast", {"x": INTS}, (INTS.astype(np.float16),), {"dst_type": ENGINE_TYPES["float16"]}),
    Case("Cast", {"x": INTS}, (INTS.astype(bool),), {"dst_type": ENGINE_TYPES["bool"]}, recorded=False),
    Case("ClipByValue", {"x": X, "clip_value_min": f32(-1), "clip_value_max": f32(1)}, (np.clip(X, -1, 1),),
         constants=("clip_value_min", "clip_value_max")),
    Case("ClipByValueV2", {"x": X, "clip_value_min": f32(-1), "clip_value_max": f32(1)}, (np.clip(X, -1, 1),)),
    Case("Select", {"condition": MASK, "x1": X, "x2": Y}, (np.where(MASK, X, Y),)),
    Case("Select", {"condition": np.array([True, False]), "x1": X, "x2": Y}, (np.stack([X[0], Y[1]]),)),
    Case("SelectV2", {"condition": np.array([True, False, True]), "then": X, "else": Y},
         (np.where([True, False, True], X, Y),)),
    Case("MaskedFill", {"x": X, "mask": MASK, "value": f32(7)}, (np.where(MASK, np.float32(7), X),)),
    Case("MaskedSelect", {"x": X, "mask": MASK}, (X[MASK],), recorded=False),
    Case("IdentityN", {"x0": X, "x1": INTS}, (X, INTS)),
    Case("TensorScatterAdd", {"x": X, "indices": vector(1, 0).reshape(2, 1), "updates": Y}, (f32(X + Y[::-1]),)),
]  # fmt: skip
