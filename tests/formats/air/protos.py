"""Protobuf classes for AIR, an independent reader: made from these descriptions, not from the product's tables."""

from __future__ import annotations

import functools
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_PACKAGE = "mindferry_tests_air"
_MESSAGES = """
Model: name=1:string version=2:uint32 custom_version=3:string graph=7:Graph* attr=11:Attr%
Graph: name=1:string input=4:string* output=5:string* op=6:Op* attr=11:Attr%
Op: name=1:string type=2:string input=5:string* attr=10:Attr% has_out_attr=20:bool id=21:int64 stream_id=22:int64 input_name=23:string* src_name=24:string* src_index=25:int64* dst_name=26:string* dst_index=27:int64* input_i=28:int64* output_i=29:int64* workspace=30:int64* workspace_bytes=31:int64* is_input_const=32:bool* input_desc=33:Desc* output_desc=34:Desc* subgraph_name=35:string*
Desc: name=1:string dtype=2:int32 shape=3:Shape layout=4:string attr=5:Attr% has_out_attr=9:bool size=10:int64 weight_size=11:int64 reuse_input=12:bool output_tensor=13:bool device_type=14:string input_tensor=15:bool real_dim_cnt=16:int64 reuse_input_index=17:int64 data_offset=18:int64 cmps_size=19:int64 cmps_tab=20:string cmps_tab_offset=21:int64
Shape: dim=1:int64*
Tensor: desc=1:Desc data=2:bytes
Named: name=1:string attr=2:Attr%
Attr: list=1:List? s=2:bytes? i=3:int64? f=4:float? b=5:bool? bt=7:bytes? func=10:Named? td=11:Desc? t=12:Tensor? g=13:Graph? list_list_int=14:ListListInt? dt=15:int64?
List: s=2:bytes* i=3:int64* f=4:float* b=5:bool* bt=7:bytes* td=8:Desc* t=9:Tensor* g=10:Graph* na=11:Named* dt=12:int64* val_type=20:int32
ListListInt: list_list_i=1:ListInt*
ListInt: list_i=1:int64*
"""  # noqa: E501


@functools.cache
def classes() -> dict[str, Any]:
    """Message classes by name. `*` is repeated, `%` a map from string, `?` a member of the message's one oneof."""
    file = descriptor_pb2.FileDescriptorProto(name=f"{_PACKAGE}.proto", package=_PACKAGE, syntax="proto3")
    for line in _MESSAGES.strip().splitlines():
        name, _, rows = line.partition(": ")
        message = file.message_type.add(name=name)
        for row in rows.split():
            _add_field(message, row)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    names = [message.name for message in file.message_type]
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in names}


def _add_field(message: Any, row: str) -> None:
    field = descriptor_pb2.FieldDescriptorProto
    name, _, rest = row.partition("=")
    number, _, kind = rest.partition(":")
    plain = kind.rstrip("*%?")
    one = message.field.add(name=name, number=int(number), label=field.LABEL_OPTIONAL)
    if kind.endswith("%"):
        entry = message.nested_type.add(name=f"{name.title()}Entry")
        entry.options.map_entry = True
        entry.field.add(name="key", number=1, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL)
        value = entry.field.add(name="value", number=2, type=field.TYPE_MESSAGE, label=field.LABEL_OPTIONAL)
        value.type_name = f".{_PACKAGE}.{plain}"
        one.label, one.type = field.LABEL_REPEATED, field.TYPE_MESSAGE
        one.type_name = f".{_PACKAGE}.{message.name}.{name.title()}Entry"
        return
    if kind.endswith("*"):
        one.label = field.LABEL_REPEATED
    if kind.endswith("?"):
        if not message.oneof_decl:
            message.oneof_decl.add(name="value")
        one.oneof_index = 0
    if plain[0].isupper():
        one.type, one.type_name = field.TYPE_MESSAGE, f".{_PACKAGE}.{plain}"
    else:
        one.type = getattr(field, f"TYPE_{plain.upper()}")
