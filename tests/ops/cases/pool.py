"""Pooling."""

from __future__ import annotations

from itertools import product

from ops.case import Case, each
from ops.inputs import array, distinct, integers, normal

IMAGE = normal(2, 3, 7, 8)
HALF = normal(1, 2, 6, 6, dtype="float16")
VOLUME = normal(1, 2, 5, 6, 7)
LINE = normal(2, 3, 9)
PLANES = {"x": (None, 3, None, None)}
IMAGES = [normal(2, 3, 7, 8), normal(1, 3, 6, 6)]
WINDOWS = (("2", "2"), ("3", "2"), ("(3, 2)", "(1, 2)"))
PADDED = "pad_mode='pad', padding=1, ceil_mode={ceil}, count_include_pad={count}"


def layer(primitive: str, arguments: str, x: object, **more: object) -> Case:
    """A layer of ``nn``."""
    return Case(primitive, "self.op(x)", init=f"self.op = nn.{arguments}", x=x, **more)


CASES = (
    *(
        layer(f"{kind}Pool", f"{kind}Pool2d({kernel}, {stride}, pad_mode='{mode}')", IMAGE)
        for kind, mode, (kernel, stride) in product(("Max", "Avg"), ("same", "valid"), WINDOWS)
    ),
    *each("MaxPool", "P.MaxPool(3, 2, 'SAME')(x)", HALF, normal(1, 2, 5, 5, dtype="float64")),
    *each("MaxPool", "P.MaxPool(1, 2)(x)", IMAGE),
    layer("MaxPool", "MaxPool1d(3, 2)", LINE),
    layer("MaxPool", "MaxPool1d(3, 2, pad_mode='same')", LINE),
    layer("MaxPool", "MaxPool2d(3, 2, 'same')", IMAGES, dynamic=PLANES),
    *each("MaxPool", "ops.adaptive_max_pool1d(x, 3)", LINE),
    *each("AvgPool", "P.AvgPool(3, 2, 'SAME')(x)", HALF, normal(1, 2, 5, 5, dtype="float64")),
    *each("AvgPool", "P.AvgPool(1, 2)(x)", IMAGE),
    layer("AvgPool", "AvgPool1d(3, 2)", LINE),
    layer("AvgPool", "AvgPool1d(3, 2, pad_mode='same')", LINE),
    layer("AvgPool", "AvgPool2d(3, 2, 'same')", IMAGES, dynamic=PLANES),
    layer("AvgPool", "AvgPool2d(2)", IMAGES, dynamic=PLANES),
    *each("AvgPool", "ops.adaptive_avg_pool1d(x, 3)", LINE),
    *(
        layer(f"{kind}Pool3D", f"{kind}Pool3d({kernel}, {stride}, pad_mode='{mode}')", VOLUME)
        for kind, mode, (kernel, stride) in product(
            ("Max", "Avg"), ("same", "valid"), (("2", "2"), ("(3, 2, 2)", "(1, 2, 3)"))
        )
    ),
    *each("MaxPool3D", "P.MaxPool3D(2, 2, 'pad', (1, 0, 1, 1, 0, 1))(x)", VOLUME),
    *each(
        "MaxPool3D", "P.MaxPool3D(3, 2, 'pad', 1, ceil_mode=True)(x)", VOLUME, normal(1, 2, 4, 4, 4, dtype="float16")
    ),
    *(
        layer("AvgPool3D", f"AvgPool3d(3, 2, {PADDED.format(ceil=ceil, count=count)})", VOLUME)
        for ceil, count in product((False, True), repeat=2)
    ),
    *(
        layer("AvgPool3D", f"AvgPool2d(3, 2, {PADDED.format(ceil=ceil, count=count)})", IMAGE)
        for ceil, count in product((False, True), repeat=2)
    ),
    *(
        layer("AvgPool3D", f"AvgPool1d(3, 2, {PADDED.format(ceil=ceil, count=count)})", LINE)
        for ceil, count in product((False, True), repeat=2)
    ),
    *each("AvgPool3D", "ops.avg_pool2d(x, 3, 2, divisor_override=5)", IMAGE),
    *each("AvgPool3D", "ops.avg_pool2d(x, (3, 2), (2, 1), (1, 1, 0, 1))", IMAGE),
    *each(
        "AvgPool3D",
        "P.AvgPool3D(2, 2, 'pad', (1, 0, 1, 1, 0, 1), False, False)(x)",
        VOLUME,
        normal(1, 2, 4, 4, 4, dtype="float16"),
    ),
    *(
        layer("MaxPool3DWithArgmax", f"MaxPool2d(3, 2, 'pad', padding=1, return_indices=True, ceil_mode={ceil})", IMAGE)
        for ceil in (False, True)
    ),
    layer("MaxPool3DWithArgmax", "MaxPool1d(3, 2, 'pad', padding=1, dilation=2)", LINE),
    layer("MaxPool3DWithArgmax", "MaxPool3d(3, 2, 'pad', padding=1, dilation=(1, 2, 1), return_indices=True)", VOLUME),
    *each(
        "MaxPool3DWithArgmax",
        "P.MaxPool3DWithArgmax(2, 2, (0, 1, 1))(x)",
        VOLUME,
        distinct(1, 2, 4, 4, 4, dtype="int32"),
    ),
    *each("MaxPoolWithArgmax", "P.MaxPoolWithArgmax(2, 2)(x)", IMAGE, HALF),
    *each("MaxPoolWithArgmax", "P.MaxPoolWithArgmax(3, 2, 'same')(x)", IMAGE),
    *each("MaxPoolWithArgmaxV2", "P.MaxPoolWithArgmaxV2(2, 2)(x)", IMAGE, HALF, integers(0, 3, 1, 2, 6, 6)),
    *each("MaxPoolWithArgmaxV2", "P.MaxPoolWithArgmaxV2(3, 2, 1, (1, 2), True, ms.int32)(x)", IMAGE),
    *each("MaxPoolWithArgmaxV2", "ops.max_pool2d(x, 3, 2, 1, ceil_mode=True, return_indices=True)", IMAGE),
    *each("AdaptiveAvgPool2D", "ops.adaptive_avg_pool2d(x, 1)", IMAGE, HALF),
    *each("AdaptiveAvgPool2D", "ops.adaptive_avg_pool2d(x, (3, 5))", IMAGE, normal(3, 7, 8)),
    *each("AdaptiveAvgPool2D", "ops.adaptive_avg_pool2d(x, (None, 4))", IMAGE),
    *each("AdaptiveAvgPool2D", "ops.adaptive_avg_pool2d(x, 9)", normal(1, 1, 4, 5)),
    *each("AdaptiveAvgPool3D", "ops.adaptive_avg_pool3d(x, 1)", VOLUME),
    *each("AdaptiveAvgPool3D", "ops.adaptive_avg_pool3d(x, (2, 3, 4))", VOLUME, normal(2, 5, 6, 7)),
    *each("AdaptiveAvgPool3D", "ops.adaptive_avg_pool3d(x, (None, 2, 3))", VOLUME),
    *each("AdaptiveMaxPool2D", "ops.adaptive_max_pool2d(x, 1)", IMAGE, HALF),
    *each("AdaptiveMaxPool2D", "ops.adaptive_max_pool2d(x, (3, 5), True)", IMAGE),
    *each("AdaptiveMaxPool2D", "mint.nn.functional.adaptive_max_pool2d(x, (None, 4))", IMAGE),
    Case("AdaptiveMaxPool3D", "P.AdaptiveMaxPool3D()(x, y)", x=VOLUME, y=array([2, 3, 4], "int32")),
    Case("AdaptiveMaxPool3D", "P.AdaptiveMaxPool3D()(x, y)", x=VOLUME, y=array([1, 1, 1], "int32")),
    Case("MaxUnpool2D", "ops.max_unpool2d(x, y, 2)", x=normal(1, 1, 2, 2), y=array([[[[0, 3], [8, 15]]]], "int64")),
    Case(
        "MaxUnpool2D",
        "P.MaxUnpool2D(2, 2, output_shape=(1, 1, 5, 5))(x, y)",
        x=normal(1, 1, 2, 2),
        y=array([[[[0, 3], [8, 24]]]], "int32"),
    ),
    Case(
        "MaxUnpool3D", "ops.max_unpool3d(x, y, 2)", x=normal(1, 1, 1, 2, 2), y=array([[[[[0, 3], [8, 15]]]]], "int64")
    ),
    Case("MaxUnpool3D", "P.MaxUnpool3D(2, 2)(x, y)", x=normal(1, 2, 1, 1, 1), y=array([[[[[7]]], [[[2]]]]], "int32")),
    *each(
        "FractionalAvgPool",
        "P.FractionalAvgPool([1.0, 1.4, 1.4, 1.0], deterministic=True, seed=3, seed2=5)(x)",
        normal(1, 6, 6, 2),
    ),
    *each("FractionalAvgPool", "P.FractionalAvgPool([1.0, 2.0, 2.0, 1.0])(x)", normal(1, 6, 6, 2)),
    *each(
        "FractionalMaxPool",
        "P.FractionalMaxPool([1.0, 1.4, 1.4, 1.0], deterministic=True, seed=3, seed2=5)(x)",
        normal(1, 6, 6, 2),
    ),
    *each("FractionalMaxPool", "P.FractionalMaxPool([1.0, 2.0, 2.0, 1.0])(x)", normal(1, 6, 6, 2)),
    Case(
        "FractionalMaxPoolWithFixedKsize",
        "P.FractionalMaxPoolWithFixedKsize((2, 2), (3, 3))(x, y)",
        x=normal(1, 2, 6, 7),
        y=array([[[0.3, 0.7], [0.1, 0.9]]]),
    ),
    Case(
        "FractionalMaxPoolWithFixedKsize",
        "P.FractionalMaxPoolWithFixedKsize(3, 2)(x, y)",
        x=normal(1, 1, 5, 5),
        y=array([[[0.5, 0.25]]]),
    ),
    Case(
        "FractionalMaxPool3DWithFixedKsize",
        "P.FractionalMaxPool3DWithFixedKsize((2, 2, 2), (2, 2, 3))(x, y)",
        x=VOLUME,
        y=array([[[0.3, 0.7, 0.5], [0.1, 0.9, 0.2]]]),
    ),
    Case(
        "FractionalMaxPool3DWithFixedKsize",
        "P.FractionalMaxPool3DWithFixedKsize((1, 2, 2), (2, 2, 3))(x, y)",
        x=normal(3, 4, 5, 6),
        y=array([[[0.3, 0.7, 0.5]], [[0.1, 0.9, 0.2]], [[0.0, 0.4, 0.6]]]),
    ),
    Case(
        "FractionalMaxPool3DWithFixedKsize",
        "P.FractionalMaxPool3DWithFixedKsize(2, 2)(x, y)",
        x=normal(1, 1, 4, 4, 4),
        y=array([[[0.5, 0.25, 0.75]]]),
    ),
)
