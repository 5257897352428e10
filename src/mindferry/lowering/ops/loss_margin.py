"""Losses that compare with a margin."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.lowering import dtypes
from mindferry.lowering.context import Context
from mindferry.lowering.helpers import FLOATS, computed_in, reduce
from mindferry.lowering.ops.loss import reduced
from mindferry.lowering.registry import lowers

_CLOSE = 1e-12
"""What the cosine of two vectors adds to their squared lengths."""


def _positive(op: Context, x: ir.Value) -> ir.Value:
    return op.Max(x, op.constant(0.0, x.dtype))


@lowers("MultiMarginLoss")
def multi_margin_loss(
    op: Context, x: ir.Value, target: ir.Value, weight: ir.Value | None = None, *, p: int = 1, margin: float = 1.0,
    reduction: Any = "mean",
) -> ir.Value:  # fmt: skip
    """The mean over the other classes c and the target's t of weight[t] max(0, margin + x[c] - x[t]) ** p."""

    def compute(x: ir.Value, weight: ir.Value | None) -> ir.Value:
        label = op.Unsqueeze(op.cast(target, ir.DataType.INT64), [1])
        distance = _positive(op, op.Add(op.Sub(x, op.GatherElements(x, label, axis=1)), float(margin)))
        terms = op.Mul(distance, distance) if p == 2 else distance
        if weight is not None:
            terms = op.Mul(terms, op.Gather(weight, label))
        classes = op.dim(x, 1)
        others = op.Not(op.Equal(op.Range(0, op.value(classes, ir.DataType.INT64), 1), label))
        terms = op.Where(others, terms, op.constant(0.0, x.dtype))
        return reduced(op, reduce(op, "ReduceMean", terms, [1]), reduction)

    return computed_in(op, FLOATS, compute, x, weight)


@lowers("MultilabelMarginLoss")
def multilabel_margin_loss(
    op: Context, x: ir.Value, target: ir.Value, *, reduction: Any = "mean"
) -> tuple[ir.Value, ir.Value]:
    """The mean over classes c of sum over labels t of max(0, 1 - (x[t] - x[c])), c being no label.

    A row's labels end at its first -1. The second result marks the labels.
    """

    def compute(x: ir.Value) -> tuple[ir.Value, ir.Value]:
        zero = op.constant(0.0, x.dtype)
        labels = op.cast(target, ir.DataType.INT64)
        ended = op.CumSum(op.cast(op.Less(labels, 0), ir.DataType.INT64), -1)
        used = op.Equal(ended, 0)
        labels = op.Where(used, labels, 0)
        hits = op.Equal(op.Unsqueeze(labels, [-1]), op.Range(0, op.value(op.dim(x, -1), ir.DataType.INT64), 1))
        hits = op.And(hits, op.Unsqueeze(used, [-1]))
        marks = reduce(op, "ReduceMax", op.cast(hits, ir.DataType.INT32), [op.rank(x) - 1])
        is_target = op.cast(marks, ir.DataType.BOOL)
        here = op.Unsqueeze(op.GatherElements(x, labels, axis=-1), [-1])
        terms = _positive(op, op.Add(op.Sub(op.Unsqueeze(x, [-2]), here), 1.0))
        counted = op.And(op.Unsqueeze(used, [-1]), op.Not(op.Unsqueeze(is_target, [-2])))
        sums = reduce(op, "ReduceSum", op.Where(counted, terms, zero), [op.rank(x) - 1])
        losses = reduce(op, "ReduceMean", sums, [op.rank(x) - 1])
        return reduced(op, losses, reduction), marks

    return computed_in(op, FLOATS, compute, x)


@lowers("TripletMarginLoss")
def triplet_margin_loss(
    op: Context, x: ir.Value, positive: ir.Value, negative: ir.Value, margin: Any, *, p: int = 2, swap: bool = False,
    eps: float = 1e-6, reduction: Any = "mean",
) -> ir.Value:  # fmt: skip
    """max(0, d(x, positive) - d(x, negative) + margin), d(a, b) = sum(|a - b + eps| ** p) ** (1 / p) along axis 1.

    With swap, d(positive, negative) stands for d(x, negative) where it is smaller. Integers count as float32.
    """

    def distance(a: ir.Value, b: ir.Value) -> ir.Value:
        gap = op.Abs(op.Add(op.Sub(a, b), eps))
        return op.Pow(reduce(op, "ReduceSum", op.Pow(gap, float(p)), [1]), 1.0 / p)

    def compute(x: ir.Value, positive: ir.Value, negative: ir.Value) -> ir.Value:
        far = distance(x, negative)
        if swap:
            far = op.Min(far, distance(positive, negative))
        losses = _positive(op, op.Add(op.Sub(distance(x, positive), far), op.cast(margin, x.dtype)))
        return reduced(op, losses, reduction)

    items = [one if dtypes.is_float(one.dtype) else op.cast(one, ir.DataType.FLOAT) for one in (x, positive, negative)]
    return computed_in(op, FLOATS, compute, *op.promote(*items))


@lowers("CosineEmbeddingLoss")
def cosine_embedding_loss(
    op: Context, input1: ir.Value, input2: ir.Value, target: ir.Value, margin: float = 0.0, reduction: Any = "mean"
) -> ir.Value:
    """1 - cos(input1, input2) for a target of 1, max(0, cos - margin) for -1; vectors lie along the last axis."""

    def compute(a: ir.Value, b: ir.Value) -> ir.Value:
        axis = [op.rank(a) - 1]
        product = reduce(op, "ReduceSum", op.Mul(a, b), axis)
        lengths = [op.Add(reduce(op, "ReduceSum", op.Mul(one, one), axis), _CLOSE) for one in (a, b)]
        cosine = op.Div(product, op.Sqrt(op.Mul(*lengths)))
        sign = op.cast(target, a.dtype)
        zero = op.constant(0.0, a.dtype)
        apart = op.Where(op.Equal(sign, -1.0), _positive(op, op.Sub(cosine, float(margin))), zero)
        return reduced(op, op.Where(op.Equal(sign, 1.0), op.Sub(1.0, cosine), apart), reduction)

    return computed_in(op, FLOATS, compute, *op.promote(input1, input2))
