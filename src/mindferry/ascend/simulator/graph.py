"""The ONNX graph inside a simulated offline model, as files that ONNX Runtime reads."""

from __future__ import annotations

from pathlib import Path

from mindferry.errors import FormatError
from mindferry.formats.om import fields
from mindferry.formats.om.reader import OfflineModel

WEIGHTS_FILE = "WEIGHTS_DATA"
"""The file beside the graph in which it looks for its large weights; the partition of that name holds its content."""


def extract(held: OfflineModel, folder: Path) -> Path:
    """Writes the graph and its weights to a folder; the graph's path.

    Raises:
        FormatError: the file was compiled for a device and holds no graph.
    """
    graph = held.attributes.get(fields.ONNX)
    if not isinstance(graph, bytes | memoryview):
        raise FormatError("it was compiled for a device; only what `mindferry ascend atc` wrote can be simulated")
    path = folder / "graph.onnx"
    path.write_bytes(graph)
    (folder / WEIGHTS_FILE).write_bytes(held.partitions.get(fields.WEIGHTS_DATA, b""))
    return path
