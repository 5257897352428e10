"""Places of a slice over an axis whose size is only known at run time, as MindSpore computes them for `x[a:b] = y`."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.registry import lowers

_INT64 = ir.DataType.INT64


@lowers("SliceToIndices")
def slice_to_indices(
    op: Context, x: ir.Value, start: Any, stop: Any, step: Any, *, init_by_none: Any = (0, 0, 0),
    tuple_index_types: Any = (), tuple_index_axis: int = 0, expand_dims_mask: int = 0,
) -> tuple[Any, ...]:  # fmt: skip
    """Row numbers (n, 1), the shape of what goes there, start, stop and step, and whether there are no rows.

    For a lone slice of the first axis. start and stop lie within the axis, and are equal where there are no rows.
    """
    if tuple_index_types or tuple_index_axis:
        raise LoweringError("an index of several parts; export the network with known sizes")
    (by,) = (1,) if init_by_none[2] else op.integers(step, "the step")
    if by < 1:
        raise LoweringError(f"step {by}")
    size = op.cast(op.dim(x, 0), _INT64)
    first = _within(op, 0 if init_by_none[0] else start, size)
    last = op.Max(_within(op, size if init_by_none[1] else stop, size), first)
    rows = op.Range(first, last, op.cast(by, _INT64))
    count = op.Squeeze(op.Shape(rows), [0])
    empty = op.cast(op.Equal(first, last), _INT64)
    return op.Unsqueeze(rows, [1]), (count, *op.shape(x)[1:]), first, last, by, empty


def _within(op: Context, place: Any, size: ir.Value) -> ir.Value:
    """A place in an axis, counted from its end where negative."""
    place = op.cast(place, _INT64)
    counted = op.Where(op.Less(place, op.cast(0, _INT64)), op.Add(place, size), place)
    return op.Min(op.Max(counted, op.cast(0, _INT64)), size)
