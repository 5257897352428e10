"""AIR files -> graph.Model in the dialect "ge".

A Const that holds a shape, axes or a scalar becomes an operand, every other one a parameter named after its op. A node
with several outputs is a tuple, and `op:1` is a TupleGetItem of it. What an op records about an output counts where it has
dims: the vendor's library leaves the descriptors of a graph without inferred shapes at float and no dims.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from mindferry.errors import FormatError
from mindferry.formats import _files
from mindferry.formats._wire import OFFSET, Message, decode
from mindferry.formats.air import fields, order, values
from mindferry.graph import (
    Closure,
    Graph,
    Input,
    Model,
    Node,
    Operand,
    OtherType,
    Ref,
    SequenceType,
    Tensor,
    TensorType,
    Type,
)
from mindferry.types import DType

_CONSTANTS = frozenset({"Const", "Constant", "FileConstant"})
_LITERAL_ELEMENTS = 64
"""Up to this size an integer Const is taken for an argument: a shape, axes, paddings."""


def read(path: str | Path, *, key: bytes | None = None) -> Model:
    """The model in an AIR file; weights stay in the mapped file until they are used.

    Args:
        path: an `.air` file; the folder `air_weight` lies beside it where the file refers to it.
        key: of no use, because encrypted AIR files do not say that they are.

    Raises:
        FileProblem: the file is missing or unreadable.
        FormatError: it is not AIR, is broken, was compiled already, or a key was given.
    """
    view = _files.map_plain(path, key=key)
    try:
        return _Reader(view, Path(path)).model()
    except FormatError as error:
        raise FormatError(error.reason, path=path, offset=error.offset) from None


class _Reader:
    """One file on its way to a Model."""

    def __init__(self, view: memoryview, path: Path) -> None:
        self.path = path
        self.message = decode(view, "Model", fields.GE_IR)
        self.externals: dict[Path, memoryview] = {}
        graphs = self.message.get("graph", [])
        if not any("op" in graph for graph in graphs[:1]):
            raise FormatError("not an AIR file: it holds no graph", offset=0)
        self.subgraphs = _by_name("subgraphs", graphs[1:])
        order.topological(self.subgraphs, {name: _inner(one) for name, one in self.subgraphs.items()}, "subgraphs")

    def model(self) -> Model:
        main = self.message["graph"][0]
        functions = {name: _GraphReader(self, message).graph() for name, message in self.subgraphs.items()}
        return Model(
            format="AIR", generation="", producer="", producer_version=self.message.get("custom_version", ""),
            main=_GraphReader(self, main).graph(), functions=functions, path=str(self.path), dialect="ge",
        )  # fmt: skip

    def external(self, location: str, start: int, size: int, offset: int) -> memoryview:
        """Bytes of a weight file beside the model."""
        place = _files.beside(self.path, location, offset=offset)
        if place not in self.externals:
            self.externals[place] = _files.map_file(place)
        view = self.externals[place]
        if start < 0 or start + size > len(view):
            raise FormatError(
                f"{location} has {len(view)} bytes, but a weight lies at {start} to {start + size}", offset=offset
            )
        return view[start : start + size]


class _GraphReader:
    """One graph: Data ops are inputs, Const ops operands or parameters, all others nodes."""

    def __init__(self, reader: _Reader, message: Message) -> None:
        self.reader, self.message = reader, message
        self.ops = _by_name("ops", message.get("op", []))
        self.literals: dict[str, Tensor] = {}
        self.parameters: dict[str, Tensor] = {}
        for name, op in self.ops.items():
            if op.get("type") in _CONSTANTS:
                self._constant(name, op)

    def graph(self) -> Graph:
        data = {name: op for name, op in self.ops.items() if op.get("type") == "Data"}
        computed = {
            name: op
            for name, op in self.ops.items()
            if op.get("type") not in {"Data", "NetOutput", *_CONSTANTS}
        }  # fmt: skip
        edges = {name: self._edges(op) for name, op in computed.items()}
        nodes: list[Node] = []
        for name in order.topological(computed, edges):
            nodes.extend(self._nodes(name, computed[name], edges[name]))
        results = self._results()
        output: Operand = results[0][0] if len(results) == 1 else tuple(operand for operand, _ in results)
        kinds = tuple(kind or OtherType("unknown") for _, kind in results)
        output_type = kinds[0] if len(kinds) == 1 else SequenceType(kinds)
        name = self.message.get("name", "")
        return Graph(name, self._inputs(data), self.parameters, tuple(nodes), output, output_type)

    def _constant(self, name: str, op: Message) -> None:
        tensor = values.constant(name, op, self.reader.external)
        integral = tensor.dtype in (DType.INT32, DType.INT64, DType.BOOL)
        if not tensor.shape or (integral and math.prod(tensor.shape) <= _LITERAL_ELEMENTS):
            self.literals[name] = tensor
        else:
            self.parameters[name] = tensor

    def _inputs(self, data: Mapping[str, Message]) -> tuple[Input, ...]:
        """The Data ops by their index; those of old files have none and count in their order."""
        found: dict[int, tuple[str, Message]] = {}
        for place, (name, op) in enumerate(data.items()):
            index = values.attributes(op, only="index").get("index", place)
            if not isinstance(index, int) or index in found:
                raise FormatError(f"Data {name!r} has the index {index}, which is taken", offset=op[OFFSET])
            found[index] = name, op
        return tuple(Input(name, self._input_type(name, op), name) for _, (name, op) in sorted(found.items()))

    @staticmethod
    def _input_type(name: str, op: Message) -> Type:
        descriptors = [*op.get("output_desc", []), *op.get("input_desc", [])]
        if not descriptors:
            raise FormatError(f"Data {name!r} has no descriptor", offset=op[OFFSET])
        descriptor = descriptors[0]
        values.check_layout(descriptor, f"Data {name!r}")
        return TensorType(values.dtype_of(descriptor), values.shape_of(descriptor))

    def _edges(self, op: Message) -> tuple[tuple[str, int] | None, ...]:
        """(op, output) of each data input, None where an input is not connected; control edges are only checked."""
        found = []
        for text in op.get("input", []):
            if text.endswith(":-1"):
                self._known(text.removesuffix(":-1"), op)
            else:
                found.append(self._edge(text, op))
        return tuple(found)

    def _edge(self, text: str, op: Message) -> tuple[str, int] | None:
        if not text:
            return None
        name, _, index = text.rpartition(":")
        if not name or not index.isascii() or not index.isdigit() or len(index) > 9:
            raise FormatError(f"{text!r} is no edge; op:index is expected", offset=op[OFFSET])
        source = self._known(name, op)
        count = 1 if name in self.literals or name in self.parameters else max(1, len(source.get("output_desc", [])))
        if int(index) >= count:
            raise FormatError(f"edge {text!r} leaves an op that has {count} outputs", offset=op[OFFSET])
        return name, int(index)

    def _known(self, name: str, op: Message) -> Message:
        if name not in self.ops:
            raise FormatError(
                f"{op.get('name', '')!r} refers to op {name!r}, which its graph does not have", offset=op[OFFSET]
            )
        return self.ops[name]

    def _nodes(self, name: str, op: Message, edges: Sequence[tuple[str, int] | None]) -> Iterator[Node]:
        """The op's node, and one for each of its outputs where it has several."""
        descriptors = op.get("output_desc", [])
        kinds = [values.type_of(one) for one in descriptors]
        closures = tuple(Closure(self._subgraph(one, op)) for one in op.get("subgraph_name", []))
        names = values.input_names(op, len(edges))
        layouts = [values.layout(one) for one in op.get("input_desc", [])]
        yield Node(
            name, op.get("type", ""), (*closures, *(self._operand(edge) for edge in edges)),
            attributes=values.attributes(op),
            type=_several(kinds) if len(kinds) != 1 else kinds[0],
            names=(*("",) * len(closures), *names) if names else (),
            layouts=tuple(layouts[: len(edges)]),
        )  # fmt: skip
        if len(kinds) > 1:
            for index, kind in enumerate(kinds):
                yield Node(f"{name}:{index}", "TupleGetItem", (Ref(name), index), type=kind)

    def _subgraph(self, name: str, op: Message) -> str:
        if name not in self.reader.subgraphs:
            raise FormatError(
                f"{op.get('name', '')!r} refers to subgraph {name!r}, which the file does not have", offset=op[OFFSET]
            )
        return name

    def _operand(self, edge: tuple[str, int] | None) -> Operand:
        if edge is None:
            return None
        name, index = edge
        if name in self.literals:
            return self.literals[name]
        several = len(self.ops[name].get("output_desc", [])) > 1 and self.ops[name].get("type") != "Data"
        return Ref(f"{name}:{index}" if several and name not in self.parameters else name)

    def _results(self) -> list[tuple[Operand, Type | None]]:
        """The graph's outputs: those it lists, else the inputs of its NetOutput."""
        texts, place = self.message.get("output", []), self.message
        for op in self.ops.values():
            if op.get("type") == "NetOutput" and not texts:
                texts, place = op.get("input", []), op
        edges = [self._edge(text, place) for text in texts if not text.endswith(":-1")]
        found = [(self._operand(edge), self._result_type(*edge)) for edge in edges if edge is not None]
        if not found:
            raise FormatError(f"graph {self.message.get('name', '')!r} has no output", offset=self.message[OFFSET])
        return found

    def _result_type(self, name: str, index: int) -> Type | None:
        tensor = self.literals.get(name) or self.parameters.get(name)
        if tensor is not None:
            return TensorType(tensor.dtype, tensor.shape)
        descriptors = self.ops[name].get("output_desc", [])
        return values.type_of(descriptors[index]) if index < len(descriptors) else None


def _inner(graph: Message) -> tuple[tuple[str, int], ...]:
    """The subgraphs that a graph's ops name, each with 0."""
    return tuple((name, 0) for op in graph.get("op", []) for name in op.get("subgraph_name", []))


def _several(kinds: Sequence[Type | None]) -> Type | None:
    return SequenceType(tuple(kind or OtherType("unknown") for kind in kinds)) if kinds else None


def _by_name(what: str, messages: Iterable[Message]) -> dict[str, Message]:
    """Messages by their names, which are there and differ."""
    found: dict[str, Message] = {}
    for message in messages:
        name = message.get("name", "")
        if not name or name in found:
            reason = f"two {what} are named {name!r}" if name else f"one of the {what} has no name"
            raise FormatError(reason, offset=message[OFFSET])
        found[name] = message
    return found
