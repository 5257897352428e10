"""Scaling of images."""

from __future__ import annotations

from mindferry.errors import LoweringError
from mindferry.to_air.builder import Builder
from mindferry.to_air.ops.elementwise import convert
from mindferry.to_air.ops.windows import image, line
from mindferry.to_air.registry import to_ge
from mindferry.to_air.values import Value
from mindferry.types import DType

_NEAREST = {
    ("asymmetric", "floor"): (False, False),
    ("align_corners", "round_prefer_ceil"): (True, False),
    # floor((x + 0.5) s) is x s rounded to the nearest, ties up, in coordinates of half pixels.
    ("half_pixel", "round_prefer_ceil"): (False, True),
    ("tf_half_pixel_for_nn", "floor"): (False, True),
}
"""Coordinates and rounding -> align_corners and half_pixel_centers of ResizeNearestNeighborV2."""

_LINEAR = {"asymmetric": (False, False), "align_corners": (True, False), "half_pixel": (False, True)}
"""Coordinates -> align_corners and half_pixel_centers of ResizeBilinearV2."""


@to_ge("Resize")
def resize(
    op: Builder, x: Value, roi: Value | None = None, scales: Value | None = None, sizes: Value | None = None, *,
    antialias: int = 0, axes: list[int] | None = None, coordinate_transformation_mode: str = "half_pixel",
    cubic_coeff_a: float = -0.75, exclude_outside: int = 0, extrapolation_value: float = 0.0,
    keep_aspect_ratio_policy: str = "stretch", mode: str = "nearest", nearest_mode: str = "round_prefer_floor",
) -> Value:  # fmt: skip
    """ResizeBilinearV2 or ResizeNearestNeighborV2.

    Raises:
        LoweringError: any other interpolation, or sizes that are no constants.
    """
    if mode not in ("nearest", "linear") or antialias or keep_aspect_ratio_policy != "stretch":
        raise LoweringError(f"with mode {mode}{' and antialias' if antialias else ''} has no exact GE form")
    result = _checked(op, x, scales)
    centres = coordinate_transformation_mode
    if centres == "pytorch_half_pixel" and 1 not in result[2:]:
        centres = "half_pixel"
    flags = _LINEAR.get(centres) if mode == "linear" else _NEAREST.get((centres, nearest_mode))
    if flags is None:
        rounding = f" and nearest_mode {nearest_mode}" if mode == "nearest" else ""
        raise LoweringError(f"with coordinates {coordinate_transformation_mode}{rounding} has no exact GE form")
    if len(result) == 3:
        return line(op, _resize(op, image(op, x), (*result[:2], 1, *result[2:]), mode, flags))
    return _resize(op, x, result, mode, flags)


def _checked(op: Builder, x: Value, scales: Value | None) -> tuple[int, ...]:
    """The result's shape, which keeps batch and channel and has the scales' exact multiples as sizes."""
    if not op.result.is_static or x.rank not in (3, 4) or -1 in x.known_shape[2:]:
        raise LoweringError("needs an image of rank 3 or 4, and known spatial sizes")
    shape, result = x.known_shape, op.result.known_shape
    if shape[:2] != result[:2]:
        raise LoweringError("of batch or channel has no GE form")
    factors = None if scales is None else scales.array()
    if factors is not None and factors.size == len(shape):
        for size, factor, found in zip(shape, factors.tolist(), result, strict=True):
            if abs(size * factor - found) > 1e-3:
                raise LoweringError(f"of size {size} by {factor:g} has no exact GE form, because the result is rounded")
    return result


def _resize(op: Builder, x: Value, result: tuple[int, ...], mode: str, flags: tuple[bool, bool]) -> Value:
    corners, centres = flags
    size = list(result[2:])
    if mode == "nearest":
        return op.ResizeNearestNeighborV2(x, size, align_corners=corners, half_pixel_centers=centres, shape=result)
    found = op.ResizeBilinearV2(
        x, size, align_corners=corners, half_pixel_centers=centres, gives=DType.FLOAT32, shape=result
    )
    return convert(op, found, x.dtype)


@to_ge("GridSample")
def grid_sample(
    op: Builder, x: Value, grid: Value, *, align_corners: int = 0, mode: str = "bilinear", padding_mode: str = "zeros"
) -> Value:
    """GridSampler2D, which interpolates linearly or cubically."""
    mode = {"linear": "bilinear", "cubic": "bicubic"}.get(mode, mode)
    if mode == "nearest" or x.rank != 4:
        raise LoweringError(f"of rank {x.rank} with mode {mode} has no GE form")
    return op.GridSampler2D(
        x,
        grid,
        interpolation_mode=mode,
        padding_mode=padding_mode,
        align_corners=bool(align_corners),
        shape=op.result.shape,
    )
