"""Blocks of space moved into the batch or channel axis and back, and sliding blocks as columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.helpers import tuple_of
from mindferry.lowering.layouts import by_parts, count
from mindferry.lowering.ops.pad import from_first, padded
from mindferry.lowering.ops.shape import reshaped
from mindferry.lowering.ops.slice import numbers_of, sliced
from mindferry.lowering.registry import lowers

_FLOATS = (ir.DataType.FLOAT16, ir.DataType.FLOAT, ir.DataType.DOUBLE)
"""The element types for which runtimes implement DepthToSpace and SpaceToDepth."""


@lowers("DepthToSpace")
@by_parts
def depth_to_space(op: Context, x: ir.Value, *, block_size: int) -> ir.Value:
    """NCHW: groups of channels become block_size x block_size squares of space."""
    if x.dtype in _FLOATS:
        return op.DepthToSpace(x, blocksize=block_size, mode="DCR")
    n, depth, height, width = op.shape(x)
    cut = reshaped(op, x, (n, block_size, block_size, depth // block_size**2, height, width))
    moved = op.Transpose(cut, perm=[0, 3, 4, 1, 5, 2])
    return reshaped(op, moved, (n, depth // block_size**2, height * block_size, width * block_size))


@lowers("SpaceToDepth")
@by_parts
def space_to_depth(op: Context, x: ir.Value, *, block_size: int) -> ir.Value:
    """NCHW: block_size x block_size squares of space become groups of channels."""
    if x.dtype in _FLOATS:
        return op.SpaceToDepth(x, blocksize=block_size)
    n, depth, height, width = op.shape(x)
    rows, columns = height // block_size, width // block_size
    cut = reshaped(op, x, (n, depth, rows, block_size, columns, block_size))
    return reshaped(op, op.Transpose(cut, perm=[0, 3, 5, 1, 2, 4]), (n, depth * block_size**2, rows, columns))


def _divided(size: Any, block: int) -> Any:
    return size // block if isinstance(size, int) else -1


def _blocks_to_batch(op: Context, x: ir.Value, blocks: Sequence[int], paddings: Any) -> ir.Value:
    rank, count = op.rank(x), len(blocks)
    first = rank - count
    x = padded(op, x, [(0, 0)] * first + from_first(op, paddings))
    shape = op.shape(x)
    if sum(not isinstance(size, int) for size in shape) > 1:
        raise LoweringError(f"needs at most one dynamic axis, got {x.shape}")
    cut = [part for size, block in zip(shape[first:], blocks, strict=True) for part in (_divided(size, block), block)]
    x = reshaped(op, x, (*shape[:first], *cut))
    order = [*range(first + 1, rank + count, 2), *range(first), *range(first, rank + count, 2)]
    x = op.Transpose(x, perm=order)
    batch = shape[0] * math.prod(blocks) if isinstance(shape[0], int) else -1
    return reshaped(op, x, (batch, *shape[1:first], *map(_divided, shape[first:], blocks)))


def _batch_to_blocks(op: Context, x: ir.Value, blocks: Sequence[int], crops: Any) -> ir.Value:
    rank, count = op.rank(x), len(blocks)
    first, shape = rank - count, op.shape(x)
    if sum(not isinstance(size, int) for size in shape) > 1:
        raise LoweringError(f"needs at most one dynamic axis, got {x.shape}")
    batch = _divided(shape[0], math.prod(blocks))
    x = reshaped(op, x, (*blocks, batch, *shape[1:]))
    order = [*range(count, count + first)]
    for axis in range(count):
        order += [count + first + axis, axis]
    x = op.Transpose(x, perm=order)
    sizes = [size * block if isinstance(size, int) else -1 for size, block in zip(shape[first:], blocks, strict=True)]
    x = reshaped(op, x, (batch, *shape[1:first], *sizes))
    pairs = enumerate(from_first(op, crops), first)
    return sliced(op, x, {axis: (before, -after or 2**63 - 1, 1) for axis, (before, after) in pairs})


@lowers("SpaceToBatchND", "SpaceToBatchNDV2")
@by_parts
def space_to_batch_nd(op: Context, x: ir.Value, block_shape: Any, paddings: Any) -> ir.Value:
    """Blocks of the last axes, padded with zeros first, become a part of the first axis."""
    return _blocks_to_batch(op, x, tuple_of(block_shape, len(from_first(op, paddings))), paddings)


@lowers("BatchToSpaceND", "BatchToSpaceNDV2")
@by_parts
def batch_to_space_nd(op: Context, x: ir.Value, block_shape: Any, crops: Any) -> ir.Value:
    """A part of the first axis becomes blocks of the last axes, which are cropped then."""
    return _batch_to_blocks(op, x, tuple_of(block_shape, len(from_first(op, crops))), crops)


@lowers("SpaceToBatch")
@by_parts
def space_to_batch(op: Context, x: ir.Value, *, block_size: int, paddings: Any) -> ir.Value:
    """NCHW: squares of space, padded with zeros first, become a part of the batch."""
    return _blocks_to_batch(op, x, (block_size, block_size), paddings)


@lowers("BatchToSpace")
@by_parts
def batch_to_space(op: Context, x: ir.Value, *, block_size: int, crops: Any) -> ir.Value:
    """NCHW: a part of the batch becomes squares of space, which is cropped then."""
    return _batch_to_blocks(op, x, (block_size, block_size), crops)


def _columns(op: Context, x: ir.Value, kernel: Any, strides: Any, dilations: Any, pads: Any) -> ir.Value:
    """(N, C, H, W) -> (N, C, kernel height, kernel width, rows of blocks, columns of blocks)."""
    windows = [tuple_of(item, 2) for item in (kernel, strides, dilations)]
    x = padded(op, x, [(0, 0), (0, 0), *((pad, pad) for pad in tuple_of(pads, 2))])
    for axis, (size, stride, dilation) in enumerate(zip(*windows, strict=True)):
        place = 2 + 2 * axis
        room = count(op, "Sub", op.dim(x, place), dilation * (size - 1))
        within = np.arange(size)[:, None] * dilation
        if isinstance(room, int):
            x = op.Gather(x, within + np.arange(0, room, stride), axis=place)
        else:
            x = op.Gather(x, op.Add(within, op.Range(0, room, stride)), axis=place)
    return op.Transpose(x, perm=[0, 1, 2, 4, 3, 5])


@lowers("Im2Col")
@by_parts
def im2col(op: Context, x: ir.Value, *, ksizes: Any, strides: Any = 1, dilations: Any = 1, pads: Any = 0) -> ir.Value:
    """Sliding blocks as columns: (N, C, H, W) -> (N, C, kernel size, number of blocks)."""
    columns = _columns(op, x, ksizes, strides, dilations, pads)
    n, channels, height, width, rows, across = op.shape(columns)
    return reshaped(op, columns, (n, channels, height * width, count(op, "Mul", rows, across)))


@lowers("Im2ColExt")
@by_parts
def im2col_ext(
    op: Context, input: ir.Value, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> ir.Value:
    """Sliding blocks as columns: (N, C, H, W) -> (N, C x kernel size, number of blocks); N may be missing."""
    single = op.rank(input) == 3
    columns = _columns(op, op.Unsqueeze(input, [0]) if single else input, kernel_size, stride, dilation, padding)
    n, channels, height, width, rows, across = op.shape(columns)
    depth = count(op, "Mul", channels, height * width)
    return reshaped(op, columns, (*(() if single else (n,)), depth, count(op, "Mul", rows, across)))


def _image(
    op: Context, x: ir.Value, output_size: Any, kernel: Any, dilation: Any, padding: Any, stride: Any
) -> ir.Value:
    """(N, C, kernel size, number of blocks) -> (N, C, H, W), overlapping blocks added up."""
    sizes = numbers_of(op, output_size)
    windows = [tuple_of(item, 2) for item in (kernel, stride, dilation, padding)]
    counts = [_blocks(op, size, *window) for size, *window in zip(sizes, *windows, strict=True)]
    heights, steps, gaps, pads = windows
    n, channels = op.shape(x)[:2]
    x = reshaped(op, x, (n, channels, math.prod(heights), counts[0], 1, counts[1], 1))
    x = padded(op, x, [(0, 0)] * 4 + [(0, steps[0] - 1), (0, 0), (0, steps[1] - 1)])
    spread = [count(op, "Mul", number, step) for number, step in zip(counts, steps, strict=True)]
    x = reshaped(op, x, (n, channels, math.prod(heights), *spread))
    total: Any = None
    for index, offset in enumerate(np.ndindex(*heights)):
        starts = [place * gap - pad for place, gap, pad in zip(offset, gaps, pads, strict=True)]
        rests = [
            count(op, "Sub", count(op, "Sub", size, length), start)
            for size, length, start in zip(sizes, spread, starts, strict=True)
        ]
        part = padded(op, op.Gather(x, index, axis=2), [(0, 0), (0, 0), *zip(starts, rests, strict=True)])
        total = part if total is None else op.Add(total, part)
    return total


def _blocks(op: Context, size: Any, length: int, stride: int, dilation: int, pad: int) -> Any:
    """How many blocks fit along an axis."""
    room = count(op, "Add", size, 2 * pad - dilation * (length - 1) - 1)
    return count(op, "Add", count(op, "Div", room, stride), 1)


@lowers("Col2Im")
@by_parts
def col2im(
    op: Context, x: ir.Value, output_size: Any, *, kernel_size: Any, dilation: Any = 1, padding: Any = 0,
    stride: Any = 1,
) -> ir.Value:  # fmt: skip
    """Columns back to an image, overlapping blocks added up: (N, C, kernel size, number of blocks) -> (N, C, H, W)."""
    return _image(op, x, output_size, kernel_size, dilation, padding, stride)


@lowers("Col2ImExt")
@by_parts
def col2im_ext(
    op: Context, input: ir.Value, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0,
    stride: Any = 1,
) -> ir.Value:  # fmt: skip
    """Columns back to an image, overlapping blocks added up: (N, C x kernel size, blocks) -> (N, C, H, W)."""
    *batch, depth, blocks = op.shape(input)
    kernel = tuple_of(kernel_size, 2)
    if not isinstance(depth, int):
        raise LoweringError(f"needs a known number of channels, got {input.shape}")
    x = reshaped(op, input, (*(batch or [1]), depth // math.prod(kernel), math.prod(kernel), blocks))
    image = _image(op, x, output_size, kernel, dilation, padding, stride)
    return image if batch else op.Squeeze(image, [0])
