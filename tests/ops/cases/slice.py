"""Parts of a tensor at fixed places, and padding."""

from __future__ import annotations

from ops.case import Case, each
from ops.inputs import array, booleans, integers, mutable, normal

CUBE = normal(4, 5, 6)
HALF = normal(4, 5, 6, dtype="float16")
INTS = integers(-9, 10, 4, 5, 6)
LONGS = integers(-9, 10, 4, 5, 6, dtype="int64")
BOOLS = booleans(4, 5, 6)
KINDS = (CUBE, HALF, INTS, LONGS, BOOLS)
ROWS = {"x": (None, 5, 6)}
BATCHES = [normal(4, 5, 6), normal(3, 5, 6)]
SUBSCRIPTS = (
    "0",
    "-1",
    ":, 1:3",
    "..., 2",
    "..., -1",
    "1:, ..., ::2",
    ":, ::-1",
    "::-2, :, 4:1:-1",
    "None, 0",
    ":, None, 1:2",
    "3:1",
    ":, -3:-1",
)
PLANE = normal(3, 4)
IMAGE = normal(1, 2, 3, 4)

CASES = (
    *(Case("StridedSlice", f"x[{subscript}]", x=CUBE) for subscript in SUBSCRIPTS),
    *each("StridedSlice", "x[1:3, :, ::2]", *KINDS),
    *each("StridedSlice", "ops.strided_slice(x, (1, 0, 2), (3, 5, 6), (1, 2, 2))", CUBE),
    *each("StridedSlice", "ops.strided_slice(x, (1, 0), (3, 5), (1, 2))", CUBE),
    *each("StridedSlice", "ops.strided_slice(x, (9, -99, -1), (0, 99, -99), (-1, 2, -2))", CUBE),
    *each("StridedSlice", "P.StridedSlice(begin_mask=1, end_mask=2)(x, (1, 1, 1), (3, 3, 3), (1, 1, 1))", CUBE),
    *each("StridedSlice", "P.StridedSlice(ellipsis_mask=2)(x, (1, 0, 1), (3, 0, 4), (1, 1, 2))", normal(4, 5, 6, 7)),
    *each("StridedSlice", "P.StridedSlice(new_axis_mask=2)(x, (1, 0, 1), (3, 0, 4), (1, 1, 1))", CUBE),
    *each("StridedSlice", "P.StridedSlice(shrink_axis_mask=5)(x, (1, 1, -1), (2, 3, 6), (1, 1, 1))", CUBE),
    Case("StridedSlice", "x[1:, 0]", dynamic=ROWS, x=BATCHES),
    Case("StridedSlice", "x[: x.shape[0] - 1]", dynamic=ROWS, x=BATCHES),
    Case(
        "StridedSlice",
        "P.StridedSlice()(x, y, z, (1, 1, 1))",
        x=CUBE,
        y=array([1, 0, 2], "int64"),
        z=array([3, 4, 6], "int64"),
    ),
    *each("Slice", "ops.slice(x, (1, 0, 2), (2, 5, 3))", *KINDS),
    *each("Slice", "ops.slice(x, (0, 3, 0), (4, 1, 6))", CUBE),
    Case("Slice", "ops.slice(x, y, z)", x=CUBE, y=mutable((1, 0, 2)), z=mutable((2, 5, 3))),
    Case("Slice", "ops.slice(x, y, (2, 2, 2))", x=CUBE, y=array([1, 0, 2], "int64")),
    Case("Slice", "ops.narrow(x, 1, 2, 3)", x=CUBE),
    *each("NarrowView", "mint.narrow(x, 1, 2, 3)", *KINDS),
    *each("NarrowView", "mint.narrow(x, -1, 0, 2)", CUBE),
    *each("SelectExtView", "mint.select(x, 0, 1)", *KINDS),
    *each("SelectExtView", "mint.select(x, -1, -2)", CUBE),
    *each(
        "Pad", "P.Pad(((1, 2), (0, 1)))(x)", PLANE, integers(0, 9, 2, 3), normal(2, 3, dtype="float16"), normal(0, 3)
    ),
    *each("Pad", "P.Pad(((0, 0), (0, 0), (1, 1), (2, 0)))(x)", IMAGE),
    Case("Pad", "P.Pad(((0, 0), (1, 2)))(x)", dynamic={"x": (None, 3)}, x=[normal(2, 3), normal(4, 3)]),
    *each("PadV3", "ops.pad(x, (1, 2))", PLANE, IMAGE, integers(0, 9, 2, 3), normal(2, 3, dtype="float16")),
    *each("PadV3", "ops.pad(x, (1, 2, 3, 0), value=-1.5)", PLANE, IMAGE),
    *each("PadV3", "ops.pad(x, (-1, 2, 0, -1))", PLANE),
    *each("PadV3", "ops.pad(x, (1, 2), mode='reflect')", PLANE, normal(1, 3, 4)),
    *each("PadV3", "ops.pad(x, (1, 2, 2, 0), mode='reflect')", IMAGE),
    *each("PadV3", "ops.pad(x, (1, 2), mode='replicate')", PLANE, normal(1, 3, 4)),
    *each("PadV3", "ops.pad(x, (1, 2, 2, 0), mode='replicate')", IMAGE),
    *each("PadV3", "ops.pad(x, (1, 2), mode='circular')", PLANE, normal(1, 3, 4)),
    *each("PadV3", "ops.pad(x, (1, 2, 2, 0), mode='circular')", IMAGE),
    *each("PadV3", "ops.pad(x, (1, 1, 1, 1, 1, 0), mode='replicate')", normal(1, 2, 2, 3, 3)),
    *each("PadV3", "P.PadV3(paddings_contiguous=False)(x, (1, 0, 2, 1), 2.5)", PLANE),
    Case("PadV3", "P.PadV3(mode='edge')(x, y)", x=normal(1, 2, 3), y=array([1, 2], "int64")),
    Case("PadV3", "P.PadV3()(x, y, z)", x=PLANE, y=array([1, 2, 0, 1], "int64"), z=array(0.5)),
    *each(
        "ConstantPadND",
        "mint.nn.functional.pad(x, (1, 2))",
        PLANE,
        IMAGE,
        integers(0, 9, 2, 3),
        normal(2, 3, dtype="float16"),
    ),
    *each("ConstantPadND", "mint.nn.functional.pad(x, (1, 2, 3, 0), value=-1.5)", PLANE, IMAGE),
    *each("ConstantPadND", "mint.nn.functional.pad(x, (-1, 2, 0, -1))", PLANE),
    *each("MirrorPad", "P.MirrorPad('REFLECT')(x, ms.Tensor([[1, 1], [2, 1]]))", PLANE, integers(0, 9, 3, 3)),
    *each(
        "MirrorPad", "P.MirrorPad('SYMMETRIC')(x, ms.Tensor([[1, 1], [2, 3]]))", PLANE, normal(3, 3, dtype="float16")
    ),
    Case("MirrorPad", "P.MirrorPad('REFLECT')(x, y)", x=normal(2, 3, 4), y=array([[0, 0], [1, 2], [2, 0]], "int64")),
    *each("Padding", "ops.Padding(4)(x)", normal(3, 1), normal(2, 3, 1), integers(0, 9, 2, 1)),
)
