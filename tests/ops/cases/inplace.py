"""Primitives that change a tensor or a parameter, and what is seen of the change."""

from __future__ import annotations

from itertools import product

from ops.case import Case, each, pairs
from ops.inputs import array, booleans, integers, normal, positive, uniform

MATRIX = normal(3, 4)
HALF = normal(3, 4, dtype="float16")
INTS = integers(-9, 10, 3, 4)
FLOATS = ((MATRIX, normal(3, 4)), (MATRIX, normal(4)), (HALF, normal(3, 4, dtype="float16")))
INTEGERS = (INTS, integers(1, 5, 3, 4))
PARAMETER = "self.p = Parameter(Tensor(np.ones((3, 4), np.float32)), name='p')"
COUNTS = "self.p = Parameter(Tensor(np.arange(12, dtype=np.int32).reshape(3, 4) + 1), name='p')"
ROWS = array([2, 0], "int32")
REPEATED = array([2, 2, 0], "int32")
POINTS = array([[2, 0], [1, 3]], "int32")
ALONG = array([[2, 0, 1, 1]], "int64")


def scatters(name: str) -> tuple[Case, ...]:
    """A scatter into a parameter: by rows, by repeated rows, and into integers."""
    call = f"ops.Scatter{name}()(self.p, y, z)"
    repeated = ROWS if name == "Update" else REPEATED
    count = 2 if name == "Update" else 3
    return (
        Case(f"Scatter{name}", call, init=PARAMETER, y=ROWS, z=positive(2, 4)),
        Case(f"Scatter{name}", call, init=PARAMETER, y=repeated, z=positive(count, 4)),
        Case(f"Scatter{name}", call, init=COUNTS, y=ROWS, z=integers(1, 5, 2, 4)),
        Case(f"Scatter{name}", call, init=PARAMETER, y=array([[2, 0]], "int32"), z=positive(1, 2, 4)),
    )


def scatters_nd(name: str) -> tuple[Case, ...]:
    """A scatter into a parameter: at points, by rows, and into integers."""
    call = f"ops.ScatterNd{name}()(self.p, y, z)"
    return (
        Case(f"ScatterNd{name}", call, init=PARAMETER, y=POINTS, z=positive(2)),
        Case(f"ScatterNd{name}", call, init=PARAMETER, y=array([[2], [0]], "int32"), z=positive(2, 4)),
        Case(f"ScatterNd{name}", call, init=COUNTS, y=POINTS, z=integers(1, 5, 2)),
    )


