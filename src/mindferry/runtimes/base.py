"""What every runtime looks like: a Runtime prepares Sessions, a Session runs a model.

Public methods check, `_impl` methods do the work of one runtime.
"""

from __future__ import annotations

import dataclasses
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias

from mindferry.errors import BackendFailed, BadFeed, MindFerryError, OptionError, RunError, words
from mindferry.runtimes import batches
from mindferry.runtimes.device_arrays import DeviceArray, GpuMemory
from mindferry.runtimes.feeds import Feed, check_feeds, fitting, forms, zeros
from mindferry.runtimes.outs import Out, Target, check_out, fill
from mindferry.types import TensorSpec

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import onnx_ir as ir

Outputs: TypeAlias = "dict[str, npt.NDArray[np.generic]]"
"""A model's outputs by name, in the model's order."""

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
        format: "onnx", "mindir", "ckpt", "safetensors", "engine" or "om".
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
    """A model that is ready to run on one device. Several threads may use it at once.

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
        self._complex_inputs, self._forms = complex_inputs, forms(inputs)
        self._closed, self._idle = False, threading.Condition()
        self._running: set[int] = set()
        self._workers: ThreadPoolExecutor | None = None
        self._worker_threads: set[int] = set()
        self._gpu_memory: GpuMemory | None = None

    def run(self, *feeds: Mapping[str, Feed] | Feed, out: Mapping[str, Out] | None = None) -> Outputs:
        """The model's outputs by name, in the model's order.

        Args:
            *feeds: one mapping from input names to arrays, or the arrays in the order of `inputs`: numpy's own, or any
                in host memory that speak DLPack, `__array_interface__` or `__array__`, whose memory is shared where it
                can be. They must have the model's element type and shape; Python numbers and lists take the model's
                element type where that loses nothing; a complex array goes where the model takes real and imaginary
                parts. A session on an NVIDIA GPU also takes arrays in its memory (`__cuda_array_interface__`).
            out: writeable arrays by output name: these outputs are written there, and the very arrays returned. They
                have the output's element type and shape, lie in C order, and share no memory with inputs; on an NVIDIA
                GPU they may be in its memory. After an error in the run their contents are undefined.

        Raises:
            BadFeed: inputs are missing, unknown, or of the wrong element type or shape, or arrays in `out` are; all of
                them are listed.
            BackendFailed: the runtime gave up; its words are in the text.
            RunError: the session is closed.

        Example:
            >>> import mindferry, numpy as np
            >>> logits = np.empty((2, 10), np.float32)
            >>> with mindferry.open(mindferry.demo.path("lenet5.mindir")) as session:
            ...     session.run(np.zeros((2, 1, 32, 32), np.float32), out={"output": logits})["output"] is logits
            True
        """
        self._require_open()
        arrays = fitting(self._forms, feeds)
        if arrays is not None and out is None:
            return self._call(arrays)
        if arrays is None:
            try:
                arrays = check_feeds(self.inputs, feeds, self._complex_inputs, on_gpu=self._gpu_memory is not None)
            except BadFeed as error:
                raise BadFeed(f"{error}{batches.hint(self.inputs, feeds, self._complex_inputs)}") from None
        return self._call(arrays, self._targets(arrays, out))

    def _targets(self, arrays: Mapping[str, Any], out: Mapping[str, Out] | None) -> dict[str, Target] | None:
        """Where outputs go; None where all inputs are on the host and all outputs are new."""
        on_gpu = self._gpu_memory is not None
        if out is not None:
            return check_out(self.inputs, self.outputs, arrays, out, on_gpu=on_gpu)
        return {} if on_gpu and any(isinstance(array, DeviceArray) for array in arrays.values()) else None

    def run_async(self, *feeds: Mapping[str, Feed] | Feed, out: Mapping[str, Out] | None = None) -> Future[Outputs]:
        """What `run` returns or raises, as a future; as many run at once as the machine has processors.

        The arrays must not change before the future is done, and those in `out` belong to one future at a time. `close`
        cancels the futures that have not begun.

        Raises:
            RunError: the session is closed.

        Example:
            >>> import mindferry, numpy as np
            >>> with mindferry.open(mindferry.demo.path("lenet5.mindir")) as session:
            ...     futures = [session.run_async(np.zeros((rows, 1, 32, 32), np.float32)) for rows in (1, 2)]
            ...     [future.result()["output"].shape for future in futures]
            [(1, 10), (2, 10)]
        """
        with self._idle:
            self._require_open()
            if self._workers is None:
                started = self._worker_threads
                self._workers = ThreadPoolExecutor(
                    os.cpu_count() or 1,
                    thread_name_prefix=f"mindferry-{self.runtime}",
                    initializer=lambda: started.add(threading.get_ident()),
                )
            return self._workers.submit(self.run, *feeds, out=out)

    def run_batched(
        self,
        *feeds: Mapping[str, Feed] | Feed,
        batch_size: int | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Outputs:
        """The outputs for any number of rows, run in batches and put together.

        The batch is the first dimension of the first input, and of every input that starts alike; other inputs are
        given whole to each run. A model of a fixed batch size gets the last row again until the last batch is full,
        and the outputs of these repetitions are removed. That the rows do not influence each other cannot be seen from
        shapes: where they do, as in a normalisation over the batch, the answer depends on how the rows are batched.

        Args:
            *feeds: as in `run`.
            batch_size: rows in one run; by default the model's own, or all rows at once where it takes any number.
            progress: called with (rows done, rows in all).

        Raises:
            OptionError: the model has another batch size or none, or an output has no row for each row of the batch.
            BadFeed, BackendFailed, RunError: as in `run`.

        Example:
            >>> import mindferry, numpy as np
            >>> with mindferry.open(mindferry.demo.path("lenet5.mindir"), input_shapes={"x": (8, 1, 32, 32)}) as session:
            ...     session.run_batched(np.zeros((11, 1, 32, 32), np.float32))["output"].shape
            (11, 10)
        """
        self._require_open()
        size = batches.size(self.inputs, self.outputs, batch_size)
        arrays = check_feeds(batches.unbatched(self.inputs), feeds, self._complex_inputs)
        names = batches.batched(self.inputs)
        size = self._batch(size, len(arrays[names[0]]) if arrays[names[0]].ndim else 0)
        return batches.run(self._call, arrays, names, size, progress)

    def _batch(self, size: batches.Size, rows: int) -> batches.Size:
        """The batch that the runtime makes of what the model's shapes allow, for a number of rows.

        Raises:
            OptionError: it cannot run the batch that was asked for.
        """
        return size

    def warm_up(self, *feeds: Mapping[str, Feed] | Feed, runs: int = 1) -> None:
        """Runs the model for what a first run prepares; without feeds on zeros, with free dimensions of 1.

        Raises:
            BadFeed: there are no feeds, and the model leaves an element type or a rank open; or as in `run`.
            BackendFailed, RunError: as in `run`.
        """
        given = feeds or (self._zeros(),)
        for _ in range(runs):
            self.run(*given)

    def _zeros(self) -> dict[str, npt.NDArray[Any]]:
        """Zeros that the model takes."""
        return zeros(self.inputs)

    def _call(self, arrays: dict[str, npt.NDArray[Any]], targets: dict[str, Target] | None = None) -> Outputs:
        """Runs checked inputs. `close` waits for the threads in `_running`, so they enter it before they look."""
        thread = threading.get_ident()
        self._running.add(thread)
        try:
            self._require_open()
            return self._run_impl(arrays) if targets is None else self._run_into(arrays, targets)
        except MindFerryError:
            raise
        except Exception as error:
            raise BackendFailed(f"{self.runtime} failed on {self.device}: {words(error)}") from error
        finally:
            self._running.discard(thread)
            if self._closed:
                with self._idle:
                    self._idle.notify_all()

    @abstractmethod
    def _run_impl(self, feeds: dict[str, npt.NDArray[np.generic]]) -> dict[str, npt.NDArray[np.generic]]:
        """Runs checked inputs: arrays in C order and the machine's byte order, perhaps read-only."""

    def _run_into(self, arrays: dict[str, Any], targets: dict[str, Target]) -> Outputs:
        """Runs checked inputs, some of which may be on the GPU, and writes outputs to their places."""
        if self._gpu_memory is not None:
            places = {f"{name} in out": target.array for name, target in targets.items()}
            self._gpu_memory.settle({**arrays, **places})
        found = self._run_into_impl(arrays, targets)
        return {name: targets[name].given if name in targets else array for name, array in found.items()}

    def _run_into_impl(self, feeds: dict[str, Any], targets: dict[str, Target]) -> dict[str, Any]:
        """As `_run_impl`, and fills the targets; a session that sets `_gpu_memory` gets DeviceArrays too."""
        found = self._run_impl(feeds)
        fill(found, targets)
        return found

    def _require_open(self) -> None:
        if self._closed:
            raise RunError(f"this {self.runtime} session is closed; open the model again")

    def close(self) -> None:
        """Waits for the calls that run, cancels those that wait, and releases the model; a second call does nothing.

        Raises:
            BackendFailed: the runtime could not release it.
        """
        with self._idle:
            if self._closed:
                return
            self._closed = True
        own = threading.get_ident()
        if self._workers is not None:
            self._workers.shutdown(wait=own not in self._worker_threads, cancel_futures=True)
        with self._idle:
            self._idle.wait_for(lambda: self._running <= {own})
        try:
            self._close_impl()
        except MindFerryError:
            raise
        except Exception as error:
            raise BackendFailed(f"{self.runtime} failed to release the model: {words(error)}") from error

    @abstractmethod
    def _close_impl(self) -> None:
        """Releases what the runtime holds; nothing runs any more."""

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
        problems = [
            f"{self.name}'s option {field.name} takes {_KINDS[type(field.default)][1]}, not {options[field.name]!r}"
            for field in dataclasses.fields(self.options)
            if field.name in options and not _is_alike(options[field.name], field.default)
        ]
        if problems:
            raise OptionError("; ".join(problems))
        return self.options(**options)


_KINDS: dict[type, tuple[tuple[type, ...], str]] = {
    bool: ((bool,), "true or false"),
    int: ((int,), "a whole number"),
    float: ((float, int), "a number"),
    str: ((str,), "a text"),
    tuple: ((tuple, list), "a list"),
}
"""Type of an option's default -> the types that it takes, and what they are called."""


def _is_alike(value: Any, default: Any) -> bool:
    """False where an option's default tells that it takes no such value."""
    if type(default) not in _KINDS:
        return True
    return isinstance(value, _KINDS[type(default)][0]) and (isinstance(value, bool) <= isinstance(default, bool))


def _listed(specs: tuple[TensorSpec, ...]) -> str:
    return ", ".join(map(str, specs))
