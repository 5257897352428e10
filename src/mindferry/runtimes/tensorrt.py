"""TensorRT-RTX and TensorRT 10 or later: engines, and ONNX that is compiled in memory for the GPU that is there.

GPU memory, copies and streams are those of `mindferry.runtimes.cuda`.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy.typing as npt

from mindferry.compilers import tensorrt as compiler
from mindferry.compilers import tensorrt_library
from mindferry.compilers.tensorrt_library import Library
from mindferry.errors import BackendFailed, BadFeed, OptionError
from mindferry.formats import _files
from mindferry.runtimes.base import Device, Runtime, Session, Source
from mindferry.runtimes.cuda import Gpu
from mindferry.runtimes.declared import declared
from mindferry.runtimes.device_arrays import DeviceArray, GpuMemory
from mindferry.runtimes.outs import Target
from mindferry.runtimes.tensorrt_lane import Lane, Port
from mindferry.types import DType, Shape, TensorSpec, format_shape

_DTYPES = {
    "FLOAT": DType.FLOAT32, "HALF": DType.FLOAT16, "BF16": DType.BFLOAT16, "INT8": DType.INT8, "INT32": DType.INT32,
    "INT64": DType.INT64, "BOOL": DType.BOOL, "UINT8": DType.UINT8,
}  # fmt: skip
_MAGIC = {b"vtrt": ("tensorrt_rtx",), b"ftrt": ("tensorrt",)}
"""How an engine starts, and the module that runs it."""

_ALIGNMENT = 256
"""Of memory on the GPU, in bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Options of TensorRT.

    Attributes:
        build: for ONNX: options of `mindferry.compilers.tensorrt.Options`, such as {"precision": "fp16"}.
        profile: which of the engine's optimisation profiles to use.
        streams: runs that may go on at once, each with GPU memory of its own; further ones wait.
        cache: a file for the kernels that TensorRT-RTX compiles on the GPU, which makes the next opening quick.
        config: attributes of TensorRT-RTX's IRuntimeConfig, such as {"cuda_graph_strategy": "WHOLE_GRAPH_CAPTURE"}.
    """

    build: Mapping[str, Any] = field(default_factory=dict)
    profile: int = 0
    streams: int = 1
    cache: str | Path | None = None
    config: Mapping[str, Any] = field(default_factory=dict)


class TensorRt(Runtime):
    """Prepares TensorRT sessions."""

    name: ClassVar[str] = "tensorrt"
    formats: ClassVar[tuple[str, ...]] = ("onnx", "engine")
    devices: ClassVar[tuple[str, ...]] = ("gpu",)
    options: ClassVar[type[Any]] = Options

    def __init__(self) -> None:
        tensorrt_library.find()

    def _prepare_impl(self, source: Source, device: Device, options: Options) -> Session:
        if source.format == "engine" and options.build:
            raise OptionError(f"{source.path}: is compiled already, so the option build has no meaning")
        if options.streams < 1:
            raise OptionError(f"streams must be at least 1, not {options.streams}")
        data = _files.map_file(source.path) if source.format == "engine" else None
        library = tensorrt_library.find(_MAGIC.get(bytes(data[:4]) if data else b"", tensorrt_library.NAMES))
        gpu, engine = Gpu(device), None
        try:
            gpu.activate()
            engine = _Engine(library, data if data is not None else _compiled(library, source, options), source)
            return TensorRtSession(gpu, engine, _ports(engine, source), device, options)
        except BaseException:
            if engine is not None:
                engine.close()
            gpu.close()
            raise


class _Engine:
    """A loaded engine; TensorRT's runtime must outlive it."""

    def __init__(self, library: Library, data: memoryview, source: Source) -> None:
        self.library = library
        with library.listening():
            self._runtime = library.trt.Runtime(library.logger)
            self.inner = self._runtime.deserialize_cuda_engine(data)
            if self.inner is None:
                raise BackendFailed(
                    f"{source.path}: {library.title} cannot load this engine: {library.errors}; an engine runs with the "
                    "TensorRT and on the GPUs that it was compiled for"
                )

    def close(self) -> None:
        """Releases the engine, then the runtime."""
        self.inner = None
        self._runtime = None


