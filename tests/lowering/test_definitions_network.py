"""Layers that MindSpore cannot run on a CPU, against definitions in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from lowering.test_definitions import applied
from mindferry.types import DType

NUMBERS = np.random.default_rng(1)


def normal(*shape: int) -> np.ndarray:
    return NUMBERS.normal(size=shape).astype(np.float32)


def uniform(*shape: int) -> np.ndarray:
    return NUMBERS.uniform(0.2, 2.0, shape).astype(np.float32)


LINES, IMAGES, VOLUMES = normal(2, 4, 9), normal(2, 4, 7, 8), normal(2, 4, 5, 6, 7)
ROWS, WEIGHT, BIAS, VARIANCE = normal(3, 4, 6), normal(6), normal(6), uniform(4)
LEFT, RIGHT, TERM = normal(2, 3, 4), normal(2, 4, 5), normal(3, 5)


def windows(x: np.ndarray, kernel: Any, stride: int, dilation: int) -> np.ndarray:
    """x (N, C, ...) as (N, C, windows..., places in a window...)."""
    axes = tuple(range(2, x.ndim))
    found = sliding_window_view(x, [dilation * (size - 1) + 1 for size in kernel], axes)
    return found[(..., *[slice(None, None, stride)] * len(axes), *[slice(None, None, dilation)] * len(axes))]


def around(x: np.ndarray, front: int, behind: int, fill: float = 0.0) -> np.ndarray:
    """x (N, C, ...) with a frame around its spatial axes."""
    return np.pad(x, [(0, 0), (0, 0), *[(front, behind)] * (x.ndim - 2)], constant_values=fill)


def convolved(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray | float = 0.0, stride: int = 1, pads: tuple[int, int] = (0, 0),
    dilation: int = 1, groups: int = 1,
) -> np.ndarray:  # fmt: skip
    spatial = x.ndim - 2
    found = windows(around(x, *pads), weight.shape[2:], stride, dilation)
    parts = [
        np.tensordot(part, filters, [[1, *range(-spatial, 0)], [1, *range(-spatial, 0)]])
        for part, filters in zip(np.split(found, groups, 1), np.split(weight, groups), strict=True)
    ]
    return np.moveaxis(np.concatenate(parts, -1) + bias, -1, 1)


def transposed(x: np.ndarray, weight: np.ndarray, stride: int, pad: int, extra: int) -> np.ndarray:
    """The transpose of a convolution of images, one group."""
    rows, columns = x.shape[2:]
    height, width = weight.shape[2:]
    full = np.zeros(
        (len(x), weight.shape[1], (rows - 1) * stride + height + extra, (columns - 1) * stride + width + extra)
    )
    for i in range(height):
        for j in range(width):
            part = np.einsum("nihw,io->nohw", x, weight[:, :, i, j])
            full[:, :, i : i + rows * stride : stride, j : j + columns * stride : stride][:, :, :rows, :columns] += part
    return full[:, :, pad : full.shape[2] - pad, pad : full.shape[3] - pad]


def most(x: np.ndarray, kernel: int, stride: int, front: int, behind: int) -> np.ndarray:
    found = windows(around(x, front, behind, -np.inf), [kernel] * (x.ndim - 2), stride, 1)
    return found.max(tuple(range(2 - x.ndim, 0)))


def mean(
    x: np.ndarray, kernel: int, stride: int, front: int, behind: int, counts: bool, divisor: int = 0
) -> np.ndarray:
    """Average pooling; padding counts or not, and the sum is over a divisor where there is one."""
    places = tuple(range(2 - x.ndim, 0))
    sums = windows(around(x, front, behind), [kernel] * (x.ndim - 2), stride, 1).sum(places)
    inside = windows(around(np.ones_like(x), front, behind, float(counts)), [kernel] * (x.ndim - 2), stride, 1).sum(
        places
    )
    return sums / (divisor or inside)


def normalized(x: np.ndarray, axes: tuple[int, ...], epsilon: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The normalized x, its mean and 1 / its deviation."""
    average, rstd = x.mean(axes, keepdims=True), 1 / np.sqrt(x.var(axes, keepdims=True) + epsilon)
    return (x - average) * rstd, average, rstd


def per_channel(values: np.ndarray) -> np.ndarray:
    return values[:, None, None]


