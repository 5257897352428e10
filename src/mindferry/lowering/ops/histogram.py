"""Counts of values per bin."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.registry import lowers

FLOAT, INT64 = ir.DataType.FLOAT, ir.DataType.INT64


def tally(op: Context, places: ir.Value, size: Any, amounts: ir.Value) -> ir.Value:
    """The sum of the amounts at each of `size` places; amounts whose place is outside count nowhere."""
    hits = op.Equal(op.Unsqueeze(op.cast(places, INT64), [1]), op.Range(0, op.Reshape(op.cast(size, INT64), []), 1))
    return op.ReduceSum(op.Where(hits, op.Unsqueeze(amounts, [1]), op.value(0, amounts.dtype)), [0], keepdims=0)


def _ones(op: Context, x: ir.Value) -> ir.Value:
    return op.Expand(1, op.Shape(x))


@lowers("Bincount")
def bincount(op: Context, array: ir.Value, size: Any, weights: ir.Value) -> ir.Value:
    """The sum of the weights at each of the numbers 0 to size - 1; a count where there are no weights."""
    if weights.shape is not None and 0 in weights.shape:
        return op.cast(tally(op, array, size, _ones(op, array)), weights.dtype)
    return tally(op, array, size, weights)


@lowers("BincountExt")
def bincount_ext(op: Context, input: ir.Value, weights: ir.Value | None = None, minlength: Any = 0) -> ir.Value:
    """The sum of the weights (None: a count) at each of the numbers from 0 to the greatest, and up to minlength."""
    numbers = op.cast(input, INT64)
    greatest = op.ReduceMax(op.Concat(numbers, op.value([-1]), axis=0), keepdims=0)
    size = op.Max(op.Add(greatest, 1), op.value(minlength, INT64))
    amounts = _ones(op, numbers) if weights is None else op.cast(weights, op.result_dtype)
    return op.cast(tally(op, numbers, size, amounts), op.result_dtype or INT64)


@lowers("Histogram", "HistcExt")
def histogram(op: Context, x: ir.Value, bins: Any = 100, min: Any = 0.0, max: Any = 0.0) -> ir.Value:
    """How many elements fall into each of the equal bins from min to max; the last bin holds max.

    Equal min and max stand for the elements' own least and greatest, or one less and one more where these are equal too.
    """
    elements = op.Reshape(x if x.dtype == ir.DataType.DOUBLE else op.cast(x, FLOAT), [-1])
    low, high = _edges(op, elements, float(min), float(max))
    inside = op.And(op.GreaterOrEqual(elements, low), op.LessOrEqual(elements, high))
    scaled = op.Mul(op.Div(op.Sub(elements, low), op.Sub(high, low)), float(bins))
    places = op.Min(op.cast(scaled, INT64), bins - 1)
    return op.cast(tally(op, places, bins, op.cast(inside, INT64)), op.result_dtype or x.dtype)


def _edges(op: Context, elements: ir.Value, low: float, high: float) -> tuple[ir.Value, ir.Value]:
    if low != high:
        return op.value(low, elements.dtype), op.value(high, elements.dtype)
    least, greatest = op.ReduceMin(elements, keepdims=0), op.ReduceMax(elements, keepdims=0)
    margin = op.cast(op.Equal(least, greatest), elements.dtype)
    return op.Sub(least, margin), op.Add(greatest, margin)


@lowers("HistogramFixedWidth")
def histogram_fixed_width(op: Context, x: ir.Value, range: ir.Value, *, nbins: Any) -> ir.Value:
    """How many elements fall into each of the equal bins of a range; those outside count in the first and last bin."""
    elements = op.Reshape(x if x.dtype == ir.DataType.DOUBLE else op.cast(x, FLOAT), [-1])
    low, high = (op.cast(op.Gather(range, index), elements.dtype) for index in (0, 1))
    scaled = op.Floor(op.Mul(op.Div(op.Sub(elements, low), op.Sub(high, low)), float(nbins)))
    places = op.cast(op.Min(op.Max(scaled, 0.0), float(nbins - 1)), INT64)
    return op.cast(tally(op, places, nbins, _ones(op, elements)), ir.DataType.INT32)
