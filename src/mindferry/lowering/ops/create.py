"""Tensors from sizes: constants, ranges, identity matrices, triangles."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.lowering.context import Complex, Context
from mindferry.lowering.dtypes import is_float
from mindferry.lowering.layouts import by_parts
from mindferry.lowering.registry import lowers

_PART = {ir.DataType.COMPLEX64: ir.DataType.FLOAT, ir.DataType.COMPLEX128: ir.DataType.DOUBLE}


def filled(op: Context, shape: Any, value: Any, dtype: ir.DataType | None) -> Any:
    """A tensor of one value in the given element type, which may be complex."""
    sizes = op.ints(shape)
    if isinstance(value, Complex) or dtype in _PART:
        real, imag = (value.real, value.imag) if isinstance(value, Complex) else (value, 0)
        part = _PART.get(dtype) if dtype is not None else None
        return Complex(filled(op, sizes, real, part), filled(op, sizes, imag, part))
    one = op.value(value) if dtype is None else op.cast(value, dtype)
    return op.Expand(one if one.shape is not None and not len(one.shape) else op.Reshape(one, []), sizes)


def _kind(op: Context, dtype: Any) -> ir.DataType | None:
    return op.result_dtype if dtype is None or op.result_dtype is not None else op.dtype(dtype)


def _like(op: Context, x: Any, value: Any, dtype: ir.DataType | None) -> Any:
    return filled(op, op.Shape(x) if x.shape is None else op.shape(x), value, dtype)


@lowers("Zeros", "Empty")
def zeros(op: Context, size: Any, dtype: Any = None, device: Any = None, pin_memory: Any = False) -> Any:
    """Zeros; they also stand for elements that nothing has set yet."""
    return filled(op, size, 0, _kind(op, dtype))


@lowers("Ones")
def ones(op: Context, shape: Any, dtype: Any = None) -> Any:
    """Ones."""
    return filled(op, shape, 1, _kind(op, dtype))


@lowers("ZerosLike", "ZerosLikeExt", "EmptyLike")
def zeros_like(op: Context, input: Any, dtype: Any = None, device: Any = None, pin_memory: Any = False) -> Any:
    """Zeros of another tensor's shape."""
    return _like(op, input.real if isinstance(input, Complex) else input, 0, _kind(op, dtype))


@lowers("OnesLike", "OnesLikeExt")
def ones_like(op: Context, input: Any, dtype: Any = None) -> Any:
    """Ones of another tensor's shape."""
    return _like(op, input.real if isinstance(input, Complex) else input, 1, _kind(op, dtype))


@lowers("FullLike")
def full_like(op: Context, input: Any, fill_value: Any, dtype: Any = None) -> Any:
    """One value in another tensor's shape."""
    return _like(op, input.real if isinstance(input, Complex) else input, fill_value, _kind(op, dtype))


@lowers("Fills")
def fills(op: Context, x: ir.Value, value: Any) -> Any:
    """One value in another tensor's shape and type."""
    return _like(op, x, value, x.dtype)


@lowers("FillV2", "FillScalar", "FillTensor")
def fill_v2(op: Context, size: Any, fill_value: Any, dtype: Any = None) -> Any:
    """One value in a shape."""
    return filled(op, size, fill_value, _kind(op, dtype))


@lowers("Fill")
def fill(op: Context, type: Any, dims: Any, x: Any) -> Any:
    """One value in a shape, as the given type."""
    return filled(op, dims, x, _kind(op, type))


@lowers("NewZeros", "NewEmpty")
def new_zeros(op: Context, input: Any, size: Any, dtype: Any = None, device: Any = None) -> Any:
    """Zeros, by default of another tensor's type."""
    return filled(op, size, 0, _kind(op, dtype))


@lowers("NewOnes")
def new_ones(op: Context, input: Any, size: Any, dtype: Any = None) -> Any:
    """Ones, by default of another tensor's type."""
    return filled(op, size, 1, _kind(op, dtype))


@lowers("NewFull")
def new_full(op: Context, input: Any, size: Any, fill_value: Any, dtype: Any = None) -> Any:
    """One value, by default of another tensor's type."""
    return filled(op, size, fill_value, _kind(op, dtype))


@lowers("Eye")
def eye(op: Context, n: Any, m: Any, dtype: Any) -> Any:
    """n rows and m columns with ones on the diagonal."""
    kind = _kind(op, dtype)
    unit = op.EyeLike(op.Expand(op.value(0), op.ints((n, m))))
    if kind in _PART:
        return Complex(op.cast(unit, _PART[kind]), filled(op, (n, m), 0, _PART[kind]))
    return op.cast(unit, kind)


