"""The shapes of all values of a graph in one profile, by ONNX's own inference."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import onnx
import onnx_ir as ir


@dataclass(frozen=True, slots=True)
class Value:
    """Element type and shape of a value; shape None where inference does not tell it."""

    dtype: ir.DataType
    shape: tuple[int, ...] | None

    @property
    def size(self) -> int:
        """Bytes, 0 where they are not known."""
        return int(math.prod(self.shape) * self.dtype.itemsize) if self.shape is not None else 0


def infer(graph: bytes, inputs: Mapping[str, Sequence[int]]) -> dict[str, Value]:
    """Every value by name, those of branches too, for inputs of these shapes; a size of -1 stays free.

    Args:
        graph: as `payload.graph` makes it.
    """
    proto = onnx.ModelProto.FromString(graph)
    for port in proto.graph.input:
        if port.name in inputs:
            del port.type.tensor_type.shape.dim[:]
            for size in inputs[port.name]:
                port.type.tensor_type.shape.dim.add(**({"dim_value": size} if size >= 0 else {}))
    del proto.graph.value_info[:]
    for port in proto.graph.output:
        port.type.tensor_type.ClearField("shape")
    found = onnx.shape_inference.infer_shapes(proto, data_prop=True).graph
    return {port.name: _value(port) for port in _ports(found)}


def _ports(graph: onnx.GraphProto) -> Iterator[onnx.ValueInfoProto]:
    """The values of a graph's branches, then its own, which count where a branch has one of the same name."""
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _ports(attribute.g)
    yield from (*graph.input, *graph.value_info, *graph.output)


def _value(port: onnx.ValueInfoProto) -> Value:
    kind = port.type.tensor_type
    if not kind.HasField("shape") or not all(size.HasField("dim_value") for size in kind.shape.dim):
        return Value(ir.DataType(kind.elem_type), None)
    return Value(ir.DataType(kind.elem_type), tuple(size.dim_value for size in kind.shape.dim))
