"""MindSpore itself: a checkpoint in its Cell, or MindIR through nn.GraphCell, on CPU, GPU or Ascend.

MindSpore takes its device, mode and precision for the whole process: a session sets them when it is made, and the mode
before each run. Left to itself it rounds float32 convolutions on Ascend (HF32) and GPU (TF32), so both are always set.
"""

from __future__ import annotations

import contextlib
import inspect
import tempfile
import threading
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy.typing as npt

from mindferry import networks
from mindferry.errors import FormatError, NoDevice, OptionError, words
from mindferry.runtimes.base import Device, Runtime, Session, Source
from mindferry.types import TensorSpec

_TARGETS = {"cpu": "CPU", "gpu": "GPU", "ascend910": "Ascend"}
_MODES = {"graph": "GRAPH_MODE", "pynative": "PYNATIVE_MODE"}
_ASCEND_PRECISIONS = {
    "origin": "must_keep_origin_dtype",
    "hf32": "must_keep_origin_dtype",
    "mixed": "allow_mix_precision",
    "fp16": "force_fp16",
}
"""As MindSpore calls them."""

_PRECISIONS = {"cpu": ("origin",), "gpu": ("origin", "tf32"), "ascend910": tuple(_ASCEND_PRECISIONS)}
_AMP_LEVELS = ("O0", "O1", "O2", "O3", "auto")
_JIT_LEVELS = ("", "O0", "O1", "O2")
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Options of MindSpore.

    Attributes:
        mode: "graph" compiles the network for each new input shape, "pynative" runs it step by step.
        precision: "origin" keeps element types and float32 whole. GPU: "tf32" rounds the operands of matrix products and
            convolutions. Ascend: "hf32" rounds them likewise, "mixed" computes in float16 or bfloat16 where MindSpore
            thinks it safe, "fp16" wherever there is such an operator. The first session of a process decides.
        amp: for a network (Cell): level of `mindspore.amp.auto_mixed_precision`: "O0" (none) to "O3", or "auto".
        jit_level: how graphs are optimised: "O0", "O1" or "O2"; "" leaves it to MindSpore.
    """

    mode: str = "graph"
    precision: str = "origin"
    amp: str = "O0"
    jit_level: str = ""


class MindSpore(Runtime):
    """Prepares MindSpore sessions."""

    name: ClassVar[str] = "mindspore"
    formats: ClassVar[tuple[str, ...]] = ("mindir", "ckpt", "safetensors")
    devices: ClassVar[tuple[str, ...]] = tuple(_TARGETS)
    options: ClassVar[type[Any]] = Options

    def __init__(self) -> None:
        networks.library()

    def _prepare_impl(self, source: Source, device: Device, options: Options) -> Session:
        _check(source, device, options)
        _use(device, options)
        mode = getattr(networks.library(), _MODES[options.mode])
        if source.network is None:
            return MindSporeSession(_graph_cell(source), device, source.inputs, source.outputs, mode)
        cell = networks.load(source.network)
        networks.fill(cell, source.path, key=source.key)
        arguments = inspect.signature(cell.construct).parameters.values()
        inputs = tuple(TensorSpec(one.name, None, None) for one in arguments if one.default is one.empty)
        if options.amp == "O0":
            return MindSporeSession(cell, device, inputs, (), mode)
        folder = tempfile.TemporaryDirectory(prefix="mindferry-")  # MindSpore writes the changed network to a file
        with contextlib.chdir(folder.name):
            cell = networks.library().amp.auto_mixed_precision(cell, options.amp)
        return MindSporeSession(cell, device, inputs, (), mode, folder)


class MindSporeSession(Session):
    """A Cell; its outputs are not known before a run. MindSpore runs one network of a process at a time."""

    def __init__(
        self,
        cell: Any,
        device: Device,
        inputs: tuple[TensorSpec, ...],
        outputs: tuple[TensorSpec, ...],
        mode: int,
        folder: tempfile.TemporaryDirectory[str] | None = None,
    ) -> None:
        super().__init__("mindspore", device, inputs, outputs)
        self._cell, self._mode, self._folder = cell, mode, folder

    def _run_impl(self, feeds: dict[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
        mindspore = networks.library()
        with _ONE_AT_A_TIME:
            mindspore.set_context(mode=self._mode)
            leaves = _leaves(self._cell(*(mindspore.Tensor(array) for array in feeds.values())))
        if len(leaves) == 1:
            return {"output": leaves[0]}
        return {f"output_{index}": leaf for index, leaf in enumerate(leaves)}

    def _close_impl(self) -> None:
        self._cell = None
        if self._folder is not None:
            self._folder.cleanup()


def _check(source: Source, device: Device, options: Options) -> None:
    for name, given, choices in (
        ("mode", options.mode, tuple(_MODES)),
        ("amp", options.amp, _AMP_LEVELS),
        ("jit_level", options.jit_level, _JIT_LEVELS),
    ):
        if given not in choices:
            raise OptionError(f"there is no {name} {given!r}; choose {', '.join(filter(None, choices))}")
    if options.precision not in _PRECISIONS[device.kind]:
        choices = _PRECISIONS[device.kind]
        raise OptionError(f"MindSpore has no precision {options.precision!r} on {device}; choose {', '.join(choices)}")
    if source.format == "mindir" and options.mode != "graph":
        raise OptionError("MindSpore runs MindIR in graph mode only")
    if source.network is None and options.amp != "O0":
        raise OptionError("amp is for networks (Cells); a MindIR has its element types already")


def _use(device: Device, options: Options) -> None:
    mindspore, target = networks.library(), _TARGETS[device.kind]
    if not mindspore.hal.is_available(target):
        build = f"MindSpore {mindspore.__version__} finds no {target} here"
        raise NoDevice(f"{build}: install its {target} build and the driver, or use device cpu")
    try:
        mindspore.set_device(target, device.index)
    except (RuntimeError, ValueError) as error:
        raise NoDevice(f"MindSpore cannot use {device}: {words(error)}") from error
    try:
        _set_precision(mindspore.device_context, device, options.precision)
    except RuntimeError as error:
        raise OptionError(f"precision {options.precision} comes too late in this process: {words(error)}") from error
    if options.jit_level:
        mindspore.set_context(jit_config={"jit_level": options.jit_level})


def _set_precision(context: Any, device: Device, precision: str) -> None:
    """Sets what MindSpore would otherwise decide; it refuses to change this later in a process."""
    if device.kind == "gpu":
        context.gpu.op_precision.conv_allow_tf32(precision == "tf32")
        context.gpu.op_precision.matmul_allow_tf32(precision == "tf32")
    if device.kind == "ascend910":
        context.ascend.op_precision.precision_mode(_ASCEND_PRECISIONS[precision])
        context.ascend.op_precision.conv_allow_hf32(precision == "hf32")
        context.ascend.op_precision.matmul_allow_hf32(precision == "hf32")


def _graph_cell(source: Source) -> Any:
    mindspore = networks.library()
    try:
        graph = mindspore.load(str(source.path), **networks.decryption(source.path, source.key))
    except (RuntimeError, ValueError) as error:
        raise FormatError(f"MindSpore cannot load it: {words(error)}", path=source.path) from error
    cell = mindspore.nn.GraphCell(graph)
    if source.checkpoint is not None:
        networks.fill(cell, source.checkpoint, key=source.key)
    return cell


def _leaves(result: Any) -> list[npt.NDArray[Any]]:
    """The tensors and numbers of a nested result, in order."""
    if isinstance(result, tuple | list):
        return [leaf for item in result for leaf in _leaves(item)]
    if isinstance(result, dict):
        return _leaves(tuple(result.values()))
    if result is None:
        return []
    tensor = networks.library().Tensor
    return [(result if isinstance(result, tensor) else tensor(result)).asnumpy()]
