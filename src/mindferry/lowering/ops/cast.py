"""Changes of element type."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.lowering.context import Complex, Context
from mindferry.lowering.registry import lowers

_PARTS = {ir.DataType.COMPLEX64: ir.DataType.FLOAT, ir.DataType.COMPLEX128: ir.DataType.DOUBLE}


@lowers("Cast")
def cast(op: Context, input_x: Any, dtype: Any) -> Any:
    """The input in another element type; floats are cut off behind the point, integers wrap, complex loses its imaginary part."""
    return converted(op, input_x, op.dtype(dtype))


@lowers("ToDtype")
def to_dtype(op: Context, input: Any, dtype: Any = None, non_blocking: bool = False, copy: bool = False) -> Any:
    """As Cast; None keeps the element type."""
    return input if dtype is None else converted(op, input, op.dtype(dtype))


@lowers("MixedPrecisionCast")
def mixed_precision_cast(op: Context, dst_dtype: Any, x: Any) -> Any:
    """Floats in the given float type, in tuples too; everything else as it is."""
    if isinstance(x, tuple):
        return tuple(mixed_precision_cast(op, dst_dtype, item) for item in x)
    is_float = isinstance(x, ir.Value) and x.dtype is not None and x.dtype.is_floating_point()
    return op.cast(x, op.dtype(dst_dtype)) if is_float else x


@lowers("TypeAs")
def type_as(op: Context, input: Any, other: ir.Value) -> Any:
    """The input in other's element type."""
    return op.cast(input, other.dtype)


def converted(op: Context, x: Any, dtype: ir.DataType) -> Any:
    """x in the given type, which may be complex."""
    if dtype not in _PARTS:
        return op.cast(x.real if isinstance(x, Complex) else x, dtype)
    part = _PARTS[dtype]
    if isinstance(x, Complex):
        return Complex(op.cast(x.real, part), op.cast(x.imag, part))
    real = op.cast(x, part)
    return Complex(real, op.Expand(op.cast(0, part), op.Shape(real)))