def stepped(op: Context, start: Any, end: Any, step: Any, kind: ir.DataType | None) -> ir.Value:
    """start, start + step, ... up to but without end."""
    known = [op.static(item) for item in (start, end, step)]
    if all(one is not None for one in known):
        first, last, stride = (one.item() for one in known if one is not None)
        count = max(math.ceil((last - first) / stride), 0)
        return op.constant(first + np.arange(count) * stride, kind)
    wide = ir.DataType.FLOAT if is_float(kind) and kind != ir.DataType.DOUBLE else kind
    wide = wide if is_float(wide) else ir.DataType.INT64
    first, last, stride = (op.Reshape(op.cast(item, wide), []) for item in (start, end, step))
    return op.cast(op.Range(first, last, stride), kind)


@lowers("Arange")
def arange(op: Context, start: Any, end: Any, step: Any = 1, dtype: Any = None) -> ir.Value:
    """start, start + step, ... up to but without end."""
    return stepped(op, start, end, step, _kind(op, dtype))


@lowers("Range", "RangeV2")
def range_(op: Context, start: Any, end: Any, step: Any, maxlen: Any = None) -> ir.Value:
    """start, start + step, ... up to but without end."""
    return stepped(op, start, end, step, op.result_dtype)


def spaced(op: Context, start: Any, end: Any, steps: Any, kind: ir.DataType | None) -> ir.Value:
    """steps values at equal distances from start to end, both included."""
    part = ir.DataType.DOUBLE if kind == ir.DataType.DOUBLE else ir.DataType.FLOAT
    first, last = (op.Unsqueeze(op.cast(item, part), [-1]) for item in (start, end))
    count = op.Reshape(op.cast(steps, ir.DataType.INT64), [])
    places = op.cast(op.Range(0, count, 1), part)
    gaps = op.cast(op.Max(op.Sub(count, 1), 1), part)
    return op.cast(op.Add(first, op.Mul(places, op.Div(op.Sub(last, first), gaps))), kind)


@lowers("LinSpace", "LinSpaceExt")
def lin_space(op: Context, start: Any, stop: Any, num: Any, dtype: Any = None) -> ir.Value:
    """num values at equal distances from start to stop, both included."""
    return spaced(op, start, stop, num, _kind(op, dtype))


@lowers("LogSpace")
def log_space(op: Context, start: Any, end: Any, *, steps: int = 10, base: int = 10, dtype: Any = None) -> ir.Value:
    """base to the power of steps values at equal distances from start to end."""
    part = ir.DataType.DOUBLE if op.result_dtype == ir.DataType.DOUBLE else ir.DataType.FLOAT
    exponents = op.Reshape(spaced(op, start, end, steps, part), [-1])
    return op.cast(op.Pow(op.value(base, part), exponents), op.result_dtype)


def _diagonal_places(op: Context, x: ir.Value) -> tuple[ir.Value, ir.Value]:
    rows, columns = (op.Range(0, op.value(op.dim(x, axis), ir.DataType.INT64), 1) for axis in (-2, -1))
    return op.Unsqueeze(rows, [1]), columns


def _offset(op: Context, diagonal: Any) -> Any:
    """How far above the main diagonal another one lies."""
    return op.Reshape(op.ints(diagonal), []) if op.static(diagonal) is None else op.integers(diagonal)[0]


@lowers("Tril", "TrilExt")
@by_parts
def tril(op: Context, input: ir.Value, diagonal: Any = 0) -> ir.Value:
    """The elements on and below a diagonal of each matrix, zeros above."""
    rows, columns = _diagonal_places(op, input)
    above = _offset(op, diagonal)
    return op.Where(op.LessOrEqual(columns, op.Add(rows, above)), input, op.value(0, input.dtype))


@lowers("Triu", "TriuExt")
@by_parts
def triu(op: Context, input: ir.Value, diagonal: Any = 0) -> ir.Value:
    """The elements on and above a diagonal of each matrix, zeros below."""
    rows, columns = _diagonal_places(op, input)
    above = _offset(op, diagonal)
    return op.Where(op.GreaterOrEqual(columns, op.Add(rows, above)), input, op.value(0, input.dtype))


@lowers("Tril", "TrilExt", since=14)
@by_parts
def tril_14(op: Context, input: ir.Value, diagonal: Any = 0) -> ir.Value:
    """One Trilu node."""
    return op.Trilu(input, _offset(op, diagonal), upper=0)


@lowers("Triu", "TriuExt", since=14)
@by_parts
def triu_14(op: Context, input: ir.Value, diagonal: Any = 0) -> ir.Value:
    """One Trilu node."""
    return op.Trilu(input, _offset(op, diagonal), upper=1)


@lowers("TrilIndices")
def tril_indices(op: Context, *, row: int, col: int, offset: int = 0, dtype: Any = None) -> ir.Value:
    """Rows and columns of the elements on and below a diagonal."""
    return op.constant(np.stack(np.tril_indices(row, offset, col)), _kind(op, dtype))


@lowers("TriuIndices")
def triu_indices(op: Context, *, row: int, col: int, offset: int = 0, dtype: Any = None) -> ir.Value:
    """Rows and columns of the elements on and above a diagonal."""
    return op.constant(np.stack(np.triu_indices(row, offset, col)), _kind(op, dtype))
