"""`acl.mdl`, third part: data sets, profiles and execution."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from mindferry.ascend.profiles import BATCH, DIMS, IMAGE
from mindferry.ascend.simulator import codes, memory, world
from mindferry.ascend.simulator.call import call
from mindferry.ascend.simulator.errors import Refused
from mindferry.ascend.simulator.loaded import LoadedModel
from mindferry.ascend.simulator.mdl_load import model
from mindferry.ascend.simulator.memory import Bytes
from mindferry.ascend.simulator.root import DataBuffer, buffer, tensor_desc
from mindferry.ascend.simulator.rt_memory import bytes_at


@dataclass(eq=False, slots=True)
class Dataset:
    """Handles of data buffers in order, and of tensor descriptions by position."""

    buffers: list[int] = field(default_factory=list)
    descs: dict[int, int] = field(default_factory=dict)


def _dataset(handle: int) -> Dataset:
    return world.current().handles.get(handle, Dataset, codes.INVALID_PARAM)


@call("mdl.create_dataset", bare=0)
def create_dataset() -> int:
    return world.current().handles.add("data set", Dataset())


@call("mdl.destroy_dataset", "k")
def destroy_dataset(handle: int) -> None:
    world.current().handles.remove(handle, Dataset, codes.INVALID_PARAM)


@call("mdl.add_dataset_buffer", "kk", fails=lambda handle, added: (handle,))
def add_dataset_buffer(handle: int, added: int) -> int:
    buffer(added)
    _dataset(handle).buffers.append(added)
    return handle


@call("mdl.get_dataset_num_buffers", "k", bare=0)
def get_dataset_num_buffers(handle: int) -> int:
    return len(_dataset(handle).buffers)


@call("mdl.get_dataset_buffer", "kk", bare=0)
def get_dataset_buffer(handle: int, index: int) -> int:
    return _buffer_at(_dataset(handle), index)


def _buffer_at(found: Dataset, index: int) -> int:
    if index >= len(found.buffers):
        raise Refused(codes.INVALID_PARAM, f"buffer {index} is not among the {len(found.buffers)} of the data set")
    return found.buffers[index]


@call("mdl.set_dataset_tensor_desc", "kkk", fails=lambda handle, desc, index: (handle,))
def set_dataset_tensor_desc(handle: int, desc: int, index: int) -> int:
    found = _dataset(handle)
    _buffer_at(found, index)
    tensor_desc(desc)
    found.descs[index] = desc
    return handle


@call("mdl.get_dataset_tensor_desc", "kk", bare=0)
def get_dataset_tensor_desc(handle: int, index: int) -> int:
    return _dataset(handle).descs.get(index, 0)


def _choose(number: int, handle: int, index: int, kind: int, values: tuple[int, ...]) -> None:
    """Writes a profile's values into the buffer through which the model reads them."""
    place = buffer(_buffer_at(_dataset(handle), index))
    if not place.address:
        raise Refused(codes.INVALID_PARAM, "the buffer's address is a null pointer")
    loaded = model(number)
    if loaded.profiles.kind != kind or loaded.inputs[index : index + 1] != loaded.inputs[-1:]:
        raise Refused(codes.GE_PARAM_INVALID, f"input {index} of the model does not choose this kind of profile")
    if values not in loaded.profiles.rows:
        raise Refused(
            codes.GE_DYNAMIC_BATCH_SIZE_INVALID, f"{values} is none of the profiles {list(loaded.profiles.rows)}"
        )
    if place.size < 8 * len(values):
        raise Refused(
            codes.GE_DYNAMIC_INPUT_LENGTH_INVALID,
            f"the buffer of {place.size} bytes is too small for {len(values)} numbers",
        )
    target = bytes_at(place.address, 8 * len(values), codes.GE_DYNAMIC_INPUT_ADDR_INVALID)
    target[:] = np.array(values, np.int64).view(np.uint8)


@call("mdl.set_dynamic_batch_size", "IkkK", needs="context")
def set_dynamic_batch_size(number: int, handle: int, index: int, batch: int) -> None:
    if not batch:
        raise Refused(codes.INVALID_PARAM, "the batch size is 0")
    _choose(number, handle, index, BATCH, (batch,))


@call("mdl.set_dynamic_hw_size", "IkkKK", needs="context")
def set_dynamic_hw_size(number: int, handle: int, index: int, height: int, width: int) -> None:
    if not height or not width:
        raise Refused(codes.INVALID_PARAM, "height or width is 0")
    _choose(number, handle, index, IMAGE, (height, width))


