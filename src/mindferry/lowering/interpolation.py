"""Resampling of a tensor's last axes: by ONNX's Resize where it gives what MindSpore gives, else by weighted neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context

Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]

_HALF = np.float32(0.5)
_RESIZED = (ir.DataType.FLOAT, ir.DataType.FLOAT16, ir.DataType.BFLOAT16)
"""What runtimes resize: the narrow ones by way of float32."""


@dataclass(frozen=True, slots=True)
class Resampling:
    """New sizes of the last axes, and where the new elements lie in the old ones.

    Attributes:
        sizes: the new sizes, known now or 0-d values; None where they follow from the factors.
        factors: how much longer each axis becomes; None where that follows from the sizes.
        coordinates: "asymmetric" (element i starts at i), "half_pixel" (it is centred at i + 1/2), or "align_corners"
            (the first and the last elements of both coincide).
    """

    sizes: Sequence[Any] | None
    coordinates: str
    factors: Sequence[float] | None = None

    def axes(self, x: ir.Value) -> list[Axis] | None:
        """The resampled axes, or None where a size is only known at run time."""
        assert x.shape is not None
        count = len(self.sizes or self.factors or ())
        olds = list(x.shape)[-count:]
        if not all(isinstance(size, int) for size in (*olds, *(self.sizes or ()))):
            return None
        found = []
        for index, old in enumerate(int(size) for size in olds):  # type: ignore[arg-type]
            factor = None if self.factors is None else self.factors[index]
            new = int(old * factor) if self.sizes is None and factor else int((self.sizes or ())[index])
            found.append(Axis(len(x.shape) - count + index, old, new, self.coordinates, factor))
        return found

    def resize(self, op: Context, x: ir.Value, mode: str, **how: Any) -> ir.Value:
        """One Resize node.

        Raises:
            LoweringError: an element type that runtimes do not resize.
        """
        if x.dtype not in _RESIZED:
            raise LoweringError(f"resizes {x.dtype}, which has no ONNX form here; float32 has one")
        how |= {"mode": mode, "coordinate_transformation_mode": self.coordinates}
        if self.sizes is None:
            factors = [1.0] * (op.rank(x) - len(self.factors or ())) + list(self.factors or ())
            return op.Resize(x, None, op.value(factors, ir.DataType.FLOAT), **how)
        return op.Resize(x, None, None, op.ints((*op.shape(x)[: -len(self.sizes)], *self.sizes)), **how)


@dataclass(frozen=True, slots=True)
class Axis:
    """One resampled axis of known sizes."""

    place: int
    old: int
    new: int
    coordinates: str
    factor: float | None = None

    @property
    def step(self) -> np.float32:
        """How far one step of the new axis goes in the old one."""
        if self.coordinates == "align_corners" and self.new > 1:
            return np.float32(self.old - 1) / np.float32(self.new - 1)
        return np.float32(1.0 / self.factor) if self.factor else np.float32(self.old) / np.float32(self.new)

    @property
    def positions(self) -> Floats:
        """Where the new elements lie in the old axis, in the float32 that MindSpore computes them in."""
        steps = np.arange(self.new, dtype=np.float32)
        return (steps + _HALF) * self.step - _HALF if self.coordinates == "half_pixel" else steps * self.step

    @property
    def nearest(self) -> Places:
        """The old element in which each new one lies; with aligned corners, the one nearest to it."""
        steps = np.arange(self.new, dtype=np.float32) + (_HALF if self.coordinates == "half_pixel" else 0)
        return self._places(steps * self.step + (_HALF if self.coordinates == "align_corners" else 0))

    @property
    def onnx_nearest(self) -> Places:
        """The same by ONNX's formula, which divides by the factor."""
        factor = np.float32(self.factor or np.float32(self.new) / np.float32(self.old))
        steps = np.arange(self.new, dtype=np.float32)
        if self.coordinates == "align_corners":
            return self._places(steps * np.float32(self.old - 1) / np.float32(max(self.new - 1, 1)) + _HALF)
        if self.coordinates == "half_pixel":
            return self._places((steps + _HALF) / factor - _HALF + _HALF)
        return self._places(steps / factor)

    def _places(self, where: Floats) -> Places:
        return np.floor(where).astype(np.int64).clip(0, self.old - 1)


@dataclass(frozen=True, slots=True)
class Taps:
    """Which old elements make each new element of an axis; one row for each summand.

    Attributes:
        places: indices of old elements, of shape (summands, new size).
        weights: their factors, of the same shape.
    """

    places: Places
    weights: Floats


def linear_taps(axis: Axis) -> Taps:
    """The two neighbours of each position, weighted by nearness; beyond the edges, the edge."""
    floor = np.floor(axis.positions)
    share = axis.positions - floor
    places = np.stack([np.maximum(floor, 0), np.minimum(np.ceil(axis.positions), axis.old - 1)])
    return Taps(places.astype(np.int64), np.stack([1 - share, share]))


def blend(op: Context, x: ir.Value, taps: Sequence[tuple[int, Taps]]) -> ir.Value:
    """x, a float tensor, resampled along axes, one after the other."""
    for axis, one in taps:
        column = [-1] + [1] * (op.rank(x) - 1 - axis)
        parts = [
            op.Mul(op.Gather(x, places, axis=axis), op.value(weights.reshape(column), x.dtype))
            for places, weights in zip(one.places, one.weights, strict=True)
        ]
        x = parts[0]
        for part in parts[1:]:
            x = op.Add(x, part)
    return x


def nearest(op: Context, x: ir.Value, how: Resampling) -> ir.Value:
    """The element in which each new position lies; with aligned corners, the one nearest to it."""
    axes = how.axes(x)
    if axes is None or (x.dtype in _RESIZED and all(np.array_equal(axis.nearest, axis.onnx_nearest) for axis in axes)):
        rounding = "floor" if how.coordinates == "asymmetric" else "round_prefer_ceil"
        return how.resize(op, x, "nearest", nearest_mode=rounding)
    for axis in axes:
        x = op.Gather(x, axis.nearest, axis=axis.place)
    return x


def linear(op: Context, x: ir.Value, how: Resampling) -> ir.Value:
    """Interpolation between the neighbours of each new position; beyond the edges, the edge.

    Raises:
        LoweringError: integers, and float64 of sizes that are only known at run time.
    """
    if x.dtype in _RESIZED:
        return how.resize(op, x, "linear")
    axes = how.axes(x)
    if axes is None or x.dtype != ir.DataType.DOUBLE:
        raise LoweringError(f"interpolates {x.dtype}, which has no ONNX form here; float32 has one")
    return blend(op, x, [(axis.place, linear_taps(axis)) for axis in reversed(axes)])
