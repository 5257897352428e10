"""AIR, the graph file that the Ascend compiler takes.

A file is one serialized protobuf message `ge.proto.ModelDef` and nothing else: no magic, no header, no checksum.

    ModelDef
      name ""                     as the vendor's library leaves it; version 0 is left out
      graph[0]                    the root; further entries are the subgraphs that ops name in `subgraph_name`
        output ["op:0", ...]      the graph's outputs in order; there is no NetOutput op
        op
          name, type              unique in the graph; type is a GE operator
          input ["op:0", "", ...] data edges in the order of the op's inputs; "" is an input that is not connected;
                                  control edges "op:-1" come last
          attr                    sorted by key, so that equal models have equal bytes
          input_desc, output_desc one per input (connected or not) and one per output

The graph's inputs are ops of type Data with an int attribute `index`. Weights are ops of type Const (Constant in
training graphs) whose tensor attribute `value` holds the bytes, little-endian and in C order.

An op records the names of its inputs and outputs in list attributes: `_input_name_key` (names, sorted) with
`_input_name_value` (their indices), `_output_name_key` with `_output_name_value`, and `_opt_input` (the optional ones).
A dynamic input x is x0, x1, ... and its count is the int attribute `__dynamic_input_x_cnt`.

A list attribute without `val_type` is skipped by the vendor's loader, so it is always set, except in the attributes
just named, which the vendor writes without it.

A tensor's layout stands in `layout` ("NCHW", "ND", ...); the attributes `origin_format` (string), `origin_shape` (list of
int), `format_for_int` and `origin_format_for_int` (`FORMATS`) repeat it, and a number counts before the text. A scalar has no
dims, an unknown dim is -1, an unknown rank the one dim -2.

Protobuf ends at 2 GiB. Above that the bytes of every Const leave the file for `air_weight/<model>/<type>_<graph>_<op>_file`
beside it, and the op carries `location` (that relative path) and `length` (its bytes).
"""
