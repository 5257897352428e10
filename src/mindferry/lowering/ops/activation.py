"""Activation functions of one number."""

from __future__ import annotations

import math
from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering import dtypes
from mindferry.lowering.context import Context
from mindferry.lowering.helpers import float_operator, in_floats
from mindferry.lowering.ops.power import exp_less_one, log_of_one_plus
from mindferry.lowering.registry import direct, lowers

FLOAT, DOUBLE = ir.DataType.FLOAT, ir.DataType.DOUBLE
SELU_ALPHA, SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946

direct({"Sigmoid": "Sigmoid", "Tanh": "Tanh"})


@lowers("ReLU", "ReLUV3")
def relu(op: Context, input: ir.Value) -> ir.Value:
    """max(input, 0)."""
    if input.dtype in dtypes.UNSIGNED or input.dtype == ir.DataType.BOOL:
        return op.Identity(input)
    return op.Relu(input) if dtypes.is_float(input.dtype) else op.Max(input, op.cast(0, input.dtype))


@lowers("ReLU6")
def relu6(op: Context, x: ir.Value) -> ir.Value:
    """min(max(x, 0), 6)."""
    return op.Clip(x, op.cast(0, x.dtype), op.cast(6, x.dtype))


@lowers("Hardtanh")
def hardtanh(op: Context, input: ir.Value, min_val: float = -1, max_val: float = 1) -> ir.Value:
    """min(max(input, min_val), max_val)."""
    return op.Clip(input, op.cast(min_val, input.dtype), op.cast(max_val, input.dtype))


@lowers("Threshold")
def threshold(op: Context, input: ir.Value, threshold: float, value: float) -> ir.Value:
    """The input where it is above the threshold, else the value."""
    above = op.Greater(input, op.cast(threshold, input.dtype))
    return op.Where(above, input, op.cast(value, input.dtype))


@lowers("HSigmoid")
def h_sigmoid(op: Context, input: ir.Value) -> ir.Value:
    """min(max(input + 3, 0), 6) / 6; the quotient of integers is truncated."""
    if dtypes.is_integer(input.dtype):
        return op.Div(_zero_to_six(op, input), op.cast(6, input.dtype))
    return float_operator(op, "HardSigmoid", _hard_sigmoid, input, alpha=1 / 6, beta=0.5)


def _hard_sigmoid(op: Context, x: ir.Value) -> ir.Value:
    return op.Div(_zero_to_six(op, x), op.cast(6, x.dtype))


def _zero_to_six(op: Context, x: ir.Value) -> ir.Value:
    shifted = op.Add(x, op.cast(3, x.dtype))
    return op.Clip(shifted, op.cast(0, x.dtype), op.cast(6, x.dtype))


@lowers("HSwish")
def h_swish(op: Context, input: ir.Value) -> ir.Value:
    """input min(max(input + 3, 0), 6) / 6; the quotient of integers is truncated."""
    if dtypes.is_integer(input.dtype):
        return op.Div(op.Mul(input, _zero_to_six(op, input)), op.cast(6, input.dtype))
    return op.Mul(input, float_operator(op, "HardSigmoid", _hard_sigmoid, input, alpha=1 / 6, beta=0.5))


@lowers("HSwish", since=14)
def h_swish_14(op: Context, input: ir.Value) -> ir.Value:
    """One HardSwish node; float64 and integers as before."""
    if dtypes.is_integer(input.dtype) or input.dtype == DOUBLE:
        return h_swish(op, input)
    return op.HardSwish(input)


@lowers("GeLU")
def gelu(op: Context, input: ir.Value) -> ir.Value:
    """0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))."""

    def smooth(x: ir.Value) -> ir.Value:
        cubic = op.Add(x, op.Mul(op.Mul(op.Mul(x, x), x), op.cast(0.044715, x.dtype)))
        step = op.Tanh(op.Mul(cubic, op.cast(math.sqrt(2 / math.pi), x.dtype)))
        return op.Mul(op.Mul(x, op.cast(0.5, x.dtype)), op.Add(step, op.cast(1, x.dtype)))

    return in_floats(op, smooth, input)


