"""The table that `benchmarks/inference.py` makes of its numbers."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    sys.modules.pop("inference_report", None)
    import inference_report

    return inference_report


def result(name: str, exact: float = 1.0) -> dict[str, Any]:
    """A network whose sides take so many milliseconds in both of two rounds, the second of which is ten times slower."""
    sides = {"exact": exact, "loose": 0.5, "onnxruntime": 2.0, "openvino_fp32": 4.0, "openvino": 1.5}
    turns = {side: [time / 1000, time / 100] for side, time in sides.items()}
    choices = {kind: {"evidence": [{"name": f"{kind} one", "outcome": "chosen"}]} for kind in ("exact", "loose")}
    machine = {"processor": "P", "cores": 2, "instructions": ["avx2"], "versions": {"onnxruntime": "onnxruntime 1"}}
    batches = {batch: {"turns": turns, "choices": choices} for batch in ("1", "8")}
    slow, fast = {"1": [0.11], "8": [0.22]}, {"1": [0.055], "8": [0.11]}
    return {"network": name, "machine": machine, "batches": batches, "mindspore": slow, "mindspore_avx2": fast}


def test_ratios_are_paired(report: ModuleType) -> None:
    row = report.row(result("net"), 8)
    assert row.exact_over["fastest_fp32"] == row.exact_over["onnxruntime"] == pytest.approx(2.0)
    assert row.exact_over["openvino_fp32"] == pytest.approx(4.0)
    assert row.loose_over["onnxruntime"] == pytest.approx(4.0)
    assert row.exact_over["mindspore"] == pytest.approx(0.22 / 0.0055)
    assert row.chosen == "exact one / loose one"


def test_means_are_geometric(report: ModuleType) -> None:
    table = report.table(report.rows([result("first"), result("second", exact=4.0)]))
    assert "| **geometric mean, all** |" in table.splitlines()[-1]
    assert table.splitlines()[-1].endswith("| **1.00** | **4.00** | **14.14** | **7.07** | |")
    assert len({line.count("|") for line in table.splitlines()}) == 1


def test_what_failed_is_listed(report: ModuleType) -> None:
    broken = result("broken")
    broken["batches"]["8"], broken["mindspore"] = {"error": "broken, batch 8: no"}, {"error": "broken in MindSpore: no"}
    text = report.text([result("whole"), broken])
    assert "| broken, 1 |" in text and "| broken, 8 |" not in text
    assert "- broken, batch 8: no\n- broken in MindSpore: no" in text


def test_the_page_has_a_place_for_it(report: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "performance.md"
    page.write_text(report.PAGE.read_text("utf-8"), "utf-8")
    monkeypatch.setattr(report, "PAGE", page)
    monkeypatch.setattr(report, "PLOT", tmp_path / "inference.svg")
    for name in ("once", "twice"):
        report.write_report([result(name)])
    assert "| twice, 8 |" in page.read_text() and "| once, 8 |" not in page.read_text()
    assert 0 < (tmp_path / "inference.svg").stat().st_size < 200_000
