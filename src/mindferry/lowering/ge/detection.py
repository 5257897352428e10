"""Boxes (left, top, right, bottom): their coding, their overlaps, and the suppression of those that overlap too much."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.ops import deformable, detection
from mindferry.lowering.registry import lowers_ge


@lowers_ge("BoundingBoxEncode")
def bounding_box_encode(
    op: Context, anchor_box: ir.Value, ground_truth_box: ir.Value, *, means: Any = (0.0,) * 4, stds: Any = (1.0,) * 4
) -> ir.Value:
    """The shift in anchor sizes and the logarithm of the size's ratio, normalized by means and deviations."""
    return detection.bounding_box_encode(op, anchor_box, ground_truth_box, means=means, stds=stds)


@lowers_ge("BoundingBoxDecode")
def bounding_box_decode(
    op: Context, rois: ir.Value, deltas: ir.Value, *, means: Any = (0.0,) * 4, stds: Any = (1.0,) * 4, max_shape: Any,
    wh_ratio_clip: float = 0.016,
) -> ir.Value:  # fmt: skip
    """The boxes that BoundingBoxEncode made the deltas of, clipped to max_shape (height, width)."""
    return detection.bounding_box_decode(
        op, rois, deltas, max_shape=max_shape, means=means, stds=stds, wh_ratio_clip=wh_ratio_clip
    )


@lowers_ge("Iou")
def iou(
    op: Context, bboxes: ir.Value, gtboxes: ir.Value, *, mode: str = "iou", eps: float = 1.0, aligned: bool = False
) -> ir.Value:
    """The area that boxes of whole pixels share, over that of both (iou) or of the true box (iof)."""
    if aligned or eps != 1.0:
        raise LoweringError(f"eps {eps} with aligned {aligned} has no lowering; 1 without aligned has")
    return detection.iou(op, bboxes, gtboxes, mode=mode)


@lowers_ge("NMSWithMask")
def nms_with_mask(
    op: Context, box_scores: ir.Value, *, iou_threshold: float = 0.5
) -> tuple[ir.Value, ir.Value, ir.Value]:
    """The boxes (x0, y0, x1, y1, score) by falling score, their new indices, and which remain after suppression."""
    return detection.nms_with_mask(op, box_scores, iou_threshold=iou_threshold)


@lowers_ge("DeformableOffsets")
def deformable_offsets(
    op: Context, x: ir.Value, offsets: ir.Value, *, strides: Any, pads: Any, ksize: Any, dilations: Any = (1, 1, 1, 1),
    data_format: str = "NCHW", deformable_groups: int = 1, modulated: bool = True,
) -> ir.Value:  # fmt: skip
    """The elements under each window of a convolution, each moved by an offset and weighted."""
    return deformable.deformable_offsets(
        op, x, offsets, strides=strides, pads=pads, kernel_size=ksize, dilations=dilations, data_format=data_format,
        deformable_groups=deformable_groups, modulated=modulated,
    )  # fmt: skip


@lowers_ge("NonMaxSuppressionV6", "NonMaxSuppressionV7")
def non_max_suppression(
    op: Context, boxes: ir.Value, scores: ir.Value, max_output_size: Any = None, iou_threshold: Any = None,
    score_threshold: Any = None, index_id: Any = None, *, center_point_box: int = 0, max_boxes_size: int = 0,
) -> ir.Value:  # fmt: skip
    """(image, class, box) of the boxes that are kept; index_id only holds what the chip needs."""
    thresholds = [
        None if one is None else op.Reshape(op.cast(one, ir.DataType.FLOAT), [1])
        for one in (iou_threshold, score_threshold)
    ]
    most = None if max_output_size is None else op.Reshape(op.cast(max_output_size, ir.DataType.INT64), [1])
    held = [op.cast(one, ir.DataType.FLOAT) for one in (boxes, scores)]
    kept = op.NonMaxSuppression(*held, most, *thresholds, center_point_box=center_point_box)
    return op.cast(kept, op.result_dtype or ir.DataType.INT32)