@lowers("GeLU", since=20)
def gelu_20(op: Context, input: ir.Value) -> ir.Value:
    """One Gelu node; float64 as before."""
    return gelu(op, input) if input.dtype == ir.DataType.DOUBLE else op.Gelu(input, approximate="tanh")


@lowers("GeluExt", "NpuGelu")
def gelu_ext(op: Context, input: ir.Value, approximate: Any = 0) -> ir.Value:
    """As GeLU for approximate "tanh" (1), else 0.5 x (1 + erf(x / sqrt(2)))."""
    if is_tanh(approximate):
        return gelu(op, input)
    return in_floats(op, lambda x: _exact_gelu(op, x), input)


def _exact_gelu(op: Context, x: ir.Value) -> ir.Value:
    step = op.Erf(op.Mul(x, op.cast(math.sqrt(0.5), x.dtype)))
    return op.Mul(op.Mul(x, op.cast(0.5, x.dtype)), op.Add(step, op.cast(1, x.dtype)))


@lowers("GeluExt", "NpuGelu", since=20)
def gelu_ext_20(op: Context, input: ir.Value, approximate: Any = 0) -> ir.Value:
    """One Gelu node; float64 as before."""
    if input.dtype == DOUBLE:
        return gelu_ext(op, input, approximate)
    return op.Gelu(input, approximate="tanh" if is_tanh(approximate) else "none")


def is_tanh(approximate: Any) -> bool:
    """True for "tanh" (1), False for "none" (0).

    Raises:
        LoweringError: anything else.
    """
    if approximate not in ("tanh", "none", 0, 1):
        raise LoweringError(f"approximate {approximate!r} is unknown")
    return approximate in ("tanh", 1)


@lowers("FastGeLU", "FastGelu")
def fast_gelu(op: Context, x: ir.Value) -> ir.Value:
    """x exp(0.851 (x - |x|)) / (1 + exp(-1.702 |x|))."""

    def quick(x: ir.Value) -> ir.Value:
        size = op.Abs(x)
        rise = op.Exp(op.Mul(op.Sub(x, size), op.cast(0.851, x.dtype)))
        fall = op.Exp(op.Mul(size, op.cast(-1.702, x.dtype)))
        return op.Div(op.Mul(x, rise), op.Add(fall, op.cast(1, x.dtype)))

    return in_floats(op, quick, x)


@lowers("SiLU")
def silu(op: Context, input: ir.Value) -> ir.Value:
    """input sigmoid(input)."""
    return op.Mul(input, op.Sigmoid(input))


@lowers("Mish", "MishExt")
def mish(op: Context, x: ir.Value) -> ir.Value:
    """x tanh(log(1 + exp(x)))."""
    return op.Mul(x, op.Tanh(float_operator(op, "Softplus", _softplus, x)))


@lowers("Softplus")
def softplus(op: Context, x: ir.Value) -> ir.Value:
    """log(1 + exp(x))."""
    return float_operator(op, "Softplus", _softplus, x)


def _softplus(op: Context, x: ir.Value) -> ir.Value:
    tail = log_of_one_plus(op, op.Exp(op.Neg(op.Abs(x))))
    return op.Add(op.Max(x, op.cast(0, x.dtype)), tail)


@lowers("SoftplusExt")
def softplus_ext(op: Context, input: ir.Value, beta: float = 1, threshold: float = 20) -> ir.Value:
    """log(1 + exp(beta x)) / beta, but x itself where beta x is above the threshold."""

    def curve(x: ir.Value) -> ir.Value:
        factor = op.cast(beta, x.dtype)
        scaled = op.Mul(x, factor)
        smooth = op.Div(float_operator(op, "Softplus", _softplus, scaled), factor)
        return op.Where(op.Greater(scaled, op.cast(threshold, x.dtype)), x, smooth)

    return in_floats(op, curve, input)


