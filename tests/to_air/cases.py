"""The cases: each ONNX operator that has a GE form, with each branch of its form."""

from __future__ import annotations

from typing import Any

import numpy as np

from to_air.case import Case

_RANDOM = np.random.default_rng(7)


def f(*shape: int, low: float = -2.0, high: float = 2.0) -> np.ndarray:
    return _RANDOM.uniform(low, high, shape).astype(np.float32)


def i(values: Any, dtype: Any = np.int64) -> np.ndarray:
    return np.array(values, dtype)


def b(*shape: int) -> np.ndarray:
    return _RANDOM.integers(0, 2, shape).astype(bool)


def c(operator: str, ge: str, *inputs: Any, k: tuple[int, ...] = (), n: int = 1, opset: int = 18,
      dynamic: dict[int, tuple[int, ...]] | None = None, **attributes: Any) -> Case:  # fmt: skip
    """k: which inputs are constants; n: how many outputs."""
    return Case(operator, ge, inputs, k, attributes, n, opset, dynamic or {})


_UNARY = {
    "Abs": "Abs", "Acos": "Acos", "Asin": "Asin", "Asinh": "Asinh", "Atan": "Atan", "Atanh": "Atanh", "Ceil": "Ceil",
    "Cos": "Cos", "Cosh": "Cosh", "Erf": "Erf", "Exp": "Exp", "Floor": "Floor", "Identity": "Identity", "Neg": "Neg",
    "Reciprocal": "Reciprocal", "Round": "Rint", "Sign": "Sign", "Sin": "Sin", "Sinh": "Sinh", "Tan": "Tan", "Tanh": "Tanh",
    "HardSwish": "HardSwish", "Mish": "Mish", "Relu": "Relu", "Sigmoid": "Sigmoid", "Softplus": "Softplus",
    "Softsign": "Softsign",
}  # fmt: skip

_BINARY = {"Add": "Add", "Sub": "Sub", "Mul": "Mul", "Div": "RealDiv"}
_TESTS = {
    "Equal": "Equal", "Greater": "Greater", "GreaterOrEqual": "GreaterEqual", "Less": "Less", "LessOrEqual": "LessEqual",
}  # fmt: skip
_LOGIC = {"And": "LogicalAnd", "Or": "LogicalOr", "Xor": "NotEqual"}
_BITS = {"BitwiseAnd": "BitwiseAnd", "BitwiseOr": "BitwiseOr", "BitwiseXor": "BitwiseXor"}

X = f(2, 3, 4)
HALVES = np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, np.nan, np.inf, -np.inf, -0.0], np.float32)
INTS = i([[-7, 7, -8], [8, 3, -3]], np.int32)
IMAGE = f(2, 4, 9, 8)

