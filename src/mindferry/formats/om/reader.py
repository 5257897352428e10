"""OM files -> what they hold, without CANN; see the package for the layout."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mindferry.errors import FormatError
from mindferry.formats import _files
from mindferry.formats._wire import Message, decode
from mindferry.formats.air.fields import DATA_TYPES, ENGINE_TYPES, FORMATS, GE_IR
from mindferry.formats.om import attributes, container, fields, introduction
from mindferry.formats.om.introduction import Introduction, Tensor

_FORMAT_NUMBERS = dict(FORMATS)
_ENGINE_NUMBERS = {dtype: number for number, dtype in ENGINE_TYPES.items()}
_CONSTANTS = ("Const", "Constant", "FileConstant")
_INPUT_OPS = ("Data", "AippData", "AnnData")
_OF_PROFILES = {1: "batches", 2: "images", 3: "dims"}
"""Attribute `mbatch_dynamic_type` of the Case op -> the field of Introduction that its profiles belong to."""


@dataclass(frozen=True, slots=True)
class OfflineModel:
    """What an OM file holds; a file of several models shows its first.

    Attributes:
        header: the container's header.
        partitions: the data of the first model's partitions by type.
        model: the decoded ModelDef, {} where the file has none (a bundle or flow).
        attributes: the model's own attributes by name.
        introduction: inputs, outputs and profiles.
        operators: how often each GE operator occurs, subgraphs included.
        preprocessing: the AIPP mode by input name.
    """

    header: container.Header
    partitions: Mapping[int, memoryview]
    model: Message
    attributes: Mapping[str, Any]
    introduction: Introduction
    operators: Mapping[str, int] = field(default_factory=dict)
    preprocessing: Mapping[str, str] = field(default_factory=dict)

    @property
    def simulated(self) -> bool:
        """True for a file that the simulated compiler wrote and no device loads."""
        return fields.SIMULATED in self.attributes

    @property
    def soc_version(self) -> str:
        """The processor that it was compiled for, or ""."""
        return self.text("soc_version")

    def constants(self) -> Iterator[tuple[str, tuple[int, ...], int]]:
        """Element type, shape and bytes of every weight, which is not touched."""
        for graph in self.model.get("graph", []):
            for op in graph.get("op", []):
                if op.get("type") in _CONSTANTS and (described := (op.get("output_desc") or [None])[0]):
                    dtype = DATA_TYPES.get(described.get("dtype", 0))
                    shape = tuple(described.get("shape", {}).get("dim", []))
                    yield str(dtype or "?"), shape, math.prod(shape) * (dtype.itemsize if dtype else 0)

    def text(self, name: str) -> str:
        """A string attribute of the model, or ""."""
        value = self.attributes.get(name)
        return str(value, "utf-8", "backslashreplace") if isinstance(value, bytes) else ""

    def number(self, name: str) -> int:
        """An integer attribute of the model, or 0."""
        value = self.attributes.get(name)
        return value if isinstance(value, int) else 0


def read(path: str | Path) -> OfflineModel:
    """The content of an OM file; weights stay in the mapped file.

    Raises:
        FileProblem: the file is missing or unreadable.
        FormatError: it is no OM, is broken, or is encrypted.
    """
    try:
        return parse(_files.map_file(path))
    except FormatError as error:
        raise FormatError(error.reason, path=path, offset=error.offset) from None


def parse(view: memoryview) -> OfflineModel:
    """The content of an OM in memory.

    Raises:
        FormatError: it is no OM, is broken, or is encrypted.
    """
    header = container.header(view)
    partitions: dict[int, container.Partition] = {}
    for item in container.partitions(view, header):
        partitions.setdefault(item.type, item)
    data = {kind: item.data for kind, item in partitions.items()}
    model: Message = {}
    if fields.MODEL_DEF in partitions:
        place = partitions[fields.MODEL_DEF]
        model = decode(place.data, "Model", GE_IR, place.offset)
    names = attributes.names(model)
    ops = [op for graph in model.get("graph", []) for op in graph.get("op", [])]
    if fields.MODEL_INOUT_INFO in partitions:
        place = partitions[fields.MODEL_INOUT_INFO]
        known = introduction.read(place.data, place.offset)
    else:
        known = _from_graph(model, names)
    return OfflineModel(
        header, data, model, attributes.of(model, attributes.Names()), known,
        dict(Counter(str(op.get("type", "?")) for op in ops).most_common()), _preprocessing(ops, names),
    )  # fmt: skip


def _from_graph(model: Message, names: attributes.Names) -> Introduction:
    """Inputs, outputs and profiles from the root graph, where the file has no MODEL_INOUT_INFO."""
    ops = model["graph"][0].get("op", []) if model.get("graph") else []
    found = [op for op in ops if op.get("type") in _INPUT_OPS]
    order = {id(op): attributes.of(op, names).get("index", place) for place, op in enumerate(found)}
    inputs = [_input(op, names) for op in sorted(found, key=lambda op: _sortable(order[id(op)]))]
    outputs = [
        _output(op, index, one)
        for op in ops
        if op.get("type") == "NetOutput"
        for index, one in enumerate(op.get("input_desc", []))
    ]
    profiles: dict[str, Any] = {}
    for op in ops:
        if op.get("type") == "Case":
            profiles = _profiles(attributes.of(op, names))
    return Introduction(tuple(inputs), tuple(outputs), **profiles)


def _sortable(index: object) -> int:
    return index if isinstance(index, int) else 0


def _input(op: Message, names: attributes.Names) -> Tensor:
    found = attributes.of(op, names)
    described = (op.get("input_desc") or op.get("output_desc") or [{}])[0]
    shape = found.get("_mbatch_origin_input_dims")
    return _tensor(op.get("name", "?"), described, shape if isinstance(shape, list) else None)


def _output(op: Message, index: int, described: Message) -> Tensor:
    sources, places = op.get("src_name", []), op.get("src_index", [])
    if index < min(len(sources), len(places)):
        return _tensor(f"output_{index}_{sources[index]}_{places[index]}", described, None)
    return _tensor(f"output_{index}", described, None)


def _tensor(name: str, described: Message, shape: list[Any] | None) -> Tensor:
    dtype = DATA_TYPES.get(described.get("dtype", 0))
    dims = tuple(shape if shape is not None else described.get("shape", {}).get("dim", []))
    return Tensor(
        str(name), described.get("size", 0), _FORMAT_NUMBERS.get(described.get("layout", "ND"), 2),
        _ENGINE_NUMBERS.get(dtype, -1) if dtype else -1, dims, dims,
    )  # fmt: skip


def _profiles(found: Mapping[str, Any]) -> dict[str, Any]:
    kind = _OF_PROFILES.get(_sortable(found.get("mbatch_dynamic_type", 0)))
    rows = itertools.takewhile(bool, (found.get(f"_pred_value_{index}") for index in itertools.count()))
    values = [tuple(row) for row in rows if isinstance(row, list)]
    if kind is None or not values:
        return {}
    return {kind: tuple(row[0] for row in values if row) if kind == "batches" else tuple(values)}


def _preprocessing(ops: list[Message], names: attributes.Names) -> dict[str, str]:
    """The AIPP mode of the inputs that have one: an op of type Aipp beside them, or their own attributes."""
    found: dict[str, str] = {}
    for op in ops:
        own = attributes.of(op, names)
        mode = own.get("_data_related_aipp_mode")
        if op.get("type") in _INPUT_OPS and ("aipp" in own or mode is not None):
            found[str(op.get("name"))] = str(mode, "utf-8", "replace") if isinstance(mode, bytes) else "static"
    return found
