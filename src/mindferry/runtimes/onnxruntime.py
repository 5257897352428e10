"""ONNX Runtime: CPU, CUDA, TensorRT and CANN execution providers.

ONNX Runtime lists the providers that it was compiled with, not those that work here, and runs on the CPU where the
wanted one cannot be made. So every wanted provider is looked for in the session that was made; a missing one is an
error.

The weights of a model in memory are handed over where they lie, which is usually a mapped file.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy.typing as npt

from mindferry.errors import BackendFailed, NoDevice, NotInstalled, OptionError, words
from mindferry.runtimes import onnxruntime_binding
from mindferry.runtimes.base import Device, Runtime, Session, Source
from mindferry.runtimes.device_arrays import GpuMemory
from mindferry.runtimes.outs import Target
from mindferry.types import COMPLEX_INPUTS, DType, Shape, TensorSpec

if TYPE_CHECKING:
    import onnxruntime

_logger = logging.getLogger(__name__)

_PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "cann": "CANNExecutionProvider",
}
_FOR_DEVICE = {"cpu": ("cpu",), "gpu": ("cuda", "tensorrt"), "ascend310": ("cann",), "ascend910": ("cann",)}
"""Providers by kind of device; the first is the default."""

_INSTALL = {
    "cuda": "pip uninstall onnxruntime, then pip install 'mindferry[gpu]'",
    "tensorrt": "pip uninstall onnxruntime, then pip install 'mindferry[gpu]' 'tensorrt-cu13>=10.13,<11'",
    "cann": "pip uninstall onnxruntime, then pip install onnxruntime-cann beside Ascend's CANN",
}
_NEEDS = {
    "cuda": "an NVIDIA driver, CUDA and cuDNN (pip install 'mindferry[gpu]' brings the last two)",
    "tensorrt": "an NVIDIA driver and TensorRT 10 (pip install 'tensorrt-cu13>=10.13,<11')",
    "cann": "an Ascend driver and CANN, with its set_env.sh sourced",
}
_EXACT = {"cuda": {"use_tf32": "0"}, "cann": {"precision_mode": "must_keep_origin_dtype"}}
"""Options without which CUDA rounds the operands of float32 products to 10 bits of mantissa, and CANN takes float16."""

_OPTIMIZATION = {
    "none": "ORT_DISABLE_ALL",
    "basic": "ORT_ENABLE_BASIC",
    "extended": "ORT_ENABLE_EXTENDED",
    "all": "ORT_ENABLE_ALL",
}
_DTYPES = {
    "bool": DType.BOOL, "int8": DType.INT8, "int16": DType.INT16, "int32": DType.INT32, "int64": DType.INT64,
    "uint8": DType.UINT8, "uint16": DType.UINT16, "uint32": DType.UINT32, "uint64": DType.UINT64,
    "float16": DType.FLOAT16, "bfloat16": DType.BFLOAT16, "float": DType.FLOAT32, "double": DType.FLOAT64,
    "complex64": DType.COMPLEX64, "complex128": DType.COMPLEX128, "string": DType.STRING,
}  # fmt: skip
_NO_SUCH_GPU = "invalid device ordinal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Options of ONNX Runtime.

    Attributes:
        threads: threads within an operator; 0 is one per core.
        parallel_threads: threads that run independent operators side by side; 0 runs one operator after the other.
        optimization: how far the graph is optimised: "none", "basic", "extended" or "all".
        providers: "cuda", "tensorrt", "cann" or "cpu", in order of preference; () is the device's default. Every one
            of them must come up.
        provider_options: by provider, such as {"tensorrt": {"trt_fp16_enable": "1"}}. By default CUDA and CANN compute
            in the model's own precision, which {"cuda": {"use_tf32": "1"}} and {"cann": {"precision_mode": "force_fp16"}}
            change.
        strict: no node may run on the CPU instead of the wanted provider.
        config: session configuration entries, such as {"session.intra_op.allow_spinning": "0"}.
        attributes: attributes of onnxruntime.SessionOptions. With {"enable_profiling": True, "profile_file_prefix": "a"}
            closing the session writes a_TIME.json, and its path to the log.
    """

    threads: int = 0
    parallel_threads: int = 0
    optimization: str = "all"
    providers: Sequence[str] = ()
    provider_options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    strict: bool = False
    config: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)


