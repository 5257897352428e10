"""Single operators on an Ascend device, through `acl.op`: for trying what one operator of GE does there.

An operator is one of GE's, as in AIR. ACL runs it from a model of the one operator that ATC compiled (`--singleop`) into a
folder, or compiles it itself where the CANN on the machine can.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mindferry.ascend import place
from mindferry.ascend.library import Library, Releases
from mindferry.errors import MindFerryError, OptionError
from mindferry.formats.air.fields import ENGINE_TYPES, FORMATS
from mindferry.types import DType

Array = npt.NDArray[Any]

_HUGE_PAGES_FIRST = 0
_SETTERS = ((bool, "bool"), (int, "int"), (int | float, "float"), (str, "string"))
_NUMBERS = {dtype.numpy(): number for number, dtype in ENGINE_TYPES.items() if dtype is not DType.STRING}


class Operators(place.Holder):
    """Runs single operators on one device; close it, or use it in a `with` statement.

    Args:
        device: which one of several.
        folder: the models of single operators that ATC compiled; None leaves it to ACL.

    Raises:
        NotInstalled: there is no pyACL.
        NoDevice: there is no such device.
    """

    def __init__(self, device: int = 0, *, folder: Path | None = None) -> None:
        self._library = imported()
        self._place = place.take(self._library, device)
        self._releases = Releases(self._library)
        try:
            with self._place.entered(), self._releases.guarded():
                if folder is not None:
                    self._library.call("op.set_model_dir", str(folder))
                self._stream = self._library.call("rt.create_stream")
                self._releases.owe("rt.destroy_stream", self._stream)
        except BaseException:
            with contextlib.suppress(MindFerryError):
                self._place.leave()
            raise

    def run(
        self,
        name: str,
        inputs: Sequence[Array],
        outputs: Sequence[tuple[DType, tuple[int, ...]]],
        attributes: Mapping[str, Any] | None = None,
        *,
        layout: str = "ND",
    ) -> list[Array]:
        """The results of one operator.

        Args:
            name: such as "Relu" or "Conv2D".
            outputs: element type and shape of each result.
            attributes: by GE's names; bool, int, float, text, or a list of one of these.
            layout: what the axes of tensors with four dimensions mean, such as "NCHW"; all others are ND.

        Raises:
            OptionError: an element type, an attribute or a layout that ACL does not take.
            RunError: it is closed.
            BackendFailed: ACL refuses the operator or fails; its words are in the text.
        """
        self._require_open()
        results = [np.empty(shape, dtype.numpy()) for dtype, shape in outputs]
        arrays = [np.ascontiguousarray(array) for array in inputs]
        _check([*arrays, *results], layout)
        releases = Releases(self._library)
        with self._place.entered():
            with releases.guarded():
                attribute = self._attributes(attributes or {}, releases)
                sources = [self._tensor(array, layout, releases) for array in arrays]
                targets = [self._tensor(array, layout, releases) for array in results]
                for array, (_, _, address) in zip(arrays, sources, strict=True):
                    self._copy(address, array.ctypes.data, array.nbytes, self._place.copy_in)
                self._library.call(
                    "op.execute_v2", name, [one[0] for one in sources], [one[1] for one in sources],
                    [one[0] for one in targets], [one[1] for one in targets], attribute, self._stream,
                )  # fmt: skip
                self._library.call("rt.synchronize_stream", self._stream)
                for array, (_, _, address) in zip(results, targets, strict=True):
                    self._copy(array.ctypes.data, address, array.nbytes, self._place.copy_out)
            releases.settle()
        return results

    def _copy(self, target: int, source: int, size: int, kind: int) -> None:
        if size:
            self._library.call("rt.memcpy", target, size, source, size, kind)

    def _tensor(self, array: Array, layout: str, releases: Releases) -> tuple[int, int, int]:
        """Description, data buffer and address of device memory for an array."""
        shown = FORMATS[layout] if array.ndim == 4 else FORMATS["ND"]
        description = self._library.made("create_tensor_desc", _NUMBERS[array.dtype], list(array.shape), shown)
        releases.owe("destroy_tensor_desc", description)
        size = max(array.nbytes, 1)
        address = self._library.call("rt.malloc", size, _HUGE_PAGES_FIRST)
        releases.owe("rt.free", address)
        buffer = self._library.made("create_data_buffer", address, size)
        releases.owe("destroy_data_buffer", buffer)
        return description, buffer, address

    def _attributes(self, given: Mapping[str, Any], releases: Releases) -> int:
        handle: int = self._library.made("op.create_attr")
        releases.owe("op.destroy_attr", handle)
        for name, value in given.items():
            call, converted = _setter(name, value)
            self._library.call(call, handle, name, converted)
        return handle


def imported() -> Library:
    """The installed pyACL.

    Raises:
        NotInstalled: there is none.
    """
    from mindferry import runtimes
    from mindferry.runtimes.acl import Acl

    runtime = runtimes.get("acl")
    assert isinstance(runtime, Acl)
    return runtime.library


def _check(arrays: Sequence[Array], layout: str) -> None:
    if layout not in FORMATS:
        raise OptionError(f"there is no layout {layout!r}; choose {', '.join(FORMATS)}")
    if wrong := sorted({str(array.dtype) for array in arrays if array.dtype not in _NUMBERS}):
        raise OptionError(f"ACL has no element type {', '.join(wrong)}")


def _setter(name: str, value: Any) -> tuple[str, Any]:
    """The call that sets an attribute, and the value as it takes it."""
    items = list(value) if isinstance(value, list | tuple) else [value]
    kind = next((title for python, title in _SETTERS if items and all(isinstance(one, python) for one in items)), None)
    if kind is None:
        raise OptionError(f"attribute {name} is {value!r}; ACL takes bool, int, float, text, or a list of one of these")
    if isinstance(value, list | tuple):
        return f"op.set_attr_list_{kind}", items
    return f"op.set_attr_{kind}", value
