"""The arrays that a caller gives for the outputs of a run, checked before it; all problems are told at once."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mindferry.errors import BadFeed
from mindferry.runtimes.device_arrays import DeviceArray, described
from mindferry.runtimes.feeds import place_elsewhere
from mindferry.runtimes.misfit import Misfit
from mindferry.types import DType, Shape, TensorSpec, format_shape

Out: TypeAlias = Any
"""A writeable numpy array in C order; for a session on an NVIDIA GPU also one with `__cuda_array_interface__`."""

Array: TypeAlias = "npt.NDArray[Any]"


@dataclass(frozen=True, slots=True)
class Target:
    """Where an output goes.

    Attributes:
        given: the caller's array.
        array: its memory.
        in_place: whether the runtime may compute into it; else the result is copied, since its shape is known too late,
            or it is an input that the model returns as it is.
    """

    given: Out
    array: Array | DeviceArray
    in_place: bool


def check_out(
    inputs: Sequence[TensorSpec],
    outputs: Sequence[TensorSpec],
    feeds: Mapping[str, Array | DeviceArray],
    out: Mapping[str, Out],
    *,
    on_gpu: bool = False,
) -> dict[str, Target]:
    """The places of the outputs that are named.

    Args:
        inputs, outputs: what the model takes and returns; () for outputs that only a run tells.
        feeds: the checked inputs, which settle the sizes that symbols stand for.
        out: output names and arrays.
        on_gpu: whether arrays on a GPU are taken.

    Raises:
        BadFeed: names, element types, shapes or memory do not fit, all of them listed.
    """
    if not isinstance(out, Mapping):
        raise BadFeed(f"out takes a mapping from output names to arrays, not {type(out).__name__}")
    sizes = _sizes(inputs, feeds)
    known = {spec.name: spec for spec in outputs}
    problems: list[str] = []
    targets: dict[str, Target] = {}
    for name, given in out.items():
        if outputs and name not in known:
            problems.append(f"{name} in out is not an output; the model returns {', '.join(map(str, outputs))}")
            continue
        spec = known.get(name, TensorSpec(name, None, None))
        try:
            targets[name] = _target(given, spec, sizes, feeds.get(name), on_gpu)
        except Misfit as misfit:
            problems.append(f"{name} in out {misfit}")
    problems += _overlaps(targets, feeds)
    if problems:
        raise BadFeed("; ".join(problems))
    return targets


def fill(found: Mapping[str, Array], targets: Mapping[str, Target]) -> None:
    """Copies outputs to their places, which are arrays of the host.

    Raises:
        BadFeed: names, element types or shapes differ; then no array has changed.
    """
    problems: list[str] = []
    for name, target in targets.items():
        if name in found:
            problems += _differences(name, found[name], target.array)
        else:
            problems.append(f"{name} in out is not an output; the run returned {', '.join(found)}")
    if problems:
        raise BadFeed("; ".join(problems))
    for name, target in targets.items():
        assert isinstance(target.array, np.ndarray)
        np.copyto(target.array, found[name])


def require_shape(name: str, found: Sequence[int], target: Target) -> None:
    """Raises BadFeed where a run gave an output another shape than its array has."""
    if tuple(found) != tuple(target.array.shape):
        raise BadFeed(_other_shape(name, found, target.array.shape))


def _differences(name: str, found: Array, array: Array | DeviceArray) -> Iterator[str]:
    if found.dtype != array.dtype and not (found.dtype.kind == "U" and array.dtype.kind == "O"):
        yield f"{name} in out is {array.dtype}, but the run returned {found.dtype}"
    if found.shape != array.shape:
        yield _other_shape(name, found.shape, array.shape)


def _other_shape(name: str, found: Sequence[int], given: Sequence[int]) -> str:
    return f"{name} in out has shape {format_shape(given)}, but the run returned {format_shape(found)}"


def _target(
    given: Out, spec: TensorSpec, sizes: Mapping[str, int], feed: Array | DeviceArray | None, on_gpu: bool
) -> Target:
    wanted = None if spec.dtype is None else _numpy(spec.dtype)
    array = described(given, wanted) if on_gpu else None
    if array is None:
        array = _writeable(given)
    elif isinstance(array, DeviceArray) and array.is_read_only:
        raise Misfit("is read-only")
    if wanted is not None and array.dtype != wanted:
        raise Misfit(f"is {array.dtype}, the model returns {spec.dtype}")
    shape = _settled(spec.shape, sizes)
    if shape is not None and not _agree(array.shape, shape):
        raise Misfit(f"has shape {format_shape(array.shape)}, the model returns {format_shape(shape)}")
    if feed is not None and (isinstance(feed, DeviceArray) or isinstance(array, DeviceArray)):
        raise Misfit("needs no place on a GPU: it is an input that the model returns as it is")
    fixed = shape is not None and all(isinstance(size, int) for size in shape)
    return Target(given, array, in_place=fixed and feed is None and spec.dtype is not DType.STRING)


_numpy = functools.cache(DType.numpy)


def _writeable(given: Out) -> Array:
    """The array, where a runtime can write to its memory."""
    if type(given) is np.ndarray and given.flags.carray:
        return given
    if place := place_elsewhere(given):
        raise Misfit(f"is on {place}, where this session writes nothing: pass an array of the host")
    if not isinstance(given, np.ndarray):
        kind = f"{type(given).__module__}.{type(given).__name__}".removeprefix("builtins.")
        raise Misfit(f"is {kind}, and outputs are written to numpy arrays: pass one that shares its memory")
    if isinstance(given, np.ma.MaskedArray):
        raise Misfit("is a masked array, whose mask would be left as it is: pass its data")
    if not given.flags.writeable:
        raise Misfit("is read-only")
    if not given.flags.c_contiguous or not given.flags.aligned:
        raise Misfit("is not in C order, or not aligned: pass an array as numpy.empty makes it")
    return given


def _sizes(inputs: Sequence[TensorSpec], feeds: Mapping[str, Array | DeviceArray]) -> dict[str, int]:
    """What the symbols in the shapes of the inputs stand for in this run."""
    return {
        dim: size
        for spec in inputs
        for dim, size in zip(spec.shape or (), feeds[spec.name].shape, strict=False)
        if isinstance(dim, str)
    }


def _settled(shape: Shape | None, sizes: Mapping[str, int]) -> Shape | None:
    return None if shape is None else tuple(sizes.get(dim, dim) if isinstance(dim, str) else dim for dim in shape)


def _agree(found: Sequence[int], wanted: Shape) -> bool:
    return len(found) == len(wanted) and all(
        not isinstance(dim, int) or dim == size for dim, size in zip(wanted, found, strict=True)
    )


def _overlaps(targets: Mapping[str, Target], feeds: Mapping[str, Array | DeviceArray]) -> Iterator[str]:
    """Outputs that would be written over an input or another output."""
    for name, target in targets.items():
        for given, feed in feeds.items():
            if _meet(target.array, feed):
                yield f"{name} in out shares memory with the input {given}"
    for one, other in itertools.combinations(targets, 2):
        if _meet(targets[one].array, targets[other].array):
            yield f"{one} and {other} in out share memory"


def _meet(one: Array | DeviceArray, other: Array | DeviceArray) -> bool:
    """Whether two arrays in C order have memory in common."""
    if isinstance(one, DeviceArray) and isinstance(other, DeviceArray):
        return max(one.address, other.address) < min(one.address + one.nbytes, other.address + other.nbytes)
    return isinstance(one, np.ndarray) and isinstance(other, np.ndarray) and np.may_share_memory(one, other)