@lowers("Softsign", "SoftSign")
def softsign(op: Context, x: ir.Value) -> ir.Value:
    """x / (1 + |x|)."""
    return float_operator(op, "Softsign", lambda op, x: op.Div(x, op.Add(op.Abs(x), op.cast(1, x.dtype))), x)


@lowers("LogSigmoid")
def log_sigmoid(op: Context, input: ir.Value) -> ir.Value:
    """-log(1 + exp(-input))."""
    return op.Neg(float_operator(op, "Softplus", _softplus, op.Neg(input)))


@lowers("Elu", "EluExt")
def elu(op: Context, input: ir.Value, alpha: float = 1.0) -> ir.Value:
    """The input above 0, alpha (exp(input) - 1) below."""
    return float_operator(op, "Elu", lambda op, x: _elu(op, x, alpha), input, alpha=alpha)


def _elu(op: Context, x: ir.Value, alpha: float) -> ir.Value:
    below = op.Mul(exp_less_one(op, x), op.cast(alpha, x.dtype))
    return op.Where(op.Greater(x, op.cast(0, x.dtype)), x, below)


@lowers("SeLU", "SeLUExt")
def selu(op: Context, input: ir.Value) -> ir.Value:
    """1.0507 times: the input above 0, 1.67326 (exp(input) - 1) below; for integers both factors are truncated to 1."""

    def composed(op: Context, x: ir.Value) -> ir.Value:
        return op.Mul(_elu(op, x, SELU_ALPHA), op.cast(SELU_SCALE, x.dtype))

    if dtypes.is_integer(input.dtype):
        zero = op.cast(0, input.dtype)
        below = op.Sub(op.Exp(op.cast(op.Min(input, zero), FLOAT)), op.constant(1.0, FLOAT))
        return op.Add(op.Max(input, zero), op.cast(below, input.dtype))
    return float_operator(op, "Selu", composed, input)


@lowers("CeLU")
def celu(op: Context, x: ir.Value, alpha: float = 1.0) -> ir.Value:
    """max(0, x) + min(0, alpha (exp(x / alpha) - 1))."""

    def composed(op: Context, x: ir.Value) -> ir.Value:
        zero, factor = op.cast(0, x.dtype), op.cast(alpha, x.dtype)
        below = op.Mul(exp_less_one(op, op.Div(x, factor)), factor)
        return op.Add(op.Max(x, zero), op.Min(below, zero))

    return in_floats(op, lambda x: float_operator(op, "Celu", composed, x, alpha=alpha), x)


@lowers("LeakyReLUExt", "LeakyReLU")
def leaky_relu_ext(op: Context, input: ir.Value, negative_slope: float = 0.01) -> ir.Value:
    """The input above 0, negative_slope times it below."""

    def composed(op: Context, x: ir.Value) -> ir.Value:
        below = op.Mul(x, op.cast(negative_slope, x.dtype))
        return op.Where(op.Less(x, op.cast(0, x.dtype)), below, x)

    return float_operator(op, "LeakyRelu", composed, input, alpha=negative_slope)


@lowers("HShrink")
def h_shrink(op: Context, input: ir.Value, lambd: float = 0.5) -> ir.Value:
    """The input, but 0 from -lambd to lambd."""
    return _shrunk(op, input, lambd, 0.0)


@lowers("SoftShrink")
def soft_shrink(op: Context, input: ir.Value, lambd: float = 0.5) -> ir.Value:
    """The input, nearer to 0 by lambd; 0 from -lambd to lambd."""
    return _shrunk(op, input, lambd, lambd)


def _shrunk(op: Context, x: ir.Value, bound: Any, bias: Any) -> ir.Value:
    """0 from -bound to bound, and x nearer to 0 by the bias beyond."""
    if not isinstance(bound, ir.Value):
        return op.Shrink(x, lambd=bound, bias=bias)
    least, step = op.cast(bound, x.dtype), op.cast(bias, x.dtype)
    below = op.Where(op.Less(x, op.Neg(least)), op.Add(x, step), op.cast(0.0, x.dtype))
    return op.Where(op.Less(least, x), op.Sub(x, step), below)
