"""Handles: numbers that stand for objects of the simulated runtime, each with the place that made it."""

from __future__ import annotations

import itertools
import re
import sys
import threading
from collections import Counter, OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from mindferry.ascend.simulator.errors import Refused

T = TypeVar("T")

_HERE = str(Path(__file__).parent)
_FIRST, _STEP = 0x5A00_0000_0000, 0x40
_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Entry:
    """A live object, what it is called, and where the program made it."""

    kind: str
    value: Any
    place: str


class Handles:
    """The objects behind the numbers. A number is never given twice, so that using a destroyed one is noticed."""

    def __init__(self) -> None:
        self._numbers = itertools.count(_FIRST, _STEP)
        self._live: dict[int, Entry] = {}
        self._gone: OrderedDict[int, tuple[str, str]] = OrderedDict()
        self._lock = threading.RLock()

    def add(self, kind: str, value: Any, number: int | None = None) -> int:
        """A number for a new object; one that the caller gives is taken as it is."""
        with self._lock:
            handle = next(self._numbers) if number is None else number
            self._live[handle] = Entry(kind, value, place())
            self._gone.pop(handle, None)
            return handle

    def get(self, handle: int, type_: type[T], code: int) -> T:
        """The object of that type behind a number.

        Raises:
            Refused: with the code, where there is none.
        """
        entry = self._live.get(handle)
        if entry is None or not isinstance(entry.value, type_):
            raise Refused(code, self._fault(handle, _words(type_), entry))
        return entry.value

    def remove(self, handle: int, type_: type[T], code: int) -> T:
        """The object, which is no longer live.

        Raises:
            Refused: with the code, where there is none.
        """
        with self._lock:
            value = self.get(handle, type_, code)
            self._bury(handle)
            return value

    def _bury(self, handle: int) -> None:
        entry = self._live.pop(handle)
        self._gone[handle] = (entry.kind, place())
        if len(self._gone) > _REMEMBERED:
            self._gone.popitem(last=False)

    def _fault(self, handle: int, wanted: str, entry: Entry | None) -> str:
        if handle == 0:
            return f"a null pointer was given where a {wanted} is expected"
        if entry is not None:
            return f"{handle:#x} is a {entry.kind} (made at {entry.place}), not a {wanted}"
        if handle in self._gone:
            kind, where = self._gone[handle]
            return f"{handle:#x} is a {kind} that was destroyed at {where}"
        return f"{handle:#x} was never given out as a {wanted}"

    def items(self, type_: type[T]) -> list[tuple[int, T]]:
        """The live objects of a type."""
        with self._lock:
            return [(number, entry.value) for number, entry in self._live.items() if isinstance(entry.value, type_)]

    def live(self) -> Counter[str]:
        """How many objects of each kind are live."""
        with self._lock:
            return Counter(entry.kind for entry in self._live.values())

    def drop(self, handles: list[int]) -> list[Entry]:
        """Takes objects away that the program left behind, and tells them."""
        with self._lock:
            entries = [self._live[handle] for handle in handles if handle in self._live]
            for handle in handles:
                if handle in self._live:
                    self._bury(handle)
            return entries

    def all(self) -> list[int]:
        """The numbers of all live objects."""
        with self._lock:
            return list(self._live)


def _words(type_: type) -> str:
    """`data buffer` for DataBuffer."""
    return re.sub(r"(?<=.)(?=[A-Z])", " ", type_.__name__).lower()


def place() -> str:
    """The file and line of the program that called into the simulator."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_HERE):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
