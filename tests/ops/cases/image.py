"""Resizing, sampling grids, colours, boxes and patches."""

from __future__ import annotations

from itertools import product

from ops.case import Case, each, pairs
from ops.inputs import array, integers, normal, positive, uniform

IMAGE = normal(1, 2, 4, 5)
HALF = normal(1, 2, 4, 5, dtype="float16")
LINE = normal(1, 2, 5)
VOLUME = normal(1, 2, 3, 3, 4)
COLOURS = uniform(4, 5, 3, low=0.0, high=1.0)
BATCH_COLOURS = uniform(2, 3, 4, 3, low=0.0, high=1.0)
PLANES = {"x": (None, 2, None, None)}
IMAGES = [normal(1, 2, 4, 5), normal(2, 2, 3, 3)]
SIZES = ("(8, 10)", "(7, 3)", "(2, 9)", "(1, 1)")
RULES = ("False, False", "True, False", "False, True")
BOXES = array([[0.0, 0.0, 8.0, 8.0], [2.0, 2.0, 10.0, 9.0], [0.0, 1.0, 7.0, 8.0], [20.0, 20.0, 28.0, 30.0]])
OTHER_BOXES = array([[1.0, 1.0, 9.0, 9.0], [21.0, 19.0, 30.0, 29.0]])
SCORED = array(
    [[0.0, 0.0, 8.0, 8.0, 0.9], [1.0, 1.0, 9.0, 9.0, 0.75], [20.0, 20.0, 28.0, 30.0, 0.8], [0.0, 1.0, 7.0, 8.0, 0.3]]
)
OVERLAPS = array([[1.0, 0.2, 0.3], [0.2, 1.0, 0.6], [0.3, 0.6, 1.0]])
SCORES = array([0.9, 0.8, 0.7])
ROIS = array([[0.0, 1.0, 1.0, 8.0, 8.0], [0.0, 0.0, 2.0, 5.0, 11.0]])
GLIMPSES = array([[0.0, 0.0], [0.5, -0.25]])


def samplers(name: str, image: object, grid: object) -> tuple[Case, ...]:
    """Every interpolation, padding and corner rule of a grid sampler."""
    choices = product(("bilinear", "nearest"), ("zeros", "border", "reflection"), (False, True))
    call = "ops.grid_sample(x, y, '{}', '{}', {})"
    return tuple(Case(name, call.format(*choice), x=image, y=grid) for choice in choices)


