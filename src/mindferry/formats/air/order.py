"""An order of ops in which every one comes after those that it takes its inputs from."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence

from mindferry.errors import FormatError
from mindferry.formats._wire import OFFSET, Message

_MOST_NAMED = 3


def topological(
    ops: Mapping[str, Message], edges: Mapping[str, Sequence[tuple[str, int] | None]], what: str = "ops"
) -> list[str]:
    """The names of the ops, each behind its sources; where there is a choice the file's order decides.

    Args:
        ops: by name, in the file's order.
        edges: by op, the (source, output) of its inputs; sources outside `ops` are there from the start.
        what: they are called in the error.

    Raises:
        FormatError: some ops feed each other in a circle.
    """
    names = list(ops)
    place = {name: index for index, name in enumerate(names)}
    sources = {name: {edge[0] for edge in edges[name] if edge and edge[0] in ops} for name in names}
    users: dict[str, list[str]] = {name: [] for name in names}
    for name in names:
        for source in sources[name]:
            users[source].append(name)
    waiting = {name: len(sources[name]) for name in names}
    ready = [place[name] for name in names if not waiting[name]]
    found: list[str] = []
    while ready:
        name = names[heapq.heappop(ready)]
        found.append(name)
        for user in users[name]:
            waiting[user] -= 1
            if not waiting[user]:
                heapq.heappush(ready, place[user])
    if stuck := [name for name in names if waiting[name]]:
        shown = ", ".join(map(repr, stuck[:_MOST_NAMED])) + (", ..." if len(stuck) > _MOST_NAMED else "")
        raise FormatError(f"{what} wait for each other in a circle: {shown}", offset=ops[stuck[0]][OFFSET])
    return found
