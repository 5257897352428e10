"""Adaptive pooling: as many segments per axis as the result has elements."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering import segments
from mindferry.lowering.context import Context
from mindferry.lowering.helpers import reduce
from mindferry.lowering.registry import lowers


def output_sizes(op: Context, x: ir.Value, output_size: Any, count: int) -> list[Any]:
    """The spatial sizes of the result; None and -1 stand for the size of x."""
    if isinstance(output_size, ir.Value):
        known = op.static(output_size)
        output_size = [op.Gather(output_size, axis) for axis in range(count)] if known is None else known.tolist()
    wanted = list(output_size) if isinstance(output_size, tuple | list) else [output_size] * count
    if len(wanted) != count:
        raise LoweringError(f"output_size {output_size!r} should have {count} numbers")
    return [op.dim(x, axis - count) if size in (None, -1) else size for axis, size in enumerate(wanted)]


@lowers("AdaptiveAvgPool1D")
def adaptive_avg_pool_1d(op: Context, x: ir.Value, output_size: Any) -> ir.Value:
    """The mean of each of output_size segments of the last axis."""
    return _adaptive_avg_pool(op, x, output_size, 1)


@lowers("AdaptiveAvgPool2D", "AdaptiveAvgPool2DExt")
def adaptive_avg_pool_2d(op: Context, x: ir.Value, output_size: Any) -> ir.Value:
    """The mean of each of output_size segments of the last two axes."""
    return _adaptive_avg_pool(op, x, output_size, 2)


@lowers("AdaptiveAvgPool3D", "AdaptiveAvgPool3DExt")
def adaptive_avg_pool_3d(op: Context, x: ir.Value, output_size: Any) -> ir.Value:
    """The mean of each of output_size segments of the last three axes."""
    return _adaptive_avg_pool(op, x, output_size, 3)


def _adaptive_avg_pool(op: Context, x: ir.Value, output_size: Any, count: int) -> ir.Value:
    wanted, rank = output_sizes(op, x, output_size, count), op.rank(x)
    if wanted == [1] * count:
        return reduce(op, "ReduceMean", x, list(range(rank - count, rank)), keep_dims=True)
    sizes = op.shape(x)[-count:]
    known = all(isinstance(size, int) for size in (*wanted, *sizes))
    if known and rank == count + 2 and x.dtype != ir.DataType.DOUBLE and _divides(sizes, wanted):
        window = [size // parts for size, parts in zip(sizes, wanted, strict=True)]
        return op.AveragePool(x, kernel_shape=window, strides=window)
    for axis, (size, parts) in enumerate(zip(sizes, wanted, strict=True), rank - count):
        if size is not parts and size != parts:
            x = segments.mean_over(op, x, axis, segments.adaptive(op, size, parts))
    return x


def _divides(sizes: Any, wanted: Any) -> bool:
    return all(size % parts == 0 for size, parts in zip(sizes, wanted, strict=True))


@lowers("AdaptiveMaxPool1D")
def adaptive_max_pool_1d(op: Context, x: ir.Value, output_size: Any) -> tuple[ir.Value, ir.Value]:
    """The largest element of each of output_size segments of the last axis, and where it is."""
    return _adaptive_max_pool(op, x, output_size, 1)


@lowers("AdaptiveMaxPool2D")
def adaptive_max_pool_2d(op: Context, x: ir.Value, output_size: Any) -> tuple[ir.Value, ir.Value]:
    """The largest element of each of output_size segments of the last two axes, and where it is in them."""
    return _adaptive_max_pool(op, x, output_size, 2)


@lowers("AdaptiveMaxPool3D")
def adaptive_max_pool_3d(op: Context, x: ir.Value, output_size: Any) -> tuple[ir.Value, ir.Value]:
    """The largest element of each of output_size segments of the last three axes, and where it is in them (int32)."""
    values, places = _adaptive_max_pool(op, x, output_size, 3)
    return values, op.cast(places, ir.DataType.INT32)


def _adaptive_max_pool(op: Context, x: ir.Value, output_size: Any, count: int) -> tuple[ir.Value, ir.Value]:
    wanted, rank = output_sizes(op, x, output_size, count), op.rank(x)
    sizes = op.shape(x)[-count:]
    place = places_of(op, x, count)
    for axis in reversed(range(count)):
        part = segments.adaptive(op, sizes[axis], wanted[axis])
        x, place = segments.greatest_over(op, x, place, rank - count + axis, part)
    return x, place


def places_of(op: Context, x: ir.Value, count: int) -> ir.Value:
    """For each element of x, its index in its last `count` axes taken as one."""
    shape = op.Shape(x)
    spatial = op.Slice(shape, [op.rank(x) - count], [op.rank(x)], [0])
    numbers = op.Reshape(op.Range(0, op.ReduceProd(spatial, keepdims=0), 1), spatial)
    return op.Expand(numbers, shape)
