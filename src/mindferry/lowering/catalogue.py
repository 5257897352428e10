"""What the registry knows, as files that can be read without importing onnx.

`catalogue.json` (MindSpore's primitives) and `catalogue_ge.json` (GE's operators) are made by
`python -m mindferry.lowering.catalogue`, which `sh ferry generate` runs; a test compares them with the registry.
"""

from __future__ import annotations

import difflib
import functools
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mindferry.graph import Model
from mindferry.lowering import registry
from mindferry.lowering.registry import GE, LOWEST_OPSET, MINDSPORE
from mindferry.passes import clean

FILES = {
    MINDSPORE: Path(__file__).with_suffix(".json"),
    GE: Path(__file__).with_name("catalogue_ge.json"),
}
"""By dialect."""


@dataclass(frozen=True, slots=True)
class Entry:
    """How one primitive is lowered.

    Attributes:
        since: the lowest opset that has a lowering, or None where there is none.
        approximate: what that lowering approximates and how well, or "" where it is exact.
        writes: the primitive writes to its first operand.
        refused: why there is no lowering, where that is known.
    """

    since: int | None = LOWEST_OPSET
    approximate: str = ""
    writes: bool = False
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A primitive of a model that cannot be lowered exactly.

    Attributes:
        places: where it is used: Cell paths, or node names; at most one per use.
        reason: why there is no lowering, or what is approximated.
        nearest: the most similar name that has a lowering, where none is known to be impossible.
    """

    primitive: str
    count: int
    places: tuple[str, ...]
    reason: str
    nearest: str


@dataclass(frozen=True, slots=True)
class Outlook:
    """Whether a model's primitives can be lowered.

    Attributes:
        opset: the lowest one that has a lowering of every primitive that has one at all.
        because: the primitives that need an opset above the lowest, with it.
        primitives: the uses of each, dead nodes left out.
    """

    opset: int
    because: Mapping[str, int]
    unsupported: tuple[Unsupported, ...]
    primitives: Counter[str]


@functools.cache
def _recorded(dialect: str) -> Mapping[str, Entry]:
    return {name: Entry(**fields) for name, fields in json.loads(FILES[dialect].read_text("utf-8")).items()}


def read(dialect: str = MINDSPORE) -> Mapping[str, Entry]:
    """Every primitive that has a lowering or a reason for having none; those of plugins, once loaded, included."""
    return {**_recorded(dialect), **_in_registry(dialect)}


def _in_registry(dialect: str) -> dict[str, Entry]:
    """What has been registered in this process so far."""
    found = {name: Entry(since=None, refused=reason) for name, reason in registry.refused(dialect).items()}
    for name in registry.known(dialect):
        rows = registry.rows(name, dialect)
        first = min(rows, key=lambda row: (bool(row.approximate), row.since))
        found[name] = Entry(first.since, first.approximate, any(row.writes for row in rows))
    return found


def outlook(model: Model) -> Outlook:
    """Whether a source model can be lowered, from the catalogue alone; arguments are only checked by a conversion."""
    entries = read(model.dialect)
    model = clean(model, writes=lambda primitive: primitive in entries and entries[primitive].writes)
    places: dict[str, list[str]] = {}
    for graph in model.graphs():
        for node in graph.nodes:
            places.setdefault(node.primitive, []).append(node.scope or node.name)
    known = sorted(name for name, entry in entries.items() if entry.since is not None)
    unsupported, because = [], {}
    for primitive in sorted(places):
        entry = entries.get(primitive, Entry(since=None))
        if entry.since is None or entry.approximate:
            unsupported.append(_unsupported(primitive, places[primitive], entry, known))
        elif entry.since > LOWEST_OPSET:
            because[primitive] = entry.since
    opset = max(because.values(), default=LOWEST_OPSET)
    return Outlook(opset, because, tuple(unsupported), Counter({name: len(found) for name, found in places.items()}))


def _unsupported(primitive: str, places: list[str], entry: Entry, known: list[str]) -> Unsupported:
    reason, nearest = entry.refused, ""
    if entry.approximate:
        reason = f"only approximately: {entry.approximate}; allow it with --approximate"
    elif not reason:
        nearest = next(iter(difflib.get_close_matches(primitive, known, 1)), "")
    return Unsupported(primitive, len(places), tuple(dict.fromkeys(places)), reason, nearest)


def registered(dialect: str = MINDSPORE) -> dict[str, dict[str, Any]]:
    """The same as the dialect's file holds, from the registry itself; fields at their defaults are left out."""
    from mindferry.lowering.lower import STRUCTURAL, load

    load(dialect)
    found = {name: Entry() for name in STRUCTURAL[dialect]} | _in_registry(dialect)
    return {name: _changed(found[name]) for name in sorted(found)}


def _changed(entry: Entry) -> dict[str, Any]:
    default = Entry()
    return {name: getattr(entry, name) for name in Entry.__slots__ if getattr(entry, name) != getattr(default, name)}


def write() -> None:
    """Makes the files anew, one primitive a line."""
    for dialect, file in FILES.items():
        lines = [f"{json.dumps(name)}: {json.dumps(fields)}" for name, fields in registered(dialect).items()]
        file.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


if __name__ == "__main__":
    write()
