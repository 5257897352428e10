"""Tensors from sizes: constants, ranges, one-hot rows, identity matrices, triangles."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.ge.equal import primitive
from mindferry.lowering.ops import create
from mindferry.lowering.ops.create_windows import one_hot_of
from mindferry.lowering.registry import lowers_ge


@lowers_ge("Fill")
def fill(op: Context, dims: Any, value: ir.Value) -> ir.Value:
    """A tensor of one value."""
    return create.filled(op, dims, value, value.dtype)


@lowers_ge("FillD")
def fill_d(op: Context, value: ir.Value, *, dims: Any) -> ir.Value:
    """A tensor of one value."""
    return create.filled(op, dims, value, value.dtype)


@lowers_ge("Range")
def range_(op: Context, start: ir.Value, limit: ir.Value, delta: ir.Value) -> ir.Value:
    """start, start + delta, ... up to but without limit."""
    return create.stepped(op, start, limit, delta, start.dtype)


@lowers_ge("Eye")
def eye(
    op: Context, *, num_rows: int, num_columns: int = 0, batch_shape: Any = (), dtype: Any = ir.DataType.FLOAT
) -> ir.Value:
    """Ones on the diagonal, for every index of batch_shape; num_columns 0 is as many as rows."""
    unit = op.EyeLike(op.Expand(op.value(0), [num_rows, num_columns or num_rows]))
    if any(one != 1 for one in batch_shape) or len(batch_shape) > 1:
        unit = op.Expand(unit, [*batch_shape, num_rows, num_columns or num_rows])
    return op.cast(unit, op.dtype(dtype))


@lowers_ge("OneHot")
def one_hot(
    op: Context, x: ir.Value, depth: Any, on_value: ir.Value, off_value: ir.Value, *, axis: int = -1
) -> ir.Value:
    """on_value at the index along a new axis, off_value elsewhere; an index outside depth gives off_value alone."""
    return one_hot_of(op, x, depth, on_value, off_value, axis)


@lowers_ge("OneHotD")
def one_hot_d(
    op: Context, x: ir.Value, on_value: ir.Value, off_value: ir.Value, *, depth: int, axis: int = -1
) -> ir.Value:
    """As OneHot, with the depth as an attribute."""
    return one_hot_of(op, x, depth, on_value, off_value, axis)


@lowers_ge("Tril")
def tril(op: Context, x: ir.Value, *, diagonal: int = 0) -> ir.Value:
    """x with zeros above the diagonal of its last two axes."""
    return primitive(op, "Tril", x, diagonal)


@lowers_ge("Triu")
def triu(op: Context, x: ir.Value, *, diagonal: int = 0) -> ir.Value:
    """x with zeros below the diagonal of its last two axes."""
    return primitive(op, "Triu", x, diagonal)


@lowers_ge("RangeD")
def range_d(op: Context, x: ir.Value, *, start: float, limit: float, delta: float) -> ir.Value:
    """As Range, in x's element type; x only holds the positions that the chip needs."""
    return create.stepped(op, start, limit, delta, x.dtype)


@lowers_ge("LinSpace")
def lin_space(op: Context, start: ir.Value, stop: ir.Value, num: Any) -> ir.Value:
    """num values at equal distances from start to stop, both included."""
    first, last = (op.Reshape(one, []) for one in (start, stop))
    return create.spaced(op, first, last, num, start.dtype)


@lowers_ge("LinSpaceD")
def lin_space_d(op: Context, assist: ir.Value, start: ir.Value, stop: ir.Value, num: Any) -> ir.Value:
    """As LinSpace; assist only holds the positions that the chip needs."""
    return lin_space(op, start, stop, num)


@lowers_ge("NonZero")
def non_zero(op: Context, x: ir.Value, *, transpose: bool = False, dtype: Any = ir.DataType.INT64) -> ir.Value:
    """The positions of the elements that are not 0: a row each, or with transpose a column each."""
    columns = op.NonZero(x)
    return op.cast(columns if transpose else op.Transpose(columns, perm=[1, 0]), op.dtype(dtype))


@lowers_ge("Where")
def where(op: Context, x: ir.Value) -> ir.Value:
    """The positions of the elements that are not 0, a row each, as int64."""
    return non_zero(op, x)