def scaled(x: np.ndarray) -> np.ndarray:
    return x * per_channel(SCALE) + per_channel(CHANNELS)


def root_mean_square(x: np.ndarray, epsilon: float) -> tuple[np.ndarray, np.ndarray]:
    rstd = 1 / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon)
    return x * rstd * WEIGHT, rstd


def cubic(x: np.ndarray, axis: int, count: int, align_corners: bool) -> np.ndarray:
    """Cubic interpolation with the coefficient -0.75."""
    size = x.shape[axis]
    centred = (np.arange(count) + 0.5) * size / count - 0.5
    where = np.linspace(0, size - 1, count) if align_corners else centred
    weights = np.zeros((count, size))
    for row, place in enumerate(where):
        for index in range(int(np.floor(place)) - 1, int(np.floor(place)) + 3):
            far = abs(place - index)
            near = (1.25 * far - 2.25) * far * far + 1
            weights[row, min(max(index, 0), size - 1)] += (
                near if far <= 1 else -0.75 * (((far - 5) * far + 8) * far - 4)
            )
    return np.moveaxis(np.tensordot(weights, x, [1, axis]), 0, axis)


FILTERS_AT = {
    "box": lambda x: np.where(x == 0.5, 0.5, x < 0.5),
    "triangle": lambda x: np.maximum(1 - x, 0),
    "gaussian": lambda x: np.exp(-2 * x * x) * (x < 1.5),
    "lanczos1": lambda x: np.sinc(x) ** 2 * (x <= 1),
    "lanczos3": lambda x: np.sinc(x) * np.sinc(x / 3) * (x <= 3),
    "lanczos5": lambda x: np.sinc(x) * np.sinc(x / 5) * (x <= 5),
    "keyscubic": lambda x: np.select(
        [x < 1, x < 2], [1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2]
    ),
    "mitchellcubic": lambda x: np.select(
        [x < 1, x < 2], [(21 * x**3 - 36 * x**2 + 16) / 18, (-7 * x**3 + 36 * x**2 - 60 * x + 32) / 18]
    ),
}


def drawn(x: np.ndarray, axis: int, count: int, scale: float, move: float, name: str, antialias: bool) -> np.ndarray:
    """x along an axis at a scale and a translation, filtered; 0 where it does not reach."""
    place = (np.arange(count)[:, None] + 0.5 - move) / scale
    spread = max(1 / scale, 1) if antialias else 1
    weights = FILTERS_AT[name](np.abs(np.arange(x.shape[axis]) + 0.5 - place) / spread)
    weights = weights * ((place >= 0) & (place <= x.shape[axis]))
    weights = weights / np.maximum(weights.sum(1, keepdims=True), 1e-30)
    return np.moveaxis(np.tensordot(weights, x, [1, axis]), 0, axis)


CHANNELS, SCALE = normal(4), uniform(4)
FILTERS, LINE_FILTERS, VOLUME_FILTERS, BACK = (
    normal(6, 2, 3, 3),
    normal(6, 4, 3),
    normal(6, 4, 2, 2, 2),
    normal(4, 6, 3, 3),
)
DEPTH = normal(1, 4, 3, 3)
TIMES, TIME_FILTERS, TIME_BIAS = normal(9, 2, 4), normal(3, 4, 5), normal(5)
NORMED = normalized(ROWS, (2,), 1e-5)
BATCH = normalized(IMAGES, (0, 2, 3), 1e-5)
EACH = normalized(IMAGES, (2, 3), 1e-5)
BY_GIVEN = (IMAGES - per_channel(CHANNELS)) / np.sqrt(per_channel(VARIANCE) + 1e-5)
WHOLE = tuple((one * 9).astype(np.int32) for one in (TERM, LEFT[0], RIGHT[0]))
PLACES = np.array([[[[0, 3], [8, 15]]]])
UNPOOLED = np.zeros((1, 1, 16), np.float32)
UNPOOLED[0, 0, [0, 3, 8, 15]] = [1, 2, 3, 4]
MOVING = dict(zip(("mean", "invstd"), (CHANNELS, VARIANCE), strict=True))

