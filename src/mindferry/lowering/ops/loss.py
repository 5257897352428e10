"""Losses: a term per element or per row, then a reduction over all of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.helpers import FLOATS, computed_in, reduce
from mindferry.lowering.registry import lowers, refuse

_REDUCTIONS = {0: "sum", 1: "mean", 2: "none"}
"""MindSpore's enum Reduction, which yaml operators carry; others carry the name."""

_OPERATORS = {"sum": "ReduceSum", "mean": "ReduceMean"}

refuse("gives gradients by a rule that only Ascend implements", "RNNTLoss")


def _name(reduction: Any) -> str:
    name = _REDUCTIONS.get(reduction, reduction)
    if name not in ("none", "batchmean", *_OPERATORS):
        raise LoweringError(f"reduction {reduction!r} is unknown")
    return str(name)


def reduced(op: Context, losses: ir.Value, reduction: Any) -> ir.Value:
    """The losses themselves, their sum, their mean, or their sum over the size of the first axis."""
    name = _name(reduction)
    if name == "none":
        return losses
    if name == "batchmean":
        total = reduce(op, "ReduceSum", losses, op.axes(losses, None))
        return op.Div(total, op.cast(op.dim(losses, 0), losses.dtype)) if op.rank(losses) else total
    return reduce(op, _OPERATORS[name], losses, op.axes(losses, None))


def _scaled(op: Context, losses: ir.Value, weight: ir.Value | None) -> ir.Value:
    return losses if weight is None else op.Mul(losses, weight)


def picked(op: Context, x: ir.Value, labels: ir.Value, axis: int) -> ir.Value:
    """x at the label's place along an axis, which goes."""
    return op.Squeeze(op.GatherElements(x, op.Unsqueeze(labels, [axis]), axis=axis), [axis])


def _softplus(op: Context, x: ir.Value) -> ir.Value:
    """log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)), which cannot overflow."""
    return op.Add(op.Max(x, _zero(op, x)), op.Log(op.Add(op.Exp(op.Neg(op.Abs(x))), 1.0)))


def _zero(op: Context, x: ir.Value) -> ir.Value:
    return op.constant(0.0, x.dtype)


@lowers("NLLLoss", "NLLLoss2d")
def nll_loss(
    op: Context, logits: ir.Value, labels: ir.Value, weight: ir.Value | None, reduction: Any = "mean",
    ignore_index: int = -100,
) -> tuple[ir.Value, ir.Value]:  # fmt: skip
    """-weight[label] logits[label] along axis 1, zero for ignored labels; the mean is taken over the weights."""

    def compute(logits: ir.Value, weight: ir.Value | None) -> tuple[ir.Value, ir.Value]:
        axis = min(1, op.rank(logits) - 1)
        target = op.cast(labels, ir.DataType.INT64)
        ignored = op.Equal(target, ignore_index)
        target = op.Where(ignored, 0, target)
        zero = _zero(op, logits)
        scale = op.Where(ignored, zero, op.constant(1.0, logits.dtype) if weight is None else op.Gather(weight, target))
        losses = op.Where(ignored, zero, op.Neg(op.Mul(picked(op, logits, target, axis), scale)))
        total = reduce(op, "ReduceSum", scale, op.axes(scale, None))
        if _name(reduction) == "none":
            return losses, total
        loss = reduced(op, losses, "sum")
        return op.Div(loss, total) if _name(reduction) == "mean" else loss, total

    return computed_in(op, FLOATS, compute, logits, weight)


@lowers("CrossEntropyLoss")
def cross_entropy_loss(
    op: Context, input: ir.Value, target: ir.Value, weight: ir.Value | None = None, reduction: Any = "mean",
    ignore_index: int = -100, label_smoothing: float = 0.0, lse_square_scale_for_zloss: float = 0.0,
    return_zloss: bool = False,
) -> tuple[ir.Value, ...]:  # fmt: skip
    """-weight[label] log_softmax(input)[label], the log_softmax, and two empty results for the z-loss."""
    if label_smoothing or lse_square_scale_for_zloss or return_zloss:
        raise LoweringError("label_smoothing and the z-loss have no lowering")
    logs = computed_in(op, FLOATS, lambda x: op.LogSoftmax(x, axis=1), input)
    loss, _ = nll_loss(op, logs, target, weight, reduction, ignore_index)
    zeros = op.constant(np.zeros(0), input.dtype)
    return loss, logs, zeros, zeros