CASES = (
    *pairs("InplaceAddExt", "x += y\nx", *FLOATS, INTEGERS, (MATRIX, integers(-5, 6, 4))),
    *pairs("InplaceAddExt", "x.add_(y, alpha=2)", FLOATS[0]),
    Case("InplaceAddExt", "y = x * 2.0\nz = y\ny += x\ny + z", x=MATRIX),
    Case("InplaceAddExt", "y = x * 2.0\nz = ops.exp(y)\ny += x\ny + z", x=MATRIX),
    Case("InplaceAddExt", "x += y\nx", dynamic={"x": (None, 4)}, x=[normal(3, 4), normal(5, 4)], y=normal(4)),
    Case("InplaceAddExt", "self.p += x\nself.p * 2.0", init=PARAMETER, x=MATRIX),
    *each("InplaceAddsExt", "x += 2.5\nx", MATRIX, HALF),
    *each("InplaceAddsExt", "x += 2\nx", MATRIX, INTS),
    *pairs("InplaceSubExt", "x -= y\nx", *FLOATS, INTEGERS),
    *each("InplaceSubScalar", "x -= 2.5\nx", MATRIX, HALF),
    *each("InplaceSubScalar", "x -= 2\nx", MATRIX, INTS),
    *pairs("InplaceMul", "x *= y\nx", *FLOATS, INTEGERS),
    *pairs("InplaceMul", "x.mul_(y)", FLOATS[1]),
    *each("InplaceMuls", "x *= 2.5\nx", MATRIX, HALF),
    *each("InplaceMuls", "x *= 3\nx", MATRIX, INTS),
    *pairs("InplaceDiv", "x /= y\nx", *FLOATS),
    *pairs("InplaceDiv", "x.div_(y)", FLOATS[1]),
    *each("InplaceDivs", "x /= 2.5\nx", MATRIX, HALF),
    *each("InplaceDivs", "x /= 3\nx", MATRIX),
    *pairs(
        "InplaceFloorDivide",
        "x.floor_divide_(y)",
        (uniform(3, 4, low=-9, high=9), array([-2.0, 1.5, 3.0, -0.5])),
        INTEGERS,
    ),
    *each("InplaceFloorDivides", "x //= 2.5\nx", uniform(3, 4, low=-9, high=9)),
    *each("InplaceFloorDivides", "x //= -3\nx", uniform(3, 4, low=-9, high=9), INTS),
    *each("InplaceRemainderTensorScalar", "x %= 2.5\nx", uniform(3, 4, low=-9, high=9)),
    *each("InplaceRemainderTensorScalar", "x %= -3\nx", uniform(3, 4, low=-9, high=9), INTS),
    *pairs(
        "InplaceRemainderTensorTensor",
        "x %= y\nx",
        (uniform(3, 4, low=-9, high=9), array([-2.0, 1.5, 3.0, -0.5])),
        INTEGERS,
    ),
    *pairs("InplaceCopy", "x.copy_(y)", *FLOATS, (MATRIX, INTS)),
    Case("InplaceScatterSrc", "x.scatter_(0, y, z)", x=MATRIX, y=ALONG, z=normal(1, 4)),
    Case("InplaceScatterSrc", "x.scatter_(-1, y, z)", x=INTS, y=array([[3, 0]] * 3, "int64"), z=integers(-9, 10, 3, 2)),
    *(
        Case(f"Inplace{name}", f"ops.Inplace{name}({rows})(x, y)", x=x, y=y)
        for name, (rows, x, y) in product(
            ("Add", "Sub", "Update"),
            (("(2, 0)", MATRIX, normal(2, 4)), ("1", MATRIX, normal(1, 4)), ("(0, 1)", INTS, integers(-9, 10, 2, 4))),
        )
    ),
    Case("InplaceMaskedFillTensor", "x.masked_fill_(y, z)", x=MATRIX, y=booleans(3, 4), z=array(1.5)),
    Case("InplaceMaskedFillTensor", "x.masked_fill_(y, z)\nx", x=INTS, y=booleans(4), z=array(7, "int32")),
    Case("InplaceUpdateV2", "P.InplaceUpdateV2()(x, y, z)", x=MATRIX, y=ROWS, z=normal(2, 4)),
    Case("InplaceUpdateV2", "P.InplaceUpdateV2()(x, (0, 2), z)", x=INTS, z=integers(-9, 10, 2, 4)),
    Case("InplaceIndexAdd", "ops.inplace_index_add(self.p, y, z, 0)", init=PARAMETER, y=ROWS, z=normal(2, 4)),
    Case(
        "InplaceIndexAdd",
        "P.InplaceIndexAdd(1)(self.p, y, z)",
        init=PARAMETER,
        y=array([3, 3], "int32"),
        z=normal(3, 2),
    ),
    Case("IndexAdd", "ops.index_add(self.p, y, z, 0)", init=PARAMETER, y=ROWS, z=normal(2, 4)),
    Case("IndexAdd", "ops.index_add(self.p, y, z, 1)", init=PARAMETER, y=array([3, 3], "int32"), z=normal(3, 2)),
    Case("Assign", "ops.assign(self.p, x)", init=PARAMETER, x=MATRIX),
    Case("Assign", "self.p = x\nself.p + 1.0", init=PARAMETER, x=MATRIX),
    Case("Assign", "y = self.p * 2.0\nops.assign(self.p, x)\ny + self.p", init=PARAMETER, x=MATRIX),
    Case("AssignAdd", "ops.assign_add(self.p, x)", init=PARAMETER, x=MATRIX),
    Case("AssignAdd", "ops.assign_add(self.p, x)\nself.p * 2", init=COUNTS, x=INTS),
    Case("AssignSub", "ops.assign_sub(self.p, x)", init=PARAMETER, x=MATRIX),
    Case("AssignSub", "ops.assign_sub(self.p, x)\nself.p * 2", init=COUNTS, x=INTS),
    Case("TensorMove", "self.p = self.p + x\nself.p + 1.0", init=PARAMETER, x=MATRIX),
    Case("TensorMove", "y = self.p * x\nself.p = self.p - x\ny + self.p", init=PARAMETER, x=MATRIX),
    *(
        case
        for name in ("Add", "Sub", "Mul", "Div", "Max", "Min", "Update")
        for case in (*scatters(name), *scatters_nd(name))
    ),
    Case("TensorCopySlices", "x[0:2] = y\nx", x=MATRIX, y=normal(2, 4)),
    Case("TensorCopySlices", "x[1:] = 2.5\nx", x=MATRIX),
    Case("TensorCopySlices", "x[0:2] = y\nx", x=INTS, y=integers(-9, 10, 4)),
    Case("TensorCopySlices", "inner.TensorCopySlices()(x, y, (1, 0), (3, 4), (1, 1))", x=MATRIX, y=normal(2, 4)),
    *(
        Case("TensorScatterUpdate", f"x[{subscript}] = y\nx", x=MATRIX, y=y)
        for subscript, y in (("0", normal(4)), (":, 1", normal(3)), ("-1, 2", array(2.5)), ("::2", normal(2, 4)))
    ),
    Case("TensorScatterUpdate", "x[y] = z\nx", x=MATRIX, y=array([2, -3], "int64"), z=normal(2, 4)),
    Case("Select", "x[y] = 2.5\nx", x=MATRIX, y=booleans(3, 4)),
    Case("Select", "x[x > 0] = -1.0\nx", x=MATRIX),
    *each("FillDiagonal", "P.FillDiagonal(2.5)(x)", normal(3, 3), normal(3, 5), normal(5, 3), normal(2, 2, 2)),
    *each("FillDiagonal", "P.FillDiagonal(2.0, True)(x)", normal(7, 3), integers(0, 9, 7, 3)),
)
