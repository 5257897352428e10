"""Element-wise primitives with three operands, or with bounds."""

from __future__ import annotations

from ops.case import Case, each
from ops.inputs import array, booleans, integers, normal, positive, specials, uniform

CASES = (
    Case("Addcdiv", "ops.addcdiv(x, y, z, 0.5)", x=normal(2, 3), y=normal(2, 3), z=positive(2, 3)),
    Case("Addcdiv", "ops.addcdiv(x, y, z, 2)", x=normal(3), y=normal(2, 1), z=positive(2, 3)),
    Case("Addcdiv", "P.Addcdiv()(x, y, z, w)", x=normal(2, 3), y=normal(3), z=positive(2, 1), w=array([0.5])),
    Case("Addcdiv", "ops.addcdiv(x, y, z, 1.0)", x=normal(3), y=specials(column=True), z=array([0.25, 1.0, -2.0])),
    Case("Addcmul", "ops.addcmul(x, y, z, 0.5)", x=normal(2, 3), y=normal(2, 3), z=normal(2, 3)),
    Case("Addcmul", "ops.addcmul(x, y, z, 2)", x=integers(-5, 5, 3), y=integers(-5, 5, 2, 1), z=integers(-5, 5, 2, 3)),
    Case("Addcmul", "P.Addcmul()(x, y, z, w)", x=normal(2, 3), y=normal(3), z=normal(2, 1), w=array([-0.5])),
    Case("Addcmul", "ops.addcmul(x, y, z, 0.5)", **{name: normal(4, dtype="float16") for name in "xyz"}),
    *each("ClampScalar", "mint.clamp(x, -0.5, 1.0)", normal(2, 3), specials(nan=False), normal(4, dtype="float16")),
    *each("ClampScalar", "mint.clamp(x, min=0.5)", normal(2, 3), specials(nan=False), integers(-3, 4, 5)),
    *each("ClampScalar", "ops.clamp(x, max=1)", normal(2, 3), integers(-3, 4, 5), integers(-3, 4, 5, dtype="int64")),
    *each("ClampScalar", "ops.clamp(x, 2, -1)", normal(2, 3), integers(-3, 4, 5)),
    *each("ClampScalar", "ops.clamp(x, -0.5, 1)", integers(-3, 4, 5)),
    Case("ClampTensor", "mint.clamp(x, y, z)", x=normal(2, 3), y=array([-0.5, -1.0, 0.0]), z=array([[0.5], [1.0]])),
    Case("ClampTensor", "mint.clamp(x, y, None)", x=specials(nan=False), y=array(0.25)),
    Case("ClampTensor", "ops.clamp(x, None, y)", x=integers(-5, 6, 2, 3), y=integers(-1, 2, 3)),
    Case("ClampTensor", "mint.clamp(x, y, z)", x=normal(4), y=array(1.0), z=array(-1.0)),
    Case("Lerp", "ops.lerp(x, y, 0.25)", x=normal(2, 3), y=normal(2, 3)),
    Case("Lerp", "ops.lerp(x, y, z)", x=normal(2, 3), y=normal(3), z=normal(2, 1)),
    Case(
        "Lerp",
        "mint.lerp(x, y, z)",
        x=normal(3, dtype="float16"),
        y=normal(3, dtype="float16"),
        z=normal(3, dtype="float16"),
    ),
    Case("Lerp", "mint.lerp(x, y, 1.5)", x=specials(), y=specials(column=True)),
    Case("Betainc", "ops.Betainc()(x, y, z)", x=positive(2, 3), y=positive(2, 3), z=uniform(2, 3, low=0.05, high=0.95)),
    Case(
        "Betainc",
        "ops.Betainc()(x, y, z)",
        x=array([1.0, 2.0, 5.0]),
        y=array([1.0, 3.0, 0.5]),
        z=array([0.0, 0.5, 1.0]),
    ),
    Case("Select", "ops.select(x, y, z)", x=booleans(2, 3), y=normal(2, 3), z=normal(2, 3)),
    Case("Select", "ops.select(x, y, z)", x=booleans(3), y=integers(-5, 5, 3), z=integers(-5, 5, 3)),
    Case("Select", "ops.select(x, y, 1.5)", x=booleans(2, 3), y=normal(2, 3)),
    Case("Select", "ops.where(x, y, z)", x=booleans(2, 1), y=normal(3), z=normal(2, 3)),
    Case("Select", "ops.where(x, y, z)", x=booleans(3), y=normal(3, dtype="float16"), z=normal(3)),
    Case("Select", "mint.where(x, y, 2)", x=booleans(3), y=integers(-5, 5, 3, dtype="int64")),
    Case(
        "Select",
        "ops.select(x, y, z)",
        dynamic={"x": (None, 1), "y": (None, 3), "z": (None, 3)},
        x=[array([[True], [False]], "bool"), array([[True]], "bool")],
        y=[normal(2, 3), normal(1, 3)],
        z=[normal(2, 3), normal(1, 3)],
    ),
)
