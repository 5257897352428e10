"""Attributes of AIR as literals, constants as tensors, descriptors as types."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

from mindferry.errors import FormatError
from mindferry.formats._wire import OFFSET, Message
from mindferry.formats.air import fields
from mindferry.graph import Operand, Tensor, TensorType
from mindferry.types import DType, Shape

External: TypeAlias = "Callable[[str, int, int, int], memoryview]"
"""Finds bytes of a weight file: its path as the model names it, their start and number, and the op's byte offset."""

_FORMAT_NAMES = {number: name for name, number in fields.FORMATS.items()}
_PLAIN = frozenset({"NCHW", "NHWC", "ND", "HWCN", "NCDHW", "NDHWC", "DHWCN", "NC", "NCL", "FORMAT_RESERVED"})
_ELEMENT_TYPES = frozenset({"dst_type", "dtype", "output_type"})
"""Int attributes that mean an element type."""

_BOOKKEEPING = frozenset({"is_input_const", "input_names", "output_names"})
"""Attributes that say nothing of what an op computes, besides those whose name starts with _."""


def attributes(op: Message, *, only: str = "") -> dict[str, Operand]:
    """The attributes that an operator's definition can have; tensors, graphs and functions in them are left out.

    Args:
        only: the name of one attribute; then the others are left out.
    """
    found: dict[str, Operand] = {}
    for entry in op.get("attr", []):
        name = entry.get("key", "")
        if name.startswith("_") or name in _BOOKKEEPING or (only and name != only):
            continue
        value = literal(entry.get("value", {}))
        if name in _ELEMENT_TYPES and type(value) is int:
            value = fields.ENGINE_TYPES.get(value, value)
        if value is not None:
            found[name] = value
    return found


def literal(attribute: Message) -> Operand:
    """The value of an Attribute message, or None where it is a graph, a function, a tensor or nothing."""
    for name in ("i", "f", "b"):
        if name in attribute:
            return attribute[name]  # type: ignore[no-any-return]
    if "s" in attribute:
        return text(attribute["s"])
    if "dt" in attribute:
        return fields.ENGINE_TYPES.get(attribute["dt"])
    if "list" in attribute:
        return _list(attribute["list"])
    for outer, rows, row in (("list_list_int", "list_list_i", "list_i"), ("list_list_float", "list_list_f", "list_f")):
        if outer in attribute:
            return tuple(tuple(one.get(row, ())) for one in attribute[outer].get(rows, ()))
    return None


def _list(message: Message) -> Operand:
    for name in ("i", "f", "b"):
        if name in message:
            return tuple(message[name])
    if "s" in message:
        return tuple(map(text, message["s"]))
    if "dt" in message:
        return tuple(fields.ENGINE_TYPES.get(one) for one in message["dt"])
    return ()


def text(raw: memoryview) -> str:
    """Bytes as text."""
    return str(raw, "utf-8", "backslashreplace")


def raw_attribute(message: Message, name: str) -> Message:
    """The Attribute message of a name in an op or descriptor; empty where there is none."""
    return next((entry.get("value", {}) for entry in message.get("attr", []) if entry.get("key") == name), {})


def input_names(op: Message, count: int) -> tuple[str, ...]:
    """The names of the op's inputs in their order, or () where the file does not record them.

    Raises:
        FormatError: the record does not fit the inputs.
    """
    keys = raw_attribute(op, "_input_name_key").get("list", {}).get("s", [])
    places = raw_attribute(op, "_input_name_value").get("list", {}).get("i", [])
    if not keys and not places:
        return ()
    names = dict(zip(places, map(text, keys), strict=False))
    if len(keys) != len(places) or len(names) != len(places) or any(place not in names for place in range(count)):
        raise FormatError(
            f"op {op.get('name', '')!r} has {count} inputs, which its input names do not fit: "
            f"{len(keys)} names for {len(names)} places",
            offset=op[OFFSET],
        )
    return tuple(names[place] for place in range(count))


