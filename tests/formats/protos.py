"""Generated protobuf classes for MindSpore's files, made from these descriptions, as an independent reader and writer.

A line is `Message: field=number:type`, where `*` marks a repeated field and an enumeration is an int32.
"""

from __future__ import annotations

import functools
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_MIND_IR = """
Attribute: name=1:string f=2:float i=3:int64 d=4:double s=5:bytes t=6:Tensor g=7:Graph floats=8:float* doubles=9:double* ints=10:int64* strings=11:bytes* tensors=12:Tensor* graphs=13:Graph* doc_string=14:string ref_attr_name=15:string type=16:int32 values=17:Attribute* seq_info=18:Sequence
Sequence: is_dyn_len=1:bool tuple_elem_item=2:Attribute
Value: name=1:string tensor=2:Tensor* doc_string=3:string denotation=4:string attr_info=5:Attribute
Node: input=1:string* output=2:string* name=3:string op_type=4:string attribute=5:Attribute* doc_string=6:string domain=7:string node_attr=8:Attribute* primal_attr=9:Attribute*
Model: ir_version=1:string producer_name=2:string producer_version=3:string domain=4:string model_version=5:string doc_string=6:string graph=7:Graph functions=8:Graph* little_endian=10:bool primitives=12:Primitive* mind_ir_version=13:int64 user_info=14:Entry*
Entry: key=1:string value=2:string
Graph: node=1:Node* name=2:string parameter=3:Tensor* doc_string=4:string input=5:Value* output=6:Value* bprop_hash=7:string attribute=8:Attribute* bprop_filepath=9:string map_parameter=10:MapTensor*
Tensor: dims=1:int64* data_type=2:int32 float_data=3:float* int32_data=4:int32* string_data=5:bytes* int64_data=6:int64* name=7:string doc_string=8:string raw_data=9:bytes double_data=10:double* uint64_data=11:uint64* external_data=12:External ref_key=13:string min_dims=14:int64* max_dims=15:int64* compression_type=16:int32
External: location=1:string offset=2:int64 length=3:int64
MapTensor: name=1:string
Primitive: name=1:string op_type=2:string attribute=3:Attribute* instance_name=4:string prim_type=5:int32
"""  # noqa: E501

_CHECKPOINT = """
Checkpoint: value=1:Value*
Value: tag=1:string tensor=2:Tensor maptensor=3:MapTensor
Tensor: dims=1:int64* tensor_type=2:string tensor_content=3:bytes
MapTensor: tensor=1:Tensor*
"""


@functools.cache
def mind_ir() -> dict[str, Any]:
    """Message classes of mind_ir.proto by name."""
    return _classes("mindferry_tests_mind_ir", _MIND_IR)


@functools.cache
def checkpoint() -> dict[str, Any]:
    """Message classes of checkpoint.proto by name."""
    return _classes("mindferry_tests_checkpoint", _CHECKPOINT)


def _classes(package: str, text: str) -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto2")
    for line in text.strip().splitlines():
        name, _, rows = line.partition(": ")
        message = file.message_type.add(name=name)
        for row in rows.split():
            _add_field(message, row, package)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    names = [message.name for message in file.message_type]
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}")) for name in names}


def _add_field(message: Any, row: str, package: str) -> None:
    name, _, rest = row.partition("=")
    number, _, kind = rest.partition(":")
    field = message.field.add(name=name, number=int(number))
    field.label = field.LABEL_REPEATED if kind.endswith("*") else field.LABEL_OPTIONAL
    kind = kind.rstrip("*")
    if kind[0].isupper():
        field.type, field.type_name = field.TYPE_MESSAGE, f".{package}.{kind}"
    else:
        field.type = getattr(field, f"TYPE_{kind.upper()}")
