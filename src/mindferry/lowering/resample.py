"""Resampling along an axis: every element of the result is a weighted sum of a few elements of the input.

The arithmetic is MindSpore's, in float32, because a rounding error in a coordinate can select another element.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context

ASYMMETRIC, ALIGN_CORNERS, HALF_PIXEL = "asymmetric", "align_corners", "half_pixel"
"""How an element's place in the result maps to the input; the names are ONNX's."""

_TABLE = 1024
"""MindSpore rounds the place between two elements to this fraction before it looks up cubic weights."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Taps:
    """The elements of an axis that make up each element of the result, and their weights: (result, taps) each."""

    index: npt.NDArray[np.int64]
    weight: Floats


def rule_of(align_corners: bool, half_pixel_centers: bool) -> str:
    """The coordinate rule of MindSpore's two flags."""
    if align_corners and half_pixel_centers:
        raise LoweringError("align_corners and half_pixel_centers exclude each other")
    return ALIGN_CORNERS if align_corners else HALF_PIXEL if half_pixel_centers else ASYMMETRIC


def step_of(size: int, count: int, rule: str, factor: float | None = None) -> np.float32:
    """How far the input advances while the result advances by one; factor is the user's own scale, if any."""
    if rule == ALIGN_CORNERS:
        return np.float32(size - 1) / np.float32(count - 1) if count > 1 else np.float32(0)
    return np.float32(1 / factor) if factor else np.float32(size) / np.float32(count)


def places(size: int, count: int, rule: str, factor: float | None = None) -> Floats:
    """Where the elements of the result lie in the input."""
    step, turn = step_of(size, count, rule, factor), np.arange(count, dtype=np.float32)
    if rule == HALF_PIXEL:
        return (turn + np.float32(0.5)) * step - np.float32(0.5)
    return turn * step


def nearest(size: int, count: int, rule: str, factor: float | None = None) -> npt.NDArray[np.int64]:
    """The index of the element that each element of the result copies."""
    step, turn = step_of(size, count, rule, factor), np.arange(count, dtype=np.float32)
    if rule == ALIGN_CORNERS:
        index = np.floor(turn * step + np.float32(0.5))
    else:
        index = np.floor((turn + np.float32(0.5 if rule == HALF_PIXEL else 0)) * step)
    return np.clip(index.astype(np.int64), 0, size - 1)


def linear(size: int, count: int, rule: str, factor: float | None = None) -> Taps:
    """Two taps; beyond the ends the last element continues."""
    place = np.maximum(places(size, count, rule, factor), np.float32(0))
    low = np.minimum(np.floor(place).astype(np.int64), size - 1)
    part = np.minimum(place - low, np.float32(1)).astype(np.float32)
    return Taps(np.stack([low, np.minimum(low + 1, size - 1)], axis=1), np.stack([1 - part, part], axis=1))


def cubic(size: int, count: int, rule: str) -> Taps:
    """Four taps with weights from a table, coefficient -0.75; for half_pixel -0.5 and nothing beyond the ends."""
    place = places(size, count, rule)
    low = np.floor(place).astype(np.int64)
    part = np.rint((place - low) * _TABLE) / _TABLE
    a = -0.5 if rule == HALF_PIXEL else -0.75
    weight = np.stack([_far(1 + part, a), _near(part, a), _near(1 - part, a), _far(2 - part, a)], axis=1)
    index = low[:, None] + np.arange(-1, 3)
    if rule == HALF_PIXEL:
        weight = np.where((index >= 0) & (index < size), weight, 0)
        weight = weight / weight.sum(axis=1, keepdims=True)
    return Taps(np.clip(index, 0, size - 1), weight.astype(np.float32))


def keys_cubic(size: int, count: int, rule: str, factor: float | None = None, a: float = -0.75) -> Taps:
    """Four taps with exact cubic weights; beyond the ends the last element continues."""
    place = places(size, count, rule, factor)
    low = np.floor(place).astype(np.int64)
    part = (place - low).astype(np.float64)
    weight = np.stack([_far(1 + part, a), _near(part, a), _near(1 - part, a), _far(2 - part, a)], axis=1)
    return Taps(np.clip(low[:, None] + np.arange(-1, 3), 0, size - 1), weight.astype(np.float32))


