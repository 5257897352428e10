"""Which of MindSpore's forward primitives have cases, and why the others have none.

``primitives.json`` gives the primitives by family, those with a CPU kernel apart; ``unreachable.json`` gives the
reason for a primitive that cannot be recorded.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from ops.case import families, load_family

PRIMITIVES = Path(__file__).with_name("primitives.json")
UNREACHABLE = Path(__file__).with_name("unreachable.json")


def report() -> int:
    """Print, for each family, how many primitives have two cases, one, a reason, or nothing; 1 if there is nothing."""
    counts = Counter(case.primitive for family in families() for case in load_family(family))
    reasons: dict[str, str] = json.loads(UNREACHABLE.read_text())
    groups: dict[str, dict[str, list[str]]] = json.loads(PRIMITIVES.read_text())
    missing = 0
    for kind in ("cpu", "other"):
        for family, names in groups[kind].items():
            nothing = [name for name in names if not counts[name] and name not in reasons]
            once = [name for name in names if counts[name] == 1]
            twice = sum(counts[name] > 1 for name in names)
            excused = sum(not counts[name] and name in reasons for name in names)
            print(f"{kind} {family}: {len(names)} primitives, {twice} with two cases or more, {excused} unreachable")
            for text, listed in (("one case", once), ("no case", nothing)):
                if listed:
                    print(f"  {text}: {' '.join(listed)}")
            missing += len(nothing)
    known = {name for names in groups.values() for group in names.values() for name in group}
    print("beyond the list:", *sorted(set(counts) - known))
    both = sorted(set(counts) & set(reasons))
    print(f"{sum(counts.values())} cases of {len(counts)} primitives")
    print("with a case and a reason why there is none:", *both)
    return 1 if missing else 0
