"""OpenVINO: Intel's and AMD's CPUs, and Intel's GPUs.

Left to itself OpenVINO computes in bfloat16 where the CPU has it, so the precision is always set, and asked for again
after compiling. Three more things it does silently are refused here: it computes float64 in float32, it saturates
arithmetic on 8-bit integers, and it keeps 64-bit integers in 32 bits.

Device "gpu" is an Intel GPU here, and is only reached by naming this runtime.

The weights of a model in memory are handed over where they lie, which is usually a mapped file.
"""

from __future__ import annotations

import ctypes
import importlib
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from mindferry.errors import BackendFailed, BadFeed, NoDevice, OptionError
from mindferry.runtimes.base import Device, Runtime, Session, Source
from mindferry.runtimes.declared import Declared, declared
from mindferry.runtimes.outs import Target, fill
from mindferry.types import DType, TensorSpec

if TYPE_CHECKING:
    import onnx
    import onnx_ir as ir
    import openvino

_PLUGINS = {"cpu": "CPU", "gpu": "GPU"}
_PRECISIONS = ("f32", "bf16", "f16")
_HINTS = ("latency", "throughput")
_OWN_OPTIONS = {
    "INFERENCE_PRECISION_HINT": "precision",
    "PERFORMANCE_HINT": "hint",
    "INFERENCE_NUM_THREADS": "threads",
    "NUM_STREAMS": "streams",
    "CACHE_DIR": "cache",
}
_SMALLEST_SHARED = 64 << 10
_SHARED = ("FLOAT", "FLOAT16", "BFLOAT16", "INT8", "INT32", "INT64")
_SATURATING = frozenset({
    "Abs", "Add", "CumSum", "Divide", "MatMul", "Multiply", "Negative", "Power", "ReduceProd", "ReduceSum", "Subtract",
})  # fmt: skip
_INT32 = np.iinfo(np.int32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Options of OpenVINO.

    Attributes:
        precision: in which floating-point operators compute: "f32", "bf16" or "f16"; the device must have it.
        hint: "latency" gives one inference all cores, "throughput" runs several side by side.
        threads: CPU threads in all; 0 leaves it to OpenVINO.
        streams: inferences that run side by side; 0 leaves it to the hint.
        cache: a folder for compiled models, which makes the next opening quick.
        config: any other property of the device, such as {"ENABLE_CPU_PINNING": False}.
    """

    precision: str = "f32"
    hint: str = "latency"
    threads: int = 0
    streams: int = 0
    cache: str | Path | None = None
    config: Mapping[str, Any] = field(default_factory=dict)


class OpenVino(Runtime):
    """Prepares OpenVINO sessions."""

    name: ClassVar[str] = "openvino"
    formats: ClassVar[tuple[str, ...]] = ("onnx",)
    devices: ClassVar[tuple[str, ...]] = tuple(_PLUGINS)
    options: ClassVar[type[Any]] = Options

    def __init__(self) -> None:
        importlib.import_module("openvino")

    def _prepare_impl(self, source: Source, device: Device, options: Options) -> Session:
        import openvino

        properties = _properties(options)
        core = openvino.Core()
        plugin = _plugin(core, device)
        ports = declared(source)
        _require_types(ports)
        try:
            model, kept = _model(core, source)
            _require_exact(model, source)
            compiled = core.compile_model(model, plugin, properties)
        except RuntimeError as error:
            raise BackendFailed(f"{source.path}: openvino refuses the model: {_words(error)}") from error
        _require_precision(core, compiled, plugin, options.precision)
        return OpenVinoSession(compiled, ports, device, kept)


class OpenVinoSession(Session):
    """A compiled model and as many inference requests as threads have run it at once."""

    def __init__(self, compiled: openvino.CompiledModel, ports: Declared, device: Device, kept: object) -> None:
        super().__init__("openvino", device, ports.inputs, ports.outputs, complex_inputs=ports.complex_inputs)
        self._compiled: openvino.CompiledModel | None = compiled
        self._kept = kept
        self._requests: deque[openvino.InferRequest] = deque()
        used = {name: place for place, port in enumerate(compiled.inputs) for name in port.names}
        self._feeds = [(spec, used[spec.name]) for spec in ports.inputs if spec.name in used]
        made = {name: place for place, port in enumerate(compiled.outputs) for name in port.names}
        self._results = [(spec, made[spec.name]) for spec in ports.outputs]
        self._fixed = {place for place, port in enumerate(compiled.outputs) if port.partial_shape.is_static}

    def _run_impl(self, feeds: dict[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
        return self._run_into_impl(feeds, {})

    def _run_into_impl(self, feeds: dict[str, Any], targets: dict[str, Target]) -> dict[str, Any]:
        compiled = self._compiled
        assert compiled is not None
        tensors = [(place, _tensor(feeds[spec.name], spec)) for spec, place in self._feeds]
        lent = self._lent(targets) if targets else []
        own = []
        try:
            request = self._requests.pop()
        except IndexError:
            request = compiled.create_infer_request()
        try:
            for place, tensor in tensors:
                request.set_input_tensor(place, tensor)
            for place, tensor in lent:
                own.append((place, request.get_output_tensor(place)))
                request.set_output_tensor(place, tensor)
            request.infer()
            return self._collected(request, targets, {place for place, _ in lent})
        except RuntimeError as error:
            raise BackendFailed(f"openvino failed on {self.device}: {_words(error)}") from error
        finally:
            for place, tensor in own:  # a later run must not write to the arrays of this one
                request.set_output_tensor(place, tensor)
            self._requests.append(request)

    def _lent(self, targets: dict[str, Target]) -> list[tuple[int, openvino.Tensor]]:
        """The arrays that OpenVINO computes into: it does so where a shape is fixed, and takes no empty ones."""
        arrays = {name: target.array for name, target in targets.items() if target.in_place and target.array.nbytes}
        return [
            (place, _shared(array, spec))
            for spec, place in self._results
            if place in self._fixed and isinstance(array := arrays.get(spec.name), np.ndarray)
        ]

    def _collected(
        self, request: openvino.InferRequest, targets: dict[str, Target], lent: set[int]
    ) -> dict[str, npt.NDArray[Any]]:
        """New arrays for the outputs without a target; the others are copied unless they were lent."""
        if not targets:
            return {spec.name: _values(request, place, spec).copy() for spec, place in self._results}
        found = {spec.name: (place, _values(request, place, spec)) for spec, place in self._results}
        rest = {name: target for name, target in targets.items() if found[name][0] not in lent}
        fill({name: array for name, (_, array) in found.items()}, rest)
        return {name: array if name in targets else array.copy() for name, (_, array) in found.items()}

    def _close_impl(self) -> None:
        self._compiled = None
        self._kept = None
        self._requests.clear()


def _properties(options: Options) -> dict[str, Any]:
    for name, given, choices in (("precision", options.precision, _PRECISIONS), ("hint", options.hint, _HINTS)):
        if given not in choices:
            raise OptionError(f"there is no {name} {given!r}; choose {', '.join(choices)}")
    if clash := sorted(options.config.keys() & _OWN_OPTIONS.keys()):
        named = ", ".join(f"{key} is the option {_OWN_OPTIONS[key]}" for key in clash)
        raise OptionError(f"config holds what has an option of its own: {named}")
    properties: dict[str, Any] = {
        "INFERENCE_PRECISION_HINT": options.precision,
        "PERFORMANCE_HINT": options.hint.upper(),
    }
    if options.precision == "f32":
        properties["EXECUTION_MODE_HINT"] = "ACCURACY"
    if options.threads:
        properties["INFERENCE_NUM_THREADS"] = options.threads
    if options.streams:
        properties["NUM_STREAMS"] = options.streams
    if options.cache is not None:
        properties["CACHE_DIR"] = str(options.cache)
    return {**properties, **options.config}


def _plugin(core: openvino.Core, device: Device) -> str:
    """OpenVINO's name of the device."""
    name = _PLUGINS[device.kind]
    same = [item for item in core.available_devices if item.partition(".")[0] == name]
    if device.index >= len(same):
        found = ", ".join(core.available_devices) or "nothing"
        needs = "an Intel GPU with its OpenCL driver; for an NVIDIA GPU choose the runtime onnxruntime or tensorrt"
        raise NoDevice(f"{device} cannot be used: OpenVINO finds {found}" + (f"; it needs {needs}" * (name == "GPU")))
    return str(same[device.index])


def _require_types(ports: Declared) -> None:
    strings = [spec.name for spec in (*ports.inputs, *ports.outputs) if spec.dtype is DType.STRING]
    if strings:
        raise BackendFailed(f"openvino takes and returns no strings ({', '.join(strings)}); choose onnxruntime")


def _model(core: openvino.Core, source: Source) -> tuple[openvino.Model, object]:
    """OpenVINO's model, and the arrays that must live as long as what is compiled from it."""
    if source.model is None:
        return core.read_model(source.path), None
    from mindferry.formats.onnx_weights import detached

    message, weights = detached(source.model, _SMALLEST_SHARED)
    arrays = {name: np.ascontiguousarray(item.numpy()) for name, item in weights.items() if item.dtype.name in _SHARED}
    model = core.read_model(_with_inputs(message, weights, arrays))
    for parameter in model.get_parameters():
        for name in parameter.output(0).get_names() & arrays.keys():
            _fill(model, parameter, arrays[name])
    model.validate_nodes_and_infer_types()
    return model, arrays


def _with_inputs(message: onnx.ModelProto, weights: Mapping[str, ir.TensorProtocol], shared: Collection[str]) -> bytes:
    """The model with inputs in the place of shared weights, and the other weights put back."""
    import onnx

    stored = [tensor for tensor in message.graph.initializer if tensor.name not in shared]
    for tensor in stored:
        if tensor.name in weights:
            del tensor.external_data[:]
            tensor.data_location = onnx.TensorProto.DEFAULT
            tensor.raw_data = weights[tensor.name].tobytes()
    inputs = [
        onnx.helper.make_tensor_value_info(name, weights[name].dtype.value, weights[name].shape.numpy())
        for name in shared
    ]
    del message.graph.initializer[:]
    message.graph.initializer.extend(stored)
    message.graph.input.extend(inputs)
    data: bytes = message.SerializeToString()
    return data


def _fill(model: openvino.Model, parameter: Any, array: npt.NDArray[Any]) -> None:
    import openvino

    shared: Any = _shareable(array)
    if array.dtype == DType.BFLOAT16.numpy():
        shared = openvino.Tensor(_shareable(array.view(np.uint16)), array.shape, openvino.Type.bf16)
    constant = openvino.op.Constant(shared, shared_memory=True)
    parameter.output(0).replace(constant.output(0))
    model.remove_parameter(parameter)


def _shareable(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same memory, which must outlive it, marked as writeable: OpenVINO asks for that, but only reads constants."""
    memory = memoryview((ctypes.c_char * array.nbytes).from_address(array.ctypes.data))
    shared: npt.NDArray[Any] = np.frombuffer(memory, array.dtype).reshape(array.shape)
    return shared


def _require_exact(model: openvino.Model, source: Source) -> None:
    """Raises where OpenVINO would compute something else than the model says."""
    reasons: dict[str, list[str]] = {}
    for operator in _operators(model):
        for output in operator.outputs():
            kind, kind_of = output.get_element_type().get_type_name(), operator.get_type_name()
            if kind == "f64":
                reasons.setdefault("computes float64 in float32", []).append(operator.get_friendly_name())
            if kind in ("i8", "u8") and kind_of in _SATURATING:
                reasons.setdefault(f"saturates {kind_of} of 8-bit integers", []).append(operator.get_friendly_name())
    if reasons:
        shown = "; ".join(f"{reason} ({', '.join(names[:3])})" for reason, names in sorted(reasons.items()))
        raise BackendFailed(f"{source.path}: openvino {shown}; choose onnxruntime")


def _operators(model: openvino.Model) -> Iterator[Any]:
    """All operators, those in the bodies of branches and loops included."""
    for operator in model.get_ops():
        yield operator
        kind = operator.get_type_name()
        if kind == "If":
            yield from _operators(operator.get_function(0))
            yield from _operators(operator.get_function(1))
        elif kind in ("Loop", "TensorIterator"):
            yield from _operators(operator.get_function())


def precisions(plugin: str = "CPU") -> tuple[str, ...]:
    """The precisions that a device says it has."""
    import openvino

    found = openvino.Core().get_property(plugin, "OPTIMIZATION_CAPABILITIES")
    return tuple(name for key, name in (("FP32", "f32"), ("BF16", "bf16"), ("FP16", "f16")) if key in found)


def _require_precision(core: openvino.Core, compiled: openvino.CompiledModel, plugin: str, wanted: str) -> None:
    found = compiled.get_property("INFERENCE_PRECISION_HINT").to_string()
    if found != wanted:
        name = core.get_property(plugin, "FULL_DEVICE_NAME")
        raise OptionError(f"{name} has no precision {wanted}: OpenVINO would compute in {found} instead")


def _tensor(array: npt.NDArray[Any], spec: TensorSpec) -> openvino.Tensor:
    if array.dtype.kind in "iu" and array.dtype.itemsize == 8 and array.size:
        low, high = array.min(), array.max()
        if low < _INT32.min or high > _INT32.max:
            raise BadFeed(f"{spec.name} holds values outside int32, in which openvino keeps 64-bit integers")
    return _shared(array if array.flags.writeable else array.copy(), spec)


def _shared(array: npt.NDArray[Any], spec: TensorSpec) -> openvino.Tensor:
    """A tensor over the memory of a writeable array."""
    import openvino

    if spec.dtype is DType.BFLOAT16:
        return openvino.Tensor(array.view(np.uint16), array.shape, openvino.Type.bf16)
    return openvino.Tensor(array, shared_memory=True)


def _values(request: openvino.InferRequest, place: int, spec: TensorSpec) -> npt.NDArray[Any]:
    """An output's values in the request's own memory; OpenVINO shows bfloat16 as if it were float16."""
    array: npt.NDArray[Any] = request.get_output_tensor(place).data
    return array.view(DType.BFLOAT16.numpy()) if spec.dtype is DType.BFLOAT16 else array


def _words(error: BaseException) -> str:
    """What OpenVINO says, without the places in its own source."""
    own = ("Exception from ", "Check '", "FrontEnd API failed", "Summary:", "To facilitate")
    lines = [line.strip() for line in str(error).splitlines()]
    kept = [line.removeprefix("-- ") for line in lines if line and not line.startswith(own)]
    return " ".join(kept) or type(error).__name__
