"""Types and shapes of a node's outputs by ONNX's own inference, remembered per distinct call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import onnx
import onnx_ir as ir

from mindferry.errors import LoweringError

_SMALL = 64
"""Constants of up to this many elements take part in inference (shapes, axes, pads)."""

_IR_VERSION = 10


class Inference:
    """Remembers the outcome of inference, so that a repeated layer costs one look-up."""

    def __init__(self, opset: int) -> None:
        self._imports = [onnx.helper.make_opsetid("", opset)]
        self._known: dict[Any, list[tuple[ir.TypeProtocol | None, ir.Shape | None]]] = {}

    def apply(self, node: ir.Node, schema: onnx.defs.OpSchema) -> None:
        """Sets the types and shapes of the node's outputs, as far as they follow from its inputs.

        Raises:
            LoweringError: ONNX's inference refuses the node.
        """
        if any(isinstance(attribute.value, ir.Graph) for attribute in node.attributes.values()):
            return
        if any(value is not None and value.type is None for value in node.inputs):
            return
        key = _key(node)
        if key not in self._known:
            self._known[key] = self._infer(node, schema)
        for output, (kind, shape) in zip(node.outputs, self._known[key], strict=True):
            if kind is not None:
                output.type = kind
            if shape is not None:
                output.shape = ir.Shape(shape)

    def _infer(self, node: ir.Node, schema: onnx.defs.OpSchema) -> list[tuple[ir.TypeProtocol | None, ir.Shape | None]]:
        types: dict[str, onnx.TypeProto] = {}
        data: dict[str, onnx.TensorProto] = {}
        for value in node.inputs:
            if value is None or value.type is None:
                continue
            proto = ir.serde.serialize_type(value.type)
            if value.shape is not None:
                ir.serde.serialize_shape_into(proto, value.shape)
            name = str(value.name)
            types[name] = proto
            if (constant := small_constant(value)) is not None:
                data[name] = ir.to_proto(constant)
        try:
            found = onnx.shape_inference.infer_node_outputs(
                schema, ir.to_proto(node), types, data, opset_imports=self._imports, ir_version=_IR_VERSION
            )
        except Exception as error:  # ONNX raises several types, all meaning a refusal
            raise LoweringError(
                f"{node.op_type}({_show(node.inputs)}): {str(error).strip().splitlines()[-1]}"
            ) from error
        return [_parts(found.get(str(output.name))) for output in node.outputs]


def small_constant(value: ir.Value) -> ir.TensorProtocol | None:
    """The value's constant, where it has one of at most a few elements."""
    constant = value.const_value
    return constant if constant is not None and constant.size <= _SMALL else None


def _key(node: ir.Node) -> tuple[Any, ...]:
    inputs: list[Any] = []
    for value in node.inputs:
        if value is None:
            inputs.append(None)
            continue
        constant = small_constant(value)
        inputs.append((value.type, str(value.shape), None if constant is None else constant.tobytes()))
    attributes = [(attribute.name, str(attribute.value)) for attribute in node.attributes.values()]
    # Two calls with the same value twice may infer more than with two alike values, so identity takes part.
    same = tuple(node.inputs.index(value) for value in node.inputs)
    return (node.op_type, tuple(inputs), tuple(attributes), len(node.outputs), same)


def _parts(proto: onnx.TypeProto | None) -> tuple[ir.TypeProtocol | None, ir.Shape | None]:
    if proto is None:
        return None, None
    return ir.serde.deserialize_type_proto_for_type(proto), ir.serde.deserialize_type_proto_for_shape(proto)


def _show(values: Sequence[ir.Value | None]) -> str:
    return ", ".join("-" if value is None else f"{value.dtype}{value.shape}" for value in values)
