"""Writes docs/operators.md: every forward primitive of MindSpore 2.10, and what MindFerry makes of it.

python tests/ops/table.py            # writes the page
python tests/ops/table.py --check    # exits 1 where the page is not what would be written
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from mindferry.lowering import catalogue
from mindferry.lowering.registry import LOWEST_OPSET

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "operators.md"

HEAD = """# Operators

Every forward primitive of MindSpore 2.10, by family, and its state here. This page is made by `python tests/ops/table.py`;
CI compares it with the lowerings.

- **exact**: lowered to ONNX with MindSpore's meaning; "from opset N" where an older opset has no exact form.
- **approximate**: only with `--approximate`; the report of a conversion names it with its error.
- **no**: why there is no lowering. "not yet" is a gap, not a decision.

Cases are recorded answers of MindSpore itself (tests/ops/goldens), replayed at opsets 13, 18 and 23. `CPU` marks primitives
for which MindSpore has a CPU kernel; the others cannot be recorded without a device and are lowered from their definition.
"""


def page() -> str:
    """The page's text."""
    entries, cases = catalogue.registered(), recorded()
    groups: dict[str, dict[str, list[str]]] = json.loads((HERE / "primitives.json").read_text())
    families = list(dict.fromkeys([*groups["cpu"], *groups["other"]]))
    tables, totals = [], Counter[str]()
    known: set[str] = set()
    for family in families:
        rows = []
        for kind in ("cpu", "other"):
            for name in groups[kind].get(family, []):
                known.add(name)
                word, text = state(entries.get(name))
                totals[f"{kind} {word}"] += 1
                rows.append(f"| {name} | {'CPU' if kind == 'cpu' else ''} | {text} | {cases[name] or ''} |")
        tables.append(
            f"## {family}\n\n| primitive | | state | cases |\n| --- | --- | --- | --- |\n" + "\n".join(sorted(rows))
        )
    lowered = sorted(name for name in entries if name not in known and state(entries[name])[0] == "exact")
    return "\n".join([HEAD, summary(totals), *(f"{table}\n" for table in tables), other_names(lowered)])


def state(entry: dict[str, object] | None) -> tuple[str, str]:
    """The state in one word, and as the page shows it."""
    if entry is None:
        return "no", "no: not yet"
    if entry.get("since", LOWEST_OPSET) is None:
        return "no", f"no: {entry.get('refused')}"
    if approximate := entry.get("approximate"):
        return "approximate", f"approximate: {approximate}"
    since = entry.get("since", LOWEST_OPSET)
    return "exact", "exact" if since == LOWEST_OPSET else f"exact, from opset {since}"


def recorded() -> Counter[str]:
    """How many recorded cases each primitive has."""
    counts: Counter[str] = Counter()
    for index in HERE.glob("goldens/*/index.json"):
        counts.update(row["primitive"] for row in json.loads(index.read_text()).values())
    return counts


def summary(totals: Counter[str]) -> str:
    """The counts, as a table."""
    lines = ["| | exact | approximate | no |", "| --- | --- | --- | --- |"]
    for kind, title in (("cpu", "with a CPU kernel"), ("other", "without")):
        lines.append(
            f"| {title} | "
            + " | ".join(str(totals[f"{kind} {word}"]) for word in ("exact", "approximate", "no"))
            + " |"
        )
    return "\n".join(lines) + "\n"


def other_names(names: list[str]) -> str:
    """Names that are not in MindSpore's list of forward primitives, such as those of older versions."""
    return f"## Other names\n\nStructure, and names that older versions or other front ends write, all exact: {', '.join(names)}.\n"


def main() -> int:
    """The command line."""
    text = page()
    if "--check" in sys.argv[1:]:
        if not PAGE.exists() or PAGE.read_text() != text:
            print("docs/operators.md is out of date: python tests/ops/table.py")
            return 1
        return 0
    PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
