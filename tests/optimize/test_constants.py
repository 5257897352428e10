"""Folding of constants: what is exact, and only that."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper, numpy_helper

from mindferry.optimize.rules import constants


@pytest.mark.parametrize(("operator", "folded"), [("Floor", 1), ("Ceil", 1), ("Exp", 0)])
def test_only_exact_operators_are_folded(operator: str, folded: int) -> None:
    nodes = [helper.make_node(operator, ["c"], ["whole"]), helper.make_node("Mul", ["x", "whole"], ["y"])]
    wide = [helper.make_tensor_value_info(name, TensorProto.DOUBLE, [2]) for name in ("x", "y", "whole")]
    graph = helper.make_graph(
        nodes, "g", wide[:1], wide[1:2], [numpy_helper.from_array(np.array([1.5, -0.5]), "c")], value_info=wide[2:]
    )
    model = ir.from_proto(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8))
    assert constants.apply(model.graph) == folded
    if folded:
        proto = ir.to_proto(model)
        kept = {tensor.name: numpy_helper.to_array(tensor) for tensor in proto.graph.initializer}
        function = {"Floor": np.floor, "Ceil": np.ceil}[operator]
        np.testing.assert_array_equal(kept["whole"], function([1.5, -0.5]))
        onnx.checker.check_model(proto)
