"""Convolutions, their transposes and matrix products."""

from __future__ import annotations

import numpy as np

from lowering.ge.case import Case, numbers, vector
from lowering.ge.reference import conv, conv_transpose, last, same

X, WEIGHT, BIAS = numbers(2, 4, 7, 6), numbers(6, 4, 3, 3, seed=1), numbers(6, seed=2)
GROUPED, DEPTH = numbers(6, 2, 3, 3, seed=3), numbers(1, 4, 3, 3, seed=4)
TWICE = numbers(2, 4, 3, 3, seed=5)
VOLUME, CUBE = numbers(1, 2, 4, 5, 5), numbers(3, 2, 2, 3, 3, seed=6)
SMALL, BACK = numbers(1, 3, 4, 4), numbers(3, 2, 3, 3, seed=7)
A, B = numbers(3, 4), numbers(4, 5, seed=1)
STACK, OTHER = numbers(2, 3, 4), numbers(2, 4, 5, seed=1)
ONE = ((1, 1), (1, 1))
PLAIN = {"strides": [1, 1, 1, 1], "pads": [1, 1, 1, 1], "data_format": "NCHW"}
HWCN = np.ascontiguousarray(WEIGHT.transpose(2, 3, 1, 0))
W = ("filter",)


def grouped_depth(weight: np.ndarray) -> np.ndarray:
    """(K, C, height, width) as the filter of a grouped convolution."""
    return weight.transpose(1, 0, 2, 3).reshape(-1, 1, *weight.shape[2:])


