"""The page on Ascend names the operators that there are."""

from __future__ import annotations

import re
from pathlib import Path

from mindferry.to_air import ops, registry
from to_air.cases import FAMILIES, WITHOUT_KERNEL

PAGE = (Path(__file__).parents[2] / "docs" / "ascend.md").read_text("utf-8")


def test_the_page_lists_every_operator() -> None:
    ops.load()
    (listed,) = re.findall(r"^((?:`\w+`[,.]\s)+)", PAGE, re.MULTILINE)
    assert re.findall(r"`(\w+)`", listed) == list(registry.known())


def test_the_counts_are_those_of_the_cases() -> None:
    found = re.search(r"^(\d+) ONNX operators are written as (\d+) GE operators", PAGE, re.MULTILINE)
    assert found is not None
    written = {name for cases in (*FAMILIES.values(), WITHOUT_KERNEL) for case in cases for name in case.ge.split()}
    assert (int(found[1]), int(found[2])) == (len(registry.known()), len(written | {"Data", "Const"}))
