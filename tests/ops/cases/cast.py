"""Changes of element type."""

from __future__ import annotations

from ops.case import Case, each
from ops.inputs import array, booleans, integers, specials, uniform

MINDSPORE_NAMES = {"bool": "bool_"}
SIGNED = ("int8", "int16", "int32", "int64")
UNSIGNED = ("uint8", "uint16", "uint32", "uint64")
FLOATS = ("float16", "float32", "float64")
FRACTIONS = array([-100.75, -2.5, -1.5, -0.5, -0.0, 0.0, 0.5, 1.5, 2.5, 100.75])
POSITIVE_FRACTIONS = array([0.0, 0.5, 1.5, 2.5, 100.75, 200.0])


def to(dtype: str) -> str:
    """The cast of ``x`` to a dtype."""
    return f"ops.cast(x, ms.{MINDSPORE_NAMES.get(dtype, dtype)})"


CASES = (
    *(Case("Cast", to(dtype), x=FRACTIONS) for dtype in (*SIGNED, "float16", "float64", "bfloat16", "bool")),
    *(Case("Cast", to(dtype), x=POSITIVE_FRACTIONS) for dtype in UNSIGNED),
    *(
        Case("Cast", to(dtype), x=specials(source))
        for source in FLOATS
        for dtype in (*FLOATS, "bool")
        if source != dtype
    ),
    *(Case("Cast", to("float32"), x=specials(dtype)) for dtype in ("bfloat16", *SIGNED, *UNSIGNED, "bool")),
    *(Case("Cast", to(dtype), x=uniform(4, low=-9, high=9, dtype="float16")) for dtype in ("int32", "int64", "int8")),
    *(Case("Cast", to(dtype), x=specials("int64")) for dtype in ("int32", "int8", "uint8", "float16", "bool")),
    *(
        Case("Cast", to(dtype), x=integers(-90, 90, 2, 3))
        for dtype in ("int8", "int64", "float16", "float64", "uint8", "bool")
    ),
    *(Case("Cast", to(dtype), x=booleans(2, 3)) for dtype in ("int8", "int32", "int64", "uint8", "float16", "float64")),
    *each("Cast", "x.astype(ms.int32)", array(2.75), uniform(0, 3)),
    *each("Cast", "x.int()", uniform(2, 3, low=-9, high=9)),
    Case("Cast", "x.type_as(y)", x=uniform(3), y=integers(0, 3, 2)),
    Case("Cast", "x.half()", dynamic={"x": (None, 3)}, x=[uniform(2, 3), uniform(4, 3)]),
)
