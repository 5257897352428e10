"""Attributes of MindIR as literals, and the recorded types of results.

From MindSpore 2.0 on a value is recursive (`type`, `values`). Before, it is a flat list of elements with a grammar in
`ref_attr_name`: `kind:expression`, the expression being `value3`, `shape1`, or `Tuple[...,]` / `List[...,]` of those, which
take the elements in order.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from mindferry.errors import FormatError
from mindferry.formats._wire import MAX_DEPTH, OFFSET, Message
from mindferry.formats.mindir import fields
from mindferry.graph import MONAD, Closure, Operand, OtherType, ScalarType, SequenceType, Tensor, TensorType, Type
from mindferry.types import DType, Shape

ExternalData: TypeAlias = "Callable[[Message, int], memoryview]"
"""Finds the bytes of an External message; the second argument is the expected size."""

_ELEMENT_FIELDS = ("float_data", "int32_data", "int64_data", "double_data", "uint64_data", "string_data")
_SCALARS = frozenset(fields.DATA_TYPES) - {fields.STRING}


def dtype_of(message: Message) -> DType:
    """The element type of a Tensor message."""
    number = message.get("data_type", 0)
    try:
        return fields.DATA_TYPES[number]
    except KeyError:
        raise FormatError(f"data type {number} is unknown or not supported", offset=message[OFFSET]) from None


def shape_of(message: Message) -> Shape | None:
    """The recorded shape; -1 becomes None, a lone -2 an unknown rank."""
    dims = message.get("dims", [])
    if dims == [-2]:
        return None
    return tuple(None if dim < 0 else int(dim) for dim in dims)


def tensor(message: Message, external: ExternalData | None = None, *, name: str = "") -> Tensor:
    """A Tensor whose bytes are checked against its shape.

    Raises:
        FormatError: an unknown element type, compressed data, or bytes that do not fit the shape.
    """
    dtype, dims = dtype_of(message), message.get("dims", [])
    where = f"tensor {name or message.get('name', '')!r}"
    if message.get("compression_type"):
        raise FormatError(
            f"{where} is compressed (type {message['compression_type']}), which is not supported",
            offset=message[OFFSET],
        )
    if any(dim < 0 for dim in dims):
        if not _is_empty(message):
            raise FormatError(f"{where} has a negative dimension: {dims}", offset=message[OFFSET])
        dims = [max(dim, 0) for dim in dims]
    expected = math.prod(dims) * dtype.itemsize
    data = _elements(message, dtype, expected, external)
    if dtype is not DType.STRING and len(data) != expected:
        raise FormatError(
            f"{where} of {dtype}{dims} needs {expected} bytes, the file has {len(data)}", offset=message[OFFSET]
        )
    return Tensor(name, dtype, tuple(dims), data)


def _is_empty(message: Message) -> bool:
    """Whether it has no elements: MindSpore records an empty constant of a dynamic network with its dynamic shape."""
    return "raw_data" in message and not message["raw_data"]


def _elements(message: Message, dtype: DType, expected: int, external: ExternalData | None) -> memoryview | bytes:
    if "external_data" in message:
        if external is None:
            raise FormatError("a constant refers to an external file", offset=message[OFFSET])
        return external(message["external_data"], expected)
    if "raw_data" in message:
        data: memoryview = message["raw_data"]
        return data
    for key in _ELEMENT_FIELDS[:-1]:
        if key in message:
            import numpy as np

            return np.asarray(message[key]).astype(dtype.numpy()).tobytes()
    if "string_data" in message:
        return b"".join(bytes(item) for item in message["string_data"])
    return b""


def literal(message: Message) -> Operand:
    """The value of an Attribute message, of any generation."""
    grammar = message.get("ref_attr_name")
    return _grammar_literal(message, grammar) if grammar else _recursive_literal(message)


def _recursive_literal(message: Message) -> Operand:
    kind = message.get("type", 0)
    if kind in (fields.TUPLE, fields.LIST):
        return tuple(_recursive_literal(item) for item in message.get("values", []))
    if kind == fields.DICT:
        return tuple((item.get("name", ""), _recursive_literal(item)) for item in message.get("values", []))
    if kind in (fields.UMONAD, fields.IOMONAD):
        return MONAD
    if kind in (fields.NONE, fields.TYPE_NULL, 0):
        return None
    if kind in (fields.TENSOR, fields.TENSORS):
        return _tensor_or_type(message)
    if kind == fields.FUNC_GRAPH_CLOSURE:
        return Closure(_text(message.get("s", b"")))
    if kind in _SCALARS or kind == fields.STRING:
        return _scalar(message, kind)
    return _text(message["s"]) if "s" in message else None


def _tensor_or_type(message: Message) -> Operand:
    items = message.get("tensors") or ([message["t"]] if "t" in message else [])
    values: list[Operand] = []
    for item in items:
        bare = item.keys() <= {OFFSET, "data_type", "name"}
        values.append(dtype_of(item) if bare else tensor(item))
    return values[0] if len(values) == 1 else tuple(values)


def _scalar(message: Message, kind: int) -> Operand:
    elements = list(_flat_elements(message))
    if not elements:
        return fields.DATA_TYPES[kind]
    return _typed(elements[0], kind) if len(elements) == 1 else tuple(_typed(item, kind) for item in elements)


def _flat_elements(message: Message) -> Iterator[Any]:
    for single, several in (("i", "ints"), ("f", "floats"), ("d", "doubles"), ("s", "strings")):
        if single in message:
            yield message[single]
        yield from message.get(several, [])


def _typed(element: Any, kind: int) -> Operand:
    if isinstance(element, memoryview | bytes):
        return _text(element)
    if kind == fields.BOOL:
        return bool(element)
    return element  # type: ignore[no-any-return]


def _text(raw: memoryview | bytes) -> str:
    return bytes(raw).decode("utf-8", "backslashreplace")


_TOKEN = re.compile(r"Tuple\[|List\[|\]|,|[^,\[\]]+")
_WITHOUT_ELEMENT = {"UMonad": MONAD, "IOMonad": MONAD, "none": None, "None": None}


def _grammar_literal(message: Message, grammar: str) -> Operand:
    kind, _, expression = grammar.partition(":")
    elements = _pseudo_elements(message)
    return _build(expression or kind, lambda: next(elements), message)  # type: ignore[no-any-return]


def _pseudo_elements(message: Message) -> Iterator[Operand]:
    number = message.get("type", 0)
    for element in _flat_elements(message):
        yield _typed(element, number)
    for item in message.get("tensors", []):
        keys = item.keys() & set(_ELEMENT_FIELDS)
        if len(keys) == 1 and not item.keys() & {"dims", "raw_data"}:
            yield _typed(item[keys.pop()][0], item.get("data_type", 0))
        else:
            yield dtype_of(item) if item.keys() <= {OFFSET, "data_type", "name"} else tensor(item)


def _build(expression: str, take: Callable[[], Any], message: Message) -> Any:
    stack: list[list[Any]] = [[]]
    try:
        for token in _TOKEN.findall(expression):
            if token in ("Tuple[", "List["):
                stack.append([])
                if len(stack) > MAX_DEPTH:
                    raise FormatError(f"attributes are nested deeper than {MAX_DEPTH}", offset=message[OFFSET])
            elif token == "]":
                finished = tuple(stack.pop())
                stack[-1].append(finished)
            elif (word := token.removesuffix("Type").removesuffix("Value")) in _WITHOUT_ELEMENT:
                stack[-1].append(_WITHOUT_ELEMENT[word])
            elif token != ",":
                stack[-1].append(take())
        (value,) = stack.pop()
    except (StopIteration, IndexError, ValueError):
        raise FormatError(
            f"attribute grammar {expression!r} does not fit its elements", offset=message[OFFSET]
        ) from None
    return value


def recorded_type(message: Message) -> Type | None:
    """The type that an abstract attribute records, or None where it records none."""
    if grammar := message.get("ref_attr_name"):
        items = iter(message.get("tensors", []))
        return _as_type(_build(grammar.partition(":")[2], lambda: _tensor_type(next(items)), message))
    kind = message.get("type", 0)
    tensors = [_tensor_type(item) for item in message.get("tensors", [])]
    if kind in (fields.TENSOR, fields.TENSORS):
        return tensors[0] if len(tensors) == 1 else SequenceType(tuple(tensors))
    if kind in (fields.TUPLE, fields.LIST):
        if message.get("seq_info", {}).get("is_dyn_len"):
            return SequenceType(None)
        return SequenceType(tuple(recorded_type(item) or OtherType("unknown") for item in message.get("values", [])))
    if kind == fields.SCALAR or kind in _SCALARS:
        return ScalarType(tensors[0].dtype if tensors else fields.DATA_TYPES.get(kind, DType.INT64))
    return _OTHER_TYPES.get(kind)


def _tensor_type(message: Message) -> TensorType:
    return TensorType(dtype_of(message), shape_of(message))


def _as_type(built: Any) -> Type:
    if isinstance(built, tuple):
        return SequenceType(tuple(_as_type(item) for item in built))
    return built if isinstance(built, TensorType) else OtherType("none" if built is None else "monad")


_OTHER_TYPES = {
    fields.UMONAD: OtherType("monad"), fields.IOMONAD: OtherType("monad"), fields.NONE: OtherType("none"),
    fields.STRING: OtherType("string"), fields.FUNC_GRAPH_CLOSURE: OtherType("function"),
    fields.PARTIAL_CLOSURE: OtherType("function"), fields.UNION_CLOSURE: OtherType("function"),
    fields.PRIMITIVE_CLOSURE: OtherType("function"),
}  # fmt: skip
