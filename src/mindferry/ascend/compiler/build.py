"""A graph and its options -> a simulated offline model."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import onnx_ir as ir

from mindferry import __version__
from mindferry.ascend import aipp, payload
from mindferry.ascend.aipp import Operation
from mindferry.ascend.compiler import emit, precision, shapes
from mindferry.ascend.compiler.plan import Plan, plan
from mindferry.ascend.compiler.shapes import Value
from mindferry.ascend.profiles import BATCH, DIMS, IMAGE, Profiles
from mindferry.errors import ConvertError
from mindferry.formats.air.fields import FORMATS
from mindferry.formats.om import attributes, fields, writer
from mindferry.formats.om.introduction import Introduction, Tensor

_UINT8, _INT64 = 4, 9
"""`ge::DataType`."""

NOTICE = "simulated by MindFerry: computes on ONNX Runtime's CPU, holds no device code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a model is compiled for.

    Attributes:
        soc: the processor.
        inputs: the shape of every input, -1 for what profiles or runs set.
        profiles: the shapes to choose from.
        precision: one of `precision.LEVELS`.
        layout: of four-dimensional inputs and outputs, "NCHW" or "ND".
        preparation: what AIPP does to inputs, by name.
        ranges: lowest and highest size of each dimension, for inputs that were given one.
        output_types: the element types that outputs are given, by place.
        share_memory: results that are never needed together share their place.
        titles: outputs are called NODE:NUMBER:NAME as those of ONNX models, else NODE:NUMBER.
        command: the command line, which the file keeps.
    """

    soc: str
    inputs: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    profiles: Profiles = field(default_factory=Profiles)
    precision: str = "fp16"
    layout: str = "NCHW"
    preparation: Mapping[str, Operation] = field(default_factory=dict)
    ranges: Mapping[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    output_types: Mapping[int, ir.DataType] = field(default_factory=dict)
    share_memory: bool = True
    titles: bool = True
    command: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What was made.

    Attributes:
        weight_bytes: of the weights in the file; source_weight_bytes: before they were compressed.
        peak_bytes: of the work memory; naive_bytes: without sharing.
        nodes: how many are executed.
        unknown: results whose size only a run can tell, which the plan leaves out.
    """

    soc: str
    precision: str
    weight_bytes: int
    source_weight_bytes: int
    peak_bytes: int
    naive_bytes: int
    nodes: int
    unknown: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """Plain data."""
        return asdict(self)


def build(model: ir.Model, target: Path, options: Options) -> Report:
    """Compiles a graph and writes the file.

    Raises:
        ConvertError: the shapes do not fit the graph.
        FileProblem: the file cannot be written.
    """
    source_bytes = payload.weight_bytes(model)
    model.graph.sort()
    titles = _titles(model, options)
    _cast_outputs(model, options.output_types)
    source = payload.graph(model)
    known = [_inferred(source, inputs) for inputs in _all_inputs(options)]
    stored = [precision.stored(model, options.precision, one) for one in known]
    schedule = list(model.graph)
    ends = [str(value.name) for value in model.graph.outputs]
    plans = [
        plan(schedule, {name: value.size for name, value in one.items()}, ends, share=options.share_memory)
        for one in stored
    ]
    largest = max(plans, key=lambda one: one.peak)
    introduction = _introduction(model, titles, known, options)
    operators = emit.operators(model, _merged(stored), largest, options.preparation.keys())
    order = _weights_in_order(schedule, model)
    precision.apply(model, options.precision, known[0])
    graph, chunks, offsets = payload.pack(model, order)
    weight_bytes = sum(memoryview(chunk).nbytes for chunk in chunks)
    body = {
        "name": model.graph.name or target.stem,
        "version": 1,
        "graph": [emit.graph(model, operators, offsets)],
        "attr": attributes.entries(_model_attributes(graph, weight_bytes, largest, options)),
    }
    writer.write(target, body, chunks, introduction, dynamic=_is_dynamic(options))
    return Report(
        options.soc, options.precision, weight_bytes, source_bytes, largest.peak, largest.naive, len(schedule), largest.unknown
    )  # fmt: skip


def _weights_in_order(schedule: Sequence[ir.Node], model: ir.Model) -> list[str]:
    """The weights in the order in which nodes take them."""
    taken = (str(value.name) for node in schedule for value in node.inputs if value is not None)
    return [name for name in dict.fromkeys(taken) if name in model.graph.initializers]


def places(model: ir.Model) -> dict[str, int]:
    """The place of each output, by its node and number (NODE:0)."""
    return {name: place for place, name in enumerate(_output_nodes(model))}


def _output_nodes(model: ir.Model) -> list[str]:
    nodes = emit.node_names(model)
    found = (nodes.get(str(value.name), (str(value.name), 0)) for value in model.graph.outputs)
    return [f"{node}:{number}" for node, number in found]


def _titles(model: ir.Model, options: Options) -> list[str]:
    names = _output_nodes(model)
    if not options.titles:
        return names
    return [f"{name}:{value.name}" for name, value in zip(names, model.graph.outputs, strict=True)]


def _cast_outputs(model: ir.Model, types: Mapping[int, ir.DataType]) -> None:
    """Gives outputs other element types."""
    for place, dtype in types.items():
        value = model.graph.outputs[place]
        if value.dtype is dtype:
            continue
        name, value.name = value.name, f"{value.name}_before_cast"
        cast = ir.Value(name=name, shape=value.shape, type=ir.TensorType(dtype))
        to = ir.AttrInt64("to", dtype.value)
        model.graph.append(ir.Node("", "Cast", [value], [to], outputs=[cast], name=f"{name}_cast"))
        model.graph.outputs[place] = cast


def _is_dynamic(options: Options) -> bool:
    """True where shapes are unknown until a run."""
    return not options.profiles.kind and any(size < 0 for shape in options.inputs.values() for size in shape)


def _model_attributes(graph: bytes, weight_bytes: int, layout: Plan, options: Options) -> dict[str, object]:
    return {
        "soc_version": options.soc, "atc_cmdline": options.command, "atc_version": f"mindferry {__version__}",
        "memory_size": layout.peak, "weight_size": weight_bytes, "stream_num": 1, "event_num": 0,
        fields.SIMULATED: NOTICE, fields.ONNX: graph, "mindferry_precision": options.precision,
        fields.AIPP: json.dumps({name: one.as_dict() for name, one in options.preparation.items()}),
    }  # fmt: skip


def _all_inputs(options: Options) -> list[Mapping[str, tuple[int, ...]]]:
    """The shapes of the inputs in each profile."""
    if not options.profiles.kind:
        return [options.inputs]
    free = list(options.inputs.values())
    return [dict(zip(options.inputs, options.profiles.shapes(row, free), strict=True)) for row in options.profiles.rows]


def _inferred(graph: bytes, inputs: Mapping[str, tuple[int, ...]]) -> dict[str, Value]:
    try:
        return shapes.infer(graph, inputs)
    except Exception as error:
        text = " ".join(str(error).split())
        raise ConvertError(f"the shapes {dict(inputs)} do not fit the model: {text}") from error


def _merged(known: list[dict[str, Value]]) -> dict[str, Value]:
    """Values over all profiles, with -1 where they differ."""
    first, *rest = known
    return {name: _merge(value, [one.get(name, value) for one in rest]) for name, value in first.items()}


def _merge(value: Value, others: list[Value]) -> Value:
    shape = value.shape
    for other in others:
        if shape is None or other.shape is None or len(shape) != len(other.shape):
            return Value(value.dtype, None)
        shape = tuple(a if a == b else -1 for a, b in zip(shape, other.shape, strict=True))
    return Value(value.dtype, shape)


def _introduction(
    model: ir.Model, titles: Sequence[str], known: list[dict[str, Value]], options: Options
) -> Introduction:
    free = _merged(known)
    inputs = [_input(value, known, options) for value in model.graph.inputs]
    rows, kind = options.profiles.rows, options.profiles.kind
    if kind:
        width = options.profiles.width
        inputs.append(Tensor(fields.PROFILE_INPUT, 8 * width, FORMATS["ND"], _INT64, (width,), (width,)))
    ends = [str(value.name) for value in model.graph.outputs]
    outputs = [
        _port(title, name, free[name].dtype, free[name].shape, known, options)
        for title, name in zip(titles, ends, strict=True)
    ]
    return Introduction(
        tuple(inputs), tuple(outputs), tuple(row[0] for row in rows) if kind == BATCH else (),
        rows if kind == IMAGE else (), rows if kind == DIMS else (),
    )  # fmt: skip


def _input(value: ir.Value, known: list[dict[str, Value]], options: Options) -> Tensor:
    name = str(value.name)
    plain = _port(name, name, value.dtype, options.inputs[name], known, options)
    operation = options.preparation.get(name)
    return plain if operation is None else _prepared(plain, operation, [one[name] for one in known])


def _prepared(plain: Tensor, operation: Operation, known: list[Value]) -> Tensor:
    """An input that takes bytes of images instead of numbers.

    Raises:
        ConvertError: the images do not become what the model takes.
    """
    sizes = []
    for value in known:
        if value.shape is None or len(value.shape) != 4:
            raise ConvertError(f"{plain.name} is no batch of images with channels first, which AIPP prepares")
        batch, _, height, width = value.shape
        source = aipp.source_size(operation, height, width)
        if (found := aipp.result_size(operation, *source)) != (height, width):
            raise ConvertError(f"AIPP makes images of {found}, but {plain.name} takes {(height, width)}")
        sizes.append(batch * aipp.source_bytes(operation, *source))
    batch, _, height, width = plain.dims
    dims = aipp.source_dims(operation, batch, *aipp.source_size(operation, height, width))
    dims = tuple(max(size, -1) for size in dims)
    return Tensor(plain.name, max(sizes), FORMATS["NHWC"], _UINT8, dims, plain.dims)


def _port(
    title: str, name: str, dtype: ir.DataType | None, shape: tuple[int, ...] | None, known: list[dict[str, Value]],
    options: Options,
) -> Tensor:  # fmt: skip
    sizes = [one[name].size if _is_known(one[name]) else 0 for one in known if name in one]
    dims = (-2,) if shape is None else shape
    layout = FORMATS[options.layout if len(dims) == 4 else "ND"]
    kind = emit.engine_type(dtype or ir.DataType.UNDEFINED)
    return Tensor(title, max(sizes, default=0), layout, kind, dims, dims, options.ranges.get(name, ()))


def _is_known(value: Value) -> bool:
    return value.shape is not None and math.prod(value.shape) >= 0
