"""Model files -> ONNX, in memory or as a file: read, put in other weights, lower, rename, write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx_ir as ir

from mindferry import batching, formats, plugins, targets, weights
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
    if kind == "mindir":
        from mindferry.formats.mindir import reader

        return reader.read(path, key=key)
    if kind == "onnx":
        from mindferry.formats import onnx

        return onnx.load(path)
    return load_checkpoint(path, key=key)


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


def to_onnx(
    source: Path,
    *,
    opset: int,
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
    """The ONNX model of a MindIR file, with a checkpoint's weights where one is given, and a report.

    The other options are those of `mindferry.convert`.

    Raises:
        OptionError: an option cannot be meant, or the source is not MindIR.
        ConvertError: the checkpoint does not fit, or the model has no exact ONNX form.
    """
    if not LOWEST_OPSET <= opset <= HIGHEST_OPSET:
        raise OptionError(f"opset {opset} is not supported; choose {LOWEST_OPSET} to {HIGHEST_OPSET}")
    if dynamic_batch and input_shapes:
        raise OptionError("a dynamic batch and input shapes exclude each other")
    targets.check_name(consumer)
    plugins.load_installed()
    model, state = _filled(source, checkpoint, key)
    if dynamic_batch:
        batch = batching.frozen_batch(model)
        static, _ = lower(model, Options(opset, approximate=approximate))
        input_shapes = batch.shapes
    options = Options(opset, approximate=approximate, reshaped=bool(input_shapes))
    result, report = lower(model, options, input_shapes=input_shapes, progress=progress)
    if dynamic_batch:
        batching.verify(static, result, batch, path=source)
    report.rewrites = optimize(result, level)
    report.operators = Counter(node.op_type for node in ir.traversal.RecursiveGraphIterator(result.graph))
    if state:
        report.warn(f"training state in {checkpoint} is left out: {', '.join(state)}")
    targets.require(result, consumer)
    _rename(result, "input", result.graph.inputs, input_names)
    _rename(result, "output", result.graph.outputs, output_names)
    _note_complex_inputs(result)
    return result, report


def _filled(source: Path, checkpoint: Path | None, key: bytes | None) -> tuple[Model, tuple[str, ...]]:
    """The source's graph with the checkpoint's weights, and the training state that was left out."""
    from mindferry.formats.mindir import reader

    _require_graph(source)
    if checkpoint is None:
        return reader.read(source, key=key), ()
    graph_key, checkpoint_key = _files.keys((source, checkpoint), key)
    model = reader.read(source, key=graph_key)
    return weights.replace(model, load_checkpoint(checkpoint, key=checkpoint_key), source=str(checkpoint))


def convert(source: Path, target: Path, **options: Any) -> Report:
    """Writes a MindIR file as the format of the target's suffix; the options are those of `to_onnx`."""
    if target.suffix.lower() != ".onnx":
        raise OptionError(f"{target}: the suffix {target.suffix!r} names no format that can be written; use .onnx")
    _files.check_target(target)
    from mindferry.formats import onnx

    model, report = to_onnx(source, **options)
    onnx.save(model, target)
    return report


def _require_graph(source: Path) -> None:
    kind = formats.sniff(source)
    if kind == "onnx":
        raise OptionError(f"{source}: is ONNX already")
    if kind != "mindir":
        raise OptionError(
            f"{source}: is a checkpoint, which holds weights but no graph; give the network's MindIR as the source and "
            "this file as its weights, or export the network with MindSpore"
        )


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
