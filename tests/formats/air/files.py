"""Small AIR files, made by protobuf classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from formats.air import protos

FLOAT, INT32, INT64, BOOL = 1, 7, 8, 11


def message(kind: str, **fields: Any) -> Any:
    return protos.classes()[kind](**fields)


def desc(*dims: int, dtype: int = FLOAT, layout: str = "ND") -> Any:
    """A descriptor; without dims it is a scalar's."""
    return message("Desc", dtype=dtype, shape=message("Shape", dim=dims), layout=layout)


def op(name: str, kind: str, *inputs: str, given: int | None = None, results: Any = (), **attributes: Any) -> Any:
    """An op with a descriptor per data input; attributes are AttrDef messages by name."""
    count = sum(not one.endswith(":-1") for one in inputs) if given is None else given
    found = message("Op", name=name, type=kind, input=inputs, input_desc=[desc(2)] * count, output_desc=list(results))
    for key, value in attributes.items():
        found.attr[key].CopyFrom(value)
    return found


def data(name: str, *dims: int, index: int | None = None, dtype: int = FLOAT) -> Any:
    """A graph input."""
    more = {} if index is None else {"index": message("Attr", i=index)}
    return op(name, "Data", "", results=[desc(*dims, dtype=dtype)], **more)


def const(name: str, array: np.ndarray, dtype: int = FLOAT, *, kind: str = "Const", **fields: Any) -> Any:
    """A weight; fields replace those of its tensor."""
    parts = {"desc": desc(*array.shape, dtype=dtype), "data": array.tobytes()} | fields
    value = message("Attr", t=message("Tensor", **parts))
    return op(name, kind, results=[parts["desc"]], value=value)


def relu(name: str, source: str) -> Any:
    return op(name, "Relu", source, results=[desc(2)])


def model(*ops: Any, outputs: tuple[str, ...] = ("y:0",), subgraphs: tuple[Any, ...] = ()) -> Any:
    """A model of the ops; without ops y = Relu(x + w)."""
    if not ops:
        ops = (
            data("x", 2), const("w", np.array([1, -3], np.float32)), op("a", "Add", "x:0", "w:0", results=[desc(2)]),
            relu("y", "a:0"),
        )  # fmt: skip
    return message("Model", graph=[message("Graph", name="main", op=ops, output=outputs), *subgraphs])


def graph(name: str, *ops: Any, outputs: tuple[str, ...]) -> Any:
    return message("Graph", name=name, op=ops, output=outputs)


def store(folder: Path, content: Any, name: str = "a.air") -> Path:
    """The message or bytes as a file."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.SerializeToString(deterministic=True))
    return path
