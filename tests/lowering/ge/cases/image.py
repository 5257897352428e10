"""Resizing, blocks of space, sampling, regions of interest, boxes."""

from __future__ import annotations

import numpy as np

from lowering.ge.case import ENGINE_TYPES, Case, numbers, vector
from lowering.ge.reference import last

X = numbers(2, 4, 4, 6)
ROWS, COLUMNS = np.arange(8) * 4 // 8, np.arange(9) * 6 // 9
NEAREST = X[:, :, ROWS][:, :, :, COLUMNS]
SIZE = vector(8, 9)


def nhwc(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(last(array))


def linear(x: np.ndarray, axis: int, where: np.ndarray) -> np.ndarray:
    """x at fractional places along an axis, clamped to it."""
    where = np.clip(where, 0, x.shape[axis] - 1)
    low = np.floor(where).astype(int)
    high = np.minimum(low + 1, x.shape[axis] - 1)
    shape = [1] * x.ndim
    shape[axis] = -1
    share = (where - low).reshape(shape)
    return np.take(x, low, axis) * (1 - share) + np.take(x, high, axis) * share


def bilinear(x: np.ndarray, height: int, width: int, *, half: bool = False, corners: bool = False) -> np.ndarray:
    for axis, count in ((2, height), (3, width)):
        size, steps = x.shape[axis], np.arange(count)
        where = steps * (size - 1) / (count - 1) if corners else (steps + 0.5 * half) * size / count - 0.5 * half
        x = linear(x, axis, where)
    return x.astype(np.float32)


def blocks(x: np.ndarray, size: int) -> np.ndarray:
    """Squares of space as groups of channels, the place in the square before the channel."""
    n, c, h, w = x.shape
    cut = x.reshape(n, c, h // size, size, w // size, size)
    return cut.transpose(0, 3, 5, 1, 2, 4).reshape(n, c * size * size, h // size, w // size)


def batches(x: np.ndarray, size: int) -> np.ndarray:
    """Squares of space as parts of the batch."""
    n, c, h, w = x.shape
    cut = x.reshape(n, c, h // size, size, w // size, size)
    return cut.transpose(3, 5, 0, 1, 2, 4).reshape(n * size * size, c, h // size, w // size)


CRD = X.reshape(2, 1, 2, 2, 4, 6).transpose(0, 1, 4, 2, 5, 3).reshape(2, 1, 8, 12)
SHUFFLED = X.reshape(2, 2, 2, 4, 6).transpose(0, 2, 1, 3, 4).reshape(X.shape)
WIDE = np.pad(X, ((0, 0), (0, 0), (1, 1), (2, 0)))
CENTRES = np.stack(np.meshgrid((2 * np.arange(6) + 1) / 6 - 1, (2 * np.arange(4) + 1) / 4 - 1), -1).astype(np.float32)
GRID = np.stack([CENTRES, CENTRES])
CUBE = numbers(1, 2, 2, 3, 4)
PLACES = [(2 * np.arange(size) + 1) / size - 1 for size in (2, 3, 4)]
CUBE_GRID = np.stack(np.meshgrid(*PLACES, indexing="ij")[::-1], -1)[None].astype(np.float32)
RAMP = np.broadcast_to(np.arange(8, dtype=np.float32), (1, 2, 8, 8)).copy()
ROIS = np.array([[0, 1, 1, 5, 5]], np.float32)
CELLS = np.broadcast_to(np.array([2.0, 4.0], np.float32), (1, 2, 2, 2))
END_CELLS = np.broadcast_to(np.array([2.25, 4.75], np.float32), (1, 2, 2, 2))
BOXES = np.array([[0, 0, 1, 1]], np.float32)
CROPPED = bilinear(X[:1], 2, 3, corners=True)
CROP = {"x": nhwc(X[:1]), "boxes": BOXES, "box_index": vector(0)}
SOME = np.array([[[0, 0, 1, 1], [0, 0, 1, 0.9], [2, 2, 3, 3]]], np.float32)
SCORES = np.array([[[0.9, 0.8, 0.7]]], np.float32)
KEPT = np.array([[0, 0, 0], [0, 0, 2]], np.int32)
FEW = {"max_output_size": vector(3), "iou_threshold": np.array([0.5], np.float32)}
ANCHORS = np.array([[0, 0, 9, 4], [2, 2, 5, 7]], np.float32)
TRUTHS = np.array([[1, 1, 8, 6], [2, 0, 7, 7]], np.float32)
MIDDLES, TRUE_MIDDLES = (
    np.stack([(one[:, 0] + one[:, 2]) / 2, (one[:, 1] + one[:, 3]) / 2], 1) for one in (ANCHORS, TRUTHS)
)
SIZES, TRUE_SIZES = (one[:, 2:] - one[:, :2] + 1 for one in (ANCHORS, TRUTHS))
DELTAS = np.concatenate([(TRUE_MIDDLES - MIDDLES) / SIZES, np.log(TRUE_SIZES / SIZES)], 1).astype(np.float32)
SCORED = np.array([[0, 0, 4, 4, 0.5], [0, 0, 4, 5, 0.9], [6, 6, 9, 9, 0.7]], np.float32)


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """The area that two boxes of whole pixels share, over that of both."""
    shared = np.prod(np.maximum(np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2]) + 1, 0))
    return shared / (np.prod(one[2:] - one[:2] + 1) + np.prod(other[2:] - other[:2] + 1) - shared)


OVERLAPS = np.array([[overlap(anchor, truth) for anchor in ANCHORS] for truth in TRUTHS], np.float32)
STILL = np.concatenate([np.zeros((1, 18, 2, 2)), np.ones((1, 9, 2, 2))], 1).astype(np.float32)
PICTURE = numbers(1, 2, 4, 4)
SAMPLED = np.zeros((1, 2, 6, 6), np.float32)
for _row, _column, _y, _x in np.ndindex(2, 2, 3, 3):
    SAMPLED[:, :, _row * 3 + _y, _column * 3 + _x] = PICTURE[:, :, _row + _y, _column + _x]
CASES = [
    Case("BoundingBoxEncode", {"anchor_box": ANCHORS, "ground_truth_box": TRUTHS}, (DELTAS,)),
    Case("BoundingBoxEncode", {"anchor_box": ANCHORS, "ground_truth_box": TRUTHS}, (DELTAS / 2 - 0.5,),
         {"means": [1.0] * 4, "stds": [2.0] * 4}),
    Case("BoundingBoxDecode", {"rois": ANCHORS, "deltas": DELTAS}, (TRUTHS,), {"max_shape": [20, 20]}),
    Case("BoundingBoxDecode", {"rois": ANCHORS, "deltas": DELTAS}, (np.clip(TRUTHS, 0, 6),), {"max_shape": [6, 6]}),
    Case("Iou", {"bboxes": ANCHORS, "gtboxes": TRUTHS}, (OVERLAPS,)),
    Case("CheckValid", {"bbox_tensor": ANCHORS, "img_metas": np.array([8, 8, 1], np.float32)}, (np.array([False, True]),)),
    Case("NMSWithMask", {"box_scores": SCORED}, (SCORED[[1, 2, 0]], vector(0, 1, 2), np.array([True, True, False]))),
    Case("DeformableOffsets", {"x": PICTURE, "offsets": STILL}, (SAMPLED,),
         {"strides": [1, 1, 1, 1], "pads": [0, 0, 0, 0], "ksize": [3, 3]}),
    Case("ResizeNearestNeighborV2", {"x": X, "size": SIZE}, (NEAREST,), constants=("size",)),
    Case("ResizeNearestNeighborV2", {"x": nhwc(X), "size": SIZE}, (nhwc(NEAREST),), {}, ("size",), {"x": "NHWC"}),
    Case("ResizeNearestNeighborV2D", {"x": X}, (NEAREST,), {"size": [8, 9]}),
    Case("ResizeBilinearV2", {"x": X, "size": SIZE}, (bilinear(X, 8, 9),), constants=("size",)),
    Case("ResizeBilinearV2", {"x": X, "size": SIZE}, (bilinear(X, 8, 9, half=True),), {"half_pixel_centers": True}, ("size",)),
    Case("ResizeBilinearV2D", {"x": X}, (bilinear(X, 8, 9, corners=True),), {"size": [8, 9], "align_corners": True}),
    Case("Resize", {"x": X, "roi": None, "scales": np.array([1, 1, 2, 1.5], np.float32), "sizes": None}, (NEAREST,),
         {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}, ("scales",)),
    Case("Resize", {"x": X, "roi": np.zeros(0, np.float32), "scales": np.zeros(0, np.float32),
                    "sizes": vector(2, 4, 8, 9, dtype="int64")}, (bilinear(X, 8, 9, half=True),), {"mode": "linear"},
         ("roi", "scales", "sizes")),
    Case("Upsample", {"x": X}, (2 * X.repeat(2, 2).repeat(3, 3),), {"scale": 2.0, "stride_h": 2, "stride_w": 3}),
    Case("SpaceToDepth", {"x": X}, (blocks(X, 2),), {"block_size": 2, "data_format": "NCHW"}),
    Case("SpaceToDepth", {"x": nhwc(X)}, (nhwc(blocks(X, 2)),), {"block_size": 2}),
    Case("DepthToSpace", {"x": blocks(X, 2)}, (X,), {"block_size": 2, "data_format": "NCHW"}),
    Case("DepthToSpace", {"x": nhwc(blocks(X, 2))}, (nhwc(X),), {"block_size": 2}),
    Case("DepthToSpace", {"x": X}, (CRD,), {"block_size": 2, "mode": "CRD", "data_format": "NCHW"}),
    Case("ShuffleChannel", {"x": X}, (SHUFFLED,), {"group": 2}),
    Case("SpaceToBatchND", {"x": nhwc(X), "block_shape": vector(2, 2), "paddings": vector(1, 1, 2, 0).reshape(2, 2)},
         (nhwc(batches(WIDE, 2)),), constants=("block_shape", "paddings")),
    Case("SpaceToBatchNDD", {"x": nhwc(X)}, (nhwc(batches(WIDE, 2)),), {"block_shape": [2, 2], "paddings": [1, 1, 2, 0]}),
    Case("BatchToSpaceND", {"x": nhwc(batches(WIDE, 2)), "block_shape": vector(2, 2), "crops": vector(1, 1, 2, 0).reshape(2, 2)},
         (nhwc(X),), constants=("block_shape", "crops")),
    Case("BatchToSpaceNDD", {"x": nhwc(batches(WIDE, 2))}, (nhwc(X),), {"block_shape": [2, 2], "crops": [1, 1, 2, 0]}),
    Case("SpaceToBatchD", {"x": X}, (batches(WIDE, 2),), {"block_size": 2, "paddings": [1, 1, 2, 0]}),
    Case("BatchToSpaceD", {"x": batches(WIDE, 2)}, (X,), {"block_size": 2, "crops": [1, 1, 2, 0]}),
    Case("GridSampler2D", {"x": X, "grid": GRID}, (X,)),
    Case("GridSampler3D", {"x": CUBE, "grid": CUBE_GRID}, (CUBE,)),
    Case("ROIAlign", {"features": RAMP, "rois": ROIS, "rois_n": None}, (CELLS,),
         {"spatial_scale": 1.0, "pooled_height": 2, "pooled_width": 2, "roi_end_mode": 0}),
    Case("ROIAlign", {"features": RAMP, "rois": ROIS}, (END_CELLS,),
         {"spatial_scale": 1.0, "pooled_height": 2, "pooled_width": 2}),
    Case("CropAndResize", CROP | {"crop_size": vector(2, 3)}, (nhwc(CROPPED),), constants=("crop_size",)),
    Case("CropAndResizeD", CROP, (nhwc(CROPPED),), {"crop_size": [2, 3]}),
    Case("NonMaxSuppressionV6", {"boxes": SOME, "scores": SCORES} | FEW, (KEPT,), constants=tuple(FEW)),
    Case("NonMaxSuppressionV7", {"boxes": SOME, "scores": SCORES} | FEW | {"score_threshold": np.array([0.75], np.float32)},
         (KEPT[:1],), constants=(*FEW, "score_threshold"), recorded=False),
    Case("Dropout", {"x": X}, (X,)),
    Case("Eye", {}, (np.eye(3, 4, dtype=np.int32),), {"num_rows": 3, "num_columns": 4, "dtype": ENGINE_TYPES["int32"]}),
    Case("Eye", {}, (np.broadcast_to(np.eye(2, dtype=np.float32), (3, 2, 2)),), {"num_rows": 2, "batch_shape": [3]}),
]  # fmt: skip
