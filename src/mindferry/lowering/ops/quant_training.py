"""Quantization as it is simulated while a network is trained: values that went through a few bits."""

from __future__ import annotations

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.helpers import reduce
from mindferry.lowering.registry import lowers, refuse
from mindferry.lowering.sampling import rounded


def along(op: Context, values: ir.Value, rank: int, axis: int) -> ir.Value:
    """One value per element of an axis, broadcast over tensors of the given rank."""
    return op.Reshape(values, [-1, *[1] * (rank - axis % rank - 1)])


def quantized_between(
    op: Context,
    x: ir.Value,
    low: ir.Value,
    high: ir.Value,
    num_bits: int,
    *,
    narrow_range: bool,
    symmetric: bool = False,
) -> ir.Value:
    """x on the 2^num_bits steps from low to high, of which zero is made to be one; a narrow range has a step less."""
    if symmetric:
        high = op.Max(op.Neg(low), high)
        low = op.Min(op.Neg(high), low)
    least, most = float(narrow_range), float(2**num_bits - 1)
    step = op.Div(op.Sub(high, low), most - least)
    none = op.Equal(step, 0.0)
    zero = op.Sub(op.constant(least), op.Div(low, op.Where(none, op.constant(1.0), step)))
    zero = op.Where(none, op.constant(0.0), zero)
    zero = op.Min(op.Max(rounded(op, zero), op.constant(least)), op.constant(most))
    first = op.Mul(op.Sub(op.constant(least), zero), step)
    last = op.Mul(op.Sub(op.constant(most), zero), step)
    inside = op.Min(op.Max(x, first), last)
    return op.Add(op.Mul(op.Floor(op.Add(op.Div(op.Sub(inside, first), step), 0.5)), step), first)


def _from_the_start(training: bool, quant_delay: int) -> None:
    if training and quant_delay:
        raise LoweringError(f"quantizes only after {quant_delay} steps of training")


@lowers("FakeQuantPerLayer")
def fake_quant_per_layer(
    op: Context, x: ir.Value, min_value: ir.Value, max_value: ir.Value, *, num_bits: int = 8, ema: bool = False,
    ema_decay: float = 0.999, quant_delay: int = 0, symmetric: bool = False, narrow_range: bool = False,
    training: bool = True,
) -> ir.Value:  # fmt: skip
    """x on the steps between a minimum and a maximum."""
    _from_the_start(training, quant_delay)
    return quantized_between(op, x, min_value, max_value, num_bits, narrow_range=narrow_range, symmetric=symmetric)


@lowers("FakeQuantPerChannel")
def fake_quant_per_channel(
    op: Context, x: ir.Value, min_value: ir.Value, max_value: ir.Value, *, num_bits: int = 8, ema: bool = False,
    ema_decay: float = 0.999, quant_delay: int = 0, symmetric: bool = False, narrow_range: bool = False,
    training: bool = True, channel_axis: int = 1,
) -> ir.Value:  # fmt: skip
    """x on the steps between a minimum and a maximum of each channel."""
    _from_the_start(training, quant_delay)
    low, high = (along(op, one, op.rank(x), channel_axis) for one in (min_value, max_value))
    return quantized_between(op, x, low, high, num_bits, narrow_range=narrow_range, symmetric=symmetric)


@lowers("FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxVarsPerChannel")
def fake_quant_with_min_max_vars(
    op: Context, x: ir.Value, min_value: ir.Value, max_value: ir.Value, *, num_bits: int = 8, narrow_range: bool = False
) -> ir.Value:
    """x on the steps between a minimum and a maximum, or between those of each element of its last axis."""
    return quantized_between(op, x, min_value, max_value, num_bits, narrow_range=narrow_range)


