"""Normalisation and norms."""

from __future__ import annotations

from ops.case import Case, each
from ops.inputs import array, normal, positive

IMAGE = normal(2, 3, 4, 5)
CUBE = normal(2, 3, 4)
HALF = normal(2, 3, 4, dtype="float16")
PLANES = {"x": (None, 3, None, None)}
IMAGES = [normal(2, 3, 4, 5), normal(1, 3, 2, 2)]
STATISTICS = {"g": normal(3), "b": normal(3), "m": normal(3), "v": positive(3)}


def layer(primitive: str, arguments: str, x: object, **more: object) -> Case:
    """A layer of ``nn``."""
    return Case(primitive, "self.op(x)", init=f"self.op = nn.{arguments}", x=x, **more)


CASES = (
    layer("BatchNorm", "BatchNorm2d(3)", IMAGE),
    layer("BatchNorm", "BatchNorm2d(3, eps=0.1, affine=False)", IMAGE),
    layer("BatchNorm", "BatchNorm2d(3, use_batch_statistics=True)", IMAGE),
    layer("BatchNorm", "BatchNorm2d(3)", IMAGES, dynamic=PLANES),
    layer("BatchNorm", "BatchNorm1d(3)", normal(4, 3)),
    layer("BatchNorm", "BatchNorm3d(3)", normal(1, 3, 2, 2, 2)),
    Case("BatchNorm", "P.BatchNorm(is_training=False, epsilon=1e-3)(x, g, b, m, v)[0]", x=IMAGE, **STATISTICS),
    Case("BatchNorm", "y = P.BatchNorm(True, momentum=0.9)(x, g, b, m, v)\ny[0], y[3], y[4]", x=IMAGE, **STATISTICS),
    Case("BatchNorm", "ops.batch_norm(x, m, v, g, b, training=False, eps=1e-2)", x=normal(4, 3), **STATISTICS),
    Case("BatchNorm", "ops.batch_norm(x, m, v, g, b)", x=normal(2, 3, 4, 5, dtype="float16"), **STATISTICS),
    layer("LayerNorm", "LayerNorm((4,))", CUBE),
    layer("LayerNorm", "LayerNorm((3, 4), begin_norm_axis=1, begin_params_axis=1)", CUBE),
    layer("LayerNorm", "LayerNorm((4,), epsilon=0.1)", HALF),
    layer("LayerNorm", "LayerNorm((4,))", [CUBE, normal(5, 3, 4)], dynamic={"x": (None, 3, 4)}),
    Case("LayerNorm", "P.LayerNorm()(x, y, z)", x=CUBE, y=normal(3, 4), z=normal(3, 4)),
    Case("LayerNorm", "P.LayerNorm(-1, -1)(x, y, z)", x=CUBE, y=normal(4), z=normal(4)),
    Case("LayerNorm", "P.LayerNorm(1, 2)(x, y, z)", x=CUBE, y=normal(4), z=normal(4)),
    layer("GroupNorm", "GroupNorm(2, 4)", normal(2, 4, 3, 3)),
    layer("GroupNorm", "GroupNorm(4, 4, eps=0.1, affine=False)", normal(2, 4, 3, 3)),
    Case("GroupNorm", "ops.group_norm(x, 3)", x=normal(2, 6, 4)),
    Case(
        "GroupNorm",
        "ops.group_norm(x, 1, y, z)",
        x=normal(2, 4, 3, dtype="float16"),
        y=normal(4, dtype="float16"),
        z=normal(4, dtype="float16"),
    ),
    layer(
        "GroupNorm", "GroupNorm(2, 4)", [normal(2, 4, 3, 3), normal(1, 4, 2, 5)], dynamic={"x": (None, 4, None, None)}
    ),
    Case(
        "InstanceNormV2",
        "nn_ops.InstanceNormV2()(x, g, b, m, v)",
        x=normal(2, 3, 2, 2, 4),
        g=normal(2, 3, 1, 1, 4),
        b=normal(2, 3, 1, 1, 4),
        m=normal(2, 3, 1, 1, 4),
        v=positive(2, 3, 1, 1, 4),
    ),
    Case(
        "InstanceNormV2",
        "nn_ops.InstanceNormV2(is_training=False, epsilon=0.1)(x, g, b, m, v)",
        x=IMAGE,
        g=normal(2, 3, 1, 1),
        b=normal(2, 3, 1, 1),
        m=normal(2, 3, 1, 1),
        v=positive(2, 3, 1, 1),
    ),
    *each("ClipByNorm", "inner.ClipByNorm()(x, ms.Tensor(1.0, ms.float32))", CUBE),
    *each("ClipByNorm", "inner.ClipByNorm(axis=(0, 1, -1))(x, ms.Tensor([2.0], ms.float32))", CUBE),
    *each("ClipByNorm", "inner.ClipByNorm()(x, ms.Tensor(50.0, ms.float32))", CUBE),
    *each("L2Normalize", "ops.L2Normalize()(x)", normal(4), array([[0.0, 0.0], [3.0, 4.0]])),
    *each("L2Normalize", "ops.L2Normalize(axis=1)(x)", CUBE, HALF),
    *each("L2Normalize", "ops.L2Normalize(axis=-1, epsilon=0.5)(x)", CUBE),
    *each("LRN", "ops.lrn(x)", normal(1, 7, 2, 2), normal(1, 3, 2, 2, dtype="float16")),
    *each("LRN", "ops.lrn(x, depth_radius=1, bias=2.0, alpha=0.5, beta=0.75)", normal(2, 6, 2, 3)),
    *each("LpNorm", "ops.LpNorm(1)(x)", CUBE, HALF),
    *each("LpNorm", "ops.LpNorm((0, 2), 3, True)(x)", CUBE),
    *each("LpNorm", "ops.LpNorm(-1, 1)(x)", CUBE),
    *each("LpNorm", "ops.LpNorm((0, 1), epsilon=2.5)(x)", normal(2, 3)),
    *each("NuclearNorm", "ops.NuclearNorm()(x)", normal(3, 2)),
    *each("NuclearNorm", "ops.NuclearNorm((0, 2), True)(x)", CUBE),
    *each("Renorm", "ops.renorm(x, 2, 0, 1.0)", CUBE, normal(2, 3, dtype="float16")),
    *each("Renorm", "ops.renorm(x, 1, 1, 2.5)", CUBE),
    *each("Renorm", "ops.Renorm(3, -1, 1.5)(x)", CUBE),
)
