"""One NVIDIA GPU through the driver's own library: memory, copies and streams.

`libcuda.so.1` comes with the driver, so ctypes is all that is needed. Work is done in the GPU's primary context, which is
the one that TensorRT uses too.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
from collections.abc import Iterator
from typing import Any

import numpy.typing as npt

from mindferry.errors import BackendFailed, NoDevice
from mindferry.runtimes.base import Device

DEFAULT_STREAM = 1
"""The handle of the stream that work without a stream goes to."""

_NO_DEVICE = 100
_INVALID_VALUE = 1
_DEVICE_ORDINAL = 9
"""What cuPointerGetAttribute is asked for."""


@functools.cache
def _library() -> Any:
    try:
        return ctypes.CDLL("libcuda.so.1")
    except OSError as error:
        raise NoDevice(f"there is no NVIDIA driver here ({error}); a GPU needs one") from None


class Gpu:
    """A GPU, whose context lives until `close`. Addresses and streams are plain integers.

    Raises:
        NoDevice: there is no driver, or no such GPU.
    """

    def __init__(self, device: Device) -> None:
        self._cuda = _library()
        code = self._cuda.cuInit(ctypes.c_uint(0))
        if code == _NO_DEVICE:
            raise NoDevice(f"{device} cannot be used: the NVIDIA driver finds no GPU")
        self._require(code, "cuInit")
        count, handle, context = ctypes.c_int(), ctypes.c_int(), ctypes.c_void_p()
        self._call("cuDeviceGetCount", ctypes.byref(count))
        if device.index >= count.value:
            raise NoDevice(f"{device} is not there; the NVIDIA driver finds {count.value} GPU")
        self._call("cuDeviceGet", ctypes.byref(handle), ctypes.c_int(device.index))
        self._call("cuDevicePrimaryCtxRetain", ctypes.byref(context), handle)
        self._handle, self._context = handle, context

    def activate(self) -> None:
        """Makes this GPU the calling thread's own; what follows needs that."""
        self._call("cuCtxSetCurrent", self._context)

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """Makes this GPU the calling thread's own for a while."""
        self._call("cuCtxPushCurrent_v2", self._context)
        try:
            yield
        finally:
            self._call("cuCtxPopCurrent_v2", ctypes.byref(ctypes.c_void_p()))

    def holder(self, address: int) -> int | None:
        """Which GPU has the memory at an address, None where the driver knows of none."""
        index = ctypes.c_int()
        attribute = ctypes.c_int(_DEVICE_ORDINAL)
        code = self._cuda.cuPointerGetAttribute(ctypes.byref(index), attribute, ctypes.c_uint64(address))
        if code == _INVALID_VALUE:
            return None
        self._require(code, "cuPointerGetAttribute")
        return index.value

    def allocate(self, size: int) -> int:
        """The address of new memory of at least one byte."""
        address = ctypes.c_uint64()
        self._call("cuMemAlloc_v2", ctypes.byref(address), ctypes.c_size_t(max(size, 1)))
        return address.value

    def free(self, address: int) -> None:
        """Gives memory back."""
        self._call("cuMemFree_v2", ctypes.c_uint64(address))

    def stream(self) -> int:
        """A new stream, which does not wait for the default one."""
        stream = ctypes.c_void_p()
        self._call("cuStreamCreate", ctypes.byref(stream), ctypes.c_uint(1))
        return int(stream.value or 0)

    def end_stream(self, stream: int) -> None:
        """Gives a stream back."""
        self._call("cuStreamDestroy_v2", ctypes.c_void_p(stream))

    def copy_in(self, address: int, array: npt.NDArray[Any], stream: int) -> None:
        """Copies an array in C order to the GPU; it must live until `wait`."""
        if array.nbytes:
            host = ctypes.c_void_p(array.ctypes.data)
            size = ctypes.c_size_t(array.nbytes)
            self._call("cuMemcpyHtoDAsync_v2", ctypes.c_uint64(address), host, size, ctypes.c_void_p(stream))

    def copy_out(self, array: npt.NDArray[Any], address: int, stream: int) -> None:
        """Fills an array in C order from the GPU; it must live until `wait`, and is filled only then."""
        if array.nbytes:
            host = ctypes.c_void_p(array.ctypes.data)
            size = ctypes.c_size_t(array.nbytes)
            self._call("cuMemcpyDtoHAsync_v2", host, ctypes.c_uint64(address), size, ctypes.c_void_p(stream))

    def copy(self, target: int, source: int, size: int, stream: int) -> None:
        """Copies within the GPU; done only when the stream was waited for."""
        addresses = ctypes.c_uint64(target), ctypes.c_uint64(source)
        self._call("cuMemcpyDtoDAsync_v2", *addresses, ctypes.c_size_t(size), ctypes.c_void_p(stream))

    def wait_for_all(self) -> None:
        """Returns when the GPU has done everything that this process gave it."""
        self._call("cuCtxSynchronize")

    def wait(self, stream: int) -> None:
        """Returns when the stream has done everything that it was given."""
        self._call("cuStreamSynchronize", ctypes.c_void_p(stream))

    def close(self) -> None:
        """Gives the context back; the memory and streams must be given back before."""
        self._call("cuDevicePrimaryCtxRelease_v2", self._handle)

    def _call(self, name: str, *arguments: Any) -> None:
        self._require(getattr(self._cuda, name)(*arguments), name)

    def _require(self, code: int, name: str) -> None:
        if code:
            text = ctypes.c_char_p()
            self._cuda.cuGetErrorString(ctypes.c_int(code), ctypes.byref(text))
            reason = text.value.decode() if text.value else "unknown error"
            raise BackendFailed(f"the NVIDIA driver refuses {name}: {reason} (error {code})")
