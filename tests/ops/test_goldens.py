"""Every recorded operator case, at the lowest, default and highest opset, against MindSpore's answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mindferry.errors import OpsetTooLow
from mindferry.lowering.registry import DEFAULT_OPSET, HIGHEST_OPSET, LOWEST_OPSET
from ops.replay import check

GOLDENS = Path(__file__).with_name("goldens")


def declared() -> list[tuple[Path, float | None]]:
    """The stem and tolerance of every recorded case."""
    return [
        (index.parent / name, row.get("tolerance"))
        for index in sorted(GOLDENS.glob("*/index.json"))
        for name, row in json.loads(index.read_text()).items()
    ]


CASES = declared()


@pytest.mark.parametrize("opset", [LOWEST_OPSET, DEFAULT_OPSET, HIGHEST_OPSET])
@pytest.mark.parametrize(("stem", "tolerance"), CASES, ids=[stem.name for stem, _ in CASES])
def test_agrees_with_mindspore(stem: Path, tolerance: float | None, opset: int) -> None:
    try:
        text = check(stem, opset, tolerance)
    except OpsetTooLow as error:
        assert opset < error.needed
        return
    assert text == ""
