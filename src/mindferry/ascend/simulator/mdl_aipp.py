"""`acl.mdl`, fourth part: what is known of a model's image preparation.

Preparation is static here, as it was compiled; the calls that set it for a call check their arguments, and the model
answers that it has no such input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mindferry.ascend import aipp
from mindferry.ascend.aipp import Operation
from mindferry.ascend.simulator import codes, world
from mindferry.ascend.simulator.call import call
from mindferry.ascend.simulator.errors import Refused
from mindferry.ascend.simulator.mdl_load import model
from mindferry.formats.om.introduction import Tensor

_WITHOUT, _STATIC = 0, 1
_NO_INDEX = 0xFFFF_FFFF
_LARGEST_BATCH = 127

_SETTERS = {
    "input_format": "kI", "csc_params": "kbhhhhhhhhhBBBBBB", "rbuv_swap_switch": "kb", "ax_swap_switch": "kb",
    "src_image_size": "kii", "scf_params": "kbiiiik", "crop_params": "kbiiiik", "padding_params": "kbiiiik",
    "dtc_pixel_mean": "khhhhk", "dtc_pixel_min": "kffffk", "pixel_var_reci": "kffffk",
}  # fmt: skip
"""The calls `set_aipp_...` and their arguments; the last of those with seven or six is an image of the batch."""

_OF_IMAGES = ("scf_params", "crop_params", "padding_params", "dtc_pixel_mean", "dtc_pixel_min", "pixel_var_reci")


@dataclass(eq=False, slots=True)
class Parameters:
    """Preparation that a program sets itself, for a batch of images."""

    batch: int
    values: dict[str, tuple[Any, ...]] = field(default_factory=dict)


@call("mdl.create_aipp", "k", bare=0)
def create_aipp(batch: int) -> int:
    if not 0 < batch <= _LARGEST_BATCH:
        raise Refused(codes.INVALID_PARAM, f"a batch of {batch} is not among 1 to {_LARGEST_BATCH}")
    return world.current().handles.add("AIPP parameters", Parameters(batch))


@call("mdl.destroy_aipp", "k")
def destroy_aipp(handle: int) -> None:
    world.current().handles.remove(handle, Parameters, codes.INVALID_PARAM)


def _setter(name: str, kinds: str) -> None:
    @call(f"mdl.set_aipp_{name}", kinds)
    def store(handle: int, *values: Any) -> None:
        found = world.current().handles.get(handle, Parameters, codes.INVALID_PARAM)
        if name in _OF_IMAGES and values[-1] >= found.batch:
            raise Refused(codes.INVALID_PARAM, f"image {values[-1]} is not among the {found.batch} of the batch")
        found.values[name] = values


for _name, _kinds in _SETTERS.items():
    _setter(_name, _kinds)


@call("mdl.set_input_aipp", "Ikkk", needs="context")
def set_input_aipp(number: int, dataset: int, index: int, handle: int) -> None:
    model(number)
    world.current().handles.get(handle, Parameters, codes.INVALID_PARAM)
    raise Refused(codes.GE_AIPP_NOT_EXIST, "the model has no input for preparation that a program sets")


def _operation(number: int, index: int) -> tuple[Operation | None, Tensor]:
    loaded = model(number)
    if index >= len(loaded.inputs):
        raise Refused(codes.INVALID_PARAM, f"input {index} is not among the {len(loaded.inputs)}")
    tensor = loaded.inputs[index]
    return loaded.preparation.get(tensor.name), tensor


@call("mdl.get_aipp_type", "Ik", fails=(_WITHOUT, _NO_INDEX), needs="context")
def get_aipp_type(number: int, index: int) -> tuple[int, int]:
    operation, _ = _operation(number, index)
    return (_WITHOUT if operation is None else _STATIC), _NO_INDEX


@call("mdl.get_first_aipp_info", "Ik", fails=(None,), needs="context")
def get_first_aipp_info(number: int, index: int) -> dict[str, Any]:
    operation, tensor = _operation(number, index)
    if operation is None:
        raise Refused(codes.NOT_STATIC_AIPP, f"{tensor.name} has no static preparation")
    return _info(operation, tensor)


_WHOLE = {
    **{f"matrixR{row}C{column}": f"matrix_r{row}c{column}" for row, column in ((0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 2))},
    **{f"{side}Bias{index}": f"{side}_bias_{index}" for side in ("output", "input") for index in range(3)},
    "cscSwitch": "csc_switch", "rbuvSwapSwitch": "rbuv_swap_switch", "axSwapSwitch": "ax_swap_switch",
    "cropSwitch": "crop", "loadStartPosW": "load_start_pos_w", "loadStartPosH": "load_start_pos_h",
    "cropSizeW": "crop_size_w", "cropSizeH": "crop_size_h", "paddingSwitch": "padding",
    "leftPaddingSize": "left_padding_size", "rightPaddingSize": "right_padding_size", "topPaddingSize": "top_padding_size",
    "bottomPaddingSize": "bottom_padding_size", **{f"meanChn{index}": f"mean_chn_{index}" for index in range(4)},
}  # fmt: skip
"""Keys of aclAippInfo that are whole numbers -> settings."""

_FRACTIONS = {
    **{f"minChn{index}": f"min_chn_{index}" for index in range(4)},
    **{f"varReciChn{index}": f"var_reci_chn_{index}" for index in range(4)},
}
"""Those that are not."""


def _info(operation: Operation, tensor: Tensor) -> dict[str, Any]:
    height, width = operation.size
    found: dict[str, Any] = {key: int(operation.value(name)) for key, name in _WHOLE.items()}
    found |= {key: operation.value(name) for key, name in _FRACTIONS.items()}
    source = _dims(tensor.name, tensor.dims)
    result = _dims(tensor.name, tensor.source_dims)
    shapes = {"srcDims": source, "srcSize": tensor.size, "aippOutdims": result, "aippOutSize": _float16_bytes(tensor)}
    return found | {
        "singleLineMode": 0, "resizeSwitch": 0, "resizeOutputW": 0, "resizeOutputH": 0, "aippExtend": 0,
        "srcImageSizeW": width, "srcImageSizeH": height, "inputFormat": aipp.FORMATS[operation.pixels],
        "srcFormat": 0, "srcDatatype": 0, "srcDimNum": len(tensor.source_dims), "shapeCount": 1, "outDims": [shapes],
    }  # fmt: skip


def _dims(name: str, dims: tuple[int, ...]) -> Mapping[str, Any]:
    return {"name": name, "dimCount": len(dims), "dims": list(dims)}


def _float16_bytes(tensor: Tensor) -> int:
    size = 2
    for length in tensor.source_dims:
        size *= max(length, 1)
    return size
