"""A compiled graph -> the ModelDef of an offline model, and the description of its inputs and outputs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import onnx_ir as ir

from mindferry.ascend.compiler.plan import Plan
from mindferry.ascend.compiler.shapes import Value
from mindferry.formats._wire import Message
from mindferry.formats.air.fields import DATA_TYPES, ENGINE_TYPES, FORMATS
from mindferry.formats.om import attributes
from mindferry.types import DType

_MODE = "_data_related_aipp_mode"
_NUMBERS = {dtype: number for number, dtype in DATA_TYPES.items()}
_ENGINE = {dtype: number for number, dtype in ENGINE_TYPES.items()}


def engine_type(dtype: ir.DataType) -> int:
    """The `ge::DataType` of an ONNX element type, -1 where there is none."""
    return _ENGINE.get(_dtype(dtype), -1)


def _dtype(dtype: ir.DataType) -> DType:
    return DType.FLOAT32 if dtype is ir.DataType.UNDEFINED else DType(_name(dtype))


def _name(dtype: ir.DataType) -> str:
    return {"FLOAT": "float32", "DOUBLE": "float64", "STRING": "str"}.get(dtype.name, dtype.name.lower())


def operators(
    model: ir.Model, values: Mapping[str, Value], layout: Plan, prepared: Collection[str] = ()
) -> list[Message]:
    """Data ops, the nodes under their ONNX names in the order of execution, and NetOutput.

    Args:
        prepared: the inputs whose images AIPP prepares.
    """
    names = _unique_names(model)
    sources = {str(value.name): (str(value.name), 0) for value in model.graph.inputs}
    sources |= {name: (name, 0) for name in model.graph.initializers}
    sources |= node_names(model)
    ops: list[Message] = []
    for index, value in enumerate(model.graph.inputs):
        described = descriptor(values.get(str(value.name)))
        mode = {_MODE: "static_aipp"} if value.name in prepared else {}
        ops.append({
            "name": str(value.name), "type": "Data", "input": [""], "attr": attributes.entries({"index": index, **mode}),
            "input_desc": [described], "output_desc": [described],
        })  # fmt: skip
    ops += [_op(node, names[id(node)], values, sources, layout) for node in model.graph]
    ends = [sources[str(value.name)] for value in model.graph.outputs]
    ops.append({
        "name": "Node_Output", "type": "NetOutput", "input": [f"{name}:{index}" for name, index in ends],
        "src_name": [name for name, _ in ends], "src_index": [index for _, index in ends],
        "input_desc": [descriptor(values.get(str(value.name))) for value in model.graph.outputs],
    })  # fmt: skip
    return ops


def graph(model: ir.Model, ops: Sequence[Message], weights: Mapping[str, int]) -> Message:
    """The root graph: the ops, after a Const op for each weight.

    Args:
        weights: the offset in WEIGHTS_DATA of those that lie there.
    """
    found = [_constant(name, value, weights.get(name)) for name, value in model.graph.initializers.items()]
    found += ops
    for number, op in enumerate(found):
        op["id"], op["has_out_attr"] = number, True
    return {"name": model.graph.name or "graph", "op": found}


def _unique_names(model: ir.Model) -> dict[int, str]:
    """A name for every node: its own where that is free."""
    taken = {str(value.name) for value in model.graph.inputs} | set(model.graph.initializers)
    found = {}
    for index, node in enumerate(model.graph):
        name = node.name or f"{node.op_type}_{index}"
        while name in taken:
            name += "_"
        taken.add(name)
        found[id(node)] = name
    return found


def node_names(model: ir.Model) -> dict[str, tuple[str, int]]:
    """The node and output number behind each result."""
    names = _unique_names(model)
    return {
        str(value.name): (names[id(node)], index) for node in model.graph for index, value in enumerate(node.outputs)
    }


def descriptor(value: Value | None, layout: str = "ND") -> Message:
    """The TensorDescriptor of a value."""
    shape = list(value.shape) if value is not None and value.shape is not None else [-2]
    return {
        "dtype": _NUMBERS.get(_dtype(value.dtype), 0) if value is not None else 0,
        "shape": {"dim": shape}, "layout": layout, "has_out_attr": True, "real_dim_cnt": len(shape),
        "size": value.size if value is not None else 0, "device_type": "NPU",
        "attr": attributes.entries({"origin_format": layout, "origin_shape": shape, "format_for_int": FORMATS[layout]}),
    }  # fmt: skip


def _constant(name: str, value: ir.Value, offset: int | None) -> Message:
    tensor = value.const_value
    assert tensor is not None
    described = descriptor(Value(tensor.dtype, tuple(tensor.shape.numpy())))
    stored: Message = {"desc": described}
    if offset is not None:
        described |= {"data_offset": offset, "weight_size": tensor.nbytes}
    elif tensor.dtype is not ir.DataType.STRING:
        stored["data"] = tensor.tobytes()
    return {
        "name": name, "type": "Const", "attr": attributes.entries({"value": {"t": stored}}),
        "output_desc": [descriptor(Value(tensor.dtype, tuple(tensor.shape.numpy())))],
    }  # fmt: skip


def _op(
    node: ir.Node, name: str, values: Mapping[str, Value], sources: Mapping[str, tuple[str, int]], layout: Plan
) -> Message:
    incoming = [sources.get(str(value.name)) if value is not None else None for value in node.inputs]
    places = [layout.places.get(str(value.name)) for value in node.outputs]
    return {
        "name": name, "type": node.op_type,
        "input": [f"{source[0]}:{source[1]}" if source else "" for source in incoming],
        "attr": attributes.entries(_attributes(node)),
        "input_desc": [descriptor(values.get(str(value.name)) if value is not None else None) for value in node.inputs],
        "output_desc": [descriptor(values.get(str(value.name))) for value in node.outputs],
        "output_i": [place.offset if place else 0 for place in places],
    }  # fmt: skip


def _attributes(node: ir.Node) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, attribute in node.attributes.items():
        match attribute.type:
            case ir.AttributeType.INT | ir.AttributeType.FLOAT | ir.AttributeType.STRING:
                found[name] = attribute.value
            case ir.AttributeType.INTS:
                found[name] = [int(item) for item in attribute.as_ints()]
            case _:
                continue
    return found
