"""Convolutions, their transposes, and columns of patches."""

from __future__ import annotations

from itertools import product

from ops.case import Case, each
from ops.inputs import array, normal

IMAGE = normal(2, 4, 7, 8)
VOLUME = normal(1, 4, 4, 5, 6)
PLANES = {"x": (None, 4, None, None)}
IMAGES = [normal(2, 4, 7, 8), normal(1, 4, 6, 6)]


def layer(primitive: str, arguments: str, x: object, **more: object) -> Case:
    """A layer of ``nn`` with bias."""
    return Case(primitive, "self.op(x)", init=f"self.op = nn.{arguments}", x=x, **more)


CASES = (
    *(
        layer("Conv2D", f"Conv2d(4, 6, {kernel}, stride={stride}, pad_mode='{mode}', dilation={dilation})", IMAGE)
        for mode, (kernel, stride, dilation) in product(("same", "valid"), ((3, 1, 1), (3, 2, 1), ((2, 3), (2, 1), 2)))
    ),
    layer("Conv2D", "Conv2d(4, 6, 3, stride=2, pad_mode='pad', padding=1, has_bias=True)", IMAGE),
    layer("Conv2D", "Conv2d(4, 6, 3, pad_mode='pad', padding=(1, 0, 2, 1), dilation=2)", IMAGE),
    layer("Conv2D", "Conv2d(4, 6, 1, has_bias=True)", IMAGE),
    layer("Conv2D", "Conv2d(4, 8, 3, group=2)", IMAGE),
    layer("Conv2D", "Conv2d(4, 4, 3, stride=2, group=4, has_bias=True)", IMAGE),
    layer("Conv2D", "Conv2d(4, 6, 3, stride=2)", IMAGES, dynamic=PLANES),
    layer("Conv2D", "Conv2d(4, 6, 3, stride=2, pad_mode='pad', padding=1)", IMAGES, dynamic=PLANES),
    layer("Conv2D", "Conv1d(4, 6, 3, stride=2, has_bias=True)", normal(2, 4, 9)),
    layer("Conv2D", "Conv1d(4, 6, 3, pad_mode='pad', padding=2, dilation=2)", normal(2, 4, 9)),
    Case(
        "Conv2D",
        "ops.conv2d(x, y, z, pad_mode='pad', padding=1, stride=(2, 1))",
        x=IMAGE,
        y=normal(6, 4, 3, 2),
        z=normal(6),
    ),
    Case("Conv2D", "ops.conv2d(x, y, groups=2, pad_mode='same')", x=IMAGE, y=normal(6, 2, 3, 3)),
    Case(
        "Conv2D",
        "P.Conv2D(6, (3, 2))(x, y)",
        x=normal(1, 4, 5, 5, dtype="float16"),
        y=normal(6, 4, 3, 2, dtype="float16"),
        tolerance=5e-3,
    ),
    Case("Conv2D", "ops.conv1d(x, y, stride=2)", x=normal(1, 4, 9), y=normal(6, 4, 3)),
    *(
        layer("Conv3D", f"Conv3d(4, 6, {kernel}, stride={stride}, pad_mode='{mode}')", VOLUME)
        for mode, (kernel, stride) in product(("same", "valid"), ((3, 1), ((2, 3, 3), 2)))
    ),
    layer("Conv3D", "Conv3d(4, 6, 3, pad_mode='pad', padding=(1, 1, 2, 0, 0, 1), has_bias=True)", VOLUME),
    layer("Conv3D", "Conv3d(4, 6, 2, pad_mode='valid', dilation=2)", normal(1, 4, 5, 5, 5)),
    layer("Conv3D", "Conv3d(4, 6, 2, group=2)", VOLUME),
    Case(
        "Conv3D",
        "ops.conv3d(x, y, z, stride=2, padding=1, pad_mode='pad')",
        x=VOLUME,
        y=normal(6, 4, 3, 3, 3),
        z=normal(6),
    ),
    *(
        layer(
            "Conv2DTranspose",
            f"Conv2dTranspose(4, 3, {kernel}, stride={stride}, pad_mode='{mode}')",
            normal(2, 4, 5, 4),
        )
        for mode, (kernel, stride) in product(("same", "valid"), ((3, 1), (3, 2), ((2, 4), (1, 3))))
    ),
    layer("Conv2DTranspose", "Conv2dTranspose(4, 3, 3, 2, 'pad', padding=1, has_bias=True)", normal(2, 4, 5, 4)),
    layer("Conv2DTranspose", "Conv2dTranspose(4, 3, 3, 2, 'pad', padding=1, output_padding=1)", normal(2, 4, 5, 4)),
    layer(
        "Conv2DTranspose", "Conv2dTranspose(4, 3, 3, 1, 'pad', padding=(1, 0, 2, 1), dilation=2)", normal(2, 4, 5, 4)
    ),
    layer("Conv2DTranspose", "Conv2dTranspose(4, 6, 3, 2, group=2)", normal(2, 4, 5, 4)),
    layer("Conv2DTranspose", "Conv2dTranspose(4, 3, 3, 2)", [normal(2, 4, 5, 4), normal(1, 4, 3, 3)], dynamic=PLANES),
    Case("Conv2DTranspose", "P.Conv2DTranspose(4, 3)(x, y, (1, 2, 5, 5))", x=normal(1, 4, 3, 3), y=normal(4, 2, 3, 3)),
    layer("Conv2DBackpropInput", "Conv1dTranspose(4, 3, 3)", normal(1, 4, 5)),
    layer("Conv2DBackpropInput", "Conv1dTranspose(4, 3, 3, 2, 'valid', has_bias=True)", normal(1, 4, 5)),
    layer("Conv2DBackpropInput", "Conv1dTranspose(4, 3, 4, 2, 'pad', padding=1)", normal(1, 4, 5)),
    Case(
        "Conv2DBackpropInput",
        "P.Conv2DBackpropInput(4, 3)(x, y, (1, 2, 5, 5))",
        x=normal(1, 4, 3, 3),
        y=normal(4, 2, 3, 3),
    ),
    Case(
        "Conv2DBackpropInput",
        "P.Conv2DBackpropInput(4, 3, 'same', stride=2)(x, y, (1, 2, 6, 6))",
        x=normal(1, 4, 3, 3),
        y=normal(4, 2, 3, 3),
    ),
    layer("Conv3DTranspose", "Conv3dTranspose(4, 3, 3)", VOLUME),
    layer("Conv3DTranspose", "Conv3dTranspose(4, 3, 3, 2, 'same')", VOLUME),
    layer("Conv3DTranspose", "Conv3dTranspose(4, 3, (2, 3, 3), 2, 'valid', has_bias=True)", VOLUME),
    layer("Conv3DTranspose", "Conv3dTranspose(4, 3, 3, 2, 'pad', padding=1, output_padding=1)", VOLUME),
    Case("Conv3DTranspose", "P.Conv3DTranspose(4, 2, 2, stride=2)(x, y)", x=VOLUME, y=normal(4, 2, 2, 2, 2)),
    Case(
        "Conv3DBackpropInput",
        "nn_ops.Conv3DBackpropInput(4, (3, 3, 3))(y, x, (1, 2, 5, 5, 5))",
        x=normal(1, 4, 3, 3, 3),
        y=normal(4, 2, 3, 3, 3),
    ),
    Case(
        "Conv3DBackpropInput",
        "nn_ops.Conv3DBackpropInput(4, (2, 2, 2), stride=2)(y, x, (1, 2, 6, 6, 6))",
        x=normal(1, 4, 3, 3, 3),
        y=normal(4, 2, 2, 2, 2),
    ),
    *each("Im2Col", "ops.unfold(x, (2, 3))", normal(1, 2, 4, 5)),
    *each(
        "Im2Col",
        "P.Im2Col((3, 2), strides=2, dilations=(1, 2), pads=1)(x)",
        normal(2, 3, 7, 6),
        normal(1, 1, 5, 5, dtype="float16"),
    ),
    *each("Im2Col", "P.Im2Col(2)(x)", normal(1, 2, 4, 4)),
    Case("Col2Im", "P.Col2Im((2, 2))(x, y)", x=normal(1, 2, 4, 9), y=array([4, 4], "int32")),
    Case(
        "Col2Im",
        "P.Col2Im((3, 2), dilation=(1, 2), padding=1, stride=2)(x, y)",
        x=normal(2, 3, 6, 12),
        y=array([7, 6], "int32"),
    ),
    Case("Col2Im", "ops.fold(x, y, [2, 2], stride=2)", x=normal(1, 8, 4), y=array([4, 4], "int32")),
    Case(
        "DeformableOffsets",
        "ops.deformable_conv2d(x, y, z, (3, 3), (1, 1, 1, 1), (0, 0, 0, 0))",
        x=normal(1, 2, 5, 5),
        y=normal(3, 2, 3, 3),
        z=normal(1, 27, 3, 3),
    ),
    Case(
        "DeformableOffsets",
        "ops.deformable_conv2d(x, y, z, (3, 3), (1, 1, 2, 2), (1, 1, 1, 1), bias=w)",
        x=normal(1, 2, 5, 5),
        y=normal(3, 2, 3, 3),
        z=normal(1, 27, 3, 3),
        w=normal(3),
    ),
    *(
        layer(
            "Conv2D",
            f"Conv2d(4, 6, {kernel}, stride={stride}, pad_mode='same', dilation={dilation})",
            IMAGES,
            dynamic=PLANES,
        )
        for kernel, stride, dilation in ((3, 1, 2), ((2, 3), 2, 2), (3, 2, 1), ((2, 3), 1, 1))
    ),
)
