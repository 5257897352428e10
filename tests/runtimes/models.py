"""Small ONNX models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import onnx
from onnx import TensorProto, helper

Port = tuple[str, int, Sequence[int | str | None] | None]


def save(
    path: Path, nodes: Sequence[onnx.NodeProto], inputs: Sequence[Port], outputs: Sequence[Port], *, opset: int = 18,
    **metadata: str,
) -> Path:  # fmt: skip
    """A model of nodes."""
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info(*port) for port in inputs],
        [helper.make_tensor_value_info(*port) for port in outputs],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    helper.set_model_props(model, metadata)
    onnx.save(model, path)
    return path


def add(path: Path, dtype: int = TensorProto.FLOAT, shape: Sequence[int | str | None] | None = ("n", 2)) -> Path:
    """total = a + b and difference = a - b."""
    nodes = [helper.make_node("Add", ["a", "b"], ["total"]), helper.make_node("Sub", ["a", "b"], ["difference"])]
    return save(
        path, nodes, [("a", dtype, shape), ("b", dtype, shape)], [("total", dtype, shape), ("difference", dtype, shape)]
    )


def identity(path: Path, dtype: int, shape: Sequence[int | str | None] | None, **metadata: str) -> Path:
    """y = x."""
    return save(
        path, [helper.make_node("Identity", ["x"], ["y"])], [("x", dtype, shape)], [("y", dtype, shape)], **metadata
    )
