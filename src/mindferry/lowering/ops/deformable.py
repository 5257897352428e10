"""Sampling at learned offsets: deformable convolution and deformable attention."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context, StaticSizes
from mindferry.lowering.helpers import FLOATS, computed_in, is_channel_last, tuple_of
from mindferry.lowering.registry import lowers
from mindferry.lowering.sampling import Pixels, image_index


@lowers("DeformableOffsets")
def deformable_offsets(
    op: Context, x: ir.Value, offsets: ir.Value, *, strides: Any, pads: Any, kernel_size: Any, dilations: Any = 1,
    data_format: str = "NCHW", deformable_groups: int = 1, modulated: bool = True,
) -> ir.Value:  # fmt: skip
    """The elements under each window of a convolution, each moved by an offset and weighted: (N, C, h kh, w kw).

    offsets is (N, 3 groups kh kw, h, w): the moves along x, those along y, and the weights.
    """
    if is_channel_last(data_format) or not modulated:
        raise LoweringError("only NCHW with modulated=True has a definition on MindSpore's CPU")
    kernel, (top, _, left, _) = tuple_of(kernel_size, 2), tuple_of(pads, 4)

    def sampled(x: ir.Value, offsets: ir.Value) -> ir.Value:
        n, channels, height, width = op.shape(x)
        rows, columns = op.shape(offsets)[2:]
        split = op.Reshape(offsets, op.ints((n, 3, deformable_groups, *kernel, rows, columns)))
        moves = [op.Reshape(op.Gather(split, part, axis=1), op.ints((-1, *kernel, rows, columns))) for part in range(3)]
        steps = zip((rows, columns), tuple_of(strides, 2), tuple_of(dilations, 2), (top, left), strict=True)
        where = [op.Add(_starts(op, axis, kernel[axis], *step), moves[1 - axis]) for axis, step in enumerate(steps)]
        images = op.Reshape(x, op.ints((-1, channels // deformable_groups, height, width)))
        found = Pixels.of(op, images).linear(op, image_index(op, op.dim(images, 0), 5), where)
        found = op.Mul(found, op.Unsqueeze(moves[2], [-1]))
        tiled = op.Transpose(found, perm=[0, 5, 3, 1, 4, 2])
        wanted = [
            op.Mul(size, k) if isinstance(size, ir.Value) else size * k
            for size, k in zip((rows, columns), kernel, strict=True)
        ]
        return op.Reshape(tiled, op.ints((n, channels, *wanted)))

    return computed_in(op, FLOATS, sampled, x, offsets)


def _starts(op: Context, axis: int, kernel: int, count: Any, stride: int, dilation: int, pad: int) -> ir.Value:
    """Where the elements under the windows lie along one of two axes, shaped as (1, kh, kw, h, w)."""
    window = op.constant([float(turn * dilation - pad) for turn in range(kernel)])
    steps = op.Mul(op.Range(0.0, op.cast(count, ir.DataType.FLOAT), 1.0), float(stride))
    shapes = ([1, -1, 1, 1, 1], [1, 1, 1, -1, 1]) if axis == 0 else ([1, 1, -1, 1, 1], [1, 1, 1, 1, -1])
    return op.Add(op.Reshape(window, shapes[0]), op.Reshape(steps, shapes[1]))


@lowers("MultiScaleDeformableAttn")
def multi_scale_deformable_attn(
    op: Context, value: ir.Value, shape: Any, offset: Any, locations: ir.Value, weight: ir.Value
) -> ir.Value:
    """The weighted sum of value (N, keys, heads, C) at locations (N, queries, heads, levels, points, (x, y)) in [0, 1].

    The keys are the pixels of images of one size per level, `shape` (levels, (height, width)), from `offset` on.
    """
    n, _, heads, channels = op.shape(value)
    queries = op.dim(locations, 1)
    total = None
    for level in range(StaticSizes(locations)[3]):
        size = [op.cast(op.Gather(op.Gather(shape, level), axis), ir.DataType.INT64) for axis in range(2)]
        start = op.Reshape(op.cast(op.Gather(offset, level), ir.DataType.INT64), [1])
        keys = op.Slice(value, start, op.Add(start, op.Mul(*size)), [1])
        images = op.Reshape(op.Transpose(keys, perm=[0, 2, 1, 3]), op.ints((-1, *size, channels)))
        points = op.Transpose(op.Gather(locations, level, axis=3), perm=[0, 2, 1, 3, 4])
        points = op.Reshape(points, op.ints((-1, queries, op.dim(locations, 4), 2)))
        where = [
            op.Sub(op.Mul(op.Gather(points, 1 - axis, axis=-1), op.cast(one, value.dtype)), 0.5)
            for axis, one in enumerate(size)
        ]
        pixels = Pixels.of(op, images, channels_last=True)
        found = pixels.linear(op, image_index(op, op.dim(images, 0), 3), where)
        share = op.Transpose(op.Gather(weight, level, axis=3), perm=[0, 2, 1, 3])
        share = op.Reshape(share, op.ints((-1, queries, op.dim(locations, 4), 1)))
        part = op.ReduceSum(op.Mul(found, share), [2], keepdims=0)
        total = part if total is None else op.Add(total, part)
    split = op.Reshape(total, op.ints((n, heads, queries, channels)))
    return op.Reshape(op.Transpose(split, perm=[0, 2, 1, 3]), op.ints((n, queries, heads * channels)))
