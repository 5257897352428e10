"""`acl.rt`, second part: memory."""

from __future__ import annotations

from mindferry.ascend.simulator import codes, memory, world
from mindferry.ascend.simulator.call import call
from mindferry.ascend.simulator.errors import Refused
from mindferry.ascend.simulator.memory import Block, Bytes

_POLICIES = range(6)
_HOST_TO_HOST, _HOST_TO_DEVICE, _DEVICE_TO_HOST, _DEVICE_TO_DEVICE, _DEFAULT = range(5)
_SIDES = {
    _HOST_TO_HOST: (False, False), _HOST_TO_DEVICE: (False, True), _DEVICE_TO_HOST: (True, False),
    _DEVICE_TO_DEVICE: (True, True),
}  # fmt: skip
"""Whether source and destination are on the device, by kind of copy."""


def _malloc(size: int, policy: int) -> int:
    if policy not in _POLICIES:
        raise Refused(codes.INVALID_PARAM, f"there is no allocation policy {policy}")
    block = allocated(size)
    return world.current().handles.add("device memory", block, block.address)


def allocated(size: int) -> Block:
    """Fresh memory of the calling thread's device.

    Raises:
        Refused: it does not suffice, or nothing is wanted.
    """
    now = world.current()
    if size == 0:
        raise Refused(codes.INVALID_PARAM, "0 bytes cannot be allocated")
    device = now.context().device
    used = now.memory.used(device)
    if size > now.settings.memory - used:
        raise Refused(
            codes.RT_MEMORY_ALLOCATION, f"{size} bytes do not fit: {used} of {now.settings.memory} are in use"
        )
    return now.memory.allocate(size, device)


@call("rt.malloc", "ki", fails=(0,), needs="context")
def malloc(size: int, policy: int) -> int:
    return _malloc(size, policy)


@call("rt.malloc_align32", "ki", fails=(0,), needs="context")
def malloc_align32(size: int, policy: int) -> int:
    return _malloc(size, policy)


@call("rt.malloc_cached", "ki", fails=(0,), needs="context")
def malloc_cached(size: int, policy: int) -> int:
    return _malloc(size, policy)


def _free(address: int, *, on_device: bool) -> None:
    now = world.current()
    block = now.handles.get(address, Block, codes.RT_PARAM_INVALID)
    if (block.device is not None) != on_device:
        right = "acl.rt.free" if block.device is not None else "acl.rt.free_host"
        raise Refused(codes.RT_PARAM_INVALID, f"{address:#x} is {block.kind}: {right} releases it")
    now.handles.remove(address, Block, codes.RT_PARAM_INVALID)
    now.memory.release(block)


@call("rt.free", "k", needs="context")
def free(address: int) -> None:
    _free(address, on_device=True)


@call("rt.malloc_host", "k", fails=(0,), needs="context")
def malloc_host(size: int) -> int:
    if size == 0:
        raise Refused(codes.INVALID_PARAM, "0 bytes cannot be allocated")
    now = world.current()
    block = now.memory.allocate_host(size)
    return now.handles.add("host memory", block, block.address)


@call("rt.free_host", "k", needs="context")
def free_host(address: int) -> None:
    _free(address, on_device=False)


def bytes_at(address: int, size: int, code: int = codes.RT_PARAM_INVALID) -> Bytes:
    """The size bytes at an address, on whichever side it lies."""
    store = world.current().memory
    return (store.device_bytes if memory.is_device(address) else store.host_bytes)(address, size, code)


@call("rt.memset", "kkik", needs="context")
def memset(address: int, most: int, value: int, count: int) -> None:
    _check_count(count, most)
    bytes_at(address, count)[:] = value & 0xFF


def _check_count(count: int, most: int) -> None:
    if count == 0:
        raise Refused(codes.INVALID_PARAM, "0 bytes are no amount")
    if count > most:
        raise Refused(codes.RT_PARAM_INVALID, f"{count} bytes do not fit into a destination of {most}")


def _check_copy(target: int, most: int, source: int, count: int, kind: int) -> None:
    if not target or not source:
        raise Refused(codes.INVALID_PARAM, "source or destination is a null pointer")
    _check_count(count, most)
    if kind not in (*_SIDES, _DEFAULT):
        raise Refused(codes.INVALID_PARAM, f"there is no kind of copy {kind}")
    found = memory.is_device(source), memory.is_device(target)
    if world.current().settings.run_mode == world.HOST and kind != _DEFAULT and found != _SIDES[kind]:
        names = {True: "device", False: "host"}
        raise Refused(
            codes.RT_INVALID_MEMORY_TYPE,
            f"kind {kind} copies from {names[_SIDES[kind][0]]} to {names[_SIDES[kind][1]]}, but the addresses are those "
            f"of {names[found[0]]} and {names[found[1]]} memory",
        )


@call("rt.memcpy", "kkkki", needs="context")
def memcpy(target: int, most: int, source: int, count: int, kind: int) -> None:
    _check_copy(target, most, source, count, kind)
    bytes_at(target, count)[:] = bytes_at(source, count)


@call("rt.memcpy_async", "kkkkik", needs="context")
def memcpy_async(target: int, most: int, source: int, count: int, kind: int, stream: int) -> None:
    _check_copy(target, most, source, count, kind)
    queue = world.current().stream(stream)

    def copy() -> None:
        bytes_at(target, count)[:] = bytes_at(source, count)

    queue.submit(copy)


@call("rt.memset_async", "kkikk", needs="context")
def memset_async(address: int, most: int, value: int, count: int, stream: int) -> None:
    _check_count(count, most)
    queue = world.current().stream(stream)

    def fill() -> None:
        bytes_at(address, count)[:] = value & 0xFF

    queue.submit(fill)


@call("rt.get_mem_info", "i", fails=(0, 0), needs="context")
def get_mem_info(attribute: int) -> tuple[int, int]:
    now = world.current()
    total = now.settings.memory
    return total - now.memory.used(now.context().device), total
