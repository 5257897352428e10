"""Which functions mention which, and which can reach themselves."""

from __future__ import annotations

from collections.abc import Container, Iterator

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


class CallGraph:
    """Which functions reach which, over calls and over uses as values."""

    def __init__(self, model: Model) -> None:
        self._mentions = {
            name: set(closures(graph)) & model.functions.keys() for name, graph in model.functions.items()
        }

    def is_recursive(self, function: str, *, without: Container[str] = ()) -> bool:
        """True where a function reaches itself on a path that avoids the given functions."""
        found: set[str] = set()
        waiting = [function]
        while waiting:
            new = {name for name in self._mentions[waiting.pop()] if name not in found and name not in without}
            found |= new
            waiting.extend(new)
        return function in found
