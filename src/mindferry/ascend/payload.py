"""The ONNX graph inside a simulated offline model; its large weights lie in the partition WEIGHTS_DATA, each once."""

from __future__ import annotations

from collections.abc import Sequence

import onnx_ir as ir

from mindferry.ascend.simulator.graph import WEIGHTS_FILE

ALIGNMENT = 64
_SMALLEST = {True: 32, False: 1024}
"""Bytes from which on a weight leaves the graph, for floating-point ones and others: shapes and scales stay."""


def pack(model: ir.Model, order: Sequence[str]) -> tuple[bytes, list[bytes | memoryview], dict[str, int]]:
    """The graph's bytes, the chunks of the partition, and the offset of every weight in it by name.

    Args:
        order: the names of the weights as they follow each other; others come last.
    """
    places = _places(model, order)
    chunks: list[bytes | memoryview] = []
    for tensor, _ in places.values():
        raw = tensor.tobytes()
        chunks += [raw, b"\0" * (-len(raw) % ALIGNMENT)]
    return graph(model, order), chunks, {str(value.name): offset for value, (_, offset) in places.items()}


def graph(model: ir.Model, order: Sequence[str] = ()) -> bytes:
    """The graph's bytes alone, which name the places of its large weights."""
    places = _places(model, order)
    try:
        for value, (tensor, offset) in places.items():
            value.const_value = ir.ExternalTensor(
                WEIGHTS_FILE, offset, tensor.nbytes, tensor.dtype,
                shape=ir.Shape(tensor.shape.numpy()), name=str(value.name),
            )  # fmt: skip
        found: bytes = ir.to_proto(model).SerializeToString()
        return found
    finally:
        for value, (tensor, _) in places.items():
            value.const_value = tensor


def _places(model: ir.Model, order: Sequence[str]) -> dict[ir.Value, tuple[ir.TensorProtocol, int]]:
    """The weights that leave the graph, each with its offset in the partition."""
    found = {}
    offset = 0
    ranks = {name: rank for rank, name in enumerate(order)}
    initializers = model.graph.initializers
    for name in sorted(initializers, key=lambda name: ranks.get(name, len(ranks))):
        value = initializers[name]
        tensor = value.const_value
        if tensor is None or tensor.dtype is ir.DataType.STRING:
            continue
        if tensor.nbytes >= _SMALLEST[tensor.dtype.is_floating_point()]:
            found[value] = tensor, offset
            offset += tensor.nbytes + -tensor.nbytes % ALIGNMENT
    return found


def weight_bytes(model: ir.Model) -> int:
    """The bytes of all weights."""
    return sum(value.const_value.nbytes for value in model.graph.initializers.values() if value.const_value is not None)