@dataclass(frozen=True, slots=True)
class _Ports:
    """An engine's inputs and outputs: as sessions show them, and as a lane needs them."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    ports: tuple[Port, ...]
    complex_inputs: frozenset[str] = frozenset()


class TensorRtSession(Session):
    """An engine and up to `streams` lanes, made when they are first needed."""

    def __init__(self, gpu: Gpu, engine: _Engine, ports: _Ports, device: Device, options: Options) -> None:
        super().__init__("tensorrt", device, ports.inputs, ports.outputs, complex_inputs=ports.complex_inputs)
        self._gpu, self._engine, self._ports, self._options = gpu, engine, ports.ports, options
        self._ranges = _ranges(engine, ports, options.profile)
        self._settings = _runtime_config(engine, options)
        self._gpu_memory = GpuMemory(device, gpu)
        self._free: queue.LifoQueue[Lane] = queue.LifoQueue()
        self._lanes: list[Lane] = []
        self._making = threading.Lock()
        self._free.put(self._lane())

    def _run_impl(self, feeds: dict[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
        return self._run_into_impl(feeds, {})

    def _run_into_impl(self, feeds: dict[str, Any], targets: dict[str, Target]) -> dict[str, Any]:
        self._check(feeds, targets)
        with self._gpu.active():
            lane = self._taken()
            try:
                return lane.run(feeds, targets)
            finally:
                self._free.put(lane)

    def _taken(self) -> Lane:
        with suppress(queue.Empty):
            return self._free.get_nowait()
        with self._making:
            if len(self._lanes) < self._options.streams:
                return self._lane()
        return self._free.get()

    def _lane(self) -> Lane:
        library, settings = self._engine.library, [] if self._settings is None else [self._settings]
        with library.listening():
            context = self._engine.inner.create_execution_context(*settings)
            if context is None:
                raise BackendFailed(f"{library.title} cannot prepare this engine: {library.errors}")
        self._lanes.append(Lane(library, self._gpu, context, self._ports, self._options.profile))
        return self._lanes[-1]

    def _check(self, feeds: Mapping[str, Any], targets: Mapping[str, Target]) -> None:
        """Raises where a shape is outside the profile or TensorRT cannot use memory on the GPU, all problems at once."""
        problems = [
            f"{name} has shape {format_shape(feeds[name].shape)}, the engine takes {format_shape(low)} to "
            f"{format_shape(high)}"
            for name, (low, high) in self._ranges.items()
            if not all(a <= size <= b for a, size, b in zip(low, feeds[name].shape, high, strict=True))
        ]
        arrays = {**feeds, **{f"{name} in out": target.array for name, target in targets.items()}}
        on_host = {name for port in self._ports if port.on_host for name in (port.name, f"{port.name} in out")}
        for name, array in arrays.items():
            if isinstance(array, DeviceArray) and name in on_host:
                problems.append(f"{name} is on the GPU, and TensorRT wants it on the host: pass an array of numpy's")
            elif isinstance(array, DeviceArray) and array.address % _ALIGNMENT:
                problems.append(
                    f"{name} begins at no multiple of {_ALIGNMENT} bytes, as TensorRT needs it: pass a copy"
                )
        if problems:
            raise BadFeed("; ".join(problems))

    def _close_impl(self) -> None:
        self._gpu.activate()
        if self._options.cache is not None and self._settings is not None:
            _files.write(self._options.cache, memoryview(self._settings.get_runtime_cache().serialize()))
        for lane in self._lanes:
            lane.close()
        self._lanes.clear()
        self._settings = None
        self._engine.close()
        self._gpu.close()


def _compiled(library: Library, source: Source, options: Options) -> memoryview:
    """The engine of an ONNX model for the GPU that is active."""
    from mindferry.formats import onnx

    if "compute_capabilities" in options.build:
        raise OptionError("a model is compiled for the GPU that runs it; compute capabilities are for files")
    known = compiler.Options.__dataclass_fields__
    if unknown := sorted(options.build.keys() - known.keys()):
        raise OptionError(f"build has no option {', '.join(unknown)}; it has {', '.join(known)}")
    settings = {**options.build, **({"compute_capabilities": ("current",)} if library.is_rtx else {})}
    model = source.model if source.model is not None else onnx.load(source.path)
    data, _ = compiler.build(model, compiler.Options(**settings))
    return data


def _ports(engine: _Engine, source: Source) -> _Ports:
    """Element types and places as the engine has them; names of free dimensions as an ONNX model has them."""
    trt = engine.library.trt
    specs: dict[bool, list[TensorSpec]] = {True: [], False: []}
    ports = []
    for index in range(engine.inner.num_io_tensors):
        name = engine.inner.get_tensor_name(index)
        kind, is_input = (
            engine.inner.get_tensor_dtype(name).name,
            engine.inner.get_tensor_mode(name) == trt.TensorIOMode.INPUT,
        )
        if kind not in _DTYPES:
            raise BackendFailed(f"{source.path}: {name} is {kind}, which no array can hold")
        shape: Shape = tuple(None if size < 0 else int(size) for size in engine.inner.get_tensor_shape(name))
        specs[is_input].append(TensorSpec(name, _DTYPES[kind], shape))
        on_host = engine.inner.get_tensor_location(name) == trt.TensorLocation.HOST
        ports.append(Port(name, _DTYPES[kind].numpy(), is_input, on_host))
    if source.format == "engine":
        return _Ports(tuple(specs[True]), tuple(specs[False]), tuple(ports))
    said = declared(source)
    return _Ports(said.inputs, said.outputs, tuple(ports), said.complex_inputs)


def _ranges(engine: _Engine, ports: _Ports, profile: int) -> dict[str, tuple[Shape, Shape]]:
    """The smallest and largest shape of each input with free dimensions that lies on the GPU."""
    if not 0 <= profile < engine.inner.num_optimization_profiles:
        raise OptionError(f"there is no profile {profile}; the engine has {engine.inner.num_optimization_profiles}")
    ranges = {}
    for port in ports.ports:
        if port.is_input and not port.on_host and min(engine.inner.get_tensor_shape(port.name), default=0) < 0:
            low, _, high = engine.inner.get_tensor_profile_shape(port.name, profile)
            ranges[port.name] = tuple(low), tuple(high)
    return ranges


def _runtime_config(engine: _Engine, options: Options) -> Any:
    """TensorRT-RTX's runtime configuration, or None for full TensorRT."""
    if not engine.library.is_rtx:
        if options.cache is not None or options.config:
            raise OptionError(f"{engine.library.title} has neither a cache nor a config at run time; TensorRT-RTX has")
        return None
    config = engine.inner.create_runtime_config()
    for name, value in options.config.items():
        if not hasattr(config, name):
            raise OptionError(f"{engine.library.title}'s IRuntimeConfig has no attribute {name!r}")
        known = getattr(type(getattr(config, name)), "__members__", {})
        if isinstance(value, str) and value not in known:
            raise OptionError(f"there is no {name} {value!r}; choose {', '.join(known)}")
        setattr(config, name, known[value] if isinstance(value, str) else value)
    if options.cache is not None:
        cache, path = config.create_runtime_cache(), Path(options.cache)
        if path.exists():
            cache.deserialize(path.read_bytes())
        config.set_runtime_cache(cache)
    return config
