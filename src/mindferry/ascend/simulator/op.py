"""`acl.op`: single operators, each compiled when it is first called with these shapes.

An operator is one of GE's, as in AIR; it is lowered to ONNX by the same functions as an AIR file.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mindferry.ascend.simulator import codes, world
from mindferry.ascend.simulator.call import call
from mindferry.ascend.simulator.errors import Refused
from mindferry.ascend.simulator.mdl_run import on_device
from mindferry.ascend.simulator.root import DataBuffer, TensorDesc, buffer, tensor_desc
from mindferry.formats.air.fields import ENGINE_TYPES, FORMATS

if TYPE_CHECKING:
    from mindferry.runtimes.base import Session

_OPSET = 17
_LAYOUTS = {number: name for name, number in FORMATS.items()}
_SETTERS = {"bool": "ksB", "int": "ksL", "float": "ksf", "string": "kss"}
_LISTS = {"list_bool": bool, "list_int": int, "list_float": float, "list_string": str}


@dataclass(eq=False, slots=True)
class Attributes:
    """The attributes of an operator."""

    values: dict[str, Any] = field(default_factory=dict)


@call("op.create_attr", bare=0)
def create_attr() -> int:
    return world.current().handles.add("operator attributes", Attributes())


def _attributes(handle: int) -> Attributes:
    return world.current().handles.get(handle, Attributes, codes.INVALID_PARAM)


@call("op.destroy_attr", "k", bare=None)
def destroy_attr(handle: int) -> None:
    world.current().handles.remove(handle, Attributes, codes.INVALID_PARAM)


def _setter(name: str, kinds: str) -> None:
    @call(f"op.set_attr_{name}", kinds)
    def store(handle: int, key: str, value: Any) -> None:
        _attributes(handle).values[key] = bool(value) if name == "bool" else value


def _list_setter(name: str, item: type) -> None:
    @call(f"op.set_attr_{name}", "ksO")
    def store(handle: int, key: str, values: Any) -> None:
        if not isinstance(values, list):
            raise TypeError(f"acl.op.set_attr_{name} args parse failed!")
        _attributes(handle).values[key] = tuple(item(value) for value in values)


for _name, _kinds in _SETTERS.items():
    _setter(_name, _kinds)
for _name, _item in _LISTS.items():
    _list_setter(_name, _item)


@call("op.set_model_dir", "s")
def set_model_dir(path: str) -> None:
    if not Path(path).is_dir():
        raise Refused(codes.INVALID_FILE, f"there is no folder {path}")


@dataclass(frozen=True, slots=True)
class _Side:
    """The inputs or the outputs of a call."""

    descs: tuple[TensorDesc, ...]
    buffers: tuple[DataBuffer, ...]


def _side(descs: Any, buffers: Any) -> _Side:
    if not isinstance(descs, list) or not isinstance(buffers, list):
        raise TypeError("argument 2, 3, 4, or 5 is not list")
    if len(descs) != len(buffers):
        raise Refused(codes.INVALID_PARAM, f"{len(descs)} descriptions for {len(buffers)} buffers")
    found = _Side(tuple(map(tensor_desc, descs)), tuple(map(buffer, buffers)))
    for desc, place in zip(found.descs, found.buffers, strict=True):
        if place.size < _bytes(desc):
            raise Refused(codes.INVALID_PARAM, f"a buffer has {place.size} bytes, its tensor {_bytes(desc)}")
    return found


def _bytes(desc: TensorDesc) -> int:
    known = ENGINE_TYPES.get(desc.dtype)
    if known is None or any(size < 0 for size in desc.dims):
        raise Refused(codes.INVALID_PARAM, f"a tensor of type {desc.dtype} and dims {list(desc.dims)} has no size")
    return int(np.prod(desc.dims, dtype=np.int64)) * known.itemsize


@call("op.execute_v2", "sOOOOkk", needs="context")
def execute_v2(
    name: str, in_descs: Any, inputs: Any, out_descs: Any, outputs: Any, attributes: int, stream: int
) -> None:
    sources, targets = _side(in_descs, inputs), _side(out_descs, outputs)
    queue = world.current().stream(stream)
    values = dict(_attributes(attributes).values) if attributes else {}
    session = _session(name, sources.descs, targets.descs, values)
    queue.submit(lambda: _run(session, sources, targets))


@call("op.cast", "kkkkBk", needs="context")
def cast(in_desc: int, source: int, out_desc: int, target: int, truncate: int, stream: int) -> None:
    sources, targets = _side([in_desc], [source]), _side([out_desc], [target])
    queue = world.current().stream(stream)

    def work() -> None:
        (found,) = _arrays(sources)
        _store([found.astype(ENGINE_TYPES[targets.descs[0].dtype].numpy())], targets)

    queue.submit(work)


def _arrays(side: _Side) -> list[npt.NDArray[Any]]:
    found = []
    for desc, place in zip(side.descs, side.buffers, strict=True):
        raw = on_device(place)[: _bytes(desc)].tobytes()
        found.append(np.frombuffer(raw, ENGINE_TYPES[desc.dtype].numpy()).reshape(desc.dims))
    return found


def _run(session: Session, sources: _Side, targets: _Side) -> None:
    from mindferry.errors import MindFerryError

    try:
        found = list(session.run(*_arrays(sources)).values())
    except MindFerryError as error:
        raise Refused(codes.RT_MODEL_EXECUTE, str(error)) from error
    _store(found, targets)


def _store(found: Sequence[npt.NDArray[Any]], targets: _Side) -> None:
    for array, desc, place in zip(found, targets.descs, targets.buffers, strict=True):
        wanted = ENGINE_TYPES[desc.dtype].numpy()
        if array.dtype != wanted or array.nbytes != _bytes(desc):
            raise Refused(
                codes.RT_MODEL_EXECUTE, f"the result is {array.dtype}{list(array.shape)}, not {wanted}{list(desc.dims)}"
            )
        on_device(place)[: array.nbytes] = np.frombuffer(np.ascontiguousarray(array).tobytes(), np.uint8)


_SESSIONS: dict[Any, Session] = {}
_LOCK = threading.Lock()


def _session(
    name: str, inputs: Sequence[TensorDesc], outputs: Sequence[TensorDesc], attributes: dict[str, Any]
) -> Session:
    """The operator for these types, shapes and attributes, compiled once."""
    shown = tuple((desc.dtype, desc.dims, desc.format) for desc in (*inputs, *outputs))
    key = (name, len(inputs), shown, tuple(sorted(attributes.items())))
    with _LOCK:
        if key not in _SESSIONS:
            _SESSIONS[key] = _compiled(name, inputs, outputs, attributes)
        return _SESSIONS[key]


def _compiled(
    name: str, inputs: Sequence[TensorDesc], outputs: Sequence[TensorDesc], attributes: dict[str, Any]
) -> Session:
    from mindferry.errors import MindFerryError
    from mindferry.graph import Graph, Input, Model, Node, Ref, SequenceType, TensorType
    from mindferry.lowering.context import Options
    from mindferry.lowering.lower import lower
    from mindferry.runtimes import get
    from mindferry.runtimes.base import Device, Source

    kinds = [TensorType(ENGINE_TYPES[desc.dtype], desc.dims) for desc in outputs]
    ports = tuple(
        Input(f"x{at}", TensorType(ENGINE_TYPES[one.dtype], one.dims), f"x{at}") for at, one in enumerate(inputs)
    )
    kind = kinds[0] if len(kinds) == 1 else SequenceType(tuple(kinds))
    layouts = tuple(_LAYOUTS.get(desc.format, "ND") for desc in inputs)
    node = Node("y", name, tuple(Ref(port.name) for port in ports), attributes, kind, layouts=layouts)
    graph = Graph("operator", ports, {}, (node,), Ref("y"), kind)
    try:
        model, _ = lower(Model("AIR", "", "", "", graph, dialect="ge"), Options(_OPSET))
        return get("onnxruntime").prepare(Source("onnx", Path(name), model=model), Device("cpu"), {"threads": 1})
    except MindFerryError as error:
        raise Refused(codes.OP_NOT_FOUND, f"{name}: {error}") from error