@lowers("BinaryCrossEntropy")
def binary_cross_entropy(
    op: Context, input: ir.Value, target: ir.Value, weight: ir.Value | None = None, reduction: Any = "mean"
) -> ir.Value:
    """-weight (target log(input + 1e-12) + (1 - target) log(1 - input + 1e-12))."""

    def compute(x: ir.Value, target: ir.Value, weight: ir.Value | None) -> ir.Value:
        yes = op.Mul(target, op.Log(op.Add(x, tiny)))
        no = op.Mul(op.Sub(1.0, target), op.Log(op.Add(op.Sub(1.0, x), tiny)))
        return reduced(op, _scaled(op, op.Neg(op.Add(yes, no)), weight), reduction)

    tiny = 0.0 if input.dtype == ir.DataType.FLOAT16 else 1e-12
    return computed_in(op, FLOATS, compute, input, target, weight)


@lowers("BCEWithLogitsLoss")
def bce_with_logits_loss(
    op: Context, input: ir.Value, target: ir.Value, weight: ir.Value | None = None, pos_weight: ir.Value | None = None,
    reduction: Any = "mean",
) -> ir.Value:  # fmt: skip
    """weight ((1 - target) input + (1 + (pos_weight - 1) target) softplus(-input))."""

    def compute(x: ir.Value, target: ir.Value, weight: ir.Value | None, positive: ir.Value | None) -> ir.Value:
        factor = None if positive is None else op.Add(op.Mul(op.Sub(positive, 1.0), target), 1.0)
        losses = op.Add(op.Mul(op.Sub(1.0, target), x), _scaled(op, _softplus(op, op.Neg(x)), factor))
        return reduced(op, _scaled(op, losses, weight), reduction)

    return computed_in(op, FLOATS, compute, *op.promote(input, target), weight, pos_weight)


@lowers("SigmoidCrossEntropyWithLogits")
def sigmoid_cross_entropy_with_logits(op: Context, predict: ir.Value, target: ir.Value) -> ir.Value:
    """softplus(predict) - predict target."""

    def compute(x: ir.Value, target: ir.Value) -> ir.Value:
        return op.Sub(_softplus(op, x), op.Mul(x, target))

    return computed_in(op, FLOATS, compute, predict, target)


@lowers("KLDivLoss")
def kl_div_loss(op: Context, logits: ir.Value, labels: ir.Value, *, reduction: Any = "mean") -> ir.Value:
    """labels (log(labels) - logits), zero where that is no number, such as at a label of zero."""

    def compute(x: ir.Value, target: ir.Value) -> ir.Value:
        losses = op.Mul(op.Sub(op.Log(target), x), target)
        return reduced(op, op.Where(op.IsNaN(losses), _zero(op, x), losses), reduction)

    return computed_in(op, FLOATS, compute, logits, labels)


@lowers("KLDiv")
def kl_div(
    op: Context, input: ir.Value, target: ir.Value, reduction: Any = "mean", log_target: bool = False
) -> ir.Value:
    """target (log(target) - input), zero at a target of zero; the target may be given as its logarithm."""

    def compute(x: ir.Value, target: ir.Value) -> ir.Value:
        if log_target:
            return reduced(op, op.Mul(op.Exp(target), op.Sub(target, x)), reduction)
        entropy = op.Where(op.Equal(target, 0.0), _zero(op, x), op.Mul(target, op.Log(target)))
        return reduced(op, op.Sub(entropy, op.Mul(target, x)), reduction)

    return computed_in(op, FLOATS, compute, *op.promote(input, target))


@lowers("SmoothL1Loss")
def smooth_l1_loss(
    op: Context, prediction: ir.Value, target: ir.Value, beta: float = 1.0, reduction: Any = "none"
) -> ir.Value:
    """d = |prediction - target|: d d / (2 beta) below beta, d - beta / 2 from it on."""

    def compute(x: ir.Value, target: ir.Value) -> ir.Value:
        distance = op.Abs(op.Sub(x, target))
        if not beta:
            return reduced(op, distance, reduction)
        square = op.Div(op.Mul(op.Mul(distance, 0.5), distance), float(beta))
        losses = op.Where(op.Less(distance, float(beta)), square, op.Sub(distance, 0.5 * beta))
        return reduced(op, losses, reduction)

    return computed_in(op, FLOATS, compute, *op.promote(prediction, target))


