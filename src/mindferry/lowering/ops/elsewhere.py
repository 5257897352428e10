"""Primitives that no ONNX model can hold: communication, code of the host, control flow that MindSpore unrolls."""

from __future__ import annotations

from mindferry.lowering.registry import refuse

refuse(
    "exchanges data between devices; export the network of one device",
    "AllGather", "AllReduce", "AllReduceExt", "AlltoAll", "AlltoAllV", "Barrier", "Broadcast", "CollectiveGather",
    "CollectiveScatter", "NeighborExchange", "NeighborExchangeV2", "Receive", "Reduce", "ReduceScatter", "Send",
)  # fmt: skip
refuse("runs code or reads queues of the host", "Custom", "GetNext", "PyExecute", "PyFunc")
refuse("stops the program with an error, which ONNX cannot", "raise")
refuse("is resolved while MindSpore compiles a network", "ForiLoop", "Scan", "WhileLoop")
