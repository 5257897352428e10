"""Generated files are what their generators would write."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ops import table

ZOO = Path(__file__).parents[2] / "benchmarks" / "zoo"


def test_the_operator_page_is_up_to_date() -> None:
    assert table.PAGE.read_text() == table.page(), "run: python tests/ops/table.py"


def test_the_page_of_networks_is_up_to_date() -> None:
    done = subprocess.run([sys.executable, ZOO / "table.py", "--check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done
