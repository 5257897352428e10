"""Patches of images, and what is computed from each."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context, StaticSizes
from mindferry.lowering.helpers import computed_in, reduce, tuple_of
from mindferry.lowering.registry import lowers
from mindferry.lowering.sampling import Pixels, image_index
from mindferry.lowering.windows import Window, explicit_pads

FLOAT, INT64 = ir.DataType.FLOAT, ir.DataType.INT64
_COMPARED = (FLOAT, ir.DataType.DOUBLE, ir.DataType.INT32, INT64, ir.DataType.UINT32, ir.DataType.UINT64)
"""What ReduceMax compares."""


@dataclass(frozen=True, slots=True)
class Patches:
    """Where the elements of sliding patches lie, per spatial axis: (patch size, number of patches) indices each.

    Attributes:
        places: indices, moved to the edge where they are outside.
        inside: whether they are not.
    """

    places: tuple[npt.NDArray[np.int64], ...]
    inside: tuple[npt.NDArray[np.bool_], ...]

    @staticmethod
    def of(x: ir.Value, window: Window, pad_mode: Any) -> Patches:
        """The patches of (N, C, ...) x under "same" or "valid" padding."""
        places, inside = [], []
        sizes = StaticSizes(x)[2:]
        pads = explicit_pads(sizes, window, pad_mode)
        steps = zip(sizes, pads, window.kernel, window.strides, window.dilations, strict=True)
        for size, pad, kernel, stride, dilation in steps:
            count = (size + sum(pad) - dilation * (kernel - 1) - 1) // stride + 1
            index = np.arange(kernel)[:, None] * dilation + np.arange(count) * stride - pad[0]
            places.append(index.clip(0, size - 1))
            inside.append((index >= 0) & (index < size))
        return Patches(tuple(places), tuple(inside))

    def taken(self, op: Context, x: ir.Value) -> ir.Value:
        """(N, C, patch size, patches, patch size, patches, ...)."""
        for axis, places in enumerate(self.places):
            x = op.Gather(x, places, axis=2 + 2 * axis)
        return x

    def inside_or(self, op: Context, taken: ir.Value, outside: Any) -> ir.Value:
        """What was taken, with a number in place of what lies outside."""
        mask = np.array(True)
        for inside in self.inside:
            mask = mask[..., None, None] & inside
        return taken if mask.all() else op.Where(mask, taken, op.value(outside, taken.dtype))

    def as_channels(self, op: Context, x: ir.Value) -> ir.Value:
        """(N, patch elements x C, patches, ...): the elements of a patch, zeros outside, each with all its channels."""
        count = len(self.places)
        taken = self.inside_or(op, self.taken(op, x), 0)
        moved = op.Transpose(taken, perm=[0, *range(2, 2 + 2 * count, 2), 1, *range(3, 3 + 2 * count, 2)])
        depth = math.prod(len(places) for places in self.places) * StaticSizes(x)[1]
        return op.Reshape(moved, [0, depth, *(places.shape[1] for places in self.places)])


@lowers("ExtractImagePatches")
def extract_image_patches(
    op: Context, input_x: ir.Value, ksizes: Any, strides: Any, rates: Any, padding: Any = "VALID"
) -> ir.Value:
    """The elements of each patch of (N, C, H, W) as channels: (N, patch elements x C, patches, patches)."""
    window = Window.of(tuple_of(ksizes, 2), strides, rates)
    return Patches.of(input_x, window, padding).as_channels(op, input_x)


@lowers("ExtractVolumePatches")
def extract_volume_patches(op: Context, input_x: ir.Value, *, kernel_size: Any, strides: Any, padding: str) -> ir.Value:
    """The elements of each patch of (N, C, D, H, W) as channels: (N, patch elements x C, patches, patches, patches)."""
    window = Window.of(tuple_of(kernel_size, 3), strides)
    return Patches.of(input_x, window, padding).as_channels(op, input_x)


@lowers("Dilation2D")
def dilation2d(
    op: Context, x: ir.Value, filter: ir.Value, *, stride: Any, dilation: Any, pad_mode: str = "SAME",
    data_format: str = "NCHW",
) -> ir.Value:  # fmt: skip
    """The greatest sum of an element and the filter's in each patch of (N, C, H, W); the filter is (C, height, width)."""
    if data_format != "NCHW":
        raise LoweringError(f"data_format {data_format!r} is unknown; there is 'NCHW'")
    patches = Patches.of(x, Window.of(StaticSizes(filter)[1:], stride, dilation), pad_mode)
    sums = op.Add(patches.taken(op, x), op.Unsqueeze(filter, [2, 4]))
    kept = patches.inside_or(op, sums, _least(x.dtype))
    return computed_in(op, _COMPARED, lambda wide: reduce(op, "ReduceMax", wide, [2, 4]), kept)


def _least(dtype: ir.DataType | None) -> Any:
    """The least finite number of an element type."""
    assert dtype is not None
    return np.finfo(dtype.numpy()).min if dtype.is_floating_point() else np.iinfo(dtype.numpy()).min


@lowers("ExtractGlimpse")
def extract_glimpse(
    op: Context, x: ir.Value, size: Any, offsets: ir.Value, *, centered: bool = True, normalized: bool = True,
    uniform_noise: bool = True, noise: str = "uniform",
) -> ir.Value:  # fmt: skip
    """A window of (N, H, W, C) images at each one's offset; noise where it exceeds the image.

    Offsets are in parts of the image if normalized, and from its centre if centered.
    """
    pixels = Pixels.of(op, x, channels_last=True)
    sizes = op.Concat(*(op.Reshape(op.value(size, FLOAT), [1]) for size in pixels.sizes), axis=0)
    window = op.cast(size, FLOAT)
    start = op.Mul(offsets, sizes) if normalized else offsets
    start = op.Add(op.Div(start, 2.0), op.Div(sizes, 2.0)) if centered else start
    first = op.cast(op.Sub(start, op.Div(window, 2.0)), INT64)
    places = [
        op.Unsqueeze(
            op.Add(op.Gather(first, [axis], axis=1), op.Range(0, op.Gather(op.ints(size), axis), 1)), [2 - axis]
        )
        for axis in (0, 1)
    ]
    taken = pixels.at(op, image_index(op, op.dim(x, 0), 3), pixels.clipped(op, places))
    return op.Where(pixels.inside(op, places), taken, _noise(op, taken, "uniform" if uniform_noise else noise))


def _noise(op: Context, like: ir.Value, kind: str) -> ir.Value:
    """Zeros, uniform numbers in [-1, 1), or normal ones of mean 10 and deviation 0.5 where these are positive."""
    if kind == "zero":
        return op.value(0.0, like.dtype)
    if kind == "uniform":
        return op.RandomUniformLike(like, low=-1.0, high=1.0)
    if kind != "gaussian":
        raise LoweringError(f"noise {kind!r} is unknown; there are 'uniform', 'gaussian' and 'zero'")
    return op.Max(op.RandomNormalLike(like, mean=10.0, scale=0.5), op.value(0.0, like.dtype))
