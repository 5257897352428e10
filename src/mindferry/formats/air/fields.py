"""AIR's messages as a field table: `ge.proto.ModelDef`, and the enumerations of the compiler's graph engine (GE).

Field numbers are those of ge_ir.proto (Apache-2.0, the Ascend metadef project, 2021) and the few newer ones that later compilers
write. A protobuf map is a repeated message of key and value.
"""

from __future__ import annotations

from mindferry.formats._wire import Schema, table
from mindferry.types import DType

GE_IR = Schema({
    "Model": table(
        name=(1, "string"), version=(2, "uint"), custom_version=(3, "string"), graph=(7, "Graph[]"), attr=(11, "Entry[]"),
    ),
    "Graph": table(
        name=(1, "string"), input=(4, "string[]"), output=(5, "string[]"), op=(6, "Op[]"), attr=(11, "Entry[]"),
    ),
    "Op": table(
        name=(1, "string"), type=(2, "string"), input=(5, "string[]"), attr=(10, "Entry[]"), has_out_attr=(20, "bool"),
        id=(21, "int"), stream_id=(22, "int"), input_name=(23, "string[]"), src_name=(24, "string[]"),
        src_index=(25, "int[]"), dst_name=(26, "string[]"), dst_index=(27, "int[]"), input_i=(28, "int[]"),
        output_i=(29, "int[]"), workspace=(30, "int[]"), workspace_bytes=(31, "int[]"), is_input_const=(32, "bool[]"),
        input_desc=(33, "Descriptor[]"), output_desc=(34, "Descriptor[]"), subgraph_name=(35, "string[]"),
    ),
    "Descriptor": table(
        name=(1, "string"), dtype=(2, "int"), shape=(3, "Shape"), layout=(4, "string"), attr=(5, "Entry[]"),
        has_out_attr=(9, "bool"), size=(10, "int"), weight_size=(11, "int"), reuse_input=(12, "bool"),
        output_tensor=(13, "bool"), device_type=(14, "string"), input_tensor=(15, "bool"), real_dim_cnt=(16, "int"),
        reuse_input_index=(17, "int"), data_offset=(18, "int"), cmps_size=(19, "int"), cmps_tab=(20, "string"),
        cmps_tab_offset=(21, "int"),
    ),
    "Shape": table(dim=(1, "int[]")),
    "Tensor": table(desc=(1, "Descriptor"), data=(2, "bytes")),
    "Entry": table(key=(1, "string"), value=(2, "Attribute")),
    "Attribute": table(
        list=(1, "List"), s=(2, "bytes"), i=(3, "int"), f=(4, "float"), b=(5, "bool"), bt=(7, "bytes"), func=(10, "Named"),
        td=(11, "Descriptor"), t=(12, "Tensor"), g=(13, "Graph"), list_list_int=(14, "ListListInt"), dt=(15, "int"),
        list_list_float=(16, "ListListFloat"), expression=(17, "string"),
    ),
    "Named": table(name=(1, "string"), attr=(2, "Entry[]")),
    "List": table(
        s=(2, "bytes[]"), i=(3, "int[]"), f=(4, "float[]"), b=(5, "bool[]"), bt=(7, "bytes[]"), td=(8, "Descriptor[]"),
        t=(9, "Tensor[]"), g=(10, "Graph[]"), na=(11, "Named[]"), dt=(12, "int[]"), val_type=(20, "int"),
    ),
    "ListListInt": table(list_list_i=(1, "ListInt[]")),
    "ListInt": table(list_i=(1, "int[]")),
    "ListListFloat": table(list_list_f=(1, "ListFloat[]")),
    "ListFloat": table(list_f=(1, "float[]")),
})  # fmt: skip

VALUE_TYPES = {"s": 1, "i": 2, "f": 3, "b": 4, "bt": 5, "td": 6, "t": 7, "g": 8, "na": 9, "dt": 10}
"""List.val_type by the field of List that holds the values; 0 is a list without a type."""

DATA_TYPES = {
    1: DType.FLOAT32, 2: DType.FLOAT16, 3: DType.INT8, 4: DType.UINT8, 5: DType.INT16, 6: DType.UINT16, 7: DType.INT32,
    8: DType.INT64, 9: DType.UINT32, 10: DType.UINT64, 11: DType.BOOL, 12: DType.FLOAT64, 13: DType.STRING,
    16: DType.COMPLEX64, 17: DType.COMPLEX128, 27: DType.BFLOAT16,
}  # fmt: skip
"""Descriptor.dtype: the numbers of the proto enumeration `ge.proto.DataType`; 0 is undefined."""

ENGINE_TYPES = {
    0: DType.FLOAT32, 1: DType.FLOAT16, 2: DType.INT8, 3: DType.INT32, 4: DType.UINT8, 6: DType.INT16, 7: DType.UINT16,
    8: DType.UINT32, 9: DType.INT64, 10: DType.UINT64, 11: DType.FLOAT64, 12: DType.BOOL, 13: DType.STRING,
    16: DType.COMPLEX64, 17: DType.COMPLEX128, 27: DType.BFLOAT16,
}  # fmt: skip
"""Attribute.dt and int attributes that mean an element type (Cast.dst_type, Shape.dtype): `ge::DataType`, also aclDataType."""

FORMATS = {
    "NCHW": 0, "NHWC": 1, "ND": 2, "NC1HWC0": 3, "FRACTAL_Z": 4, "NC1HWC0_C04": 12, "HWCN": 16, "NDHWC": 27,
    "FRACTAL_NZ": 29, "NCDHW": 30, "NDC1HWC0": 32, "NC": 35, "NCL": 47,
}  # fmt: skip
"""`ge::Format`: Descriptor.layout by name, `format_for_int` by number."""
