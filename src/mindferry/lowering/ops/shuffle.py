"""Channels and pixels in another order."""

from __future__ import annotations

import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.registry import lowers


@lowers("ChannelShuffle")
def channel_shuffle(op: Context, x: ir.Value, *, group: int) -> ir.Value:
    """Channel c of group g moves to c groups + g: the channels of all groups in turn."""
    rank = op.rank(x)
    split = op.Reshape(x, op.ints((op.dim(x, 0), group, -1, *op.shape(x)[2:])))
    turned = op.Transpose(split, perm=[0, 2, 1, *range(3, rank + 1)])
    return op.Reshape(turned, op.ints(op.shape(x)))


@lowers("PixelShuffle")
def pixel_shuffle(op: Context, x: ir.Value, upscale_factor: int) -> ir.Value:
    """(..., C r r, H, W) as (..., C, H r, W r): each group of r r channels becomes a block of pixels."""
    *lead, channels, height, width = op.shape(x)
    r = upscale_factor
    images = x if len(lead) == 1 else op.Reshape(x, op.ints((-1, channels, height, width)))
    result = op.DepthToSpace(images, blocksize=r, mode="CRD")
    return result if len(lead) == 1 else op.Reshape(result, op.ints((*lead, *op.shape(result)[1:])))
