"""Special functions of mathematics, element by element."""

from __future__ import annotations

from ops.case import Case, each, pairs
from ops.inputs import array, normal, positive, uniform

REAL = (normal(2, 3), normal(4, dtype="float64"))
POSITIVE = (positive(2, 3), positive(4, dtype="float64"))
LARGE = (uniform(5, low=-30.0, high=30.0), array([0.0, -0.0, 1.0, -1.0, 3.75, 8.0]))
LARGE_POSITIVE = (uniform(5, low=0.1, high=30.0), array([0.0, 1.0, 2.0, 8.0]))

CASES = (
    *(
        case
        for name in ("I0", "I0e", "I1", "I1e", "J0", "J1")
        for case in each(f"Bessel{name}", f"ops.Bessel{name}()(x)", *REAL, *LARGE)
    ),
    *(
        case
        for name in ("K0", "K0e", "K1", "K1e", "Y0", "Y1")
        for case in each(f"Bessel{name}", f"ops.Bessel{name}()(x)", *POSITIVE, *LARGE_POSITIVE)
    ),
    *each("Digamma", "ops.digamma(x)", *POSITIVE, array([-1.5, -0.25, 0.0, -1.0, 30.0])),
    *each("Lgamma", "ops.lgamma(x)", *POSITIVE, array([-1.5, -0.25, 0.0, -1.0, 30.0, 1.0, 2.0])),
    *pairs(
        "Igamma",
        "ops.igamma(x, y)",
        (positive(2, 3), positive(2, 3)),
        (array([0.5, 1.0, 20.0]), array([0.0, 1.0, 15.0])),
    ),
    *pairs(
        "Igammac",
        "ops.igammac(x, y)",
        (positive(2, 3), positive(2, 3)),
        (array([0.5, 1.0, 20.0]), array([0.0, 1.0, 15.0])),
    ),
    *pairs(
        "Polygamma",
        "ops.polygamma(x, y)",
        (array(1, "int64"), positive(4)),
        (array(0, "int64"), positive(4)),
        (array(3, "int64"), positive(2, 3)),
    ),
    *pairs(
        "Zeta",
        "ops.Zeta()(x, y)",
        (uniform(4, low=1.1, high=5.0), positive(4)),
        (array([2.0, 4.0, 1.0]), array([1.0, 0.5, 1.0])),
    ),
    Case("Mvlgamma", "ops.mvlgamma(x, 3)", x=uniform(4, low=2.0, high=6.0)),
    Case("Mvlgamma", "ops.mvlgamma(x, 1)", x=positive(2, 3)),
)
