"""The page of networks counts what the results say."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ZOO = Path(__file__).parents[2] / "benchmarks" / "zoo"


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ZOO))
    monkeypatch.delitem(sys.modules, "table", raising=False)
    import table

    return table


def row(network: str, **fields: Any) -> dict[str, Any]:
    """A network that agrees, but for the fields."""
    agreeing = {
        "network": network, "input_size": [3, 224, 224], "parameters": 1_500_000, "mindspore": "ok", "exporter": "ok",
        "opset": 18, "primitives": 1234, "nodes": 99, "difference": 2e-6, "noise": 1e-6, "state": "ok", "problem": "",
    }  # fmt: skip
    return {**agreeing, **fields}


def test_every_state_is_counted_and_named(table: ModuleType) -> None:
    text = table.page([
        row("resnet18"),
        row("resnet34", difference=5e-5, exporter="RuntimeError: Can not find key Erf in convert map. Exporting ..."),
        row("vgg11", difference=3e-4, state="FAILED"),
        row("vgg13", difference=3e-4, noise=2e-4, state="unstable"),
        row("vgg16", difference=None, state="FAILED", problem="Primitive | Odd has no lowering"),
        row("halonet_50t", mindspore="RuntimeError: no | argument", input_size=None, parameters=None),
    ])  # fmt: skip
    lines = text.splitlines()
    assert any(line.startswith("**2 of the 5 networks") and line.endswith("for 4 of them.") for line in lines)
    assert "The largest difference is 5.0e-05 (resnet34)." in lines
    assert "| resnet18 | 3x224x224 | 1.5 M | 1,234 | 99 | 18 | 2.0e-06 | agrees | yes |" in lines
    assert any(line.startswith("| resnet34 |") and line.endswith("| agrees | no Erf |") for line in lines)
    assert "vgg11: differs." in lines and "vgg16: Primitive \\| Odd has no lowering." in lines
    assert any(line.startswith("vgg13: proves nothing") for line in lines)
    assert "| halonet_50t | RuntimeError: no \\| argument |" in lines
    assert "1 more cannot be recorded, for the reasons at the end of this page." in lines
    assert "mindcv's other 269 variants have not been surveyed yet." in lines
    assert lines.index("## The smallest of each architecture") < lines.index("## Other variants")


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("ok", "yes"),
        ("", ""),
        (
            "RuntimeError: Got null pointer, currently the ResizeBilinearV2 operator in your model ...",
            "no ResizeBilinearV2",
        ),
        ("TypeError: odd\n | text", "odd \\| text"),
        ("ended by SIGSEGV", "ended by SIGSEGV"),
    ],
)
def test_the_exporter_in_a_few_words(table: ModuleType, message: str, text: str) -> None:
    assert table.lacks(message) == text