class OnnxRuntime(Runtime):
    """Prepares ONNX Runtime sessions."""

    name: ClassVar[str] = "onnxruntime"
    formats: ClassVar[tuple[str, ...]] = ("onnx",)
    devices: ClassVar[tuple[str, ...]] = tuple(_FOR_DEVICE)
    options: ClassVar[type[Any]] = Options

    def __init__(self) -> None:
        importlib.import_module("onnxruntime")

    def _prepare_impl(self, source: Source, device: Device, options: Options) -> Session:
        import onnxruntime

        providers = _wanted(device, options)
        settings = _session_options(options)
        model, kept = _model(source, settings)
        wanted = [(_PROVIDERS[name], _provider_options(name, device, options)) for name in providers]
        try:
            inner = onnxruntime.InferenceSession(model, settings, providers=wanted, enable_fallback=0)
        except Exception as error:
            if _NO_SUCH_GPU in str(error):
                raise NoDevice(f"{device} is not there: {words(error)}") from error
            raise
        _require(inner.get_providers(), providers, device)
        return OnnxRuntimeSession(inner, source, device, kept)


class OnnxRuntimeSession(Session):
    """A session of ONNX Runtime."""

    def __init__(self, inner: onnxruntime.InferenceSession, source: Source, device: Device, kept: object) -> None:
        names = inner.get_modelmeta().custom_metadata_map.get(COMPLEX_INPUTS, "")
        inputs, outputs = _specs(inner.get_inputs(), source), _specs(inner.get_outputs(), source)
        super().__init__("onnxruntime", device, inputs, outputs, complex_inputs=frozenset(names.splitlines()))
        self._inner: onnxruntime.InferenceSession | None = inner
        self._kept = kept
        self._names = [spec.name for spec in outputs]
        kinds = {spec.dtype for spec in (*inputs, *outputs)}
        self._by_value, self._has_texts = DType.BFLOAT16 in kinds, DType.STRING in kinds
        if device.kind == "gpu" and not self._has_texts:
            self._gpu_memory = GpuMemory(device)

    def _run_impl(self, feeds: dict[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
        inner = self._inner
        assert inner is not None
        if not self._by_value:
            return dict(zip(self._names, inner.run(self._names, feeds), strict=True))
        values = {name: _to_value(array) for name, array in feeds.items()}
        found = inner.run_with_ort_values(self._names, values)
        return {name: onnxruntime_binding.from_value(value) for name, value in zip(self._names, found, strict=True)}

    def _run_into_impl(self, feeds: dict[str, Any], targets: dict[str, Target]) -> dict[str, Any]:
        if self._has_texts:  # which cannot be bound
            return super()._run_into_impl(feeds, targets)
        assert self._inner is not None
        return onnxruntime_binding.run(self._inner, self._names, feeds, targets, self._gpu_memory)

    def _close_impl(self) -> None:
        if self._inner is not None and self._inner.get_session_options().enable_profiling:
            _logger.info("onnxruntime wrote its profile: %s", Path(self._inner.end_profiling()).absolute())
        self._inner = None
        self._kept = None
        if self._gpu_memory is not None:
            self._gpu_memory.close()


def _wanted(device: Device, options: Options) -> tuple[str, ...]:
    """The providers to use, all of which fit the device and are part of the installed package."""
    import onnxruntime

    allowed = _FOR_DEVICE[device.kind]
    providers = tuple(options.providers) or allowed[:1]
    if wrong := [name for name in providers if name not in allowed]:
        raise OptionError(f"provider {', '.join(wrong)} does not run on {device.kind}; choose {', '.join(allowed)}")
    if unknown := sorted(options.provider_options.keys() - set(providers)):
        raise OptionError(f"options for {', '.join(unknown)}, but the providers are {', '.join(providers)}")
    present = onnxruntime.get_available_providers()
    for name in providers:
        if _PROVIDERS[name] not in present:
            raise NotInstalled(
                f"the installed ONNX Runtime ({_distributions()}) has no {_PROVIDERS[name]}: {_INSTALL[name]}"
            )
    return providers


def _distributions() -> str:
    """Names and versions of the installed packages that bring a module `onnxruntime`."""
    names = sorted(set(importlib.metadata.packages_distributions().get("onnxruntime", ())))
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names) or "of unknown origin"


def _require(found: Sequence[str], wanted: Sequence[str], device: Device) -> None:
    missing = [name for name in wanted if _PROVIDERS[name] not in found]
    if missing:
        needs = "; ".join(f"{_PROVIDERS[name]} needs {_NEEDS[name]}" for name in missing)
        raise NoDevice(f"{device} cannot be used: ONNX Runtime fell back to {', '.join(found)}; {needs}")


def _provider_options(name: str, device: Device, options: Options) -> dict[str, str]:
    given = {key: str(value) for key, value in options.provider_options.get(name, {}).items()}
    return given if name == "cpu" else {"device_id": str(device.index), **_EXACT.get(name, {}), **given}


def _session_options(options: Options) -> onnxruntime.SessionOptions:
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 3
    settings.intra_op_num_threads = options.threads
    if options.parallel_threads:
        settings.execution_mode = onnxruntime.ExecutionMode.ORT_PARALLEL
        settings.inter_op_num_threads = options.parallel_threads
    if options.optimization not in _OPTIMIZATION:
        raise OptionError(f"there is no optimization {options.optimization!r}; choose {', '.join(_OPTIMIZATION)}")
    settings.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, _OPTIMIZATION[options.optimization])
    if options.strict:
        settings.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    for key, value in options.config.items():
        settings.add_session_config_entry(key, str(value))
    for key, value in options.attributes.items():
        if not hasattr(settings, key):
            raise OptionError(f"onnxruntime.SessionOptions has no attribute {key!r}")
        setattr(settings, key, value)
    return settings


