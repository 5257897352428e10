"""Cosine transforms, and Fourier transforms of windows that move along a signal."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering import complexes
from mindferry.lowering.complexes import as_complex
from mindferry.lowering.context import Complex, Context, StaticSizes
from mindferry.lowering.dtypes import is_float
from mindferry.lowering.fourier import NORMS, along_last, resized, transform
from mindferry.lowering.layouts import by_parts, one_axis
from mindferry.lowering.registry import lowers


def _matrix(size: int, inverse: bool) -> npt.NDArray[np.float64]:
    """The orthonormal matrix by which a row is multiplied: cos(pi k (2 t + 1) / (2 n)), scaled."""
    turn = np.pi * np.outer(2 * np.arange(size) + 1, np.arange(size)) / (2 * size)
    matrix = np.cos(turn) * np.sqrt(2 / size)
    matrix[:, 0] = np.sqrt(1 / size)
    return matrix.T if inverse else matrix


def _cosine(op: Context, x: ir.Value, kind: Any, sizes: Any, axes: Any, norm: Any) -> ir.Value:
    if kind != 2 or NORMS.get(norm, norm) not in ("ortho", "backward"):
        raise LoweringError(f"type {kind} with norm {norm!r} has no lowering, only type 2 with norm 'ortho'")
    rank = op.rank(x)
    x = x if is_float(x.dtype) and x.dtype != ir.DataType.FLOAT16 else op.cast(x, ir.DataType.FLOAT)
    count = rank if sizes is None else len(sizes)
    places = list(range(rank - count, rank)) if axes is None else [one_axis(op, one, rank) for one in axes]
    for index, axis in enumerate(places):
        size = StaticSizes(x)[axis] if sizes is None or sizes[index] is None else op.integers(sizes[index])[0]
        matrix = _matrix(size, op.node.primitive.startswith("I"))
        line = resized(op, x, axis, size)
        x = along_last(op, line, axis, lambda part, matrix=matrix: op.MatMul(part, op.constant(matrix, part.dtype)))
    return x


@lowers("DCT", "IDCT")
@by_parts
def dct(op: Context, x: ir.Value, type: Any = 2, n: Any = None, axis: Any = -1, norm: Any = None) -> ir.Value:
    """The orthonormal cosine transform of type II, or its inverse, along one axis cut or filled up to n."""
    return _cosine(op, x, type, (n,), (axis,), norm)


@lowers("DCTN", "IDCTN")
@by_parts
def dctn(op: Context, x: ir.Value, type: Any = 2, s: Any = None, axes: Any = None, norm: Any = None) -> ir.Value:
    """The orthonormal cosine transform of type II, or its inverse, along several axes, by default all."""
    return _cosine(op, x, type, s, axes, norm)


@lowers("FFTOrtho")
@by_parts
def fft_ortho(op: Context, input: ir.Value, axes: Any = None, forward: bool = True) -> ir.Value:
    """The input with the scale of an orthonormal cosine transform put in, or taken out where not forward."""
    rank = op.rank(input)
    for axis in range(rank) if axes is None else [one_axis(op, one, rank) for one in op.integers(axes)]:
        size = StaticSizes(input)[axis]
        weights = np.full(size, np.sqrt(2 * size))
        weights[0] = 2 * np.sqrt(size)
        weights = 1 / weights if forward else weights
        input = op.Mul(input, op.constant(weights.reshape(-1, *[1] * (rank - axis - 1)), input.dtype))
    return input


@lowers("STFT")
def stft(
    op: Context, x: Any, window: Any, *, n_fft: int, hop_length: int, win_length: int, normalized: bool,
    onesided: bool, return_complex: bool,
) -> Any:  # fmt: skip
    """Transforms of n_fft samples under a window, hop_length apart: (..., frequency, frame), or (..., 2) in addition.

    A shorter window stands in the middle of zeros; normalized divides by sqrt(n_fft).
    """
    signal, shape = as_complex(op, x, window)
    if not isinstance(x, Complex):
        signal = Complex(signal.real, op.Expand(signal.imag, op.Shape(signal.real)))
    before = (n_fft - win_length) // 2
    pads = [before, n_fft - win_length - before]
    shape = Complex(op.Pad(shape.real, pads), op.Pad(shape.imag, pads) if isinstance(window, Complex) else shape.imag)
    length = StaticSizes(signal.real)[-1]
    starts = np.arange((length - n_fft) // hop_length + 1) * hop_length
    frames = Complex(
        *(op.Gather(part, starts[:, None] + np.arange(n_fft), axis=-1) for part in (signal.real, signal.imag))
    )
    made = transform(op, complexes.mul(op, frames, shape), op.rank(frames.real) - 1)
    if normalized:
        made = complexes.scale(op, made, float(n_fft) ** -0.5)
    rank = op.rank(made.real)
    parts = []
    for part in (made.real, made.imag):
        part = op.Slice(part, [0], [n_fft // 2 + 1], [-1]) if onesided else part
        parts.append(op.Transpose(part, perm=[*range(rank - 2), rank - 1, rank - 2]))
    if return_complex:
        return Complex(*parts)
    return op.Concat(*(op.Unsqueeze(part, [rank]) for part in parts), axis=-1)
