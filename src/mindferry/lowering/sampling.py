"""Reading images between their pixels, at positions that are computed at run time."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import onnx_ir as ir

from mindferry.lowering.context import Context

INT64 = ir.DataType.INT64


@dataclass(frozen=True, slots=True)
class Pixels:
    """A batch of images as rows of channels.

    Attributes:
        rows: (N times the spatial sizes, C), in a float type.
        sizes: the spatial sizes, known now or 0-d values.
    """

    rows: ir.Value
    sizes: tuple[Any, ...]

    @staticmethod
    def of(op: Context, images: ir.Value, *, channels_last: bool = False) -> Pixels:
        """The pixels of (N, C, ...) images, or of (N, ..., C) ones."""
        rank = op.rank(images)
        last = images if channels_last else op.Transpose(images, perm=[0, *range(2, rank), 1])
        shape = op.shape(last)
        return Pixels(op.Reshape(last, op.ints([-1, shape[-1]])), shape[1:-1])

    def at(self, op: Context, image: ir.Value, places: Sequence[ir.Value]) -> ir.Value:
        """The channels, as a new last axis, of the pixels at int64 places, which must lie inside.

        Args:
            image: the index of each pixel's image, broadcast against the places.
            places: one tensor for each spatial axis.
        """
        row = image
        for place, size in zip(places, self.sizes, strict=True):
            row = op.Add(op.Mul(row, op.value(size, INT64)), place)
        return op.Gather(self.rows, row, axis=0)

    def clipped(self, op: Context, places: Sequence[ir.Value]) -> list[ir.Value]:
        """The places, moved to the nearest edge where they lie outside."""
        lasts = [op.value(size - 1) if isinstance(size, int) else op.Sub(size, 1) for size in self.sizes]
        return [op.Max(op.Min(place, last), 0) for place, last in zip(places, lasts, strict=True)]

    def inside(self, op: Context, places: Sequence[ir.Value]) -> ir.Value:
        """True where places of any number type lie inside the image, with a new last axis of one."""
        result: ir.Value | None = None
        for place, size in zip(places, self.sizes, strict=True):
            one = op.And(
                op.GreaterOrEqual(place, op.value(0, place.dtype)), op.Less(place, op.value(size, place.dtype))
            )
            result = one if result is None else op.And(result, one)
        return op.Unsqueeze(result, [-1])

    def linear(self, op: Context, image: ir.Value, positions: Sequence[ir.Value]) -> ir.Value:
        """Interpolation between the pixels around float positions; pixels outside count as 0."""
        floors = [op.Floor(position) for position in positions]
        shares = [op.Sub(position, floor) for position, floor in zip(positions, floors, strict=True)]
        total: ir.Value | None = None
        for corner in itertools.product((0, 1), repeat=len(positions)):
            places = [op.cast(op.Add(floor, float(side)), INT64) for floor, side in zip(floors, corner, strict=True)]
            weight: ir.Value | None = None
            for share, side in zip(shares, corner, strict=True):
                factor = share if side else op.Sub(op.value(1.0, share.dtype), share)
                weight = factor if weight is None else op.Mul(weight, factor)
            part = op.Mul(self.at(op, image, self.clipped(op, places)), op.Unsqueeze(weight, [-1]))
            part = op.Where(self.inside(op, places), part, op.value(0.0, part.dtype))
            total = part if total is None else op.Add(total, part)
        assert total is not None
        return total

    def nearest(self, op: Context, image: ir.Value, positions: Sequence[ir.Value], fill: float = 0.0) -> ir.Value:
        """The pixels at float positions without a fraction; `fill` outside."""
        places = self.clipped(op, [op.cast(position, INT64) for position in positions])
        found = self.at(op, image, places)
        return op.Where(self.inside(op, positions), found, op.value(fill, found.dtype))


def image_index(op: Context, count: Any, rank: int) -> ir.Value:
    """0, 1, ... along the first of `rank` axes."""
    return op.Reshape(op.Range(0, op.value(count, INT64), 1), [-1] + [1] * (rank - 1))


def rounded(op: Context, x: ir.Value) -> ir.Value:
    """The nearest integers; halves away from zero."""
    return op.Mul(op.Sign(x), op.Floor(op.Add(op.Abs(x), 0.5)))
