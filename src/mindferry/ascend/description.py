"""What ACL tells of a loaded model: inputs, outputs, and the profiles among which a call chooses.

A model with profiles has one input more, through which the choice is made. Where the processor prepares images itself
(static AIPP), the input's size is that of the pixels: of the two shapes that ACL then tells, the one that fits is taken.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mindferry.ascend.library import Library, Releases
from mindferry.ascend.profiles import BATCH, DIMS, IMAGE, Profiles
from mindferry.errors import BackendFailed, BadFeed
from mindferry.formats.air.fields import ENGINE_TYPES
from mindferry.types import Dim, DType, TensorSpec, format_shape

PROFILE_INPUT = "ascend_mbatch_shape_data"
DYNAMIC_AIPP_INPUT = "ascend_dynamic_aipp_data"

_ALL = -1
_MOST_GEARS = 4096
_SHORTENED = "acl_modelId_"
_OUTPUT_OF_NODE = re.compile(r".+:\d+:(.+)")
"""ATC calls an output of an ONNX model NODE:INDEX:NAME."""

_FREE_NAMES = {BATCH: ("batch",), IMAGE: ("height", "width")}


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output.

    Attributes:
        size: bytes of its buffer: for an input of a model with profiles, of the largest.
    """

    spec: TensorSpec
    size: int


@dataclass(frozen=True, slots=True)
class Profile:
    """One choice: what chooses it, and the shapes of all inputs."""

    values: tuple[int, ...]
    shapes: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Description:
    """A model as it is called.

    Attributes:
        kind: of the profiles, as `mindferry.ascend.profiles` numbers them; 0 where there are none.
        profile_input: index and bytes of the input that chooses, or None.
    """

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    kind: int = 0
    profiles: tuple[Profile, ...] = ()
    profile_input: tuple[int, int] | None = None

    def choose(self, shapes: Sequence[tuple[int, ...]]) -> Profile | None:
        """The profile that has these shapes, or None for a model without profiles.

        Raises:
            BadFeed: none has; the profiles are listed.
        """
        if not self.profiles:
            return None
        wanted = tuple(shapes)
        if found := next((profile for profile in self.profiles if profile.shapes == wanted), None):
            return found
        given = ", ".join(
            f"{port.spec.name} {format_shape(shape)}" for port, shape in zip(self.inputs, shapes, strict=True)
        )
        raise BadFeed(f"no profile of the model takes {given}; it takes {self.listed()}")

    def listed(self) -> str:
        """The profiles in words."""
        if self.kind == BATCH:
            return f"the batch sizes {', '.join(str(one.values[0]) for one in self.profiles)}"
        if self.kind == IMAGE:
            return f"images of {', '.join('x'.join(map(str, one.values)) for one in self.profiles)} (height x width)"
        shapes = (
            " and ".join(
                f"{port.spec.name} {format_shape(shape)}" for port, shape in zip(self.inputs, one.shapes, strict=True)
            )
            for one in self.profiles
        )
        return "; or ".join(shapes)


def read(library: Library, model: int) -> Description:
    """The description of a loaded model.

    Raises:
        BackendFailed: ACL does not tell, or the model is of a kind that is not supported.
    """
    releases = Releases(library)
    with releases.guarded():
        handle = library.made("mdl.create_desc")
        releases.owe("mdl.destroy_desc", handle)
        library.call("mdl.get_desc", handle, model)
        found = _described(library, handle)
    releases.settle()
    return found


def _described(library: Library, handle: int) -> Description:
    names = [_name(library, handle, "input", index) for index in range(library.made("mdl.get_num_inputs", handle))]
    if DYNAMIC_AIPP_INPUT in names:
        raise BackendFailed(
            "the model wants its preprocessing parameters with each run (dynamic AIPP): compile it static"
        )
    place = names.index(PROFILE_INPUT) if PROFILE_INPUT in names else None
    data = [index for index in range(len(names)) if index != place]
    kind, rows = _rows(library, handle) if place is not None else (0, ())
    widest = _raw_inputs(library, handle, names, data, kind, rows)
    inputs = tuple(_port(name, dtype, dims, size, kind) for name, dtype, dims, size in widest)
    profiles = _profiles(kind, rows, [dims for _, _, dims, _ in widest])
    outputs = tuple(
        _output(library, handle, index, kind, profiles) for index in range(library.made("mdl.get_num_outputs", handle))
    )
    chooser = None if place is None else (place, library.made("mdl.get_input_size_by_index", handle, place))
    return Description(inputs, _named_apart(outputs), kind, profiles, chooser)


def _name(library: Library, handle: int, side: str, index: int) -> str:
    name: str = library.made(f"mdl.get_{side}_name_by_index", handle, index)
    if name.startswith(_SHORTENED):
        name = library.made("mdl.get_tensor_real_name", handle, name)
    return name


def _rows(library: Library, handle: int) -> tuple[int, tuple[tuple[int, ...], ...]]:
    """The kind of the profiles and the values of each; for DIMS the dimensions of all inputs."""
    if batches := library.call("mdl.get_dynamic_batch", handle)["batch"]:
        return BATCH, tuple((size,) for size in batches)
    if sizes := library.call("mdl.get_dynamic_hw", handle, _ALL)["hw"]:
        return IMAGE, tuple(tuple(size) for size in sizes)
    count = library.call("mdl.get_input_dynamic_gear_count", handle, _ALL)
    if not 0 < count <= _MOST_GEARS:
        raise BackendFailed(f"the model has an input that chooses a profile, but {count} profiles")
    gears = library.call("mdl.get_input_dynamic_dims", handle, _ALL, count)
    return DIMS, tuple(tuple(gear["dims"][: gear["dimCount"]]) for gear in gears)


