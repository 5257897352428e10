"""The only loop over nodes: a source model becomes an onnx-ir model.

Problems are collected over the whole model and raised together: first the primitives that have no lowering, then the nodes
whose arguments have no exact ONNX form. After each node the result is compared with the type that the file recorded.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.errors import (
    ConvertError,
    LoweringError,
    MindFerryError,
    OpsetTooLow,
    OptionError,
    UnsupportedPrimitives,
)
from mindferry.graph import (
    MONAD,
    Closure,
    Model,
    Node,
    Operand,
    OtherType,
    Ref,
    ScalarType,
    SequenceType,
    Tensor,
    TensorType,
    Type,
)
from mindferry.lowering import control, dtypes, ge, ops, registry, subgraphs
from mindferry.lowering.bind import bind, bind_named
from mindferry.lowering.check import check_result, recorded_results
from mindferry.lowering.context import Complex, Context, Options, flatten
from mindferry.lowering.frame import Exit, Frame, Loop, Partial, Variable
from mindferry.lowering.registry import GE, MINDSPORE
from mindferry.lowering.report import Report
from mindferry.lowering.tensors import SourceTensor
from mindferry.passes import clean
from mindferry.passes.calls import CallGraph
from mindferry.types import COMPLEX_INPUTS, DType, Shape

STRUCTURAL: Mapping[str, Mapping[str, Callable[[Any, Node, Frame, list[Any]], Any]]] = {
    MINDSPORE: control.STRUCTURAL,
    GE: subgraphs.STRUCTURAL,
}
"""By dialect, the primitives that are structure, not computation; their lowerings see the whole conversion."""

_MOST_PROBLEMS = 20
Progress = Callable[[int, int], None]


def lower(
    model: Model, options: Options, *, input_shapes: Mapping[str, Shape] | None = None, progress: Progress | None = None
) -> tuple[ir.Model, Report]:
    """The ONNX model of a source model, and a report.

    Args:
        model: what a reader returned.
        options: opset and what the user allows.
        input_shapes: shapes that replace the recorded ones, by input name; a string is a symbolic dimension.
        progress: called with (nodes done, nodes in all).

    Raises:
        UnsupportedPrimitives: primitives without a lowering, all of them.
        OpsetTooLow: primitives that have one only in a newer opset.
        LoweringError: nodes without an exact ONNX form, or whose result disagrees with the file.
    """
    load(model.dialect)
    model = clean(model, writes=_writes)
    check_primitives(model, options)
    return Lowerer(model, options, input_shapes or {}, progress).run()


def load(dialect: str) -> None:
    """Registers the lowerings of a dialect."""
    (ge if dialect == GE else ops).load()


def _writes(primitive: str) -> bool:
    return any(row.writes for row in registry.rows(primitive))


def check_primitives(model: Model, options: Options) -> None:
    """Raises where primitives cannot be lowered, naming all of them with their count and first place."""
    load(model.dialect)
    missing, too_new = [], {}
    for primitive, count in sorted(model.primitives().items()):
        if primitive in STRUCTURAL[model.dialect]:
            continue
        row = registry.find(primitive, options.opset, model.dialect)
        if row is None and (rows := registry.rows(primitive, model.dialect)):
            too_new[primitive] = min(one.since for one in rows)
        elif row is None or (row.approximate and not options.approximate):
            missing.append(_missing(model, primitive, count, row))
    if missing:
        raise UnsupportedPrimitives(missing)
    if too_new:
        needed = max(too_new.values())
        reasons = ", ".join(f"{primitive} (opset {since})" for primitive, since in too_new.items())
        raise OpsetTooLow(f"this model needs opset {needed}, not {options.opset}, because of {reasons}", needed=needed)


def _missing(model: Model, primitive: str, count: int, row: registry.Lowering | None) -> str:
    first = next(node for graph in model.graphs() for node in graph.nodes if node.primitive == primitive)
    text = f"{primitive} x{count}, first at {place(first)}"
    if row is not None:
        return f"{text} (only approximately: {row.approximate}; allow it with --approximate)"
    if reason := registry.refused(model.dialect).get(primitive):
        return f"{text} ({reason})"
    near = difflib.get_close_matches(primitive, registry.known(model.dialect), 1)
    return f"{text} (nearest known: {near[0]})" if near else text


def place(node: Node) -> str:
    """Where a node is, for messages: its Cell path, or its name."""
    return node.scope or node.name


class Lowerer:
    """One conversion.

    Attributes:
        context: the builder at hand; inside a branch or loop body it is that sub-graph's.
        calls: which functions reach which.
        loops: the loop headers whose bodies are being built, outermost first.
    """

    def __init__(
        self, model: Model, options: Options, input_shapes: Mapping[str, Shape], progress: Progress | None
    ) -> None:
        self.model, self.options, self.input_shapes, self.progress = model, options, input_shapes, progress
        self.report = Report(options.opset, dialect=model.dialect)
        self.context = Context(options, self.report)
        self.problems: list[str] = []
        self.parameters = {name: tensor for graph in model.graphs() for name, tensor in graph.parameters.items()}
        self.calls = CallGraph(model)
        self.loops: dict[str, Loop] = {}
        self._initial: dict[str, ir.Value] = {}
        self._done, self._total = 0, sum(len(graph.nodes) for graph in model.graphs())

    def run(self) -> tuple[ir.Model, Report]:
        main = self.model.main
        names = {item.title for item in main.inputs}
        if unknown := sorted(self.input_shapes.keys() - names):
            raise OptionError(f"the model has no input {', '.join(unknown)}; it has {', '.join(sorted(names))}")
        frame = Frame(main)
        for item in main.inputs:
            frame.values[item.name], frame.types[item.name] = self._input(item.title, item.type), item.type
        result = self.evaluate(frame)
        if self.problems:
            raise LoweringError("; ".join(self.problems[:_MOST_PROBLEMS]))
        self._outputs(result)
        if frame.latest:
            state = ", ".join(sorted(self.parameters[name].name for name in frame.latest))
            self.report.warn(
                f"the network writes to parameters ({state}); ONNX starts every call from their stored values"
            )
        graph = self.context.graph
        self.report.operators.update(node.op_type for node in ir.traversal.RecursiveGraphIterator(graph))
        source = self.model.producer or self.model.format
        producer = f"MindFerry, from {source} {self.model.producer_version}".strip()
        graph.name = "main"
        return ir.Model(graph, ir_version=_IR_VERSIONS[self.options.opset], producer_name=producer), self.report

    def _input(self, title: str, kind: Type) -> Any:
        """The graph input of a source input; a tuple becomes one input per item, NAME_0, NAME_1 and so on."""
        if isinstance(kind, OtherType) and kind.kind == "monad":
            return {}
        if isinstance(kind, SequenceType) and kind.items is not None:
            return tuple(self._input(f"{title}_{index}", item) for index, item in enumerate(kind.items))
        if not isinstance(kind, TensorType | ScalarType):
            raise ConvertError(f"input {title} is a {kind}, which ONNX cannot take")
        shape = self.input_shapes.get(title, kind.shape if isinstance(kind, TensorType) else ())
        if shape is None:
            raise ConvertError(
                f"input {title} has any number of dimensions; ONNX needs a fixed one: give the input's shape"
            )
        shape = tuple(f"{title}_{axis}" if size is None else size for axis, size in enumerate(shape))
        recorded = kind.shape if isinstance(kind, TensorType) and kind.shape is not None else ()
        pairs = zip(recorded, shape, strict=False)
        self.context.overrides.update((old, new) for old, new in pairs if isinstance(old, int) and old != new)
        if not kind.dtype.is_complex:
            return self.context.input(title, dtypes.TO_ONNX[kind.dtype], shape)
        part = ir.DataType.FLOAT if kind.dtype is DType.COMPLEX64 else ir.DataType.DOUBLE
        self.report.warn(f"complex input {title} has a last dimension of 2: real and imaginary part")
        pair = self.context.input(title, part, (*shape, 2))
        pair.meta[COMPLEX_INPUTS] = True
        return Complex(self.context.Gather(pair, 0, axis=-1), self.context.Gather(pair, 1, axis=-1))

    def evaluate(self, frame: Frame) -> Any:
        """The value that a graph returns."""
        frame.latest = dict(frame.entry)
        for name in frame.graph.parameters:
            frame.values.setdefault(name, Variable(name))
        for node in frame.graph.nodes:
            self._node(node, frame)
        return self.settle(self.operand(frame.graph.output, frame), frame.latest)

    def _node(self, node: Node, frame: Frame) -> None:
        context = self.context
        context.node, context.prefix = node, _prefix(node, frame)
        context.operand_types = tuple(self._type(operand, frame) for operand in node.inputs)
        try:
            if node.primitive in STRUCTURAL[self.model.dialect]:
                operands = [self.operand(operand, frame) for operand in node.inputs]
                result = STRUCTURAL[self.model.dialect][node.primitive](self, node, frame, operands)
            else:
                result = self._primitive(node, frame)
                result = check_result(context, node, result)
        except OpsetTooLow:
            raise
        except MindFerryError as error:
            self._problem(node, str(error))
            result = self._placeholder(node)
        except (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError) as error:
            self._problem(node, f"its arguments are not understood ({type(error).__name__}: {error})")
            result = self._placeholder(node)
        frame.values[node.name], frame.types[node.name] = result, node.type
        self._done += 1
        if self.progress is not None and self._done % 64 == 0:
            self.progress(min(self._done, self._total), self._total)

    def _primitive(self, node: Node, frame: Frame) -> Any:
        row = registry.find(node.primitive, self.options.opset, self.model.dialect)
        assert row is not None, node.primitive
        operands = [self.operand(operand, frame) for operand in node.inputs]
        state = next((one for one in reversed(operands) if isinstance(one, dict)), frame.latest)
        if any(isinstance(one, Exit) for one in operands):
            raise LoweringError("uses the result of a recursive call, which has no ONNX form")
        arguments = [self.settle(one, state) for one in operands if not isinstance(one, dict) and one is not MONAD]
        if self.context.gives_complex or any(isinstance(leaf, Complex) for leaf in flatten(arguments)):
            row = registry.find_complex(node.primitive) or row
        positional, named = self._bind(row, node, arguments)
        self.report.primitives[node.primitive] += 1
        if row.approximate:
            self.report.approximations[node.primitive] = row.approximate
        self.context.written = {}
        result = row.function(self.context, *positional, **named)
        if self.model.dialect == GE:
            return recorded_results(node, result)
        written = {0: result, **self.context.written} if row.writes else self.context.written
        changes = {
            operands[index].name: value for index, value in written.items() if isinstance(operands[index], Variable)
        }
        if changes:
            frame.wrote(node.name, changes)
        elif node.writes and operands and isinstance(operands[0], Variable):
            raise LoweringError("writes to a parameter, which its lowering does not know")
        return result

    def _bind(self, row: registry.Lowering, node: Node, arguments: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
        attributes = {name: self.constant(value) for name, value in node.attributes.items()}
        if self.model.dialect != GE:
            return bind(row, arguments, attributes)
        if unknown := sorted(attributes.keys() - row.names - ge.WITHOUT_MEANING):
            self.report.warn(f"{node.primitive} has attributes that are left out: {', '.join(unknown)}")
        return bind_named(row, node.names, arguments, attributes)

    def operand(self, operand: Operand, frame: Frame) -> Any:
        """An operand's value; parameters stay Variables."""
        if isinstance(operand, Ref):
            return frame.values[operand.name]
        if isinstance(operand, Closure):
            return Partial(operand.function)
        if operand is MONAD:
            return frame.entry
        return self.constant(operand, frame)

    def constant(self, operand: Operand, frame: Frame | None = None) -> Any:
        """A literal's value: tensors become initializers, tuples are taken apart."""
        if isinstance(operand, Tensor):
            return self._tensor(operand)
        if isinstance(operand, tuple):
            return tuple(self.operand(item, frame) if frame else self.constant(item) for item in operand)
        return operand

    def _tensor(self, tensor: Tensor) -> Any:
        array = tensor.numpy()
        if tensor.dtype.is_complex:
            return Complex(
                self.context.constant(np.ascontiguousarray(array.real)),
                self.context.constant(np.ascontiguousarray(array.imag)),
            )
        return self.context.constant(array, dtypes.TO_ONNX[tensor.dtype])

    def settle(self, value: Any, state: Mapping[str, ir.Value]) -> Any:
        """The value with Variables read in the given state."""
        if isinstance(value, Variable):
            return state.get(value.name) or self._initial_value(value.name)
        if isinstance(value, tuple):
            return tuple(self.settle(item, state) for item in value)
        return value

    def _initial_value(self, name: str) -> Any:
        if name not in self._initial:
            tensor = self.parameters[name]
            if tensor.dtype.is_complex:
                return self._tensor(tensor)
            self._initial[name] = self.context.initializer(tensor.name, SourceTensor(tensor, tensor.name))
        return self._initial[name]

    def _type(self, operand: Operand, frame: Frame) -> Type | None:
        if isinstance(operand, Ref):
            known = frame.types.get(operand.name)
            if known is None and operand.name in self.parameters:
                tensor = self.parameters[operand.name]
                return TensorType(tensor.dtype, tensor.shape)
            return known
        return TensorType(operand.dtype, operand.shape) if isinstance(operand, Tensor) else None

    def _problem(self, node: Node, text: str) -> None:
        line = f"{node.primitive} at {place(node)}: {text}"
        if line not in self.problems:
            self.problems.append(line)

    def _placeholder(self, node: Node) -> Any:
        """A stand-in of the recorded type, so that the nodes behind a failed one are still checked."""

        def stand_in(kind: Type | None) -> Any:
            if isinstance(kind, SequenceType):
                return tuple(stand_in(item) for item in kind.items or ())
            if isinstance(kind, ScalarType):
                kind = TensorType(kind.dtype, ())
            if not isinstance(kind, TensorType) or kind.dtype.is_complex:
                return None
            value = ir.Value(name=self.context.unique("failed"), type=ir.TensorType(dtypes.TO_ONNX[kind.dtype]))
            value.shape = None if kind.shape is None else ir.Shape(kind.shape)
            return value

        return stand_in(node.type)

    def _outputs(self, result: Any) -> None:
        leaves = [leaf for leaf in flatten(result) if leaf is not None and not isinstance(leaf, dict)]
        if any(isinstance(leaf, str) for leaf in leaves):
            raise ConvertError("the network returns a string, which ONNX cannot")
        graph = self.context.graph
        self.context.prefix = ""
        for index, leaf in enumerate(leaves):
            value = self._output_value(leaf)
            if value in graph.inputs or value in graph.outputs or value.is_initializer():
                value = self.context.Identity(value)
            if value.shape is None:
                raise ConvertError(
                    f"output {index} has a number of dimensions that is only known at run time; ONNX needs a fixed one"
                )
            value.name = self.context.unique("output" if len(leaves) == 1 else f"output_{index}")
            graph.outputs.append(value)
        if not leaves:
            raise ConvertError("the network returns no tensor")

    def _output_value(self, leaf: Any) -> ir.Value:
        if isinstance(leaf, Complex):
            self.report.warn("a complex output has a last dimension of 2: real and imaginary part")
            parts = [self.context.Unsqueeze(part, [-1]) for part in (leaf.real, leaf.imag)]
            return self.context.Concat(*parts, axis=-1)
        return self.context.value(leaf)


_IR_VERSIONS = {13: 7, 14: 7, 15: 8, 16: 8, 17: 8, 18: 8, 19: 9, 20: 9, 21: 10, 22: 10, 23: 11}


def _prefix(node: Node, frame: Frame) -> str:
    """The node's Cell path without MindSpore's own numbering: `Default/a-Cell/Conv2D-op3` -> `a-Cell/`."""
    parts: Sequence[str] = re.sub(r"-op\d+$", "", node.scope).split("/")
    return "".join(f"{part}/" for part in parts[1:-1]) if len(parts) > 2 else ""
