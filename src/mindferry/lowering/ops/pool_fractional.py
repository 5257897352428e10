"""Max pooling over windows whose places come from random samples, which are an input."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.helpers import tuple_of
from mindferry.lowering.ops.pool_adaptive import places_of
from mindferry.lowering.registry import lowers, refuse


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
    """The largest element of each window, and its index within its channel; random_samples is (N, C, (depth, height, width))."""
    return _fractional_max_pool(op, x, random_samples, (0, 1, 2), tuple_of(kernel_size, 3), tuple_of(output_shape, 3))


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


refuse("its windows are random", "FractionalMaxPool", "FractionalAvgPool")
