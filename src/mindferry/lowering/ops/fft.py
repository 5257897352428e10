"""Fourier transforms of one axis, of two and of several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering import complexes
from mindferry.lowering.axes import along, axis_of
from mindferry.lowering.context import Complex, Context, StaticSizes
from mindferry.lowering.fourier import norm_factor, resized, transform
from mindferry.lowering.layouts import by_parts, one_axis
from mindferry.lowering.linear import count
from mindferry.lowering.registry import lowers

_FLOATS = (ir.DataType.FLOAT, ir.DataType.DOUBLE)


def _prepared(op: Context, x: Any) -> Any:
    """x, or its parts, in the type of the result's parts."""
    target = op.result_dtype if op.result_dtype in _FLOATS else complexes.part_type(op, x)
    if isinstance(x, Complex):
        return Complex(op.cast(x.real, target), op.cast(x.imag, target))
    return op.cast(x, target)


def _real(x: Any) -> ir.Value:
    return x.real if isinstance(x, Complex) else x


def _resized(op: Context, x: Any, axis: int, size: Any) -> Any:
    if isinstance(x, Complex):
        return Complex(resized(op, x.real, axis, size), resized(op, x.imag, axis, size))
    return resized(op, x, axis, size)


def _scaled(op: Context, x: Any, factor: Any) -> Any:
    if isinstance(factor, int):
        return x
    return complexes.scale(op, x, factor) if isinstance(x, Complex) else op.Mul(x, factor)


def _full(op: Context, x: Any, axis: int, norm: Any, inverse: bool) -> Complex:
    """Complex or real to complex."""
    real = _real(x)
    factor = norm_factor(op, op.dim(real, axis), norm, inverse=inverse, dtype=real.dtype)
    return _scaled(op, transform(op, x, axis, inverse=inverse), factor)


