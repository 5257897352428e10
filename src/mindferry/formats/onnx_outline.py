"""What an ONNX file holds, read from the mapped file without importing onnx; weights are not touched.

Field numbers are those of onnx/onnx.proto (Apache-2.0).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mindferry.errors import FormatError
from mindferry.formats import _files
from mindferry.formats._wire import OFFSET, Message, Schema, decode, table
from mindferry.types import Dim, Shape

_SCHEMA = Schema({
    "Model": table(
        ir_version=(1, "int"), producer_name=(2, "string"), producer_version=(3, "string"), graph=(7, "Graph"),
        opset_import=(8, "Opset[]"), metadata=(14, "Entry[]"), functions=(25, "Function[]"),
    ),
    "Opset": table(domain=(1, "string"), version=(2, "int")),
    "Entry": table(key=(1, "string"), value=(2, "string")),
    "Function": table(name=(1, "string"), node=(7, "Node[]"), domain=(10, "string")),
    "Graph": table(node=(1, "Node[]"), initializer=(5, "Tensor[]"), input=(11, "Value[]"), output=(12, "Value[]")),
    "Node": table(op_type=(4, "string"), attribute=(5, "Attribute[]"), domain=(7, "string")),
    "Attribute": table(g=(6, "Graph"), graphs=(11, "Graph[]")),
    "Tensor": table(dims=(1, "int[]"), data_type=(2, "int"), name=(8, "string"), data_location=(14, "int")),
    "Value": table(name=(1, "string"), type=(2, "Type")),
    "Type": table(tensor_type=(1, "TensorType")),
    "TensorType": table(elem_type=(1, "int"), shape=(2, "Shape")),
    "Shape": table(dim=(1, "Dim[]")),
    "Dim": table(dim_value=(1, "int"), dim_param=(2, "string")),
})  # fmt: skip

_ELEMENT_TYPES = {
    1: ("float32", 32), 2: ("uint8", 8), 3: ("int8", 8), 4: ("uint16", 16), 5: ("int16", 16), 6: ("int32", 32),
    7: ("int64", 64), 8: ("str", 0), 9: ("bool", 8), 10: ("float16", 16), 11: ("float64", 64), 12: ("uint32", 32),
    13: ("uint64", 64), 14: ("complex64", 64), 15: ("complex128", 128), 16: ("bfloat16", 16), 17: ("float8e4m3fn", 8),
    18: ("float8e4m3fnuz", 8), 19: ("float8e5m2", 8), 20: ("float8e5m2fnuz", 8), 21: ("uint4", 4), 22: ("int4", 4),
    23: ("float4e2m1", 4), 24: ("float8e8m0", 8), 25: ("uint2", 2), 26: ("int2", 2),
}  # fmt: skip
"""TensorProto.DataType -> name and bits per element."""


@dataclass(frozen=True, slots=True)
class OutlineTensor:
    """Name, element type and shape; shape None is an unknown rank."""

    name: str
    dtype: str
    shape: Shape | None
    nbytes: int = 0


@dataclass(frozen=True, slots=True)
class Outline:
    """An ONNX file without its weights' values.

    Attributes:
        opsets: domain -> version; "" is ONNX's own.
        operators: how often each occurs, sub-graphs and functions included; those of other domains as `domain::name`.
    """

    producer: str
    producer_version: str
    opsets: dict[str, int]
    inputs: tuple[OutlineTensor, ...]
    outputs: tuple[OutlineTensor, ...]
    parameters: tuple[OutlineTensor, ...]
    operators: Counter[str]
    metadata: dict[str, str]


def outline(path: str | Path) -> Outline:
    """The outline of an ONNX file.

    Raises:
        FileProblem: the file is missing or unreadable.
        FormatError: it is not ONNX.
    """
    try:
        message = decode(_files.map_file(path), "Model", _SCHEMA)
    except FormatError as error:
        raise FormatError(error.reason, path=path, offset=error.offset) from None
    if "graph" not in message:
        raise FormatError("the ONNX model has no graph", path=path, offset=0)
    graph = message["graph"]
    parameters = tuple(_parameter(item) for one in _graphs(message) for item in one.get("initializer", []))
    stored = {tensor.name for tensor in parameters}
    nodes = [node for one in [*_graphs(message), *message.get("functions", [])] for node in one.get("node", [])]
    return Outline(
        message.get("producer_name", ""),
        message.get("producer_version", ""),
        {item.get("domain", ""): item.get("version", 0) for item in message.get("opset_import", [])},
        tuple(_value(item) for item in graph.get("input", []) if item.get("name", "") not in stored),
        tuple(_value(item) for item in graph.get("output", [])),
        parameters,
        Counter(_operator(node) for node in nodes),
        {item.get("key", ""): item.get("value", "") for item in message.get("metadata", [])},
    )


def _graphs(message: Message) -> Iterator[Message]:
    """The main graph and every sub-graph, those inside functions included."""
    waiting = [message["graph"]]
    owners = list(message.get("functions", []))
    while waiting or owners:
        if waiting:
            graph = waiting.pop()
            yield graph
        else:
            graph = owners.pop()
        for node in graph.get("node", []):
            for attribute in node.get("attribute", []):
                waiting += [attribute["g"]] if "g" in attribute else []
                waiting += attribute.get("graphs", [])


def _operator(node: Message) -> str:
    domain = node.get("domain", "")
    name: str = node.get("op_type", "")
    return name if domain in ("", "ai.onnx") else f"{domain}::{name}"


def _element_type(number: int) -> tuple[str, int]:
    return _ELEMENT_TYPES.get(number, (f"type {number}", 0))


def _parameter(message: Message) -> OutlineTensor:
    dtype, bits = _element_type(message.get("data_type", 0))
    shape = tuple(message.get("dims", []))
    if any(dim < 0 for dim in shape):
        name = message.get("name", "")
        raise FormatError(f"tensor {name!r} has a negative dimension: {list(shape)}", offset=message[OFFSET])
    return OutlineTensor(message.get("name", ""), dtype, shape, (math.prod(shape) * bits + 7) // 8)


def _value(message: Message) -> OutlineTensor:
    tensor_type = message.get("type", {}).get("tensor_type")
    if tensor_type is None:
        return OutlineTensor(message.get("name", ""), "not a tensor", None)
    dtype, _ = _element_type(tensor_type.get("elem_type", 0))
    if "shape" not in tensor_type:
        return OutlineTensor(message.get("name", ""), dtype, None)
    dims: list[Dim] = [dim.get("dim_param") or dim.get("dim_value") for dim in tensor_type["shape"].get("dim", [])]
    return OutlineTensor(message.get("name", ""), dtype, tuple(dims))
