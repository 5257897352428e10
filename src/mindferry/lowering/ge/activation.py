"""Activation functions."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.dtypes import is_float
from mindferry.lowering.ge.equal import primitive
from mindferry.lowering.ge.layouts import channel_first_only
from mindferry.lowering.helpers import float_operator
from mindferry.lowering.layouts import one_axis, split
from mindferry.lowering.ops import activation, activation_channel
from mindferry.lowering.registry import lowers_ge


@lowers_ge("ReluV2")
def relu_v2(op: Context, x: ir.Value) -> tuple[ir.Value, None]:
    """max(x, 0); the mask, which only training needs, has no ONNX form."""
    return activation.relu(op, x), None


@lowers_ge("LeakyRelu")
def leaky_relu(op: Context, x: ir.Value, *, negative_slope: float = 0.0) -> ir.Value:
    """x above 0, negative_slope times it below."""
    return activation.leaky_relu_ext(op, x, negative_slope)


@lowers_ge("Elu")
def elu(op: Context, x: ir.Value, *, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0) -> ir.Value:
    """scale x above 0, scale alpha (exp(input_scale x) - 1) below."""
    if (scale, input_scale) == (1.0, 1.0):
        return activation.elu(op, x, alpha)
    below = activation.elu(op, op.Mul(x, op.cast(input_scale, x.dtype)), alpha)
    y = op.Where(op.Greater(x, op.cast(0, x.dtype)), x, below)
    return op.Mul(y, op.cast(scale, x.dtype))


@lowers_ge("Celu")
def celu(op: Context, x: ir.Value, *, alpha1: float = 1.0, alpha2: float = 1.0, alpha3: float = 1.0) -> ir.Value:
    """max(alpha3 x, 0) + min(0, alpha1 (exp(x / alpha2) - 1)), for equal alpha1 and alpha2 and an alpha3 of 1."""
    if alpha1 != alpha2 or alpha3 != 1.0:
        raise LoweringError(
            f"alpha1 {alpha1}, alpha2 {alpha2}, alpha3 {alpha3} have no lowering; equal ones and 1 have"
        )
    return activation.celu(op, x, alpha1)


@lowers_ge("CeluV2")
def celu_v2(op: Context, x: ir.Value, *, alpha: float = 1.0) -> ir.Value:
    """max(0, x) + min(0, alpha (exp(x / alpha) - 1))."""
    return activation.celu(op, x, alpha)


@lowers_ge("HardSigmoid")
def hard_sigmoid(op: Context, input_x: ir.Value, *, alpha: float = 0.16666666, beta: float = 0.5) -> ir.Value:
    """min(max(alpha x + beta, 0), 1)."""

    def composed(op: Context, x: ir.Value) -> ir.Value:
        line = op.Add(op.Mul(x, op.cast(alpha, x.dtype)), op.cast(beta, x.dtype))
        return op.Clip(line, op.cast(0, x.dtype), op.cast(1, x.dtype))

    if not is_float(input_x.dtype):
        raise LoweringError(f"{input_x.dtype} has no lowering")
    return float_operator(op, "HardSigmoid", composed, input_x, alpha=alpha, beta=beta)


@lowers_ge("HardShrink")
def hard_shrink(op: Context, input_x: ir.Value, *, lambd: float = 0.5) -> ir.Value:
    """x, but 0 from -lambd to lambd."""
    return activation.h_shrink(op, input_x, lambd)


@lowers_ge("Shrink")
def shrink(op: Context, input_x: ir.Value, *, lambd: float = 0.5, bias: float = 0.0) -> ir.Value:
    """x, nearer to 0 by bias; 0 from -lambd to lambd."""
    return op.Shrink(input_x, lambd=lambd, bias=bias)


@lowers_ge("SoftShrink")
def soft_shrink(op: Context, input_x: ir.Value, *, lambd: float = 0.5) -> ir.Value:
    """x, nearer to 0 by lambd; 0 from -lambd to lambd."""
    return activation.soft_shrink(op, input_x, lambd)


@lowers_ge("ThresholdedRelu")
def thresholded_relu(op: Context, x: ir.Value, *, alpha: float = 1.0) -> ir.Value:
    """x above alpha, else 0."""
    return op.Where(op.Greater(x, op.cast(alpha, x.dtype)), x, op.cast(0, x.dtype))


@lowers_ge("Swish")
def swish(op: Context, x: ir.Value, *, scale: float = 1.0) -> ir.Value:
    """x sigmoid(scale x)."""
    held = x if scale == 1.0 else op.Mul(x, op.cast(scale, x.dtype))
    return op.Mul(x, op.Sigmoid(held))


@lowers_ge("SoftplusV2")
def softplus_v2(op: Context, x: ir.Value, *, beta: float = 1.0, threshold: float = 20.0) -> ir.Value:
    """log(1 + exp(beta x)) / beta, but x itself where beta x is above the threshold."""
    return activation.softplus_ext(op, x, beta, threshold)


@lowers_ge("PRelu")
def p_relu(op: Context, x: ir.Value, weight: ir.Value) -> ir.Value:
    """x above 0, below it times a weight: one for all, one per channel (axis 1), or a tensor that fits x."""
    if op.rank(weight) > 1:
        return op.PRelu(x, weight)
    channel_first_only(op, x)
    return activation_channel.p_relu(op, x, weight)


def _along(op: Context, operator: str, x: ir.Value, axes: Any) -> ir.Value:
    """Softmax or LogSoftmax over one axis or several."""
    places = op.axes(x, axes)
    if len(places) == 1:
        return getattr(op, operator)(x, axis=places[0])
    rank = op.rank(x)
    rest = [axis for axis in range(rank) if axis not in places]
    moved = op.Transpose(x, perm=[*rest, *places])
    sizes = [op.dim(x, axis) for axis in rest]
    flat = getattr(op, operator)(op.Reshape(moved, op.ints([*sizes, -1])), axis=len(rest))
    back = op.Reshape(flat, op.ints([op.dim(x, axis) for axis in (*rest, *places)]))
    order = [*rest, *places]
    return op.Transpose(back, perm=[order.index(axis) for axis in range(rank)])


@lowers_ge("SoftmaxV2")
def softmax_v2(op: Context, x: ir.Value, *, axes: Any = (-1,), half_to_float: bool = False) -> ir.Value:
    """exp(x) / sum(exp(x)) over the axes; half_to_float gives float32 for float16."""
    return _along(op, "Softmax", op.cast(x, ir.DataType.FLOAT) if half_to_float else x, axes)


@lowers_ge("LogSoftmaxV2")
def log_softmax_v2(op: Context, logits: ir.Value, *, axes: Any = (-1,)) -> ir.Value:
    """logits - log(sum(exp(logits))) over the axes."""
    return _along(op, "LogSoftmax", logits, axes)


@lowers_ge("GLU")
def glu(op: Context, x: ir.Value, *, dim: int = -1) -> ir.Value:
    """The first half of an axis times the sigmoid of the second."""
    return activation_channel.glu(op, x, dim)


@lowers_ge("SwiGlu")
def swi_glu(op: Context, x: ir.Value, *, dim: int = -1) -> ir.Value:
    """a sigmoid(a) b, where a is the first half of an axis and b the second."""
    return activation_channel.swiglu(op, x, dim)


@lowers_ge("GeGluV2")
def ge_glu_v2(op: Context, x: ir.Value, *, dim: int = -1, approximate: int = 1, activate_left: bool = False) -> Any:
    """a gelu(b) and gelu(b) of the halves a and b of an axis, exchanged by activate_left; approximate 1 is by tanh."""
    first, second = split(op, x, one_axis(op, dim, op.rank(x)), 2)
    if activate_left:
        first, second = second, first
    gate = primitive(op, "GeluExt", second, approximate)
    return op.Mul(first, gate), gate


@lowers_ge("HardMax")
def hard_max(op: Context, x: ir.Value, *, axis: int = -1) -> ir.Value:
    """1 at the first largest element along the axis, else 0."""
    return op.Hardmax(x, axis=one_axis(op, axis, op.rank(x)))
