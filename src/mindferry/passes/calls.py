"""Which functions mention which, and which can reach themselves."""

from __future__ import annotations

from collections.abc import Iterator

from mindferry.graph import Closure, Graph, Model


def closures(graph: Graph) -> Iterator[str]:
    """The functions that a graph calls or uses as values."""
    operands = [graph.output, *(operand for node in graph.nodes for operand in node.inputs)]
    while operands:
        operand = operands.pop()
        if isinstance(operand, Closure):
            yield operand.function
        elif isinstance(operand, tuple):
            operands.extend(operand)


def recursive_functions(model: Model) -> frozenset[str]:
    """The functions that can reach themselves through calls."""
    mentions = {name: set(closures(graph)) & model.functions.keys() for name, graph in model.functions.items()}
    return frozenset(name for name in mentions if name in _reached(mentions, name))


def _reached(mentions: dict[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = mentions[waiting.pop()] - found
        found |= new
        waiting.extend(new)
    return found