CASES: list[tuple[str, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]] = [
    ("Conv1DExt", (LINES, LINE_FILTERS, BIAS, 2, 1), {}, (convolved(LINES, LINE_FILTERS, BIAS, 2, (1, 1)),)),
    ("Conv2DExt", (IMAGES, FILTERS, BIAS, 2, 1, 2, 2), {}, (convolved(IMAGES, FILTERS, BIAS, 2, (1, 1), 2, 2),)),
    ("Conv2DExt", (IMAGES[0], FILTERS, None, 1, 0, 1, 2), {}, (convolved(IMAGES[:1], FILTERS, groups=2)[0],)),
    ("Conv3DExt", (VOLUMES, VOLUME_FILTERS, None, 2), {}, (convolved(VOLUMES, VOLUME_FILTERS, stride=2),)),
    ("Conv1DPadding", (LINES, LINE_FILTERS, BIAS, 1, 1), {}, (convolved(LINES, LINE_FILTERS, BIAS, 1, (1, 1)),)),
    ("Conv2DPadding", (IMAGES, FILTERS, None, 1, "same", 2, 2), {}, (convolved(IMAGES, FILTERS, 0, 1, (2, 2), 2, 2),)),
    ("Conv3DPadding", (VOLUMES, VOLUME_FILTERS, None, 1, "same"), {}, (convolved(VOLUMES, VOLUME_FILTERS, 0, 1, (0, 1)),)),
    ("Convolution", (IMAGES, FILTERS, BIAS, 1, 1, 1, False, 0, 2), {}, (convolved(IMAGES, FILTERS, BIAS, 1, (1, 1), 1, 2),)),
    ("Convolution", (IMAGES, BACK, None, 2, 1, 1, True, 1), {}, (transposed(IMAGES, BACK, 2, 1, 1),)),
    ("ConvolutionStr", (IMAGES, FILTERS, BIAS, 2, 2, 1, False, 0, 2), {}, (convolved(IMAGES, FILTERS, BIAS, 2, groups=2),)),
    ("ConvolutionStr", (IMAGES, BACK, None, 2, "valid", 1, True), {}, (transposed(IMAGES, BACK, 2, 0, 0),)),
    ("ConvTranspose2D", (IMAGES, BACK, None, 3, 1, 0), {}, (transposed(IMAGES, BACK, 3, 1, 0),)),
    ("ConvTranspose2D", (IMAGES[0], BACK), {}, (transposed(IMAGES[:1], BACK, 1, 0, 0)[0],)),
    (
        "ConvTbc",
        (TIMES, TIME_FILTERS, TIME_BIAS, 1),
        {},
        (convolved(TIMES.transpose(1, 2, 0), TIME_FILTERS.transpose(2, 1, 0), TIME_BIAS, 1, (1, 1)).transpose(2, 0, 1),),
    ),
    (
        "DepthwiseConv2dNative",
        (IMAGES, DEPTH),
        {"stride": (1, 1, 2, 2), "pad_mode": "pad", "pad_list": (1, 1, 1, 1)},
        (convolved(IMAGES, DEPTH.transpose(1, 0, 2, 3), 0, 2, (1, 1), 1, 4),),
    ),
    ("AvgPool1D", (LINES, 3, 2, 1), {}, (mean(LINES, 3, 2, 1, 1, True),)),
    ("AvgPool1D", (LINES[0], 2, None, 0, True), {}, (mean(LINES[:1], 2, 2, 0, 1, False)[0],)),
    ("AvgPool2D", (IMAGES, 3, 2, 1, False, False), {}, (mean(IMAGES, 3, 2, 1, 1, False),)),
    ("AvgPool2D", (IMAGES[:, :, :, :7], 3, 2, 1, False, True, 5), {}, (mean(IMAGES[:, :, :, :7], 3, 2, 1, 1, True, 5),)),
    ("AvgPool3DExt", (VOLUMES, 2), {}, (mean(VOLUMES, 2, 2, 0, 0, True),)),
    ("AvgPoolV1", (IMAGES,), {"kernel_size": (1, 1, 3, 3), "strides": 1, "pad_mode": "SAME"}, (mean(IMAGES, 3, 1, 1, 1, False),)),
    ("MaxPoolV1", (IMAGES,), {"kernel_size": (1, 1, 3, 3), "strides": 1, "pad_mode": "SAME"}, (most(IMAGES, 3, 1, 1, 1),)),
    (
        "MaxPoolV1",
        (IMAGES.transpose(0, 2, 3, 1).copy(),),
        {"kernel_size": (1, 3, 3, 1), "strides": (1, 2, 2, 1), "pad_mode": "valid", "data_format": "NHWC"},
        (most(IMAGES, 3, 2, 0, 0).transpose(0, 2, 3, 1),),
    ),
    ("AdaptiveAvgPool2DExt", (IMAGES, (1, None)), {}, (IMAGES.mean(2, keepdims=True),)),
    ("AdaptiveAvgPool3DExt", (VOLUMES[:, :, :4], (2, 2, 7)), {}, (VOLUMES[:, :, :4].reshape(2, 4, 2, 2, 2, 3, 7).mean((3, 5)),)),
    ("MaxUnpool2DExt", (np.array([[[[1, 2], [3, 4]]]], np.float32), PLACES, 2), {}, (UNPOOLED.reshape(1, 1, 4, 4),)),
    ("LayerNormExt", (ROWS, (6,), WEIGHT, BIAS, 1e-5), {}, (NORMED[0] * WEIGHT + BIAS, NORMED[1], NORMED[2])),
    ("LayerNormExt", (ROWS, (4, 6)), {}, normalized(ROWS, (1, 2), 1e-5)),
    ("LayerNormV3", (ROWS, WEIGHT, BIAS), {"begin_norm_axis": -1, "epsilon": 1e-5}, (NORMED[0] * WEIGHT + BIAS, NORMED[1], NORMED[2])),
    ("AddLayerNormV2", (ROWS / 2, ROWS / 2, WEIGHT, BIAS), {}, (NORMED[0] * WEIGHT + BIAS, NORMED[1], NORMED[2], ROWS)),
    ("RmsNorm", (ROWS, WEIGHT), {"epsilon": 1e-3}, root_mean_square(ROWS, 1e-3)),
    ("AddRmsNorm", (ROWS / 2, ROWS / 2, WEIGHT, 1e-3), {}, (*root_mean_square(ROWS, 1e-3), ROWS)),
    ("BatchNormExt", (IMAGES, SCALE, CHANNELS, None, None, True), {}, (scaled(BATCH[0]), BATCH[1].ravel(), BATCH[2].ravel())),
    ("BatchNormExt", (IMAGES, None, None, CHANNELS, VARIANCE), {}, (BY_GIVEN, CHANNELS, VARIANCE)),
    ("BatchNormStats", (IMAGES, 1e-5), {}, (BATCH[1].ravel(), BATCH[2].ravel())),
    ("BatchNormElemt", (IMAGES, SCALE, None), MOVING, ((IMAGES - per_channel(CHANNELS)) * per_channel(VARIANCE * SCALE),)),
    ("InstanceNorm", (IMAGES, SCALE, CHANNELS, CHANNELS, VARIANCE), {}, (scaled(EACH[0]), EACH[1].ravel(), IMAGES.var((2, 3)).ravel())),
    ("LinalgVectorNorm", (ROWS, 3, (1,), True), {}, ((np.abs(ROWS) ** 3).sum(1, keepdims=True) ** (1 / 3),)),
    ("Norm", (ROWS, np.inf), {}, (np.abs(ROWS).max(),)),
    ("LpNormV2", (ROWS, 0, (-1,)), {}, (np.full((3, 4), 6),)),
    ("EuclideanNorm", (ROWS,), {"axes": (0, 2), "keep_dims": True}, (np.sqrt((ROWS**2).sum((0, 2), keepdims=True)),)),
    ("Centralization", (ROWS, (1,)), {}, (ROWS - ROWS.mean(1, keepdims=True),)),
    ("Mm", (LEFT[0], RIGHT[0]), {}, (LEFT[0] @ RIGHT[0],)),
    ("Mv", (LEFT[0], RIGHT[0, :, 0].copy()), {}, (LEFT[0] @ RIGHT[0, :, 0],)),
    ("Dot", (LEFT[0, 0], LEFT[0, 1]), {}, (LEFT[0, 0] @ LEFT[0, 1],)),
    ("Vdot", (LEFT[0, 0], LEFT[0, 1]), {}, (LEFT[0, 0] @ LEFT[0, 1],)),
    ("Outer", (WEIGHT, CHANNELS), {}, (np.outer(WEIGHT, CHANNELS),)),
    ("Addmm", (TERM, LEFT[0], RIGHT[0], 2, 0.5), {}, (2 * TERM + 0.5 * LEFT[0] @ RIGHT[0],)),
    ("Addmm", (*WHOLE, 2, 3), {}, (2 * WHOLE[0] + 3 * WHOLE[1] @ WHOLE[2],)),
    ("Addmv", (TERM[:, 0].copy(), LEFT[0], RIGHT[0, :, 0].copy(), 2, 0.5), {}, (2 * TERM[:, 0] + 0.5 * LEFT[0] @ RIGHT[0, :, 0],)),
    ("Addbmm", (TERM, LEFT, RIGHT, 2, 0.5), {}, (2 * TERM + 0.5 * (LEFT @ RIGHT).sum(0),)),
    ("Baddbmm", (TERM, LEFT, RIGHT, 1, 0.5), {}, (TERM + 0.5 * (LEFT @ RIGHT),)),
    ("InplaceAddmm", (TERM, LEFT[0], RIGHT[0], 0.5, 1), {}, (0.5 * TERM + LEFT[0] @ RIGHT[0],)),
    ("Einsum", (LEFT, RIGHT), {"equation": "bij, bjk -> ki"}, (np.einsum("bij,bjk->ki", LEFT, RIGHT),)),
    ("EinsumExt", ("bij,bjk", LEFT, RIGHT), {}, (np.einsum("bij,bjk", LEFT, RIGHT),)),
    ("FFN", (LEFT[0], RIGHT[0], TERM.T.copy(), None, None, None), {"activation": "relu"}, (np.maximum(LEFT[0] @ RIGHT[0], 0) @ TERM.T,)),
    ("UpsampleBicubic2D", (IMAGES, (9, 5)), {}, (cubic(cubic(IMAGES, 2, 9, False), 3, 5, False),)),
    ("UpsampleBicubic2D", (IMAGES, (9, 5), None, True), {}, (cubic(cubic(IMAGES, 2, 9, True), 3, 5, True),)),
    ("UpsampleBicubic2D", (IMAGES, None, (2.0, 1.5)), {}, (cubic(cubic(IMAGES, 2, 14, False), 3, 12, False),)),
    ("PixelShuffle", (IMAGES, 2), {}, (IMAGES.reshape(2, 1, 2, 2, 7, 8).transpose(0, 1, 4, 2, 5, 3).reshape(2, 1, 14, 16),)),
]  # fmt: skip


