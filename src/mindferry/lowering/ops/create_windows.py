"""Window functions for signal processing, and ones at given positions."""

from __future__ import annotations

import math
from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.layouts import one_axis
from mindferry.lowering.registry import lowers


def _phase(op: Context, length: Any, periodic: bool) -> tuple[ir.Value, ir.DataType]:
    """Positions 0, 1, ... over the last one's, which for a periodic window is one further, and their element type."""
    part = ir.DataType.DOUBLE if op.result_dtype == ir.DataType.DOUBLE else ir.DataType.FLOAT
    count = op.Reshape(op.cast(length, ir.DataType.INT64), [])
    last = count if periodic else op.Max(op.Sub(count, 1), 1)
    return op.Div(op.cast(op.Range(0, count, 1), part), op.cast(last, part)), part


def _finished(op: Context, window: ir.Value, length: Any, part: ir.DataType) -> ir.Value:
    """The window, or a one where it has a single element."""
    single = op.Equal(op.Reshape(op.cast(length, ir.DataType.INT64), []), 1)
    return op.cast(op.Where(single, op.value(1.0, part), window), op.result_dtype)


def _cosine(op: Context, phase: ir.Value, cycles: int) -> ir.Value:
    return op.Cos(op.Mul(phase, 2.0 * math.pi * cycles))


@lowers("HammingWindow")
def hamming_window(
    op: Context, length: Any, *, periodic: bool = True, alpha: float = 0.54, beta: float = 0.46, dtype: Any = None
) -> ir.Value:
    """alpha - beta cos(2 pi n / N)."""
    phase, part = _phase(op, length, periodic)
    return _finished(op, op.Sub(op.value(alpha, part), op.Mul(_cosine(op, phase, 1), beta)), length, part)


@lowers("BlackmanWindow")
def blackman_window(op: Context, window_length: Any, *, periodic: bool = True, dtype: Any = None) -> ir.Value:
    """0.42 - 0.5 cos(2 pi n / N) + 0.08 cos(4 pi n / N)."""
    phase, part = _phase(op, window_length, periodic)
    first = op.Sub(op.value(0.42, part), op.Mul(_cosine(op, phase, 1), 0.5))
    return _finished(op, op.Add(first, op.Mul(_cosine(op, phase, 2), 0.08)), window_length, part)


@lowers("BartlettWindow")
def bartlett_window(op: Context, window_length: Any, *, periodic: bool = True, dtype: Any = None) -> ir.Value:
    """1 - |2 n / N - 1|."""
    phase, part = _phase(op, window_length, periodic)
    triangle = op.Sub(op.value(1.0, part), op.Abs(op.Sub(op.Mul(phase, 2.0), 1.0)))
    return _finished(op, triangle, window_length, part)


def one_hot_of(op: Context, indices: ir.Value, depth: Any, on: Any, off: Any, axis: Any) -> ir.Value:
    """on where the position along a new axis equals the index, else off; no position equals an index outside depth."""
    rank = op.rank(indices) + 1
    place = one_axis(op, axis, rank)
    positions = op.Range(0, op.Reshape(op.cast(depth, ir.DataType.INT64), []), 1)
    column = op.Reshape(positions, [-1 if index == place else 1 for index in range(rank)])
    hit = op.Equal(op.Unsqueeze(op.cast(indices, ir.DataType.INT64), [place]), column)
    return op.Where(hit, *(op.Reshape(op.cast(item, op.result_dtype), []) for item in (on, off)))


@lowers("OneHot")
def one_hot(op: Context, indices: ir.Value, depth: Any, on_value: Any, off_value: Any, axis: Any = -1) -> ir.Value:
    """on_value at the index along a new axis, off_value elsewhere; an index outside depth gives off_value alone."""
    return one_hot_of(op, indices, depth, on_value, off_value, axis)


@lowers("OneHotExt")
def one_hot_ext(
    op: Context, tensor: ir.Value, num_classes: Any, on_value: Any = 1, off_value: Any = 0, axis: Any = -1
) -> ir.Value:
    """A one at the index along a new axis; num_classes -1 means one more than the largest index."""
    if op.static(num_classes) is None:
        raise LoweringError("num_classes is only known at run time")
    if op.integers(num_classes) == [-1]:
        num_classes = op.Add(op.ReduceMax(op.cast(tensor, ir.DataType.INT64), keepdims=0), 1)
    return one_hot_of(op, tensor, num_classes, on_value, off_value, axis)


@lowers("SequenceMask")
def sequence_mask(op: Context, lengths: ir.Value, maxlen: Any) -> ir.Value:
    """True at the first lengths[...] of maxlen positions of a new last axis."""
    positions = op.Range(0, op.Reshape(op.cast(maxlen, ir.DataType.INT64), []), 1)
    return op.Less(positions, op.Unsqueeze(op.cast(lengths, ir.DataType.INT64), [-1]))
