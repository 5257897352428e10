"""Boxes, their overlaps, and the suppression of those that overlap too much.

A box is (left, top, right, bottom).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.helpers import FLOATS, computed_in
from mindferry.lowering.layouts import split
from mindferry.lowering.registry import lowers
from mindferry.lowering.repeat import repeat

DOUBLE, FLOAT, INT32, INT64 = ir.DataType.DOUBLE, ir.DataType.FLOAT, ir.DataType.INT32, ir.DataType.INT64


def _halves(op: Context, boxes: ir.Value) -> tuple[ir.Value, ir.Value]:
    """(left, top) and (right, bottom)."""
    first, second = split(op, boxes, op.rank(boxes) - 1, 2)
    return first, second


def _four(op: Context, numbers: Any, like: ir.Value) -> tuple[ir.Value, ir.Value]:
    """The means or deviations of positions and of sizes; one number stands for all four."""
    four = np.broadcast_to(np.asarray(numbers, np.float64), (4,))
    return op.value(four[:2], like.dtype), op.value(four[2:], like.dtype)


def _middle_and_size(op: Context, boxes: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Where boxes of whole pixels are centred, and how many pixels they span."""
    first, second = _halves(op, boxes)
    return op.Mul(op.Add(first, second), 0.5), op.Add(op.Sub(second, first), 1.0)


@lowers("BoundingBoxEncode")
def bounding_box_encode(
    op: Context, anchor_box: ir.Value, groundtruth_box: ir.Value, *, means: Any = 0.0, stds: Any = 1.0
) -> ir.Value:
    """The shift in anchor sizes and the logarithm of the size's ratio, normalized by means and deviations."""

    def encoded(anchors: ir.Value, truths: ir.Value) -> ir.Value:
        (middle, size), (true_middle, true_size) = (_middle_and_size(op, boxes) for boxes in (anchors, truths))
        deltas = op.Div(op.Sub(true_middle, middle), size), op.Log(op.Div(true_size, size))
        normal = zip(deltas, _four(op, means, anchors), _four(op, stds, anchors), strict=True)
        return op.Concat(*(op.Div(op.Sub(delta, mean), std) for delta, mean, std in normal), axis=-1)

    return computed_in(op, FLOATS, encoded, anchor_box, groundtruth_box)


@lowers("BoundingBoxDecode")
def bounding_box_decode(
    op: Context, anchor_box: ir.Value, deltas: ir.Value, *, max_shape: Sequence[int], means: Any = 0.0, stds: Any = 1.0,
    wh_ratio_clip: float = 0.016,
) -> ir.Value:  # fmt: skip
    """The boxes that BoundingBoxEncode made the deltas of, clipped to max_shape (height, width).

    The logarithm of the size's ratio is clipped to that of wh_ratio_clip, both ways.
    """

    def decoded(anchors: ir.Value, shifts: ir.Value) -> ir.Value:
        kind = anchors.dtype
        normal = zip(_halves(op, shifts), _four(op, stds, anchors), _four(op, means, anchors), strict=True)
        shift, scale = (op.Add(op.Mul(delta, std), mean) for delta, std, mean in normal)
        bound = abs(math.log(wh_ratio_clip))
        scale = op.Clip(scale, op.value(-bound, kind), op.value(bound, kind))
        middle, size = _middle_and_size(op, anchors)
        middle, size = op.Add(middle, op.Mul(size, shift)), op.Mul(size, op.Exp(scale))
        reach = op.Sub(op.Mul(size, 0.5), 0.5)
        edges = op.Concat(op.Sub(middle, reach), op.Add(middle, reach), axis=-1)
        limit = op.value([max_shape[1], max_shape[0]] * 2, kind)
        return op.Max(op.Min(edges, limit), op.value(0.0, kind))

    return computed_in(op, FLOATS, decoded, anchor_box, deltas)


def _product(op: Context, pairs: ir.Value) -> ir.Value:
    """The product of the two numbers of the last axis."""
    first, second = (op.Gather(pairs, index, axis=-1) for index in (0, 1))
    return op.Mul(first, second)


def _areas(op: Context, boxes: ir.Value, margin: float) -> ir.Value:
    first, second = _halves(op, boxes)
    return _product(op, op.Add(op.Sub(second, first), margin))


def _shared_areas(op: Context, rows: ir.Value, columns: ir.Value, margin: float) -> ir.Value:
    """The area that each row's box shares with each column's; sizes count `margin` more than the difference."""
    (low, high), (other_low, other_high) = (
        _halves(op, op.Unsqueeze(rows, [-2])),
        _halves(op, op.Unsqueeze(columns, [-3])),
    )
    overlap = op.Add(op.Sub(op.Min(high, other_high), op.Max(low, other_low)), margin)
    return _product(op, op.Max(overlap, op.value(0.0, overlap.dtype)))


