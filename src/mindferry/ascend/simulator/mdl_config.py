"""`acl.mdl`, fifth part: loading and executing with a set of options."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mindferry.ascend.simulator import codes, world
from mindferry.ascend.simulator.call import call
from mindferry.ascend.simulator.errors import Refused
from mindferry.ascend.simulator.mdl_desc import fill
from mindferry.ascend.simulator.mdl_load import (
    in_memory,
    load_from_file,
    load_from_file_with_mem,
    load_from_mem,
    load_from_mem_with_mem,
)
from mindferry.ascend.simulator.mdl_run import submit

_PRIORITY, _LOAD_TYPE, _PATH, _ADDRESS, _SIZE, _WEIGHTS, _WEIGHTS_SIZE, _WORK, _WORK_SIZE = range(9)
"""Options of loading (aclmdlConfigAttr)."""

_FROM_FILE, _FROM_FILE_WITH_MEMORY, _FROM_MEMORY, _FROM_MEMORY_WITH_MEMORY = 1, 2, 3, 4
_NEEDED = {
    _FROM_FILE: (_PATH,), _FROM_FILE_WITH_MEMORY: (_PATH, _WORK, _WORK_SIZE, _WEIGHTS, _WEIGHTS_SIZE),
    _FROM_MEMORY: (_ADDRESS, _SIZE), _FROM_MEMORY_WITH_MEMORY: (_ADDRESS, _SIZE, _WORK, _WORK_SIZE, _WEIGHTS, _WEIGHTS_SIZE),
}  # fmt: skip
"""Ways of loading -> their options, in the order of the call that does it."""

_LOADERS: dict[int, Callable[..., int]] = {
    _FROM_FILE: load_from_file, _FROM_FILE_WITH_MEMORY: load_from_file_with_mem, _FROM_MEMORY: load_from_mem,
    _FROM_MEMORY_WITH_MEMORY: load_from_mem_with_mem,
}  # fmt: skip

_STREAM_SECONDS = 0
"""The option of executing (aclmdlExecConfigAttr) that is simulated: milliseconds to wait for the stream."""


@dataclass(eq=False, slots=True)
class LoadOptions:
    """Options of loading by their number."""

    values: dict[int, Any] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class RunOptions:
    """Options of executing by their number."""

    values: dict[int, int] = field(default_factory=dict)


@call("mdl.create_config_handle", bare=0)
def create_config_handle() -> int:
    return world.current().handles.add("load options", LoadOptions())


@call("mdl.destroy_config_handle", "k")
def destroy_config_handle(handle: int) -> None:
    world.current().handles.remove(handle, LoadOptions, codes.INVALID_PARAM)


@call("mdl.set_config_opt", "kiO")
def set_config_opt(handle: int, option: int, value: Any) -> None:
    right = isinstance(value, str) if option == _PATH else hasattr(value, "__index__")
    if not right:
        raise TypeError("acl.mdl.set_config_opt args parse failed!")
    found = world.current().handles.get(handle, LoadOptions, codes.INVALID_PARAM)
    if option not in range(_WORK_SIZE + 1):
        raise Refused(codes.INVALID_PARAM, f"option {option} of loading is not simulated")
    found.values[option] = value if option == _PATH else operator.index(value)


@call("mdl.load_with_config", "k", fails=(0,), needs="context")
def load_with_config(handle: int) -> int:
    values = world.current().handles.get(handle, LoadOptions, codes.INVALID_PARAM).values
    way = values.get(_LOAD_TYPE)
    if way not in _NEEDED:
        raise Refused(codes.INVALID_PARAM, f"there is no way of loading {way}")
    if missing := [option for option in _NEEDED[way] if option not in values]:
        raise Refused(codes.INVALID_PARAM, f"loading in the way {way} needs the options {missing}")
    return _LOADERS[way](*(values[option] for option in _NEEDED[way]))


@call("mdl.get_desc_from_mem", "kkk")
def get_desc_from_mem(handle: int, address: int, size: int) -> None:
    fill(handle, in_memory(address, size))


@call("mdl.create_exec_config_handle", bare=0)
def create_exec_config_handle() -> int:
    return world.current().handles.add("run options", RunOptions())


@call("mdl.destroy_exec_config_handle", "k")
def destroy_exec_config_handle(handle: int) -> None:
    world.current().handles.remove(handle, RunOptions, codes.INVALID_PARAM)


@call("mdl.set_exec_config_opt", "kkI")
def set_exec_config_opt(handle: int, option: int, value: int) -> None:
    if option != _STREAM_SECONDS:
        raise Refused(codes.INVALID_PARAM, f"option {option} of executing is not simulated")
    world.current().handles.get(handle, RunOptions, codes.INVALID_PARAM).values[option] = value


@call("mdl.execute_v2", "Ikkkk", needs="context")
def execute_v2(number: int, inputs: int, outputs: int, stream: int, options: int) -> None:
    now = world.current()
    limit = now.handles.get(options, RunOptions, codes.INVALID_PARAM).values.get(_STREAM_SECONDS)
    submit(number, inputs, outputs, stream)
    now.stream(stream).synchronize(None if limit is None else limit / 1000)