@pytest.mark.parametrize("opset", [13, 18, 23])
@pytest.mark.parametrize(("primitive", "arguments", "named", "wanted"), CASES)
def test_agrees_with_its_definition(
    primitive: str, arguments: tuple[Any, ...], named: dict[str, Any], wanted: tuple[Any, ...], opset: int
) -> None:
    found = applied(primitive, opset, *arguments, **named)
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("opset", [13, 18, 23])
def test_places_of_the_largest_elements_count_within_a_channel(opset: int) -> None:
    x = IMAGES[:, :, :6]
    values, places = applied("MaxPoolWithIndices", opset, x, kernel_size=2, strides=2)
    np.testing.assert_array_equal(values, most(x, 2, 2, 0, 0))
    np.testing.assert_array_equal(
        np.take_along_axis(x.reshape(2, 4, -1), places.reshape(2, 4, -1), 2), values.reshape(2, 4, -1)
    )


@pytest.mark.parametrize("opset", [13, 18, 23])
def test_integers_are_multiplied_in_their_own_type(opset: int) -> None:
    left, right = (LEFT[0] * 50).astype(np.int8), (RIGHT[0] * 50).astype(np.int8)
    (found,) = applied("Mm", opset, left, right, result=DType.INT8)
    np.testing.assert_array_equal(found, left @ right)


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("name", FILTERS_AT)
def test_scaling_with_every_filter(name: str, antialias: bool) -> None:
    x, scale, move = IMAGES.transpose(0, 2, 3, 1).copy(), (0.6, 1.7), (0.35, -1.15)
    arguments = np.array([6, 9], np.int32), np.array(scale, np.float32), np.array(move, np.float32)
    (found,) = applied("ScaleAndTranslate", 18, x, *arguments, kernel_type=name, antialias=antialias)
    wanted = drawn(drawn(x, 1, 6, scale[0], move[0], name, antialias), 2, 9, scale[1], move[1], name, antialias)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
