"""What every runtime looks like: a Runtime prepares Sessions, a Session runs a model.

Public methods check, `_impl` methods do the work of one runtime.
"""

from __future__ import annotations

import dataclasses
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self

from mindferry.errors import BackendFailed, MindFerryError, OptionError, RunError, words
from mindferry.runtimes.feeds import Feed, check_feeds
from mindferry.types import TensorSpec

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import onnx_ir as ir

DEVICES = ("cpu", "gpu", "ascend310", "ascend910")


@dataclass(frozen=True, slots=True)
class Device:
    """A kind of hardware (one of DEVICES) and which one of them."""

    kind: str
    index: int = 0

    @classmethod
    def parse(cls, text: str) -> Device:
        """The device that `gpu` or `gpu:1` names.

        Raises:
            OptionError: it names none.
        """
        kind, colon, index = text.partition(":")
        if kind not in DEVICES or (colon and not index.isdecimal()):
            raise OptionError(
                f"there is no device {text!r}; choose {', '.join(DEVICES)}, with :N for the Nth of several"
            )
        return cls(kind, int(index or 0))

    def __str__(self) -> str:
        return f"{self.kind}:{self.index}" if self.index else self.kind


@dataclass(frozen=True, slots=True)
class Source:
    """A model on its way into a runtime.

    Attributes:
        format: "onnx", "mindir", "ckpt" or "safetensors".
        path: the model file; what an error names.
        model: an ONNX model in memory, which then stands for the file.
        checkpoint: weights that replace those of a graph, or None.
        network: where the Cell of a checkpoint is: `file.py:Class`, `module:callable` or `mindcv:name`.
        inputs, outputs: what the model takes and returns, where the caller knows it and the runtime cannot tell.
        key: for encrypted files.
    """

    format: str
    path: Path
    model: ir.Model | None = None
    checkpoint: Path | None = None
    network: str | None = None
    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()
    key: bytes | None = None


class Session(ABC):
    """A model that is ready to run on one device. Several threads may call `run` at once.

    Attributes:
        runtime: the runtime's name.
        device: where it runs.
        inputs: what the model takes, in order.
        outputs: what it returns, in order; () where only a run can tell.

    Example:
        >>> import mindferry, numpy as np
        >>> with mindferry.open(mindferry.demo.path("lenet5.mindir")) as session:
        ...     session.run(np.zeros((2, 1, 32, 32), np.float32))["output"].shape
        (2, 10)
    """

    def __init__(
        self,
        runtime: str,
        device: Device,
        inputs: tuple[TensorSpec, ...],
        outputs: tuple[TensorSpec, ...],
        *,
        complex_inputs: frozenset[str] = frozenset(),
    ) -> None:
        self.runtime, self.device, self.inputs, self.outputs = runtime, device, inputs, outputs
        self._complex_inputs = complex_inputs
        self._closed, self._lock = False, threading.Lock()

    def run(self, *feeds: Mapping[str, Feed] | Feed) -> dict[str, npt.NDArray[np.generic]]:
        """The model's outputs by name, in the model's order.

        Args:
            *feeds: one mapping from input names to arrays, or the arrays in the order of `inputs`. Arrays must have the
                model's element type and shape; Python numbers and lists take the model's element type where that
                loses nothing; a complex array goes where the model takes real and imaginary parts.

        Raises:
            BadFeed: inputs are missing, unknown, or of the wrong element type or shape; all of them are listed.
            BackendFailed: the runtime gave up; its words are in the text.
            RunError: the session is closed.
        """
        if self._closed:
            raise self._closed_error()
        arrays = check_feeds(self.inputs, feeds, self._complex_inputs)
        try:
            return self._run_impl(arrays)
        except MindFerryError:
            raise
        except Exception as error:
            if self._closed:  # by another thread, meanwhile
                raise self._closed_error() from None
            raise BackendFailed(f"{self.runtime} failed on {self.device}: {words(error)}") from error

    @abstractmethod
    def _run_impl(self, feeds: dict[str, npt.NDArray[np.generic]]) -> dict[str, npt.NDArray[np.generic]]:
        """Runs checked inputs."""

    def _closed_error(self) -> RunError:
        return RunError(f"this {self.runtime} session is closed; open the model again")

    def close(self) -> None:
        """Releases the model; a second call does nothing."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._close_impl()

    @abstractmethod
    def _close_impl(self) -> None:
        """Releases what the runtime holds."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = ", closed" if self._closed else ""
        return f"<{self.runtime} session on {self.device}: {_listed(self.inputs)} -> {_listed(self.outputs)}{state}>"


class Runtime(ABC):
    """A library that runs models; making one imports the library.

    Attributes:
        name: as in `runtimes.NAMES`.
        formats: the model formats that it takes, such as ("onnx",).
        devices: the kinds of device that it can use where they are present.
        options: the dataclass whose fields are the options of `prepare`.
    """

    name: ClassVar[str]
    formats: ClassVar[tuple[str, ...]]
    devices: ClassVar[tuple[str, ...]]
    options: ClassVar[type[Any]]

    def prepare(self, source: Source, device: Device, options: Mapping[str, Any] | None = None) -> Session:
        """A session for a model on a device.

        Raises:
            OptionError: the runtime has no such option, or takes neither this format nor this kind of device.
            NoDevice: the device is not on this machine.
            FormatError: the file is broken.
            BackendFailed: the runtime refuses the model; its words are in the text.
        """
        if device.kind not in self.devices:
            raise OptionError(f"{self.name} has no device {device.kind}; it has {', '.join(self.devices)}")
        if source.format not in self.formats:
            raise OptionError(f"{self.name} does not take {source.format} files; it takes {', '.join(self.formats)}")
        settings = self._settings(options or {})
        try:
            return self._prepare_impl(source, device, settings)
        except MindFerryError:
            raise
        except Exception as error:
            raise BackendFailed(f"{source.path}: {self.name} refuses the model: {words(error)}") from error

    @abstractmethod
    def _prepare_impl(self, source: Source, device: Device, options: Any) -> Session:
        """A session; the arguments are checked."""

    def _settings(self, options: Mapping[str, Any]) -> Any:
        known = [field.name for field in dataclasses.fields(self.options)]
        if unknown := sorted(options.keys() - set(known)):
            raise OptionError(f"{self.name} has no option {', '.join(unknown)}; it has {', '.join(known)}")
        return self.options(**options)


def _listed(specs: tuple[TensorSpec, ...]) -> str:
    return ", ".join(map(str, specs))
