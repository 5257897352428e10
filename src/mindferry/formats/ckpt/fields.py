"""A checkpoint's messages as field tables, and its names of element types.

Field numbers are those of mindspore/python/mindspore/train/checkpoint.proto (Apache-2.0).
"""

from __future__ import annotations

from mindferry.formats._wire import Schema, table
from mindferry.types import DType

CHECKPOINT = Schema({
    "Value": table(tag=(1, "string"), tensor=(2, "Tensor"), maptensor=(3, "bytes")),
    "Tensor": table(dims=(1, "int[]"), tensor_type=(2, "string"), tensor_content=(3, "bytes")),
})  # fmt: skip

TENSOR_TYPES = {
    "Int8": DType.INT8, "Int16": DType.INT16, "Int32": DType.INT32, "Int64": DType.INT64,
    "UInt8": DType.UINT8, "UInt16": DType.UINT16, "UInt32": DType.UINT32, "UInt64": DType.UINT64,
    "Float16": DType.FLOAT16, "BFloat16": DType.BFLOAT16, "Float32": DType.FLOAT32, "Float64": DType.FLOAT64,
    "Complex64": DType.COMPLEX64, "Complex128": DType.COMPLEX128, "Bool": DType.BOOL, "str": DType.STRING,
}  # fmt: skip
"""TensorProto.tensor_type; a str is UTF-32, little endian."""

SAFETENSORS_TYPES = {
    "BOOL": DType.BOOL, "I8": DType.INT8, "I16": DType.INT16, "I32": DType.INT32, "I64": DType.INT64,
    "U8": DType.UINT8, "U16": DType.UINT16, "U32": DType.UINT32, "U64": DType.UINT64,
    "F16": DType.FLOAT16, "BF16": DType.BFLOAT16, "F32": DType.FLOAT32, "F64": DType.FLOAT64, "C64": DType.COMPLEX64,
}  # fmt: skip

CRC_MARK = b"crc_num"
CRC_TRAILER = len(CRC_MARK) + 10
"""Bytes behind the last Value where crc_check was asked for: the mark, then the CRC-32 of all before, big endian."""
