"""OM, the offline model that the Ascend compiler (ATC) writes and a device loads.

All numbers are little-endian. A file is a header of 256 bytes and then, for each of its models, a table of partitions
and their data:

    magic "IMOD", header size u32 = 256, version u32 (0x10000000, 0x20000000), checksum[64], length u32,
    encrypted u8, checksummed u8, model type u8, generation mode u8, name[32], ops u32, user information[32],
    IR version u32, model count u32 (from version 0x20000000 on), platform version[20], platform type u8, pad[3],
    model length u64, check of the host's system u8, dynamic shapes u8, reserved[62]

    table, where model length is not 0 or the model is a flow:  count u32, pad u32, {type u32, pad u32, offset u64, size u64}
    table otherwise:                                            count u32, {type u32, offset u32, size u32}
    data of all partitions, back to back in the order of the table

| partition | content |
| --- | --- |
| 0 MODEL_DEF | `ge.proto.ModelDef` as in AIR, with memory plan, and a NetOutput op whose inputs are the model's outputs |
| 1 WEIGHTS_DATA | the bytes of all Const ops, each at its `data_offset` (attribute `merged_offset` where it has one) |
| 2 TASK_INFO and further | what a device executes |
| 8 MODEL_INOUT_INFO | {type u32, length u32, value}: inputs, outputs and profiles, readable without the graph |

A value of inputs or outputs is count u32 and per tensor {size u64, format i32, element type i32, lengths in bytes of name,
dims, dims before static preprocessing and shape ranges u32} with these four (dims i64, ranges i64 pairs) behind it.

Compilers from 2025 on number the names of attributes: a key of `\\0` and digits of base 127, each one more than its value
and the lowest first, is an index into the model's attribute `attr_name_enum`; where `attrs_use_string_value` holds at
that index, the value is an index into `attr_value_enum` as well.
"""
