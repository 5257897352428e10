"""Discrete Fourier transforms along one axis, of pairs of real tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError, OpsetTooLow
from mindferry.lowering.context import Complex, Context

NORMS = {0: "backward", 1: "forward", 2: "ortho", None: "backward"}
"""MindSpore's enum NormMode, which yaml operators carry; others carry the name."""


def transform(op: Context, x: Complex | ir.Value, axis: int, *, inverse: bool = False) -> Complex:
    """The sum over t of x[t] exp(-+ 2 pi i k t / n); the inverse is divided by n.

    By ONNX's DFT from opset 17 on, below as a product with the matrix of the exponentials.
    """
    if op.opset < 17:
        return _product(op, x, axis, inverse)
    parts = (x.real, x.imag) if isinstance(x, Complex) else (x,)
    rank = op.rank(parts[0])
    pair = op.Concat(*(op.Unsqueeze(part, [rank]) for part in parts), axis=-1)
    batch = op.Unsqueeze(pair, [0])
    place = {"axis": axis + 1} if op.opset < 20 else {}
    made = op.DFT(batch, *(() if place else (None, axis + 1)), inverse=int(inverse), **place)
    made = op.Squeeze(made, [0])
    return Complex(op.Gather(made, 0, axis=-1), op.Gather(made, 1, axis=-1))


def _product(op: Context, x: Complex | ir.Value, axis: int, inverse: bool) -> Complex:
    real = x.real if isinstance(x, Complex) else x
    size = op.dim(real, axis)
    if not isinstance(size, int):
        raise OpsetTooLow(f"a transform of unknown length ({real.shape}) needs opset 17, not {op.opset}", needed=17)
    turns = np.outer(np.arange(size), np.arange(size)) % max(size, 1) * (2 * np.pi / max(size, 1))
    cosine, sine = np.cos(turns), np.sin(turns) * (-1 if inverse else 1)
    if inverse:
        cosine, sine = cosine / size, sine / size

    def times(part: ir.Value, matrix: Any) -> ir.Value:
        return along_last(op, part, axis, lambda part: op.MatMul(part, op.constant(matrix, part.dtype)))

    if not isinstance(x, Complex):
        return Complex(times(x, cosine), times(x, -sine))
    return Complex(
        op.Add(times(x.real, cosine), times(x.imag, sine)), op.Sub(times(x.imag, cosine), times(x.real, sine))
    )


def along_last(op: Context, x: ir.Value, axis: int, function: Any) -> ir.Value:
    """function(x) with an axis of x moved to the end and back."""
    rank = op.rank(x)
    if axis == rank - 1:
        return function(x)
    order = [*range(axis), *range(axis + 1, rank), axis]
    return op.Transpose(function(op.Transpose(x, perm=order)), perm=[int(one) for one in np.argsort(order)])


def resized(op: Context, x: ir.Value, axis: int, size: Any) -> ir.Value:
    """x with an axis cut, or filled up with zeros, to a size."""
    now, rank = op.dim(x, axis), op.rank(x)
    if not isinstance(now, int) or not isinstance(size, int):
        padded = op.Pad(x, op.ints(tuple(0 if one != rank + axis else size for one in range(2 * rank))))
        return op.Slice(padded, [0], op.ints(size), [axis])
    if size < now:
        return op.Slice(x, [0], [size], [axis])
    behind = [0] * (2 * rank)
    behind[rank + axis] = size - now
    return op.Pad(x, behind) if size > now else x


def norm_factor(op: Context, size: Any, norm: Any, *, inverse: bool, dtype: ir.DataType | None) -> Any:
    """What a transform (the inverse divided by n) is multiplied by for a norm: n ** power; 1 where nothing changes."""
    name = NORMS.get(norm, norm)
    if name not in NORMS.values():
        raise LoweringError(f"norm {norm!r} is unknown")
    exponent = {"backward": 0.0, "forward": 1.0, "ortho": 0.5}[name] * (1 if inverse else -1)
    if not exponent:
        return 1
    if isinstance(size, int):
        return float(size) ** exponent
    return op.Pow(op.cast(size, dtype or ir.DataType.FLOAT), exponent)
