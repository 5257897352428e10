"""MindIR files of every generation -> graph.Model.

| generation | written by | container | operator reference | attributes |
| --- | --- | --- | --- | --- |
| G0 | MindSpore 1.0 | ONNX schema, no opset | plain name | grammar over pseudo tensors |
| G1 | 1.1 to 1.10 | mind_ir.proto, ir_version 0.1.0 | plain name | grammar over flat lists |
| G2 | 2.0 to 2.6 | + table of primitives | REF::name | recursive values, all as attributes |
| G3 | 2.7 on | mind_ir_version 3 | REF::name | arguments of yaml operators are inputs |

Parameters above 1 GiB live in `NAME_variables/data_N` beside `NAME_graph.mindir`: a 64-byte header (byte 0 is 1 for little
endian), then the parameters at the offsets that the graph file gives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from mindferry.errors import FormatError
from mindferry.formats import _files
from mindferry.formats._wire import OFFSET, Message, Schema, decode
from mindferry.formats.mindir import fields, values
from mindferry.graph import Closure, Graph, Input, Model, Node, Operand, OtherType, Ref, Tensor, TensorType, Type
from mindferry.types import Dim

_NOT_ATTRIBUTES = frozenset({"input_names", "output_names", "side_effect_propagate", "side_effect_io"})
_WRITES = "side_effect_mem"


def read(path: str | Path, *, key: bytes | None = None) -> Model:
    """The model in a MindIR file; weights stay in the mapped file until they are used.

    Args:
        path: a `.mindir` file (for split models the `_graph.mindir`), or the suffix-less file of MindSpore 1.0.
        key: 16, 24 or 32 bytes, for a file that was exported with an encryption key.

    Raises:
        FileProblem: the file is missing or unreadable.
        FormatError: it is not MindIR, is broken, or is encrypted and no key (or a wrong one) was given.
    """
    view = _files.map_plain(path, key=key)
    try:
        return _Reader(view, Path(path)).model()
    except FormatError as error:
        raise FormatError(error.reason, path=path, offset=error.offset) from None


def is_onnx_schema(view: memoryview) -> bool:
    """True where the first field is ONNX's integer ir_version: MindSpore 1.0's MindIR, or ONNX itself."""
    return len(view) > 1 and view[0] == 0x08


class _Reader:
    """One file on its way to a Model."""

    def __init__(self, view: memoryview, path: Path) -> None:
        self.path = path
        self.schema: Schema = fields.ONNX_1_0 if is_onnx_schema(view) else fields.MIND_IR
        self.message = decode(view, "Model", self.schema)
        self.externals: dict[Path, memoryview] = {}
        self._check_header()
        primitives, functions = self.message.get("primitives", []), self.message.get("functions", [])
        self.primitives = {name: self._primitive(item) for name, item in _by_name("primitives", primitives).items()}
        self.functions = _by_name("functions", functions)
        nodes = [node for graph in (self.message["graph"], *functions) for node in graph.get("node", [])]
        constants = [node for node in nodes if node.get("op_type") == "Constant"]
        self.constants = {
            name: _constant(item) for name, item in _by_name("constants", constants, _result_name).items()
        }

    def _check_header(self) -> None:
        message = self.message
        if "graph" not in message:
            raise FormatError("not a MindIR file: it holds no graph", offset=0)
        if self.schema is fields.ONNX_1_0 and (
            "opset_import" in message or message.get("producer_name") != "MindSpore"
        ):
            raise FormatError("this is an ONNX file, not MindIR", offset=0)
        if message.get("little_endian") is False:
            raise FormatError("big-endian MindIR is not supported", offset=0)

    @property
    def generation(self) -> str:
        if self.schema is fields.ONNX_1_0:
            return "G0"
        if not self.primitives and self.message.get("mind_ir_version", 0) < 1:
            return "G1"
        return "G3" if self.message.get("mind_ir_version", 0) >= 2 else "G2"

    def model(self) -> Model:
        message = self.message
        version = message.get("producer_version") or str(message.get("model_version", ""))
        return Model(
            format="MindIR",
            generation=self.generation,
            producer=message.get("producer_name", ""),
            producer_version="1.0" if self.schema is fields.ONNX_1_0 else version,
            main=self._graph(message["graph"]),
            functions={name: self._graph(item) for name, item in self.functions.items()},
            metadata={item.get("key", ""): item.get("value", "") for item in message.get("user_info", [])},
            path=str(self.path),
        )

    @staticmethod
    def _primitive(message: Message) -> tuple[str, dict[str, Operand]]:
        attributes = {item.get("name", ""): values.literal(item) for item in message.get("attribute", [])}
        return message.get("op_type", ""), {k: v for k, v in attributes.items() if k not in _NOT_ATTRIBUTES}

    def _graph(self, message: Message) -> Graph:
        if message.get("map_parameter"):
            raise FormatError(
                "a MapParameter (hash table) is not supported", offset=message["map_parameter"][0][OFFSET]
            )
        name = message.get("name", "")
        tensors = _by_name("parameters", message.get("parameter") or message.get("initializer", []))
        parameters = {
            key: values.tensor(item, self._external, name=item.get("ref_key") or _title(key, name))
            for key, item in tensors.items()
        }
        given = _by_name("inputs", message.get("input", []))
        inputs = tuple(self._input(item, name) for key, item in given.items() if key not in parameters)
        return _GraphReader(self, message, inputs, parameters.keys()).graph(name, inputs, parameters)

    def _input(self, message: Message, graph: str) -> Input:
        name = message.get("name", "")
        return Input(name, _value_type(message), _title(name, graph))

    def _external(self, message: Message, expected: int) -> memoryview:
        place = _files.beside(self.path, message.get("location", ""), offset=message[OFFSET])
        if place not in self.externals:
            self.externals[place] = _files.map_file(place)
        view, offset = self.externals[place], message.get("offset", 0)
        if offset < 0 or offset + expected > len(view):
            raise FormatError(
                f"{place.name} has {len(view)} bytes, but a parameter lies at {offset} to {offset + expected}",
                offset=message[OFFSET],
            )
        return view[offset : offset + expected]


class _GraphReader:
    """One graph's nodes; constants are operands."""

    def __init__(self, reader: _Reader, message: Message, inputs: Iterable[Input], parameters: Iterable[str]) -> None:
        self.reader, self.message = reader, message
        self.known = {item.name for item in inputs} | set(parameters)
        self.nodes = list(self._nodes())

    def graph(self, name: str, inputs: tuple[Input, ...], parameters: Mapping[str, Tensor]) -> Graph:
        outputs = self.message.get("output", [])
        operands = [self._operand(item.get("name", ""), item) for item in outputs]
        flags = {item.get("name", ""): values.literal(item) for item in self.message.get("attribute", [])}
        single = len(operands) == 1
        output = operands[0] if single else tuple(operands)
        output_type = self._output_type(outputs[0], output) if single else None
        return Graph(name, inputs, parameters, tuple(self.nodes), output, output_type, flags)

    def _output_type(self, message: Message, operand: Operand) -> Type | None:
        """What the file says of the output; MindSpore 1.0 leaves a tuple's types to the node that makes it."""
        if "type" in message and "tensor_type" not in message["type"]:
            return next((node.type for node in self.nodes if operand == Ref(node.name)), None)
        return _value_type(message)

    def _nodes(self) -> Iterable[Node]:
        for message in self.message.get("node", []):
            if message.get("op_type") == "Constant":
                continue
            name = _result_name(message)
            if name in self.known or name in self.reader.constants:
                raise FormatError(f"two values are named {name!r}", offset=message[OFFSET])
            yield self._node(name, message)
            self.known.add(name)

    def _node(self, name: str, message: Message) -> Node:
        operation = message.get("op_type", "").removeprefix("REF::")
        inputs = tuple(self._operand(item, message) for item in message.get("input", []))
        attributes: dict[str, Operand] = {}
        recorded: Type | None = None
        for item in message.get("attribute", []):
            if item.get("name", "") in ("", "shape") and (item.get("name") == "" or _is_abstract(item)):
                recorded = values.recorded_type(item)
            elif item["name"] not in _NOT_ATTRIBUTES:
                attributes[item["name"]] = values.literal(item)
        scope = message.get("domain", "")
        if operation in self.reader.primitives:
            primitive, shared = self.reader.primitives[operation]
            attributes = {**shared, **attributes}
            return Node(
                name, primitive, inputs, attributes, recorded, scope, writes=bool(attributes.pop(_WRITES, False))
            )
        if operation in self.reader.functions:
            return Node(name, "Call", (Closure(operation), *inputs), attributes, recorded, scope)
        if operation in self.known:
            return Node(name, "Call", (Ref(operation), *inputs), attributes, recorded, scope)
        if "REF::" in message.get("op_type", ""):
            raise FormatError(
                f"node {name!r} refers to {operation!r}, which the file does not define", offset=message[OFFSET]
            )
        return Node(name, operation, inputs, attributes, recorded, scope, writes=bool(attributes.pop(_WRITES, False)))

    def _operand(self, name: str, message: Message) -> Operand:
        name = name.removeprefix("REF::")
        if name in self.reader.constants:
            return self.reader.constants[name]
        if name in self.known:
            return Ref(name)
        if name in self.reader.functions:
            return Closure(name)
        raise FormatError(f"value {name!r} is used before it is defined", offset=message[OFFSET])


