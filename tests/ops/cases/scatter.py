"""Tensors with elements replaced or combined at indices."""

from __future__ import annotations

from ops.case import Case
from ops.inputs import array, integers, normal, positive

TABLE = normal(5, 4)
INTS = integers(-9, 10, 5, 4)
HALF = normal(5, 4, dtype="float16")
POINTS = array([[2, 0], [4, 3], [0, 1]], "int32")
REPEATED = array([[2, 0], [4, 3], [2, 0]], "int64")
ROWS = array([[3], [0]], "int64")
ALONG = array([[2, 0, 1, 4], [0, 1, 3, 3]], "int64")
COLUMNS = array([[3, 0]] * 5, "int64")
TABLES = [normal(5, 4), normal(7, 4)]


def tensor_scatters(name: str) -> tuple[Case, ...]:
    """A ``TensorScatter`` operator on points, on repeated points, on rows, on integers and on a dynamic table."""
    primitive, call = f"TensorScatter{name}", f"ops.TensorScatter{name}()(x, y, z)"
    repeated = POINTS if name == "Update" else REPEATED
    divisors = integers(1, 5, 3) if name == "Div" else integers(-9, 10, 3)
    return (
        Case(primitive, call, x=TABLE, y=POINTS, z=normal(3)),
        Case(primitive, call, x=TABLE, y=repeated, z=positive(3)),
        Case(primitive, call, x=TABLE, y=ROWS, z=normal(2, 4)),
        Case(primitive, call, x=INTS, y=POINTS, z=divisors),
        Case(primitive, call, x=HALF, y=POINTS, z=normal(3, dtype="float16")),
        Case(primitive, call, dynamic={"x": (None, 4)}, x=TABLES, y=POINTS, z=normal(3)),
    )


def elements(reduction: str) -> tuple[Case, ...]:
    """``TensorScatterElements`` along each axis, with repeated and with negative indices."""
    call = f"ops.tensor_scatter_elements(x, y, z, {{axis}}, '{reduction}')"
    negative = array([[-1, 0, -2, -5]], "int32")
    return (
        Case("TensorScatterElements", call.format(axis=0), x=TABLE, y=ALONG, z=normal(2, 4)),
        Case("TensorScatterElements", call.format(axis=-1), x=TABLE, y=COLUMNS, z=normal(5, 2)),
        Case("TensorScatterElements", call.format(axis=0), x=TABLE, y=negative, z=normal(1, 4)),
        Case("TensorScatterElements", call.format(axis=1), x=INTS, y=COLUMNS, z=integers(-9, 10, 5, 2)),
    )


CASES = (
    *(case for name in ("Update", "Add", "Sub", "Mul", "Div", "Max", "Min") for case in tensor_scatters(name)),
    Case("TensorScatterUpdate", "x[1] = 2.5\nx", x=normal(3, 4)),
    *(case for reduction in ("none", "add") for case in elements(reduction)),
    Case("TensorScatterElements", "ops.select_scatter(x, y, 0, 1)", x=normal(3, 4), y=normal(4)),
    Case("TensorScatterElements", "ops.slice_scatter(x, y, 1, 0, 4, 2)", x=normal(3, 4), y=normal(3, 2)),
    Case("ScatterNd", "ops.scatter_nd(x, y, (5, 4))", x=POINTS, y=normal(3)),
    Case("ScatterNd", "ops.scatter_nd(x, y, (5, 4))", x=REPEATED, y=normal(3)),
    Case("ScatterNd", "ops.scatter_nd(x, y, (5, 4))", x=array([[3], [0]], "int32"), y=integers(-9, 10, 2, 4)),
    Case("ScatterNd", "ops.scatter_nd(x, y, (5, 4))", x=POINTS, y=normal(3, dtype="float16")),
    Case("Scatter", "mint.scatter(x, 0, y, z)", x=TABLE, y=ALONG, z=normal(2, 4)),
    Case("Scatter", "ops.scatter(x, -1, y, z)", x=TABLE, y=COLUMNS, z=normal(5, 2)),
    Case("Scatter", "mint.scatter(x, 1, y, z)", x=INTS, y=COLUMNS, z=integers(-9, 10, 5, 2)),
    Case("Scatter", "x.scatter(0, y, z, reduce='add')", x=TABLE, y=ALONG, z=normal(2, 4)),
    Case("ScatterValue", "mint.scatter(x, 0, y, 1.5)", x=TABLE, y=ALONG),
    Case("ScatterValue", "mint.scatter(x, -1, y, 7)", x=INTS, y=COLUMNS),
    Case("ScatterAddWithAxis", "P.ScatterAddWithAxis(0)(x, y, z)", x=TABLE, y=ALONG, z=normal(2, 4)),
    Case(
        "ScatterAddWithAxis",
        "P.ScatterAddWithAxis(-1)(x, y, z)",
        x=TABLE,
        y=array([[3, 3]] * 5, "int32"),
        z=normal(5, 2),
    ),
    Case(
        "IndexPut", "x.index_put((y, z), w)", x=TABLE, y=array([2, 0], "int64"), z=array([1, -1], "int64"), w=normal(2)
    ),
    Case(
        "IndexPut",
        "P.IndexPut(1)(x, w, (y, z))",
        x=TABLE,
        y=array([2, 2], "int64"),
        z=array([1, 1], "int64"),
        w=normal(2),
    ),
    Case("IndexPut", "P.IndexPut()(x, w, (y,))", x=INTS, y=array([3, 0], "int64"), w=integers(-9, 10, 4)),
    Case("IndexFill", "ops.index_fill(x, 0, y, 2.5)", x=TABLE, y=array([2, 0], "int32")),
    Case("IndexFill", "ops.index_fill(x, -1, y, 7)", x=INTS, y=array([3, 0, 3], "int32")),
    Case("IndexFill", "ops.index_fill(x, 1, y, z)", x=TABLE, y=array([1], "int32"), z=array(0.5)),
    Case(
        "DynamicStitch",
        "inner.DynamicStitch()((x, y), (z, w))",
        x=array([0, 2], "int32"),
        y=array([1], "int32"),
        z=integers(0, 9, 2, 3),
        w=integers(0, 9, 1, 3),
    ),
    Case(
        "DynamicStitch",
        "inner.DynamicStitch()((x,), (z,))",
        x=array([2, 0, 1], "int32"),
        z=normal(3, 2),
    ),
)