_Raw = tuple[str, DType, tuple[int, ...], int]


def _raw_inputs(
    library: Library, handle: int, names: Sequence[str], data: Sequence[int], kind: int, rows: Sequence[Sequence[int]]
) -> list[_Raw]:
    """Name, element type, dimensions (-1: set by a profile) and bytes of each input that carries data."""
    found = []
    for index in data:
        dtype = _dtype(library, handle, "input", index, names[index])
        size = library.made("mdl.get_input_size_by_index", handle, index)
        shapes = [tuple(library.call(call, handle, index)["dims"]) for call in _SHAPES]
        fitting = [shape for shape in shapes if _fits(shape, dtype, size, kind, rows)]
        if not fitting:
            free = any(dim < 0 for dim in shapes[0]) and not kind
            why = (
                "has free dimensions without profiles, which this runtime does not run; compile it with profiles"
                if free
                else (f"has {size} bytes, which is neither {' nor '.join(map(format_shape, shapes))} of {dtype}")
            )
            raise BackendFailed(f"input {names[index]} {why}")
        found.append((names[index], dtype, fitting[0], size))
    return found


_SHAPES = ("mdl.get_input_dims", "mdl.get_input_dims_v2")


def _fits(shape: tuple[int, ...], dtype: DType, size: int, kind: int, rows: Sequence[Sequence[int]]) -> bool:
    """Whether a shape accounts for the bytes of a buffer, in the largest profile where it has free dimensions."""
    if all(dim >= 0 for dim in shape):
        return math.prod(shape) * dtype.itemsize == size
    if kind == DIMS:
        return True
    choices = Profiles(kind, tuple(tuple(row) for row in rows))
    largest = max((math.prod(choices.shapes(row, [shape])[0]) for row in choices.rows), default=-1)
    return largest * dtype.itemsize == size


def _dtype(library: Library, handle: int, side: str, index: int, name: str) -> DType:
    number = library.value(f"mdl.get_{side}_data_type", handle, index)
    dtype = ENGINE_TYPES.get(number)
    if dtype is None or dtype is DType.STRING:
        raise BackendFailed(f"{side} {name} has ACL's element type {number}, which this runtime does not know")
    return dtype


def _port(name: str, dtype: DType, dims: Sequence[int], size: int, kind: int) -> Port:
    names = iter(_FREE_NAMES.get(kind, ()))
    shape: tuple[Dim, ...] = tuple(dim if dim >= 0 else next(names, None) for dim in dims)
    return Port(TensorSpec(name, dtype, shape), size)


def _output(library: Library, handle: int, index: int, kind: int, profiles: Sequence[Profile]) -> Port:
    name = _name(library, handle, "output", index)
    dtype = _dtype(library, handle, "output", index, name)
    dims = tuple(library.call("mdl.get_output_dims", handle, index)["dims"])
    size = library.value("mdl.get_output_size_by_index", handle, index)
    if not size and 0 not in dims:
        raise BackendFailed(
            f"output {name} has no known size, which this runtime does not run; compile it with profiles"
        )
    return Port(TensorSpec(name, dtype, _output_shape(dims, kind, profiles)), size)


def _output_shape(dims: tuple[int, ...], kind: int, profiles: Sequence[Profile]) -> tuple[Dim, ...]:
    """The shape as far as it is the same in all profiles; ACL tells that of the largest, or -1."""
    if not kind:
        return dims
    if kind != BATCH or not dims:
        return (None,) * len(dims)
    largest = max(profile.values[0] for profile in profiles)
    first: Dim = "batch" if dims[0] in (-1, largest) else dims[0]
    return first, *(dim if dim >= 0 else None for dim in dims[1:])


def _named_apart(outputs: tuple[Port, ...]) -> tuple[Port, ...]:
    """The outputs under the names of the ONNX model where these are told and different."""
    short = [match[1] if (match := _OUTPUT_OF_NODE.fullmatch(port.spec.name)) else port.spec.name for port in outputs]
    if len(set(short)) < len(short):
        return outputs
    return tuple(
        Port(TensorSpec(name, port.spec.dtype, port.spec.shape), port.size)
        for name, port in zip(short, outputs, strict=True)
    )


def _profiles(kind: int, rows: Sequence[Sequence[int]], free: Sequence[tuple[int, ...]]) -> tuple[Profile, ...]:
    if kind != DIMS:
        choices = Profiles(kind, tuple(tuple(row) for row in rows))
        return tuple(Profile(tuple(row), tuple(choices.shapes(row, free))) for row in choices.rows)
    found = []
    for row in rows:
        rest = iter(row)
        found.append(Profile(tuple(row), tuple(tuple(next(rest) for _ in shape) for shape in free)))
    return tuple(found)


def chooser(kind: int, profile: Profile) -> tuple[str, tuple[Any, ...]]:
    """The call that chooses a profile, and its arguments after model, data set and index."""
    if kind == BATCH:
        return "mdl.set_dynamic_batch_size", profile.values
    if kind == IMAGE:
        return "mdl.set_dynamic_hw_size", profile.values
    dims: Mapping[str, Any] = {"name": "", "dimCount": len(profile.values), "dims": list(profile.values)}
    return "mdl.set_input_dynamic_dims", (dims,)
