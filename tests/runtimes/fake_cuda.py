"""A double of NVIDIA's driver library that refuses wrong calls and does copies only when a stream is waited for."""

from __future__ import annotations

import ctypes
import itertools
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

INVALID_VALUE, NOT_INITIALIZED, NO_DEVICE, INVALID_CONTEXT, INVALID_HANDLE = 1, 3, 100, 201, 400
_WORDS = {
    1: b"invalid argument", 3: b"initialization error", 100: b"no device", 201: b"invalid device context",
    400: b"invalid resource handle",
}  # fmt: skip


class FakeDriver:
    """The functions that `runtimes.cuda` calls, on memory of this process.

    Attributes:
        memory: what is allocated, by address.
        streams: what each stream has still to do, and with which memory, which must not be given back before.
        retained: how often each primary context is held.
        gpu_of: on which GPU memory is.
        foreign: what another library allocated, which may outlive a session.
    """

    def __init__(self, gpus: int = 2) -> None:
        self.gpus = gpus
        self.memory: dict[int, bytearray] = {}
        self.streams: dict[int, list[tuple[tuple[int, ...], Callable[[], None]]]] = {}
        self.retained: dict[int, int] = {}
        self.gpu_of: dict[int, int] = {}
        self.foreign: set[int] = set()
        self.calls: list[str] = []
        self._default: dict[int, list[tuple[tuple[int, ...], Callable[[], None]]]] = {1: [], 2: []}
        self._ready, self._current = False, threading.local()
        self._addresses, self._handles = itertools.count(0x7000_0000, 1 << 24), itertools.count(0x51)

    @property
    def leaks(self) -> dict[str, Any]:
        """What has not been given back."""
        memory = self.memory.keys() - self.foreign
        held = {"memory": memory, "streams": self.streams, "contexts": {k for k, v in self.retained.items() if v}}
        return {name: value for name, value in held.items() if value}

    def __getattribute__(self, name: str) -> Any:
        found = object.__getattribute__(self, name)
        if not name.startswith("cu"):
            return found
        self.calls.append(name)
        free = ("cuInit", "cuGetErrorString")
        current = ("cuMem", "cuStream", "cuCtxSynchronize")
        if name not in free and not self._ready:
            return lambda *_: NOT_INITIALIZED
        if name.startswith(current) and not self.retained.get(self.active_gpu):
            return lambda *_: INVALID_CONTEXT
        return found

    def cuInit(self, flags: Any) -> int:  # noqa: N802
        self._ready = self.gpus > 0 and flags.value == 0
        return 0 if self._ready else NO_DEVICE

    def cuGetErrorString(self, code: Any, text: Any) -> int:  # noqa: N802
        text._obj.value = _WORDS[code.value]
        return 0

    def cuDeviceGetCount(self, count: Any) -> int:  # noqa: N802
        count._obj.value = self.gpus
        return 0

    def cuDeviceGet(self, handle: Any, index: Any) -> int:  # noqa: N802
        handle._obj.value = index.value
        return 0 if index.value < self.gpus else INVALID_VALUE

    def cuDevicePrimaryCtxRetain(self, context: Any, handle: Any) -> int:  # noqa: N802
        self.retained[handle.value] = self.retained.get(handle.value, 0) + 1
        context._obj.value = 0xC0 + handle.value
        return 0

    def cuDevicePrimaryCtxRelease_v2(self, handle: Any) -> int:  # noqa: N802
        if not self.retained.get(handle.value):
            return INVALID_CONTEXT
        self.retained[handle.value] -= 1
        return 0

    def cuCtxSetCurrent(self, context: Any) -> int:  # noqa: N802
        self._stack[-1:] = [context.value - 0xC0]
        return 0 if self.retained.get(self.active_gpu) else INVALID_CONTEXT

    def cuCtxPushCurrent_v2(self, context: Any) -> int:  # noqa: N802
        self._stack.append(context.value - 0xC0)
        return 0 if self.retained.get(self.active_gpu) else INVALID_CONTEXT

    def cuCtxPopCurrent_v2(self, context: Any) -> int:  # noqa: N802
        if not self._stack:
            return INVALID_CONTEXT
        context._obj.value = self._stack.pop() + 0xC0
        return 0

    def cuCtxSynchronize(self) -> int:  # noqa: N802
        for stream in (*self.streams, *self._default):
            self._finish(stream)
        return 0

    def cuPointerGetAttribute(self, found: Any, attribute: Any, address: Any) -> int:  # noqa: N802
        base = self.base(address.value)
        if attribute.value != 9 or base is None:
            return INVALID_VALUE
        found._obj.value = self.gpu_of[base]
        return 0

    def cuMemAlloc_v2(self, address: Any, size: Any) -> int:  # noqa: N802
        if not size.value:
            return INVALID_VALUE
        address._obj.value = self.allocate(size.value, self.active_gpu)
        return 0

    def cuMemFree_v2(self, address: Any) -> int:  # noqa: N802
        if any(address.value in used for work in self.streams.values() for used, _ in work):
            return INVALID_VALUE
        return 0 if self.memory.pop(address.value, None) is not None else INVALID_VALUE

    def cuStreamCreate(self, stream: Any, flags: Any) -> int:  # noqa: N802
        stream._obj.value = next(self._handles)
        self.streams[stream._obj.value] = []
        return 0 if flags.value == 1 else INVALID_VALUE

    def cuStreamDestroy_v2(self, stream: Any) -> int:  # noqa: N802
        return 0 if self.streams.pop(stream.value, None) is not None else INVALID_HANDLE

    def cuMemcpyHtoDAsync_v2(self, address: Any, host: Any, size: Any, stream: Any) -> int:  # noqa: N802
        def copy() -> None:
            self.memory[address.value][: size.value] = ctypes.string_at(host.value, size.value)

        return self._enqueue(address.value, size.value, stream.value, copy)

    def cuMemcpyDtoHAsync_v2(self, host: Any, address: Any, size: Any, stream: Any) -> int:  # noqa: N802
        def copy() -> None:
            ctypes.memmove(host.value, self.read(address.value, size.value), size.value)

        return self._enqueue(address.value, size.value, stream.value, copy)

    def cuMemcpyDtoDAsync_v2(self, target: Any, source: Any, size: Any, stream: Any) -> int:  # noqa: N802
        def copy() -> None:
            self.write(target.value, self.read(source.value, size.value))

        if not self.holds(target.value, size.value):
            return INVALID_VALUE
        return self._enqueue(source.value, size.value, stream.value, copy)

    def cuStreamSynchronize(self, stream: Any) -> int:  # noqa: N802
        return self._finish(stream.value)

    def _finish(self, stream: int) -> int:
        work = self.streams.get(stream, self._default.get(stream))
        if work is None:
            return INVALID_HANDLE
        while work:
            work.pop(0)[1]()
        return 0

    def _enqueue(self, address: int, size: int, stream: int, copy: Callable[[], None]) -> int:
        work = self.streams.get(stream, self._default.get(stream))
        if work is None:
            return INVALID_HANDLE
        if not self.holds(address, size):
            return INVALID_VALUE
        work.append(((address,), copy))
        return 0

    @property
    def active_gpu(self) -> int:
        """The GPU whose context is the calling thread's own, -1 where there is none."""
        return self._stack[-1] if self._stack else -1

    @property
    def _stack(self) -> list[int]:
        stack: list[int] = self._current.__dict__.setdefault("stack", [])
        return stack

    def allocate(self, size: int, gpu: int) -> int:
        """The address of new memory on a GPU."""
        address = next(self._addresses)
        self.memory[address], self.gpu_of[address] = bytearray(b"\xcd" * size), gpu
        return address

    def base(self, address: int) -> int | None:
        """Where the memory begins that an address is in."""
        return next((base for base, held in self.memory.items() if base <= address < base + len(held)), None)

    def holds(self, address: int, size: int) -> bool:
        """Whether as many bytes are allocated from an address on."""
        base = self.base(address)
        return base is not None and address + size <= base + len(self.memory[base])

    def read(self, address: int, size: int) -> bytes:
        """What memory holds."""
        assert self.holds(address, size), "an invalid address"
        base = self.base(address) or 0
        return bytes(self.memory[base][address - base : address - base + size])

    def write(self, address: int, data: bytes) -> None:
        """Puts bytes in memory."""
        assert self.holds(address, len(data)), "an invalid address"
        base = self.base(address) or 0
        self.memory[base][address - base : address - base + len(data)] = data


