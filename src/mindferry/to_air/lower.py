"""The loop over ONNX nodes: an onnx-ir model becomes a graph of GE operators.

Problems are collected over the whole model and raised together, each kind with its count and first place: first the operators
that have no GE form, then the nodes whose arguments have none.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import onnx_ir as ir
from onnx_ir.passes import common

from mindferry.errors import ConvertError, LoweringError
from mindferry.formats.air.model import Model
from mindferry.optimize.rules import constants
from mindferry.to_air import ops, registry
from mindferry.to_air.builder import Builder
from mindferry.to_air.freeze import freeze
from mindferry.to_air.schema import SchemaError
from mindferry.to_air.values import Value, element_type, of_tensor, sizes

LOWEST_OPSET = 13

Progress: TypeAlias = "Callable[[int, int], None] | None"


def lower(model: ir.Model, progress: Progress = None) -> Model:
    """The AIR of an ONNX model; weights stay where they are until the result is written.

    Args:
        progress: called with (nodes done, nodes in all).

    Raises:
        ConvertError: operators or nodes without a GE form, all of them.
    """
    ops.load()
    opset = model.graph.opset_imports.get("", 0)
    if opset < LOWEST_OPSET:
        raise ConvertError(f"the model has ONNX opset {opset}, but AIR is written from opset {LOWEST_OPSET} on")
    _require_known(model.graph)
    return _Lowerer(_prepared(model), opset, progress).run()


def _prepared(model: ir.Model) -> ir.Model:
    """A copy in which every constant is an initializer, every value has a type, and shapes made of constants are constants."""
    model = model.clone()
    common.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(model)
    if any(value.dtype is None or value.shape is None for node in model.graph for value in node.outputs):
        common.ShapeInferencePass()(model)
    if constants.apply(model.graph):
        common.ShapeInferencePass()(model)
    return model


def _require_known(graph: ir.Graph) -> None:
    """Raises where operators have no GE form, naming all of them with their count and first place."""
    nodes: dict[str, list[ir.Node]] = {}
    for node in ir.traversal.RecursiveGraphIterator(graph):
        if node.domain not in ("", "ai.onnx"):
            nodes.setdefault(f"{node.domain}::{node.op_type}", []).append(node)
        elif node.op_type != "Constant" and registry.find(node.op_type) is None:
            nodes.setdefault(node.op_type, []).append(node)
    if nodes:
        problems = "; ".join(_missing(operator, found) for operator, found in sorted(nodes.items()))
        count = "1 ONNX operator has" if len(nodes) == 1 else f"{len(nodes)} ONNX operators have"
        raise ConvertError(f"{count} no GE form: {problems}")


def _missing(operator: str, nodes: Sequence[ir.Node]) -> str:
    text = f"{operator} x{len(nodes)}, first at {place(nodes[0])}"
    if reason := registry.reason(operator):
        return f"{text} ({reason})"
    near = difflib.get_close_matches(operator, registry.known(), 1)
    return f"{text} (nearest known: {near[0]})" if near else text


def place(node: ir.Node) -> str:
    """Where a node is, for messages."""
    return node.name or str(node.outputs[0].name)


class _Lowerer:
    """One conversion."""

    def __init__(self, model: ir.Model, opset: int, progress: Progress) -> None:
        self.graph, self.progress = model.graph, progress
        self.builder = Builder(opset)
        self.values: dict[ir.Value, Value] = {}
        self.problems: dict[str, list[str]] = {}

    def run(self) -> Model:
        for value in self.graph.inputs:
            if value.const_value is None:
                self._try(f"input {value.name}", self._input, value)
        total = len(self.graph)
        for done, node in enumerate(self.graph, 1):
            self._try(place(node), self._node, node)
            if self.progress is not None:
                self.progress(done, total)
        outputs: list[Value] = []
        for output in self.graph.outputs:
            self._try(f"output {output.name}", self._output, output, outputs)
        if self.problems:
            raise LoweringError("; ".join(_problem(reason, places) for reason, places in self.problems.items()))
        return Model(freeze(self.builder.drafts, outputs, self.graph.name or "main"))

    def _try(self, where: str, action: Callable[..., None], *arguments: object) -> None:
        try:
            action(*arguments)
        except LoweringError as error:
            self.problems.setdefault(str(error), []).append(where)

    def _input(self, value: ir.Value) -> None:
        dtype = element_type(value.dtype)
        self.values[value] = self.builder.data(str(value.name), dtype, sizes(value.shape))

    def _value(self, value: ir.Value | None) -> Value | None:
        """What stands for an ONNX value; a constant where it is an initializer."""
        if value is None:
            return None
        if value not in self.values:
            if value.const_value is None:
                # Its own node failed; that problem is recorded already.
                return Value(element_type(value.dtype), sizes(value.shape))
            self.values[value] = of_tensor(value.const_value, str(value.name))
        return self.values[value]

    def _node(self, node: ir.Node) -> None:
        builder, row = self.builder, registry.find(node.op_type)
        assert row is not None
        builder.results = tuple(_result(value) for value in node.outputs)
        start = len(builder.drafts)
        try:
            arguments, keywords = _bind(row, [self._value(value) for value in node.inputs], node.attributes)
            found = row.function(builder, *arguments, **keywords)
        except LoweringError as error:
            raise LoweringError(f"{node.op_type} {error}") from None
        except SchemaError as error:
            raise SchemaError(f"{node.op_type} at {place(node)}: {error}; this is a fault of MindFerry") from error
        results = found if isinstance(found, tuple) else (found,)
        for value, wanted, result in zip(node.outputs, builder.results, results, strict=False):
            if wanted is not None:
                self.values[value] = _settle(result, wanted, start, builder, node)
        result = next((self.values[value].draft for value in node.outputs if value in self.values), None)
        builder.name(builder.drafts[start:], result, _name(node))

    def _output(self, output: ir.Value, outputs: list[Value]) -> None:
        """Adds a result of the graph; one that is an input, a constant or given twice goes through Identity."""
        value = self._value(output)
        assert value is not None
        if value.draft is None or value.draft.definition.name == "Data" or value in outputs:
            start = len(self.builder.drafts)
            value = self.builder.Identity(value)
            self.builder.name(self.builder.drafts[start:], value.draft, str(output.name))
        outputs.append(value)


def _problem(reason: str, places: Sequence[str]) -> str:
    return f"{reason} (x{len(places)}, first at {places[0]})" if len(places) > 1 else f"{reason} (at {places[0]})"


def _name(node: ir.Node) -> str:
    """The name of the op that gives a node's result: that of the graph's output where it is one, so that users find it."""
    first = node.outputs[0]
    return str(first.name) if first.is_graph_output() and len(node.outputs) == 1 else place(node)


def _result(value: ir.Value) -> Value | None:
    """Element type and shape of a result; None where nothing reads it."""
    if not value.name or not (value.uses() or value.is_graph_output()):
        return None
    return Value(element_type(value.dtype), sizes(value.shape))


def _settle(result: Value, wanted: Value, start: int, builder: Builder, node: ir.Node) -> Value:
    """The result with ONNX's shape; a value that was there before is passed through Identity, so that it gets a name."""
    if result.dtype is not wanted.dtype:
        raise SchemaError(
            f"{node.op_type} at {place(node)} gives {wanted.dtype}, but its GE form {result.dtype}; "
            "this is a fault of MindFerry"
        )
    if result.draft is None or result.draft not in builder.drafts[start:]:
        result = builder.Identity(result)
    result.shape = result.shape if wanted.shape is None else wanted.shape
    return result


def _bind(
    row: registry.Lowering, inputs: list[Value | None], given: Mapping[str, ir.Attr]
) -> tuple[list[Value | None], dict[str, Any]]:
    """The arguments of a lowering.

    Raises:
        LoweringError: an input or attribute that it does not know, or that is missing.
    """
    while inputs and inputs[-1] is None:
        inputs.pop()
    if row.inputs is not None and len(inputs) > row.inputs:
        raise LoweringError(f"has {len(inputs)} inputs, but its GE form knows {row.inputs}")
    if len(inputs) < row.required:
        raise LoweringError(f"has {len(inputs)} inputs, but needs {row.required}")
    keywords = {name: _plain(attribute) for name, attribute in given.items()}
    if unknown := sorted(keywords.keys() - row.attributes):
        raise LoweringError(f"has the attribute {', '.join(unknown)}, which its GE form does not know")
    if missing := sorted(row.needed - keywords.keys()):
        raise LoweringError(f"needs the attribute {', '.join(missing)}")
    return inputs, keywords


def _plain(attribute: ir.Attr) -> Any:
    """An attribute's value; lists as lists."""
    value = attribute.value
    return list(value) if isinstance(value, tuple | list) else value
