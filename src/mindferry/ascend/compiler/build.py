"""A graph and its options -> a simulated offline model."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import onnx_ir as ir

from mindferry import __version__
from mindferry.ascend import payload
from mindferry.ascend.compiler import emit, precision, shapes
from mindferry.ascend.compiler.emit import Layout
from mindferry.ascend.compiler.plan import Plan, plan
from mindferry.ascend.compiler.shapes import Value
from mindferry.ascend.profiles import BATCH, DIMS, IMAGE, Profiles
from mindferry.errors import ConvertError
from mindferry.formats.air.fields import FORMATS
from mindferry.formats.om import attributes, fields, writer
from mindferry.formats.om.introduction import Introduction, Tensor

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
        command: the command line, which the file keeps.
    """

    soc: str
    inputs: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    profiles: Profiles = field(default_factory=Profiles)
    precision: str = "fp16"
    layout: str = "NCHW"
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
    precision.apply(model, options.precision)
    known = [_inferred(model, inputs) for inputs in _all_inputs(options)]
    schedule = list(model.graph)
    ends = [str(value.name) for value in model.graph.outputs]
    plans = [plan(schedule, {name: value.size for name, value in one.items()}, ends) for one in known]
    largest = max(plans, key=lambda one: one.peak)
    graph, chunks, offsets = payload.pack(model)
    weight_bytes = sum(memoryview(chunk).nbytes for chunk in chunks)
    free = _merged(known)
    body = {
        "name": model.graph.name or target.stem,
        "version": 1,
        "graph": [emit.graph(model, free, Layout(offsets, largest))],
        "attr": attributes.entries(_model_attributes(graph, weight_bytes, largest, options)),
    }
    writer.write(target, body, chunks, _introduction(model, free, known, options), dynamic=_is_dynamic(options))
    return Report(
        options.soc, options.precision, weight_bytes, source_bytes, largest.peak, largest.naive, len(schedule), largest.unknown
    )  # fmt: skip


def _is_dynamic(options: Options) -> bool:
    """True where shapes are unknown until a run."""
    return not options.profiles.kind and any(size < 0 for shape in options.inputs.values() for size in shape)


def _model_attributes(graph: bytes, weight_bytes: int, layout: Plan, options: Options) -> dict[str, object]:
    return {
        "soc_version": options.soc, "atc_cmdline": options.command, "atc_version": f"mindferry {__version__}",
        "memory_size": layout.peak, "weight_size": weight_bytes, "stream_num": 1, "event_num": 0,
        fields.SIMULATED: NOTICE, fields.ONNX: graph, "mindferry_precision": options.precision,
        fields.AIPP: json.dumps({}),
    }  # fmt: skip


def _all_inputs(options: Options) -> list[Mapping[str, tuple[int, ...]]]:
    """The shapes of the inputs in each profile."""
    if not options.profiles.kind:
        return [options.inputs]
    free = list(options.inputs.values())
    return [dict(zip(options.inputs, options.profiles.shapes(row, free), strict=True)) for row in options.profiles.rows]


def _inferred(model: ir.Model, inputs: Mapping[str, tuple[int, ...]]) -> dict[str, Value]:
    try:
        return shapes.infer(model, inputs)
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
    model: ir.Model, free: Mapping[str, Value], known: list[dict[str, Value]], options: Options
) -> Introduction:
    inputs = [
        _port(str(value.name), str(value.name), value.dtype, options.inputs[str(value.name)], known, options)
        for value in model.graph.inputs
    ]
    rows, kind = options.profiles.rows, options.profiles.kind
    if kind:
        width = options.profiles.width
        inputs.append(Tensor(fields.PROFILE_INPUT, 8 * width, FORMATS["ND"], 9, (width,), (width,)))
    ends = [str(value.name) for value in model.graph.outputs]
    outputs = [
        _port(title, name, free[name].dtype, free[name].shape, known, options)
        for title, name in zip(emit.names_of(ends, model), ends, strict=True)
    ]
    return Introduction(
        tuple(inputs), tuple(outputs), tuple(row[0] for row in rows) if kind == BATCH else (),
        rows if kind == IMAGE else (), rows if kind == DIMS else (),
    )  # fmt: skip


def _port(
    title: str, name: str, dtype: ir.DataType | None, shape: tuple[int, ...] | None, known: list[dict[str, Value]],
    options: Options,
) -> Tensor:  # fmt: skip
    sizes = [one[name].size if _is_known(one[name]) else 0 for one in known if name in one]
    dims = (-2,) if shape is None else shape
    layout = FORMATS[options.layout if len(dims) == 4 else "ND"]
    kind = emit.engine_type(dtype or ir.DataType.UNDEFINED)
    return Tensor(title, max(sizes, default=0), layout, kind, dims, dims)


def _is_known(value: Value) -> bool:
    return value.shape is not None and math.prod(value.shape) >= 0
