"""Model files -> sessions: which runtime a device gets, and in what form the runtime gets the model."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mindferry import conversion, formats, runtimes
from mindferry.errors import NoDevice, OptionError, RuntimeUnavailable
from mindferry.formats import _files
from mindferry.graph import Model, ScalarType, SequenceType, TensorType, Type
from mindferry.platforms import Machine
from mindferry.runtimes.base import Device, Session, Source
from mindferry.types import Shape, TensorSpec

if TYPE_CHECKING:
    import onnx_ir as ir

_RUNTIMES = {
    "cpu": ("onnxruntime", "openvino"),
    "gpu": ("onnxruntime",),
    "ascend310": ("onnxruntime",),
    "ascend910": ("mindspore",),
}
"""The runtimes of each kind of device, the preferred one first; the next is taken where one cannot be used here."""

DEFAULT_RUNTIMES = {kind: names[0] for kind, names in _RUNTIMES.items()}
"""The preferred runtime of each kind of device."""

AUTO = "auto"
"""Stands for the best device that is present."""

_logger = logging.getLogger(__name__)

_CHECKPOINTS = ("ckpt", "safetensors")
_COMPILED = {"engine": "tensorrt", "om": "acl"}
"""Formats that one runtime alone takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A model file and all that belongs to it.

    Attributes:
        model: ONNX, MindIR, or a checkpoint with either `graph` or `network`.
        graph: the MindIR that a checkpoint fills.
        weights: a checkpoint whose parameters replace those of a MindIR.
        network: the Cell that a checkpoint fills: `file.py:Class`, `module:callable` or `mindcv:name`.
        input_shapes, opset, approximate, level: as in `mindferry.convert`.
        input_dtypes: element types of the network's inputs that are not float32.
        key: for encrypted files.
    """

    model: Path
    graph: Path | None = None
    weights: Path | None = None
    network: str | None = None
    input_shapes: Mapping[str, Shape] | None = None
    input_dtypes: Mapping[str, str] | None = None
    opset: int = 18
    approximate: bool = False
    level: int = 1
    key: bytes | None = None


def open_session(
    request: Request, *, device: str, runtime: str | None, options: Mapping[str, Any] | None, warm_up: int = 0
) -> Session:
    """A session for the requested model, after as many warm-up runs as asked for.

    Args:
        device: where it runs; AUTO takes what `mindferry tune` chose for this model and machine, else the first device
            that can be used: a GPU, an Ascend processor, the CPU.
        runtime: what runs it; None takes the first of the device's runtimes that can be used.
    """
    session = _opened(request, device, runtime, options)
    if warm_up:
        try:
            session.warm_up(runs=warm_up)
        except BaseException:
            session.close()
            raise
    return session


def _opened(request: Request, device: str, runtime: str | None, options: Mapping[str, Any] | None) -> Session:
    kind = formats.sniff(request.model)
    _check(request, kind)
    runtime = runtime or _COMPILED.get(kind)
    if device == AUTO and runtime is None and options is None and (session := _tuned(request, kind)) is not None:
        return session
    reasons: list[RuntimeUnavailable] = []
    for place in _present(runtime) if device == AUTO else (Device.parse(device),):
        reasons.clear()
        for name in _candidates(place, runtime, options):
            try:
                session = _prepared(request, kind, place, name, options)
            except RuntimeUnavailable as error:
                _logger.info("%s on %s cannot be used: %s", name, place, error)
                reasons.append(error)
            else:
                _logger.info("%s runs with %s on %s", request.model, name, place)
                return session
    raise reasons[0] if reasons else NoDevice(f"this machine has no device that {runtime} can use")


def _tuned(request: Request, kind: str) -> Session | None:
    """A session as `mindferry tune` chose it, or None where it chose nothing for the model as it is requested."""
    if request != Request(model=request.model):
        return None
    from mindferry.tuning.choice import lookup

    choice = lookup(request.model)
    if choice is None:
        return None
    _logger.info("%s runs as it was tuned: %s on %s", request.model, choice.runtime, choice.device)
    return _prepared(request, kind, Device.parse(choice.device), choice.runtime, choice.options)


def _present(runtime: str | None) -> Iterator[Device]:
    """The devices of this machine that the runtime may use, the quickest kind first."""
    machine = Machine.here()
    kinds = ["gpu"] * bool(machine.gpus) + ["ascend910", "ascend310"] * bool(machine.npus) + ["cpu"]
    return (Device(kind) for kind in kinds if runtime is None or kind in runtimes.get(runtime).devices)


def _candidates(place: Device, runtime: str | None, options: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The runtimes to try; options are those of the first alone."""
    if runtime is not None:
        return (runtime,)
    return _RUNTIMES[place.kind][: 1 if options else None]


def _prepared(request: Request, kind: str, place: Device, runtime: str, options: Mapping[str, Any] | None) -> Session:
    backend = runtimes.get(runtime)
    if kind in _COMPILED:
        return backend.prepare(Source(kind, request.model), place, options)
    native = kind not in ("onnx", "air") and "mindir" in backend.formats
    source = _native(request, kind) if native else _onnx(request, kind)
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
                "network), or its network (a Cell), which needs MindSpore"
            )
        if request.input_dtypes is not None and request.network is None:
            raise OptionError(f"{request.graph}: tells the element types of its inputs itself; give none")
        return
    given = [option for option in ("graph", "network", "input_dtypes") if getattr(request, option) is not None]
    if kind == "onnx" or kind in _COMPILED:
        given += [option for option in ("weights", "input_shapes", "key") if getattr(request, option) is not None]
    if given:
        raise OptionError(f"{name}: is {kind}, which does not take the option {', '.join(given)}")


def _onnx(request: Request, kind: str) -> Source:
    """The model as ONNX, converted in memory where it is something else."""
    if kind == "onnx":
        return Source("onnx", request.model)
    if request.network is not None:
        return Source("onnx", request.model, model=_exported(request, request.network))
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


def _exported(request: Request, network: str) -> ir.Model:
    """The network, filled by the checkpoint and exported by MindSpore."""
    if not request.input_shapes:
        raise OptionError(
            f"network {network} is exported in the shapes of its inputs: give input shapes, or choose the runtime "
            "mindspore, which runs the network itself"
        )
    from mindferry import networks

    return networks.to_onnx(
        network,
        input_shapes=request.input_shapes,
        input_dtypes=request.input_dtypes or {},
        checkpoint=request.model,
        key=request.key,
        opset=request.opset,
        approximate=request.approximate,
        level=request.level,
    )


def _native(request: Request, kind: str) -> Source:
    """The model's own files, for MindSpore."""
    if request.input_shapes or request.input_dtypes:
        raise OptionError(
            "MindSpore runs a model in the shapes and element types that it has; input shapes and element types need "
            "another runtime"
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
