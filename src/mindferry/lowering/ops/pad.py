"""Padding: constants, reflections, repeated edges."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.layouts import by_parts
from mindferry.lowering.registry import lowers


def padded(
    op: Context, x: ir.Value, pads: list[tuple[int, int]], mode: str = "constant", value: Any = None
) -> ir.Value:
    """x with (before, after) elements more along each axis; a negative number takes elements away."""
    flat = [before for before, _ in pads] + [after for _, after in pads]
    if not any(flat):
        return x
    return op.Pad(x, flat, None if value is None else op.Reshape(op.cast(value, x.dtype), []), mode=mode)


def _from_last(op: Context, x: ir.Value, padding: Any) -> list[tuple[int, int]]:
    """(before, after) per axis of a flat argument that begins with the last axis."""
    flat, rank = op.integers(padding, "the padding"), op.rank(x)
    if len(flat) % 2 or len(flat) > 2 * rank:
        raise LoweringError(f"padding {flat} does not fit rank {rank}")
    pairs = list(zip(flat[0::2], flat[1::2], strict=True))
    return [(0, 0)] * (rank - len(pairs)) + pairs[::-1]


@lowers("Pad")
@by_parts
def pad(op: Context, x: ir.Value, paddings: Any) -> ir.Value:
    """Zeros around x; paddings is (before, after) per axis."""
    pairs = np.reshape(op.integers(paddings, "the paddings"), (-1, 2))
    return padded(op, x, [(int(before), int(after)) for before, after in pairs])
