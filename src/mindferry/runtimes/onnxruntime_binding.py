"""One run of ONNX Runtime on memory of the caller: inputs where they lie, outputs computed where they are wanted.

An output that is computed elsewhere, since its shape is known too late or it is an input that is returned as it is, is
copied afterwards: ONNX Runtime leaves the memory of the latter untouched without a word.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mindferry.runtimes.cuda import DEFAULT_STREAM
from mindferry.runtimes.device_arrays import DeviceArray, GpuMemory
from mindferry.runtimes.outs import Target, fill, require_shape
from mindferry.types import DType

if TYPE_CHECKING:
    import onnxruntime

Array = npt.NDArray[Any]

BFLOAT16_IN_ONNX = 16


def run(
    inner: onnxruntime.InferenceSession,
    names: list[str],
    feeds: Mapping[str, Array | DeviceArray],
    targets: Mapping[str, Target],
    memory: GpuMemory | None,
) -> dict[str, Array | DeviceArray]:
    """The outputs, those with a target where it is.

    Args:
        names: of the outputs.
        memory: of the session's GPU.
    """
    binding, index = inner.io_binding(), memory.device.index if memory else 0
    for name, array in feeds.items():
        if isinstance(array, DeviceArray) or _type(array.dtype) == BFLOAT16_IN_ONNX:
            binding.bind_input(name, *_bound(array, index))
        else:
            binding.bind_cpu_input(name, array)
    for name in names:
        target = targets.get(name)
        if target is None or not (target.in_place or isinstance(target.array, DeviceArray)):
            binding.bind_output(name)
        elif target.in_place:
            binding.bind_output(name, *_bound(target.array, index))
        else:
            binding.bind_output(name, "cuda", index)
    inner.run_with_iobinding(binding)
    if all(name in targets and targets[name].in_place for name in names):
        return {name: targets[name].array for name in names}
    return _collected(dict(zip(names, binding.get_outputs(), strict=True)), feeds, targets, memory)


def _bound(array: Array | DeviceArray, index: int) -> tuple[str, int, Any, tuple[int, ...], int]:
    """Kind and number of the device, element type, shape and address."""
    if isinstance(array, DeviceArray):
        return "cuda", index, _type(array.dtype), array.shape, array.address
    return "cpu", 0, _type(array.dtype), array.shape, array.__array_interface__["data"][0]


@functools.cache
def _type(dtype: np.dtype[Any]) -> Any:
    """What ONNX Runtime takes for an element type."""
    return BFLOAT16_IN_ONNX if dtype == DType.BFLOAT16.numpy() else dtype.type


def _collected(
    values: Mapping[str, onnxruntime.OrtValue],
    feeds: Mapping[str, Array | DeviceArray],
    targets: Mapping[str, Target],
    memory: GpuMemory | None,
) -> dict[str, Array | DeviceArray]:
    found: dict[str, Array | DeviceArray] = {}
    late: dict[str, Target] = {}
    for name, value in values.items():
        target = targets.get(name)
        if target is not None and target.in_place:
            found[name] = target.array
        elif target is not None and isinstance(target.array, DeviceArray):
            require_shape(name, value.shape(), target)
            _copy(target.array, value.data_ptr(), memory)
            found[name] = target.array
        else:
            array = from_value(value)
            found[name] = array.copy() if name in feeds else array
            if target is not None:
                late[name] = target
    fill({name: array for name, array in found.items() if isinstance(array, np.ndarray)}, late)
    return found


def _copy(target: DeviceArray, source: int, memory: GpuMemory | None) -> None:
    assert memory is not None
    with memory.gpu.active():
        memory.gpu.copy(target.address, source, target.nbytes, DEFAULT_STREAM)
        memory.gpu.wait(DEFAULT_STREAM)


def from_value(value: onnxruntime.OrtValue) -> Array:
    """The value as an array; ONNX Runtime has no numpy form of bfloat16, so its bytes are copied."""
    if value.data_type() != "tensor(bfloat16)":
        array: Array = value.numpy()
        return array
    raw = ctypes.string_at(value.data_ptr(), value.tensor_size_in_bytes())
    return np.frombuffer(bytearray(raw), DType.BFLOAT16.numpy()).reshape(value.shape())
