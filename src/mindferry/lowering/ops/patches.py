"""Patches of images, and what is computed from each."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context, StaticSizes
from mindferry.lowering.helpers import computed_in, reduce, tuple_of
from mindferry.lowering.layouts import count
from mindferry.lowering.ops.shape import reshaped
from mindferry.lowering.registry import lowers
from mindferry.lowering.sampling import Pixels, image_index
from mindferry.lowering.windows import Window, pad_mode_name, same_pads

FLOAT, INT64 = ir.DataType.FLOAT, ir.DataType.INT64
_COMPARED = (FLOAT, ir.DataType.DOUBLE, ir.DataType.INT32, INT64, ir.DataType.UINT32, ir.DataType.UINT64)
"""What ReduceMax compares."""


Table: TypeAlias = "npt.NDArray[Any] | ir.Value"
"""A table that is known now, or at run time where the image's size is."""


@dataclass(frozen=True, slots=True)
class Patches:
    """Where the elements of sliding patches lie, per spatial axis: (patch size, number of patches) indices each.

    Attributes:
        places: indices, moved to the edge where they are outside.
        inside: whether they are not.
        numbers: how many patches there are.
    """

    places: tuple[Table, ...]
    inside: tuple[Table, ...]
    numbers: tuple[Any, ...]

    @staticmethod
    def of(op: Context, x: ir.Value, window: Window, pad_mode: Any) -> Patches:
        """The patches of (N, C, ...) x under "same" or "valid" padding."""
        mode = pad_mode_name(pad_mode)
        if mode == "pad":
            raise LoweringError(f"pad_mode {pad_mode!r} is unknown here; there are 'same' and 'valid'")
        steps = enumerate(zip(window.kernel, window.strides, window.dilations, strict=True), 2)
        found = [_patches(op, op.dim(x, axis), *step, same=mode == "same") for axis, step in steps]
        return Patches(*zip(*found, strict=True))

    def taken(self, op: Context, x: ir.Value) -> ir.Value:
        """(N, C, patch size, patches, patch size, patches, ...)."""
        for axis, places in enumerate(self.places):
            x = op.Gather(x, places, axis=2 + 2 * axis)
        return x

    def inside_or(self, op: Context, taken: ir.Value, outside: Any) -> ir.Value:
        """What was taken, with a number in place of what lies outside."""
        mask: Table = np.array(True)
        for inside in self.inside:
            if isinstance(mask, ir.Value) or isinstance(inside, ir.Value):
                mask = op.And(op.Unsqueeze(op.value(mask), [-2, -1]), inside)
            else:
                mask = mask[..., None, None] & inside
        if not isinstance(mask, ir.Value) and mask.all():
            return taken
        return op.Where(mask, taken, op.value(outside, taken.dtype))

    def as_channels(self, op: Context, x: ir.Value) -> ir.Value:
        """(N, patch elements x C, patches, ...): the elements of a patch, zeros outside, each with all its channels."""
        axes = len(self.places)
        taken = self.inside_or(op, self.taken(op, x), 0)
        moved = op.Transpose(taken, perm=[0, *range(2, 2 + 2 * axes, 2), 1, *range(3, 3 + 2 * axes, 2)])
        elements = math.prod(op.dim(taken, axis) for axis in range(2, 2 + 2 * axes, 2))
        return reshaped(op, moved, (op.dim(x, 0), count(op, "Mul", op.dim(x, 1), elements), *self.numbers))


def _patches(
    op: Context, size: Any, kernel: int, stride: int, dilation: int, *, same: bool
) -> tuple[Table, Table, Any]:
    """Along an axis: where the elements of the patches lie, whether they do inside, and the number of patches."""
    reach = dilation * (kernel - 1) + 1
    first = count(op, "Add", size, stride - 1) if same else count(op, "Sub", size, reach - stride)
    number = count(op, "Div", first, stride)
    within = np.arange(kernel)[:, None] * dilation
    if isinstance(size, int):
        front = same_pads(size, reach, stride)[0] if same else 0
        index = within + np.arange(number) * stride - front
        return index.clip(0, size - 1), (index >= 0) & (index < size), number
    starts = op.Mul(op.Range(0, number, 1), stride)
    if not same:
        return op.Add(within, starts), np.array(True), number
    needed = op.Max(op.Sub(op.Add(op.Mul(op.Sub(number, 1), stride), reach), size), 0)
    place = op.Sub(op.Add(within, starts), op.Div(needed, 2))
    inside = op.And(op.Not(op.Less(place, 0)), op.Less(place, size))
    return op.Max(op.Min(place, op.Sub(size, 1)), 0), inside, number


@lowers("ExtractImagePatches")
def extract_image_patches(
    op: Context, input_x: ir.Value, ksizes: Any, strides: Any, rates: Any, padding: Any = "VALID"
) -> ir.Value:
    """The elements of each patch of (N, C, H, W) as channels: (N, patch elements x C, patches, patches)."""
    window = Window.of(tuple_of(ksizes, 2), strides, rates)
    return Patches.of(op, input_x, window, padding).as_channels(op, input_x)


@lowers("ExtractVolumePatches")
def extract_volume_patches(op: Context, input_x: ir.Value, *, kernel_size: Any, strides: Any, padding: str) -> ir.Value:
    """The elements of each patch of (N, C, D, H, W) as channels: (N, patch elements x C, patches, patches, patches)."""
    window = Window.of(tuple_of(kernel_size, 3), strides)
    return Patches.of(op, input_x, window, padding).as_channels(op, input_x)


@lowers("Dilation2D")
def dilation2d(
    op: Context, x: ir.Value, filter: ir.Value, *, stride: Any, dilation: Any, pad_mode: str = "SAME",
    data_format: str = "NCHW",
) -> ir.Value:  # fmt: skip
    """The greatest sum of an element and the filter's in each patch of (N, C, H, W); the filter is (C, height, width)."""
    if data_format != "NCHW":
        raise LoweringError(f"data_format {data_format!r} is unknown; there is 'NCHW'")
    patches = Patches.of(op, x, Window.of(StaticSizes(filter)[1:], stride, dilation), pad_mode)
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
