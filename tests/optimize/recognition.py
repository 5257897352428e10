"""Small graphs for the rules that recognise operators in their definitions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime

from mindferry.lowering.builder import Builder
from mindferry.optimize import optimize

Body = Callable[[Builder, ir.Value], ir.Value]


@dataclass(frozen=True)
class Rewritten:
    """What became of a graph: its operators, how often each rule applied, and its answers before and after."""

    operators: Counter[str]
    rules: dict[str, int]
    before: np.ndarray
    after: np.ndarray


def rewrite(
    body: Body, x: np.ndarray, opset: int, *, shape: list[int | str] | None = None, target: str | None = None
) -> Rewritten:
    """Builds a graph of one input, runs it, optimises it, checks it and runs it again."""
    op = Builder(opset)
    source = op.input("x", ir.DataType.from_numpy(x.dtype), list(x.shape) if shape is None else shape)
    result = body(op, source)
    result.name = "y"
    op.graph.outputs.append(result)
    model = ir.Model(op.graph, ir_version=10)
    before = _run(model, x)
    rules = optimize(model, 1, target)
    onnx.checker.check_model(ir.to_proto(model), full_check=True)
    return Rewritten(Counter(node.op_type for node in model.graph), rules, before, _run(model, x))


def _run(model: ir.Model, x: np.ndarray) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    data = ir.to_proto(model).SerializeToString()
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return session.run(["y"], {"x": x})[0]
