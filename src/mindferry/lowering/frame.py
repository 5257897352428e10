"""The state of one graph's evaluation: values by name, what was written to parameters, and how the graph was left.

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

RETURN = ""
"""The kind of an exit that returns a value; every other kind is the name of a loop header that is called."""


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


@dataclass(frozen=True, slots=True)
class Exit:
    """How a call ended where it did not simply return: with a call of an enclosing loop's header, or in one of several ways.

    Attributes:
        kinds: RETURN or names of headers, sorted.
        selector: 0-d int64 index into kinds, or None where there is one kind.
        payloads: kind -> the returned value, or the arguments of the call.
    """

    kinds: tuple[str, ...]
    selector: ir.Value | None
    payloads: Mapping[str, Any]


@dataclass(slots=True)
class Loop:
    """A loop header whose body is being built.

    Attributes:
        arguments: the header's arguments as the body sees them.
        results: kind -> the payload that the loop carries for exits of that kind, as the body sees it.
    """

    arguments: tuple[Any, ...]
    results: dict[str, Any]


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