@lowers("CheckValid")
def check_valid(op: Context, bboxes: ir.Value, img_metas: ir.Value) -> ir.Value:
    """True for boxes inside an image of img_metas (height, width, scale)."""

    def inside(boxes: ir.Value, metas: ir.Value) -> ir.Value:
        height, width, scale = split(op, metas, 0, 3)
        limits = op.Sub(op.Mul(op.Concat(width, height, axis=0), scale), 1.0)
        first, second = _halves(op, boxes)
        outside = op.Or(op.Less(first, op.value(0.0, first.dtype)), op.Less(limits, second))
        return op.Equal(op.ReduceSum(op.cast(outside, INT32), [1], keepdims=0), 0)

    return inside(op.cast(bboxes, DOUBLE), op.cast(img_metas, DOUBLE))


@lowers("IOU")
def iou(op: Context, anchor_boxes: ir.Value, gt_boxes: ir.Value, *, mode: str = "iou") -> ir.Value:
    """The area that boxes of whole pixels share, over that of both (iou) or of the true box (iof)."""
    if mode not in ("iou", "iof"):
        raise LoweringError(f"mode {mode!r} is unknown; there are 'iou' and 'iof'")

    def shares(anchors: ir.Value, truths: ir.Value) -> ir.Value:
        shared = _shared_areas(op, truths, anchors, 1.0)
        whole = op.Unsqueeze(_areas(op, truths, 1.0), [1])
        if mode == "iou":
            whole = op.Sub(op.Add(whole, op.Unsqueeze(_areas(op, anchors, 1.0), [0])), shared)
        return op.Div(shared, op.Add(whole, 1e-10))

    return computed_in(op, FLOATS, shares, anchor_boxes, gt_boxes)


def _survivors(op: Context, suppresses: ir.Value, candidates: ir.Value) -> ir.Value:
    """Which candidates remain when each remaining one, in order, removes those behind it that it suppresses.

    Args:
        suppresses: (..., n, n), true where the row's box removes the column's.
        candidates: (..., n).
    """
    count = op.dim(candidates, -1)
    behind = op.Less(op.Unsqueeze(op.Range(0, count, 1), [1]), op.Range(0, count, 1))
    removes = op.And(suppresses, behind)

    def body(inner: Context, turn: ir.Value, kept: ir.Value) -> tuple[ir.Value]:
        remover = inner.Gather(kept, inner.Unsqueeze(turn, [0]), axis=-1)
        return (inner.And(kept, inner.Not(inner.And(remover, inner.Gather(removes, turn, axis=-2)))),)

    return repeat(op, count, [candidates], body)[0]


def _by_score(op: Context, scores: ir.Value) -> tuple[ir.Value, ir.Value]:
    """The scores of the last axis, greatest first, and their indices."""
    values, order = op.TopK(scores, op.ints(op.dim(scores, -1)), axis=-1, outputs=2)
    return values, order


@lowers("NMSWithMask")
def nms_with_mask(op: Context, bboxes: ir.Value, *, iou_threshold: float = 0.5) -> tuple[ir.Value, ir.Value, ir.Value]:
    """The boxes (x0, y0, x1, y1, score) by falling score, their new indices, and which remain after suppression."""
    wide = op.cast(bboxes, FLOAT)
    _, order = _by_score(op, op.Gather(wide, 4, axis=1))
    boxes = op.Gather(op.Gather(wide, order, axis=0), [0, 1, 2, 3], axis=1)
    shared = _shared_areas(op, boxes, boxes, 0.0)
    areas = _areas(op, boxes, 0.0)
    whole = op.Sub(op.Add(op.Unsqueeze(areas, [0]), op.Unsqueeze(areas, [1])), shared)
    suppresses = op.Greater(op.Div(shared, whole), iou_threshold)
    count = op.value(op.dim(bboxes, 0))
    kept = _survivors(op, suppresses, op.Expand(True, op.Reshape(count, [1])))
    return op.Gather(bboxes, order, axis=0), op.cast(op.Range(0, count, 1), INT32), kept


@lowers("NonMaxSuppressionWithOverlaps")
def non_max_suppression_with_overlaps(
    op: Context, overlaps: ir.Value, scores: ir.Value, max_output_size: Any, overlap_threshold: Any, score_threshold: Any
) -> ir.Value:  # fmt: skip
    """The indices of at most max_output_size boxes by falling score that overlap no chosen one by the threshold or more."""
    values, order = _by_score(op, scores)
    ordered = op.Gather(op.Gather(overlaps, order, axis=0), order, axis=1)
    reaches = op.GreaterOrEqual(*op.promote(ordered, overlap_threshold))
    kept = _survivors(op, op.Transpose(reaches, perm=[1, 0]), op.Greater(*op.promote(values, score_threshold)))
    chosen = op.Compress(order, kept, axis=0)
    return op.cast(op.Slice(chosen, [0], op.ints(max_output_size), [0]), INT32)


