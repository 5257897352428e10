"""Writes AIR: equal models have equal bytes, and weights go to the file without being held in memory.

`mindferry.formats.air` describes the file.
"""

from __future__ import annotations

import functools
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mindferry.errors import FileProblem
from mindferry.formats import _files, _wire
from mindferry.formats._wire import Message
from mindferry.formats.air.fields import DATA_TYPES, ENGINE_TYPES, FORMATS, GE_IR, VALUE_TYPES
from mindferry.formats.air.model import UNKNOWN_RANK, Attribute, Constant, Descriptor, Model, Op

LIMIT = (1 << 31) - 1
"""Bytes that protobuf can serialize in one message."""

WEIGHTS = "air_weight"
"""The folder beside the model that holds the weights of a larger one."""

_PROTO_NUMBERS = {dtype: number for number, dtype in DATA_TYPES.items()}
_ENGINE_NUMBERS = {dtype: number for number, dtype in ENGINE_TYPES.items()}

_MODEL_ATTRIBUTES: Mapping[str, Attribute] = {
    **dict.fromkeys(
        ("event_num", "label_num", "memory_size", "p2p_memory_size", "stream_num", "weight_size"), Attribute("Int", 0)
    ),
    "target_type": Attribute("String", "MINI"),
}
"""What the vendor's library gives every model before it is compiled."""

_SCALARS = {"Int": "i", "Float": "f", "Bool": "b", "String": "s"}


@dataclass(frozen=True, slots=True)
class _Weight:
    """Bytes that are stored beside the model: the path that the op names, and the bytes."""

    location: str
    constant: Constant


def save(model: Model, path: str | Path, *, limit: int = LIMIT) -> list[Path]:
    """Writes the model in one step: on failure nothing is left behind and an earlier file stays as it was.

    Args:
        limit: bytes from which the weights are stored in files of their own, in `air_weight/NAME` beside the model.

    Returns:
        The files that were written, the model first.

    Raises:
        FileProblem: the place cannot be written.
    """
    target = _files.check_target(path)
    chunks, weights = _wire.encode(_model(model, None), "Model", GE_IR), []
    if _wire.size(chunks) > limit:
        if Path(path).is_symlink():
            raise FileProblem(f"{path}: is a symbolic link, but the weights need files beside the model; give {target}")
        weights = _weights(model, target.stem)
        locations = {weight.constant: weight.location for weight in weights}
        chunks = _wire.encode(_model(model, locations), "Model", GE_IR)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder:
            _write_all(Path(folder), target, chunks, weights)
    except OSError as error:
        raise FileProblem(f"{path}: cannot be written ({error.strerror or error})") from None
    return [target, *(target.parent / weight.location for weight in weights)]


def _write_all(folder: Path, target: Path, chunks: Iterable[_wire.Chunk], weights: Iterable[_Weight]) -> None:
    """Writes everything into a folder on the target's disk and moves it to its place."""
    for weight in weights:
        place = folder / weight.location
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("wb") as file:
            _wire.write([weight.constant.data], file)
    with (folder / target.name).open("wb") as file:
        _wire.write(chunks, file)
    written = folder / WEIGHTS / target.stem
    if written.exists():
        final = target.parent / WEIGHTS / target.stem
        final.parent.mkdir(exist_ok=True)
        shutil.rmtree(final, ignore_errors=True)
        written.replace(final)
    (folder / target.name).replace(target)


def _weights(model: Model, stem: str) -> list[_Weight]:
    """Where the bytes of each constant go; file names are unique and have no unusual characters."""
    found, taken = [], set()
    for op in model.graph.ops:
        for attribute in op.attributes.values():
            if attribute.kind != "Tensor":
                continue
            name = plain = re.sub(r"[^A-Za-z0-9_.-]", "_", f"{op.type}_{model.graph.name}_{op.name}_file")
            count = 1
            while name in taken:
                name, count = f"{plain}_{count}", count + 1
            taken.add(name)
            found.append(_Weight(f"{WEIGHTS}/{stem}/{name}", attribute.value))
    return found


def _model(model: Model, locations: Mapping[Constant, str] | None) -> Message:
    """The message of a model; constants with a location are without their bytes."""
    graph = model.graph
    types = {op.name: op.type for op in graph.ops}
    ops = [_op(index, op, types, locations or {}) for index, op in enumerate(graph.ops)]
    root = {"name": graph.name, "output": graph.outputs, "op": ops}
    return {"graph": [root], "attr": _entries(_MODEL_ATTRIBUTES)}


