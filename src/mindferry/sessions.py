"""Model files -> sessions: which runtime a device gets, and in what form the runtime gets the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mindferry import conversion, formats, runtimes
from mindferry.errors import OptionError
from mindferry.formats import _files
from mindferry.graph import Model, ScalarType, SequenceType, TensorType, Type
from mindferry.runtimes.base import Device, Session, Source
from mindferry.types import Shape, TensorSpec

DEFAULT_RUNTIMES = {"cpu": "onnxruntime", "gpu": "onnxruntime", "ascend310": "onnxruntime", "ascend910": "mindspore"}
"""The runtime of each kind of device."""

_CHECKPOINTS = ("ckpt", "safetensors")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A model file and all that belongs to it.

    Attributes:
        model: ONNX, MindIR, or a checkpoint with either `graph` or `network`.
        graph: the MindIR that a checkpoint fills.
        weights: a checkpoint whose parameters replace those of a MindIR.
        network: the Cell that a checkpoint fills: `file.py:Class`, `module:callable` or `mindcv:name`.
        input_shapes, opset, approximate, level: as in `mindferry.convert`.
        key: for encrypted files.
    """

    model: Path
    graph: Path | None = None
    weights: Path | None = None
    network: str | None = None
    input_shapes: Mapping[str, Shape] | None = None
    opset: int = 18
    approximate: bool = False
    level: int = 1
    key: bytes | None = None


def open_session(request: Request, *, device: str, runtime: str | None, options: Mapping[str, Any] | None) -> Session:
    """A session for the requested model; without a runtime, the device's own."""
    place = Device.parse(device)
    backend = runtimes.get(runtime or DEFAULT_RUNTIMES[place.kind])
    kind = formats.sniff(request.model)
    _check(request, kind)
    source = _native(request, kind) if kind != "onnx" and "mindir" in backend.formats else _onnx(request, kind)
    return backend.prepare(source, place, options)


def _check(request: Request, kind: str) -> None:
    """Raises where parts of the request contradict each other."""
    name = request.model
    if kind in _CHECKPOINTS:
        if request.weights is not None:
            raise OptionError(f"{name}: is a checkpoint itself, so other weights cannot be put into it")
        if (request.graph is None) == (request.network is None):
            raise OptionError(
                f"{name}: is a checkpoint, which holds weights but no graph; give either its graph (a MindIR of the "
                "network), or its network (a Cell) with the runtime mindspore"
            )
        return
    given = [option for option in ("graph", "network") if getattr(request, option) is not None]
    if kind == "onnx":
        given += [option for option in ("weights", "input_shapes", "key") if getattr(request, option) is not None]
    if given:
        raise OptionError(f"{name}: is {kind}, which does not take the option {', '.join(given)}")


def _onnx(request: Request, kind: str) -> Source:
    """The model as ONNX, converted in memory where it is something else."""
    if kind == "onnx":
        return Source("onnx", request.model)
    if request.network is not None:
        raise OptionError("a network is a MindSpore Cell: choose the runtime mindspore, or export it first")
    graph, weights = (request.graph, request.model) if request.graph else (request.model, request.weights)
    model, _ = conversion.to_onnx(
        graph,
        opset=request.opset,
        input_shapes=request.input_shapes,
        checkpoint=weights,
        approximate=request.approximate,
        level=request.level,
        key=request.key,
    )
    return Source("onnx", request.model, model=model)


def _native(request: Request, kind: str) -> Source:
    """The model's own files, for MindSpore."""
    if request.input_shapes:
        raise OptionError(
            "MindSpore runs a model in the shapes that it was exported with; input shapes need another runtime"
        )
    if request.network is not None:
        (key,) = _files.keys((request.model,), request.key)
        return Source(kind, request.model, network=request.network, key=key)
    graph, checkpoint = (request.graph, request.model) if request.graph else (request.model, request.weights)
    if formats.sniff(graph) != "mindir":
        raise OptionError(f"{graph}: is not MindIR, so it cannot be the graph of a checkpoint")
    from mindferry.formats.mindir import reader

    keys = _files.keys((graph, checkpoint) if checkpoint else (graph,), request.key)
    model = reader.read(graph, key=keys[0])
    return Source(
        "mindir", graph, checkpoint=checkpoint, inputs=_inputs(model), outputs=_outputs(model), key=request.key
    )


def _inputs(model: Model) -> tuple[TensorSpec, ...]:
    return tuple(
        _spec(item.title, item.type) for item in model.main.inputs if isinstance(item.type, TensorType | ScalarType)
    )


def _outputs(model: Model) -> tuple[TensorSpec, ...]:
    leaves = _leaves(model.main.output_type)
    if len(leaves) == 1:
        return (_spec("output", leaves[0]),)
    return tuple(_spec(f"output_{index}", leaf) for index, leaf in enumerate(leaves))


def _leaves(kind: Type | None) -> list[TensorType | ScalarType]:
    if isinstance(kind, SequenceType):
        return [leaf for item in kind.items or () for leaf in _leaves(item)]
    return [kind] if isinstance(kind, TensorType | ScalarType) else []


def _spec(name: str, kind: TensorType | ScalarType) -> TensorSpec:
    return TensorSpec(name, kind.dtype, kind.shape if isinstance(kind, TensorType) else ())