@lowers("NonMaxSuppressionV3")
def non_max_suppression_v3(
    op: Context, boxes: ir.Value, scores: ir.Value, max_output_size: Any, iou_threshold: Any, score_threshold: Any
) -> ir.Value:  # fmt: skip
    """The indices of at most max_output_size boxes by falling score that overlap no chosen one by more than the threshold."""
    wide = op.Unsqueeze(op.cast(boxes, FLOAT), [0]), op.Unsqueeze(op.cast(scores, FLOAT), [0, 1])
    thresholds = (op.Reshape(op.cast(one, FLOAT), [1]) for one in (iou_threshold, score_threshold))
    chosen = op.NonMaxSuppression(*wide, op.ints(max_output_size), *thresholds)
    return op.cast(op.Gather(chosen, 2, axis=1), INT32)


def _overlaps(op: Context, boxes: ir.Value, threshold: Any) -> ir.Value:
    """True where boxes, whichever corners they give, share more than the threshold of their area; never for empty ones."""
    first, second = _halves(op, boxes)
    upright = op.Concat(op.Min(first, second), op.Max(first, second), axis=-1)
    shared = _shared_areas(op, upright, upright, 0.0)
    areas = _areas(op, upright, 0.0)
    whole = op.Sub(op.Add(op.Unsqueeze(areas, [-1]), op.Unsqueeze(areas, [-2])), shared)
    return op.Greater(op.Div(shared, whole), op.value(threshold, FLOAT))


@lowers("CombinedNonMaxSuppression")
def combined_non_max_suppression(
    op: Context, boxes: ir.Value, scores: ir.Value, max_output_size_per_class: Any, max_total_size: Any, iou_threshold: Any,
    score_threshold: Any, *, pad_per_class: bool = False, clip_boxes: bool = True,
) -> tuple[ir.Value, ir.Value, ir.Value, ir.Value]:  # fmt: skip
    """Of each image the boxes, scores and classes that remain in all classes by falling score, and their number.

    boxes is (N, n, 1 or classes, 4), scores is (N, n, classes); what the results do not fill is 0.
    """
    per_class, total = op.ints(max_output_size_per_class), op.ints(max_total_size)
    images, count, classes = (op.ints(op.dim(scores, axis)) for axis in range(3))
    values, order = _by_score(op, op.Transpose(scores, perm=[0, 2, 1]))
    shape = op.Concat(op.Shape(order), op.value([4]), axis=0)
    of_class = op.Expand(op.Transpose(boxes, perm=[0, 2, 1, 3]), shape)
    ordered = op.GatherElements(of_class, op.Expand(op.Unsqueeze(order, [3]), shape), axis=2)
    kept = _survivors(op, _overlaps(op, ordered, iou_threshold), op.Greater(values, op.value(score_threshold, FLOAT)))
    kept = op.And(kept, op.LessOrEqual(op.CumSum(op.cast(kept, INT64), 2), per_class))
    size = op.Min(total, op.Mul(per_class, classes)) if pad_per_class else total
    ranked = op.Reshape(op.Where(kept, values, _NONE), op.Concat(images, op.Mul(count, classes), axis=0))
    spare = op.Expand(op.value(_NONE, FLOAT), op.Concat(images, size, axis=0))
    best, places = op.TopK(op.Concat(ranked, spare, axis=1), size, axis=1, outputs=2)
    return _detections(
        op, op.Reshape(ordered, op.Concat(images, op.value([-1, 4]), axis=0)), best, places, count, clip_boxes
    )


_NONE = float("-inf")
"""The score of what suppression removed."""


def _detections(
    op: Context, boxes: ir.Value, scores: ir.Value, places: ir.Value, count: ir.Value, clip: bool
) -> tuple[ir.Value, ir.Value, ir.Value, ir.Value]:
    """The chosen boxes, their scores and classes, with 0 where the score says that there is none, and their number."""
    found = op.Greater(scores, _NONE)
    places = op.Where(found, places, 0)
    chosen = op.GatherND(boxes, op.Unsqueeze(places, [2]), batch_dims=1)
    chosen = op.Where(op.Unsqueeze(found, [2]), op.Clip(chosen, 0.0, 1.0) if clip else chosen, 0.0)
    classes = op.Where(found, op.cast(op.Div(places, count), FLOAT), 0.0)
    number = op.ReduceSum(op.cast(found, INT32), [1], keepdims=0)
    return chosen, op.Where(found, scores, 0.0), classes, number
