"""A double of TensorRT's run time: engines that double their input, and refuse wrong calls as TensorRT does, in its log.

An engine is its magic and a JSON description: tensors in order as [name, mode, dtype, shape, location], and the profiles.
Its outputs are twice the input of the same place. Objects must die in the order context, engine, runtime.
"""

from __future__ import annotations

import ctypes
import enum
import functools
import json
import math
import types
from typing import Any

import ml_dtypes
import numpy as np

from runtimes.fake_cuda import FakeDriver

_DTYPES = {
    "FLOAT": np.float32, "HALF": np.float16, "BF16": ml_dtypes.bfloat16, "INT32": np.int32, "INT64": np.int64,
    "BOOL": np.bool_, "FP8": np.uint8,
}  # fmt: skip


class Severity(enum.Enum):
    INTERNAL_ERROR, ERROR, WARNING, INFO, VERBOSE = range(5)


class TensorIOMode(enum.Enum):
    NONE, INPUT, OUTPUT = range(3)


class TensorLocation(enum.Enum):
    DEVICE, HOST = range(2)


class CudaGraphStrategy(enum.Enum):
    DISABLED, WHOLE_GRAPH_CAPTURE = range(2)


DataType = enum.Enum("DataType", [*_DTYPES])


class ILogger:
    """What a logger derives from."""

    Severity = Severity

    def __init__(self) -> None:
        self.made = True


class IOutputAllocator:
    """What an allocator derives from."""

    def __init__(self) -> None:
        self.made = True


def engine(
    *tensors: tuple[str, str, str, list[int], str],
    profiles: tuple[dict[str, list[list[int]]], ...] = ({},),
    magic: bytes = b"vtrt",
) -> bytes:
    """The bytes of an engine."""
    return magic + json.dumps({"tensors": tensors, "profiles": profiles}).encode()


