"""What all calls share: positional arguments of exact types, a status that comes last, and faults on demand.

A wrong number or type of arguments is a TypeError, as with the vendor's extension module; everything else that is wrong
is a status code and never an exception.
"""

from __future__ import annotations

import functools
import operator
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeVar

from mindferry.ascend.simulator import codes, world
from mindferry.ascend.simulator.errors import Refused

Function = TypeVar("Function", bound=Callable[..., Any])

API: dict[str, Callable[..., Any]] = {}
"""Every call by its name below `acl`, such as "rt.malloc"."""

_NO_STATUS: Any = object()
_RANGES = {"i": (-(1 << 31), 1 << 31), "B": (0, 1 << 8), "b": (-(1 << 7), 1 << 8), "h": (-(1 << 15), 1 << 15)}


def call(
    name: str,
    kinds: str = "",
    *,
    optional: str = "",
    fails: Sequence[Any] | Callable[..., tuple[Any, ...]] = (),
    bare: Any = _NO_STATUS,
    needs: str = "init",
) -> Callable[[Function], Function]:
    """Makes a function a call of the API.

    The function returns the values without a status and raises Refused for a status other than 0.

    Args:
        name: the call's name below `acl`.
        kinds: a letter for each argument: k pointer or size (int only), I and i integers, K and L 64-bit integers, B, b
            and h small integers, f float, s text, O any object.
        optional: arguments after these that may be left out.
        fails: the values beside the status where the call fails, or what makes them of the arguments.
        bare: for a call without a status, what it returns where it fails.
        needs: "init" (acl.init was called), "context" (and the thread has one) or "" (nothing).
    """

    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def checked(*arguments: Any) -> Any:
            values = _parse(name, kinds, optional, arguments)
            now = world.current()
            try:
                _check(now, name, needs)
                found = function(*values)
            except Refused as error:
                now.thread.error = f"acl.{name}: {error.text}"
                if now.settings.verbose:
                    sys.stderr.write(f"acl simulator: acl.{name} returns {error.code}: {error.text}\n")
                if bare is not _NO_STATUS:
                    return bare
                return _with_status(fails(*values) if callable(fails) else tuple(fails), error.code)
            if bare is not _NO_STATUS:
                return found
            alone = () if found is None and not fails else (found,)
            return _with_status(found if isinstance(found, tuple) else alone, codes.SUCCESS)

        del checked.__wrapped__  # its signature is positional
        API[name] = checked
        return function

    return decorate


def _with_status(values: tuple[Any, ...], code: int) -> Any:
    return (*values, code) if values else code


def _check(now: world.World, name: str, needs: str) -> None:
    fault = now.count(name)
    if fault is not None:
        raise Refused(fault.code, "made to fail by simulator.faults")
    if needs and not now.initialized:
        raise Refused(codes.UNINITIALIZE, "acl.init has not been called")
    if needs == "context":
        now.context()


def _parse(name: str, kinds: str, optional: str, arguments: tuple[Any, ...]) -> list[Any]:
    if not len(kinds) <= len(arguments) <= len(kinds) + len(optional):
        _refuse(name)
    return [_convert(name, kind, value) for kind, value in zip(kinds + optional, arguments, strict=False)]


def _convert(name: str, kind: str, value: Any) -> Any:
    if kind == "O":
        return value
    if kind == "s":
        return value if isinstance(value, str) and "\0" not in value else _refuse(name)
    if kind == "k":
        return value & 0xFFFF_FFFF_FFFF_FFFF if isinstance(value, int) else _refuse(name)
    if kind == "f":
        return float(value) if hasattr(value, "__float__") or hasattr(value, "__index__") else _refuse(name)
    if not hasattr(value, "__index__"):
        _refuse(name)
    number = operator.index(value)
    if kind in _RANGES:
        low, high = _RANGES[kind]
        return number if low <= number < high else _refuse(name)
    return number & 0xFFFF_FFFF if kind == "I" else number


def _refuse(name: str) -> NoReturn:
    raise TypeError(f"acl.{name} args parse failed!")
