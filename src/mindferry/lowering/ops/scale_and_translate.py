"""Resampling with a filter, at a scale and a translation that are inputs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.registry import lowers


def _lanczos(radius: int) -> Callable[[Context, ir.Value], ir.Value]:
    def weight(op: Context, x: ir.Value) -> ir.Value:
        turn = op.Mul(x, math.pi)
        product = op.Mul(op.Sin(turn), op.Sin(op.Div(turn, float(radius))))
        inside = op.Div(op.Mul(product, float(radius)), op.Mul(turn, turn))
        weight = op.Where(op.Greater(x, float(radius)), op.constant(0.0), inside)
        return op.Where(op.LessOrEqual(x, 1e-3), op.constant(1.0), weight)

    return weight


def _gaussian(op: Context, x: ir.Value) -> ir.Value:
    bell = op.Exp(op.Mul(op.Mul(x, x), -2.0))
    return op.Where(op.GreaterOrEqual(x, 1.5), op.constant(0.0), bell)


def _box(op: Context, x: ir.Value) -> ir.Value:
    edge = op.Where(op.Equal(x, 0.5), op.constant(0.5), op.constant(0.0))
    return op.Where(op.Less(x, 0.5), op.constant(1.0), edge)


def _triangle(op: Context, x: ir.Value) -> ir.Value:
    return op.Max(op.Sub(op.constant(1.0), x), op.constant(0.0))


def _polynomials(near: tuple[float, ...], far: tuple[float, ...]) -> Callable[[Context, ir.Value], ir.Value]:
    """Cubic polynomials on [0, 1) and [1, 2), highest power first, and 0 beyond."""

    def weight(op: Context, x: ir.Value) -> ir.Value:
        first, second = (_horner(op, x, numbers) for numbers in (near, far))
        inside = op.Where(op.Less(x, 1.0), first, second)
        return op.Where(op.Less(x, 2.0), inside, op.constant(0.0))

    return weight


def _horner(op: Context, x: ir.Value, numbers: tuple[float, ...]) -> ir.Value:
    result = op.constant(numbers[0])
    for number in numbers[1:]:
        result = op.Add(op.Mul(result, x), number)
    return result


_FILTERS = {
    "lanczos1": (1.0, _lanczos(1)), "lanczos3": (3.0, _lanczos(3)), "lanczos5": (5.0, _lanczos(5)),
    "gaussian": (1.5, _gaussian), "box": (1.0, _box), "triangle": (1.0, _triangle),
    "keyscubic": (2.0, _polynomials((1.5, -2.5, 0.0, 1.0), (-0.5, 2.5, -4.0, 2.0))),
    "mitchellcubic": (2.0, _polynomials((7 / 6, -2.0, 0.0, 8 / 9), (-7 / 18, 2.0, -10 / 3, 16 / 9))),
}  # fmt: skip
"""By name: the radius, and the weight at a distance."""


@lowers("ScaleAndTranslate")
def scale_and_translate(
    op: Context, images: ir.Value, size: ir.Value, scale: ir.Value, translation: ir.Value, *,
    kernel_type: str = "lanczos3", antialias: bool = True,
) -> ir.Value:  # fmt: skip
    """NHWC images drawn at a scale and translation on images of `size`, in float32; size, scale and translation are (2,)."""
    if kernel_type not in _FILTERS:
        raise LoweringError(f"kernel_type {kernel_type!r} is unknown")
    x = op.cast(images, ir.DataType.FLOAT)
    for axis in range(2):
        count, factor, move = (op.Gather(one, axis) for one in (size, scale, translation))
        weight = _weights(op, op.dim(images, axis + 1), count, factor, move, _FILTERS[kernel_type], antialias)
        order = [0, 3, 2, 1] if axis == 0 else [0, 1, 3, 2]
        x = op.Transpose(op.MatMul(op.Transpose(x, perm=order), op.Transpose(weight)), perm=order)
    return x


def _weights(
    op: Context,
    length: Any,
    count: ir.Value,
    scale: ir.Value,
    translation: ir.Value,
    kernel: tuple[float, Any],
    antialias: bool,
) -> ir.Value:
    """What each element of an axis adds to each element of the result: (result, length)."""
    length, count = op.cast(length, ir.DataType.FLOAT), op.cast(count, ir.DataType.FLOAT)
    step = op.Reciprocal(scale)
    sample = op.Sub(op.Mul(op.Add(op.Range(0.0, count, 1.0), 0.5), step), op.Mul(step, translation))
    sample = op.Unsqueeze(sample, [1])
    spread = op.Max(step, op.constant(1.0)) if antialias else op.constant(1.0)
    distance = op.Div(op.Abs(op.Sub(op.Add(op.Range(0.0, length, 1.0), 0.5), sample)), spread)
    weight = op.Where(op.LessOrEqual(distance, kernel[0]), kernel[1](op, distance), op.constant(0.0))
    total = op.ReduceSum(weight, [1], keepdims=1)
    seen = op.And(op.GreaterOrEqual(sample, 0.0), op.LessOrEqual(sample, length))
    seen = op.And(seen, op.GreaterOrEqual(op.Abs(total), float(1000 * np.finfo(np.float32).tiny)))
    return op.Where(seen, op.Div(weight, total), op.constant(0.0))
