"""What one run of a model needs on the device: a stream, buffers for all inputs and outputs, and two data sets over them.

A slot is used by one run after the other and keeps its memory; runs that go on at once have a slot each. It ends its
stream, which waits for what it was given, before it gives the memory back.
"""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mindferry.ascend.description import Description, Port, Profile, chooser
from mindferry.ascend.library import Releases, attempt
from mindferry.ascend.place import Place
from mindferry.errors import BackendFailed, MindFerryError

Array = npt.NDArray[Any]

_HUGE_PAGES_FIRST = 0


@dataclass(frozen=True, slots=True)
class Buffer:
    """Device memory of an input or output, and ACL's handle of it."""

    address: int
    size: int


class Slot:
    """A stream with buffers and data sets; the calling thread must be in the device's context."""

    def __init__(self, place: Place, model: int, description: Description) -> None:
        self._place, self._model, self._description = place, model, description
        self._library = place.library
        self._releases = Releases(place.library)
        with self._releases.guarded():
            self._inputs, self._input_set = self._data_set(self._input_sizes())
            self._outputs, self._output_set = self._data_set([port.size for port in description.outputs])
            self._told = self._model_description() if description.profiles else 0
            self._stream = self._library.call("rt.create_stream")
            self._releases.owe("rt.destroy_stream", self._stream)

    def _input_sizes(self) -> list[int]:
        sizes = [port.size for port in self._description.inputs]
        if self._description.profile_input is not None:
            index, size = self._description.profile_input
            sizes.insert(index, size)
        return sizes

    def _model_description(self) -> int:
        """ACL's own description of the model, which tells the shapes of the last run's outputs."""
        handle: int = self._library.made("mdl.create_desc")
        self._releases.owe("mdl.destroy_desc", handle)
        self._library.call("mdl.get_desc", handle, self._model)
        return handle

    def _data_set(self, sizes: list[int]) -> tuple[list[Buffer], int]:
        handle = self._library.made("mdl.create_dataset")
        self._releases.owe("mdl.destroy_dataset", handle)
        buffers = []
        for size in sizes:
            room = max(size, 1)
            address = self._library.call("rt.malloc", room, _HUGE_PAGES_FIRST)
            self._releases.owe("rt.free", address)
            buffer = self._library.made("create_data_buffer", address, room)
            self._releases.owe("destroy_data_buffer", buffer)
            self._library.call("mdl.add_dataset_buffer", handle, buffer)
            buffers.append(Buffer(address, room))
        return buffers, handle

    def run(self, feeds: Mapping[str, Array], profile: Profile | None, milliseconds: int | None) -> list[Array]:
        """The outputs for arrays that fit the model, or one of its profiles."""
        chosen = self._description.profile_input
        buffers = [buffer for index, buffer in enumerate(self._inputs) if chosen is None or index != chosen[0]]
        for array, buffer in zip(feeds.values(), buffers, strict=True):
            self._copy_in(array, buffer)
        if profile is not None and chosen is not None:
            call, arguments = chooser(self._description.kind, profile)
            self._library.call(call, self._model, self._input_set, chosen[0], *arguments)
        self._library.call("mdl.execute_async", self._model, self._input_set, self._output_set, self._stream)
        if milliseconds is None:
            self._library.call("rt.synchronize_stream", self._stream)
        else:
            self._library.call("rt.synchronize_stream_with_timeout", self._stream, milliseconds)
        return self._results(profile)

    def _copy_in(self, array: Array, buffer: Buffer) -> None:
        if array.nbytes:
            source = np.ascontiguousarray(array)
            kind = self._place.copy_in
            self._library.call("rt.memcpy", buffer.address, buffer.size, source.ctypes.data, source.nbytes, kind)

    def _results(self, profile: Profile | None) -> list[Array]:
        shapes = self._shapes() if profile is not None else [None] * len(self._outputs)
        return [
            self._copy_out(port, buffer, port.spec.shape if shape is None else shape)
            for port, buffer, shape in zip(self._description.outputs, self._outputs, shapes, strict=True)
        ]

    def _shapes(self) -> list[tuple[int, ...]]:
        """The shapes of the outputs of the run that ended."""
        dims = (self._library.call("mdl.get_cur_output_dims", self._told, index) for index in range(len(self._outputs)))
        return [tuple(one["dims"]) for one in dims]

    def _copy_out(self, port: Port, buffer: Buffer, shape: Any) -> Array:
        assert port.spec.dtype is not None
        array = np.empty(shape, port.spec.dtype.numpy())
        if array.nbytes > buffer.size:
            raise BackendFailed(f"output {port.spec.name} has {array.nbytes} bytes, but ACL told {buffer.size}")
        if array.nbytes:
            kind = self._place.copy_out
            self._library.call("rt.memcpy", array.ctypes.data, array.nbytes, buffer.address, array.nbytes, kind)
        return array

    def release(self) -> None:
        """Gives everything back.

        Raises:
            MindFerryError: a release failed, after all were tried.
        """
        self._releases.settle()


class Slots:
    """Slots made when they are needed, up to a number of them; who finds none free waits."""

    def __init__(self, place: Place, model: int, description: Description, most: int) -> None:
        self._parts = place, model, description
        self._free: queue.LifoQueue[Slot | None] = queue.LifoQueue()
        for _ in range(most):
            self._free.put(None)
        self._made: list[Slot] = []

    @contextmanager
    def one(self) -> Iterator[Slot]:
        """A free slot, for the time of the block; where that fails, the slot is given up, for its stream may be busy."""
        slot = self._free.get()
        try:
            if slot is None:
                slot = Slot(*self._parts)
                self._made.append(slot)
            yield slot
        except BaseException:
            if slot is not None:
                self._made.remove(slot)
                with contextlib.suppress(MindFerryError):
                    slot.release()
                slot = None
            raise
        finally:
            self._free.put(slot)

    def release(self) -> None:
        """Gives all slots back.

        Raises:
            MindFerryError: a release failed, after all were tried.
        """
        made, self._made = self._made, []
        attempt(*(slot.release for slot in made))
