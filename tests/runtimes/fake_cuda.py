"""A double of NVIDIA's driver library that refuses wrong calls and does copies only when a stream is waited for."""

from __future__ import annotations

import ctypes
import itertools
import threading
from collections.abc import Callable
from typing import Any

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
    """

    def __init__(self, gpus: int = 2) -> None:
        self.gpus = gpus
        self.memory: dict[int, bytearray] = {}
        self.streams: dict[int, list[tuple[tuple[int, ...], Callable[[], None]]]] = {}
        self.retained: dict[int, int] = {}
        self.calls: list[str] = []
        self._ready, self._current = False, threading.local()
        self._addresses, self._handles = itertools.count(0x7000_0000, 1 << 24), itertools.count(0x51)

    @property
    def leaks(self) -> dict[str, Any]:
        """What has not been given back."""
        held = {"memory": self.memory, "streams": self.streams, "contexts": {k for k, v in self.retained.items() if v}}
        return {name: value for name, value in held.items() if value}

    def __getattribute__(self, name: str) -> Any:
        found = object.__getattribute__(self, name)
        if not name.startswith("cu"):
            return found
        self.calls.append(name)
        free = ("cuInit", "cuGetErrorString")
        current = ("cuMem", "cuStream")
        if name not in free and not self._ready:
            return lambda *_: NOT_INITIALIZED
        if name.startswith(current) and not self.retained.get(getattr(self._current, "gpu", -1)):
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
        self._current.gpu = context.value - 0xC0
        return 0 if self.retained.get(self._current.gpu) else INVALID_CONTEXT

    def cuMemAlloc_v2(self, address: Any, size: Any) -> int:  # noqa: N802
        if not size.value:
            return INVALID_VALUE
        address._obj.value = next(self._addresses)
        self.memory[address._obj.value] = bytearray(b"\xcd" * size.value)
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
            ctypes.memmove(host.value, bytes(self.memory[address.value][: size.value]), size.value)

        return self._enqueue(address.value, size.value, stream.value, copy)

    def cuStreamSynchronize(self, stream: Any) -> int:  # noqa: N802
        if stream.value not in self.streams:
            return INVALID_HANDLE
        while self.streams[stream.value]:
            self.streams[stream.value].pop(0)[1]()
        return 0

    def _enqueue(self, address: int, size: int, stream: int, copy: Callable[[], None]) -> int:
        if stream not in self.streams:
            return INVALID_HANDLE
        if address not in self.memory or size > len(self.memory[address]):
            return INVALID_VALUE
        self.streams[stream].append(((address,), copy))
        return 0
