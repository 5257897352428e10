"""Device and host memory: a table of allocations by address.

Device addresses lie in a range of their own that no host memory has, are never used twice and have gaps between them, so
that overruns, uses after free and host accesses are noticed; a program that follows one itself crashes, as it would with
a device. Host addresses are those of real memory, so that numpy and ctypes can use them.
"""

from __future__ import annotations

import bisect
import ctypes
import threading
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mindferry.ascend.simulator import codes
from mindferry.ascend.simulator.errors import Refused

FILL = 0xA5
"""What fresh memory holds."""

_FIRST, _LAST = 0x0000_1200_0000_0000, 0x0000_1300_0000_0000
_GAP = 4096
_ALIGNMENT = 64

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Block:
    """An allocation: where it starts, its bytes, and the device that it is on (None: host)."""

    address: int
    data: Bytes
    device: int | None

    @property
    def kind(self) -> str:
        """What a leak report calls it."""
        return "host memory" if self.device is None else "device memory"


class Memory:
    """The allocations of one process."""

    def __init__(self) -> None:
        self._next = _FIRST
        self._starts: list[int] = []
        self._blocks: dict[int, Block] = {}
        self._hosts: dict[int, Block] = {}
        self._lock = threading.RLock()

    def allocate(self, size: int, device: int) -> Block:
        """Fresh device memory."""
        with self._lock:
            block = Block(self._next, np.full(size, FILL, np.uint8), device)
            self._next += (size + _GAP + _GAP - 1) // _GAP * _GAP
            self._starts.append(block.address)
            self._blocks[block.address] = block
            return block

    def allocate_host(self, size: int) -> Block:
        """Fresh host memory."""
        room = np.full(size + _ALIGNMENT, FILL, np.uint8)
        start = -room.ctypes.data % _ALIGNMENT
        data = room[start : start + size]
        block = Block(data.ctypes.data, data, None)
        with self._lock:
            self._hosts[block.address] = block
        return block

    def release(self, block: Block) -> None:
        """Takes an allocation away."""
        with self._lock:
            if block.device is None:
                self._hosts.pop(block.address, None)
            elif self._blocks.pop(block.address, None) is not None:
                del self._starts[bisect.bisect_left(self._starts, block.address)]

    def used(self, device: int) -> int:
        """Bytes in use on a device."""
        with self._lock:
            return sum(block.data.nbytes for block in self._blocks.values() if block.device == device)

    def device_bytes(self, address: int, size: int, code: int = codes.RT_PARAM_INVALID) -> Bytes:
        """The size bytes at a device address.

        Raises:
            Refused: they are not inside one live allocation.
        """
        with self._lock:
            index = bisect.bisect_right(self._starts, address) - 1
            block = self._blocks[self._starts[index]] if index >= 0 else None
        if block is None or address >= block.address + block.data.nbytes:
            raise Refused(code, f"{address:#x} is in no live allocation of device memory")
        return _part(block, address, size, code)

    def host_bytes(self, address: int, size: int, code: int = codes.RT_PARAM_INVALID) -> Bytes:
        """The size bytes at a host address; of memory that the runtime did not allocate, the bounds are not known.

        Raises:
            Refused: the address is null or leaves an allocation of the runtime.
        """
        if address == 0:
            raise Refused(code, "a null pointer was given where host memory is expected")
        for block in list(self._hosts.values()):
            if block.address <= address < block.address + block.data.nbytes:
                return _part(block, address, size, code)
        raw = (ctypes.c_uint8 * size).from_address(address)
        return np.ctypeslib.as_array(raw)


def is_device(address: int) -> bool:
    """True for an address of the devices' range."""
    return _FIRST <= address < _LAST


def _part(block: Block, address: int, size: int, code: int) -> Bytes:
    start = address - block.address
    if start + size > block.data.nbytes:
        raise Refused(
            code, f"{size} bytes at {address:#x} leave their allocation of {block.data.nbytes} bytes by "
            f"{start + size - block.data.nbytes}"
        )  # fmt: skip
    return block.data[start : start + size]