def module(driver: FakeDriver, name: str = "tensorrt_rtx", unknown_until_run: tuple[str, ...] = ()) -> Any:
    """TensorRT's module on a driver; the named outputs get their shapes only when they are computed."""
    alive: list[str] = []

    class Alive:
        """Something that must die after what it made."""

        kind = ""

        def __init__(self) -> None:
            alive.append(self.kind)

        def __del__(self) -> None:
            below = {"runtime": ("engine", "context"), "engine": ("context",), "context": ()}[self.kind]
            died_early.extend(kind for kind in below if kind in alive)
            alive.remove(self.kind)

    class Runtime(Alive):
        kind = "runtime"

        def __init__(self, logger: Any) -> None:
            assert logger.made
            super().__init__()
            self.logger = logger

        def deserialize_cuda_engine(self, data: Any) -> Any:
            magic, text = bytes(data[:4]), bytes(data[4:])
            if magic != {"tensorrt_rtx": b"vtrt", "tensorrt": b"ftrt"}[name] or not text.startswith(b"{"):
                message = "IRuntime::deserializeCudaEngine: Error Code 1: Serialization (magic tag does not match)"
                self.logger.log(Severity.ERROR, message)
                return None
            return Engine(json.loads(text), self.logger)

    class RuntimeConfig:
        def __init__(self) -> None:
            self.cuda_graph_strategy = CudaGraphStrategy.DISABLED
            self._cache: Any = None

        def create_runtime_cache(self) -> Any:
            return Cache()

        def set_runtime_cache(self, cache: Any) -> bool:
            self._cache = cache
            return True

        def get_runtime_cache(self) -> Any:
            return self._cache

    class Cache:
        def __init__(self) -> None:
            self.kernels = b"kernels"

        def deserialize(self, blob: bytes) -> bool:
            self.kernels = blob + b" again"
            return True

        def serialize(self) -> bytes:
            return self.kernels

    class Engine(Alive):
        kind = "engine"

        def __init__(self, description: Any, logger: Any) -> None:
            super().__init__()
            self.tensors = {item[0]: item for item in description["tensors"]}
            self.profiles, self.logger = description["profiles"], logger
            self.num_io_tensors, self.num_optimization_profiles = len(self.tensors), len(self.profiles)
            if name == "tensorrt_rtx":
                self.create_runtime_config = RuntimeConfig

        def get_tensor_name(self, index: int) -> str:
            return list(self.tensors)[index]

        def get_tensor_mode(self, name: str) -> TensorIOMode:
            return TensorIOMode[self.tensors[name][1]]

        def get_tensor_dtype(self, name: str) -> Any:
            return DataType[self.tensors[name][2]]

        def get_tensor_shape(self, name: str) -> tuple[int, ...]:
            return tuple(self.tensors[name][3])

        def get_tensor_location(self, name: str) -> TensorLocation:
            return TensorLocation[self.tensors[name][4]]

        def get_tensor_profile_shape(self, name: str, profile: int) -> list[tuple[int, ...]]:
            return [tuple(shape) for shape in self.profiles[profile][name]]

        def create_execution_context(self, config: Any = None) -> Any:
            assert (config is not None) == (module_name == "tensorrt_rtx")
            return Context(self, config)

    class Context(Alive):
        kind = "context"

        def __init__(self, owner: Engine, config: Any) -> None:
            super().__init__()
            self.engine, self.config, self.profile = owner, config, 0
            self.shapes: dict[str, tuple[int, ...]] = {}
            self.addresses: dict[str, int] = {}
            self.allocators: dict[str, Any] = {}
            contexts.append(types.SimpleNamespace(config=config))

        def refuse(self, text: str) -> bool:
            self.engine.logger.log(Severity.ERROR, f"IExecutionContext::f: Error Code 3: API Usage Error ({text})")
            return False

        def names(self, mode: str) -> list[str]:
            return [item[0] for item in self.engine.tensors.values() if item[1] == mode]

        def set_optimization_profile_async(self, profile: int, stream: int) -> bool:
            if profile >= len(self.engine.profiles) or stream not in driver.streams:
                return self.refuse("there is no such profile or stream")
            self.profile = profile
            return True

        def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
            declared = self.engine.tensors[name][3]
            if name not in self.names("INPUT") or len(shape) != len(declared):
                return self.refuse(f"{name} cannot have {shape}")
            if any(size not in (-1, given) for size, given in zip(declared, shape, strict=True)):
                return self.refuse(f"{name} cannot have {shape}")
            if name in self.engine.profiles[self.profile]:
                low, _, high = self.engine.profiles[self.profile][name]
                if not all(a <= size <= b for a, size, b in zip(low, shape, high, strict=True)):
                    return self.refuse(f"{name} is outside profile {self.profile}")
            self.shapes[name] = shape
            return True

        def infer_shapes(self) -> list[str]:
            return [name for name in self.names("INPUT") if name not in self.shapes]

        def get_tensor_shape(self, name: str) -> tuple[int, ...]:
            if name in self.names("INPUT"):
                return self.shapes.get(name, tuple(self.engine.tensors[name][3]))
            source = self.names("INPUT")[self.names("OUTPUT").index(name)]
            shape = self.shapes.get(source, tuple(self.engine.tensors[name][3]))
            return (-1, *shape[1:]) if name in unknown_until_run else shape

        def set_tensor_address(self, name: str, address: int) -> bool:
            if name not in self.engine.tensors or not address:
                return self.refuse(f"no address for {name}")
            base = driver.base(address)
            if (self.engine.tensors[name][4] == "HOST") != (base is None):
                return self.refuse(f"{name} is in the wrong memory")
            if base is not None and (driver.gpu_of[base] != driver.active_gpu or address % 256):
                return self.refuse(f"{name} is on another GPU or not aligned")
            self.addresses[name] = address
            return True

        def set_output_allocator(self, name: str, allocator: Any) -> bool:
            assert allocator.made
            self.allocators[name] = allocator
            return name in self.names("OUTPUT")

        def execute_async_v3(self, stream: int) -> bool:
            missing = [name for name in self.engine.tensors if name not in self.addresses | self.allocators.keys()]
            if missing or self.infer_shapes() or stream not in driver.streams:
                return self.refuse(f"no address for {', '.join(missing)}")
            for source, target in zip(self.names("INPUT"), self.names("OUTPUT"), strict=True):
                if target in self.allocators:
                    size = math.prod(self.shapes[source]) * self.itemsize(target)
                    self.addresses[target] = self.allocators[target].reallocate_output_async(
                        target, 0, size, 256, stream
                    )
                if any(self.too_small(name, source) for name in (source, target)):
                    return self.refuse(f"{source} or {target} has too little memory")
                used = tuple(self.addresses.values())
                driver.streams[stream].append((used, functools.partial(self.double, source, target)))
            addresses.append(dict(self.addresses))
            return True

        def itemsize(self, name: str) -> int:
            return np.dtype(_DTYPES[self.engine.tensors[name][2]]).itemsize

        def too_small(self, name: str, source: str) -> bool:
            if self.engine.tensors[name][4] == "HOST":
                return False
            size = math.prod(self.shapes[source]) * self.itemsize(name)
            return not driver.holds(self.addresses[name], size)

        def double(self, source: str, target: str) -> None:
            shape, dtype = self.shapes[source], np.dtype(_DTYPES[self.engine.tensors[source][2]])
            size = math.prod(shape) * dtype.itemsize
            array = np.frombuffer(self.read(source, size), dtype)
            doubled = array | array if dtype == np.bool_ else array + array
            self.put(target, doubled.astype(dtype).tobytes())
            if target in self.allocators:
                self.allocators[target].notify_shape(target, shape)

        def read(self, name: str, size: int) -> bytes:
            address = self.addresses[name]
            return ctypes.string_at(address, size) if driver.base(address) is None else driver.read(address, size)

        def put(self, name: str, data: bytes) -> None:
            address = self.addresses[name]
            if driver.base(address) is None:
                ctypes.memmove(address, data, len(data))
            else:
                driver.write(address, data)

    module_name = name
    died_early: list[str] = []
    contexts: list[Any] = []
    addresses: list[dict[str, int]] = []
    return types.SimpleNamespace(
        __name__=name, __version__="1.7.1", ILogger=ILogger, IOutputAllocator=IOutputAllocator, Runtime=Runtime,
        TensorIOMode=TensorIOMode, TensorLocation=TensorLocation, alive=alive, died_early=died_early, contexts=contexts,
        addresses=addresses,
    )  # fmt: skip