def _near(x: npt.NDArray[np.float64], a: float) -> npt.NDArray[np.float64]:
    return ((a + 2) * x - (a + 3)) * x * x + 1


def _far(x: npt.NDArray[np.float64], a: float) -> npt.NDArray[np.float64]:
    return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a


def area(size: int, count: int, rule: str) -> Taps:
    """The elements that each element of the result covers, weighted by how much of them it covers."""
    step, turn = step_of(size, count, rule), np.arange(count, dtype=np.float32)
    start, end = turn * step, (turn + np.float32(1)) * step
    first = np.floor(start).astype(np.int64)
    index = first[:, None] + np.arange(int((np.ceil(end).astype(np.int64) - first).max()))
    covered = np.minimum(index + 1, end[:, None]) - np.maximum(index, start[:, None])
    weight = np.maximum(covered, 0) / step
    return Taps(np.clip(index, 0, size - 1), weight.astype(np.float32))


def resample(op: Context, x: ir.Value, axis: int, taps: Taps) -> ir.Value:
    """x resampled along an axis."""
    taken = op.Gather(x, taps.index, axis=axis)
    behind = [1] * (op.rank(x) - axis - 1)
    weight = op.constant(taps.weight.reshape(*taps.weight.shape, *behind), x.dtype)
    return op.ReduceSum(op.Mul(taken, weight), [axis + 1], keepdims=0)


def nearest_at_run_time(op: Context, size: Any, count: Any, rule: str, factor: float | None = None) -> ir.Value:
    """nearest() for sizes of which one is only known at run time."""
    size, count = (op.cast(one, ir.DataType.FLOAT) for one in (size, count))
    turn, step = op.Range(0.0, count, 1.0), _step_at_run_time(op, size, count, rule, factor)
    if rule == ALIGN_CORNERS:
        index = op.Floor(op.Add(op.Mul(turn, step), 0.5))
    else:
        index = op.Floor(op.Mul(op.Add(turn, 0.5) if rule == HALF_PIXEL else turn, step))
    return op.cast(op.Min(index, op.Sub(size, 1.0)), ir.DataType.INT64)


def linear_at_run_time(
    op: Context, x: ir.Value, axis: int, size: Any, count: Any, rule: str, factor: float | None = None
) -> ir.Value:
    """x resampled along an axis by the taps of linear(), for sizes of which one is only known at run time."""
    size, count = (op.cast(one, ir.DataType.FLOAT) for one in (size, count))
    turn, step = op.Range(0.0, count, 1.0), _step_at_run_time(op, size, count, rule, factor)
    place = op.Sub(op.Mul(op.Add(turn, 0.5), step), 0.5) if rule == HALF_PIXEL else op.Mul(turn, step)
    place, last = op.Max(place, op.constant(np.float32(0))), op.Sub(size, 1.0)
    low = op.Min(op.Floor(place), last)
    part = op.Min(op.Sub(place, low), op.constant(np.float32(1)))
    shape = [-1] + [1] * (op.rank(x) - axis - 1)
    sides = ((low, op.Sub(1.0, part)), (op.Min(op.Add(low, 1.0), last), part))
    taken = (
        op.Mul(op.Gather(x, op.cast(index, ir.DataType.INT64), axis=axis), op.cast(op.Reshape(weight, shape), x.dtype))
        for index, weight in sides
    )
    return op.Add(*taken)


def _step_at_run_time(op: Context, size: ir.Value, count: ir.Value, rule: str, factor: float | None) -> ir.Value:
    """step_of() for sizes of which one is only known at run time, as float32."""
    if rule == ALIGN_CORNERS:
        return op.Div(op.Sub(size, 1.0), op.Max(op.Sub(count, 1.0), op.constant(1.0)))
    return op.constant(np.float32(1 / factor)) if factor else op.Div(size, count)