def _model(source: Source, settings: onnxruntime.SessionOptions) -> tuple[str | bytes, object]:
    """What InferenceSession takes, and what must live as long as the session."""
    if source.model is None:
        return str(source.path), None
    import onnxruntime

    from mindferry.formats.onnx_weights import detached

    message, weights = detached(source.model)
    values = [
        onnxruntime.OrtValue.ortvalue_from_numpy_with_onnx_type(tensor.numpy(), tensor.dtype.value)
        for tensor in weights.values()
    ]
    settings.add_external_initializers(list(weights), values)
    return message.SerializeToString(), values


def _specs(arguments: Sequence[onnxruntime.NodeArg], source: Source) -> tuple[TensorSpec, ...]:
    shapes = _declared_shapes(source) if any(not argument.shape for argument in arguments) else {}
    return tuple(_spec(argument, shapes) for argument in arguments)


def _spec(argument: onnxruntime.NodeArg, shapes: Mapping[str, Shape | None]) -> TensorSpec:
    kind = argument.type.removeprefix("tensor(").removesuffix(")")
    if kind not in _DTYPES:
        raise BackendFailed(f"{argument.name} is a {argument.type}; only tensors can be given and returned")
    shape = shapes[argument.name] if argument.name in shapes else tuple(argument.shape)
    return TensorSpec(argument.name, _DTYPES[kind], shape)


def _declared_shapes(source: Source) -> dict[str, Shape | None]:
    """The shapes that the model itself declares: ONNX Runtime tells no unknown rank from rank 0."""
    from mindferry.formats import onnx

    model = source.model or onnx.load(Path(source.path))
    return {
        str(value.name): None
        if value.shape is None
        else tuple(size if isinstance(size, int) else size.value for size in value.shape)
        for value in (*model.graph.inputs, *model.graph.outputs)
    }


def _to_value(array: npt.NDArray[Any]) -> onnxruntime.OrtValue:
    import onnxruntime

    if array.dtype == DType.BFLOAT16.numpy():
        return onnxruntime.OrtValue.ortvalue_from_numpy_with_onnx_type(array, onnxruntime_binding.BFLOAT16_IN_ONNX)
    return onnxruntime.OrtValue.ortvalue_from_numpy(array)
