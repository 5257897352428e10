"""Plain numpy definitions of windows, convolutions and pools."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np

Pads = tuple[tuple[int, int], ...]


def padded(x: np.ndarray, pads: Pads, value: float = 0.0) -> np.ndarray:
    """Channel-first x with a frame around its spatial axes."""
    return np.pad(x, ((0, 0), (0, 0), *pads), constant_values=value)


def same(sizes: tuple[int, ...], kernel: tuple[int, ...], strides: tuple[int, ...]) -> Pads:
    """Padding that makes ceil(size / stride) windows fit; the odd one goes behind."""
    found = []
    for size, reach, stride in zip(sizes, kernel, strides, strict=True):
        needed = max(0, (-(-size // stride) - 1) * stride + reach - size)
        found.append((needed // 2, needed - needed // 2))
    return tuple(found)


def conv(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None, *, strides: Any = None, pads: Any = None,
    dilations: Any = None, groups: int = 1,
) -> np.ndarray:  # fmt: skip
    """Channel-first convolution."""
    count = x.ndim - 2
    strides, dilations = strides or (1,) * count, dilations or (1,) * count
    x = padded(x, pads or ((0, 0),) * count)
    kernel = weight.shape[2:]
    sizes = [
        (size - dilation * (length - 1) - 1) // stride + 1
        for size, length, stride, dilation in zip(x.shape[2:], kernel, strides, dilations, strict=True)
    ]
    out = np.zeros((x.shape[0], weight.shape[0], *sizes), np.float64)
    share_in, share_out = weight.shape[1], weight.shape[0] // groups
    for place in product(*map(range, kernel)):
        part = x[(slice(None), slice(None), *(
            slice(at * dilation, at * dilation + stride * (size - 1) + 1, stride)
            for at, dilation, stride, size in zip(place, dilations, strides, sizes, strict=True)
        ))]  # fmt: skip
        for group in range(groups):
            rows = slice(group * share_out, (group + 1) * share_out)
            columns = slice(group * share_in, (group + 1) * share_in)
            out[:, rows] += np.einsum("nc...,oc->no...", part[:, columns], weight[(rows, slice(None), *place)])
    if bias is not None:
        out += bias.reshape(-1, *[1] * count)
    return out.astype(np.float32)


def conv_transpose(x: np.ndarray, weight: np.ndarray, *, strides: Any, pads: Pads, extra: Any = (0, 0)) -> np.ndarray:
    """Transposed convolution of channel-first x; weight is (in, out, height, width)."""
    kernel = weight.shape[2:]
    sizes = [(size - 1) * stride + length for size, stride, length in zip(x.shape[2:], strides, kernel, strict=True)]
    out = np.zeros((x.shape[0], weight.shape[1], *(size + more for size, more in zip(sizes, extra, strict=True))))
    for row, column in product(*map(range, x.shape[2:])):
        patch = np.einsum("nc,cohw->nohw", x[:, :, row, column], weight)
        top, left = row * strides[0], column * strides[1]
        out[:, :, top : top + kernel[0], left : left + kernel[1]] += patch
    (top, bottom), (left, right) = pads
    return out[:, :, top : out.shape[2] - bottom, left : out.shape[3] - right].astype(np.float32)


def pool(
    x: np.ndarray, kernel: Any, strides: Any, pads: Any, function: Callable[..., Any], *, ceil: bool = False,
    fill: float = np.nan,
) -> np.ndarray:  # fmt: skip
    """function over each window of channel-first x; padding is fill."""
    count = x.ndim - 2
    held = padded(x.astype(np.float64), pads, fill)
    sizes = []
    for size, length, stride, (front, _) in zip(held.shape[2:], kernel, strides, pads, strict=True):
        steps = (size - length) / stride
        windows = int(np.ceil(steps) if ceil else np.floor(steps)) + 1
        if ceil and (windows - 1) * stride >= size - pads[0][1] and front >= 0:
            windows -= 1
        sizes.append(windows)
    out = np.zeros((*x.shape[:2], *sizes))
    axes = tuple(range(2, 2 + count))
    for place in product(*map(range, sizes)):
        window = tuple(slice(at * stride, at * stride + length)
                       for at, stride, length in zip(place, strides, kernel, strict=True))  # fmt: skip
        out[(slice(None), slice(None), *place)] = function(held[(slice(None), slice(None), *window)], axes)
    return out.astype(np.float32)


def last(x: np.ndarray) -> np.ndarray:
    """Channel-first to channel-last."""
    return np.moveaxis(x, 1, -1)