ELEMENTWISE = [
    *(c(operator, ge, f(2, 3, low=-0.9, high=0.9)) for operator, ge in _UNARY.items()),
    *(c(operator, ge, f(3, 4), f(4)) for operator, ge in _BINARY.items()),
    *(c(operator, ge, i([1, 2, 3]), i([3, 2, 1])) for operator, ge in _TESTS.items()),
    *(c(operator, ge, f(3, 4).round(), f(4).round()) for operator, ge in _TESTS.items()),
    *(c(operator, ge, b(3, 4), b(4)) for operator, ge in _LOGIC.items()),
    *(c(operator, ge, i([6, -5, 3], np.int32), i([3, 2, 1], np.int32)) for operator, ge in _BITS.items()),
    c("Acosh", "Acosh", f(4, low=1.1, high=3)),
    c("Log", "Log", f(4, low=0.1, high=3)),
    c("Sqrt", "Sqrt", f(4, low=0.1, high=3)),
    c("Round", "Rint", HALVES),
    c("Not", "LogicalNot", b(4)),
    c("BitwiseNot", "Invert", i([6, -5, 3], np.int32)),
    c("BitShift", "LeftShift", i([6, 5], np.uint32), i([1, 2], np.uint32), direction="LEFT"),
    c("BitShift", "RightShift", i([6, 5], np.uint32), i([1, 2], np.uint32), direction="RIGHT"),
    c("Div", "TruncateDiv", INTS, i([2, -2, 3], np.int32)),
    c("Mod", "FloorMod", INTS, i([2, -2, 3], np.int32)),
    c("Mod", "Mod", f(3, 4), f(4, low=0.5), fmod=1),
    c("Pow", "Pow", f(4, low=0.1), f(4)),
    c("Pow", "Square", f(4), np.float32(2), k=(1,)),
    c("Pow", "Pow", f(4, low=0.1), i(3), k=(1,)),
    c("Pow", "Cast Pow", f(4, low=0.1), i([1, 2, 3, 0])),
    c("Max", "Maximum", X, f(4), f(3, 1)),
    c("Min", "Minimum", X, f(4)),
    c("Sum", "AddN", X, X, X),
    c("Sum", "Add", X, f(4)),
    c("Mean", "AddN RealDiv", X, X, X),
    c("Clip", "Relu6", f(9, low=-9, high=9), np.float32(0), np.float32(6), k=(1, 2)),
    c("Clip", "ClipByValue", X, np.float32(-1), np.float32(1), k=(1, 2)),
    c("Clip", "Maximum", X, np.float32(-1), k=(1,)),
    c("Clip", "Minimum", X, None, np.float32(1), k=(2,)),
    c("Clip", "Identity", X),
    c("Cast", "Cast", X, to=7),
    c("Cast", "Cast", X, to=10),
    c("Cast", "Cast", INTS, to=9),
    c("Cast", "Identity", X, to=1),
    c("CastLike", "Cast", X, INTS),
    c("IsNaN", "IsNan", HALVES),
    c("IsInf", "IsInf", HALVES),
    c("IsInf", "Greater IsInf LogicalAnd", HALVES, detect_negative=0),
    c("IsInf", "IsInf Less LogicalAnd", HALVES, detect_positive=0),
    c("Where", "SelectV2", b(3, 4), f(4), f(3, 1)),
    c("Relu", "Relu", f(2, 3).astype(np.float16)),
    c("Add", "Add", f(2, 3), f(1, 3), dynamic={0: (0,)}),
]

ACTIVATION = [
    c("LeakyRelu", "LeakyRelu", X, alpha=0.2),
    c("Elu", "Elu", X, alpha=0.7),
    c("Celu", "CeluV2", X, alpha=0.7),
    c("Selu", "Selu", X),
    c("Selu", "Elu Mul", X, alpha=1.5, gamma=1.2),
    c("HardSigmoid", "HardSigmoid", X, alpha=0.3, beta=0.4),
    c("ThresholdedRelu", "ThresholdedRelu", X, alpha=0.5),
    c("Shrink", "Shrink", X, lambd=0.5, bias=0.2),
    c("Gelu", "Add Erf Mul", X, opset=20),
    c("Gelu", "Add Mul Square Tanh", X, opset=20, approximate="tanh"),
    c("PRelu", "PRelu", IMAGE, f(4, 1, 1), k=(1,)),
    c("PRelu", "PRelu", IMAGE, f(1), k=(1,)),
    c("PRelu", "Add Maximum Minimum Mul", IMAGE, f(4, 9, 8), k=(1,)),
    c("Softmax", "SoftmaxV2", X, axis=1),
    c("Softmax", "SoftmaxV2", X),
    c("LogSoftmax", "LogSoftmaxV2", X, axis=-2),
    c("Hardmax", "ArgMaxV2 OneHot", X, axis=1),
]

CONV = [
    c("Conv", "Conv2D", IMAGE, f(6, 4, 3, 3), f(6), k=(1, 2), pads=[1, 0, 2, 1], strides=[2, 1]),
    c("Conv", "Conv2D", IMAGE, f(8, 2, 3, 3), k=(1,), group=2, dilations=[2, 1]),
    c("Conv", "Conv2D", IMAGE, f(4, 1, 3, 3), k=(1,), group=4, auto_pad="SAME_UPPER", strides=[2, 2]),
    c("Conv", "Conv2D", IMAGE, f(4, 1, 2, 2), k=(1,), group=4, auto_pad="SAME_LOWER"),
    c("Conv", "Conv2D", IMAGE, f(6, 4, 1, 1), k=(1,), dynamic={0: (0, 2)}),
    c("Conv", "Conv2D Squeeze Unsqueeze", f(2, 4, 9), f(6, 4, 3), f(6), k=(1, 2), pads=[1, 2], strides=[2]),
    c("Conv", "Conv3D", f(1, 2, 4, 5, 6), f(3, 2, 2, 3, 3), k=(1,), pads=[0, 1, 1, 1, 0, 1], strides=[1, 2, 1]),
    c("ConvTranspose", "Conv2DTranspose", IMAGE, f(4, 3, 3, 3), f(3), k=(1, 2), pads=[1, 0, 1, 1], strides=[2, 2]),
    c("ConvTranspose", "Conv2DTranspose", IMAGE, f(4, 3, 2, 2), k=(1,), group=2, strides=[2, 2], output_padding=[1, 0]),
    c("ConvTranspose", "Conv2DTranspose Squeeze Unsqueeze", f(2, 4, 9), f(4, 3, 3), k=(1,), strides=[2], pads=[1, 1]),
    c("ConvTranspose", "Conv3DTranspose", f(1, 2, 3, 4, 5), f(2, 3, 2, 2, 2), k=(1,), strides=[2, 1, 2]),
]

