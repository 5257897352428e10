"""Primitives that no ONNX model can hold: training, other devices, the host, and what MindSpore resolves itself."""

from __future__ import annotations

from mindferry.lowering.registry import refuse

refuse(
    "exchanges data between devices; export the network of one device",
    "AllGather", "AllReduce", "AllReduceExt", "AlltoAll", "AlltoAllV", "Barrier", "Broadcast", "CollectiveGather",
    "CollectiveScatter", "CreateSymmetricMemory", "GetMem", "NeighborExchange", "NeighborExchangeV2", "PutMem",
    "PutMemSignal", "Receive", "Reduce", "ReduceScatter", "Reshard", "Send", "SignalOp", "SignalWaitUntil",
)  # fmt: skip
refuse(
    "runs code or reads queues of the host",
    "BatchEnqueue", "Custom", "DecodeImage", "Dequeue", "Format", "GetData", "GetNext", "OCRDetectionPostHandle",
    "OCRDetectionPreHandle", "OCRFindContours", "OCRIdentifyPreHandle", "OCRRecognitionPreHandle", "PyExecute", "PyFunc",
    "PyInterpret", "SetData", "BatchDilatePolys", "ResizeAndClipPolys",
)  # fmt: skip
refuse(
    "is a step of training",
    "ActsULQ", "CorrectionMul", "CusBatchMatMul", "CusImg2Col", "CusMatMulCube", "CusMatMulCubeDenseLeft",
    "CusMatMulCubeDenseRight", "CusMatMulCubeFraczLeftCast", "CusMatMulCubeFraczRightMul", "CusMatrixCombine",
    "CusTranspose02314", "DetTriangle", "Dilation2DBackpropInput", "IFMR", "KMeansCentroids", "LoadIm2Col",
    "MinMaxUpdatePerChannel", "MinMaxUpdatePerLayer", "NewIm2Col", "ProdForceSeA", "RefToEmbed", "SilentCheckV2",
    "SilentCheckV3", "ThorIm2Col", "WtsARQ", "ComputeAccidentalHits",
)  # fmt: skip
refuse(
    "moves memory or changes its layout on Ascend",
    "Dequant", "FormatCast", "Free", "TransShape", "UpdateToDevice", "UpdateToRemote",
)  # fmt: skip
refuse(
    "is resolved while MindSpore compiles a network, so no exported file holds it",
    "DType", "DtypeToEnum", "ErrorOnDynamicShapeInput", "ForiLoop", "GetitemTensorIndexInfo", "IsConstant", "IsInstance",
    "IsParameter", "IsSubClass", "Merge", "PartitionedCall", "SameTypeShape", "Scan", "SetitemTensorIndexInfo",
    "SliceGetItem", "StringLength", "StringToEnum", "TileSize", "TopTypeof", "WhileLoop", "raise",
)  # fmt: skip
refuse("has no CPU kernel and no definition to follow", "FFN", "Gmm", "GmmV2", "TopKRouter", "TopPRouter", "WKV")
