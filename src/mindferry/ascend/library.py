"""`acl`, pyACL's module, with errors instead of statuses.

A call of pyACL takes positional arguments, integers for handles and addresses, and returns its status last. Calls that
make a handle and have no status return 0 where they fail.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from mindferry.ascend.status import failure
from mindferry.errors import BackendFailed, MindFerryError


class Library:
    """The calls of an `acl` module by their name below it, such as "rt.malloc"."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self._functions: dict[str, Callable[..., Any]] = {}

    def call(self, name: str, *arguments: Any) -> Any:
        """What a call returns beside its status: None, a value, or a tuple.

        Raises:
            NoDevice, BackendFailed: the status is not 0.
        """
        found = self._function(name)(*arguments)
        values, code = (found[:-1], found[-1]) if isinstance(found, tuple) else ((), found)
        if code:
            raise self.failure(name, code)
        if not values:
            return None
        return values[0] if len(values) == 1 else values

    def failure(self, name: str, code: int) -> MindFerryError:
        """The error of a call that ended with a status other than 0."""
        return failure(name, code, self._words())

    def value(self, name: str, *arguments: Any) -> Any:
        """What a call without a status returns."""
        return self._function(name)(*arguments)

    def made(self, name: str, *arguments: Any) -> Any:
        """What a call without a status returns, which is neither 0 nor empty where it succeeds.

        Raises:
            BackendFailed: it failed.
        """
        if found := self.value(name, *arguments):
            return found
        said = self._words()
        raise BackendFailed(f"acl.{name} failed" + (f" ({said})" if said else "; see the log in ~/ascend/log"))

    def _function(self, name: str) -> Callable[..., Any]:
        if name not in self._functions:
            found: Any = self.module
            for part in name.split("."):
                found = getattr(found, part, None)
            if found is None:
                raise BackendFailed(f"this pyACL has no acl.{name}; use a newer CANN")
            self._functions[name] = found
        return self._functions[name]

    def _words(self) -> str | None:
        with contextlib.suppress(BackendFailed):
            words: str | None = self.value("get_recent_err_msg")
            return words
        return None


def attempt(*steps: Callable[[], object]) -> None:
    """Takes all steps; one that fails stops no other.

    Raises:
        MindFerryError: the first failure.
    """
    failures = []
    for step in steps:
        try:
            step()
        except MindFerryError as error:
            failures.append(error)
    if failures:
        raise failures[0]


class Releases:
    """What must be released, in the order opposite to that in which it was acquired."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._calls: list[tuple[str, tuple[Any, ...]]] = []

    def owe(self, name: str, *arguments: Any) -> None:
        """Remembers a call that releases something."""
        self._calls.append((name, arguments))

    def settle(self) -> None:
        """Makes all calls; one that fails is made once more and stops no other.

        Raises:
            MindFerryError: the first failure, even where the second try succeeded.
        """
        calls, self._calls = self._calls[::-1], []
        attempt(*(functools.partial(self._release, name, *arguments) for name, arguments in calls))

    def _release(self, name: str, *arguments: Any) -> None:
        try:
            self._library.call(name, *arguments)
        except MindFerryError:
            with contextlib.suppress(MindFerryError):
                self._library.call(name, *arguments)
            raise

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Settles at once where the block raises; the block's own error is the one that is seen."""
        try:
            yield
        except BaseException:
            with contextlib.suppress(MindFerryError):
                self.settle()
            raise
