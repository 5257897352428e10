"""`acl.rt`, first part: devices, contexts, streams and events."""

from __future__ import annotations

from mindferry.ascend.simulator import codes, world
from mindferry.ascend.simulator.call import call
from mindferry.ascend.simulator.errors import Refused
from mindferry.ascend.simulator.streams import Event, Stream
from mindferry.ascend.simulator.world import Context, Device


@call("rt.set_device", "i")
def set_device(index: int) -> None:
    now = world.current()
    now.check_device(index)
    with now.lock:
        device = now.devices.get(index)
        if device is None:
            device = now.devices[index] = Device(0, now.handles.add("context", Context(index, own=True)))
        device.uses += 1
    now.thread.context = device.context


def _reset(index: int, *, force: bool, moment: str) -> None:
    now = world.current()
    now.check_device(index)
    with now.lock:
        device = now.devices.get(index)
        if device is None:
            raise Refused(codes.RT_INVALID_DEVICE, f"device {index} is not set")
        device.uses -= 1
        if device.uses and not force:
            return
        now.drop(index, moment)
        del now.devices[index]


@call("rt.reset_device", "i")
def reset_device(index: int) -> None:
    _reset(index, force=False, moment="acl.rt.reset_device")


@call("rt.reset_device_force", "i")
def reset_device_force(index: int) -> None:
    _reset(index, force=True, moment="acl.rt.reset_device_force")


@call("rt.get_device", fails=(0,))
def get_device() -> int:
    return world.current().context().device


@call("rt.get_device_count", fails=(0,))
def get_device_count() -> int:
    return world.current().settings.devices


@call("rt.get_run_mode", fails=(0,))
def get_run_mode() -> int:
    return world.current().settings.run_mode


@call("rt.create_context", "i", fails=(0,))
def create_context(index: int) -> int:
    now = world.current()
    now.check_device(index)
    now.thread.context = now.handles.add("context", Context(index))
    return now.thread.context


@call("rt.destroy_context", "k")
def destroy_context(handle: int) -> None:
    now = world.current()
    if now.handles.get(handle, Context, codes.RT_CONTEXT_NULL).own:
        raise Refused(codes.RT_PARAM_INVALID, "this is the device's own context; acl.rt.reset_device ends it")
    now.handles.remove(handle, Context, codes.RT_CONTEXT_NULL).close()
    if now.thread.context == handle:
        now.thread.context = 0


@call("rt.set_context", "k")
def set_context(handle: int) -> None:
    now = world.current()
    now.handles.get(handle, Context, codes.RT_CONTEXT_NULL)
    now.thread.context = handle


@call("rt.get_context", fails=(0,), needs="context")
def get_context() -> int:
    return world.current().thread.context


@call("rt.create_stream", fails=(0,), needs="context")
def create_stream() -> int:
    now = world.current()
    return now.handles.add("stream", Stream(now.context()))


@call("rt.destroy_stream", "k", needs="context")
def destroy_stream(handle: int) -> None:
    now = world.current()
    if handle == 0:
        raise Refused(codes.RT_INVALID_HANDLE, "the context's own stream is not destroyed by itself")
    now.stream(handle)
    now.handles.remove(handle, Stream, codes.RT_INVALID_HANDLE).close()


@call("rt.stream_query", "k", fails=(0,), needs="context")
def stream_query(handle: int) -> int:
    return int(world.current().stream(handle).busy())


@call("rt.synchronize_stream", "k", needs="context")
def synchronize_stream(handle: int) -> None:
    world.current().stream(handle).synchronize()


@call("rt.synchronize_stream_with_timeout", "ki", needs="context")
def synchronize_stream_with_timeout(handle: int, milliseconds: int) -> None:
    world.current().stream(handle).synchronize(None if milliseconds < 0 else milliseconds / 1000)


@call("rt.synchronize_device", needs="context")
def synchronize_device() -> None:
    now = world.current()
    device = now.context().device
    for _, stream in now.handles.items(Stream):
        if stream.context.device == device:
            stream.synchronize()
    for _, context in now.handles.items(Context):
        if context.device == device and context.stream is not None:
            context.stream.synchronize()


@call("rt.create_event", fails=(0,), needs="context")
def create_event() -> int:
    now = world.current()
    return now.handles.add("event", Event(now.context()))


def _event(handle: int) -> Event:
    return world.current().handles.get(handle, Event, codes.RT_INVALID_HANDLE)


@call("rt.destroy_event", "k", needs="context")
def destroy_event(handle: int) -> None:
    world.current().handles.remove(handle, Event, codes.RT_INVALID_HANDLE)


@call("rt.record_event", "kk", needs="context")
def record_event(handle: int, stream: int) -> None:
    event, queue = _event(handle), world.current().stream(stream)
    event.recorded = True
    event.done.clear()
    queue.submit(event.mark)


@call("rt.query_event", "k", fails=(1,), needs="context")
def query_event(handle: int) -> int:
    return int(not _event(handle).done.is_set())


@call("rt.query_event_status", "k", fails=(0,), needs="context")
def query_event_status(handle: int) -> int:
    return int(_event(handle).done.is_set())


@call("rt.synchronize_event", "k", needs="context")
def synchronize_event(handle: int) -> None:
    event = _event(handle)
    if not event.recorded:
        raise Refused(codes.RT_PARAM_INVALID, "the event was never recorded, so that nothing would end the wait")
    event.wait()


@call("rt.event_elapsed_time", "kk", fails=(0.0,), needs="context")
def event_elapsed_time(start: int, end: int) -> float:
    first, last = _event(start), _event(end)
    if not (first.done.is_set() and last.done.is_set()):
        raise Refused(codes.RT_EVENT_TIMESTAMP_INVALID, "one of the events has not been reached yet")
    return (last.time - first.time) * 1000


@call("rt.stream_wait_event", "kk", needs="context")
def stream_wait_event(stream: int, handle: int) -> None:
    event = _event(handle)
    queue = world.current().stream(stream)
    if event.recorded:
        queue.submit(event.wait)