def dtype_of(descriptor: Message) -> DType:
    """The element type of a descriptor."""
    number = descriptor.get("dtype", 0)
    try:
        return fields.DATA_TYPES[number]
    except KeyError:
        raise FormatError(f"data type {number} is unknown or not supported", offset=descriptor[OFFSET]) from None


def shape_of(descriptor: Message) -> Shape | None:
    """The recorded shape; -1 becomes None, a lone -2 an unknown rank."""
    dims = descriptor.get("shape", {}).get("dim", [])
    if dims == [-2]:
        return None
    return tuple(None if dim < 0 else int(dim) for dim in dims)


def type_of(descriptor: Message) -> TensorType | None:
    """What a descriptor says of an output, or None where it has no dims, an unknown type or a private layout."""
    known = descriptor.get("dtype", 0) in fields.DATA_TYPES and descriptor.get("shape", {}).get("dim")
    if not known or layout_now(descriptor) not in _PLAIN:
        return None
    return TensorType(dtype_of(descriptor), shape_of(descriptor))


def layout_now(descriptor: Message) -> str:
    """The layout in which the tensor lies; a number counts before the text."""
    return _format(descriptor, "format_for_int", descriptor.get("layout", ""))


def layout(descriptor: Message) -> str:
    """What the tensor's axes mean, such as "NCHW": its original layout, or where that is ND the one in which it lies."""
    origin = raw_attribute(descriptor, "origin_format").get("s")
    found = _format(descriptor, "origin_format_for_int", "ND" if origin is None else text(origin))
    return layout_now(descriptor) if found == "ND" else found


def _format(descriptor: Message, number: str, name: str) -> str:
    found = raw_attribute(descriptor, number).get("i")
    return _FORMAT_NAMES.get(found, f"format {found}") if found is not None else name or "ND"


def check_layout(descriptor: Message, what: str) -> None:
    """Raises FormatError where a tensor lies in a layout that only a compiled graph has."""
    found = layout_now(descriptor)
    if found not in _PLAIN:
        raise FormatError(
            f"{what} lies in the layout {found}; only graphs from before their compilation can be read",
            offset=descriptor[OFFSET],
        )


def constant(name: str, op: Message, external: External) -> Tensor:
    """The tensor of a Const, Constant or FileConstant, whose bytes are checked against its shape.

    Raises:
        FormatError: there is no value, an unknown element type, a private layout, or bytes that do not fit the shape.
    """
    message = raw_attribute(op, "value").get("t", {})
    descriptors = [message["desc"]] if "desc" in message else op.get("output_desc", [])[:1]
    if not descriptors:
        raise FormatError(f"{op.get('type')} {name!r} has no value", offset=op[OFFSET])
    descriptor = descriptors[0]
    check_layout(descriptor, f"{op.get('type')} {name!r}")
    dtype, dims = dtype_of(descriptor), tuple(descriptor.get("shape", {}).get("dim", ()))
    if dtype is DType.STRING:
        raise FormatError(f"{op.get('type')} {name!r} holds strings, which is not supported", offset=op[OFFSET])
    if any(dim < 0 for dim in dims):
        raise FormatError(f"{op.get('type')} {name!r} has a negative dimension: {list(dims)}", offset=op[OFFSET])
    expected = math.prod(dims) * dtype.itemsize
    data = _data(op, message, expected, external)
    if len(data) != expected:
        raise FormatError(
            f"{op.get('type')} {name!r} of {dtype}{list(dims)} needs {expected} bytes, the file has {len(data)}",
            offset=op[OFFSET],
        )
    return Tensor(name, dtype, dims, data)


def _data(op: Message, message: Message, expected: int, external: External) -> memoryview:
    data: memoryview = message.get("data", memoryview(b""))
    found = attributes(op)
    location = found.get("location") or found.get("file_path")
    if len(data) or not location:
        return data
    start, length = found.get("offset", 0), found.get("length", expected)
    if not isinstance(location, str) or not isinstance(start, int) or length != expected:
        raise FormatError(
            f"{op.get('type')} {op.get('name', '')!r} needs {expected} bytes, {location!r} holds {length} for it",
            offset=op[OFFSET],
        )
    return external(location, start, expected, op[OFFSET])
