"""Pooling in all padding forms, and normalization."""

from __future__ import annotations

import numpy as np

from lowering.ge.case import Case, numbers
from lowering.ge.reference import last, pool, same

X, VOLUME = numbers(2, 3, 7, 6), numbers(1, 2, 5, 6, 4)
SAME = same((7, 6), (3, 2), (2, 2))
NONE, AROUND = ((0, 0), (0, 0)), ((1, 0), (1, 1))
WINDOW, LAST = {"ksize": [1, 1, 3, 2], "strides": [1, 1, 2, 2]}, {"ksize": [1, 3, 2, 1], "strides": [1, 2, 2, 1]}
K, S = (3, 2), (2, 2)
NCHW = {"data_format": "NCHW"}


def nhwc(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(last(array))


def largest(pads=NONE, **more) -> np.ndarray:
    return pool(X, K, S, pads, np.nanmax, **more)


def mean(pads=NONE, *, zeros: bool = False, **more) -> np.ndarray:
    return pool(X, K, S, pads, np.nanmean, fill=0.0 if zeros else np.nan, **more)


def tall(x: np.ndarray) -> np.ndarray:
    """x with one row less, so that windows of 3 and a stride of 2 do not fit."""
    return np.ascontiguousarray(x[:, :, :6])


T = tall(X)
CEIL = ((0, 1), (0, 0))
CELLS = [[X[..., a:b, c:d] for c, d in ((0, 3), (3, 6))] for a, b in ((0, 3), (2, 5), (4, 7))]
ADAPTIVE = np.stack([np.stack([cell.mean((2, 3)) for cell in row], -1) for row in CELLS], -2)
ADAPTIVE_MAX = np.stack([np.stack([cell.max((2, 3)) for cell in row], -1) for row in CELLS], -2)
CALCULATED = {"padding_mode": "CALCULATED", "pads": [1, 0, 1, 1]}
CASES = [
    Case("MaxPool", {"x": X}, (largest(),), WINDOW | NCHW | {"padding": "VALID"}),
    Case("MaxPool", {"x": X}, (largest(SAME),), WINDOW | NCHW | {"padding": "SAME"}),
    Case("MaxPool", {"x": nhwc(X)}, (nhwc(largest(SAME)),), LAST | {"padding": "SAME"}),
    Case("MaxPoolV2", {"x": X, "ksize": np.array([1, 1, 3, 2], np.int32), "strides": np.array([1, 1, 2, 2], np.int32)},
         (largest(),), NCHW | {"padding": "VALID"}, ("ksize", "strides")),
    Case("MaxPoolV3", {"x": X}, (largest(AROUND),), WINDOW | CALCULATED),
    Case("MaxPoolV3", {"x": X}, (largest(SAME),), WINDOW | {"padding_mode": "SAME"}),
    Case("MaxPoolV3", {"x": T}, (pool(T, K, S, CEIL, np.nanmax),), WINDOW | {"ceil_mode": True}),
    Case("MaxPoolV3", {"x": X}, (X.max((2, 3), keepdims=True),), WINDOW | {"global_pooling": True}),
    Case("MaxPoolV3", {"x": nhwc(X)}, (nhwc(largest()),), LAST | {"padding_mode": "VALID", "data_format": "NHWC"}),
    Case("AvgPool", {"x": X}, (mean(),), WINDOW | NCHW | {"padding": "VALID"}),
    Case("AvgPool", {"x": X}, (mean(SAME),), WINDOW | NCHW | {"padding": "SAME"}),
    Case("AvgPool", {"x": nhwc(X)}, (nhwc(mean(SAME)),), LAST | {"padding": "SAME"}),
    Case("AvgPoolV2", {"x": X}, (mean(AROUND),), WINDOW | CALCULATED),
    Case("AvgPoolV2", {"x": X}, (mean(AROUND, zeros=True),), WINDOW | CALCULATED | {"exclusive": False}),
    Case("AvgPoolV2", {"x": X}, (mean(NONE) * 6 / 4,), WINDOW | {"padding_mode": "VALID", "divisor_override": 4}),
    Case("AvgPoolV2", {"x": X}, (X.mean((2, 3), keepdims=True),), WINDOW | {"global_pooling": True}),
    Case("AvgPoolV2", {"x": T}, (pool(T, K, S, CEIL, np.nanmean),), WINDOW | {"ceil_mode": True}),
    Case("Pooling", {"x": X}, (largest(AROUND),), {"mode": 0, "window": [3, 2], "stride": [2, 2], "pad": [1, 0, 1, 1],
                                                   "ceil_mode": 1}),
    Case("Pooling", {"x": X}, (mean(AROUND, zeros=True),), {"mode": 1, "window": [3, 2], "stride": [2, 2],
                                                            "pad": [1, 0, 1, 1], "ceil_mode": 1}),
    Case("Pooling", {"x": T}, (pool(T, K, S, CEIL, np.nanmax),), {"mode": 0, "window": [3, 2], "stride": [2, 2]}),
    Case("Pooling", {"x": X}, (X.mean((2, 3), keepdims=True),), {"mode": 1, "global_pooling": True}),
    Case("GlobalAveragePool", {"x": X}, (X.mean((2, 3), keepdims=True),)),
    Case("MaxPool3D", {"x": VOLUME}, (pool(VOLUME, (2, 2, 2), (2, 2, 2), ((0, 0),) * 3, np.nanmax),),
         {"ksize": [1, 1, 2, 2, 2], "strides": [1, 1, 2, 2, 2], "padding": "VALID", "data_format": "NCDHW"}),
    Case("MaxPool3D", {"x": nhwc(VOLUME)},
         (nhwc(pool(VOLUME, (2, 2, 2), (2, 2, 2), ((1, 0), (0, 0), (0, 0)), np.nanmax)),),
         {"ksize": [1, 2, 2, 2, 1], "strides": [1, 2, 2, 2, 1], "padding": "CALCULATED", "pads": [1, 0, 0, 0, 0, 0]}),
    Case("AvgPool3D", {"x": VOLUME}, (pool(VOLUME, (2, 2, 2), (2, 2, 2), ((1, 0), (0, 0), (0, 0)), np.mean, fill=0.0),),
         {"ksize": [2, 2, 2], "strides": [2, 2, 2], "pads": [1, 0, 0, 0, 0, 0], "data_format": "NCDHW"}),
    Case("AvgPool3DD", {"x": nhwc(VOLUME)},
         (nhwc(pool(VOLUME, (2, 2, 2), (2, 2, 2), ((1, 0), (0, 0), (0, 0)), np.nanmean)),),
         {"ksize": [1, 2, 2, 2, 1], "strides": [1, 2, 2, 2, 1], "pads": [1, 0, 0, 0, 0, 0], "count_include_pad": False}),
    Case("MaxPoolWithArgmaxV2", {"x": X}, (pool(X, (2, 2), (2, 2), NONE, np.nanmax), None),
         {"ksize": [1, 2, 2, 1], "strides": [1, 2, 2, 1], "pads": [1, 0, 0, 1]}),
    Case("AdaptiveAvgPool2d", {"x": X}, (ADAPTIVE,), {"output_size": [3, 2]}),
    Case("AdaptiveMaxPool2d", {"x": X}, (ADAPTIVE_MAX, None), {"output_size": [3, 2]}),
]  # fmt: skip
SCALE, OFFSET, MEAN, VARIANCE = numbers(3), numbers(3, seed=1), numbers(3, seed=2), numbers(3, seed=3, low=0.5, high=2)


def column(values: np.ndarray) -> np.ndarray:
    return values.reshape(3, 1, 1)


def batch_norm(x: np.ndarray, epsilon: float, mean=MEAN, variance=VARIANCE) -> np.ndarray:
    normal = (x - column(mean)) / np.sqrt(column(variance) + epsilon)
    return (normal * column(SCALE) + column(OFFSET)).astype(np.float32)


def layer_norm(x: np.ndarray, axes: tuple[int, ...], epsilon: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    return (x - mean) / np.sqrt(variance + epsilon), mean, variance


FIVE = {"x": X, "scale": SCALE, "offset": OFFSET, "mean": MEAN, "variance": VARIANCE}
STILL = {"is_training": False, "epsilon": 1e-3}
OWN = X.mean((0, 2, 3)), X.var((0, 2, 3))
NORMAL, NORMAL_MEAN, NORMAL_VARIANCE = layer_norm(X, (2, 3), 1e-5)
GAMMA, BETA = numbers(7, 6, seed=4), numbers(7, 6, seed=5)
GROUPS = numbers(2, 6, 4, 3)
GROUPED = layer_norm(GROUPS.reshape(2, 3, 2, 4, 3), (2, 3, 4), 1e-4)[0].reshape(GROUPS.shape)
GROUP_SCALE, GROUP_SHIFT = numbers(6, seed=6), numbers(6, seed=7)
GROUPED = (GROUPED * GROUP_SCALE.reshape(6, 1, 1) + GROUP_SHIFT.reshape(6, 1, 1)).astype(np.float32)
CHANNELS = numbers(1, 9, 2, 2)
LRN = CHANNELS / (1 + 0.5 * np.stack([(CHANNELS[:, max(0, c - 2) : c + 3] ** 2).sum(1) for c in range(9)], 1)) ** 0.75
RMS = 1 / np.sqrt((X**2).mean(-1, keepdims=True) + 1e-6)
CASES += [
    Case("BatchNorm", FIVE, (batch_norm(X, 1e-3), None, None, None, None), STILL | NCHW),
    Case("BatchNorm", FIVE | {"x": nhwc(X)}, (nhwc(batch_norm(X, 1e-3)), MEAN, VARIANCE, None, None), STILL),
    Case("BatchNorm", {"x": X, "scale": SCALE, "offset": OFFSET, "mean": None, "variance": None},
         (batch_norm(X, 1e-4, *OWN), None, None), NCHW),
    Case("FusedBatchNorm", FIVE, (batch_norm(X, 1e-3),), STILL | NCHW),
    Case("FusedBatchNormV2", FIVE, (batch_norm(X, 1e-3),), STILL | NCHW),
    Case("BatchNormExt2", {f"input_{name}": array for name, array in FIVE.items()}, (batch_norm(X, 1e-3),), STILL | NCHW),
    Case("BNInfer", FIVE, (batch_norm(X, 1e-3),), {"epsilon": 1e-3}),
    Case("BNInference", {"x": X, "mean": MEAN, "variance": VARIANCE, "momentum": np.ones(1, np.float32), "scale": SCALE,
                         "offset": OFFSET}, (batch_norm(X, 1e-5),), constants=("momentum",)),
    Case("BNInference", {"x": X, "mean": MEAN, "variance": VARIANCE, "momentum": np.full(1, 2, np.float32)},
         (((X - column(MEAN) / 2) / np.sqrt(column(VARIANCE) / 2 + 1e-5)).astype(np.float32),)),
    Case("InstanceNorm", {"x": X, "gamma": SCALE, "beta": OFFSET},
         (NORMAL * column(SCALE) + column(OFFSET), NORMAL_MEAN, NORMAL_VARIANCE), NCHW | {"epsilon": 1e-5}),
    Case("LayerNorm", {"x": X, "gamma": GAMMA, "beta": BETA}, (NORMAL * GAMMA + BETA, NORMAL_MEAN, NORMAL_VARIANCE),
         {"begin_norm_axis": 2, "begin_params_axis": 2, "epsilon": 1e-5}),
    Case("LayerNorm", {"x": X, "gamma": GAMMA[0], "beta": BETA[0]},
         ((layer_norm(X, (3,), 1e-7)[0] * GAMMA[0] + BETA[0]).astype(np.float32), None, None),
         {"begin_norm_axis": -1, "begin_params_axis": -1}),
    Case("LayerNormV3", {"x": X, "gamma": GAMMA, "beta": BETA},
         (NORMAL * GAMMA + BETA, NORMAL_MEAN, 1 / np.sqrt(NORMAL_VARIANCE + 1e-5)),
         {"begin_norm_axis": 2, "begin_params_axis": 2}),
    Case("LayerNormV4", {"x": X, "normalized_shape": np.array([7, 6], np.int32), "gamma": None, "beta": None},
         (NORMAL, NORMAL_MEAN, None), constants=("normalized_shape",)),
    Case("GroupNorm", {"x": GROUPS, "gamma": GROUP_SCALE, "beta": GROUP_SHIFT}, (GROUPED, None, None),
         {"num_groups": 3} | NCHW),
    Case("GroupNormV2", {"x": nhwc(GROUPS), "gamma": GROUP_SCALE, "beta": GROUP_SHIFT}, (nhwc(GROUPED), None, None),
         {"num_groups": 3}),
    Case("RmsNorm", {"x": X, "gamma": GAMMA[0]}, (X * RMS * GAMMA[0], RMS)),
    Case("LRN", {"x": CHANNELS}, (LRN.astype(np.float32),), {"depth_radius": 2, "alpha": 0.5, "beta": 0.75}),
    Case("MVNV2", {"x": X}, (layer_norm(X, (0, 2, 3), 0.0)[0],)),
    Case("Centralization", {"x": X}, (X - X.mean(1, keepdims=True),), {"axes": [1]}),
]  # fmt: skip
