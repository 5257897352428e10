"""Random primitives where the result does not depend on chance, or where nothing is made of the random part."""

from __future__ import annotations

from ops.case import Case, each
from ops.inputs import array, normal

CASES = (
    *each("Dropout", "P.Dropout(1.0)(x)[0]", normal(2, 3), normal(4, dtype="float16")),
    *each("Dropout2D", "ops.Dropout2D(1.0)(x)", normal(1, 2, 3, 3)),
    *each("Dropout2D", "ops.Dropout2D(0.0)(x)", normal(1, 2, 3, 3)),
    *each("Dropout3D", "ops.Dropout3D(1.0)(x)", normal(1, 2, 2, 3, 3)),
    *each("Dropout3D", "ops.Dropout3D(0.0)(x)", normal(1, 2, 2, 3, 3)),
    *each("Bernoulli", "ops.bernoulli(x, 1.0)", normal(2, 3)),
    *each("Bernoulli", "ops.bernoulli(x, 0.0)", normal(2, 3)),
    *each("RandomShuffle", "ops.shuffle(x)", normal(1, 3)),
    Case("UniformInt", "P.UniformInt()((2, 3), x, y)", x=array(4, "int32"), y=array(5, "int32")),
    *each("RandomChoiceWithMask", "P.RandomChoiceWithMask(3)(x)[1]", array([True, False, True, False], "bool")),
    *each("Multinomial", "P.Multinomial()(x, 3)", array([0.0, 1.0, 0.0])),
    *each("RandpermV2", "P.RandpermV2()(x)", array(1, "int64")),
    *each("RandomCategorical", "P.RandomCategorical()(x, 3, 7)", array([[-1e30, 9.0]])),
    *each("StandardNormal", "x + 0.0 * ops.isnan(ops.standard_normal((2, 3))).astype(ms.float32)", normal(2, 3)),
    *each("UniformReal", "ops.rand(2, 3) < x", array([[2.0]])),
)