CASES = (
    *(
        Case("ResizeNearestNeighbor", f"P.ResizeNearestNeighbor({size}, {corners})(x)", x=IMAGE)
        for size, corners in product(SIZES, (False, True))
    ),
    *each("ResizeNearestNeighbor", "P.ResizeNearestNeighbor((8, 10))(x)", HALF, integers(0, 9, 1, 1, 3, 3)),
    *(
        Case("ResizeNearestNeighborV2", f"P.ResizeNearestNeighborV2({rule})(x, {size})", x=IMAGE)
        for size, rule in product(SIZES[:3], RULES)
    ),
    *each("ResizeNearestNeighborV2", "ops.interpolate(x, size=(8, 10))", HALF),
    *each(
        "ResizeNearestNeighborV2",
        "ops.interpolate(x, scale_factor=1.5, recompute_scale_factor=True, mode='nearest-exact')",
        IMAGE,
    ),
    Case("ResizeNearestNeighborV2", "ops.interpolate(x, size=(6, 6))", dynamic=PLANES, x=IMAGES),
    *(
        Case("ResizeBilinearV2", f"P.ResizeBilinearV2({rule})(x, {size})", x=IMAGE)
        for size, rule in product(SIZES, RULES)
    ),
    *each("ResizeBilinearV2", "ops.interpolate(x, size=(8, 10), mode='bilinear')", HALF),
    *each(
        "ResizeBilinearV2", "ops.interpolate(x, scale_factor=2.0, mode='bilinear', recompute_scale_factor=True)", IMAGE
    ),
    Case("ResizeBilinearV2", "ops.interpolate(x, size=(6, 6), mode='bilinear')", dynamic=PLANES, x=IMAGES),
    *(
        Case("ResizeBicubic", f"P.ResizeBicubic({rule})(x, {size})", x=IMAGE)
        for size, rule in product(SIZES[:2], RULES)
    ),
    *each("ResizeBicubic", "ops.interpolate(x, size=(8, 10), mode='bicubic')", IMAGE),
    *each("ResizeLinear1D", "P.ResizeLinear1D()(x, (8,))", LINE),
    *each("ResizeLinear1D", "P.ResizeLinear1D('half_pixel')(x, (8,))", LINE, normal(2, 1, 4, dtype="float64")),
    *each("ResizeLinear1D", "ops.interpolate(x, size=(3,), mode='linear', align_corners=True)", LINE),
    *each(
        "ResizeArea",
        "P.ResizeArea()(x, ms.Tensor([2, 3], ms.int32))",
        normal(1, 4, 5, 2),
        integers(0, 200, 1, 4, 4, 1, dtype="uint8"),
    ),
    *each("ResizeArea", "P.ResizeArea(align_corners=True)(x, ms.Tensor([7, 3], ms.int32))", normal(1, 4, 5, 2)),
    *each(
        "ResizeV2",
        "image_ops.ResizeV2()(x, ms.Tensor([0.0]), ops.ones((4,), ms.float32), ms.Tensor([1, 2, 1, 8]))",
        normal(1, 2, 1, 5),
    ),
    *each(
        "ResizeV2",
        "image_ops.ResizeV2('half_pixel', 'linear')(x, ms.Tensor([0.0]), ops.ones((4,), ms.float32), ms.Tensor([1, 2, 1, 8]))",
        normal(1, 2, 1, 5),
    ),
    *each(
        "ResizeV2",
        "image_ops.ResizeV2('align_corners', 'cubic')(x, ms.Tensor([0.0]), ops.ones((4,), ms.float32), ms.Tensor([1, 2, 6, 7]))",
        IMAGE,
    ),
    *each("UpsampleNearest1D", "mint.nn.functional.interpolate(x, size=(8,))", LINE, normal(1, 1, 4, dtype="float16")),
    *each("UpsampleNearest1D", "mint.nn.functional.interpolate(x, scale_factor=2.0)", LINE),
    *each("UpsampleNearest2D", "mint.nn.functional.interpolate(x, size=(8, 3))", IMAGE, HALF),
    *each("UpsampleNearest2D", "mint.nn.functional.interpolate(x, scale_factor=(2.0, 1.5))", IMAGE),
    *each("UpsampleNearest3D", "ops.interpolate(x, size=(6, 2, 5))", VOLUME),
    *each("UpsampleNearest3D", "mint.nn.functional.interpolate(x, scale_factor=2.0)", VOLUME),
    *each("UpsampleTrilinear3D", "ops.interpolate(x, size=(6, 2, 5), mode='trilinear')", VOLUME),
    *each("UpsampleTrilinear3D", "ops.interpolate(x, size=(6, 2, 5), mode='trilinear', align_corners=True)", VOLUME),
    *each("UpsampleTrilinear3D", "mint.nn.functional.interpolate(x, scale_factor=2.0, mode='trilinear')", VOLUME),
    *samplers("GridSampler2D", normal(2, 2, 4, 5), uniform(2, 3, 3, 2, low=-1.5, high=1.5)),
    *samplers("GridSampler3D", normal(1, 2, 3, 4, 5), uniform(1, 2, 3, 2, 3, low=-1.5, high=1.5)),
    *each("AffineGrid", "ops.affine_grid(x, (2, 3, 4, 5))", normal(2, 2, 3)),
    *each("AffineGrid", "ops.affine_grid(x, (2, 3, 4, 5), True)", normal(2, 2, 3)),
    *each("AffineGrid", "ops.affine_grid(x, (1, 3, 2, 4, 5))", normal(1, 3, 4)),
    *pairs(
        "AdjustContrastv2", "image_ops.AdjustContrastv2()(x, y)", (COLOURS, array(2.0)), (BATCH_COLOURS, array(0.5))
    ),
    *pairs("AdjustHue", "P.AdjustHue()(x, y)", (COLOURS, array(0.2)), (BATCH_COLOURS, array(-0.4))),
    *pairs("AdjustSaturation", "P.AdjustSaturation()(x, y)", (COLOURS, array(0.5)), (BATCH_COLOURS, array(1.5))),
    *each(
        "HSVToRGB",
        "P.HSVToRGB()(x)",
        uniform(1, 3, 4, 3, low=0.0, high=1.0),
        array([[[[0.0, 1.0, 1.0], [0.5, 0.0, 0.3]]]]),
    ),
    *each("RGBToHSV", "P.RGBToHSV()(x)", BATCH_COLOURS, array([[[[0.0, 0.0, 0.0], [0.5, 0.5, 0.5], [1.0, 0.0, 0.5]]]])),
    *pairs(
        "BoundingBoxDecode",
        "ops.bounding_box_decode(x, y, (64, 48))",
        (uniform(4, 4, high=30.0, low=0.0), uniform(4, 4)),
    ),
    Case(
        "BoundingBoxDecode",
        "P.BoundingBoxDecode((768, 1280), (0.1, 0.2, 0.0, 0.1), (0.1, 0.1, 0.2, 0.2), 0.016)(x, y)",
        x=positive(3, 4),
        y=normal(3, 4, scale=5.0),
    ),
    Case("BoundingBoxEncode", "ops.bounding_box_encode(x, y)", x=BOXES, y=array([[1.0, 2.0, 9.0, 7.0]] * 4)),
    Case(
        "BoundingBoxEncode",
        "P.BoundingBoxEncode((0.1, 0.2, 0.0, 0.1), (0.1, 0.1, 0.2, 0.2))(x, y)",
        x=BOXES,
        y=array([[1.0, 2.0, 9.0, 7.0]] * 4),
    ),
    *pairs("IOU", "ops.iou(x, y)", (BOXES, OTHER_BOXES), (OTHER_BOXES, BOXES)),
    *pairs("IOU", "ops.iou(x, y, 'iof')", (BOXES, OTHER_BOXES)),
    *each("NMSWithMask", "P.NMSWithMask(0.5)(x)", SCORED),
    *each("NMSWithMask", "P.NMSWithMask(0.9)(x)", SCORED),
    *each("NMSWithMask", "P.NMSWithMask(0.1)(x)", SCORED),
    Case(
        "NonMaxSuppressionWithOverlaps",
        "P.NonMaxSuppressionWithOverlaps()(x, y, n, t, s)",
        x=OVERLAPS,
        y=SCORES,
        n=array(2, "int32"),
        t=array(0.5),
        s=array(0.0),
    ),
    Case(
        "NonMaxSuppressionWithOverlaps",
        "P.NonMaxSuppressionWithOverlaps()(x, y, n, t, s)",
        x=OVERLAPS,
        y=SCORES,
        n=array(3, "int32"),
        t=array(0.25),
        s=array(0.75),
    ),
    Case(
        "CombinedNonMaxSuppression",
        "P.CombinedNonMaxSuppression()(b, s, c, t, i, j)",
        b=uniform(1, 4, 1, 4, low=0.0, high=1.0),
        s=uniform(1, 4, 2, low=0.0, high=1.0),
        c=array(2, "int32"),
        t=array(4, "int32"),
        i=array(0.5),
        j=array(0.1),
    ),
    Case(
        "CombinedNonMaxSuppression",
        "P.CombinedNonMaxSuppression(pad_per_class=True)(b, s, c, t, i, j)",
        b=uniform(2, 3, 2, 4, low=0.0, high=1.0),
        s=uniform(2, 3, 2, low=0.0, high=1.0),
        c=array(1, "int32"),
        t=array(3, "int32"),
        i=array(0.3),
        j=array(0.2),
    ),
    Case(
        "CropAndResize",
        "ops.crop_and_resize(x, y, z, (3, 4))",
        x=normal(2, 5, 6, 2),
        y=array([[0.0, 0.1, 0.8, 0.9], [0.5, 0.0, 1.2, 1.0]]),
        z=array([0, 1], "int32"),
    ),
    *(
        Case(
            "CropAndResize",
            f"ops.crop_and_resize(x, y, z, (4, 3), '{method}', 0.5)",
            x=normal(1, 4, 4, 2),
            y=array([[0.9, 0.2, 0.1, 0.7], [-0.2, 0.0, 0.5, 1.3]]),
            z=array([0, 0], "int32"),
        )
        for method in ("bilinear", "nearest", "bilinear_v2")
    ),
    Case("ROIAlign", "P.ROIAlign(2, 3, 0.5, 2)(x, y)", x=normal(1, 2, 6, 7), y=ROIS),
    Case("ROIAlign", "P.ROIAlign(2, 2, 1.0, 0, 0)(x, y)", x=normal(1, 2, 12, 12), y=ROIS),
    Case("ROIAlign", "P.ROIAlign(3, 3, 0.25, 1, 1)(x, y)", x=normal(1, 1, 4, 4), y=ROIS),
    Case(
        "PSROIPooling",
        "nn_ops.PSROIPooling(1.0, 2, 2)(x, y)",
        x=normal(1, 8, 6, 6),
        y=array([[[0.0], [0.0], [0.0], [4.0], [4.0]]]),
    ),
    Case(
        "PSROIPooling",
        "nn_ops.PSROIPooling(0.5, 3, 1)(x, y)",
        x=normal(1, 9, 6, 6),
        y=array([[[0.0, 1.0], [2.0, 9.0], [8.0, 0.0], [0.0, 3.0], [11.0, 7.0]]]),
    ),
    *(
        Case(
            "ExtractGlimpse",
            f"P.ExtractGlimpse({flags})(x, y, z)",
            x=normal(2, 6, 7, 2),
            y=array([3, 4], "int32"),
            z=GLIMPSES,
        )
        for flags in ("True, True, False, 'zero'", "True, False, False, 'zero'", "False, True, False, 'zero'")
    ),
    *(
        Case(
            "ExtractVolumePatches",
            f"P.ExtractVolumePatches([1, 1, 2, 2, 2], [1, 1, {strides}], '{mode}')(x)",
            x=normal(1, 2, 3, 4, 4),
        )
        for strides, mode in (("1, 1, 1", "VALID"), ("2, 2, 2", "SAME"))
    ),
    Case(
        "ScaleAndTranslate",
        "P.ScaleAndTranslate()(x, y, z, w)",
        x=normal(1, 4, 3, 2),
        y=array([6, 2], "int32"),
        z=array([1.5, 0.75]),
        w=array([0.0, 0.0]),
    ),
    Case(
        "ScaleAndTranslate",
        "P.ScaleAndTranslate('triangle', False)(x, y, z, w)",
        x=normal(1, 4, 3, 1),
        y=array([5, 5], "int32"),
        z=array([1.2, 0.8]),
        w=array([0.5, -0.5]),
    ),
    *each("ChannelShuffle", "ops.channel_shuffle(x, 2)", normal(1, 4, 2, 3), integers(0, 9, 2, 6, 2, 2)),
    *each("ChannelShuffle", "ops.channel_shuffle(x, 3)", normal(1, 6, 2, 1)),
    *each("ResizeNearestNeighbor", "P.ResizeNearestNeighbor((6, 10))(x)", integers(0, 9, 1, 2, 3, 5, dtype="int64")),
    *(
        Case(name, expression, dynamic={"x": (None, *first.shape[1:])}, x=[first, second])
        for name, expression, first, second in (
            ("ResizeBicubic", "P.ResizeBicubic()(x, (8, 10))", normal(2, 2, 4, 5), normal(1, 2, 4, 5)),
            ("ResizeArea", "P.ResizeArea()(x, ms.Tensor([2, 3], ms.int32))", normal(2, 4, 5, 2), normal(1, 4, 5, 2)),
        )
    ),
    Case(
        "CheckValid",
        "P.CheckValid()(x, y)",
        dynamic={"x": (None, 4)},
        x=[uniform(3, 4, high=9.0), uniform(2, 4, high=9.0)],
        y=array([8.0, 8.0, 1.0]),
    ),
)
