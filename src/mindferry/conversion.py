"""Model files -> ONNX in memory -> files of other formats: read, put in other weights, lower, rename, write."""

from __future__ import annotations

import dataclasses
import importlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx_ir as ir

from mindferry import batching, formats, plugins, targets, weights, writers
from mindferry.errors import OptionError
from mindferry.formats import _files
from mindferry.graph import Model, Tensor
from mindferry.lowering.context import Options
from mindferry.lowering.lower import lower
from mindferry.lowering.registry import HIGHEST_OPSET, LOWEST_OPSET
from mindferry.lowering.report import Report
from mindferry.optimize import optimize
from mindferry.types import COMPLEX_INPUTS, Shape


def load(path: Path, *, key: bytes | None = None) -> Model | dict[str, Tensor] | ir.Model:
    """What a model file of any format holds."""
    kind = formats.sniff(path)
    if kind in SOURCES:
        return read_source(path, kind, key=key)
    if kind == "onnx":
        from mindferry.formats import onnx

        return onnx.load(path)
    return load_checkpoint(path, key=key)


SOURCES = {"mindir": "mindferry.formats.mindir.reader", "air": "mindferry.formats.air.reader"}
"""The formats that are lowered to ONNX, and the modules that read them."""


def read_source(path: Path, kind: str, *, key: bytes | None = None) -> Model:
    """The source graph in a file of one of SOURCES."""
    model: Model = importlib.import_module(SOURCES[kind]).read(path, key=key)
    return model


def load_checkpoint(path: Path, *, key: bytes | None = None) -> dict[str, Tensor]:
    """The parameters in a `.ckpt` or `.safetensors` file.

    Raises:
        OptionError: it is a model file of another kind.
    """
    kind = formats.sniff(path)
    if kind == "ckpt":
        from mindferry.formats.ckpt import reader

        return reader.read(path, key=key)
    if kind == "safetensors":
        from mindferry.formats.ckpt import safetensors

        return safetensors.read(path, key=key)
    raise OptionError(f"{path}: holds a graph ({kind}), but a checkpoint is wanted")


DEFAULT_OPSET = 18

_COMPILED = {"om": "an Ascend offline model (OM)", "engine": "a TensorRT engine"}


