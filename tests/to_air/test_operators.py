"""Each operator: ONNX -> AIR -> ONNX computes what the first ONNX computes, with the expected GE operators."""

from __future__ import annotations

from pathlib import Path

import onnx.reference
import pytest

from mindferry.to_air import ops, registry
from to_air.case import Case, assert_equal, round_trip, run, types
from to_air.cases import FAMILIES, WITHOUT_KERNEL

CASES = [pytest.param(case, id=f"{family}/{case}") for family, cases in FAMILIES.items() for case in cases]


@pytest.mark.parametrize("case", CASES)
def test_means_the_same_after_a_round_trip(case: Case, tmp_path: Path) -> None:
    first, air, second = round_trip(case.model(), tmp_path)
    assert types(air) == case.ge.split()
    assert_equal(run(second, case.feeds()), run(first, case.feeds()))


@pytest.mark.parametrize("case", WITHOUT_KERNEL, ids=str)
def test_means_what_the_reference_implementation_says(case: Case, tmp_path: Path) -> None:
    first, air, second = round_trip(case.model(), tmp_path)
    assert types(air) == case.ge.split()
    wanted = onnx.reference.ReferenceEvaluator(str(first)).run(None, case.feeds())
    assert_equal(run(second, case.feeds()), wanted)


def test_every_operator_has_a_case() -> None:
    ops.load()
    tried = {case.operator for cases in (*FAMILIES.values(), WITHOUT_KERNEL) for case in cases}
    assert set(registry.known()) - tried == set()


def test_the_cases_cover_many_ge_operators() -> None:
    covered = {name for cases in (*FAMILIES.values(), WITHOUT_KERNEL) for case in cases for name in case.ge.split()}
    assert len(covered | {"Data", "Const"}) >= 120


def test_a_wrong_form_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = next(case for case in FAMILIES["elementwise"] if case.operator == "Floor")
    ceil = registry.find("Ceil")
    assert ceil is not None
    monkeypatch.setitem(registry._table, "Floor", ceil)
    first, _, second = round_trip(case.model(), tmp_path)
    with pytest.raises(AssertionError):
        assert_equal(run(second, case.feeds()), run(first, case.feeds()))
