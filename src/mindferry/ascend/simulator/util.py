"""`acl.util`: addresses of Python's own objects."""

from __future__ import annotations

import threading
import warnings
from typing import Any

import numpy as np

from mindferry.ascend.simulator import codes, memory, world
from mindferry.ascend.simulator.call import call
from mindferry.ascend.simulator.errors import Refused
from mindferry.ascend.simulator.rt_memory import bytes_at

_NPY = {
    0: np.bool_, 1: np.int8, 2: np.uint8, 3: np.int16, 4: np.uint16, 5: np.int32, 6: np.uint32, 7: np.int64, 8: np.uint64,
    9: np.int64, 10: np.uint64, 11: np.float32, 12: np.float64, 23: np.float16,
}  # fmt: skip
"""numpy's type numbers."""


@call("util.bytes_to_ptr", "O", bare=0, needs="")
def bytes_to_ptr(value: Any) -> int:
    if not isinstance(value, bytes):
        raise ValueError("the argument of acl.util.bytes_to_ptr is not bytes")
    return int(np.frombuffer(value, np.uint8).ctypes.data) if value else 0


def _host(address: int, size: int) -> memory.Bytes:
    """Memory that the host follows an address to; on a host beside the device that cannot be device memory."""
    now = world.current()
    if memory.is_device(address) and now.settings.run_mode == world.HOST:
        raise MemoryError(
            f"{address:#x} is device memory, which the host cannot follow: copy it with acl.rt.memcpy first"
        )
    try:
        return bytes_at(address, size)
    except Refused as error:
        raise MemoryError(error.text) from None


@call("util.ptr_to_bytes", "kk", bare=None, needs="")
def ptr_to_bytes(address: int, size: int) -> bytes:
    return _host(address, size).tobytes()


def _array(value: Any, name: str) -> np.ndarray[Any, np.dtype[Any]]:
    if not isinstance(value, np.ndarray):
        raise TypeError(f"acl.util.{name} args parse failed!")
    warnings.warn(f"acl.util.{name} is deprecated; use bytes_to_ptr", Warning, stacklevel=4)
    return value


@call("util.numpy_to_ptr", "O", bare=0, needs="")
def numpy_to_ptr(value: Any) -> int:
    return int(_array(value, "numpy_to_ptr").ctypes.data)


@call("util.numpy_contiguous_to_ptr", "O", bare=(0, None), needs="")
def numpy_contiguous_to_ptr(value: Any) -> tuple[int, Any]:
    array = np.ascontiguousarray(_array(value, "numpy_contiguous_to_ptr"))
    return int(array.ctypes.data), array


@call("util.ptr_to_numpy", "kOi", bare=None, needs="")
def ptr_to_numpy(address: int, shape: Any, number: int) -> Any:
    if not isinstance(shape, tuple) or number not in _NPY:
        raise TypeError("acl.util.ptr_to_numpy args parse failed!")
    warnings.warn("acl.util.ptr_to_numpy is deprecated; use ptr_to_bytes", Warning, stacklevel=3)
    dtype = np.dtype(_NPY[number])
    size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    return _host(address, size).view(dtype).reshape(shape)


_STOPPED: dict[int, threading.Thread] = {}


@call("util.start_thread", "OO", fails=(0,), needs="")
def start_thread(function: Any, arguments: Any) -> int:
    if not callable(function) or not isinstance(arguments, list):
        raise TypeError("acl.util.start_thread args parse failed!")
    thread = threading.Thread(target=function, args=(arguments,), daemon=True)
    thread.start()
    assert thread.ident is not None
    _STOPPED[thread.ident] = thread
    return thread.ident


@call("util.stop_thread", "k", needs="")
def stop_thread(identity: int) -> None:
    thread = _STOPPED.pop(identity, None)
    if thread is None:
        raise Refused(codes.INVALID_PARAM, f"{identity} is no thread that acl.util.start_thread began")
    thread.join()
