"""Pooling over windows of uneven sizes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering import segments
from mindferry.lowering.context import Context, StaticSizes
from mindferry.lowering.helpers import tuple_of
from mindferry.lowering.ops.pool_adaptive import places_of
from mindferry.lowering.registry import lowers


@lowers("FractionalMaxPoolWithFixedKsize")
def fractional_max_pool(
    op: Context,
    x: ir.Value,
    random_samples: ir.Value,
    *,
    kernel_size: Any,
    output_shape: Any,
    data_format: Any = "NCHW",
) -> tuple[ir.Value, ir.Value]:
    """The largest element of each window, and its index within its channel; random_samples is (N, C, (width, height))."""
    if data_format != "NCHW":
        raise LoweringError(f"data_format={data_format} has no lowering, NCHW has")
    return _fractional_max_pool(op, x, random_samples, (1, 0), tuple_of(kernel_size, 2), tuple_of(output_shape, 2))


@lowers("FractionalMaxPool3DWithFixedKsize")
def fractional_max_pool_3d(
    op: Context,
    x: ir.Value,
    random_samples: ir.Value,
    *,
    kernel_size: Any,
    output_shape: Any,
    data_format: Any = "NCDHW",
) -> tuple[ir.Value, ir.Value]:
    """The largest element of each window, and its index within its channel; random_samples is (N, C, (depth, height, width)).

    Where x has no batch, neither have they, or another place for it.
    """
    if data_format != "NCDHW":
        raise LoweringError(f"data_format={data_format} has no lowering, NCDHW has")
    sizes = tuple_of(kernel_size, 3), tuple_of(output_shape, 3)
    if op.rank(x) == 5:
        return _fractional_max_pool(op, x, random_samples, (0, 1, 2), *sizes)
    samples = op.Reshape(random_samples, [1, -1, 3])
    largest, places = _fractional_max_pool(op, op.Unsqueeze(x, [0]), samples, (0, 1, 2), *sizes)
    return op.Squeeze(largest, [0]), op.Squeeze(places, [0])


def _fractional_max_pool(
    op: Context,
    x: ir.Value,
    samples: ir.Value,
    order: tuple[int, ...],
    kernel: tuple[int, ...],
    wanted: tuple[int, ...],
) -> tuple[ir.Value, ir.Value]:
    """One axis after another, from the last, because a window is the product of its segments."""
    sizes, place = list(op.shape(x)), places_of(op, x, len(kernel))
    for axis in reversed(range(2, len(sizes))):
        length, count = kernel[axis - 2], wanted[axis - 2]
        start = _starts(op, op.Gather(samples, order[axis - 2], axis=2), sizes[axis], length, count)
        index = op.Reshape(op.Add(op.Unsqueeze(start, [-1]), op.constant(list(range(length)))), [0, 0, -1])
        index = op.Unsqueeze(index, [one for one in range(2, len(sizes)) if one != axis])
        index = op.Expand(index, op.ints((*sizes[:axis], count * length, *sizes[axis + 1 :])))
        shape = op.ints((*sizes[:axis], count, length, *sizes[axis + 1 :]))
        taken, places = (op.Reshape(op.GatherElements(one, index, axis=axis), shape) for one in (x, place))
        where = op.ArgMax(taken, axis=axis + 1, keepdims=1)
        x, place = (op.Squeeze(op.GatherElements(one, where, axis=axis + 1), [axis + 1]) for one in (taken, places))
        sizes[axis] = count
    return x, place


def _starts(op: Context, sample: ir.Value, size: Any, kernel: int, count: int) -> ir.Value:
    """Where the windows of each (N, C) start: floor((i + s) a) - floor(s a) with a = (size - kernel) / (count - 1)."""
    last = op.Sub(op.value(size, ir.DataType.INT64), kernel)
    behind = op.Expand(op.Reshape(last, [1, 1, 1]), op.Concat(op.Shape(sample), op.constant([1]), axis=0))
    if count == 1:
        return behind
    step = op.Div(op.cast(last, sample.dtype), op.cast(count - 1, sample.dtype))
    sample = op.Unsqueeze(sample, [-1])
    turns = op.constant([float(turn) for turn in range(count - 1)], sample.dtype)
    moved = op.Floor(op.Mul(op.Add(turns, sample), step))
    return op.Concat(op.cast(op.Sub(moved, op.Floor(op.Mul(sample, step))), ir.DataType.INT64), behind, axis=-1)


@lowers("FractionalMaxPool")
def fractional_max_pool_by_ratio(
    op: Context, x: ir.Value, *, pooling_ratio: Any, pseudo_random: bool = False, overlapping: bool = False,
    deterministic: bool = False, seed: int = 0, seed2: int = 0,
) -> tuple[ir.Value, ...]:  # fmt: skip
    """The largest element of each window of NHWC x, and where the windows start along both axes."""
    return _by_ratio(op, x, pooling_ratio, overlapping, mean=False)


@lowers("FractionalAvgPool")
def fractional_avg_pool_by_ratio(
    op: Context, x: ir.Value, *, pooling_ratio: Any, pseudo_random: bool = False, overlapping: bool = False,
    deterministic: bool = False, seed: int = 0, seed2: int = 0,
) -> tuple[ir.Value, ...]:  # fmt: skip
    """The mean of each window of NHWC x, and where the windows start along both axes."""
    return _by_ratio(op, x, pooling_ratio, overlapping, mean=True)


def _by_ratio(op: Context, x: ir.Value, ratio: Any, overlapping: bool, *, mean: bool) -> tuple[ir.Value, ...]:
    starts = []
    for axis in (1, 2):
        size = StaticSizes(x)[axis]
        count = math.floor(size / ratio[axis])
        if size % count:
            raise LoweringError(f"{count} windows over {size} elements have random sizes")
        start = np.arange(0, size + 1, size // count)
        end = np.minimum(start[1:] + int(overlapping), size)
        part = segments.between(start[:-1], end)
        x = segments.mean_over(op, x, axis, part) if mean else segments.reduced(op, x, axis, part, "ReduceMax")
        starts.append(op.constant(start))
    return x, *starts
