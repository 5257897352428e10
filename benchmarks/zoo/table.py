"""Writes docs/networks.md from the committed results of survey.py.

python benchmarks/zoo/table.py            # writes the page
python benchmarks/zoo/table.py --check    # exits 1 where the page is not what would be written
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from record import ARCHITECTURES

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.jsonl"
PAGE = HERE.parents[1] / "docs" / "networks.md"
KNOWN = 275
"""Networks that mindcv 0.3 knows."""

HEAD = """# Networks

Every row is a network of mindcv 0.3 at its own input size and batch 1: exported by MindSpore 2.10 on CPU, converted with
`mindferry convert`, checked by ONNX's own checker, and run in ONNX Runtime on an image whose answer MindSpore gave.

- **difference**: the largest difference of an output element from MindSpore's, over the largest output element. 1e-4 is
  the bound; float32 rounding alone makes up to about 1e-5.
- **exporter**: whether MindSpore's own ONNX exporter (opset 11) writes a file, or the first primitive that it lacks.
- Weights are random and calibrated, so that signals neither fade nor explode; `benchmarks/zoo/README.md` says how.

This page is made by `python benchmarks/zoo/table.py` from `benchmarks/zoo/results.jsonl`, which
`benchmarks/zoo/survey.py` appends to, one network after another.
"""

Row = dict[str, Any]


def page(rows: Sequence[Row]) -> str:
    """The page's text."""
    able = sorted((row for row in rows if row["mindspore"] == "ok"), key=lambda row: row["network"].lower())
    unable = sorted((row for row in rows if row["mindspore"] != "ok"), key=lambda row: row["network"].lower())
    small = [row for row in able if row["network"] in ARCHITECTURES]
    others = [row for row in able if row["network"] not in ARCHITECTURES]
    parts = [HEAD, summary(rows, able, unable), section("The smallest of each architecture", small)]
    if others:
        parts.append(section("Other variants", others))
    if unable:
        parts.append(failures(unable))
    return "\n".join(parts)


def summary(rows: Sequence[Row], able: Sequence[Row], unable: Sequence[Row]) -> str:
    """The counts, the largest difference, and what does not agree."""
    agreeing = [row for row in able if row["state"] == "ok"]
    lines = [
        f"**{len(agreeing)} of the {len(able)} networks that MindSpore itself can create, export and run agree.** "
        f"MindSpore's own exporter writes a file for {sum(row['exporter'] == 'ok' for row in able)} of them."
    ]
    if agreeing:
        worst = max(agreeing, key=lambda row: row["difference"])
        lines.append(f"The largest difference is {worst['difference']:.1e} ({worst['network']}).")
    lines += [f"{row['network']}: {outcome(row)}." for row in able if row["state"] != "ok"]
    if unable:
        lines.append(f"{len(unable)} more cannot be recorded, for the reasons at the end of this page.")
    if len(rows) < KNOWN:
        lines.append(f"mindcv's other {KNOWN - len(rows)} variants have not been surveyed yet.")
    return "\n".join(lines) + "\n"


def section(title: str, rows: Sequence[Row]) -> str:
    """A table of networks that MindSpore runs."""
    lines = [
        f"## {title}\n",
        "| network | input | parameters | primitives | nodes | opset | difference | | exporter |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- | --- |",
    ]
    for row in rows:
        cells = (
            row["network"],
            "x".join(map(str, row["input_size"])),
            f"{row['parameters'] / 1e6:.1f} M",
            f"{row.get('primitives') or 0:,}",
            f"{row.get('nodes') or 0:,}",
            str(row.get("opset", "")),
            "" if row.get("difference") is None else f"{row['difference']:.1e}",
            outcome(row),
            lacks(row["exporter"]),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def outcome(row: Row) -> str:
    """ "agrees", or what is wrong."""
    if row["state"] == "ok":
        return "agrees"
    if row["state"] == "unstable":
        return f"proves nothing: scaling the input by 1 + 1e-6 moves its answer by {row['noise']:.1e}"
    return plain(row.get("problem") or "") or "differs"


def lacks(message: str) -> str:
    """MindSpore's exporter in a few words."""
    if message in ("", "ok"):
        return {"ok": "yes"}.get(message, "")
    found = re.search(r"Can not find key (\S+) in|currently the (\S+) operator", message)
    return f"no {found[1] or found[2]}" if found else plain(message.partition(": ")[2] or message)[:80]


def failures(rows: Sequence[Row]) -> str:
    """The networks that MindSpore cannot create, export or run."""
    lines = ["## Not in MindSpore 2.10\n", "| network | what MindSpore says |", "| --- | --- |"]
    lines += [f"| {row['network']} | {plain(row['mindspore'])} |" for row in rows]
    return "\n".join(lines) + "\n"


def plain(text: str) -> str:
    """One line of text that a table's cell can hold."""
    return " ".join(text.split()).replace("|", "\\|")


def main() -> int:
    """The command line."""
    text = page([json.loads(line) for line in RESULTS.read_text().splitlines()])
    if "--check" in sys.argv[1:]:
        if not PAGE.exists() or PAGE.read_text() != text:
            print("docs/networks.md is out of date: python benchmarks/zoo/table.py")
            return 1
        return 0
    PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
