"""Elements by condition: Select, MaskedFill, MaskedSelect."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.lowering.context import Complex, Context
from mindferry.lowering.layouts import by_parts, without_bfloat16
from mindferry.lowering.registry import lowers


@lowers("Select", "SelectV2", "Where")
@by_parts
def select(op: Context, condition: Any, input: Any, other: Any) -> ir.Value:
    """input where the condition holds, else other."""
    left, right = op.promote(input, other, to=op.result_dtype if op.result_dtype not in _COMPLEX else None)
    return op.Where(op.cast(condition, ir.DataType.BOOL), left, right)


_COMPLEX = (ir.DataType.COMPLEX64, ir.DataType.COMPLEX128)


@lowers("MaskedFill", "MaskedFillScalar", "MaskedFillTensor")
def masked_fill(op: Context, input: Any, mask: ir.Value, value: Any) -> Any:
    """value where the mask holds, else x."""
    if isinstance(input, Complex):
        real, imag = (value.real, value.imag) if isinstance(value, Complex) else (value, 0)
        return Complex(masked_fill(op, input.real, mask, real), masked_fill(op, input.imag, mask, imag))
    return op.Where(mask, op.cast(value, input.dtype), input)


@lowers("MaskedSelect")
@by_parts
def masked_select(op: Context, input: ir.Value, mask: ir.Value) -> ir.Value:
    """The elements where the mask holds, as a flat tensor; both are broadcast first."""
    if input.shape != mask.shape:
        input, mask = op.Expand(input, op.Shape(mask)), op.Expand(mask, op.Shape(input))
    chosen = op.Reshape(mask, [-1])
    return without_bfloat16(op, lambda flat: op.Compress(flat, chosen), op.Reshape(input, [-1]))
