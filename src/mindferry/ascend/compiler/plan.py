"""Where each intermediate result lies in the work memory: results that are never needed together may share a place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import onnx_ir as ir

ALIGNMENT = 32


@dataclass(frozen=True, slots=True)
class Place:
    """A result's bytes in the work memory, and the first and last node during which it is needed."""

    offset: int
    size: int
    first: int
    last: int

    def meets(self, other: Place) -> bool:
        """True where both are needed at the same time."""
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True, slots=True)
class Plan:
    """The work memory of a model.

    Attributes:
        places: by value name.
        peak: bytes of the whole memory; naive: bytes if every result had a place of its own.
        unknown: results whose size only a run can tell.
    """

    places: Mapping[str, Place]
    peak: int
    naive: int
    unknown: tuple[str, ...] = ()


def plan(nodes: Sequence[ir.Node], sizes: Mapping[str, int], kept: Sequence[str], *, share: bool = True) -> Plan:
    """Places for the results of nodes in this order.

    Args:
        sizes: bytes by value name, 0 where they are not known.
        kept: values that lie elsewhere: the model's outputs.
        share: whether results that are never needed together may share a place.
    """
    lives = {name: life for name, life in lifetimes(nodes).items() if name not in kept}
    places: dict[str, Place] = {}
    for name in sorted(lives, key=lambda item: (-sizes.get(item, 0), lives[item])):
        if size := _aligned(sizes.get(name, 0)):
            first, last = lives[name]
            others = [one for one in places.values() if not share or (one.first <= last and first <= one.last)]
            places[name] = Place(_best_gap(others, size), size, first, last)
    return Plan(
        places,
        max((place.offset + place.size for place in places.values()), default=0),
        sum(place.size for place in places.values()),
        tuple(name for name in lives if not sizes.get(name, 0)),
    )


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def _best_gap(others: Sequence[Place], size: int) -> int:
    """The start of the smallest gap between the others that is large enough, else their end."""
    end = best = 0
    narrowest = 0
    for place in sorted(others, key=lambda item: item.offset):
        gap = place.offset - end
        if gap >= size and (not narrowest or gap < narrowest):
            best, narrowest = end, gap
        end = max(end, place.offset + place.size)
    return best if narrowest else end


def lifetimes(nodes: Sequence[ir.Node]) -> dict[str, tuple[int, int]]:
    """The first and last node that each result is needed for; a node with branches needs what they take."""
    made: dict[str, int] = {}
    last: dict[str, int] = {}
    for index, node in enumerate(nodes):
        for value in node.outputs:
            if value.name:
                made[value.name] = last[value.name] = index
        for name in _needs(node):
            if name in made:
                last[name] = index
    return {name: (made[name], last[name]) for name in made}


def _needs(node: ir.Node) -> list[str]:
    found = [str(value.name) for value in node.inputs if value is not None]
    for attribute in node.attributes.values():
        if attribute.type is ir.AttributeType.GRAPH:
            found += [name for inner in attribute.as_graph() for name in _needs(inner)]
    return found
