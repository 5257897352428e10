"""What ATC and an Ascend processor refuse beside operators: free dimensions, element types, known crashes.

A free dimension is either fixed (ATC's --input_shape), given profiles (--dynamic_batch_size and its like), or left free,
which needs a processor with dynamic shapes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import onnx_ir as ir

from mindferry.ascend.socs import Soc
from mindferry.graph import Model, TensorType
from mindferry.targets import Finding, findings
from mindferry.types import DType, Shape, format_shape

_NMS_INPUTS = 5
_SIZED_BY_VALUES = ("Compress", "NonZero", "Unique")
"""Operators whose output's size depends on their input's values."""


def findings_for(
    model: ir.Model, soc: Soc | None, input_shapes: Mapping[str, Shape] | None = None, *, profiles: bool = False
) -> list[Finding]:
    """Why ATC would refuse the model for a processor; without one, what holds for all of them.

    Args:
        input_shapes: what the model's inputs are fixed to; a dimension that is no number stays free.
        profiles: free dimensions take the values of profiles.
    """
    found = findings(model, "atc")
    found += _ports(model)
    found += _free(model, soc, input_shapes or {}, profiles)
    found += _crashes(model)
    if soc is not None:
        found += _types(model, soc)
    if profiles or (soc is not None and not soc.dynamic_shapes):
        found += _sized_by_values(model, soc)
    return found


def findings_of_air(model: Model, soc: Soc | None) -> list[Finding]:
    """Why ATC would refuse an AIR file for a processor: it takes AIR with the shapes that the file has."""
    graph, found = model.main, []
    types = {item.title: item.type for item in graph.inputs}
    free = [
        f"{name} {format_shape(kind.shape)}"
        for name, kind in types.items()
        if isinstance(kind, TensorType) and _open(kind)
    ]
    if soc is not None and not soc.dynamic_shapes and free:
        cure = "write the AIR with sizes (--input-shape), or compile the ONNX model with sizes to choose from"
        found.append(Finding(f"free dimensions, which {soc.name} does not have", tuple(free), cure))
    if soc is not None and not soc.bfloat16:
        types |= {node.name: node.type for node in graph.nodes if node.type is not None}
        types |= {name: TensorType(one.dtype, one.shape) for name, one in graph.parameters.items()}
        places = [name for name, kind in types.items() if isinstance(kind, TensorType) and kind.dtype is DType.BFLOAT16]
        found += [_no_bfloat16(soc, places)] * bool(places)
    return found


def _open(kind: TensorType) -> bool:
    return kind.shape is None or any(not isinstance(size, int) for size in kind.shape)


def _no_bfloat16(soc: Soc, places: Sequence[str]) -> Finding:
    cure = "convert the model to float16"
    return Finding(f"element type BFLOAT16, which {soc.name} does not have", tuple(places), cure)


def _ports(model: ir.Model) -> Iterator[Finding]:
    if not model.graph.outputs or not model.graph.inputs:
        what = "outputs" if model.graph.inputs else "inputs"
        yield Finding(f"the model has no {what}", cure="ATC compiles models that have both")
    values = (*model.graph.inputs, *model.graph.outputs)
    if empty := [str(value.name) for value in values if value.shape is not None and 0 in value.shape]:
        yield Finding("empty tensors (a dimension of 0)", tuple(empty), "give the model data that is not empty")


def _free(model: ir.Model, soc: Soc | None, input_shapes: Mapping[str, Shape], profiles: bool) -> Iterator[Finding]:
    """Inputs whose dimensions nothing fixes."""
    free = []
    for value in model.graph.inputs:
        shape = input_shapes.get(str(value.name), _shape(value))
        if shape is None or any(not isinstance(size, int) for size in shape):
            free.append(f"{value.name} {format_shape(shape)}")
    if not free or profiles:
        return
    given = all(str(value.name) in input_shapes for value in model.graph.inputs if _is_free(value))
    if soc is not None and not soc.dynamic_shapes:
        yield Finding(
            f"free dimensions, which {soc.name} does not have",
            tuple(free),
            "fix them (--input-shape NAME:1,3,224,224) or give sizes to choose from (--dynamic-batch 1,2,4)",
        )
    elif not given:
        yield Finding(
            "free dimensions, which ATC must be told about",
            tuple(free),
            "give --input-shape NAME:SHAPE for each, with numbers for what is fixed",
        )


def _shape(value: ir.Value) -> Shape | None:
    if value.shape is None:
        return None
    return tuple(size if isinstance(size, int) else size.value for size in value.shape)


def _is_free(value: ir.Value) -> bool:
    shape = _shape(value)
    return shape is None or any(not isinstance(size, int) for size in shape)


def _crashes(model: ir.Model) -> Iterator[Finding]:
    """Nodes that end ATC with a segmentation fault."""
    nodes = [node for node in ir.traversal.RecursiveGraphIterator(model.graph) if node.op_type == "NonMaxSuppression"]
    short = [node for node in nodes if sum(value is not None for value in node.inputs) < _NMS_INPUTS]
    if short:
        yield Finding(
            "NonMaxSuppression without all of its 5 inputs, on which ATC crashes",
            tuple(node.name or node.op_type for node in short),
            "give max_output_boxes_per_class, iou_threshold and score_threshold as inputs",
        )


def _types(model: ir.Model, soc: Soc) -> Iterator[Finding]:
    if soc.bfloat16:
        return
    values = [*model.graph.inputs, *model.graph.initializers.values()]
    values += [value for node in ir.traversal.RecursiveGraphIterator(model.graph) for value in node.outputs]
    found = tuple(str(value.name) for value in values if value.dtype is ir.DataType.BFLOAT16)
    if found:
        yield _no_bfloat16(soc, found)


def _sized_by_values(model: ir.Model, soc: Soc | None) -> Iterator[Finding]:
    places: dict[str, list[str]] = {}
    for node in ir.traversal.RecursiveGraphIterator(model.graph):
        if node.op_type in _SIZED_BY_VALUES:
            places.setdefault(node.op_type, []).append(node.name or node.op_type)
    where = f"which {soc.name} does not have" if soc and not soc.dynamic_shapes else "which profiles do not allow"
    for name, found in sorted(places.items()):
        yield Finding(
            f"operator {name} makes a shape that depends on values, {where}", tuple(found), "leave it to the host"
        )
