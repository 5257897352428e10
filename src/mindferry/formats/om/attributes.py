"""Attributes of a ModelDef as Python values, with numbered names resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mindferry.errors import FormatError
from mindferry.formats._wire import OFFSET, Message

_DIGIT = 127
_SCALARS = ("s", "i", "f", "b", "bt", "dt", "expression")
_LISTS = ("s", "i", "f", "b", "bt", "dt")


@dataclass(frozen=True, slots=True)
class Names:
    """The tables behind numbered attributes; empty where a file has none."""

    names: tuple[str, ...] = ()
    values: tuple[bytes, ...] = ()
    has_text: tuple[bool, ...] = ()


def names(model: Message) -> Names:
    """The tables that a model carries."""
    found = of(model, Names())
    listed = [found.get(key, []) for key in ("attr_name_enum", "attr_value_enum", "attrs_use_string_value")]
    titles, values, texts = ([*item] if isinstance(item, list) else [] for item in listed)
    return Names(
        tuple(str(item, "utf-8", "backslashreplace") for item in titles if isinstance(item, bytes)),
        tuple(item for item in values if isinstance(item, bytes)),
        tuple(bool(item) for item in texts),
    )


def of(message: Message, numbered: Names) -> dict[str, Any]:
    """The attributes of a model, graph, op or descriptor by name; tensors and graphs stay messages, texts are bytes.

    Raises:
        FormatError: an attribute has a number that the model's tables do not know.
    """
    found = {}
    for entry in message.get("attr", []):
        value = _value(entry.get("value", {}))
        name, text = _name(entry.get("key", ""), numbered, entry[OFFSET])
        found[name] = _text_of(value, numbered, entry[OFFSET]) if text else value
    return found


def _name(key: str, numbered: Names, offset: int) -> tuple[str, bool]:
    """The name that a key means, and whether its value is the number of a text."""
    if not key.startswith("\0") or not numbered.names:
        return key, False
    index = sum((ord(character) - 1) * _DIGIT**place for place, character in enumerate(key[1:6]))
    if index >= min(len(numbered.names), len(numbered.has_text)):
        raise FormatError(f"attribute number {index} is not among the {len(numbered.names)} names", offset=offset)
    return numbered.names[index], numbered.has_text[index]


def _text_of(value: object, numbered: Names, offset: int) -> object:
    if isinstance(value, list):
        return [_text_of(one, numbered, offset) for one in value]
    if not isinstance(value, int):
        return value
    if not 0 <= value < len(numbered.values):
        raise FormatError(f"text number {value} is not among the {len(numbered.values)} texts", offset=offset)
    return numbered.values[value]


def _value(message: Message) -> Any:
    for name in _SCALARS:
        if name in message:
            return bytes(message[name]) if name in ("s",) else message[name]
    if "list" in message:
        content = message["list"]
        return next(([_plain(item) for item in content[name]] for name in _LISTS if name in content), [])
    if "list_list_int" in message:
        return [row.get("list_i", []) for row in message["list_list_int"].get("list_list_i", [])]
    return next((message[name] for name in ("t", "td", "g", "func") if name in message), None)


def _plain(item: object) -> object:
    return bytes(item) if isinstance(item, memoryview) else item


def entries(values: Mapping[str, Any]) -> list[Message]:
    """The messages of attributes, sorted by name: int, float, bool, str, bytes (as `bt`) and lists of int or str."""
    return [{"key": name, "value": _message(values[name])} for name in sorted(values)]


def _message(value: Any) -> Message:
    match value:
        case bool():
            return {"b": value}
        case int():
            return {"i": value}
        case float():
            return {"f": value}
        case str():
            return {"s": value.encode()}
        case bytes() | memoryview():
            return {"bt": value}
        case [str(), *_]:
            return {"list": {"s": [item.encode() for item in value], "val_type": 1}}
        case list() | tuple():
            return {"list": {"i": list(value), "val_type": 2}}
        case _:
            return dict(value)
