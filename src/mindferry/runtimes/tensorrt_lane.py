"""One execution context of a TensorRT engine with its stream and buffers: what a single run at a time needs.

A run gives each input its shape, copies it to the GPU and registers its address; asks for the shapes of the outputs,
registers their buffers, enqueues the work and the copies back, and waits for the stream. Arrays that are on the GPU
already are registered where they lie, for inputs and for outputs. Tensors that TensorRT wants on
the host (shapes computed with) stay there. An output whose shape depends on values gets its memory while it is computed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mindferry.compilers.tensorrt_library import Library
from mindferry.errors import BackendFailed, MindFerryError
from mindferry.runtimes.cuda import Gpu
from mindferry.runtimes.device_arrays import DeviceArray
from mindferry.runtimes.outs import Target, require_shape

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of an engine.

    Attributes:
        on_host: whether TensorRT wants it in the host's memory.
    """

    name: str
    dtype: np.dtype[Any]
    is_input: bool
    on_host: bool


class Lane:
    """A context, a stream and buffers that grow as needed. Not for two threads at once."""

    def __init__(self, library: Library, gpu: Gpu, context: Any, ports: tuple[Port, ...], profile: int) -> None:
        self._library, self._gpu, self._context, self._ports = library, gpu, context, ports
        self._buffers: dict[str, tuple[int, int]] = {}
        self._allocators: dict[str, Any] = {}
        self._stream = gpu.stream()
        if profile:
            accepted = context.set_optimization_profile_async(profile, self._stream)
            gpu.wait(self._stream)
            if not accepted:
                self.close()
            self._require(accepted, f"profile {profile}")

    def run(
        self, feeds: Mapping[str, Array | DeviceArray], targets: Mapping[str, Target]
    ) -> dict[str, Array | DeviceArray]:
        """The outputs, by name, in their targets where they have one; this thread must have activated the GPU."""
        try:
            return self._run(feeds, targets)
        except BaseException:
            with contextlib.suppress(MindFerryError):  # the arrays must outlive the copies that are under way
                self._gpu.wait(self._stream)
            raise

    def _run(
        self, feeds: Mapping[str, Array | DeviceArray], targets: Mapping[str, Target]
    ) -> dict[str, Array | DeviceArray]:
        context, outputs = self._context, [port for port in self._ports if not port.is_input]
        for port in self._ports:
            if port.is_input:
                self._give(port, feeds[port.name])
        if missing := context.infer_shapes():
            raise BackendFailed(f"TensorRT needs more about {', '.join(missing)} ({self._library.errors})")
        found = {port.name: self._place(port, targets.get(port.name)) for port in outputs}
        self._require(context.execute_async_v3(self._stream), "the run")
        late = [port for port in outputs if port.name in self._allocators]
        if late:
            self._gpu.wait(self._stream)
        for port in late:
            found[port.name] = _array(port, self._allocators[port.name].shape, targets.get(port.name))
        for port in outputs:
            self._fetch(port, found[port.name])
        self._gpu.wait(self._stream)
        return found

    def _fetch(self, port: Port, array: Array | DeviceArray) -> None:
        """Enqueues the copy of an output that was not computed where it is wanted."""
        if isinstance(array, DeviceArray):
            if port.name in self._allocators:
                self._gpu.copy(array.address, self._address(port.name), array.nbytes, self._stream)
        elif not port.on_host:
            self._gpu.copy_out(array, self._address(port.name), self._stream)

    def _give(self, port: Port, array: Array | DeviceArray) -> None:
        name, shape = port.name, tuple(array.shape)
        self._require(self._context.set_input_shape(name, shape), f"shape {list(shape)} of {name}")
        if isinstance(array, DeviceArray):
            address = array.address
        elif port.on_host:
            address = array.ctypes.data
        else:
            address = self._buffer(name, array.nbytes)
            self._gpu.copy_in(address, array, self._stream)
        self._require(self._context.set_tensor_address(name, address), f"the address of {name}")

    def _place(self, port: Port, target: Target | None) -> Array | DeviceArray:
        """Registers the memory of an output; returns the array that it will be copied to, as far as that is known."""
        name, shape = port.name, tuple(self._context.get_tensor_shape(port.name))
        if min(shape, default=0) < 0 or name in self._allocators:
            if name not in self._allocators:
                allocator = output_allocator(self._library.trt, lambda size: self._buffer(name, size))
                self._require(self._context.set_output_allocator(name, allocator), f"the allocator of {name}")
                self._allocators[name] = allocator
            return np.empty(0, port.dtype)
        array = _array(port, shape, target)
        if isinstance(array, DeviceArray):
            address = array.address
        else:
            address = array.ctypes.data if port.on_host else self._buffer(name, array.nbytes)
        self._require(self._context.set_tensor_address(name, address), f"the address of {name}")
        return array

    def _buffer(self, name: str, size: int) -> int:
        """Memory of at least that size; the tensor's earlier memory where it suffices."""
        address, held = self._buffers.get(name, (0, -1))
        if size <= held:
            return address
        if held >= 0:
            del self._buffers[name]
            self._gpu.free(address)
        address = self._gpu.allocate(size)
        self._buffers[name] = address, size
        return address

    def _address(self, name: str) -> int:
        return self._buffers[name][0]

    def _require(self, accepted: bool, what: str) -> None:
        if not accepted:
            raise BackendFailed(f"{self._library.title} refuses {what}: {self._library.errors}")

    def close(self) -> None:
        """Gives context, memory and stream back, in this order."""
        self._context = None
        self._allocators.clear()
        for address, _ in self._buffers.values():
            self._gpu.free(address)
        self._buffers.clear()
        self._gpu.end_stream(self._stream)


def _array(port: Port, shape: tuple[int, ...], target: Target | None) -> Array | DeviceArray:
    """Where an output goes, whose shape is known now."""
    if target is None:
        return np.empty(shape, port.dtype)
    require_shape(port.name, shape, target)
    return target.array


def output_allocator(trt: Any, allocate: Callable[[int], int]) -> Any:
    """What TensorRT asks for the memory of an output whose size it finds while computing; `shape` is then its shape."""
    base: Any = trt.IOutputAllocator

    class Allocator(base):  # type: ignore[misc]
        """Called during a run."""

        def __init__(self) -> None:
            base.__init__(self)
            self.shape: tuple[int, ...] = ()

        def reallocate_output_async(self, name: str, memory: int, size: int, alignment: int, stream: int) -> int:
            return allocate(size)

        def notify_shape(self, name: str, shape: Any) -> None:
            self.shape = tuple(shape)

    return Allocator()
