"""The ONNX graph inside a simulated offline model; its large weights lie in the partition WEIGHTS_DATA, each once."""

from __future__ import annotations

import onnx
import onnx_ir as ir

from mindferry.errors import FormatError
from mindferry.formats.om import fields
from mindferry.formats.om.reader import OfflineModel

PLACE = "WEIGHTS_DATA"
"""What stands for the partition where the graph names the place of a weight."""

ALIGNMENT = 64
_SMALLEST = {True: 32, False: 1024}
"""Bytes from which on a weight leaves the graph, for floating-point ones and others: shapes and scales stay."""


def pack(model: ir.Model) -> tuple[bytes, list[bytes | memoryview], dict[str, int]]:
    """The graph's bytes, the chunks of the partition, and the offset of every weight in it by name."""
    chunks: list[bytes | memoryview] = []
    offsets: dict[str, int] = {}
    kept = {}
    size = 0
    for name, value in model.graph.initializers.items():
        tensor = value.const_value
        if (
            tensor is None
            or tensor.nbytes < _SMALLEST[tensor.dtype.is_floating_point()]
            or tensor.dtype is ir.DataType.STRING
        ):
            continue
        kept[value] = tensor
        raw = tensor.tobytes()
        offsets[name] = size
        chunks += [raw, b"\0" * (-len(raw) % ALIGNMENT)]
        size += len(raw) + -len(raw) % ALIGNMENT
    try:
        for value, tensor in kept.items():
            value.const_value = ir.ExternalTensor(
                PLACE, offsets[str(value.name)], tensor.nbytes, tensor.dtype,
                shape=ir.Shape(tensor.shape.numpy()), name=str(value.name),
            )  # fmt: skip
        graph = ir.to_proto(model).SerializeToString()
    finally:
        for value, tensor in kept.items():
            value.const_value = tensor
    return graph, chunks, offsets


def unpack(held: OfflineModel) -> ir.Model:
    """The graph with its weights.

    Raises:
        FormatError: the file holds no graph of the simulated compiler, or a weight lies outside the partition.
    """
    raw = held.attributes.get(fields.ONNX)
    if raw is None:
        raise FormatError("it was compiled for a device; only what `mindferry ascend atc` wrote can be simulated")
    try:
        proto = onnx.ModelProto.FromString(bytes(raw))
        weights = held.partitions.get(fields.WEIGHTS_DATA, memoryview(b""))
        for tensor in proto.graph.initializer:
            if tensor.data_location == onnx.TensorProto.EXTERNAL:
                tensor.raw_data = _weight(tensor, weights)
                tensor.data_location = onnx.TensorProto.DEFAULT
                del tensor.external_data[:]
        model: ir.Model = ir.from_proto(proto)
    except FormatError:
        raise
    except Exception as error:
        raise FormatError(f"the graph of the simulated model is broken: {error}") from error
    return model


def _weight(tensor: onnx.TensorProto, weights: memoryview) -> bytes:
    entries = {entry.key: entry.value for entry in tensor.external_data}
    offset, size = int(entries.get("offset", 0)), int(entries.get("length", -1))
    if entries.get("location") != PLACE or offset < 0 or size < 0 or offset + size > len(weights):
        raise FormatError(f"the weight {tensor.name} is not inside the partition {PLACE}")
    return weights[offset : offset + size].tobytes()


def weight_bytes(model: ir.Model) -> int:
    """The bytes of all weights."""
    return sum(value.const_value.nbytes for value in model.graph.initializers.values() if value.const_value is not None)
