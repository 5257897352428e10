"""Element types on both sides, and MindSpore's rules for mixing them."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.types import DType

TO_ONNX = {
    DType.BOOL: ir.DataType.BOOL, DType.INT8: ir.DataType.INT8, DType.INT16: ir.DataType.INT16, DType.INT32: ir.DataType.INT32,
    DType.INT64: ir.DataType.INT64, DType.UINT8: ir.DataType.UINT8, DType.UINT16: ir.DataType.UINT16,
    DType.UINT32: ir.DataType.UINT32, DType.UINT64: ir.DataType.UINT64, DType.FLOAT16: ir.DataType.FLOAT16,
    DType.BFLOAT16: ir.DataType.BFLOAT16, DType.FLOAT32: ir.DataType.FLOAT, DType.FLOAT64: ir.DataType.DOUBLE,
    DType.COMPLEX64: ir.DataType.COMPLEX64, DType.COMPLEX128: ir.DataType.COMPLEX128, DType.STRING: ir.DataType.STRING,
}  # fmt: skip
FROM_ONNX = {onnx: dtype for dtype, onnx in TO_ONNX.items()}

TYPE_IDS = {
    30: DType.BOOL, 32: DType.INT8, 33: DType.INT16, 34: DType.INT32, 35: DType.INT64, 37: DType.UINT8, 38: DType.UINT16,
    39: DType.UINT32, 40: DType.UINT64, 42: DType.FLOAT16, 43: DType.FLOAT32, 44: DType.FLOAT64, 45: DType.BFLOAT16,
    51: DType.COMPLEX64, 52: DType.COMPLEX128,
}  # fmt: skip
"""MindSpore's TypeId numbers (mindspore/core/ir/dtype/type_id.h), which dtype arguments carry."""

_FLOATS = (ir.DataType.FLOAT16, ir.DataType.BFLOAT16, ir.DataType.FLOAT, ir.DataType.DOUBLE)
_SIGNED = (ir.DataType.INT8, ir.DataType.INT16, ir.DataType.INT32, ir.DataType.INT64)
UNSIGNED = (ir.DataType.UINT8, ir.DataType.UINT16, ir.DataType.UINT32, ir.DataType.UINT64)


def onnx_dtype(argument: Any) -> ir.DataType:
    """The ONNX element type of a dtype argument: a TypeId number, a DType, or an ONNX type.

    Raises:
        LoweringError: anything else.
    """
    if isinstance(argument, ir.DataType):
        return argument
    if isinstance(argument, DType):
        return TO_ONNX[argument]
    if isinstance(argument, int) and argument in TYPE_IDS:
        return TO_ONNX[TYPE_IDS[argument]]
    raise LoweringError(f"{argument!r} is not an element type")


def is_float(dtype: ir.DataType | None) -> bool:
    """True for float16, bfloat16, float32 and float64."""
    return dtype in _FLOATS


def is_integer(dtype: ir.DataType | None) -> bool:
    """True for signed and unsigned integers (not for bool)."""
    return dtype in _SIGNED or dtype in UNSIGNED


def common(left: ir.DataType, right: ir.DataType) -> ir.DataType:
    """The type that MindSpore computes in when two tensors of different types meet.

    A float wins over an integer and an integer over bool; of two of a kind the wider wins; float16 with bfloat16 gives
    float32; unsigned with signed gives a signed type that holds both.
    """
    if left == right:
        return left
    for kind in (_FLOATS, _SIGNED, UNSIGNED):
        inside = [dtype for dtype in (left, right) if dtype in kind]
        if len(inside) == 2:
            if set(inside) == {ir.DataType.FLOAT16, ir.DataType.BFLOAT16}:
                return ir.DataType.FLOAT
            return max(inside, key=kind.index)
    if is_float(left) or is_float(right):
        return left if is_float(left) else right
    if ir.DataType.BOOL in (left, right):
        return right if left == ir.DataType.BOOL else left
    signed, unsigned = (left, right) if left in _SIGNED else (right, left)
    return _SIGNED[min(3, max(_SIGNED.index(signed), UNSIGNED.index(unsigned) + 1))]


def with_numbers(dtype: ir.DataType, numbers: list[Any]) -> ir.DataType:
    """The type in which a tensor of `dtype` meets Python numbers: only a higher kind of number changes it."""
    if is_float(dtype) or dtype in (ir.DataType.COMPLEX64, ir.DataType.COMPLEX128):
        return dtype
    if any(isinstance(number, float) for number in numbers):
        return ir.DataType.FLOAT
    if dtype == ir.DataType.BOOL and any(
        isinstance(number, int) and not isinstance(number, bool) for number in numbers
    ):
        return ir.DataType.INT64
    return dtype
