"""Primitives of no family, and those that have no ONNX form, by reason."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.layouts import one_axis
from mindferry.lowering.registry import lowers, refuse

refuse(
    "is a gradient, which no network for inference needs",
    "DepthwiseConv2dNativeBackpropInput", "Dilation2DBackpropFilter", "Dilation2DBackpropInput",
)  # fmt: skip
refuse(
    "is part of second-order training on Ascend",
    "CusBatchMatMul", "CusImg2Col", "CusMatMulCube", "CusMatMulCubeDenseLeft", "CusMatMulCubeDenseRight",
    "CusMatMulCubeFraczLeftCast", "CusMatMulCubeFraczRightMul", "CusMatrixCombine", "CusTranspose02314", "DetTriangle",
    "LoadIm2Col", "NewIm2Col", "ThorIm2Col", "UpdateThorGradient",
)  # fmt: skip
refuse(
    "has no definition but Ascend's own kernel",
    "BatchDilatePolys", "ComputeAccidentalHits", "DSDMatmul", "Dequant", "FFN", "FormatCast",
    "GenerateEodMask", "GenerateEodMaskV2", "Gmm", "GmmV2",
    "KMeansCentroids", "MatmulDDS", "NonZeroWithValue", "NonZeroWithValueShape", "OCRDetectionPostHandle",
    "OCRDetectionPreHandle", "OCRFindContours", "OCRIdentifyPreHandle", "OCRRecognitionPreHandle", "ParallelResizeBilinear",
    "ProdForceSeA", "PsROIPooling", "ResizeAndClipPolys", "RotatedIou", "SilentCheckV2", "SilentCheckV3", "TopKRouter",
    "TopPRouter", "TransShape", "WKV",
)  # fmt: skip
refuse(
    "moves data between processes or devices",
    "BatchAssign", "BatchEnqueue", "CreateSymmetricMemory", "Dequeue", "Free", "GetData", "GetMem", "InplaceToDevice", "Merge",
    "PartitionedCall", "PutMem", "PutMemSignal", "RefToEmbed", "Reshard", "SetData", "SignalOp", "SignalWaitUntil",
    "StackDestroy", "StackInit", "StackPop", "UpdateToDevice", "UpdateToRemote",
)  # fmt: skip
refuse(
    "works on Python values or text, which MindSpore resolves before it exports",
    "DType", "DecodeImage", "DtypeToEnum", "ErrorOnDynamicShapeInput", "Format", "GetitemTensorIndexInfo", "IsConstant",
    "IsInstance", "IsParameter", "IsSubClass", "PyInterpret", "SameTypeShape", "SetitemTensorIndexInfo", "SliceGetItem",
    "StringLength", "StringToEnum", "TopTypeof",
)  # fmt: skip


@lowers("TileSize")
def tile_size(op: Context, shape: tuple[Any, ...], out_shape: tuple[Any, ...], ndim: Any) -> tuple[Any, ...]:
    """How often each axis of a shape is repeated in another: its new size where the two differ, else once."""
    (count,) = op.integers(ndim, "ndim")

    def times(old: Any, new: Any) -> Any:
        if isinstance(old, int) and isinstance(new, int):
            return new if new != old else 1
        old, new = (op.cast(size, ir.DataType.INT64) for size in (old, new))
        return op.Where(op.Equal(old, new), op.cast(1, ir.DataType.INT64), new)

    sizes = [times(old, new) for old, new in zip(shape, out_shape, strict=False)]
    return (*sizes, *[1] * (count - len(sizes)))


@lowers("Shift")
def shift(op: Context, x: ir.Value, fill_value: Any, *, periods: int, axis: int) -> ir.Value:
    """x moved along an axis, towards its end where periods is positive; what comes in is the fill value."""
    rank = op.rank(x)
    place = one_axis(op, axis, rank)
    size = op.dim(x, place)
    by = max(-size, min(periods, size)) if isinstance(size, int) else periods
    pads = [0] * (2 * rank)
    pads[place if by > 0 else place + rank] = abs(by)
    moved = op.Pad(x, pads, op.Reshape(op.cast(fill_value, x.dtype or ir.DataType.FLOAT), op.constant([])))
    if by > 0:
        return op.Slice(moved, [0], [-by], [place])
    return op.Slice(moved, [-by], [1 << 60], [place]) if by else x


@lowers("ConfusionMatrix")
def confusion_matrix(
    op: Context, labels: ir.Value, predictions: ir.Value, weights: ir.Value | None = None, *, num_classes: int,
    dtype: Any = None,
) -> ir.Value:  # fmt: skip
    """How often (or with which total weight) each prediction (column) meets each label (row)."""
    kind = ir.DataType.FLOAT
    classes = op.Range(0, num_classes, 1)

    def hot(x: ir.Value) -> ir.Value:
        return op.cast(op.Equal(op.Unsqueeze(op.cast(x, ir.DataType.INT64), [1]), classes), kind)

    rows = hot(labels) if weights is None else op.Mul(hot(labels), op.Unsqueeze(op.cast(weights, kind), [1]))
    return op.cast(op.MatMul(op.Transpose(rows, perm=[1, 0]), hot(predictions)), op.result_dtype or kind)
