"""Memory, contexts, streams and events of the simulated acl."""

from __future__ import annotations

import threading
import time
from types import ModuleType

import numpy as np
import pytest

from mindferry.ascend import simulator

H2H, H2D, D2H, D2D, DEFAULT = range(5)


def device(acl: ModuleType, size: int) -> int:
    address, code = acl.rt.malloc(size, 0)
    assert code == 0
    return address


def test_copies_go_both_ways(ready: ModuleType) -> None:
    data = np.arange(100, dtype=np.uint8).tobytes()
    first, second = device(ready, 100), device(ready, 100)
    host, _ = ready.rt.malloc_host(100)
    assert ready.rt.memcpy(first, 100, ready.util.bytes_to_ptr(data), 100, H2D) == 0
    assert ready.rt.memcpy(second, 100, first, 100, D2D) == 0
    assert ready.rt.memcpy(host, 100, second + 10, 90, D2H) == 0
    assert ready.util.ptr_to_bytes(host, 90) == data[10:]
    assert ready.rt.memset(second, 100, 7, 50) == 0
    assert ready.rt.memcpy(host, 100, second, 100, DEFAULT) == 0
    assert ready.util.ptr_to_bytes(host, 100) == bytes([7]) * 50 + data[50:]


def test_fresh_memory_holds_a_pattern(ready: ModuleType) -> None:
    address, host = device(ready, 8), ready.rt.malloc_host(8)[0]
    assert ready.rt.memcpy(host, 8, address, 8, D2H) == 0
    assert ready.util.ptr_to_bytes(host, 8) == b"\xa5" * 8


def test_copies_that_are_refused(ready: ModuleType) -> None:
    address, host = device(ready, 64), ready.rt.malloc_host(64)[0]
    refused = {
        (address, 63, host, 64, H2D): 107000,  # larger than the destination is said to be
        (address, 100, host, 65, H2D): 107000,  # larger than the destination is
        (address + 60, 64, host, 8, H2D): 107000,
        (address, 64, host, 0, H2D): 100000,
        (0, 64, host, 8, H2D): 100000,
        (address, 64, host, 8, D2H): 107016,
        (address, 64, host, 8, D2D): 107016,
        (host, 64, address, 8, H2D): 107016,
        (address, 64, host, 8, 7): 100000,
        (address + (1 << 20), 64, host, 8, H2D): 107000,
    }
    for arguments, code in refused.items():
        assert ready.rt.memcpy(*arguments) == code, (arguments, ready.get_recent_err_msg())


def test_memory_is_freed_once_and_by_its_own_call(ready: ModuleType) -> None:
    address, host = device(ready, 64), ready.rt.malloc_host(64)[0]
    assert ready.rt.free_host(address) == 107000
    assert "acl.rt.free releases it" in ready.get_recent_err_msg()
    assert ready.rt.free(host) == 107000
    assert ready.rt.free(address + 32) == 107000
    assert ready.rt.free(address) == 0
    assert ready.rt.free(address) == 107000
    assert "was destroyed at" in ready.get_recent_err_msg()
    assert ready.rt.memset(address, 64, 0, 64) == 107000
    assert ready.rt.free_host(host) == 0
    assert ready.rt.free_host(host) == 107000


def test_sizes_and_policies(ready: ModuleType) -> None:
    assert ready.rt.malloc(0, 0) == (0, 100000)
    assert ready.rt.malloc(8, 6) == (0, 100000)
    assert ready.rt.malloc(9 << 30, 0) == (0, 207001)
    free, total, code = ready.rt.get_mem_info(1)
    assert (free, total, code) == (8 << 30, 8 << 30, 0)
    device(ready, 1000)
    assert ready.rt.get_mem_info(1)[0] == total - 1000


def test_the_host_cannot_follow_device_addresses(ready: ModuleType) -> None:
    address = device(ready, 8)
    with pytest.raises(MemoryError, match=r"copy it with acl\.rt\.memcpy first"):
        ready.util.ptr_to_bytes(address, 8)


