"""Drops nodes that nothing needs.

A node is needed if the graph's result depends on it. An UpdateState needs only those of its operands that write to a
parameter or call a function that does; so loads that only order reads, and random primitives in dead branches, vanish.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from mindferry.graph import Closure, Graph, Model, Node, Operand, Ref
from mindferry.passes.calls import closures


def prune(model: Model, *, writes: Callable[[str], bool]) -> Model:
    """The model without dead nodes and without functions that nothing calls.

    Args:
        model: any model.
        writes: tells whether a primitive writes to its first operand.
    """
    effectful = _effectful_functions(model, writes)
    graphs = {"": _prune(model.main, effectful, writes)}
    waiting = [""]
    while waiting:
        for name in closures(graphs[waiting.pop()]):
            if name not in graphs and name in model.functions:
                graphs[name] = _prune(model.functions[name], effectful, writes)
                waiting.append(name)
    functions = {name: graphs[name] for name in model.functions if name in graphs}
    return dataclasses.replace(model, main=graphs[""], functions=functions)


def _effectful_functions(model: Model, writes: Callable[[str], bool]) -> frozenset[str]:
    found = {
        name
        for name, graph in model.functions.items()
        if any(node.writes or writes(node.primitive) for node in graph.nodes)
    }
    while True:
        more = {
            name
            for name, graph in model.functions.items()
            if name not in found and any(one in found for one in closures(graph))
        }
        if not more:
            return frozenset(found)
        found |= more


def _prune(graph: Graph, effectful: frozenset[str], writes: Callable[[str], bool]) -> Graph:
    nodes = {node.name: node for node in graph.nodes}

    def acts(operand: Operand) -> bool:
        node = nodes.get(operand.name) if isinstance(operand, Ref) else None
        if node is None:
            return False
        if node.primitive in ("MakeTuple", "TupleGetItem", "Depend"):
            return any(acts(item) for item in node.inputs)
        return node.writes or writes(node.primitive) or (node.primitive == "Call" and _calls_effect(node, effectful))

    needed: set[str] = set()
    waiting: list[Operand] = [graph.output]
    while waiting:
        operand = waiting.pop()
        if isinstance(operand, tuple):
            waiting.extend(operand)
        elif isinstance(operand, Ref) and operand.name in nodes and operand.name not in needed:
            needed.add(operand.name)
            node = nodes[operand.name]
            state = node.primitive == "UpdateState"
            waiting.extend([node.inputs[0], *filter(acts, node.inputs[1:])] if state else node.inputs)
    return dataclasses.replace(graph, nodes=tuple(_trim(node, needed) for node in graph.nodes if node.name in needed))


def _calls_effect(node: Node, effectful: frozenset[str]) -> bool:
    callee = node.inputs[0]
    return callee.function in effectful if isinstance(callee, Closure) else bool(effectful)


def _trim(node: Node, needed: set[str]) -> Node:
    if node.primitive != "UpdateState":
        return node
    kept = tuple(operand for operand in node.inputs[1:] if isinstance(operand, Ref) and operand.name in needed)
    return dataclasses.replace(node, inputs=(node.inputs[0], *kept))
