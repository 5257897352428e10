"""Writes MindIR files of any size: long chains of nodes, and models of many gigabytes.

python benchmarks/synthetic.py nodes 10000 chain.mindir
python benchmarks/synthetic.py bytes 4G big_graph.mindir      # weights in big_variables/data_0, as MindSpore splits them
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from mindferry.formats._wire import encode
from mindferry.formats.mindir.fields import MIND_IR

WIDTH = 16
_TENSORS, _INT64, _BOOL = 19, 7, 9
_BLOCK = 1 << 24


def tensor(dims: list[int], **more: Any) -> dict[str, Any]:
    """A float32 Tensor message."""
    return {"dims": dims, "data_type": 1, **more}


def recorded(dims: list[int]) -> dict[str, Any]:
    """The attribute that records a result's type."""
    return {"name": "shape", "type": _TENSORS, "tensors": [tensor(dims)]}


def node(name: str, operation: str, inputs: list[str], dims: list[int]) -> dict[str, Any]:
    """One node with one tensor result."""
    return {"input": inputs, "output": [name], "name": name, "op_type": f"REF::{operation}", "attribute": [recorded(dims)],
            "domain": f"Default/layer-Cell/{operation}-op0"}  # fmt: skip


def constant(name: str, kind: int, value: int) -> dict[str, Any]:
    """A scalar constant."""
    return {"output": [name], "op_type": "Constant", "attribute": [{"name": "value", "type": kind, "i": value}]}


def model(nodes: list[dict[str, Any]], parameters: list[dict[str, Any]], dims: list[int]) -> dict[str, Any]:
    """A model over one input x whose output is the last node."""
    return {
        "ir_version": "1.1", "producer_name": "MindSpore", "model_version": "2.10.0", "little_endian": True, "mind_ir_version": 3,
        "primitives": [{"name": name, "op_type": name, "prim_type": 2} for name in ("Add", "Mul", "ReLU", "MatMul")],
        "graph": {
            "name": "main", "node": nodes, "parameter": parameters, "input": [{"name": "main:x", "tensor": [tensor(dims)]}],
            "output": [{"name": nodes[-1]["name"], "tensor": [tensor(dims)]}],
        },
    }  # fmt: skip


def write(message: dict[str, Any], path: Path) -> None:
    """Writes a Model message."""
    with path.open("wb") as file:
        for chunk in encode(message, "Model", MIND_IR):
            file.write(chunk)


def chain(count: int, path: Path) -> None:
    """A chain of `count` nodes: Add, Mul, ReLU in turn, over (1, 16) tensors and one shared parameter."""
    dims, previous, nodes = [1, WIDTH], "main:x", []
    for index in range(count):
        operation = ("Add", "Mul", "ReLU")[index % 3]
        name = f"main:v:{index}"
        nodes.append(node(name, operation, [previous] if operation == "ReLU" else [previous, "main:w"], dims))
        previous = name
    weight = tensor(
        [WIDTH], name="main:w", ref_key="w", raw_data=np.linspace(0.9, 1.0, WIDTH, dtype=np.float32).tobytes()
    )
    write(model(nodes, [weight], dims), path)


def big(total: int, path: Path) -> None:
    """Square MatMul layers whose float32 weights sum up to about `total` bytes, in NAME_variables/data_0 (sparse file)."""
    size = 8192
    layers = max(1, round(total / (size * size * 4)))
    folder = path.with_name(f"{path.stem.removesuffix('_graph')}_variables")
    folder.mkdir(exist_ok=True)
    nodes, parameters = [constant("no", _BOOL, 0)], []
    previous, offset = "main:x", 64
    generator = np.random.default_rng(0)
    with (folder / "data_0").open("wb") as file:
        file.write(b"\1".ljust(64, b"\0"))
        for index in range(layers):
            for _ in range(size * size * 4 // _BLOCK):
                file.write(generator.standard_normal(_BLOCK // 4, dtype=np.float32) / np.float32(size**0.5))
            place = {"location": f"{folder.name}/data_0", "offset": offset, "length": size * size * 4}
            parameters.append(tensor([size, size], name=f"main:w{index}", ref_key=f"w{index}", external_data=place))
            nodes.append(node(f"main:v:{index}", "MatMul", [previous, f"main:w{index}", "no", "no"], [1, size]))
            previous, offset = f"main:v:{index}", offset + size * size * 4
    write(model(nodes, parameters, [1, size]), path)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["nodes", "bytes"])
    parser.add_argument("amount", help="a count, or bytes with K, M or G")
    parser.add_argument("path", type=Path)
    options = parser.parse_args()
    scale = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
    amount = int(options.amount.rstrip("KMG")) * scale.get(options.amount[-1], 1)
    (chain if options.kind == "nodes" else big)(amount, options.path)


if __name__ == "__main__":
    main()
