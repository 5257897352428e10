"""Updates of slices at index vectors: ScatterNd, TensorScatter and the Scatter primitives that write parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.layouts import by_parts
from mindferry.lowering.ops.create import filled
from mindferry.lowering.registry import lowers
from mindferry.lowering.scattering import scatter_nd

_HOW = {"Update": "none", "Add": "add", "Sub": "sub", "Mul": "mul", "Div": "div", "Max": "max", "Min": "min"}
"""The end of a primitive's name to how it combines an update with what is there."""


@lowers("ScatterNd")
@by_parts
def scatter_nd_(op: Context, indices: ir.Value, updates: ir.Value, shape: Any) -> ir.Value:
    """Zeros of a shape with each update added to the slice at its index vector."""
    return scatter_nd(op, filled(op, shape, 0, updates.dtype), indices, updates, "add")


def _at_vectors(how: str) -> Callable[..., Any]:
    @by_parts
    def at_vectors(op: Context, input_x: ir.Value, indices: ir.Value, updates: ir.Value) -> ir.Value:
        """x with each update combined with the slice at its index vector."""
        return scatter_nd(op, input_x, indices, op.cast(updates, input_x.dtype), how)

    return at_vectors


def _at_rows(how: str) -> Callable[..., Any]:
    @by_parts
    def at_rows(op: Context, input_x: ir.Value, indices: ir.Value, updates: ir.Value) -> ir.Value:
        """x with each update combined with the row at its index."""
        return scatter_nd(op, input_x, op.Unsqueeze(indices, [-1]), op.cast(updates, input_x.dtype), how)

    return at_rows


for _name, _how in _HOW.items():
    lowers(f"TensorScatter{_name}")(_at_vectors(_how))
    lowers(f"ScatterNd{_name}", writes=True)(_at_vectors(_how))
    lowers(f"Scatter{_name}", writes=True)(_at_rows(_how))
lowers("ScatterNonAliasingAdd", writes=True)(_at_vectors("add"))
