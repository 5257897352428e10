"""What pytest must not import: scripts that need MindSpore; and the count of replayed operator cases."""

from __future__ import annotations

import re

import pytest

collect_ignore_glob = ["formats/versions/*.py", "formats/ckpt/recorded/*.py"]

REPLAYED = re.compile(
    r"ops/test_goldens\.py::test_agrees_with_mindspore\[(?P<family>\w+)/(?P<primitive>\w+)_(?P<case>\d+)-\d+\]$"
)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says how many recorded operator cases ran, of how many primitives, and how many of them failed at some opset."""
    ran: dict[str, set[tuple[str, ...]]] = {
        outcome: {
            found.groups()
            for report in terminalreporter.getreports(outcome)
            if (found := REPLAYED.search(getattr(report, "nodeid", "")))
        }
        for outcome in ("passed", "failed")
    }
    if cases := ran["passed"] | ran["failed"]:
        primitives = {primitive for _, primitive, _ in cases}
        failed = f", {len(ran['failed']):,} failed" if ran["failed"] else ""
        terminalreporter.write_line(f"operator cases: {len(cases):,} of {len(primitives):,} primitives{failed}")
