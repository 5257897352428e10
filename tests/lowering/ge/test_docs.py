"""The list of GE operators in the documentation is that of the registry."""

from __future__ import annotations

import re
from pathlib import Path

from mindferry.lowering import catalogue
from mindferry.lowering.registry import GE

DOCS = Path(__file__).parents[3] / "docs"
ASCEND = (DOCS / "ascend.md").read_text("utf-8")


def test_the_page_lists_every_operator() -> None:
    known = {name for name, entry in catalogue.registered(GE).items() if "refused" not in entry} - {"TupleGetItem"}
    listed = re.findall(r"`(\w+)`", (DOCS / "ge-operators.md").read_text("utf-8").split("are read.\n\n")[1])
    assert listed == sorted(known, key=str.lower)


def test_the_page_counts_them() -> None:
    known = {name for name, entry in catalogue.registered(GE).items() if "refused" not in entry} - {"TupleGetItem"}
    (count,) = re.findall(r"^(\d+) operators are read", ASCEND, re.MULTILINE)
    assert int(count) == len(known)
