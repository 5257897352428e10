"""A double of ONNX Runtime's sessions on a machine with some devices.

A session answers through the real CPU provider. It takes only what the providers document, refuses device numbers that
are not there, and, as the real one, runs on the CPU without a word where a provider's libraries are missing. What is bound to
it lies in the memory of a double of NVIDIA's driver, or the host's.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime

from runtimes.fake_cuda import FakeDriver

CPU = "CPUExecutionProvider"

_OPTIONS = {
    "CUDAExecutionProvider": {"device_id", "use_tf32", "gpu_mem_limit", "cudnn_conv_algo_search", "enable_cuda_graph"},
    "TensorrtExecutionProvider": {"device_id", "trt_fp16_enable", "trt_engine_cache_enable", "trt_engine_cache_path"},
    "CANNExecutionProvider": {"device_id", "precision_mode", "npu_mem_limit", "enable_cann_graph"},
    CPU: set(),
}
_REAL = onnxruntime.InferenceSession


class Machine:
    """Where sessions are made.

    Attributes:
        devices: how many devices each provider that can be loaded has.
        only_cpu: operators that only the CPU can run.
        driver: which memory of the GPUs is there.
        made: the providers of every session, with their options.
        bound: what was bound, as (name, kind of device, address), an address of None where ONNX Runtime allocates.
    """

    def __init__(
        self, devices: Mapping[str, int], only_cpu: Sequence[str] = (), driver: FakeDriver | None = None
    ) -> None:
        self.devices, self.only_cpu, self.driver = devices, only_cpu, driver or FakeDriver()
        self.bound: list[tuple[str, str, int | None]] = []
        self.made: list[list[tuple[str, dict[str, str]]]] = []

    def session(
        self, model: Any, settings: Any, *, providers: Sequence[tuple[str, dict[str, str]]], enable_fallback: int
    ) -> Any:
        """A session; arguments are those of onnxruntime.InferenceSession."""
        assert enable_fallback == 0, "the Python package would try again on the CPU"
        for name, options in providers:
            unknown = options.keys() - _OPTIONS[name]
            if unknown or not all(isinstance(value, str) for value in options.values()):
                raise ValueError(f"[ONNXRuntimeError] : 2 : INVALID_ARGUMENT : Unknown provider option: {unknown}")
            if name in self.devices and int(options["device_id"]) >= self.devices[name]:
                raise RuntimeError("[ONNXRuntimeError] : 1 : FAIL : CUDA failure 101: invalid device ordinal")
        self.made.append(list(providers))
        real = _REAL(model, settings if not _strict(settings) else None, providers=[CPU])
        up = [name for name, _ in providers if name in self.devices]
        if _strict(settings) and (not up or self.only_cpu):
            raise RuntimeError(
                "[ONNXRuntimeError] : 1 : FAIL : This session contains graph nodes that are assigned to the default CPU EP"
            )
        return _Session(real, [*up, CPU], self, int(dict(providers[0][1]).get("device_id", 0)))


def _strict(settings: Any) -> bool:
    try:
        return bool(settings.get_session_config_entry("session.disable_cpu_ep_fallback") == "1")
    except RuntimeError:  # the entry was not set
        return False


class _Session:
    """A real session that says it had other providers."""

    def __init__(self, real: Any, providers: list[str], machine: Machine, gpu: int) -> None:
        self._real, self._providers, self._machine, self._gpu = real, providers, machine, gpu

    def get_providers(self) -> list[str]:
        """What came up."""
        return self._providers

    def io_binding(self) -> _Binding:
        """Memory for one run."""
        return _Binding(self._real, self._machine, self._gpu)

    def run_with_iobinding(self, binding: _Binding) -> None:
        """Runs on what is bound."""
        binding.run()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class _Binding:
    """Memory for one run: every place must be what it is said to be. Outputs are computed by the real session."""

    def __init__(self, real: Any, machine: Machine, gpu: int) -> None:
        self._real, self._machine, self._driver, self._gpu = real, machine, machine.driver, gpu
        self._types = {port.name: port.type for port in (*real.get_inputs(), *real.get_outputs())}
        self._inputs: dict[str, tuple[str, Any, Any, int | None]] = {}
        self._outputs: dict[str, tuple[str, Any, Any, int | None]] = {}
        self._made: dict[str, _Value] = {}

    def bind_input(self, name: str, device: str, index: int, kind: Any, shape: tuple[int, ...], address: int) -> None:
        """An input that is at an address."""
        self._inputs[name] = self._bound(name, device, index, kind, shape, address)

    def bind_cpu_input(self, name: str, array: Any) -> None:
        """An input that is an array."""
        self.bind_input(name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data)

    def bind_output(
        self, name: str, device: str = "cpu", index: int = 0, kind: Any = None, shape: Any = None, address: Any = None
    ) -> None:
        """An output that goes to an address, or to new memory of a device."""
        self._outputs[name] = self._bound(name, device, index, kind, shape, address)

    def _bound(self, name: str, device: str, index: int, kind: Any, shape: Any, address: int | None) -> Any:
        assert name in self._types and (device, index) in (("cpu", 0), ("cuda", self._gpu)), (name, device, index)
        if address is not None:
            assert address, "Pointer to data memory is not valid"
            words = {np.float32: "tensor(float)", np.int64: "tensor(int64)", np.float16: "tensor(float16)"}
            assert words[kind] == self._types[name], f"Unexpected input or output data type: {kind}"
            size = math.prod(shape) * np.dtype(kind).itemsize
            base = self._driver.base(address)
            assert (base is None) == (device == "cpu"), f"{name} is in the wrong memory"
            if base is not None:
                assert self._driver.gpu_of[base] == index and self._driver.holds(address, size), f"{name} is not there"
        self._machine.bound.append((name, device, address))
        return device, kind, shape, address

    def run(self) -> None:
        """As the real one, leaves the place of an output alone that is an input."""
        inputs = [port.name for port in self._real.get_inputs()]
        names = [port.name for port in self._real.get_outputs()]
        found = self._real.run(names, {name: self._read(name) for name in inputs})
        for name, array in zip(names, found, strict=True):
            device, _, shape, address = self._outputs[name]
            if address is None:
                self._made[name] = _Value(array, self._driver if device == "cuda" else None, self._gpu)
            elif shape != array.shape:
                raise RuntimeError(f"The output OrtValue provided for output '{name}' has another shape")
            elif name not in inputs:
                self._write(name, array)

    def _read(self, name: str) -> Any:
        device, kind, shape, address = self._inputs[name]
        size = math.prod(shape) * np.dtype(kind).itemsize
        assert address is not None
        data = self._driver.read(address, size) if device == "cuda" else ctypes.string_at(address, size)
        return np.frombuffer(data, kind).reshape(shape)

    def _write(self, name: str, array: Any) -> None:
        device, _, _, address = self._outputs[name]
        assert address is not None
        if device == "cuda":
            self._driver.write(address, array.tobytes())
        else:
            ctypes.memmove(address, array.tobytes(), array.nbytes)

    def get_outputs(self) -> list[Any]:
        """The outputs in the order in which they were bound."""
        return [self._made.get(name) for name in self._outputs]


class _Value:
    """An output in memory that ONNX Runtime allocated."""

    def __init__(self, array: Any, driver: FakeDriver | None, gpu: int) -> None:
        self._array, self._driver, self._address = array, driver, array.ctypes.data
        if driver is not None:
            self._address = driver.allocate(array.nbytes, gpu)
            driver.write(self._address, array.tobytes())

    def __del__(self) -> None:
        if self._driver is not None:
            del self._driver.memory[self._address]

    def shape(self) -> list[int]:
        """Its shape."""
        return list(self._array.shape)

    def data_ptr(self) -> int:
        """Its address."""
        return int(self._address)

    def data_type(self) -> str:
        """Its type."""
        return {"f": "tensor(float)", "i": "tensor(int64)"}[self._array.dtype.kind]

    def numpy(self) -> Any:
        """As an array, where it is on the host."""
        assert self._driver is None
        return self._array
