"""Turns writes into tensors into new values.

An in-place primitive changes the memory of its first operand, and whoever reads that memory later sees the change: under
the operand's own name, under the name of the primitive's result, in a tuple that was made before, behind a Depend. MindIR
lists nodes in an order that respects this. Here the result of such a primitive is the memory's newest version, and every
later reader reads the newest version. Parameters are left alone, in the functions that they are passed to as well: the
lowering follows them through states.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Container, Iterable, Iterator, Mapping

from mindferry.errors import LoweringError
from mindferry.graph import MONAD, Closure, Graph, Model, Node, Operand, OtherType, Ref

_TUPLES = ("MakeTuple", "make_list", "MakeList")
Mutated = dict[str, frozenset[int]]


def version_memory(model: Model, *, writes: Callable[[str], bool]) -> Model:
    """The model in which only parameters are written to.

    Args:
        writes: tells whether a primitive writes to its first operand.

    Raises:
        LoweringError: a view of a tensor is written to, or a function changes a tensor that its caller reads afterwards.
    """
    if not any(_writers(graph, writes) for graph in model.graphs()):
        return model
    parameters = _parameters(model)
    mutated = _mutated_inputs(model, writes, parameters)

    def versioned(graph: Graph) -> Graph:
        return _Versions(graph, writes, mutated, parameters[graph.name]).graph()

    functions = {name: versioned(graph) for name, graph in model.functions.items()}
    return dataclasses.replace(model, main=versioned(model.main), functions=functions)


def _parameters(model: Model) -> Mapping[str, set[str]]:
    """By graph, the names under which it knows parameters: its own, and inputs to which callers pass one."""
    known = {graph.name: set(graph.parameters) for graph in model.graphs()}
    waiting = list(model.graphs())
    while waiting:
        graph = waiting.pop()
        for node in graph.nodes:
            for function, place, operand in _arguments(node):
                callee = model.functions[function]
                if place < len(callee.inputs) and isinstance(operand, Ref) and operand.name in known[graph.name]:
                    name = callee.inputs[place].name
                    if name not in known[callee.name]:
                        known[callee.name].add(name)
                        waiting.append(callee)
    return known


def _arguments(node: Node) -> Iterator[tuple[str, int, Operand]]:
    """Function, place and argument of each argument that a node passes to a function that it names."""
    if node.primitive in ("Partial", "Call") and isinstance(node.inputs[0], Closure):
        for place, operand in enumerate(node.inputs[1:]):
            yield node.inputs[0].function, place, operand


def _writers(graph: Graph, writes: Callable[[str], bool]) -> list[Node]:
    """The nodes whose writing the file orders by a monad."""
    monads = {node.name for node in graph.nodes if node.primitive == "UpdateState"}
    monads |= {item.name for item in graph.inputs if isinstance(item.type, OtherType) and item.type.kind == "monad"}

    def ordered(node: Node) -> bool:
        return any(one is MONAD or (isinstance(one, Ref) and one.name in monads) for one in node.inputs)

    return [node for node in graph.nodes if writes(node.primitive) and node.inputs and ordered(node)]


def _memories(graph: Graph, writers: Iterable[Node]) -> dict[str, str]:
    """By the name of a node that makes no memory of its own, the name of the memory that it stands for."""
    own = {node.name for node in writers}
    memories: dict[str, str] = {}
    tuples: dict[str, tuple[Operand, ...]] = {}
    for node in graph.nodes:
        if node.primitive in _TUPLES:
            tuples[node.name] = node.inputs
        first = node.inputs[0] if node.inputs else None
        if node.primitive == "TupleGetItem" and isinstance(first, Ref) and isinstance(node.inputs[1], int):
            items = tuples.get(memories.get(first.name, first.name))
            first = items[node.inputs[1]] if items else None
        elif node.name not in own and node.primitive != "Depend":
            continue
        if isinstance(first, Ref):
            memories[node.name] = memories.get(first.name, first.name)
    return memories


def _target(graph: Graph, memories: dict[str, str], node: Node) -> str | None:
    """The memory that a node writes to; a Load stands for what it loads."""
    loads = {one.name: one.inputs[0] for one in graph.nodes if one.primitive == "Load"}
    target: Operand = node.inputs[0]
    while isinstance(target, Ref) and target.name in loads:
        target = loads[target.name]
    return memories.get(target.name, target.name) if isinstance(target, Ref) else None


def _mutated_inputs(model: Model, writes: Callable[[str], bool], parameters: Mapping[str, set[str]]) -> Mutated:
    """By function, the places of the inputs whose memory it changes, itself or through what it calls; no parameters."""
    found: Mutated = {}
    while True:
        news = False
        for name, graph in model.functions.items():
            writers = _writers(graph, writes)
            memories = _memories(graph, writers)
            changed = {_target(graph, memories, node) for node in writers}
            changed |= {memory for node in graph.nodes for memory in _passed(node, memories, found)}
            changed -= parameters[name]
            places = frozenset(place for place, item in enumerate(graph.inputs) if item.name in changed)
            if places and places != found.get(name):
                found[name], news = places, True
        if not news:
            return found


def _passed(node: Node, memories: dict[str, str], mutated: Mutated) -> Iterator[str]:
    """The memories that a node passes to a function that changes them."""
    for function, place, operand in _arguments(node):
        if isinstance(operand, Ref) and place in mutated.get(function, ()):
            yield memories.get(operand.name, operand.name)


class _Versions:
    """One graph while its nodes are renamed.

    Attributes:
        newest: memory -> the node that wrote it last.
        seen: node -> what it stood for when it was evaluated.
        lost: memories that a function has changed.
    """

    def __init__(
        self, graph: Graph, writes: Callable[[str], bool], mutated: Mutated, parameters: Container[str]
    ) -> None:
        self._graph, self._mutated, self._parameters = graph, mutated, parameters
        self._writers = {node.name for node in _writers(graph, writes)}
        self._memories = _memories(graph, [node for node in graph.nodes if node.name in self._writers])
        self._by_name = {node.name: node for node in graph.nodes}
        self._nodes: list[Node] = []
        self._newest: dict[str, str] = {}
        self._seen: dict[str, str | None] = {}
        self._tuples: dict[str, tuple[tuple[Operand, ...], str]] = {}
        self._lost: dict[str, str] = {}

    def graph(self) -> Graph:
        """The graph with every version under its own name."""
        for node in self._graph.nodes:
            self._add(node)
        output = self._now(self._graph.output, "the output")
        return dataclasses.replace(self._graph, nodes=tuple(self._nodes), output=output)

    def _add(self, node: Node) -> None:
        if node.primitive == "UpdateState":
            self._nodes.append(node)
            return
        place = node.scope or node.name
        inputs = tuple(self._now(operand, place, partial=node.primitive == "Partial") for operand in node.inputs)
        target = _target(self._graph, self._memories, node) if node.name in self._writers else None
        if target is not None:
            self._check_view(target, place)
            if target in self._parameters:
                inputs = (Ref(target), *inputs[1:])
            else:
                self._newest[target] = node.name
        self._nodes.append(dataclasses.replace(node, inputs=inputs))
        if node.primitive in _TUPLES:
            self._tuples[node.name] = inputs, node.name
        self._seen[node.name] = self._newest.get(self._memory(node.name))
        for memory in _passed(node, self._memories, self._mutated):
            self._lost[memory] = str(node.inputs[0])

    def _memory(self, name: str) -> str:
        return self._memories.get(name, name)

    def _now(self, operand: Operand, place: str, *, partial: bool = False) -> Operand:
        """What stands for the operand now."""
        if isinstance(operand, tuple):
            return tuple(self._now(item, place) for item in operand)
        if not isinstance(operand, Ref):
            return operand
        memory = self._memory(operand.name)
        if memory in self._lost and not partial:
            raise LoweringError(
                f"{place} reads a tensor after a function has changed it in place; let the function return it instead"
            )
        if memory in self._tuples:
            return self._tuple(operand, memory, place)
        newest = self._newest.get(memory)
        return operand if newest is None or newest == self._seen.get(operand.name) else Ref(newest)

    def _tuple(self, operand: Ref, name: str, place: str) -> Ref:
        """The tuple, made anew where one of its items has changed."""
        node = self._by_name[name]
        items = tuple(self._now(item, place) for item in node.inputs)
        known, latest = self._tuples[name]
        if items == known:
            return operand if latest == name else Ref(latest)
        renewed = f"{name}@{len(self._nodes)}"
        self._nodes.append(dataclasses.replace(node, name=renewed, inputs=items))
        self._tuples[name] = items, renewed
        return Ref(renewed)

    def _check_view(self, target: str, place: str) -> None:
        producer = self._by_name.get(target)
        if producer is not None and producer.primitive.endswith("View"):
            raise LoweringError(
                f"{place} writes into a view made by {producer.primitive}, which would change the viewed tensor; "
                "write into the tensor itself"
            )
