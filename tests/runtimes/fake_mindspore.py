"""A double of MindSpore on a machine with some devices: it refuses what MindSpore refuses, in the order that it wants.

Every graph doubles its input.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np


class Tensor:
    """An array of MindSpore."""

    def __init__(self, array: Any) -> None:
        self._array = np.asarray(array)

    def asnumpy(self) -> Any:
        """The values."""
        return self._array


class FakeMindSpore:
    """What `runtimes.mindspore` uses of the module.

    Attributes:
        calls: what was set, in order.
    """

    __version__ = "2.10.0"
    GRAPH_MODE, PYNATIVE_MODE = 0, 1
    Tensor = Tensor

    def __init__(self, **devices: int) -> None:
        self.devices = {"CPU": 1, **devices}
        self.calls: list[tuple[Any, ...]] = []
        self._device: tuple[str, int] | None = None
        self._mode: int | None = None
        self._once: dict[str, Any] = {}
        self.hal = SimpleNamespace(is_available=lambda target: target in self.devices)
        self.nn = SimpleNamespace(GraphCell=self._cell)
        self.amp = SimpleNamespace(auto_mixed_precision=self._mixed)
        names = {
            "ascend": ("precision_mode", "conv_allow_hf32", "matmul_allow_hf32"),
            "gpu": ("conv_allow_tf32", "matmul_allow_tf32"),
        }
        setters = {
            kind: SimpleNamespace(op_precision=SimpleNamespace(**{name: self._setter(kind, name) for name in found}))
            for kind, found in names.items()
        }
        self.device_context = SimpleNamespace(**setters)

    def set_device(self, target: str, index: int) -> None:
        """The device of the process, for good."""
        if not 0 <= index < self.devices[target]:
            raise ValueError(f"device id must be in [0, {self.devices[target] - 1}], but got {index}")
        if self._device not in (None, (target, index)):
            raise RuntimeError("The runtime has been initialized, please set it before.")
        self._device = target, index
        self.calls.append(("set_device", target, index))

    def set_context(self, **settings: Any) -> None:
        """Mode and compilation."""
        assert self._device is not None, "the device comes first"
        assert set(settings) <= {"mode", "jit_config"}
        self._mode = settings.get("mode", self._mode)
        if "jit_config" in settings:
            self.calls.append(("jit_config", settings["jit_config"]))

    def _setter(self, kind: str, name: str) -> Any:
        def put(value: Any) -> None:
            assert self._device is not None and self._device[0].lower() == kind, "of another device"
            if self._once.setdefault(name, value) != value:
                raise RuntimeError(f"The '{name}' can not be set repeatedly.")
            self.calls.append((name, value))

        return put

    def load(self, path: str, **_: Any) -> str:
        """A graph, on a device that is chosen."""
        assert self._device is not None, "the device comes first"
        self.calls.append(("load",))
        return path

    def _mixed(self, cell: Any, level: str) -> Any:
        self.calls.append(("auto_mixed_precision", level))
        return cell

    def _cell(self, graph: str) -> Any:
        def run(*inputs: Tensor) -> Tensor:
            assert self._mode == self.GRAPH_MODE, "MindIR runs in graph mode"
            return Tensor(inputs[0].asnumpy() * 2)

        return run
