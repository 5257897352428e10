"""Arrays in the memory of an NVIDIA GPU, as `__cuda_array_interface__` describes them (versions 1 to 3).

A session waits for what the array's producer has still to do before it reads or writes the memory: for the stream that
is named; for nothing where version 3 names none; for all of the GPU's work where an older version cannot name one.

Not yet run on hardware.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mindferry.errors import BadFeed, words
from mindferry.runtimes.misfit import Misfit

if TYPE_CHECKING:
    import numpy.typing as npt

    from mindferry.runtimes.base import Device
    from mindferry.runtimes.cuda import Gpu

EVERY_STREAM = -1
_FIRST_WITH_STREAMS = 3


@dataclass(frozen=True, slots=True)
class DeviceArray:
    """An array in C order that is not empty, in the memory of some GPU.

    Attributes:
        address: of its first element.
        stream: which must be waited for; None where there is nothing to wait for.
        is_read_only: whether its owner forbids writing.
        owner: the array of another library that holds the memory.
    """

    address: int
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    stream: int | None
    is_read_only: bool
    owner: Any

    @property
    def nbytes(self) -> int:
        """Its size in bytes."""
        return math.prod(self.shape) * self.dtype.itemsize


def described(given: Any, wanted: np.dtype[Any] | None) -> DeviceArray | npt.NDArray[Any] | None:
    """What an array says of its place on a GPU, None where it says nothing; an empty one, which has none, as numpy's.

    Args:
        given: anything.
        wanted: the element type that is expected: bfloat16 has no description of its own.

    Raises:
        Misfit: the array cannot be used where it lies.
    """
    try:
        interface = getattr(given, "__cuda_array_interface__", None)
        return None if interface is None else _read(interface, wanted, given)
    except Misfit:
        raise
    except Exception as error:
        raise Misfit(f"cannot be read as an array ({words(error)})") from error


def _read(interface: Mapping[str, Any], wanted: np.dtype[Any] | None, owner: object) -> DeviceArray | npt.NDArray[Any]:
    shape, text = tuple(interface["shape"]), interface["typestr"]
    dtype = wanted if wanted is not None and wanted.str == text else np.dtype(text)
    if interface.get("mask") is not None:
        raise Misfit("is a masked array, and no model takes a mask: fill it")
    if 0 in shape:
        return np.empty(shape, dtype)
    if not _is_in_order(shape, interface.get("strides"), dtype.itemsize):
        raise Misfit("is not in C order, and nothing on a GPU is copied silently: make it contiguous")
    address, is_read_only = interface["data"]
    return DeviceArray(address, dtype, shape, _stream(interface), is_read_only, owner)


def _is_in_order(shape: Sequence[int], strides: Sequence[int] | None, itemsize: int) -> bool:
    if strides is None:
        return True
    expected = itemsize
    for size, stride in zip(reversed(shape), reversed(strides), strict=True):
        if size != 1 and stride != expected:
            return False
        expected *= size
    return True


def _stream(interface: Mapping[str, Any]) -> int | None:
    if interface["version"] < _FIRST_WITH_STREAMS:
        return EVERY_STREAM
    stream: int | None = interface.get("stream")
    if stream == 0:
        raise Misfit(
            "names stream 0, which means none in particular: name 1 (the default stream), 2 or a stream's handle"
        )
    return stream


class GpuMemory:
    """What a session does with arrays in the memory of its GPU.

    The driver is loaded when the first of them comes.
    """

    def __init__(self, device: Device, gpu: Gpu | None = None) -> None:
        self.device = device
        self._gpu, self._is_own, self._making = gpu, gpu is None, threading.Lock()

    @property
    def gpu(self) -> Gpu:
        """The GPU; its context lives until `close`."""
        with self._making:
            if self._gpu is None:
                from mindferry.runtimes.cuda import Gpu

                self._gpu = Gpu(self.device)
            return self._gpu

    def settle(self, arrays: Mapping[str, object]) -> None:
        """Returns when the arrays on a GPU, by what they are for, may be read and written.

        Raises:
            BadFeed: some are not in the memory of this GPU, all of them listed.
        """
        placed = {name: array for name, array in arrays.items() if isinstance(array, DeviceArray)}
        if not placed:
            return
        with self.gpu.active():
            holders = {name: self.gpu.holder(array.address) for name, array in placed.items()}
            if elsewhere := {name: index for name, index in holders.items() if index != self.device.index}:
                raise BadFeed("; ".join(f"{name} {self._complaint(index)}" for name, index in elsewhere.items()))
            streams = {array.stream for array in placed.values()} - {None}
            if EVERY_STREAM in streams:
                self.gpu.wait_for_all()
            else:
                for stream in streams:
                    self.gpu.wait(stream or 0)

    def _complaint(self, index: int | None) -> str:
        if index is None:
            return "is in no memory that the NVIDIA driver knows: it was freed, or is the host's"
        return f"is on cuda:{index}, and the session runs on {self.device}: copy it there"

    def close(self) -> None:
        """Gives back the context, unless the session lent it."""
        if self._gpu is not None and self._is_own:
            self._gpu.close()
        self._gpu = None
