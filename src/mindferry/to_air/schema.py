"""The GE operators: inputs, outputs and attributes of each.

`schema.json` holds a row per operator. A name with ? is an optional input, with * a dynamic one (any number of tensors, named x0, x1
and so on). An attribute is `[kind]` where it is required and `[kind, default]` otherwise; an int that means an element type is a
number of `ge::DataType`. The facts are those of the operator headers of mindspore-ai/graphengine (Apache-2.0, June 2025).
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mindferry.errors import ConvertError
from mindferry.formats.air.model import Attribute
from mindferry.types import DType

_TABLE = Path(__file__).with_name("schema.json")
_SCALARS: dict[str, tuple[type, ...]] = {
    "Int": (int,), "Float": (int, float), "Bool": (bool,), "String": (str,), "Type": (DType,),
}  # fmt: skip


class SchemaError(ConvertError):
    """An operator that was built against its definition: a fault of MindFerry, not of the model."""


@dataclass(frozen=True, slots=True)
class Slot:
    """An input or output of an operator."""

    name: str
    optional: bool
    dynamic: bool


@dataclass(frozen=True, slots=True)
class Operator:
    """What an operator takes and gives.

    Attributes:
        attributes: kind by name; required: the attributes that have no default.
    """

    name: str
    inputs: tuple[Slot, ...]
    outputs: tuple[Slot, ...]
    attributes: Mapping[str, str]
    required: frozenset[str]


@functools.cache
def _rows() -> dict[str, Any]:
    rows: dict[str, Any] = json.loads(_TABLE.read_text("utf-8"))
    return rows


def names() -> tuple[str, ...]:
    """The operators in the table, sorted."""
    return tuple(_rows())


@functools.cache
def operator(name: str) -> Operator:
    """The definition of an operator.

    Raises:
        SchemaError: the table has none of this name.
    """
    row = _rows().get(name)
    if row is None:
        raise SchemaError(f"GE has no operator {name!r} in the table")
    attributes = row["attributes"]
    return Operator(
        name,
        tuple(_slot(text) for text in row["inputs"]),
        tuple(_slot(text) for text in row["outputs"]),
        {key: value[0] for key, value in attributes.items()},
        frozenset(key for key, value in attributes.items() if len(value) == 1 and value[0] != "Tensor"),
    )


def _slot(text: str) -> Slot:
    return Slot(text.rstrip("?*"), text.endswith("?"), text.endswith("*"))


def attributes(definition: Operator, given: Mapping[str, Any]) -> dict[str, Attribute]:
    """The given attributes with the kinds that the definition names.

    Raises:
        SchemaError: one is unknown, missing, or of another type.
    """
    if unknown := sorted(given.keys() - definition.attributes.keys()):
        raise SchemaError(f"{definition.name} has no attribute {', '.join(unknown)}")
    if missing := sorted(definition.required - given.keys()):
        raise SchemaError(f"{definition.name} needs the attribute {', '.join(missing)}")
    found = {}
    for name, value in given.items():
        kind = definition.attributes[name]
        if not _fits(kind, value):
            raise SchemaError(f"{definition.name}.{name} is a {kind}, got {value!r}")
        found[name] = Attribute(kind, tuple(value) if kind.startswith("List") else value)
    return found


def _fits(kind: str, value: Any) -> bool:
    if kind.startswith("List"):
        element = kind.removeprefix("List")
        return isinstance(value, list | tuple) and all(_fits(element, item) for item in value)
    accepted = _SCALARS.get(kind)
    return accepted is not None and isinstance(value, accepted) and (kind == "Bool" or not isinstance(value, bool))
