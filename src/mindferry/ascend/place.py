"""A device in use: ACL is initialised, the device set, and one context made, shared by all sessions of the process.

ACL keeps the current context by thread, so every thread enters the context before it calls anything else. The last
session that leaves a device resets it and ends ACL. Where an application uses ACL beside MindFerry, ACL counts both, and
the application's own context is brought back.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from mindferry.ascend.library import Library, Releases, attempt
from mindferry.errors import NoDevice, RunError

_REPEATED_INIT = 100002
_ON_DEVICE = 0
_HOST_TO_DEVICE, _DEVICE_TO_HOST, _DEVICE_TO_DEVICE = 1, 2, 3
_SUCCESS = (0, _REPEATED_INIT)

_LOCK = threading.Lock()


class Holder:
    """What holds a device until it is closed; use it in a `with` statement.

    A subclass takes `_place` and owes what it makes there to `_releases`.
    """

    _place: Place
    _releases: Releases
    _closed = False

    def _require_open(self) -> None:
        if self._closed:
            raise RunError("the device was given back; take it again")

    def close(self) -> None:
        """Releases the device; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        with ExitStack() as stack:
            enter = functools.partial(stack.enter_context, self._place.entered())
            attempt(enter, self._releases.settle, self._place.leave)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(slots=True)
class Place:
    """A device and our context on it.

    Attributes:
        soc: the processor's name, such as "Ascend310P3".
        copy_in, copy_out: the kinds of copy between the program and the device; the same where the program runs on the
            device's own processors.
        users: how many sessions use it.
    """

    library: Library
    index: int
    soc: str
    context: int
    copy_in: int
    copy_out: int
    releases: Releases
    users: int = 1

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Makes the context the calling thread's for the time of the block; one of the application's comes back then."""
        with _restored(self.library, self.context) as before:
            if before != self.context:
                self.library.call("rt.set_context", self.context)
            yield

    def leave(self) -> None:
        """Ends one session's use; the last one resets the device and ends ACL.

        Raises:
            MindFerryError: a release failed, after all were tried.
        """
        with _LOCK:
            self.users -= 1
            if self.users:
                return
            _PLACES.pop((id(self.library.module), self.index), None)
            _ENDED.add(self.context)
            with ExitStack() as stack:
                attempt(lambda: stack.enter_context(self.entered()), self.releases.settle)


_ENDED: set[int] = set()
"""Our contexts that are destroyed, which a thread may still have as its own."""


@contextmanager
def _restored(library: Library, ours: int | None = None) -> Iterator[int | None]:
    """Gives the calling thread's context, None where it has none, and brings it back after the block if it is not ours."""
    context, code = library.value("rt.get_context")
    before = None if code or context in _ENDED else int(context)
    try:
        yield before
    finally:
        if before not in (None, ours):
            library.value("rt.set_context", before)


_PLACES: dict[tuple[int, int], Place] = {}
"""By module and device: a process may have one `acl`, tests have several."""


def take(library: Library, index: int) -> Place:
    """The device of that number, in use by one session more.

    Raises:
        NoDevice: there is none, or it cannot be used.
        BackendFailed: ACL does not start.
    """
    key = id(library.module), index
    with _LOCK:
        if place := _PLACES.get(key):
            place.users += 1
            return place
        with _restored(library):
            place = _opened(library, index)
        _PLACES[key] = place
        return place


def _opened(library: Library, index: int) -> Place:
    releases = Releases(library)
    with releases.guarded():
        code = library.value("init")
        if code not in _SUCCESS:
            raise library.failure("init", code)
        releases.owe("finalize")
        count = library.call("rt.get_device_count")
        if index >= count:
            raise NoDevice(f"device {index} is not there: ACL finds {count} device{'' if count == 1 else 's'}")
        library.call("rt.set_device", index)
        releases.owe("rt.reset_device", index)
        context = library.call("rt.create_context", index)
        _ENDED.discard(context)
        releases.owe("rt.destroy_context", context)
        on_device = library.call("rt.get_run_mode") == _ON_DEVICE
        return Place(
            library,
            index,
            library.made("get_soc_name"),
            context,
            _DEVICE_TO_DEVICE if on_device else _HOST_TO_DEVICE,
            _DEVICE_TO_DEVICE if on_device else _DEVICE_TO_HOST,
            releases,
        )