def _half(op: Context, x: ir.Value, axis: int, norm: Any, inverse: bool) -> Complex:
    """Real to the first half of the complex result, of which the rest is the mirror image."""
    size = op.dim(x, axis)
    whole = _full(op, x, axis, norm, inverse)
    ends = op.ints(size // 2 + 1) if isinstance(size, int) else op.Add(op.Div(op.ints(size), 2), 1)
    return Complex(*(op.Slice(part, [0], ends, [axis]) for part in (whole.real, whole.imag)))


def _real_of_half(op: Context, x: Any, axis: int, size: Any, norm: Any, inverse: bool) -> ir.Value:
    """The first half of a complex tensor, whose rest is its mirror image, to real; norm as of the other direction."""
    real = _real(x)
    if size is None:
        known = op.dim(real, axis)
        size = 2 * (known - 1) if isinstance(known, int) else op.Mul(op.Sub(known, 1), 2)
    half = size // 2 + 1 if isinstance(size, int) else op.Add(op.Div(size, 2), 1)
    place = count(op, half)
    alone = op.Or(op.Equal(place, 0), op.Equal(op.Mul(place, 2), size))
    weights = op.Where(alone, op.constant(1.0, real.dtype), op.constant(2.0, real.dtype))
    line = op.Reshape(weights, [-1] + [1] * (op.rank(real) - axis - 1))
    x = _scaled(op, _resized(op, x, axis, half), line)
    return _full(op, _resized(op, x, axis, size), axis, norm, inverse).real


@lowers("FFT", "IFFT")
def fft(op: Context, input: Any, n: Any = None, dim: Any = -1, norm: Any = None) -> Complex:
    """The transform, or the inverse one, along one axis, cut or filled up with zeros to n."""
    return _many(op, input, None if n is None else (n,), (dim,), norm)


@lowers("FFT2", "IFFT2")
def fft2(op: Context, input: Any, s: Any = None, dim: Any = (-2, -1), norm: Any = None) -> Complex:
    """The transform, or the inverse one, along two axes."""
    return _many(op, input, s, dim, norm)


@lowers("FFTN", "IFFTN")
def fftn(op: Context, input: Any, s: Any = None, dim: Any = None, norm: Any = None) -> Complex:
    """The transform, or the inverse one, along several axes, by default all."""
    return _many(op, input, s, dim, norm)


def _many(op: Context, x: Any, s: Any, dim: Any, norm: Any) -> Complex:
    x = _prepared(op, x)
    for axis, size in _plan(op, _real(x), s, dim):
        x = _full_of_size(op, x, axis, size, norm)
    return x


def _full_of_size(op: Context, x: Any, axis: Any, size: Any, norm: Any) -> Any:
    def step(x: Any, axis: int) -> Complex:
        given = x if size is None else _resized(op, x, axis, size)
        return _full(op, given, axis, norm, op.node.primitive.startswith("I"))

    return along(op, x, axis, step)


def _plan(op: Context, x: ir.Value, s: Any, dim: Any) -> list[tuple[Any, Any]]:
    """(axis, size or None) of each axis in order; without dim the last axes, as many as there are sizes."""
    rank = op.rank(x)
    first = 0 if s is None else rank - len(s)
    axes: list[Any] = list(range(first, rank)) if dim is None else [axis_of(op, one, rank) for one in dim]
    sizes: Sequence[Any] = [None] * len(axes) if s is None else [_size(op, one) for one in s]
    if len(sizes) != len(axes):
        raise LoweringError(f"{len(sizes)} sizes for {len(axes)} axes")
    return list(zip(axes, sizes, strict=True))


def _size(op: Context, item: Any) -> Any:
    known = op.static(item)
    return item if known is None else int(known)


@lowers("RFFT", "IHFFT")
def rfft(op: Context, input: Any, n: Any = None, dim: Any = -1, norm: Any = None) -> Complex:
    """Of a real tensor, the first half of the transform (RFFT) or of the inverse one (IHFFT)."""
    return _real_many(op, input, None if n is None else (n,), (dim,), norm)


@lowers("RFFT2", "IHFFT2")
def rfft2(op: Context, input: Any, s: Any = None, dim: Any = (-2, -1), norm: Any = None) -> Complex:
    """Of a real tensor, the transform or the inverse one along two axes, the first half of the last."""
    return _real_many(op, input, s, dim, norm)


@lowers("RFFTN", "IHFFTN")
def rfftn(op: Context, input: Any, s: Any = None, dim: Any = None, norm: Any = None) -> Complex:
    """Of a real tensor, the transform or the inverse one along several axes, the first half of the last."""
    return _real_many(op, input, s, dim, norm)


def _real_many(op: Context, x: Any, s: Any, dim: Any, norm: Any) -> Complex:
    inverse = op.node.primitive.startswith("I")
    x = _prepared(op, x)
    *others, (last, size) = _plan(op, x, s, dim)

    def step(x: ir.Value, axis: int) -> Complex:
        return _half(op, x if size is None else resized(op, x, axis, size), axis, norm, inverse)

    made: Complex = along(op, x, last, step)
    for axis, length in others:
        made = _full_of_size(op, made, axis, length, norm)
    return made


@lowers("IRFFT", "HFFT")
def irfft(op: Context, input: Any, n: Any = None, dim: Any = -1, norm: Any = None) -> ir.Value:
    """The real tensor of which RFFT (or IHFFT) gives the input; n is its length."""
    return _to_real(op, input, None if n is None else (n,), (dim,), norm)


@lowers("IRFFT2", "HFFT2")
def irfft2(op: Context, input: Any, s: Any = None, dim: Any = (-2, -1), norm: Any = None) -> ir.Value:
    """The real tensor of which RFFT2 (or IHFFT2) gives the input; s are its sizes."""
    return _to_real(op, input, s, dim, norm)


@lowers("IRFFTN", "HFFTN")
def irfftn(op: Context, input: Any, s: Any = None, dim: Any = None, norm: Any = None) -> ir.Value:
    """The real tensor of which RFFTN (or IHFFTN) gives the input; s are its sizes."""
    return _to_real(op, input, s, dim, norm)


def _to_real(op: Context, x: Any, s: Any, dim: Any, norm: Any) -> ir.Value:
    inverse = op.node.primitive.startswith("I")
    x = _prepared(op, x)
    *others, (last, size) = _plan(op, _real(x), s, dim)
    for axis, length in others:
        x = _full_of_size(op, x, axis, length, norm)
    made: ir.Value = along(op, x, last, lambda x, axis: _real_of_half(op, x, axis, size, norm, inverse))
    return made


@lowers("FFTWithSize")
def fft_with_size(
    op: Context, x: Any, signal_ndim: int, inverse: bool, real: bool, norm: Any = "backward", onesided: bool = True,
    signal_sizes: Any = (),
) -> Any:  # fmt: skip
    """The transform of the last axes: complex to complex, or real to (half) complex, or that inverted."""
    x = _prepared(op, x)
    rank = op.rank(_real(x))
    axes = list(range(rank - signal_ndim, rank))
    if real and inverse and onesided:
        for axis in axes[:-1]:
            x = _full(op, x, axis, norm, True)
        sizes = op.integers(signal_sizes, "signal_sizes") if signal_sizes else []
        return _real_of_half(op, x, axes[-1], sizes[-1] if sizes else None, norm, True)
    if real and not inverse and onesided:
        x = _half(op, x, axes.pop(), norm, False)
    for axis in axes:
        x = _full(op, x, axis, norm, bool(inverse))
    return x.real if real and inverse else x


def _frequencies(op: Context, n: Any, d: Any, half: bool) -> ir.Value:
    """k / (n d), k counting up to the middle and, unless half, on from the negative end."""
    kind = op.result_dtype or ir.DataType.FLOAT
    size, step = op.static(n), op.static(d)
    if size is not None and step is not None:
        values = np.fft.rfftfreq(int(size), float(step)) if half else np.fft.fftfreq(int(size), float(step))
        return op.constant(values, kind)
    length = op.cast(n, ir.DataType.INT64)
    upper = op.Add(op.Div(op.Sub(length, 1), 2), 1)
    count = op.Range(0, op.Add(op.Div(length, 2), 1) if half else length, 1)
    count = count if half else op.Where(op.Less(count, upper), count, op.Sub(count, length))
    return op.Div(op.cast(count, kind), op.Mul(op.cast(length, kind), op.cast(d, kind)))


@lowers("FFTFreq")
def fft_freq(op: Context, n: Any, d: Any = 1.0, dtype: Any = None) -> ir.Value:
    """The frequency of each element of a transform of n samples that lie d apart."""
    return _frequencies(op, n, d, False)


@lowers("RFFTFreq")
def rfft_freq(op: Context, n: Any, d: Any = 1.0, dtype: Any = None) -> ir.Value:
    """The frequency of each element of half a transform of n samples that lie d apart."""
    return _frequencies(op, n, d, True)


@lowers("FFTShift", "IFFTShift")
@by_parts
def fft_shift(op: Context, input: ir.Value, dim: Any = None) -> ir.Value:
    """The halves of the axes exchanged, so that frequency zero is in the middle (or, inverted, first)."""
    rank, back = op.rank(input), op.node.primitive.startswith("I")

    def step(x: ir.Value, axis: int) -> ir.Value:
        size = op.dim(x, axis)
        if isinstance(size, int):
            cut = op.ints(size // 2 if back else size - size // 2)
        else:
            cut = op.Div(op.ints(size) if back else op.Add(op.ints(size), 1), 2)
        head, tail = op.Slice(x, [0], cut, [axis]), op.Slice(x, cut, [1 << 60], [axis])
        shifted: ir.Value = op.Concat(tail, head, axis=axis)
        return shifted

    given = dim if isinstance(dim, tuple | list) else [dim]
    for axis in range(rank) if dim is None else [axis_of(op, one, rank) for one in given]:
        input = along(op, input, axis, step)
    return input


@lowers("FFTShapeCopy")
@by_parts
def fft_shape_copy(op: Context, dout: ir.Value, shape: Any) -> ir.Value:
    """The input cut, or filled up with zeros, to a shape."""
    for axis, size in enumerate(op.integers(shape, "the shape")):
        dout = resized(op, dout, axis, size)
    return dout


@lowers("IRFFTDouble")
@by_parts
def irfft_double(op: Context, input: ir.Value, n: Any, dim: Any = -1) -> ir.Value:
    """Twice the input along an axis, but for frequency zero and, where n is even, the highest one."""
    size, rank = op.integers(n, "n")[0], op.rank(input)
    axis = one_axis(op, dim, rank)
    weights = np.ones(StaticSizes(input)[axis])
    weights[1 : (size + 1) // 2] = 2
    return op.Mul(input, op.constant(weights.reshape(-1, *[1] * (rank - axis - 1)), input.dtype))