def test_on_the_device_itself_memory_is_shared() -> None:
    acl = simulator.install(run_mode=0)
    assert acl.init() == 0 and acl.rt.set_device(0) == 0
    assert acl.rt.get_run_mode() == (0, 0)
    address = device(acl, 4)
    assert acl.rt.memset(address, 4, 1, 4) == 0
    assert acl.util.ptr_to_bytes(address, 4) == b"\1\1\1\1"
    simulator.uninstall()


def test_arrays_and_addresses(ready: ModuleType) -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    with pytest.warns(Warning, match="deprecated"):
        address = ready.util.numpy_to_ptr(array)
    with pytest.warns(Warning, match="deprecated"):
        view = ready.util.ptr_to_numpy(address, (3, 2), 11)
    view[0, 0] = 9
    assert array[0, 0] == 9
    with pytest.warns(Warning, match="deprecated"):
        address, kept = ready.util.numpy_contiguous_to_ptr(array.T)
    assert ready.util.ptr_to_bytes(address, 24) == array.T.tobytes() and kept.flags.c_contiguous


def in_thread(work: object) -> list[object]:
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join(20)
    return found


def test_a_new_thread_has_no_context(ready: ModuleType) -> None:
    context, code = ready.rt.get_context()
    assert code == 0
    assert in_thread(lambda: ready.rt.malloc(8, 0)) == [(0, 107002)]
    assert in_thread(lambda: (ready.rt.set_context(context), ready.rt.malloc(8, 0)[1])) == [(0, 0)]
    assert in_thread(lambda: (ready.rt.set_device(0), ready.rt.malloc(8, 0)[1])) == [(0, 0)]
    assert ready.rt.get_context() == (context, 0)  # what other threads do does not touch this one's
    assert in_thread(lambda: ready.rt.create_context(0)[1]) == [0]
    assert ready.rt.get_context() == (context, 0)
    assert in_thread(lambda: (ready.rt.free(1), ready.get_recent_err_msg() is not None)) == [(107002, True)]
    assert ready.get_recent_err_msg() is None


def test_contexts(ready: ModuleType) -> None:
    own, _ = ready.rt.get_context()
    assert ready.rt.destroy_context(own) == 107000
    other, code = ready.rt.create_context(0)
    assert code == 0 and ready.rt.get_context() == (other, 0)
    assert ready.rt.destroy_context(other) == 0
    assert ready.rt.get_context() == (0, 107002)
    assert ready.rt.set_context(other) == 107002
    assert ready.rt.set_context(own) == 0
    assert ready.rt.create_context(3) == (0, 107001)


def test_streams_belong_to_their_context(ready: ModuleType) -> None:
    own, _ = ready.rt.get_context()
    stream, _ = ready.rt.create_stream()
    ready.rt.create_context(0)
    assert ready.rt.synchronize_stream(stream) == 107003
    assert ready.rt.destroy_stream(stream) == 107003
    assert ready.rt.set_context(own) == 0
    assert ready.rt.synchronize_stream(stream) == 0
    assert ready.rt.destroy_stream(stream) == 0
    assert ready.rt.destroy_stream(stream) == 107017
    assert ready.rt.synchronize_stream(stream) == 107017


def test_streams_work_beside_the_program(ready: ModuleType) -> None:
    """A copy is not done when its call returns, but when the stream is synchronised."""
    size = 1 << 20
    stream, other = ready.rt.create_stream()[0], ready.rt.create_stream()[0]
    event = ready.rt.create_event()[0]
    first, second = device(ready, size), device(ready, size)
    assert ready.rt.stream_wait_event(other, event) == 0  # never recorded: nothing to wait for
    for _ in range(20):
        assert ready.rt.memset_async(first, size, 1, size, stream) == 0
    assert ready.rt.record_event(event, stream) == 0
    assert ready.rt.stream_wait_event(other, event) == 0
    assert ready.rt.memcpy_async(second, size, first, size, D2D, other) == 0
    assert ready.rt.synchronize_stream(other) == 0
    assert ready.rt.query_event(event) == (0, 0)
    host = ready.rt.malloc_host(size)[0]
    assert ready.rt.memcpy(host, size, second, size, D2H) == 0
    assert ready.util.ptr_to_bytes(host, size) == b"\1" * size
    assert ready.rt.synchronize_device() == 0


