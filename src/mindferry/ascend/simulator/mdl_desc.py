"""`acl.mdl`, second part: the description of a loaded model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mindferry.ascend.profiles import BATCH, IMAGE, Profiles
from mindferry.ascend.simulator import codes, world
from mindferry.ascend.simulator.call import call
from mindferry.ascend.simulator.errors import Refused
from mindferry.ascend.simulator.loaded import LoadedModel, profiles_of
from mindferry.ascend.simulator.mdl_load import held_by, model
from mindferry.formats.om import fields
from mindferry.formats.om.introduction import Tensor
from mindferry.formats.om.reader import OfflineModel

_LONGEST_NAME = 127
_NO_PROFILES = Profiles()


@dataclass(eq=False, slots=True)
class ModelDesc:
    """A description, empty until it is filled from a model."""

    inputs: tuple[Tensor, ...] = ()
    outputs: tuple[Tensor, ...] = ()
    profiles: Profiles = _NO_PROFILES
    number: int = 0
    filled: bool = False


def _desc(handle: int) -> ModelDesc:
    found = world.current().handles.get(handle, ModelDesc, codes.INVALID_PARAM)
    if not found.filled:
        raise Refused(codes.INVALID_PARAM, "the description is empty: call acl.mdl.get_desc first")
    return found


def _one(tensors: tuple[Tensor, ...], index: int) -> Tensor:
    if index >= len(tensors):
        raise Refused(codes.INVALID_PARAM, f"index {index} is not among the {len(tensors)}")
    return tensors[index]


@call("mdl.create_desc", bare=0)
def create_desc() -> int:
    return world.current().handles.add("model description", ModelDesc())


@call("mdl.get_desc", "kI")
def get_desc(handle: int, number: int) -> None:
    found = world.current().handles.get(handle, ModelDesc, codes.INVALID_PARAM)
    loaded = model(number)
    found.inputs, found.outputs, found.profiles = loaded.inputs, loaded.outputs, loaded.profiles
    found.number, found.filled = number, True


@call("mdl.get_desc_from_file", "ks")
def get_desc_from_file(handle: int, path: str) -> None:
    fill(handle, held_by(path))


def fill(handle: int, held: OfflineModel) -> None:
    """Fills a description from a model that is not loaded."""
    found = world.current().handles.get(handle, ModelDesc, codes.INVALID_PARAM)
    found.inputs, found.outputs = held.introduction.inputs, held.introduction.outputs
    found.profiles, found.filled = profiles_of(held), True


@call("mdl.destroy_desc", "k")
def destroy_desc(handle: int) -> None:
    world.current().handles.remove(handle, ModelDesc, codes.INVALID_PARAM)


@call("mdl.get_num_inputs", "k", bare=0)
def get_num_inputs(handle: int) -> int:
    return len(_desc(handle).inputs)


@call("mdl.get_num_outputs", "k", bare=0)
def get_num_outputs(handle: int) -> int:
    return len(_desc(handle).outputs)


@call("mdl.get_input_size_by_index", "kk", bare=0)
def get_input_size_by_index(handle: int, index: int) -> int:
    return _one(_desc(handle).inputs, index).size


@call("mdl.get_output_size_by_index", "kk", bare=0)
def get_output_size_by_index(handle: int, index: int) -> int:
    return _one(_desc(handle).outputs, index).size


def _dims(tensor: Tensor, dims: tuple[int, ...], number: int, place: str) -> dict[str, Any]:
    name = tensor.name if len(tensor.name.encode()) <= _LONGEST_NAME else f"acl_modelId_{number}_{place}"
    return {"name": name, "dimCount": len(dims), "dims": list(dims)}


@call("mdl.get_input_dims", "kk", fails=({},))
def get_input_dims(handle: int, index: int) -> dict[str, Any]:
    found = _desc(handle)
    tensor = _one(found.inputs, index)
    return _dims(tensor, tensor.dims, found.number, f"input_{index}")


@call("mdl.get_input_dims_v2", "kk", fails=({},))
def get_input_dims_v2(handle: int, index: int) -> dict[str, Any]:
    found = _desc(handle)
    tensor = _one(found.inputs, index)
    return _dims(tensor, tensor.source_dims, found.number, f"input_{index}")


@call("mdl.get_input_dims_range", "kk", fails=({},))
def get_input_dims_range(handle: int, index: int) -> dict[str, Any]:
    ranges = _one(_desc(handle).inputs, index).ranges
    return {"rangeCount": len(ranges), "range": [list(pair) for pair in ranges]}


@call("mdl.get_output_dims", "kk", fails=({},))
def get_output_dims(handle: int, index: int) -> dict[str, Any]:
    found = _desc(handle)
    tensor = _one(found.outputs, index)
    return _dims(tensor, tensor.dims, found.number, f"output_{index}")


@call("mdl.get_cur_output_dims", "kk", fails=({},))
def get_cur_output_dims(handle: int, index: int) -> dict[str, Any]:
    found = _desc(handle)
    tensor = _one(found.outputs, index)
    loaded = world.current().handles.get(found.number, LoadedModel, codes.GE_MODEL_ID_INVALID)
    return _dims(tensor, loaded.output_dims[index], found.number, f"output_{index}")


@call("mdl.get_input_name_by_index", "kk", bare="")
def get_input_name_by_index(handle: int, index: int) -> str:
    found = _desc(handle)
    return str(_dims(_one(found.inputs, index), (), found.number, f"input_{index}")["name"])


@call("mdl.get_output_name_by_index", "kk", bare="")
def get_output_name_by_index(handle: int, index: int) -> str:
    found = _desc(handle)
    return str(_dims(_one(found.outputs, index), (), found.number, f"output_{index}")["name"])


@call("mdl.get_tensor_real_name", "ks", bare=None)
def get_tensor_real_name(handle: int, name: str) -> str:
    found = _desc(handle)
    for side, tensors in (("input", found.inputs), ("output", found.outputs)):
        for index, tensor in enumerate(tensors):
            if name in (tensor.name, _dims(tensor, (), found.number, f"{side}_{index}")["name"]):
                return tensor.name
    raise Refused(codes.INVALID_PARAM, f"there is no tensor {name!r}")


@call("mdl.get_input_format", "kk", bare=-1)
def get_input_format(handle: int, index: int) -> int:
    return _one(_desc(handle).inputs, index).format


@call("mdl.get_output_format", "kk", bare=-1)
def get_output_format(handle: int, index: int) -> int:
    return _one(_desc(handle).outputs, index).format


@call("mdl.get_input_data_type", "kk", bare=-1)
def get_input_data_type(handle: int, index: int) -> int:
    return _one(_desc(handle).inputs, index).dtype


@call("mdl.get_output_data_type", "kk", bare=-1)
def get_output_data_type(handle: int, index: int) -> int:
    return _one(_desc(handle).outputs, index).dtype


def _by_name(tensors: tuple[Tensor, ...], name: str) -> int:
    for index, tensor in enumerate(tensors):
        if tensor.name == name:
            return index
    raise Refused(codes.INVALID_PARAM, f"there is no {name!r}; there is {', '.join(item.name for item in tensors)}")


@call("mdl.get_input_index_by_name", "ks", fails=(0,))
def get_input_index_by_name(handle: int, name: str) -> int:
    return _by_name(_desc(handle).inputs, name)


@call("mdl.get_output_index_by_name", "ks", fails=(0,))
def get_output_index_by_name(handle: int, name: str) -> int:
    return _by_name(_desc(handle).outputs, name)


@call("mdl.get_dynamic_batch", "k", fails=({},))
def get_dynamic_batch(handle: int) -> dict[str, Any]:
    profiles = _desc(handle).profiles
    batches = [row[0] for row in profiles.rows] if profiles.kind == BATCH else []
    return {"batchCount": len(batches), "batch": batches}


@call("mdl.get_dynamic_hw", "kk", fails=({},))
def get_dynamic_hw(handle: int, index: int) -> dict[str, Any]:
    profiles = _desc(handle).profiles
    rows = [list(row) for row in profiles.rows] if profiles.kind == IMAGE else []
    return {"hwCount": len(rows), "hw": rows}


@call("mdl.get_input_dynamic_gear_count", "kk", fails=(0,))
def get_input_dynamic_gear_count(handle: int, index: int) -> int:
    return len(_gears(_desc(handle)))


@call("mdl.get_input_dynamic_dims", "kki", fails=(None,))
def get_input_dynamic_dims(handle: int, index: int, count: int) -> list[dict[str, Any]]:
    gears = _gears(_desc(handle))
    if not 0 <= count <= 4096 or count < len(gears):
        raise Refused(codes.INVALID_PARAM, f"there are {len(gears)} profiles, room for {count}")
    return [{"name": "", "dimCount": len(dims), "dims": dims} for dims in gears]


def _gears(found: ModelDesc) -> list[list[int]]:
    """The dimensions of all inputs, one after the other, in each profile of free dimensions."""
    if found.profiles.kind in (0, BATCH, IMAGE):
        return []
    free = [tensor.dims for tensor in found.inputs if tensor.name != fields.PROFILE_INPUT]
    return [[size for shape in found.profiles.shapes(row, free) for size in shape] for row in found.profiles.rows]