@lowers("L1LossExt")
def l1_loss(op: Context, input: ir.Value, target: ir.Value, reduction: Any = "mean") -> ir.Value:
    """|input - target|."""
    x, y = op.promote(input, target)
    return computed_in(op, FLOATS, lambda x, y: reduced(op, op.Abs(op.Sub(x, y)), reduction), x, y)


@lowers("MSELossExt")
def mse_loss(op: Context, input: ir.Value, target: ir.Value, reduction: Any = "mean") -> ir.Value:
    """(input - target) squared."""

    def compute(x: ir.Value, target: ir.Value) -> ir.Value:
        distance = op.Sub(x, target)
        return reduced(op, op.Mul(distance, distance), reduction)

    return computed_in(op, FLOATS, compute, *op.promote(input, target))


@lowers("L2Loss")
def l2_loss(op: Context, input_x: ir.Value) -> ir.Value:
    """Half the sum of squares."""
    return computed_in(op, FLOATS, lambda x: op.Mul(reduced(op, op.Mul(x, x), "sum"), 0.5), input_x)


@lowers("SoftMarginLoss")
def soft_margin_loss(op: Context, input: ir.Value, target: ir.Value, reduction: Any = "mean") -> ir.Value:
    """softplus(-target input)."""

    def compute(x: ir.Value, target: ir.Value) -> ir.Value:
        return reduced(op, _softplus(op, op.Neg(op.Mul(target, x))), reduction)

    return computed_in(op, FLOATS, compute, *op.promote(input, target))


@lowers("SoftmaxCrossEntropyWithLogits")
def softmax_cross_entropy_with_logits(op: Context, logits: ir.Value, labels: ir.Value) -> tuple[ir.Value, ir.Value]:
    """-sum(labels log_softmax(logits)) over the last axis, and its gradient softmax(logits) - labels."""

    def compute(x: ir.Value, labels: ir.Value) -> tuple[ir.Value, ir.Value]:
        terms = op.Mul(labels, op.LogSoftmax(x, axis=-1))
        return op.Neg(reduce(op, "ReduceSum", terms, [op.rank(x) - 1])), op.Sub(op.Softmax(x, axis=-1), labels)

    return computed_in(op, FLOATS, compute, logits, labels)


def _softmax_minus_label(op: Context, x: ir.Value, labels: ir.Value) -> tuple[ir.Value, ir.Value]:
    """-log_softmax(x)[label] and softmax(x) - onehot(label), along the last axis."""
    target = op.cast(labels, ir.DataType.INT64)
    losses = op.Neg(picked(op, op.LogSoftmax(x, axis=-1), target, op.rank(x) - 1))
    hot = op.OneHot(target, op.ints(op.dim(x, op.rank(x) - 1)), op.constant(np.array([0, 1]), x.dtype), axis=-1)
    return losses, op.Sub(op.Softmax(x, axis=-1), hot)


@lowers("SparseSoftmaxCrossEntropyWithLogits")
def sparse_softmax_cross_entropy_with_logits(
    op: Context, logits: ir.Value, labels: ir.Value, *, is_grad: bool = False, sens: float = 1.0
) -> ir.Value:
    """The mean of -log_softmax(logits)[label], or its gradient."""
    losses, gradient = _softmax_minus_label(op, logits, labels)
    if not is_grad:
        return reduced(op, losses, "mean")
    rows = op.cast(op.Size(losses), logits.dtype)
    return op.Div(gradient, rows)


@lowers("SparseSoftmaxCrossEntropyWithLogitsV2")
def sparse_softmax_cross_entropy_with_logits_v2(
    op: Context, features: ir.Value, labels: ir.Value
) -> tuple[ir.Value, ir.Value]:
    """-log_softmax(features)[label] of every row, and its gradient."""
    return computed_in(op, FLOATS, lambda x: _softmax_minus_label(op, x, labels), features)
