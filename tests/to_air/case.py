"""One ONNX node, written as AIR, read back and lowered to ONNX again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir
import onnxruntime
from onnx_ir.passes import common

import mindferry
from mindferry.to_air import Options, write


@dataclass(frozen=True, slots=True)
class Case:
    """An operator applied to arrays.

    Attributes:
        ge: the GE operators that it becomes, without Data and Const.
        inputs: arrays, None for an absent input.
        constants: which inputs are initializers.
        dynamic: input -> axes whose size is not known.
    """

    operator: str
    ge: str
    inputs: tuple[Any, ...]
    constants: tuple[int, ...] = ()
    attributes: dict[str, Any] = field(default_factory=dict)
    outputs: int = 1
    opset: int = 18
    dynamic: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def __str__(self) -> str:
        shapes = ",".join("-" if array is None else f"{array.dtype}{list(array.shape)}" for array in self.inputs)
        extra = "".join(f" {name}={value}" for name, value in self.attributes.items())
        return f"{self.operator}({shapes}){extra}{' dynamic' * bool(self.dynamic)}"

    def model(self) -> ir.Model:
        """The ONNX model of the one node."""
        values = [
            None if array is None else self._value(index, np.asarray(array)) for index, array in enumerate(self.inputs)
        ]
        attributes = ir.convenience.convert_attributes(self.attributes)
        node = ir.Node("", self.operator, values, attributes, num_outputs=self.outputs, name="node", version=self.opset)
        for index, output in enumerate(node.outputs):
            output.name = f"y{index}"
        given = [value for value in values if value is not None]
        graph = ir.Graph(
            [value for value in given if value.const_value is None], node.outputs, nodes=[node], name="main",
            initializers=[value for value in given if value.const_value is not None], opset_imports={"": self.opset},
        )  # fmt: skip
        model = ir.Model(graph, ir_version=10)
        return common.ShapeInferencePass()(model).model

    def _value(self, index: int, array: np.ndarray) -> ir.Value:
        name, tensor = f"x{index}", ir.tensor(array)
        axes = self.dynamic.get(index, ())
        shape = [f"d{index}_{axis}" if axis in axes else size for axis, size in enumerate(array.shape)]
        value = ir.Value(name=name, type=ir.TensorType(tensor.dtype), shape=ir.Shape(shape))
        if index in self.constants:
            value.const_value = ir.tensor(array, name=name)
        return value

    def feeds(self) -> dict[str, np.ndarray]:
        return {
            f"x{index}": np.asarray(array)
            for index, array in enumerate(self.inputs)
            if array is not None and index not in self.constants
        }


def run(path: Path, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
    """What ONNX Runtime computes."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run(None, {item.name: feeds[item.name] for item in session.get_inputs()})


def types(path: Path) -> list[str]:
    """The GE operators in an AIR file, without Data and Const, sorted."""
    from formats.air import protos

    message = protos.classes()["Model"].FromString(path.read_bytes())
    return sorted({op.type for op in message.graph[0].op} - {"Data", "Const"})


def round_trip(model: ir.Model, folder: Path) -> tuple[Path, Path, Path]:
    """The files of the ONNX model, its AIR and the ONNX of that."""
    first, air, second = folder / "first.onnx", folder / "model.air", folder / "second.onnx"
    ir.save(model, first)
    write(model, air, Options())
    mindferry.convert(air, second)
    return first, air, second


def assert_equal(found: Sequence[np.ndarray], wanted: Sequence[np.ndarray], tolerance: float = 1e-5) -> None:
    """Element types, shapes and elements agree, relative to the largest element of an output."""
    assert [(one.dtype, one.shape) for one in found] == [(one.dtype, one.shape) for one in wanted]
    for one, other in zip(found, wanted, strict=True):
        if one.dtype.kind != "f":
            assert np.array_equal(one, other)
            continue
        finite = np.isfinite(other)
        assert np.array_equal(one[~finite], other[~finite], equal_nan=True)
        scale = max(1.0, float(np.abs(other[finite]).max(initial=0)))
        limit = (tolerance if one.dtype != np.float16 else 2e-3) * scale
        assert float(np.abs(one[finite].astype(float) - other[finite]).max(initial=0)) <= limit
