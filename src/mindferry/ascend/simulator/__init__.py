"""A strict stand-in for pyACL, the Python interface of Ascend devices, which computes on ONNX Runtime's CPU.

`install` puts it where `import acl` finds it. It refuses what a device refuses, with the same status codes: calls before
`acl.init`, threads without a context, wrong sizes and directions of copies, handles of another kind, and everything that
was destroyed. What a program leaves behind is told at `acl.rt.reset_device` and `acl.finalize`.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mindferry.ascend.simulator.world import Fault

_MODULES = ("rt", "mdl", "util", "op", "media")
_PARTS = (
    "root",
    "device",
    "rt_memory",
    "mdl_load",
    "mdl_desc",
    "mdl_run",
    "mdl_aipp",
    "mdl_config",
    "op",
    "util",
    "media",
    "media_run",
)

ENVIRONMENT = "MINDFERRY_ACL_"
"""Start of the variables SOC, DEVICES, RUN_MODE and VERBOSE, which set up a program that is started with the simulator."""


def install(
    *,
    soc: str = "",
    devices: int = 0,
    run_mode: int | None = None,
    memory: int = 8 << 30,
    verbose: bool | None = None,
    announce: bool = False,
) -> ModuleType:
    """Makes `import acl` give a fresh simulator, and returns it.

    Args:
        soc: the processor, such as "Ascend310P3"; what is left out is taken from the environment.
        devices: how many there are.
        run_mode: 1 for a host beside the device, 0 for a program that runs on the device.
        memory: bytes of each device.
        verbose: tell every refused call on stderr.
        announce: say on stderr what it is.
    """
    import importlib

    from mindferry.ascend.simulator import call, world

    for part in _PARTS:
        importlib.import_module(f"mindferry.ascend.simulator.{part}")
    settings = world.Settings(
        soc or _setting("SOC", "Ascend310P3"),
        devices or int(_setting("DEVICES", "1")),
        int(_setting("RUN_MODE", "1")) if run_mode is None else run_mode,
        memory,
        _setting("VERBOSE", "") == "1" if verbose is None else verbose,
    )
    world.replace(settings)
    module = _module(call.API)
    if announce:
        sys.stderr.write(
            f"acl simulator: no device; {settings.devices} x {settings.soc} simulated on ONNX Runtime's CPU\n"
        )
    return module


def _setting(name: str, default: str) -> str:
    return os.environ.get(ENVIRONMENT + name, default)


def _module(calls: Mapping[str, object]) -> ModuleType:
    """The module `acl` with its parts, holding the calls and nothing else."""
    root = ModuleType("acl", "Simulated pyACL.")
    parts = {"": root, **{name: ModuleType(f"acl.{name}") for name in _MODULES}}
    for name, function in calls.items():
        part, _, last = name.rpartition(".")
        setattr(parts[part], last, function)
    for name, part_module in parts.items():
        if name:
            setattr(root, name, part_module)
            sys.modules[f"acl.{name}"] = part_module
    root.__path__ = []
    sys.modules["acl"] = root
    return root


def uninstall() -> None:
    """Takes the simulator away from `import acl`."""
    for name in ("acl", *(f"acl.{part}" for part in _MODULES)):
        sys.modules.pop(name, None)


def live() -> Counter[str]:
    """How many handles and allocations of each kind are live; the contexts of devices that are set count among them."""
    from mindferry.ascend.simulator import world

    return world.current().handles.live()


def leaks() -> list[str]:
    """What was left behind so far at resets and ends, each with the place that made it."""
    from mindferry.ascend.simulator import world

    return [f"{leak.kind}, made at {leak.place}" for leak in world.current().leaks]


def calls() -> Counter[str]:
    """How often each call was made, by its name below `acl`."""
    from mindferry.ascend.simulator import world

    return Counter(world.current().calls)


def faults(*, fail_call: str, nth: int = 1, code: int = 500000) -> Fault:
    """Makes a call fail once: the nth from now on, with that code.

    Args:
        fail_call: the call's name below `acl`, such as "rt.malloc".

    Returns:
        An object whose `happened` tells whether it failed.
    """
    from mindferry.ascend.simulator import call, world

    if fail_call not in call.API:
        raise ValueError(f"there is no acl.{fail_call}")
    fault = world.Fault(fail_call, nth, code)
    world.current().faults.append(fault)
    return fault
