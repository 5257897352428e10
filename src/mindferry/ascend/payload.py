"""The ONNX graph inside a simulated offline model; its large weights lie in the partition WEIGHTS_DATA, each once."""

from __future__ import annotations

import onnx_ir as ir

from mindferry.ascend.simulator.graph import WEIGHTS_FILE

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
                WEIGHTS_FILE, offsets[str(value.name)], tensor.nbytes, tensor.dtype,
                shape=ir.Shape(tensor.shape.numpy()), name=str(value.name),
            )  # fmt: skip
        graph = ir.to_proto(model).SerializeToString()
    finally:
        for value, tensor in kept.items():
            value.const_value = tensor
    return graph, chunks, offsets


def weight_bytes(model: ir.Model) -> int:
    """The bytes of all weights."""
    return sum(value.const_value.nbytes for value in model.graph.initializers.values() if value.const_value is not None)