def _learned_scale(op: Context, x: ir.Value, alpha: ir.Value, quant_max: ir.Value, neg_trunc: bool) -> ir.Value:
    share = op.Min(op.Max(op.Div(x, alpha), op.constant(0.0 if neg_trunc else -1.0)), op.constant(1.0))
    return op.Mul(op.Div(op.Floor(op.Add(op.Mul(share, quant_max), 0.5)), quant_max), alpha)


@lowers("FakeLearnedScaleQuantPerLayer")
def fake_learned_scale_quant_per_layer(
    op: Context, x: ir.Value, alpha: ir.Value, quant_max: ir.Value, *, quant_delay: int = 0, neg_trunc: bool = False,
    training: bool = True,
) -> ir.Value:  # fmt: skip
    """x on quant_max steps up to alpha and as many down to -alpha, or none down where negative ones are cut off."""
    _from_the_start(training, quant_delay)
    return _learned_scale(op, x, alpha, quant_max, neg_trunc)


@lowers("FakeLearnedScaleQuantPerChannel")
def fake_learned_scale_quant_per_channel(
    op: Context, x: ir.Value, alpha: ir.Value, quant_max: ir.Value, *, quant_delay: int = 0, neg_trunc: bool = False,
    training: bool = True, channel_axis: int = 1,
) -> ir.Value:  # fmt: skip
    """The same with an alpha for each channel."""
    _from_the_start(training, quant_delay)
    return _learned_scale(op, x, along(op, alpha, op.rank(x), channel_axis), quant_max, neg_trunc)


def _updated(op: Context, old: ir.Value, new: ir.Value, ema: bool, decay: float) -> ir.Value:
    return op.Add(op.Mul(new, decay), op.Mul(old, 1 - decay)) if ema else new


@lowers("MinMaxUpdatePerLayer")
def min_max_update_per_layer(
    op: Context, x: ir.Value, min_value: ir.Value, max_value: ir.Value, *, ema: bool = False, ema_decay: float = 0.999
) -> tuple[ir.Value, ir.Value]:
    """The smallest and the largest element of x, blended with what was before where asked, and zero between them."""
    axes = list(range(op.rank(x)))
    low = op.Reshape(reduce(op, "ReduceMin", x, axes), [1])
    high = op.Reshape(reduce(op, "ReduceMax", x, axes), [1])
    return _around_zero(op, low, high, min_value, max_value, ema, ema_decay)


@lowers("MinMaxUpdatePerChannel")
def min_max_update_per_channel(
    op: Context, x: ir.Value, min_value: ir.Value, max_value: ir.Value, *, ema: bool = False, ema_decay: float = 0.999,
    channel_axis: int = 1,
) -> tuple[ir.Value, ir.Value]:  # fmt: skip
    """The same for each channel."""
    axes = [axis for axis in range(op.rank(x)) if axis != channel_axis % op.rank(x)]
    low, high = reduce(op, "ReduceMin", x, axes), reduce(op, "ReduceMax", x, axes)
    return _around_zero(op, low, high, min_value, max_value, ema, ema_decay)


def _around_zero(
    op: Context, low: ir.Value, high: ir.Value, old_low: ir.Value, old_high: ir.Value, ema: bool, decay: float
) -> tuple[ir.Value, ir.Value]:
    low, high = _updated(op, old_low, low, ema, decay), _updated(op, old_high, high, ema, decay)
    return op.Min(low, op.constant(0.0)), op.Max(high, op.constant(0.0))


@lowers("CorrectionMul")
def correction_mul(
    op: Context, x: ir.Value, batch_std: ir.Value, running_std: ir.Value, *, channel_axis: int = 0
) -> ir.Value:
    """x batch_std / running_std, per channel."""
    batch, running = (along(op, one, op.rank(x), channel_axis) for one in (batch_std, running_std))
    return op.Div(op.Mul(x, batch), running)


refuse(
    "it belongs to calibration or to a step of training",
    "ActsULQ", "BatchNormFold", "BatchNormFold2", "BatchNormFold2D", "BatchNormFoldD", "IFMR", "WtsARQ",
)  # fmt: skip