def _name(message: Message) -> str:
    return str(message.get("name", ""))


def _by_name(what: str, messages: Iterable[Message], name_of: Callable[[Message], str] = _name) -> dict[str, Message]:
    """Messages by their names, which must differ."""
    found: dict[str, Message] = {}
    for message in messages:
        name = name_of(message)
        if name in found:
            raise FormatError(f"two {what} are named {name!r}", offset=message[OFFSET])
        found[name] = message
    return found


def _constant(message: Message) -> Operand:
    """A Constant's value; graphs may use each other's."""
    attributes = message.get("attribute", [])
    if len(attributes) != 1:
        raise FormatError(f"a Constant has {len(attributes)} values, not 1", offset=message[OFFSET])
    return values.literal(attributes[0])


def _result_name(message: Message) -> str:
    return str((message.get("output") or [message.get("name", "")])[0])


def _is_abstract(attribute: Message) -> bool:
    grammar = attribute.get("ref_attr_name")
    return grammar is None or grammar.startswith("shape:")


def _title(name: str, graph: str) -> str:
    return name.removeprefix(f"{graph}:")


def _value_type(message: Message) -> Type:
    if tensors := message.get("tensor"):
        return TensorType(values.dtype_of(tensors[0]), values.shape_of(tensors[0]))
    if "type" in message:
        tensor_type = message["type"].get("tensor_type", {OFFSET: message[OFFSET]})
        dims: list[Dim] = [item.get("dim_value") for item in tensor_type.get("shape", {}).get("dim", [])]
        return TensorType(
            values.dtype_of({OFFSET: message[OFFSET], "data_type": tensor_type.get("elem_type", 0)}), tuple(dims)
        )
    if "attr_info" in message:
        return values.recorded_type(message["attr_info"]) or OtherType("unknown")
    return OtherType("unknown")
