"""Colour spaces and image adjustments; the channels are the last axis."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.helpers import FLOATS, computed_in, reduce
from mindferry.lowering.registry import lowers


def _channels(op: Context, x: ir.Value) -> tuple[ir.Value, ir.Value, ir.Value]:
    """The three channels, each with a last axis of one."""
    first, second, third = (op.Gather(x, [index], axis=-1) for index in range(3))
    return first, second, third


def _hue(op: Context, rgb: ir.Value, value: ir.Value, chroma: ir.Value) -> ir.Value:
    """The hue in sixths of the circle, in [0, 6]; 0 for greys."""
    red, green, blue = _channels(op, rgb)
    near_red = op.Div(op.Sub(green, blue), chroma)
    near_green = op.Add(op.Div(op.Sub(blue, red), chroma), 2.0)
    near_blue = op.Add(op.Div(op.Sub(red, green), chroma), 4.0)
    hue = op.Where(op.Equal(green, value), near_green, near_blue)
    hue = op.Where(op.Equal(red, value), near_red, hue)
    hue = op.Where(op.Greater(chroma, op.value(0.0, chroma.dtype)), hue, op.value(0.0, chroma.dtype))
    return op.Where(op.Less(hue, op.value(0.0, hue.dtype)), op.Add(hue, 6.0), hue)


def _extremes(op: Context, rgb: ir.Value) -> tuple[ir.Value, ir.Value]:
    """The greatest channel, and by how much it exceeds the least."""
    red, green, blue = _channels(op, rgb)
    value = op.Max(red, green, blue)
    return value, op.Sub(value, op.Min(red, green, blue))


def _saturation(op: Context, value: ir.Value, chroma: ir.Value) -> ir.Value:
    zero = op.value(0.0, value.dtype)
    return op.Where(op.Greater(value, zero), op.Div(chroma, value), zero)


def _to_rgb(op: Context, hue: ir.Value, value: ir.Value, chroma: ir.Value) -> ir.Value:
    """The colour of a hue in sixths of the circle: each channel falls from value by up to chroma."""
    turned = op.Add(hue, op.value([5.0, 3.0, 1.0], hue.dtype))
    turned = op.Sub(turned, op.Mul(op.Floor(op.Div(turned, 6.0)), 6.0))
    fall = op.Clip(op.Min(turned, op.Sub(4.0, turned)), op.value(0.0, hue.dtype), op.value(1.0, hue.dtype))
    return op.Sub(value, op.Mul(chroma, fall))


@lowers("RGBToHSV")
def rgb_to_hsv(op: Context, images: ir.Value) -> ir.Value:
    """Hue, saturation and value, each in [0, 1]."""

    def converted(rgb: ir.Value) -> ir.Value:
        value, chroma = _extremes(op, rgb)
        hue = op.Div(_hue(op, rgb, value, chroma), 6.0)
        return op.Concat(hue, _saturation(op, value, chroma), value, axis=-1)

    return computed_in(op, FLOATS, converted, images)


@lowers("HSVToRGB")
def hsv_to_rgb(op: Context, x: ir.Value) -> ir.Value:
    """Red, green and blue; a hue outside [0, 1) is red."""

    def converted(hsv: ir.Value) -> ir.Value:
        hue, saturation, value = _channels(op, hsv)
        sixths = op.Mul(hue, 6.0)
        zero = op.value(0.0, sixths.dtype)
        within = op.And(op.GreaterOrEqual(sixths, zero), op.Less(sixths, op.value(6.0, sixths.dtype)))
        return _to_rgb(op, op.Where(within, sixths, zero), value, op.Mul(saturation, value))

    return computed_in(op, FLOATS, converted, x)


@lowers("AdjustHue")
def adjust_hue(op: Context, images: ir.Value, delta: Any) -> ir.Value:
    """RGB images with the hue turned by delta of a circle."""

    def adjusted(rgb: ir.Value) -> ir.Value:
        value, chroma = _extremes(op, rgb)
        turn = op.Mul(op.cast(delta, rgb.dtype), 6.0)
        return _to_rgb(op, op.Add(_hue(op, rgb, value, chroma), turn), value, chroma)

    return computed_in(op, FLOATS, adjusted, images)


@lowers("AdjustSaturation")
def adjust_saturation(op: Context, images: ir.Value, scale: Any) -> ir.Value:
    """RGB images with the saturation times scale, clipped to [0, 1]."""

    def adjusted(rgb: ir.Value) -> ir.Value:
        value, chroma = _extremes(op, rgb)
        scaled = op.Mul(_saturation(op, value, chroma), op.cast(scale, rgb.dtype))
        limits = op.value(0.0, rgb.dtype), op.value(1.0, rgb.dtype)
        return _to_rgb(op, _hue(op, rgb, value, chroma), value, op.Mul(op.Clip(scaled, *limits), value))

    return computed_in(op, FLOATS, adjusted, images)


@lowers("AdjustContrastv2")
def adjust_contrastv2(op: Context, images: ir.Value, contrast_factor: Any) -> ir.Value:
    """The difference from each channel's mean over height and width, times the factor, back onto the mean."""

    def adjusted(x: ir.Value) -> ir.Value:
        rank = op.rank(x)
        mean = reduce(op, "ReduceMean", x, [rank - 3, rank - 2], keep_dims=True)
        return op.Add(op.Mul(op.Sub(x, mean), op.cast(contrast_factor, x.dtype)), mean)

    return computed_in(op, FLOATS, adjusted, images)
