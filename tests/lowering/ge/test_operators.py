"""Every GE operator: an AIR file made by protobuf classes, converted, run, and compared with numpy."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import numpy as np
import pytest

from lowering.ge import cases
from lowering.ge.case import Case
from mindferry.lowering import ge, registry

ge.load()
CASES: list[Case] = [
    case
    for module in pkgutil.iter_modules(cases.__path__, f"{cases.__name__}.")
    for case in importlib.import_module(module.name).CASES
]
OPSETS = (registry.LOWEST_OPSET, registry.HIGHEST_OPSET)


@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_operator(case: Case, opset: int, tmp_path: Path) -> None:
    if registry.find(case.operator, opset, registry.GE) is None:
        opset = min(row.since for row in registry.rows(case.operator, registry.GE))
    found, wanted = case.run(tmp_path, opset), case.wanted()
    assert [(one.dtype, one.shape) for one in found] == [(one.dtype, one.shape) for one in wanted]
    for one, other in zip(found, wanted, strict=True):
        if one.dtype.kind != "f":
            np.testing.assert_array_equal(one, other)
            continue
        scale = max(1.0, float(np.abs(other[np.isfinite(other)]).max(initial=0)))
        tolerance = max(case.tolerance, 2e-3 if one.dtype == np.float16 else 0)
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance * scale, equal_nan=True)


def test_every_operator_has_a_case() -> None:
    assert set(registry.known(registry.GE)) - {case.operator for case in CASES} == set()
