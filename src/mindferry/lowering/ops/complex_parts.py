"""Complex tensors and their parts."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.lowering import complexes, dtypes
from mindferry.lowering.context import Complex, Context
from mindferry.lowering.helpers import FLOATS, computed_in
from mindferry.lowering.registry import lowers, lowers_complex


@lowers("Complex")
def complex_(op: Context, real: ir.Value, imag: ir.Value) -> Complex:
    """real + i imag, each broadcast to the other's shape."""
    return _same_shape(op, real, imag)


def _same_shape(op: Context, real: ir.Value, imag: ir.Value) -> Complex:
    if real.shape is not None and imag.shape is not None and real.shape == imag.shape and real.shape.is_static():
        return Complex(real, imag)
    return Complex(op.Expand(real, op.Shape(imag)), op.Expand(imag, op.Shape(real)))


@lowers("Polar")
def polar(op: Context, abs: ir.Value, angle: ir.Value) -> Complex:
    """abs (cos(angle) + i sin(angle))."""
    return Complex(op.Mul(abs, op.Cos(angle)), op.Mul(abs, op.Sin(angle)))


@lowers("Real", "RealView")
def real(op: Context, input: Any) -> ir.Value:
    """The real part; a real tensor is its own."""
    return input.real if isinstance(input, Complex) else op.Identity(input)


@lowers("Imag", "ImagView")
def imag(op: Context, input: Any) -> ir.Value:
    """The imaginary part, zeros for a real tensor."""
    return input.imag if isinstance(input, Complex) else op.Expand(op.constant(0, input.dtype), op.Shape(input))


@lowers("Conj")
def conj(op: Context, input: Any) -> Any:
    """The imaginary part negated; a real tensor stays as it is."""
    return complexes.conj(op, input) if isinstance(input, Complex) else op.Identity(input)


@lowers("Angle")
def angle(op: Context, input: Any) -> ir.Value:
    """The angle to the positive real axis: for real numbers pi below zero, else 0, or NaN."""
    if isinstance(input, Complex):
        return complexes.angle(op, input)
    x = input if dtypes.is_float(input.dtype) else op.cast(input, ir.DataType.FLOAT)

    def compute(x: ir.Value) -> ir.Value:
        turn = op.Where(op.Less(x, 0.0), op.constant(np.pi, x.dtype), op.constant(0, x.dtype))
        return op.Where(op.IsNaN(x), x, turn)

    return computed_in(op, FLOATS, compute, x)


@lowers_complex("Abs", "ComplexAbs")
def absolute(op: Context, input: Complex) -> Any:
    """The distance from zero, which Abs records as a complex number."""
    length = complexes.magnitude(op, input)
    return (
        length
        if op.node.primitive == "ComplexAbs"
        else Complex(length, op.Expand(op.constant(0, length.dtype), op.Shape(length)))
    )