def nhwc(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(last(array))


CASES = [
    Case("Conv2D", {"x": X, "filter": WEIGHT, "bias": BIAS, "offset_w": None}, (conv(X, WEIGHT, BIAS, pads=ONE),), PLAIN,
         ("filter", "bias")),
    Case("Conv2D", {"x": X, "filter": WEIGHT}, (conv(X, WEIGHT, strides=(2, 1), dilations=(1, 2), pads=((0, 1), (2, 3))),),
         {"strides": [1, 1, 2, 1], "dilations": [1, 1, 1, 2], "pads": [0, 1, 2, 3], "data_format": "NCHW"}, W),
    Case("Conv2D", {"x": X, "filter": GROUPED}, (conv(X, GROUPED, groups=2, pads=ONE),), PLAIN | {"groups": 2}, W),
    Case("Conv2D", {"x": X, "filter": WEIGHT}, (conv(X, WEIGHT, strides=(2, 2), pads=same((7, 6), (3, 3), (2, 2))),),
         {"strides": [1, 1, 2, 2], "pads": [-1, -1, -1, -1], "data_format": "NCHW"}, W),
    Case("Conv2D", {"x": X, "filter": WEIGHT}, (conv(X, WEIGHT, strides=(2, 2), pads=same((7, 6), (3, 3), (2, 2))),),
         {"strides": [1, 1, 2, 2], "pads": [0, 0, 0, 0], "padding": "SAME", "data_format": "NCHW"}, W),
    Case("Conv2D", {"x": X, "filter": WEIGHT}, (conv(X, WEIGHT),), PLAIN | {"auto_pad": "VALID"}, W),
    Case("Conv2D", {"x": nhwc(X), "filter": HWCN}, (nhwc(conv(X, WEIGHT, strides=(2, 1), pads=ONE)),),
         {"strides": [1, 2, 1, 1], "pads": [1, 1, 1, 1], "data_format": "NHWC"}, W, {"x": "NHWC", "filter": "HWCN"}),
    Case("Conv2D", {"x": nhwc(X), "filter": nhwc(WEIGHT)}, (nhwc(conv(X, WEIGHT, pads=ONE)),),
         {"strides": [1, 1, 1, 1], "pads": [1, 1, 1, 1], "data_format": "NHWC"}, W, {"x": "NHWC", "filter": "NHWC"}),
    Case("Conv2D", {"x": X, "filter": WEIGHT}, (conv(X, WEIGHT),), {"strides": [1, 1, 1, 1], "pads": [0, 0, 0, 0]}, W,
         {"x": "NCHW", "filter": "NCHW"}),
    Case("Conv3D", {"x": VOLUME, "filter": CUBE}, (conv(VOLUME, CUBE, strides=(1, 2, 1), pads=((1, 0), (1, 1), (0, 0))),),
         {"strides": [1, 1, 1, 2, 1], "pads": [1, 0, 1, 1, 0, 0], "data_format": "NCDHW"}, W),
    Case("DepthwiseConv2D", {"x": X, "filter": DEPTH}, (conv(X, grouped_depth(DEPTH), groups=4, pads=ONE),), PLAIN, W),
    Case("DepthwiseConv2D", {"x": X, "filter": TWICE}, (conv(X, grouped_depth(TWICE), groups=4, pads=ONE),), PLAIN, W),
    Case("DepthwiseConv2D", {"x": X, "filter": grouped_depth(TWICE)}, (conv(X, grouped_depth(TWICE), groups=4, pads=ONE),),
         PLAIN, W),
    Case("DepthwiseConv2D", {"x": nhwc(X), "filter": np.ascontiguousarray(TWICE.transpose(2, 3, 1, 0)), "bias": numbers(8)},
         (nhwc(conv(X, grouped_depth(TWICE), numbers(8), groups=4, pads=ONE)),),
         {"strides": [1, 1, 1, 1], "pads": [1, 1, 1, 1], "data_format": "NHWC"}, W, {"x": "NHWC", "filter": "HWCN"}),
    Case("Conv2DTransposeD", {"x": SMALL, "filter": BACK}, (conv_transpose(SMALL, BACK, strides=(2, 2), pads=((1, 1), (1, 1))),),
         {"input_size": [1, 2, 7, 7], "strides": [1, 1, 2, 2], "pads": [1, 1, 1, 1], "data_format": "NCHW"}, W),
    Case("Conv2DTranspose", {"input_size": vector(0, 0, 0, 0), "x": SMALL, "filter": BACK, "bias": numbers(2)},
         (conv_transpose(SMALL, BACK, strides=(2, 2), pads=((1, 0), (0, 1)), extra=(1, 0)) + numbers(2).reshape(1, 2, 1, 1),),
         {"strides": [1, 1, 2, 2], "pads": [1, 0, 0, 1], "output_padding": [0, 0, 1, 0], "data_format": "NCHW"},
         ("input_size", "filter")),
    Case("Conv2DTranspose", {"input_size": vector(1, 2, 8, 8), "x": SMALL, "filter": BACK, "bias": numbers(2)},
         (conv_transpose(SMALL, BACK, strides=(2, 2), pads=((1, 1), (1, 1)), extra=(1, 1)) + numbers(2).reshape(1, 2, 1, 1),),
         {"strides": [1, 1, 2, 2], "pads": [1, 1, 1, 1], "data_format": "NCHW"}, ("input_size", "filter")),
    Case("Conv2DBackpropInputD", {"filter": BACK, "out_backprop": SMALL},
         (conv_transpose(SMALL, BACK, strides=(2, 2), pads=((0, 0), (0, 0))),),
         {"input_size": [1, 2, 9, 9], "strides": [1, 1, 2, 2], "pads": [0, 0, 0, 0], "data_format": "NCHW"}, W),
    Case("Conv2DBackpropInput", {"input_size": vector(1, 9, 9, 2), "filter": np.ascontiguousarray(BACK.transpose(2, 3, 1, 0)),
          "out_backprop": nhwc(SMALL)}, (nhwc(conv_transpose(SMALL, BACK, strides=(2, 2), pads=((0, 0), (0, 0)))),),
         {"strides": [1, 2, 2, 1], "pads": [0, 0, 0, 0], "data_format": "NHWC"}, ("input_size", "filter"),
         {"filter": "HWCN", "out_backprop": "NHWC"}),
    Case("Deconvolution", {"x": SMALL, "filter": BACK}, (conv_transpose(SMALL, BACK, strides=(2, 1), pads=((0, 1), (1, 0))),),
         {"strides": [2, 1], "pads": [0, 1, 1, 0]}, W),
    Case("MatMul", {"x1": A, "x2": B}, (A @ B,)),
    Case("MatMul", {"x1": A, "x2": B, "bias": numbers(5)}, (A @ B + numbers(5),)),
    Case("MatMulV2", {"x1": A.T.copy(), "x2": B.T.copy(), "bias": numbers(5), "offset_w": None}, (A @ B + numbers(5),),
         {"transpose_x1": True, "transpose_x2": True, "offset_x": 0}, ("x2", "bias")),
    Case("MatMulV2", {"x1": numbers(2, 3, dtype="int32"), "x2": numbers(3, 2, dtype="int32")},
         (numbers(2, 3, dtype="int32") @ numbers(3, 2, dtype="int32"),)),
    Case("BatchMatMul", {"x1": STACK, "x2": OTHER}, (STACK @ OTHER,)),
    Case("BatchMatMul", {"x1": STACK.transpose(0, 2, 1).copy(), "x2": OTHER.transpose(0, 2, 1).copy()}, (STACK @ OTHER,),
         {"adj_x1": True, "adj_x2": True}),
    Case("BatchMatMulV2", {"x1": STACK, "x2": OTHER, "bias": numbers(5)}, (STACK @ OTHER + numbers(5),)),
    Case("GEMM", {"a": A, "b": B, "c": numbers(3, 5), "alpha": np.float32(0.5).reshape(()), "beta": np.float32(2).reshape(())},
         ((0.5 * (A @ B) + 2 * numbers(3, 5)).astype(np.float32),), constants=("alpha", "beta")),
    Case("FullyConnection", {"x": SMALL, "w": numbers(5, 48, seed=8), "b": numbers(5)},
         ((SMALL.reshape(1, 48) @ numbers(5, 48, seed=8).T + numbers(5)).reshape(1, 5, 1, 1),), {"num_output": 5}, ("w", "b")),
    Case("FullyConnection", {"x": STACK, "w": numbers(4, 5, seed=8)}, (STACK @ numbers(4, 5, seed=8),),
         {"num_output": 5, "transpose": True, "axis": 2}, ("w",)),
    Case("BiasAdd", {"x": X, "bias": numbers(4)}, (X + numbers(4).reshape(4, 1, 1),), {"data_format": "NCHW"}),
    Case("BiasAdd", {"x": nhwc(X), "bias": numbers(4)}, (nhwc(X) + numbers(4),)),
    Case("BiasAdd", {"x": A, "bias": numbers(4)}, (A + numbers(4),), {"data_format": "NCHW"}),
    Case("Bias", {"x": X, "bias": numbers(4)}, (X + numbers(4).reshape(4, 1, 1),)),
    Case("Bias", {"x": X, "bias": numbers(7, 6)}, (X + numbers(7, 6),), {"axis": 2, "num_axes": 2}),
    Case("Scale", {"x": X, "scale": numbers(4), "bias": numbers(4, seed=1)},
         (X * numbers(4).reshape(4, 1, 1) + numbers(4, seed=1).reshape(4, 1, 1),)),
    Case("Scale", {"x": X, "scale": numbers(6)}, (X * numbers(6),), {"axis": -1, "num_axes": -1}),
    Case("MatrixDeterminant", {"x": STACK[:, :, :3].copy()}, (np.linalg.det(STACK[:, :, :3]),)),
    Case("Einsum", {"x0": STACK, "x1": OTHER}, (np.einsum("bij,bjk->bki", STACK, OTHER),), {"equation": "bij,bjk->bki", "N": 2}),
]  # fmt: skip
DEEP, DEEP_BACK = numbers(1, 3, 4, 4, 4), numbers(3, 2, 2, 2, 2, seed=9)


def deep() -> np.ndarray:
    """The transpose of an unpadded 3-D convolution with a stride of 1: a convolution with the turned filter."""
    turned = np.flip(DEEP_BACK, (2, 3, 4)).transpose(1, 0, 2, 3, 4)
    return conv(DEEP, turned, pads=((1, 1),) * 3)


DEEP_ATTRIBUTES = {"strides": [1] * 5, "pads": [0] * 6, "data_format": "NCDHW"}
CASES += [
    Case("Conv3DTransposeD", {"x": DEEP, "filter": DEEP_BACK}, (deep(),), DEEP_ATTRIBUTES | {"input_size": [0] * 5}, W),
    Case("Conv3DTranspose", {"input_size": vector(0, 0, 0, 0, 0), "x": DEEP, "filter": DEEP_BACK}, (deep(),),
         DEEP_ATTRIBUTES, ("input_size", "filter")),
    Case("Conv3DBackpropInputD", {"filter": DEEP_BACK, "out_backprop": DEEP}, (deep(),),
         DEEP_ATTRIBUTES | {"input_size": [1, 2, 5, 5, 5]}, W),
    Case("Conv3DBackpropInput", {"input_size": vector(1, 2, 5, 5, 5), "filter": DEEP_BACK, "out_backprop": DEEP}, (deep(),),
         DEEP_ATTRIBUTES, ("input_size", "filter")),
]  # fmt: skip
