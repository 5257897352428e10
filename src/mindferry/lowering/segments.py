"""Segments of an axis, each reduced to one element: what adaptive pools and odd windows are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.helpers import reduce


@dataclass(frozen=True, slots=True)
class Segments:
    """The elements of each segment, shorter segments filled up with repetitions.

    Attributes:
        index: where the elements are along the axis, (segments, longest).
        inside: False for a repetition, (segments, longest), or None where there is none.
    """

    index: Any
    inside: Any = None


def adaptive(op: Context, size: Any, count: Any) -> Segments:
    """Segments floor(i size / count) to ceil((i + 1) size / count) of an axis; both may be 0-d values."""
    if isinstance(size, int) and isinstance(count, int):
        turn = np.arange(count)
        start, end = turn * size // count, -(-(turn + 1) * size // count)
        return between(start, end)
    size, count = op.value(size, ir.DataType.INT64), op.value(count, ir.DataType.INT64)
    turn = op.Range(0, count, 1)
    start = op.Div(op.Mul(turn, size), count)
    end = op.Div(op.Sub(op.Add(op.Mul(op.Add(turn, 1), size), count), 1), count)
    longest = op.Add(op.Div(op.Sub(op.Add(size, count), 1), count), 1)
    index = op.Add(op.Unsqueeze(start, [1]), op.Range(0, longest, 1))
    last = op.Unsqueeze(op.Sub(end, 1), [1])
    return Segments(op.Min(index, last), op.LessOrEqual(index, last))


def between(start: np.ndarray[Any, Any], end: np.ndarray[Any, Any]) -> Segments:
    """The segments from start up to, not including, end."""
    index = start[:, None] + np.arange(int((end - start).max()))
    inside = index < end[:, None]
    return Segments(np.minimum(index, end[:, None] - 1), None if inside.all() else inside)


def of_window(size: int, kernel: int, stride: int, dilation: int, pads: tuple[int, int]) -> Segments:
    """The elements under each window of an axis; padding is left out, so every window has to hold an element."""
    count = (size + sum(pads) - dilation * (kernel - 1) - 1) // stride + 1
    index = np.arange(count)[:, None] * stride - pads[0] + np.arange(kernel) * dilation
    inside = (index >= 0) & (index < size)
    first = index[np.arange(count), inside.argmax(axis=1)]
    return Segments(np.where(inside, index, first[:, None]), None if inside.all() else inside)


def mean_over(op: Context, x: ir.Value, axis: int, segments: Segments) -> ir.Value:
    """The mean of each segment of x along an axis."""
    if segments.inside is None:
        return reduced(op, x, axis, segments, "ReduceMean")
    taken = op.Gather(x, segments.index, axis=axis)
    inside = op.value(segments.inside)
    behind = list(range(2, op.rank(x) - axis + 1))
    taken = op.Where(op.Unsqueeze(inside, behind) if behind else inside, taken, op.cast(0, x.dtype))
    count = op.ReduceSum(op.cast(inside, x.dtype), [1], keepdims=0)
    if behind:
        count = op.Unsqueeze(count, [one - 1 for one in behind])
    return op.Div(op.ReduceSum(taken, [axis + 1], keepdims=0), count)


def reduced(op: Context, x: ir.Value, axis: int, segments: Segments, operator: str) -> ir.Value:
    """Each segment of x along an axis, reduced; by a maximum or minimum also where segments have several lengths."""
    return reduce(op, operator, op.Gather(x, segments.index, axis=axis), [axis + 1])


def greatest_over(
    op: Context, x: ir.Value, place: ir.Value, axis: int, segments: Segments
) -> tuple[ir.Value, ir.Value]:
    """The largest element of each segment of x along an axis, and what place, of the same shape, has there.

    Of equal elements the first one counts.
    """
    taken, places = op.Gather(x, segments.index, axis=axis), op.Gather(place, segments.index, axis=axis)
    where = op.ArgMax(taken, axis=axis + 1, keepdims=1)
    return (
        op.Squeeze(op.GatherElements(taken, where, axis=axis + 1), [axis + 1]),
        op.Squeeze(op.GatherElements(places, where, axis=axis + 1), [axis + 1]),
    )
