"""The state of the simulated runtime: what is initialised, which device and context a thread uses, and what is live."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from dataclasses import dataclass, field

from mindferry.ascend.simulator import codes
from mindferry.ascend.simulator.errors import Refused
from mindferry.ascend.simulator.handles import Entry, Handles
from mindferry.ascend.simulator.memory import Block, Memory
from mindferry.ascend.simulator.streams import Event, Stream

DEVICE, HOST = 0, 1
"""Run modes: the program runs on the device's own processors, or on a host beside it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What is simulated.

    Attributes:
        soc: the processor's name, such as "Ascend310P3".
        devices: how many there are.
        run_mode: HOST, or DEVICE as on a developer kit, where host and device share their memory.
        memory: bytes of each device.
        verbose: True where every refused call is told on stderr.
    """

    soc: str = "Ascend310P3"
    devices: int = 1
    run_mode: int = HOST
    memory: int = 8 << 30
    verbose: bool = False


@dataclass(eq=False, slots=True)
class Context:
    """A context of a device; the device's own one lives as long as the device is set."""

    device: int
    own: bool = False
    stream: Stream | None = None

    def close(self) -> None:
        """Ends the context's own stream."""
        if self.stream is not None:
            self.stream.close()


@dataclass(slots=True)
class Device:
    """A device that is set: how often, and the handle of its own context."""

    uses: int
    context: int


@dataclass(slots=True)
class Fault:
    """A call that is made to fail once: the nth from now on.

    Attributes:
        happened: True once it has failed.
    """

    call: str
    nth: int
    code: int
    happened: bool = False


@dataclass(frozen=True, slots=True)
class Leak:
    """What a program left behind, and where it made it."""

    kind: str
    place: str


class _Thread(threading.local):
    """What every thread has for itself: its context's handle, and the text of its last error."""

    context: int = 0
    error: str | None = None


class World:
    """One simulated process: everything that `acl` knows."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.initialized = 0
        self.handles, self.memory = Handles(), Memory()
        self.devices: dict[int, Device] = {}
        self.thread = _Thread()
        self.calls: Counter[str] = Counter()
        self.faults: list[Fault] = []
        self.leaks: list[Leak] = []
        self.lock = threading.RLock()

    def count(self, name: str) -> Fault | None:
        """Counts a call; the fault that it meets, if any."""
        with self.lock:
            self.calls[name] += 1
            for fault in self.faults:
                if fault.call == name and not fault.happened:
                    fault.nth -= 1
                    if fault.nth == 0:
                        fault.happened = True
                        return fault
        return None

    def context(self) -> Context:
        """The calling thread's context.

        Raises:
            Refused: 107002 where it has none or a destroyed one.
        """
        if not self.thread.context:
            raise Refused(codes.RT_CONTEXT_NULL, f"thread {threading.current_thread().name} has no context: "
                          "call acl.rt.set_context or acl.rt.set_device in it first")  # fmt: skip
        return self.handles.get(self.thread.context, Context, codes.RT_CONTEXT_NULL)

    def stream(self, handle: int) -> Stream:
        """A stream of the calling thread's context; 0 is the context's own.

        Raises:
            Refused: it is destroyed or belongs to another context.
        """
        context = self.context()
        if handle == 0:
            if context.stream is None:
                context.stream = Stream(context)
            return context.stream
        stream = self.handles.get(handle, Stream, codes.RT_INVALID_HANDLE)
        if stream.context is not context:
            raise Refused(codes.RT_STREAM_CONTEXT, f"stream {handle:#x} belongs to another context than this thread's")
        return stream

    def check_device(self, index: int) -> None:
        """Raises Refused where there is no such device."""
        if not 0 <= index < self.settings.devices:
            raise Refused(codes.RT_INVALID_DEVICE, f"device {index} is not among the {self.settings.devices} simulated")

    def drop(self, index: int | None, moment: str) -> None:
        """Takes away what is on a device, or everything (None), and reports what the program should have released."""
        handles = self._on_device(index) if index is not None else self.handles.all()
        left = self.handles.drop(handles)
        for entry in left:
            if isinstance(entry.value, Block):
                self.memory.release(entry.value)
            elif hasattr(entry.value, "close"):
                entry.value.close()
        self._report([Leak(entry.kind, entry.place) for entry in left if not _own(entry)], moment)

    def _on_device(self, index: int) -> list[int]:
        from mindferry.ascend.simulator.loaded import LoadedModel
        from mindferry.ascend.simulator.media import Channel, MediaMemory

        found = [handle for handle, block in self.handles.items(Block) if block.device == index]
        found += [handle for handle, model in self.handles.items(LoadedModel) if model.device == index]
        found += [handle for handle, room in self.handles.items(MediaMemory) if room.device == index]
        found += [handle for handle, channel in self.handles.items(Channel) if channel.device == index]
        found += [handle for handle, stream in self.handles.items(Stream) if stream.context.device == index]
        found += [handle for handle, event in self.handles.items(Event) if event.context.device == index]
        return found + [handle for handle, context in self.handles.items(Context) if context.device == index]

    def _report(self, leaks: list[Leak], moment: str) -> None:
        self.leaks += leaks
        counts = Counter((leak.kind, leak.place) for leak in leaks)
        for (kind, where), count in sorted(counts.items()):
            sys.stderr.write(f"acl simulator: left behind at {moment}: {count} {kind}, made at {where}\n")


def _own(entry: Entry) -> bool:
    return isinstance(entry.value, Context) and entry.value.own


@dataclass(slots=True)
class _Current:
    world: World = field(default_factory=lambda: World(Settings()))


_CURRENT = _Current()


def current() -> World:
    """The world that all calls act on."""
    return _CURRENT.world


def replace(settings: Settings) -> World:
    """A fresh world in the place of the current one."""
    _CURRENT.world = World(settings)
    return _CURRENT.world