POOL = [
    c("MaxPool", "MaxPoolV3", IMAGE, kernel_shape=[3, 3], pads=[1, 0, 1, 1], strides=[2, 2]),
    c("MaxPool", "MaxPoolV3", IMAGE, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
    c("MaxPool", "MaxPoolV3", f(1, 1, 7, 7), kernel_shape=[1, 1], strides=[3, 3], pads=[0, 0, 0, 0], ceil_mode=1),
    c("MaxPool", "MaxPoolV3 Squeeze Unsqueeze", f(2, 4, 9), kernel_shape=[2], strides=[2]),
    c("MaxPool", "MaxPool3D", f(1, 2, 5, 6, 7), kernel_shape=[2, 3, 2], strides=[1, 2, 2], pads=[0, 1, 0, 1, 1, 0]),
    c("AveragePool", "AvgPoolV2", IMAGE, kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 1]),
    c("AveragePool", "AvgPoolV2", IMAGE, kernel_shape=[3, 3], pads=[1, 0, 1, 1], count_include_pad=1),
    c("AveragePool", "AvgPoolV2", IMAGE, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
    c("AveragePool", "AvgPoolV2 Squeeze Unsqueeze", f(2, 4, 9), kernel_shape=[2], strides=[2]),
    c("AveragePool", "AvgPool3D", f(1, 2, 5, 6, 7), kernel_shape=[2, 3, 2], strides=[1, 2, 2]),
    c("GlobalAveragePool", "ReduceMean", IMAGE),
    c("GlobalMaxPool", "ReduceMax", IMAGE),
]

_POSITIVE = f(4, low=0.5)
NORM = [
    c("BatchNormalization", "BNInfer", IMAGE, f(4), f(4), f(4), _POSITIVE, k=(1, 2, 3, 4), epsilon=1e-3),
    c("BatchNormalization", "BNInfer Squeeze Unsqueeze", f(5, 4), f(4), f(4), f(4), _POSITIVE, k=(1, 2, 3, 4)),
    c("BatchNormalization", "BNInfer Squeeze Unsqueeze", f(2, 4, 7), f(4), f(4), f(4), _POSITIVE, k=(1, 2, 3, 4)),
    c("BatchNormalization", "BNInfer Reshape", f(2, 4, 3, 2, 5), f(4), f(4), f(4), _POSITIVE, k=(1, 2, 3, 4)),
    c("LayerNormalization", "LayerNorm", f(2, 5, 8), f(8), f(8), k=(1, 2), epsilon=1e-3),
    c("LayerNormalization", "LayerNorm", f(2, 5, 8), f(5, 8), k=(1,), axis=1),
    c("LayerNormalization", "LayerNorm", f(2, 5, 8), f(8), f(8), k=(1, 2), dynamic={0: (0, 1)}),
    c("LayerNormalization", "Add LayerNorm Rsqrt", f(2, 5, 8), f(8), f(8), k=(1, 2), n=3, epsilon=1e-3),
    c("InstanceNormalization", "Add Mul RealDiv ReduceMean Sqrt Square Sub", IMAGE, f(4), f(4), k=(1, 2)),
    c("GroupNormalization", "Add Mul RealDiv ReduceMean Reshape Sqrt Square Sub", IMAGE, f(4), f(4), k=(1, 2),
      num_groups=2, opset=21),
    c("LpNormalization", "RealDiv ReduceSum Sqrt Square", X, axis=1),
    c("LpNormalization", "Abs RealDiv ReduceSum", X, axis=1, p=1),
    c("LRN", "LRN", IMAGE, size=3, alpha=0.01, beta=0.6, bias=1.5),
]  # fmt: skip

MATMUL = [
    c("MatMul", "MatMulV2", f(3, 4), f(4, 5)),
    c("MatMul", "BatchMatMul", f(2, 3, 4), f(2, 4, 5)),
    c("MatMul", "BatchMatMulV2", f(2, 3, 4), f(2, 4, 5), dynamic={0: (0,), 1: (0,)}),
    c("MatMul", "BatchMatMulV2", f(2, 3, 4), f(4, 5), k=(1,)),
    c("MatMul", "BatchMatMulV2", f(2, 1, 3, 4), f(6, 4, 5)),
    c("MatMul", "MatMulV2 Squeeze Unsqueeze", f(4), f(4, 5)),
    c("MatMul", "BatchMatMulV2 Squeeze Unsqueeze", f(2, 3, 4), f(4)),
    c("Gemm", "MatMulV2", f(3, 4), f(5, 4), f(5), k=(1, 2), transB=1),
    c("Gemm", "MatMulV2", f(4, 3), f(4, 5), k=(1,), transA=1, dynamic={0: (1,)}),
    c("Gemm", "Add MatMulV2 Mul", f(3, 4), f(4, 5), f(3, 1), k=(1, 2), alpha=0.5, beta=2.0),
    c("Einsum", "Einsum", f(2, 3, 4), f(2, 4, 5), equation="bij,bjk->bik"),
    c("Det", "MatrixDeterminant", f(2, 3, 3)),
]

_REDUCE = {
    "ReduceL1": "Abs ReduceSum", "ReduceL2": "ReduceSum Sqrt Square", "ReduceLogSumExp": "ReduceLogSumExp",
    "ReduceMax": "ReduceMax", "ReduceMean": "ReduceMean", "ReduceMin": "ReduceMin", "ReduceProd": "ReduceProd",
    "ReduceSum": "ReduceSum", "ReduceSumSquare": "ReduceSum Square",
}  # fmt: skip

REDUCE = [
    *(c(operator, ge, X, i([-1, 0]), k=(1,)) for operator, ge in _REDUCE.items()),
    *(c(operator, ge, X, keepdims=0) for operator, ge in _REDUCE.items()),
    c("ReduceMean", "ReduceMean", X, axes=[1], opset=13, dynamic={0: (0,)}),
    c("ReduceSum", "Identity", X, noop_with_empty_axes=1),
    c("ReduceLogSum", "Log ReduceSum", np.abs(X), i([1]), k=(1,)),
    c("ReduceMax", "ReduceAny", b(3, 4), i([1]), k=(1,), opset=20),
    c("ReduceMin", "ReduceAll", b(3, 4), i([1]), k=(1,), opset=20),
    c("ArgMax", "ArgMaxV2 ExpandDims", X, axis=-2),
    c("ArgMax", "ArgMaxV2", X, axis=1, keepdims=0),
    c("ArgMin", "ArgMin", X, axis=0, keepdims=0),
    c("CumSum", "Cumsum", X, i(-1), k=(1,)),
    c("CumSum", "Cumsum", X, i(1), k=(1,), exclusive=1, reverse=1),
    c("TopK", "Cast TopK", X, i([2]), k=(1,), n=2),
    c("TopK", "Cast TopK", X, i([2]), k=(1,), n=2, axis=1, largest=0),
]

SHAPE = [
    c("Reshape", "Reshape", X, i([4, -1]), k=(1,)),
    c("Reshape", "Reshape", X, i([0, 12]), k=(1,), dynamic={0: (0,)}),
    c("Reshape", "ConcatV2 GatherV2 Reshape Shape", X, i([0, 0, 2, -1]), k=(1,), dynamic={0: (0, 1)}),
    c("Reshape", "Reshape", X, i([4, 6])),
    c("Flatten", "Flatten", X),
    c("Flatten", "Reshape", X, axis=2),
    c("Flatten", "Reshape", X, axis=0),
    c("Transpose", "Transpose", X, perm=[2, 0, 1]),
    c("Transpose", "Transpose", X, dynamic={0: (1,)}),
    c("Squeeze", "Squeeze", f(1, 3, 1, 4), i([0, -2]), k=(1,)),
    c("Squeeze", "Squeeze", f(1, 3, 1, 4)),
    c("Unsqueeze", "ExpandDims", X, i([-1]), k=(1,)),
    c("Unsqueeze", "Unsqueeze", X, i([0, 2]), k=(1,)),
    c("Concat", "ConcatV2", X, f(2, 5, 4), axis=-2),
    c("Concat", "Identity", X, axis=0),
    c("Split", "SplitV", f(6, 4), i([1, 2, 3]), k=(1,), n=3),
    c("Split", "SplitV", f(2, 7), axis=-1, num_outputs=3, n=3),
    c("Split", "SplitV", f(2, 6), axis=1, opset=13, n=2),
    c("Expand", "BroadcastTo", f(3, 1), i([2, 1, 4]), k=(1,)),
    c("Expand", "Expand", f(3, 1), i([2, 3, 4])),
    c("Tile", "Tile", f(2, 3), i([2, 1]), k=(1,)),
    c("Pad", "Pad", X, i([0, 1, 0, 2, 0, 1]), k=(1,)),
    c("Pad", "PadV3", X, i([0, 1, 0, 2, 0, 1]), np.float32(1.5), k=(1, 2)),
    c("Pad", "PadV3", X, i([0, 1, 0, 1, 0, 1]), k=(1,), mode="edge"),
    c("Pad", "MirrorPad", X, i([0, 1, 2, 1, 0, 1]), k=(1,), mode="reflect"),
    c("Pad", "Pad", X, i([1, 2]), None, i([-1]), k=(1, 3)),
    c("Pad", "Pad StridedSlice", X, i([0, -1, 1, 1, 0, -2]), k=(1,)),
    c("Pad", "PadV3 StridedSlice", X, i([0, -1, 1, 1, 0, -2]), np.float32(2), k=(1, 2), dynamic={0: (1,)}),
    c("DepthToSpace", "DepthToSpace", f(1, 8, 2, 3), blocksize=2),
    c("DepthToSpace", "DepthToSpace", f(1, 8, 2, 3), blocksize=2, mode="CRD"),
    c("SpaceToDepth", "SpaceToDepth", f(1, 2, 4, 6), blocksize=2),
    c("ReverseSequence", "ReverseSequence", f(4, 3), i([1, 2, 4]), batch_axis=1, time_axis=0),
    c("Shape", "Shape", X, dynamic={0: (0,)}),
    c("Shape", "Shape StridedSlice", X, start=1, end=-1, dynamic={0: (1,)}),
    c("Size", "Size", X, dynamic={0: (0,)}),
    c("Dropout", "Identity", X),
]

INDEX = [
    c("Slice", "StridedSlice", X, i([1]), i([-1]), i([2]), k=(1, 2, 3)),
    c("Slice", "StridedSlice", X, i([0, 3]), i([9, 0]), i([1, 2]), i([2, -2]), k=(1, 2, 3, 4)),
    c("Slice", "StridedSlice", X, i([-1]), i([-(2**63) + 1]), i([1]), i([-1]), k=(1, 2, 3, 4)),
    c("Slice", "StridedSlice", X, i([1]), i([2**63 - 1]), i([1]), k=(1, 2, 3), dynamic={0: (1,)}),
    c("Slice", "StridedSlice", X, i([-1]), i([-(2**63) + 1]), i([1]), i([-1]), k=(1, 2, 3, 4), dynamic={0: (1,)}),
    c("Slice", "StridedSlice", X, i([-100]), i([-200]), i([2]), i([-1]), k=(1, 2, 3, 4)),
    c("Slice", "StridedSlice", X, i([1]), i([3]), i([2]), i([-1]), k=(1, 2, 3, 4)),
    c("Slice", "StridedSlice", X, i([3]), i([1]), i([2]), k=(1, 2, 3)),
    c("Slice", "StridedSlice", X, i([2**40]), i([2**63 - 1]), i([1]), k=(1, 2, 3), dynamic={0: (1,)}),
    c("Slice", "StridedSliceV2", X, i([1]), i([3]), i([2]), k=(3,)),
    c("Gather", "GatherV2", X, i([[0, -1], [2, 1]]), k=(1,), axis=1),
    c("Gather", "GatherV2", X, i([0, -2])),
    c("Gather", "GatherV2", X, i(1), k=(1,), axis=-1),
    c("GatherElements", "GatherElements", X, i([[[0, 1, -1, 0]]]), k=(1,), axis=1),
    c("GatherElements", "Add GatherElements Less SelectV2", X, i([[[0, 1, -1, 0]]]), axis=1),
    c(
        "GatherElements",
        "Add GatherElements GatherV2 Less SelectV2 Shape",
        X,
        i([[[0, 1, -1, 0]]]),
        axis=1,
        dynamic={0: (1,)},
    ),
    c("GatherND", "GatherNd", X, i([[0, 1], [1, 2]]), k=(1,)),
    c("GatherND", "ConcatV2 GatherNd", X, i([[[0], [2]], [[1], [-1]]]), batch_dims=1),
    c("GatherND", "GatherNd", X, i([[0, 1], [1, -1]])),
    c("ScatterND", "TensorScatterUpdate", X, i([[0, 1], [1, 2]]), f(2, 4)),
    c("ScatterND", "TensorScatterAdd", X, i([[0, 1], [1, 2]]), f(2, 4), reduction="add"),
    c("ScatterND", "TensorScatterMax", X, i([[0, 1], [1, 2]]), f(2, 4), reduction="max"),
    c("ScatterND", "TensorScatterMin", X, i([[0, 1], [1, 2]]), f(2, 4), reduction="min"),
    c("ScatterElements", "ScatterElements", X, i([[[1, 0, 2, 0]]]), f(1, 1, 4), axis=1),
    c("ScatterElements", "ScatterElements", X, i([[[1, 0, 2, 0]]]), f(1, 1, 4), axis=1, reduction="add"),
    c("OneHot", "Add Less OneHot SelectV2", i([0, 2, -1, 5]), i(3), np.array([0.5, 2], np.float32), k=(1, 2)),
    c("NonZero", "Transpose Where", b(3, 4)),
    c("Range", "Range", np.float32(0), np.float32(3), np.float32(0.5)),
    c("ConstantOfShape", "Fill", i([2, 3])),
    Case("EyeLike", "Identity", (f(3, 4),), (), {"k": 1}),
    c("Trilu", "Triu", f(3, 4), i(1), k=(1,)),
    c("Trilu", "Tril", f(2, 3, 4), upper=0),
]

SIZES = i([2, 4, 18, 24])
RESIZE = [
    c("Resize", "ResizeNearestNeighborV2", IMAGE, None, None, SIZES, k=(3,), nearest_mode="floor",
      coordinate_transformation_mode="asymmetric"),
    c("Resize", "ResizeNearestNeighborV2", IMAGE, None, None, i([2, 4, 5, 5]), k=(3,), nearest_mode="round_prefer_ceil"),
    c("Resize", "ResizeNearestNeighborV2", IMAGE, None, None, i([2, 4, 5, 6]), k=(3,), nearest_mode="round_prefer_ceil",
      coordinate_transformation_mode="align_corners"),
    c("Resize", "ResizeNearestNeighborV2", IMAGE, None, np.array([1, 1, 2, 2], np.float32), k=(2,), nearest_mode="floor",
      coordinate_transformation_mode="asymmetric"),
    c("Resize", "ResizeBilinearV2", IMAGE, None, None, SIZES, k=(3,), mode="linear"),
    c("Resize", "ResizeBilinearV2", IMAGE, None, None, i([2, 4, 5, 5]), k=(3,), mode="linear",
      coordinate_transformation_mode="align_corners"),
    c("Resize", "ResizeBilinearV2", IMAGE, None, None, i([2, 4, 5, 5]), k=(3,), mode="linear",
      coordinate_transformation_mode="asymmetric"),
    c("Resize", "ResizeBilinearV2", IMAGE, None, None, SIZES, k=(3,), mode="linear",
      coordinate_transformation_mode="pytorch_half_pixel"),
    c("Resize", "ResizeBilinearV2 Squeeze Unsqueeze", f(1, 2, 5), None, None, i([1, 2, 8]), k=(3,), mode="linear"),
    c("GridSample", "GridSampler2D", f(1, 2, 5, 6), f(1, 3, 4, 2), mode="linear", opset=20),
    c("GridSample", "GridSampler2D", f(1, 2, 5, 6), f(1, 3, 4, 2), mode="linear", opset=20, align_corners=1,
      padding_mode="border"),
]  # fmt: skip

_T, _B, _I, _H = 5, 2, 3, 4


def _recurrent(gates: int, sides: int, dtype: Any = np.float32) -> tuple[np.ndarray, ...]:
    """Sequence, input weights, hidden weights and biases."""
    shapes = ((_T, _B, _I), (sides, gates * _H, _I), (sides, gates * _H, _H), (sides, 2 * gates * _H))
    return tuple(f(*shape, low=-0.5, high=0.5).astype(dtype) for shape in shapes)


def _state(sides: int, dtype: Any = np.float32) -> np.ndarray:
    return f(sides, _B, _H).astype(dtype)


_HALF = np.float16
_LENGTHS = i([5, 3], np.int32)
RECURRENT = [
    c("LSTM", "DynamicRNN ExpandDims StridedSlice", *_recurrent(4, 1), k=(1, 2, 3), n=3, hidden_size=_H),
    c("LSTM", "DynamicRNN ExpandDims StridedSlice", *_recurrent(4, 1)[:3], k=(1, 2), n=3, hidden_size=_H),
    c("LSTM", "DynamicRNN ExpandDims StridedSlice", *_recurrent(4, 1), None, _state(1), _state(1), k=(1, 2, 3), n=3,
      hidden_size=_H),
    c("LSTM", "DynamicRNN ExpandDims StridedSlice", *_recurrent(4, 1), None, _state(1), k=(1, 2, 3), n=3, hidden_size=_H),
    c("LSTM", "DynamicRNN ExpandDims ReverseV2 StridedSlice", *_recurrent(4, 1), k=(1, 2, 3), n=3, hidden_size=_H,
      direction="reverse"),
    c("LSTM", "ConcatV2 DynamicRNN ExpandDims ReverseV2 StridedSlice", *_recurrent(4, 2), None, _state(2), _state(2),
      k=(1, 2, 3), n=3, hidden_size=_H, direction="bidirectional"),
    c("LSTM", "CommonLSTM", *_recurrent(4, 1), _LENGTHS, k=(1, 2, 3), n=3, hidden_size=_H),
    c("LSTM", "CommonLSTM", *_recurrent(4, 1), n=3, hidden_size=_H),
    c("LSTM", "CommonLSTM", *_recurrent(4, 1), k=(1, 2, 3), n=3, hidden_size=_H, activations=["Sigmoid", "Relu", "Tanh"]),
    c("GRU", "CommonGRU", *_recurrent(3, 2), None, _state(2), k=(1, 2, 3), n=2, hidden_size=_H, direction="bidirectional",
      linear_before_reset=1),
    c("GRU", "CommonGRU", *_recurrent(3, 1), k=(1, 2, 3), n=2, hidden_size=_H),
]  # fmt: skip

FAMILIES = {
    "elementwise": ELEMENTWISE, "activation": ACTIVATION, "conv": CONV, "pool": POOL, "norm": NORM, "matmul": MATMUL,
    "reduce": REDUCE, "shape": SHAPE, "index": INDEX, "resize": RESIZE, "recurrent": RECURRENT,
}  # fmt: skip

WITHOUT_KERNEL = [
    c("GRU", "DynamicGRUV2 ExpandDims StridedSlice", *_recurrent(3, 1, _HALF), k=(1, 2, 3), n=2, hidden_size=_H,
      linear_before_reset=1),
    c("GRU", "ConcatV2 DynamicGRUV2 ExpandDims ReverseV2 Squeeze StridedSlice", *_recurrent(3, 2, _HALF), None, _state(2, _HALF),
      k=(1, 2, 3), n=2, hidden_size=_H, direction="bidirectional"),
    c("OneHot", "Add Cast Less OneHot SelectV2", i([0, 2], np.uint8), i(3), np.array([0.5, 2], np.float32), k=(1, 2), axis=0),
    c("BatchNormalization", "BNInfer", *(f(*shape, low=0.5).astype(_HALF) for shape in ((1, 3, 4, 4), *[(3,)] * 4)),
      k=(1, 2, 3, 4)),
    c("BatchNormalization", "BNInfer Cast", *(f(*shape, low=0.5).astype(_HALF) for shape in ((1, 3, 4, 4), *[(3,)] * 4))),
    c("RMSNormalization", "Add Mul RealDiv ReduceMean Sqrt Square", X, f(4), k=(1,), opset=23),
]  # fmt: skip
"""Cases that ONNX Runtime cannot run as they are; the ONNX reference implementation does."""
