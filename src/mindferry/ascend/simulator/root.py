"""`acl` itself: start and end, data buffers and tensor descriptions."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from mindferry.ascend.simulator import codes, world
from mindferry.ascend.simulator.call import call
from mindferry.ascend.simulator.errors import Refused
from mindferry.formats.air.fields import ENGINE_TYPES

VERSION = (1, 14, 0)
"""The version of ACL's interface that is simulated."""

_UNKNOWN_DIMS = (1 << 64) - 1
_MOST_DIMS = 128
_VERSION_KEYS = ("version", "major_version", "minor_version", "release_version", "patch_version", "reserved")


@dataclass(eq=False, slots=True)
class DataBuffer:
    """An address with a size, which a data set points to; the memory itself stays the program's."""

    address: int
    size: int


@dataclass(eq=False, slots=True)
class TensorDesc:
    """Element type (aclDataType), shape and format of a tensor."""

    dtype: int
    dims: tuple[int, ...]
    format: int
    name: str = ""
    values: dict[str, Any] = field(default_factory=dict)


def item_size(dtype: int) -> int:
    """Bytes of an element of an aclDataType; 0 where it has no fixed whole number."""
    known = ENGINE_TYPES.get(dtype)
    return known.itemsize if known else 0


@call("init", optional="s", needs="")
def init(path: str = "") -> None:
    now = world.current()
    if now.initialized:
        now.initialized += 1
        raise Refused(codes.REPEAT_INITIALIZE, "acl.init was called before")
    now.initialized = 1


@call("finalize", needs="")
def finalize() -> None:
    now = world.current()
    if not now.initialized:
        raise Refused(codes.REPEAT_FINALIZE, "there is no acl.init that this acl.finalize would end")
    now.initialized -= 1
    if now.initialized == 0:
        now.drop(None, "acl.finalize")
        now.devices.clear()


@call("get_soc_name", bare=None)
def get_soc_name() -> str:
    return world.current().settings.soc


@call("get_version", fails=(0, 0, 0), needs="")
def get_version() -> tuple[int, int, int]:
    return VERSION


@call("get_cann_version", "I", fails=lambda package: (dict.fromkeys(_VERSION_KEYS, ""),))
def get_cann_version(package: int) -> dict[str, str]:
    raise Refused(codes.INVALID_FILE, "no package of CANN is installed in the simulator")


@call("get_recent_err_msg", bare=None, needs="")
def get_recent_err_msg() -> str | None:
    text, world.current().thread.error = world.current().thread.error, None
    return text


@call("data_type_size", "i", bare=0, needs="")
def data_type_size(dtype: int) -> int:
    return item_size(dtype)


@call("create_data_buffer", "kk", bare=0)
def create_data_buffer(address: int, size: int) -> int:
    return world.current().handles.add("data buffer", DataBuffer(address, size))


def buffer(handle: int) -> DataBuffer:
    """The data buffer behind a handle."""
    return world.current().handles.get(handle, DataBuffer, codes.INVALID_PARAM)


@call("destroy_data_buffer", "k")
def destroy_data_buffer(handle: int) -> None:
    world.current().handles.remove(handle, DataBuffer, codes.INVALID_PARAM)


@call("get_data_buffer_addr", "k", bare=0)
def get_data_buffer_addr(handle: int) -> int:
    return buffer(handle).address


@call("get_data_buffer_size", "k", bare=0)
def get_data_buffer_size(handle: int) -> int:
    return buffer(handle).size & 0xFFFF_FFFF


@call("get_data_buffer_size_v2", "k", bare=0)
def get_data_buffer_size_v2(handle: int) -> int:
    return buffer(handle).size


@call("update_data_buffer", "kkk")
def update_data_buffer(handle: int, address: int, size: int) -> None:
    found = buffer(handle)
    found.address, found.size = address, size


@call("create_tensor_desc", "iOi", bare=0)
def create_tensor_desc(dtype: int, dims: Any, layout: int) -> int:
    if not isinstance(dims, list | tuple) or not all(isinstance(size, int) for size in dims):
        raise TypeError("acl.create_tensor_desc args parse failed!")
    if len(dims) > _MOST_DIMS:
        raise Refused(codes.INVALID_PARAM, f"{len(dims)} dimensions are more than {_MOST_DIMS}")
    return world.current().handles.add("tensor description", TensorDesc(dtype, tuple(dims), layout))


def tensor_desc(handle: int) -> TensorDesc:
    """The tensor description behind a handle."""
    return world.current().handles.get(handle, TensorDesc, codes.INVALID_PARAM)


@call("destroy_tensor_desc", "k", bare=None)
def destroy_tensor_desc(handle: int) -> None:
    world.current().handles.remove(handle, TensorDesc, codes.INVALID_PARAM)


@call("get_tensor_desc_type", "k", bare=-1)
def get_tensor_desc_type(handle: int) -> int:
    return tensor_desc(handle).dtype


@call("get_tensor_desc_format", "k", bare=-1)
def get_tensor_desc_format(handle: int) -> int:
    return tensor_desc(handle).format


@call("get_tensor_desc_element_count", "k", bare=0)
def get_tensor_desc_element_count(handle: int) -> int:
    dims = tensor_desc(handle).dims
    return 0 if any(size < 0 for size in dims) else math.prod(dims)


@call("get_tensor_desc_size", "k", bare=0)
def get_tensor_desc_size(handle: int) -> int:
    found = tensor_desc(handle)
    return 0 if any(size < 0 for size in found.dims) else math.prod(found.dims) * item_size(found.dtype)


@call("get_tensor_desc_num_dims", "k", bare=0)
def get_tensor_desc_num_dims(handle: int) -> int:
    dims = tensor_desc(handle).dims
    return _UNKNOWN_DIMS if dims == (-2,) else len(dims)


@call("get_tensor_desc_dim_v2", "kk", fails=(0,))
def get_tensor_desc_dim_v2(handle: int, index: int) -> int:
    dims = tensor_desc(handle).dims
    if index >= len(dims):
        raise Refused(codes.INVALID_PARAM, f"dimension {index} is not among the {len(dims)}")
    return dims[index]


@call("get_tensor_desc_name", "k", bare="")
def get_tensor_desc_name(handle: int) -> str:
    return tensor_desc(handle).name


@call("set_tensor_desc_name", "ks", bare=None)
def set_tensor_desc_name(handle: int, name: str) -> None:
    tensor_desc(handle).name = name
