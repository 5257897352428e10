"""The state of one graph's evaluation: values by name, and what has been written to parameters.

MindIR orders side effects with monads: `UpdateState(u, node...)` is the state after those nodes, `Load(p, u)` reads a
parameter in state u. A state here is a mapping from a parameter's name to the value written last; a parameter that is
not in it has its initial value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import onnx_ir as ir

from mindferry.graph import Graph, Type

State: TypeAlias = "Mapping[str, ir.Value]"


@dataclass(frozen=True, slots=True)
class Variable:
    """A parameter as a place that can be written, not as a value."""

    name: str


@dataclass(frozen=True, slots=True)
class Partial:
    """A function with some of its arguments."""

    function: str
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """One of two functions, decided at run time."""

    condition: ir.Value
    then: Any
    otherwise: Any


@dataclass(slots=True)
class Frame:
    """One graph while it is evaluated.

    Attributes:
        values: results by name; a monad's value is its State.
        effects: node name -> what the node wrote.
        entry: the state in which the graph was entered.
        latest: the state after the nodes so far, for files without monads.
        stack: the functions that are being evaluated, innermost last.
    """

    graph: Graph
    values: dict[str, Any] = field(default_factory=dict)
    types: dict[str, Type | None] = field(default_factory=dict)
    effects: dict[str, State] = field(default_factory=dict)
    entry: State = field(default_factory=dict)
    latest: State = field(default_factory=dict)
    stack: tuple[str, ...] = ()

    def wrote(self, node: str, changes: State) -> None:
        """Records what a node wrote."""
        if changes:
            self.effects[node] = changes
            self.latest = {**self.latest, **changes}
