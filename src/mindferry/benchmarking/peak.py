"""The fastest matrix product of a runtime: what a model's speed is measured against."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx_ir as ir

from mindferry.benchmarking.models import PreparedModel
from mindferry.formats import onnx

SIZE = 2048
OPERATIONS = 2 * SIZE**3

_OPSET, _IR_VERSION = 18, 9


def product(folder: Path) -> PreparedModel:
    """A model that multiplies its input by a constant, both 2048 x 2048 in float32."""
    generator = np.random.default_rng(0)
    weight, given = (generator.standard_normal((SIZE, SIZE), np.float32) for _ in range(2))
    left = ir.Value(name="x", type=ir.TensorType(ir.DataType.FLOAT), shape=ir.Shape((SIZE, SIZE)))
    right = ir.Value(name="weight", const_value=ir.tensor(weight), shape=ir.Shape((SIZE, SIZE)))
    node = ir.node("MatMul", [left, right])
    output = node.outputs[0]
    output.name, output.type, output.shape = "output", left.type, left.shape
    graph = ir.Graph([left], [output], nodes=[node], initializers=[right], opset_imports={"": _OPSET}, name="product")
    path = folder / "product.onnx"
    onnx.save(ir.Model(graph, ir_version=_IR_VERSION), path)
    return PreparedModel("onnx", path, SIZE, ({"x": given},))
