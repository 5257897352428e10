"""Special functions stay within the error that their reports state, against scipy in float64."""

from __future__ import annotations

import re

import numpy as np
import onnx_ir as ir
import onnxruntime
import pytest
from scipy import special

from mindferry.graph import Graph, Input, Model, Node, Ref, TensorType
from mindferry.lowering import registry
from mindferry.lowering.context import Options
from mindferry.lowering.lower import lower
from mindferry.types import DType

REAL = np.concatenate([-np.geomspace(40.3, 1e-6, 60), np.geomspace(1e-6, 1e3, 120)])
POSITIVE = np.geomspace(1e-6, 600, 150)
A, X = (side.ravel() for side in np.meshgrid(np.geomspace(0.05, 80, 25), np.geomspace(0.01, 150, 25)))
P, Q, R = (side.ravel() for side in np.meshgrid(*[np.geomspace(0.1, 40, 12)] * 2, np.linspace(0.01, 0.99, 12)))
CASES = {
    "Lgamma": (special.gammaln, [POSITIVE]),
    "Digamma": (special.digamma, [POSITIVE]),
    "Zeta": (special.zeta, [np.full(60, 2.5), np.geomspace(0.1, 500, 60)]),
    "BesselJ0": (special.j0, [REAL]),
    "BesselJ1": (special.j1, [REAL]),
    "BesselY0": (special.y0, [POSITIVE]),
    "BesselY1": (special.y1, [POSITIVE]),
    "BesselI0": (special.i0, [POSITIVE]),
    "BesselI0e": (special.i0e, [REAL]),
    "BesselI1": (special.i1, [POSITIVE]),
    "BesselI1e": (special.i1e, [REAL]),
    "BesselK0": (special.k0, [POSITIVE]),
    "BesselK0e": (special.k0e, [POSITIVE]),
    "BesselK1": (special.k1, [POSITIVE]),
    "BesselK1e": (special.k1e, [POSITIVE]),
    "Igamma": (special.gammainc, [A, X]),
    "Igammac": (special.gammaincc, [A, X]),
    "Betainc": (special.betainc, [P, Q, R]),
    "Erf": (special.erf, [np.linspace(-6, 6, 241)]),
    "Erfc": (special.erfc, [np.linspace(-6, 26, 321)]),
    "Erfinv": (special.erfinv, [np.linspace(-0.9999, 0.9999, 301)]),
}
ROUNDING = 1e-13
"""Of those that are registered as exact."""


@pytest.mark.parametrize("primitive", CASES)
def test_the_stated_error_holds(primitive: str) -> None:
    reference, inputs = CASES[primitive]
    kind = TensorType(DType.FLOAT64, inputs[0].shape)
    names = [f"x{index}" for index in range(len(inputs))]
    graph = Graph(
        "main",
        tuple(Input(name, kind, name) for name in names),
        {},
        (Node("y", primitive, tuple(map(Ref, names)), {}, kind),),
        Ref("y"),
    )
    model, report = lower(Model("MindIR", "G3", "MindSpore", "2.10.0", graph), Options(18, approximate=True))
    stated = re.search(r"at most (\S+?e-\d+)", report.approximations.get(primitive, ""))
    session = onnxruntime.InferenceSession(ir.to_proto(model).SerializeToString(), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, dict(zip(names, inputs, strict=True)))
    wanted = reference(*inputs)
    error = np.abs(found - wanted) / np.maximum(1, np.abs(wanted))
    assert error.max() <= (float(stated[1]) if stated else ROUNDING)


def test_series_are_only_used_on_request() -> None:
    for primitive in CASES.keys() - {"Erf", "Erfc", "Erfinv"}:
        assert all(row.approximate for row in registry.rows(primitive)), primitive