def to_onnx(
    source: Path,
    *,
    opset: int | None = None,
    input_shapes: Mapping[str, Shape] | None = None,
    dynamic_batch: bool = False,
    consumer: str = "ort",
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    checkpoint: Path | None = None,
    key: bytes | None = None,
    approximate: bool = False,
    level: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[ir.Model, Report]:
    """The ONNX model of a graph's file, with a checkpoint's weights where one is given, and a report.

    MindIR and AIR are lowered; an ONNX file stays as it is but for its names. The options are those of `mindferry.convert`.

    Raises:
        OptionError: an option cannot be meant, or the source is a checkpoint.
        ConvertError: the checkpoint does not fit, or the model has no exact ONNX form.
    """
    if opset is not None and not LOWEST_OPSET <= opset <= HIGHEST_OPSET:
        raise OptionError(f"opset {opset} is not supported; choose {LOWEST_OPSET} to {HIGHEST_OPSET}")
    if dynamic_batch and input_shapes:
        raise OptionError("a dynamic batch and input shapes exclude each other")
    targets.check_name(consumer)
    kind = _require_graph(source)
    if kind == "onnx":
        given = {
            "opset": opset, "input_shapes": input_shapes, "dynamic_batch": dynamic_batch or None,
            "weights": checkpoint, "key": key,
        }  # fmt: skip
        result, report = _as_it_is(source, [name for name, value in given.items() if value is not None])
    else:
        options = Options(
            DEFAULT_OPSET if opset is None else opset, approximate=approximate, reshaped=bool(input_shapes)
        )
        result, report = _lowered(source, options, checkpoint, key, input_shapes, dynamic_batch, progress)
        report.rewrites = optimize(result, level, consumer)
    report.operators = Counter(node.op_type for node in ir.traversal.RecursiveGraphIterator(result.graph))
    targets.require(result, consumer)
    _rename(result, "input", result.graph.inputs, input_names)
    _rename(result, "output", result.graph.outputs, output_names)
    _note_complex_inputs(result)
    return result, report


def _as_it_is(source: Path, given: Sequence[str]) -> tuple[ir.Model, Report]:
    """The model in an ONNX file."""
    from mindferry.formats import onnx

    if given:
        raise OptionError(f"{source}: is ONNX, which does not take the option {', '.join(given)}")
    model = onnx.load(source)
    return model, Report(model.graph.opset_imports.get("", 0))


def _lowered(
    source: Path,
    options: Options,
    checkpoint: Path | None,
    key: bytes | None,
    input_shapes: Mapping[str, Shape] | None,
    dynamic_batch: bool,
    progress: Callable[[int, int], None] | None,
) -> tuple[ir.Model, Report]:
    """The lowered graph of a MindIR or AIR file."""
    plugins.load_installed()
    model, state = _filled(source, checkpoint, key)
    if not dynamic_batch or batching.is_free(model):
        result, report = lower(model, options, input_shapes=input_shapes, progress=progress)
    else:
        batch = batching.frozen_batch(model)
        static, _ = lower(model, options)
        result, report = lower(
            model, dataclasses.replace(options, reshaped=True), input_shapes=batch.shapes, progress=progress
        )
        batching.verify(static, result, batch, path=source)
    if state:
        report.warn(f"training state in {checkpoint} is left out: {', '.join(state)}")
    return result, report


def _filled(source: Path, checkpoint: Path | None, key: bytes | None) -> tuple[Model, tuple[str, ...]]:
    """The source's graph with the checkpoint's weights, and the training state that was left out."""
    kind = formats.sniff(source)
    if checkpoint is None:
        return read_source(source, kind, key=key), ()
    graph_key, checkpoint_key = _files.keys((source, checkpoint), key)
    model = read_source(source, kind, key=graph_key)
    return weights.replace(model, load_checkpoint(checkpoint, key=checkpoint_key), source=str(checkpoint))


def convert(source: Path, target: Path, *, build: Mapping[str, Any] | None = None, **options: Any) -> Report:
    """Writes a model file as the format of the target's suffix.

    `build` has the options of that format's writer; the others are those of `to_onnx`.
    """
    writer = writers.of(target)
    writer.settings(build or {})
    _files.check_target(target)
    kind = formats.sniff(source)
    if kind == writer.format:
        raise OptionError(f"{source}: is {kind.upper()} already")
    if options.get("input_shapes") and kind == "onnx" and writer.takes_shapes():
        build = {"input_shapes": options.pop("input_shapes"), **(build or {})}
    settings = writer.settings(build or {})
    progress = options.get("progress")
    if kind != "onnx" and writer.takes_file(kind):
        return _compiled(writer, source, target, settings, options)
    if kind in SOURCES and options.get("opset") is None:
        options["opset"] = writer.opset
    options["consumer"] = options.get("consumer") or writer.consumer
    model, report = to_onnx(source, **options)
    report.facts = writer.write(model, target, settings, progress)
    return report


def _compiled(writer: writers.Writer, source: Path, target: Path, settings: Any, options: Mapping[str, Any]) -> Report:
    """Has a file compiled as it is."""
    if given := sorted(name for name, value in options.items() if value and name not in ("progress", "level")):
        raise OptionError(
            f"{source}: is compiled to {writer.format} as it is, without the option {', '.join(given)}; "
            "convert it to ONNX first"
        )
    report = Report(0)
    report.facts = writer.write_file(source, target, settings, options.get("progress"))
    return report


def _require_graph(source: Path) -> str:
    """The format of a file, which holds a graph."""
    kind = formats.sniff(source)
    if kind in _COMPILED:
        raise OptionError(
            f"{source}: is {_COMPILED[kind]}, which cannot be converted back; give the model it was made of"
        )
    if kind != "onnx" and kind not in SOURCES:
        raise OptionError(
            f"{source}: is a checkpoint, which holds weights but no graph; give the network's MindIR as the source and "
            "this file as its weights, or export the network with MindSpore"
        )
    return kind


def _rename(model: ir.Model, what: str, values: Sequence[ir.Value], names: Sequence[str] | None) -> None:
    """Gives all inputs or outputs new names."""
    if names is None:
        return
    if len(names) != len(values) or len(set(names)) != len(names) or "" in names:
        now = ", ".join(str(value.name) for value in values)
        raise OptionError(
            f"{len(values)} different {what} names are needed, for {now}; got {', '.join(names) or 'none'}"
        )
    others = _names(model) - {str(value.name) for value in values}
    if taken := sorted(set(names) & others):
        raise OptionError(f"{what} names are taken by other values of the model: {', '.join(taken)}")
    for value, name in zip(values, names, strict=True):
        value.name = name


def _names(model: ir.Model) -> set[str]:
    """The names of all values in the model, sub-graphs included."""
    found: set[str] = set()
    for graph in (model.graph, *model.graph.subgraphs()):
        found.update(str(value.name) for value in (*graph.inputs, *graph.initializers.values()))
        found.update(str(value.name) for node in graph for value in node.outputs)
    return found


def _note_complex_inputs(result: ir.Model) -> None:
    if names := [str(value.name) for value in result.graph.inputs if value.meta.get(COMPLEX_INPUTS)]:
        result.metadata_props[COMPLEX_INPUTS] = "\n".join(names)
