"""MindSpore itself: a checkpoint in its Cell, or MindIR through nn.GraphCell, on CPU, GPU or Ascend.

MindSpore takes its device and mode for the whole process: a session sets them when it is made and before each run.
"""

from __future__ import annotations

import inspect
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
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Options of MindSpore.

    Attributes:
        mode: "graph" compiles the network for each new input shape, "pynative" runs it step by step.
    """

    mode: str = "graph"


class MindSpore(Runtime):
    """Prepares MindSpore sessions."""

    name: ClassVar[str] = "mindspore"
    formats: ClassVar[tuple[str, ...]] = ("mindir", "ckpt", "safetensors")
    devices: ClassVar[tuple[str, ...]] = tuple(_TARGETS)
    options: ClassVar[type[Any]] = Options

    def __init__(self) -> None:
        networks.library()

    def _prepare_impl(self, source: Source, device: Device, options: Options) -> Session:
        if options.mode not in _MODES:
            raise OptionError(f"there is no mode {options.mode!r}; choose {', '.join(_MODES)}")
        if source.format == "mindir" and options.mode != "graph":
            raise OptionError("MindSpore runs MindIR in graph mode only")
        _use(device)
        mode = getattr(networks.library(), _MODES[options.mode])
        if source.network is None:
            return MindSporeSession(_graph_cell(source), device, source.inputs, source.outputs, mode)
        cell = networks.load(source.network)
        networks.fill(cell, source.path, key=source.key)
        arguments = inspect.signature(cell.construct).parameters.values()
        inputs = tuple(TensorSpec(one.name, None, None) for one in arguments if one.default is one.empty)
        return MindSporeSession(cell, device, inputs, (), mode)


class MindSporeSession(Session):
    """A Cell; its outputs are not known before a run. MindSpore runs one network of a process at a time."""

    def __init__(
        self, cell: Any, device: Device, inputs: tuple[TensorSpec, ...], outputs: tuple[TensorSpec, ...], mode: int
    ) -> None:
        super().__init__("mindspore", device, inputs, outputs)
        self._cell, self._mode = cell, mode

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


def _use(device: Device) -> None:
    mindspore, target = networks.library(), _TARGETS[device.kind]
    if not mindspore.hal.is_available(target):
        build = f"MindSpore {mindspore.__version__} finds no {target} here"
        raise NoDevice(f"{build}: install its {target} build and the driver, or use device cpu")
    try:
        mindspore.set_device(target, device.index)
    except (RuntimeError, ValueError) as error:
        raise NoDevice(f"MindSpore cannot use {device}: {words(error)}") from error


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
