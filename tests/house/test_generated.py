"""Generated files are what their generators would write."""

from __future__ import annotations

from ops import table


def test_the_operator_page_is_up_to_date() -> None:
    assert table.PAGE.read_text() == table.page(), "run: python tests/ops/table.py"