class OnGpu:
    """An array of another library in a driver's memory, which its producer fills when a stream gets there.

    Attributes:
        interface: `__cuda_array_interface__`.
    """

    def __init__(
        self, driver: FakeDriver, array: npt.NDArray[Any], gpu: int = 0, *, version: int = 3, stream: int | None = None,
        later: int | None = None, offset: int = 0,
    ) -> None:  # fmt: skip
        self.driver, self.like = driver, array
        self._base = driver.allocate(array.nbytes + offset or 1, gpu)
        self.address = self._base + offset
        driver.foreign.add(self._base)
        self.interface: dict[str, Any] = {
            "shape": array.shape, "typestr": array.dtype.str, "data": (self.address if array.size else 0, False),
            "version": version,
        }  # fmt: skip
        if version >= 3:
            self.interface["stream"] = stream
        data = array.tobytes()
        if later is None:
            driver.write(self.address, data)
        else:
            driver._enqueue(self.address, 0, later, lambda: driver.write(self.address, data))

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return self.interface

    @property
    def values(self) -> npt.NDArray[Any]:
        """What the memory holds now."""
        return np.frombuffer(self.driver.read(self.address, self.like.nbytes), self.like.dtype).reshape(self.like.shape)

    def free(self) -> None:
        """Gives the memory back."""
        del self.driver.memory[self._base]
