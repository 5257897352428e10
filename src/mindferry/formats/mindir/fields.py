"""MindIR's messages as field tables: `mind_ir.ModelProto` (MindSpore 1.1 on) and the ONNX schema that 1.0 wrote.

Field numbers are those of mindspore/core/proto/mind_ir.proto (Apache-2.0) and onnx/onnx.proto.
"""

from __future__ import annotations

from mindferry.formats._wire import Schema, table
from mindferry.types import DType

_TENSOR: dict[str, tuple[int, str]] = {
    "dims": (1, "int[]"), "data_type": (2, "int"), "float_data": (3, "float[]"), "int32_data": (4, "int[]"), "string_data": (5, "bytes[]"),
    "int64_data": (6, "int[]"), "name": (7, "string"), "raw_data": (9, "bytes"), "double_data": (10, "double[]"),
    "uint64_data": (11, "uint[]"), "external_data": (12, "External"), "ref_key": (13, "string"), "compression_type": (16, "int"),
}  # fmt: skip

MIND_IR = Schema({
    "Model": table(
        ir_version=(1, "string"), producer_name=(2, "string"), producer_version=(3, "string"), model_version=(5, "string"),
        graph=(7, "Graph"), functions=(8, "Graph[]"), little_endian=(10, "bool"), primitives=(12, "Primitive[]"),
        mind_ir_version=(13, "int"), user_info=(14, "Entry[]"),
    ),
    "Graph": table(
        node=(1, "Node[]"), name=(2, "string"), parameter=(3, "Tensor[]"), input=(5, "Value[]"), output=(6, "Value[]"),
        attribute=(8, "Attribute[]"), map_parameter=(10, "MapTensor[]"),
    ),
    "Node": table(
        input=(1, "string[]"), output=(2, "string[]"), name=(3, "string"), op_type=(4, "string"),
        attribute=(5, "Attribute[]"), domain=(7, "string"),
    ),
    "Value": table(name=(1, "string"), tensor=(2, "Tensor[]"), denotation=(4, "string"), attr_info=(5, "Attribute")),
    "Attribute": table(
        name=(1, "string"), f=(2, "float"), i=(3, "int"), d=(4, "double"), s=(5, "bytes"), t=(6, "Tensor"),
        floats=(8, "float[]"), doubles=(9, "double[]"), ints=(10, "int[]"), strings=(11, "bytes[]"), tensors=(12, "Tensor[]"),
        ref_attr_name=(15, "string"), type=(16, "int"), values=(17, "Attribute[]"), seq_info=(18, "Sequence"),
    ),
    "Sequence": table(is_dyn_len=(1, "bool")),
    "Tensor": table(**_TENSOR),
    "External": table(location=(1, "string"), offset=(2, "int"), length=(3, "int")),
    "MapTensor": table(name=(1, "string")),
    "Primitive": table(name=(1, "string"), op_type=(2, "string"), attribute=(3, "Attribute[]"), prim_type=(5, "int")),
    "Entry": table(key=(1, "string"), value=(2, "string")),
})  # fmt: skip

ONNX_1_0 = Schema({
    "Model": table(
        ir_version=(1, "int"), producer_name=(2, "string"), producer_version=(3, "string"), model_version=(5, "int"),
        graph=(7, "Graph"), opset_import=(8, "Opset[]"),
    ),
    "Opset": table(domain=(1, "string"), version=(2, "int")),
    "Graph": table(
        node=(1, "Node[]"), name=(2, "string"), initializer=(5, "Tensor[]"), input=(11, "Value[]"), output=(12, "Value[]"),
    ),
    "Node": table(
        input=(1, "string[]"), output=(2, "string[]"), name=(3, "string"), op_type=(4, "string"),
        attribute=(5, "Attribute[]"), domain=(7, "string"),
    ),
    "Value": table(name=(1, "string"), type=(2, "Type")),
    "Type": table(tensor_type=(1, "TensorType")),
    "TensorType": table(elem_type=(1, "int"), shape=(2, "Shape")),
    "Shape": table(dim=(1, "Dim[]")),
    "Dim": table(dim_value=(1, "int")),
    "Attribute": table(
        name=(1, "string"), f=(2, "float"), i=(3, "int"), s=(4, "bytes"), t=(5, "Tensor"), floats=(7, "float[]"),
        ints=(8, "int[]"), strings=(9, "bytes[]"), tensors=(10, "Tensor[]"), type=(20, "int"), ref_attr_name=(21, "string"),
    ),
    "Tensor": table(
        dims=(1, "int[]"), data_type=(2, "int"), float_data=(4, "float[]"), int32_data=(5, "int[]"), string_data=(6, "bytes[]"),
        int64_data=(7, "int[]"), name=(8, "string"), raw_data=(9, "bytes"), double_data=(10, "double[]"), uint64_data=(11, "uint[]"),
    ),
})  # fmt: skip

DATA_TYPES = {
    1: DType.FLOAT32, 2: DType.UINT8, 3: DType.INT8, 4: DType.UINT16, 5: DType.INT16, 6: DType.INT32, 7: DType.INT64,
    8: DType.STRING, 9: DType.BOOL, 10: DType.FLOAT16, 11: DType.FLOAT64, 12: DType.UINT32, 13: DType.UINT64,
    14: DType.COMPLEX64, 15: DType.COMPLEX128, 16: DType.BFLOAT16, 17: DType.FLOAT64,
}  # fmt: skip
"""TensorProto.data_type, and the scalar kinds of AttributeProto.type."""

FLOAT, INT8, INT64, STRING, BOOL, DOUBLE, UINT64, TENSOR, TENSORS = 1, 3, 7, 8, 9, 11, 13, 17, 19
TUPLE, LIST, DICT, UMONAD, IOMONAD, NONE = 20, 21, 22, 23, 24, 25
PRIMITIVE_CLOSURE, FUNC_GRAPH_CLOSURE, PARTIAL_CLOSURE, UNION_CLOSURE = 26, 27, 28, 29
CLASS_TYPE, NAME_SPACE, SYMBOL, TYPE_NULL, FUNCTOR, SCALAR = 33, 34, 35, 36, 38, 39
