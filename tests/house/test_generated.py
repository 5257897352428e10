"""Generated files are what their generators would write."""

from __future__ import annotations

import json
from pathlib import Path

from mindferry.lowering import catalogue
from ops import table


def test_the_operator_page_is_up_to_date() -> None:
    assert table.PAGE.read_text() == table.page(), "run: python tests/ops/table.py"


def test_the_catalogue_is_up_to_date() -> None:
    held = json.loads(Path(catalogue.__file__).with_suffix(".json").read_text())
    assert held == catalogue.registered(), "run: python -m mindferry.lowering.catalogue"
