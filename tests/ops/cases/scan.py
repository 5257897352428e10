"""Running reductions along an axis, and reductions of segments."""

from __future__ import annotations

from ops.case import Case, each
from ops.inputs import array, distinct, integers, normal

CUBE = normal(2, 3, 4)
HALF = normal(2, 3, 4, dtype="float16")
INTS = integers(-5, 6, 2, 3, 4)
LONGS = integers(-5, 6, 2, 3, dtype="int64")
BYTES = integers(0, 200, 2, 3, dtype="uint8")
NAN = array([[1.0, float("nan"), -2.0], [float("inf"), 3.0, 4.0]])
SEGMENTS = array([0, 0, 1, 3], "int32")
UNSORTED = array([2, 0, 2, 1], "int32")


def segments(name: str) -> tuple[Case, ...]:
    """The sorted segments, of which number 2 is empty."""
    call = f"ops.Segment{name}()(x, y)"
    return (
        Case(f"Segment{name}", call, x=normal(4, 3), y=SEGMENTS),
        Case(f"Segment{name}", call, x=integers(-5, 6, 4), y=array([0, 0, 1, 1], "int64")),
    )


def unsorted_segments(name: str, function: str) -> tuple[Case, ...]:
    """Segments in any order, one of them empty, one dropped because it is negative, and indices of rank two."""
    primitive, call = f"UnsortedSegment{name}", f"ops.unsorted_segment_{function}"
    return (
        Case(primitive, f"{call}(x, y, 3)", x=normal(4, 3), y=UNSORTED),
        Case(primitive, f"{call}(x, y, 5)", x=normal(4), y=UNSORTED),
        Case(primitive, f"{call}(x, y, 3)", x=integers(-5, 6, 4, 2), y=UNSORTED),
        Case(primitive, f"{call}(x, y, 4)", x=normal(2, 2, 3), y=array([[0, 2], [2, 1]], "int32")),
        Case(primitive, f"{call}(x, y, 3)", x=normal(4, 3), y=array([2, -1, 2, 0], "int32")),
    )


CASES = (
    *each("CumSum", "ops.cumsum(x, 1)", CUBE, HALF, INTS, LONGS, BYTES, NAN),
    *each("CumSum", "ops.CumSum(exclusive=True)(x, -1)", CUBE, INTS),
    *each("CumSum", "ops.CumSum(reverse=True)(x, 0)", CUBE, INTS),
    *each("CumSum", "ops.CumSum(True, True)(x, -2)", CUBE, HALF),
    *each("CumSum", "ops.cumsum(x, 0, ms.float32)", HALF, INTS),
    Case("CumSum", "ops.cumsum(x, 0)", dynamic={"x": (None, 3)}, x=[normal(2, 3), normal(5, 3)]),
    *each("CumProd", "ops.cumprod(x, 1)", CUBE, HALF, INTS, LONGS),
    *each("CumProd", "ops.CumProd(exclusive=True)(x, -1)", CUBE),
    *each("CumProd", "ops.CumProd(reverse=True)(x, 0)", CUBE),
    *each("CumProd", "ops.CumProd(True, True)(x, -2)", CUBE),
    *each("Cummax", "ops.cummax(x, 1)", CUBE, HALF, INTS, NAN),
    *each("Cummax", "ops.cummax(x, -1)", integers(0, 3, 2, 6, dtype="float32"), distinct(2, 3, 4)),
    *each("Cummin", "ops.cummin(x, 1)", CUBE, HALF, INTS, NAN),
    *each("Cummin", "ops.cummin(x, -1)", integers(0, 3, 2, 6, dtype="float32"), distinct(2, 3, 4)),
    *each("CumulativeLogsumexp", "ops.logcumsumexp(x, 1)", CUBE, HALF, array([[80.0, -80.0, 79.0]])),
    *each("CumulativeLogsumexp", "P.CumulativeLogsumexp(exclusive=True)(x, ms.Tensor(0))", CUBE),
    *each("CumulativeLogsumexp", "P.CumulativeLogsumexp(reverse=True)(x, ms.Tensor(-1))", CUBE),
    *(case for name in ("Max", "Mean", "Min", "Prod", "Sum") for case in segments(name)),
    *unsorted_segments("Max", "max"),
    *unsorted_segments("Min", "min"),
    *unsorted_segments("Prod", "prod"),
    *unsorted_segments("Sum", "sum"),
    *each("HammingWindow", "P.HammingWindow()(x)", array([5], "int64"), array([6], "int32"), array([1], "int32")),
    *each("HammingWindow", "P.HammingWindow(periodic=False, alpha=0.6, beta=0.4)(x)", array([5], "int64")),
    *each("BlackmanWindow", "ops.blackman_window(x)", array(5, "int32"), array(6, "int64")),
    *each("BlackmanWindow", "ops.blackman_window(x, periodic=False)", array(5, "int32")),
    *each("BartlettWindow", "ops.bartlett_window(x)", array(5, "int32"), array(6, "int64")),
    *each("BartlettWindow", "ops.bartlett_window(x, periodic=False)", array(5, "int32")),
)