@call("mdl.set_input_dynamic_dims", "IkkO", needs="context")
def set_input_dynamic_dims(number: int, handle: int, index: int, dims: Any) -> None:
    if not isinstance(dims, dict) or not {"dimCount", "dims"} <= dims.keys():
        raise TypeError("acl.mdl.set_input_dynamic_dims args parse failed!")
    loaded = model(number)
    free = [size for tensor in loaded.data_inputs for size in tensor.dims]
    given = list(dims["dims"])
    if dims["dimCount"] != len(given) or len(given) != len(free):
        raise Refused(
            codes.GE_PARAM_INVALID, f"{len(given)} dimensions are given, all inputs together have {len(free)}"
        )
    if any(size not in (-1, one) for size, one in zip(free, given, strict=True)):
        raise Refused(codes.GE_PARAM_INVALID, f"{given} changes a dimension that is fixed in {free}")
    _choose(number, handle, index, DIMS, tuple(one for size, one in zip(free, given, strict=True) if size == -1))


def _inputs(loaded: LoadedModel, handle: int) -> list[DataBuffer]:
    places = [buffer(item) for item in _dataset(handle).buffers]
    if len(places) != len(loaded.inputs):
        names = ", ".join(tensor.name for tensor in loaded.inputs)
        raise Refused(codes.GE_PARAM_INVALID, f"{len(places)} input buffers, but the model has {names}")
    if missing := [tensor.name for tensor, place in zip(loaded.inputs, places, strict=True) if not place.address]:
        raise Refused(codes.INVALID_PARAM, f"the address of input {', '.join(missing)} is a null pointer")
    return places


def _outputs(loaded: LoadedModel, handle: int) -> list[DataBuffer]:
    places = [buffer(item) for item in _dataset(handle).buffers]
    if len(places) != len(loaded.outputs):
        raise Refused(codes.GE_PARAM_INVALID, f"{len(places)} output buffers, but the model has {len(loaded.outputs)}")
    for tensor, place in zip(loaded.outputs, places, strict=True):
        if place.address and place.size < tensor.size and not loaded.profiles.kind:
            raise Refused(
                codes.GE_PARAM_INVALID, f"the output {tensor.name} needs {tensor.size} bytes, not {place.size}"
            )
    return places


def on_device(place: DataBuffer) -> Bytes:
    """The bytes that a data buffer points to, which the device can reach."""
    if not memory.is_device(place.address) and world.current().settings.run_mode == world.HOST:
        raise Refused(codes.RT_AICORE_EXCEPTION, f"{place.address:#x} is host memory, which the device cannot read")
    return bytes_at(place.address, place.size, codes.RT_AICORE_EXCEPTION)


def _dims(loaded: LoadedModel, handle: int) -> list[tuple[int, ...] | None]:
    """The shapes that the data set's tensor descriptions give to the data inputs."""
    descs = _dataset(handle).descs
    return [tensor_desc(descs[at]).dims if at in descs else None for at in range(len(loaded.data_inputs))]


@dataclass(frozen=True, slots=True)
class _Job:
    """One execution."""

    loaded: LoadedModel
    inputs: list[DataBuffer]
    dims: list[tuple[int, ...] | None]
    outputs: list[DataBuffer]
    device: int


def _job(number: int, inputs: int, outputs: int) -> _Job:
    loaded = model(number)
    device = world.current().context().device
    return _Job(loaded, _inputs(loaded, inputs), _dims(loaded, inputs), _outputs(loaded, outputs), device)


def _execute(job: _Job) -> None:
    loaded = job.loaded
    found = loaded.run([on_device(place) for place in job.inputs], job.dims)
    for index, (array, place) in enumerate(zip(found, job.outputs, strict=True)):
        _store(loaded, index, array, place, job.device)
    loaded.output_dims = [array.shape for array in found]


def _store(loaded: LoadedModel, index: int, array: npt.NDArray[Any], place: DataBuffer, device: int) -> None:
    raw = np.frombuffer(np.ascontiguousarray(array).tobytes(), np.uint8)
    now = world.current()
    if not place.address and raw.nbytes:
        block = now.memory.allocate(raw.nbytes, device)
        place.address, place.size = now.handles.add("device memory", block, block.address), raw.nbytes
    if raw.nbytes > place.size:
        name = loaded.outputs[index].name
        raise Refused(codes.GE_PARAM_INVALID, f"the output {name} has {raw.nbytes} bytes, its buffer {place.size}")
    on_device(place)[: raw.nbytes] = raw


@call("mdl.execute", "Ikk", needs="context")
def execute(number: int, inputs: int, outputs: int) -> None:
    _execute(_job(number, inputs, outputs))


def submit(number: int, inputs: int, outputs: int, stream: int) -> None:
    """Puts an execution on a stream."""
    job = _job(number, inputs, outputs)
    if any(not place.address for place in job.outputs):
        raise Refused(codes.INVALID_PARAM, "an output without memory needs acl.mdl.execute")
    world.current().stream(stream).submit(lambda: _execute(job))


@call("mdl.execute_async", "Ikkk", needs="context")
def execute_async(number: int, inputs: int, outputs: int, stream: int) -> None:
    submit(number, inputs, outputs, stream)
