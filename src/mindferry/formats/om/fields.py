"""The numbers of the OM container: header, partitions and the kinds of block in MODEL_INOUT_INFO."""

from __future__ import annotations

import struct

MAGIC = b"IMOD"
HEADER_SIZE = 256
VERSION_ONE_MODEL, VERSION = 0x10000000, 0x20000000

HEADER = struct.Struct("<4sII64sIBBBB32sI32sII20sB3xQBB62s")
"""The header in the order of the format's description."""

WIDE_TABLE, WIDE_ENTRY = struct.Struct("<I4x"), struct.Struct("<I4xQQ")
NARROW_TABLE, NARROW_ENTRY = struct.Struct("<I"), struct.Struct("<III")

MODEL_TYPES = {0: "IR", 1: "standard", 2: "tiny", 3: "flow", 4: "lite", 5: "bundle"}
IR, FLOW = 0, 3

MODEL_DEF, WEIGHTS_DATA, TASK_INFO, MODEL_INOUT_INFO = 0, 1, 2, 8
PARTITIONS = {
    0: "MODEL_DEF", 1: "WEIGHTS_DATA", 2: "TASK_INFO", 3: "TBE_KERNELS", 4: "CUST_AICPU_KERNELS", 5: "SO_BINS",
    6: "FLOW_MODEL", 7: "FLOW_SUBMODEL", 8: "MODEL_INOUT_INFO", 9: "STATIC_TASK_DESC", 10: "DYNAMIC_TASK_DESC",
    11: "TASK_PARAM", 12: "TILING_DATA", 20: "PRE_MODEL_DESC", 21: "PRE_MODEL_SQE", 22: "PRE_KERNEL_ARGS",
    23: "PRE_MODEL_DESC_EXTEND", 24: "BUNDLE_MODEL_INFO", 25: "BUNDLE_MODEL_VAR_INFO", 26: "CUSTOM_OPS",
}  # fmt: skip

BLOCK = struct.Struct("<II")
INPUTS, OUTPUTS, DYNAMIC_BATCH, DYNAMIC_IMAGE, DYNAMIC_DIMS, OUTPUT_SHAPES, SHAPE_ORDER = range(7)
"""Kinds of block in MODEL_INOUT_INFO."""

COUNT = struct.Struct("<I")
TENSOR = struct.Struct("<QiiIIII")
"""Bytes, `ge::Format`, `ge::DataType`, and the lengths of name, dims, second dims and shape ranges."""

SIMULATED = "mindferry_simulated"
"""Attribute of a simulated model: what it is; such a file has no TASK_INFO, without which no device loads it."""

ONNX = "mindferry_onnx"
"""Attribute of a simulated model: its ONNX graph, whose large weights lie in WEIGHTS_DATA."""

AIPP = "mindferry_aipp"
"""Attribute of a simulated model: its preprocessing, as JSON."""

PROFILE_INPUT = "ascend_mbatch_shape_data"
"""The input through which the shape of a call is chosen."""

AIPP_INPUT = "ascend_dynamic_aipp_data"
"""The input through which the preprocessing of a call is chosen."""
