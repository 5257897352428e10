"""What several families share: forms that changed between opsets, element types that runtimes lack, layouts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.dtypes import is_float


def reduce(
    op: Context, operator: str, x: ir.Value, axes: Sequence[int] | ir.Value, *, keep_dims: bool = False
) -> ir.Value:
    """A reduction over axes, which may be a 1-D int64 value; over none, x itself is the result of reducing nothing.

    Args:
        operator: ReduceMean, ReduceMax, ReduceL2 and so on; their axes became an input in opset 18 (ReduceSum's in 13).
    """
    function = getattr(op, operator)
    if operator == "ReduceSum" or op.opset >= 18:
        return function(
            x, axes if isinstance(axes, ir.Value) else list(axes), keepdims=int(keep_dims), noop_with_empty_axes=1
        )
    if isinstance(axes, ir.Value):
        raise LoweringError("axes that are only known at run time need opset 18")
    if not axes:
        return op.Identity(x)
    return function(x, axes=list(axes), keepdims=int(keep_dims))


FLOATS = (ir.DataType.FLOAT, ir.DataType.DOUBLE)
"""What ONNX Runtime's CPU kernels of most mathematical operators take."""

_HOLDS = {
    ir.DataType.BOOL: (ir.DataType.UINT8, ir.DataType.INT32, ir.DataType.FLOAT, ir.DataType.INT64, ir.DataType.DOUBLE),
    ir.DataType.INT8: (ir.DataType.INT16, ir.DataType.INT32, ir.DataType.FLOAT, ir.DataType.INT64, ir.DataType.DOUBLE),
    ir.DataType.UINT8: (ir.DataType.INT16, ir.DataType.INT32, ir.DataType.FLOAT, ir.DataType.INT64, ir.DataType.DOUBLE),
    ir.DataType.INT16: (ir.DataType.INT32, ir.DataType.FLOAT, ir.DataType.INT64, ir.DataType.DOUBLE),
    ir.DataType.UINT16: (ir.DataType.INT32, ir.DataType.FLOAT, ir.DataType.INT64, ir.DataType.DOUBLE),
    ir.DataType.INT32: (ir.DataType.INT64, ir.DataType.DOUBLE),
    ir.DataType.UINT32: (ir.DataType.INT64, ir.DataType.DOUBLE),
    ir.DataType.FLOAT16: (ir.DataType.FLOAT, ir.DataType.DOUBLE),
    ir.DataType.BFLOAT16: (ir.DataType.FLOAT, ir.DataType.DOUBLE),
    ir.DataType.FLOAT: (ir.DataType.DOUBLE,),
}
"""The types that hold every value of a type, nearest first."""


def holding(dtype: ir.DataType | None, allowed: Sequence[ir.DataType]) -> ir.DataType:
    """The allowed element type that holds every value of dtype: dtype itself, or the nearest wider one.

    Raises:
        LoweringError: none does.
    """
    assert dtype is not None
    for wider in (dtype, *_HOLDS.get(dtype, ())):
        if wider in allowed:
            return wider
    raise LoweringError(f"{dtype} has no exact form here; {', '.join(str(one) for one in allowed)} have")


def computed_in(
    op: Context, allowed: Sequence[ir.DataType], function: Callable[..., Any], *values: ir.Value | None
) -> Any:
    """function(*values) with the values in a type that the runtimes have kernels for, the results cast back.

    The values have one element type. Only results in the wider type are cast back.
    """
    dtype = next(value.dtype for value in values if value is not None)
    wide = holding(dtype, allowed)
    if wide == dtype:
        return function(*values)
    result = function(*(None if value is None else op.cast(value, wide) for value in values))
    if isinstance(result, tuple):
        return tuple(op.cast(one, dtype) if one.dtype == wide else one for one in result)
    return op.cast(result, dtype) if result.dtype == wide else result


def in_floats(op: Context, function: Callable[..., Any], *values: Any) -> Any:
    """function(*values) in float32 or float64, the result in the recorded type, which is float even for integers."""
    to = op.result_dtype
    if to is None:
        kinds = [value.dtype for value in values if isinstance(value, ir.Value)]
        to = next((dtype for dtype in kinds if is_float(dtype)), ir.DataType.FLOAT)
    return computed_in(op, FLOATS, function, *op.promote(*values, to=to))


def float_operator(
    op: Context, operator: str, composed: Callable[[Context, ir.Value], ir.Value], x: Any, **attributes: Any
) -> ir.Value:
    """An operator that ONNX Runtime has for float32 alone: of float64 the composition that equals it.

    Integers first become the recorded result type.
    """
    if not is_float(x.dtype):
        x = op.cast(x, op.result_dtype)
    if x.dtype == ir.DataType.DOUBLE:
        return composed(op, x)
    return getattr(op, operator)(x, **attributes)


def tuple_of(item: Any, count: int) -> tuple[int, ...]:
    """An integer argument per spatial axis: one number stands for all of them, of more the last `count` are taken.

    MindSpore writes the strides of a 2-D window as 2, (2,), (2, 2) or (1, 1, 2, 2).
    """
    numbers = tuple(int(one) for one in np.atleast_1d(item))
    if len(numbers) == 1:
        return numbers * count
    if len(numbers) < count:
        raise LoweringError(f"{item!r} should have {count} numbers")
    return numbers[-count:]


def is_channel_last(data_format: Any) -> bool:
    """True for NHWC, False for the channel-first layouts, as names or as MindSpore's enum."""
    if data_format in ("NHWC", 1):
        return True
    if data_format in ("NCHW", "NCDHW", "NCL", 0, 14):
        return False
    raise LoweringError(f"data_format {data_format!r} is unknown")


def channels_first(op: Context, x: ir.Value) -> ir.Value:
    """NHWC to NCHW, for any number of spatial axes."""
    rank = op.rank(x)
    return op.Transpose(x, perm=[0, rank - 1, *range(1, rank - 1)])


def channels_last(op: Context, x: ir.Value) -> ir.Value:
    """NCHW to NHWC, for any number of spatial axes."""
    return op.Transpose(x, perm=[0, *range(2, op.rank(x)), 1])