def test_what_a_stream_cannot_do_is_told_at_its_end(ready: ModuleType) -> None:
    stream, _ = ready.rt.create_stream()
    gate, started = threading.Event(), ready.rt.create_event()[0]
    from mindferry.ascend.simulator import world

    world.current().stream(stream).submit(gate.wait)
    address, host = device(ready, 64), ready.rt.malloc_host(64)[0]
    assert ready.rt.memcpy_async(address, 64, host, 64, H2D, stream) == 0
    assert ready.rt.record_event(started, stream) == 0
    assert ready.rt.stream_query(stream) == (1, 0)
    assert ready.rt.synchronize_stream_with_timeout(stream, 10) == 507046
    assert ready.rt.free(address) == 0  # too early
    gate.set()
    assert ready.rt.synchronize_stream(stream) == 107000
    assert ready.rt.synchronize_stream(stream) == 0


def test_events(ready: ModuleType) -> None:
    stream, _ = ready.rt.create_stream()
    start, end = ready.rt.create_event()[0], ready.rt.create_event()[0]
    assert ready.rt.event_elapsed_time(start, end) == (0.0, 107006)
    assert ready.rt.synchronize_event(start) == 107000
    from mindferry.ascend.simulator import world

    assert ready.rt.record_event(start, stream) == 0
    world.current().stream(stream).submit(lambda: time.sleep(0.05))
    assert ready.rt.record_event(end, stream) == 0
    assert ready.rt.synchronize_event(end) == 0
    milliseconds, code = ready.rt.event_elapsed_time(start, end)
    assert code == 0 and 45 < milliseconds < 5000
    assert ready.rt.destroy_event(start) == 0
    assert ready.rt.destroy_event(start) == 107017


def test_no_thread_of_a_stream_is_left(ready: ModuleType) -> None:
    before = threading.active_count()
    stream, _ = ready.rt.create_stream()
    address = device(ready, 8)
    for one in (stream, 0):
        assert ready.rt.memset_async(address, 8, 1, 8, one) == 0
    assert threading.active_count() == before + 2
    assert ready.rt.free(address) == ready.rt.destroy_stream(stream) == ready.rt.reset_device(0) == 0
    assert threading.active_count() == before


def test_devices_count_their_uses(ready: ModuleType) -> None:
    assert ready.rt.set_device(0) == 0
    assert ready.rt.reset_device(0) == 0
    assert ready.rt.get_device() == (0, 0)
    assert ready.rt.reset_device(0) == 0
    assert ready.rt.get_device() == (0, 107002)
    assert ready.rt.reset_device(0) == 107001
    assert ready.finalize() == 0
    assert simulator.leaks() == [] and not simulator.live()


def test_what_is_left_behind_is_told_with_its_place(ready: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(3):
        device(ready, 8)
    ready.rt.create_stream()
    desc = ready.create_tensor_desc(0, [1], 2)
    assert ready.rt.reset_device_force(0) == 0
    told = capsys.readouterr().err
    assert "left behind at acl.rt.reset_device_force: 3 device memory, made at" in told and "test_memory.py" in told
    assert "1 stream, made at" in told and "tensor description" not in told
    assert simulator.live() == {"tensor description": 1}
    assert ready.finalize() == 0
    assert "left behind at acl.finalize: 1 tensor description" in capsys.readouterr().err
    assert len(simulator.leaks()) == 5 and desc
