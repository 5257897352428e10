"""`acl.mdl`, first part: loading and unloading."""

from __future__ import annotations

import itertools

from mindferry.ascend.simulator import codes, world
from mindferry.ascend.simulator.call import call
from mindferry.ascend.simulator.errors import Refused
from mindferry.ascend.simulator.loaded import LoadedModel
from mindferry.ascend.simulator.rt_memory import bytes_at
from mindferry.errors import FileProblem, FormatError, MindFerryError
from mindferry.formats import _files
from mindferry.formats.om import reader
from mindferry.formats.om.reader import OfflineModel

_NUMBERS = itertools.count(1)
_SMALLEST = 256


def model(number: int) -> LoadedModel:
    """The loaded model of that number.

    Raises:
        Refused: 145003 where there is none.
    """
    return world.current().handles.get(number, LoadedModel, codes.GE_MODEL_ID_INVALID)


def held_by(path: str) -> OfflineModel:
    """The offline model in a file.

    Raises:
        Refused: there is no such file, or it is not an OM.
    """
    try:
        return _parsed(_files.map_file(path), path)
    except FileProblem as error:
        raise Refused(codes.GE_MODEL_PATH_INVALID, str(error)) from error
    except FormatError as error:
        raise Refused(codes.GE_LOAD_MODEL, str(error)) from error


def _parsed(view: memoryview, name: str) -> OfflineModel:
    if len(view) < _SMALLEST:
        raise Refused(codes.GE_MODEL_DATA_SIZE_INVALID, f"{name}: {len(view)} bytes are no offline model")
    try:
        return reader.parse(view)
    except FormatError as error:
        raise Refused(codes.GE_LOAD_MODEL, f"{name}: {error}") from error


def _load(held: OfflineModel, name: str) -> int:
    now = world.current()
    device = now.context().device
    if held.soc_version and held.soc_version != now.settings.soc:
        raise Refused(
            codes.RT_SOC_VERSION,
            f"EE1001: ModelCheckCompatibility failed, supported socVersion={now.settings.soc}, but the model "
            f"socVersion={held.soc_version}",
        )
    try:
        loaded = LoadedModel(held, device)
    except MindFerryError as error:
        raise Refused(codes.GE_LOAD_TASK, f"{name}: {error}") from error
    return now.handles.add("model", loaded, next(_NUMBERS))


@call("mdl.load_from_file", "s", fails=(0,), needs="context")
def load_from_file(path: str) -> int:
    return _load(held_by(path), path)


@call("mdl.load_from_mem", "kk", fails=(0,), needs="context")
def load_from_mem(address: int, size: int) -> int:
    return _load(in_memory(address, size), f"{size} bytes at {address:#x}")


def in_memory(address: int, size: int) -> OfflineModel:
    """The offline model at an address of the host."""
    if not address or not size:
        raise Refused(codes.INVALID_PARAM, "the model's address or size is 0")
    view = memoryview(bytes_at(address, size, codes.GE_PARAM_INVALID).tobytes())
    return _parsed(view, f"{size} bytes at {address:#x}")


def _check_room(held: OfflineModel, work: tuple[int, int], weights: tuple[int, int]) -> None:
    """Raises Refused where memory that the program gives is too small or not on the device."""
    for title, (address, size), needed in (
        ("work", work, held.number("memory_size")),
        ("weight", weights, held.number("weight_size")),
    ):
        if not address:
            continue
        if size < needed:
            raise Refused(codes.GE_PARAM_INVALID, f"the {title} memory has {size} bytes; the model needs {needed}")
        if size:
            bytes_at(address, size, codes.GE_PARAM_INVALID)


@call("mdl.load_from_file_with_mem", "skkkk", fails=(0,), needs="context")
def load_from_file_with_mem(path: str, work: int, work_size: int, weights: int, weight_size: int) -> int:
    held = held_by(path)
    _check_room(held, (work, work_size), (weights, weight_size))
    return _load(held, path)


@call("mdl.load_from_mem_with_mem", "kkkkkk", fails=(0,), needs="context")
def load_from_mem_with_mem(address: int, size: int, work: int, work_size: int, weights: int, weight_size: int) -> int:
    held = in_memory(address, size)
    _check_room(held, (work, work_size), (weights, weight_size))
    return _load(held, f"{size} bytes at {address:#x}")


@call("mdl.query_size", "s", fails=(0, 0))
def query_size(path: str) -> tuple[int, int]:
    held = held_by(path)
    return held.number("memory_size"), held.number("weight_size")


@call("mdl.unload", "I", needs="context")
def unload(number: int) -> None:
    world.current().handles.remove(number, LoadedModel, codes.GE_MODEL_ID_INVALID).close()
