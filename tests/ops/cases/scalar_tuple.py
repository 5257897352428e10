"""Host scalars, tuples and lists, and the bridges between them and tensors."""

from __future__ import annotations

from collections.abc import Iterator

from ops.case import Case
from ops.inputs import array, mutable, normal

FREE = {"x": (None, 4)}
ROWS = [normal(3, 4), normal(7, 4)]


def scalars(primitive: str, expression: str, *pairs: tuple[object, object]) -> Iterator[Case]:
    """One case for each pair of the mutable scalars ``a`` and ``b``."""
    return (Case(primitive, expression, x=normal(2, 3), a=mutable(first), b=mutable(second)) for first, second in pairs)


CASES = (
    *scalars("ScalarAdd", "(x * (a + b), a + b)", (3, 4), (2.5, 4)),
    *scalars("ScalarSub", "(x * (a - b), a - b)", (3, 4), (2.5, -1.25)),
    *scalars("ScalarMul", "(x * (a * b), a * b)", (3, -4), (2.5, 2.0)),
    *scalars("ScalarDiv", "(x * (a / b), a / b)", (3, 4), (2.5, -2.0)),
    *scalars("ScalarFloorDiv", "(x * (a // b), a // b)", (7, 2), (-7, 2), (7.5, 2.0), (-7.5, 2.0)),
    *scalars("ScalarMod", "(x * (a % b), a % b)", (7, 3), (-7, 3), (7, -3), (7.5, 2.0), (-7.5, 2.0)),
    *scalars("ScalarPow", "(x * (a ** b), a ** b)", (2, 3), (2.5, 2.0)),
    *scalars("ScalarEq", "(x, a == b)", (3, 3), (2.5, 2.0)),
    *scalars("ScalarLt", "(x, a < b)", (3, 3), (2.0, 2.5)),
    *scalars("ScalarLe", "(x, a <= b)", (3, 3), (2.5, 2.0)),
    *scalars("ScalarGt", "(x, a > b)", (3, 3), (2.5, 2.0)),
    *scalars("ScalarGe", "(x, a >= b)", (3, 3), (2.0, 2.5)),
    *scalars("ScalarUsub", "(x * -a, -b)", (3, 2), (2.5, -1.0)),
    *scalars(
        "ScalarToTensor",
        "ops.scalar_to_tensor(a, ms.float32) + ops.scalar_to_tensor(b, ms.float32)",
        (3, 2),
        (2.5, -1.0),
    ),
    *scalars("ScalarCast", "(x * int(a), float(b))", (3.75, 2), (-2.75, -1)),
    *scalars("Switch", "if a > b:\n    y = x + a\nelse:\n    y = x - b\ny", (3, 2), (2, 3)),
    Case("Reshape", "ops.reshape(x, (x.shape[0] * 2, 2))", dynamic=FREE, x=ROWS),
    Case("Reshape", "ops.reshape(x, (x.shape[0] * 4 // 2, 2))", dynamic=FREE, x=ROWS),
    Case("ScalarAdd", "ops.ones((x.shape[0] + 1, x.shape[1]), ms.float32)", dynamic=FREE, x=ROWS),
    Case("TensorToScalar", "ops.ones_like(x) * n.item()", x=normal(2, 3), n=[array(3, "int32"), array(-1, "int32")]),
    Case("TensorToScalar", "x * ms.ops.auto_generate.TensorToScalar()(n)", x=normal(2, 3), n=array(2.5)),
    Case(
        "TensorToTuple",
        "ops.reshape(x, ops.operations._sequence_ops.TensorToTuple()(n))",
        x=normal(2, 6),
        n=array([3, 4], "int64"),
    ),
    Case(
        "TupleToTensor",
        "ops.operations._sequence_ops.TupleToTensor()((a, b, 5), ms.float32)",
        a=mutable(3),
        b=mutable(4),
    ),
    Case("TupleToTensor", "ops.operations._sequence_ops.TupleToTensor()((a, b), ms.int64)", a=mutable(3), b=mutable(4)),
    Case("Add", "y, z = ops.split(x, 2)\na = [y, z]\na.append(y + z)\na", x=normal(4, 3)),
    Case("Add", "(x, (x + 1, [x + 2, (x + 3,)]), 5, 2.5, True, None)", x=normal(2, 3)),
)
