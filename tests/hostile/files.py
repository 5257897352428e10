"""Small model files to break, written with generated classes."""

from __future__ import annotations

from typing import Any

from formats import protos

FLOAT, INT64, TENSORS, TUPLE = 1, 7, 19, 20


def attribute(name: str, kind: int, **fields: Any) -> Any:
    """An Attribute."""
    return protos.mind_ir()["Attribute"](name=name, type=kind, **fields)


def tensor(name: str = "", dims: tuple[int, ...] = (2, 2), **fields: Any) -> Any:
    """A Tensor of float32; without other fields, just its type and shape."""
    return protos.mind_ir()["Tensor"](name=name, dims=dims, data_type=FLOAT, **fields)


def node(name: str, operation: str, *inputs: str, **fields: Any) -> Any:
    """A Node with its recorded shape."""
    shape = attribute("shape", TENSORS, tensors=[tensor()])
    fields.setdefault("attribute", [shape])
    return protos.mind_ir()["Node"](name=name, op_type=operation, input=inputs, output=[name], **fields)


def constant(name: str, value: Any) -> Any:
    """A Constant node."""
    return protos.mind_ir()["Node"](name=name, op_type="Constant", output=[name], attribute=[value])


def value(name: str) -> Any:
    """An input or output."""
    return protos.mind_ir()["Value"](name=name, tensor=[tensor(name)])


def model(**graph: Any) -> Any:
    """y = ReLU(x + w), with parts of the graph replaced."""
    classes = protos.mind_ir()
    parts = {
        "name": "main",
        "input": [value("main:x")],
        "parameter": [tensor("main:w", ref_key="w", raw_data=bytes(16))],
        "node": [node("main:a", "REF::Add:1", "main:x", "main:w"), node("main:y", "REF::ReLU:1", "main:a")],
        "output": [value("main:y")],
    }
    primitives = [classes["Primitive"](name=f"{one}:1", op_type=one) for one in ("Add", "ReLU")]
    return classes["Model"](
        ir_version="1.1", producer_name="MindSpore", model_version="2.10.0", mind_ir_version=3, little_endian=True,
        graph=classes["Graph"](**{**parts, **graph}), primitives=primitives,
    )  # fmt: skip


def checkpoint(*parameters: tuple[str, list[int], str, bytes]) -> Any:
    """A checkpoint of (tag, dims, type, content)."""
    classes = protos.checkpoint()
    return classes["Checkpoint"](
        value=[
            classes["Value"](tag=tag, tensor=classes["Tensor"](dims=dims, tensor_type=kind, tensor_content=content))
            for tag, dims, kind, content in parameters
        ]
    )
