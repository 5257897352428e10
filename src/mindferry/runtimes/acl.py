"""ACL, Ascend's own runtime, through pyACL: offline models (OM) on an Ascend 310, 310P, 310B or 910.

All sessions of a process share one context on a device; a run enters it in its thread, takes a stream with buffers that
are kept between runs, copies, executes beside the program, waits without holding up other threads, and copies back. A
model with profiles (batch sizes, image sizes, dimensions) runs in the one that the inputs' shapes name; ACL keeps the
chosen one with the model, so that its runs go one after the other.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mindferry.ascend import description, place
from mindferry.ascend.description import Description
from mindferry.ascend.library import Library, Releases, attempt
from mindferry.ascend.profiles import BATCH
from mindferry.ascend.slots import Slots
from mindferry.errors import BackendFailed, MindFerryError, NoDevice, OptionError
from mindferry.formats import _files
from mindferry.runtimes import batches
from mindferry.runtimes.base import Device, Runtime, Session, Source
from mindferry.runtimes.feeds import zeros

_SERIES = {"ascend310": "Ascend310", "ascend910": "Ascend910"}
"""How the names of a device kind's processors start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Options of ACL.

    Attributes:
        streams: how many runs may go on at once; each has its own buffers on the device.
        seconds: after which a run is given up; None waits as long as it takes.
        from_memory: read the file here and give ACL its bytes, for places that ACL refuses.
    """

    streams: int = 2
    seconds: float | None = None
    from_memory: bool = False


class Acl(Runtime):
    """Prepares sessions of ACL."""

    name: ClassVar[str] = "acl"
    formats: ClassVar[tuple[str, ...]] = ("om",)
    devices: ClassVar[tuple[str, ...]] = tuple(_SERIES)
    options: ClassVar[type[Any]] = Options

    def __init__(self) -> None:
        import acl

        self.library = Library(acl)

    def _prepare_impl(self, source: Source, device: Device, options: Options) -> Session:
        if options.streams < 1:
            raise OptionError(f"the number of streams is {options.streams}; it must be at least 1")
        if options.seconds is not None and not 0 < options.seconds < 2**31 / 1000:
            raise OptionError(f"the time-out is {options.seconds} seconds; it must be positive and below 25 days")
        data = np.frombuffer(_files.map_file(source.path), np.uint8) if options.from_memory else None
        used = place.take(self.library, device.index)
        releases = Releases(self.library)
        try:
            _require_series(used.soc, device)
            with used.entered(), releases.guarded():
                model = _load(self.library, source.path, data)
                releases.owe("mdl.unload", model)
                return AclSession(used, model, description.read(self.library, model), releases, device, options)
        except BaseException as error:
            with contextlib.suppress(MindFerryError):
                used.leave()
            if isinstance(error, BackendFailed):
                raise BackendFailed(f"{source.path}: {error}") from None
            raise


class AclSession(Session):
    """A model on a device."""

    def __init__(
        self, used: place.Place, model: int, known: Description, releases: Releases, device: Device, options: Options
    ) -> None:
        inputs = tuple(port.spec for port in known.inputs)
        super().__init__("acl", device, inputs, tuple(port.spec for port in known.outputs))
        self._place, self._description, self._releases = used, known, releases
        self._slots = Slots(used, model, known, 1 if known.profiles else options.streams)
        self._milliseconds = None if options.seconds is None else max(1, round(options.seconds * 1000))

    def _run_impl(self, feeds: dict[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
        profile = self._description.choose([array.shape for array in feeds.values()])
        with self._place.entered(), self._slots.one() as slot:
            arrays = slot.run(feeds, profile, self._milliseconds)
        return {port.spec.name: array for port, array in zip(self._description.outputs, arrays, strict=True)}

    def _zeros(self) -> dict[str, npt.NDArray[Any]]:
        """Zeros of the first profile's shapes, where there are profiles."""
        if not self._description.profiles:
            return super()._zeros()
        shapes = self._description.profiles[0].shapes
        return zeros([dataclasses.replace(spec, shape=shape) for spec, shape in zip(self.inputs, shapes, strict=True)])

    def _batch(self, size: batches.Size, rows: int) -> batches.Size:
        """One of the model's own batch sizes: the smallest that takes all rows, else the largest."""
        if self._description.kind != BATCH:
            return size
        sizes = sorted(profile.values[0] for profile in self._description.profiles)
        if size.rows is None:
            return batches.Size(next((one for one in sizes if one >= rows), sizes[-1]), filled=True)
        if size.rows not in sizes:
            raise OptionError(f"the model takes {self._description.listed()}, not {size.rows}")
        return batches.Size(size.rows, filled=True)

    def _close_impl(self) -> None:
        with contextlib.ExitStack() as stack:
            enter = functools.partial(stack.enter_context, self._place.entered())
            attempt(enter, self._slots.release, self._releases.settle, self._place.leave)


def _require_series(soc: str, device: Device) -> None:
    """Raises where the device is of another kind than the one that was asked for."""
    if not soc.startswith(_SERIES[device.kind]):
        raise NoDevice(f"{device} is an {soc}, not an {_SERIES[device.kind]}")


def _load(library: Library, path: Path, data: npt.NDArray[np.uint8] | None) -> int:
    """The number of the loaded model."""
    if data is None:
        number: int = library.call("mdl.load_from_file", str(path))
    else:
        number = library.call("mdl.load_from_mem", data.ctypes.data, data.nbytes)
    return number