def _op(index: int, op: Op, types: Mapping[str, str], locations: Mapping[Constant, str]) -> Message:
    constant = [types[item.source.rpartition(":")[0]] == "Const" for item in op.inputs if item.source]
    attributes = dict(op.attributes)
    for attribute in op.attributes.values():
        if attribute.kind == "Tensor" and attribute.value in locations:
            attributes["location"] = Attribute("String", locations[attribute.value])
            attributes["length"] = Attribute("Int", _wire.size([attribute.value.data]))
    if constant:
        attributes["is_input_const"] = Attribute("ListBool", tuple(constant))
    return {
        "name": op.name,
        "type": op.type,
        "input": [item.source for item in op.inputs],
        "attr": _sorted(_entries(attributes, locations) + _names(op)),
        "has_out_attr": True,
        "id": index or None,
        "is_input_const": constant,
        "input_desc": [_unconnected() if x.descriptor is None else _descriptor(x.descriptor) for x in op.inputs],
        "output_desc": [_descriptor(item.descriptor) for item in op.outputs],
    }


def _names(op: Op) -> list[Message]:
    """The attributes that name inputs and outputs; the vendor writes these lists without a type."""
    lists: dict[str, Message] = {}
    inputs, outputs = [item.name for item in op.inputs], [item.name for item in op.outputs]
    for key, names in (("_input_name", inputs), ("_output_name", outputs)):
        positions = sorted((name, index) for index, name in enumerate(names))
        if positions:
            lists[f"{key}_key"] = {"s": [name for name, _ in positions]}
            lists[f"{key}_value"] = {"i": [index for _, index in positions]}
    if optional := sorted(item.name for item in op.inputs if item.optional):
        lists["_opt_input"] = {"s": optional}
    return [{"key": key, "value": {"list": value}} for key, value in lists.items()]


@functools.lru_cache(maxsize=4096)
def _descriptor(descriptor: Descriptor) -> bytes:
    """The message of a descriptor, encoded: what gives a tensor and what reads it have the same."""
    shape, format_ = descriptor.shape, descriptor.format
    attributes = {
        "format_for_int": Attribute("Int", FORMATS[format_]),
        "origin_format": Attribute("String", format_),
        "origin_format_for_int": Attribute("Int", FORMATS[format_]),
        "origin_shape": Attribute("ListInt", shape),
        "origin_shape_initialized": Attribute("Bool", True),
    }
    if -1 in shape:
        attributes["shape_range"] = Attribute("ListListInt", tuple((1, -1) if n == -1 else (n, n) for n in shape))
    message = {
        "dtype": _PROTO_NUMBERS[descriptor.dtype],
        "shape": {"dim": shape},
        "layout": format_,
        "attr": _entries(attributes),
        "has_out_attr": True,
        "device_type": "NPU",
        "real_dim_cnt": len(shape) if shape and shape != UNKNOWN_RANK else None,
    }
    return _bytes(message)


@functools.cache
def _unconnected() -> bytes:
    """The message of the descriptor of an optional input that is absent, encoded."""
    message = {
        "shape": {},
        "layout": "FORMAT_RESERVED",
        "attr": _entries({"origin_format": Attribute("String", "ND")}),
        "has_out_attr": True,
        "device_type": "NPU",
    }
    return _bytes(message)


def _bytes(descriptor: Message) -> bytes:
    (chunk,) = _wire.encode(descriptor, "Descriptor", GE_IR)
    assert isinstance(chunk, bytes)
    return chunk


def _entries(attributes: Mapping[str, Attribute], locations: Mapping[Constant, str] | None = None) -> list[Message]:
    return _sorted({"key": key, "value": _value(item, locations or {})} for key, item in attributes.items())


def _sorted(entries: Iterable[Message]) -> list[Message]:
    return sorted(entries, key=lambda entry: str(entry["key"]))


def _value(attribute: Attribute, locations: Mapping[Constant, str]) -> Message:
    kind, value = attribute.kind, attribute.value
    if kind in _SCALARS:
        return {_SCALARS[kind]: value}
    if kind == "Type":
        return {"dt": _ENGINE_NUMBERS[value]}
    if kind == "Tensor":
        data = None if value in locations else value.data
        return {"t": {"desc": _descriptor(value.descriptor), "data": data}}
    if kind == "ListListInt":
        return {"list_list_int": {"list_list_i": [{"list_i": row} for row in value]}}
    field, items = _items(kind, value)
    return {"list": {field: items, "val_type": VALUE_TYPES[field]}}


def _items(kind: str, value: tuple[Any, ...]) -> tuple[str, list[Any]]:
    """The field of a list attribute, and its values."""
    element = kind.removeprefix("List")
    if element == "Type":
        return "dt", [_ENGINE_NUMBERS[item] for item in value]
    return _SCALARS[element], list(value)
