"""The inputs of a run, checked against what a model takes; all problems are told at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mindferry.errors import BadFeed
from mindferry.types import DType, TensorSpec, format_shape

Feed: TypeAlias = Any
"""An array, anything with `__array__` or DLPack, a Python number, or nested lists of them."""

Array: TypeAlias = "npt.NDArray[Any]"


def check_feeds(
    specs: Sequence[TensorSpec],
    feeds: Sequence[Mapping[str, Feed] | Feed],
    complex_inputs: frozenset[str] = frozenset(),
) -> dict[str, Array]:
    """The arrays by input name, in the model's order.

    Args:
        specs: what the model takes.
        feeds: one mapping, or one item per input.
        complex_inputs: inputs that take a complex array as pairs of real numbers along a last dimension of 2.

    Raises:
        BadFeed: names, element types or shapes do not fit, all of them listed.
    """
    given = _named(specs, feeds)
    problems: list[str] = []
    arrays: dict[str, Array] = {}
    sizes: dict[str, tuple[int, str]] = {}
    for spec in specs:
        if spec.name not in given:
            problems.append(f"{spec.name} is missing ({spec})")
            continue
        array = _array(given[spec.name], spec, spec.name in complex_inputs, problems)
        if array is not None:
            _check_shape(array, spec, sizes, problems)
            arrays[spec.name] = array
    if len(given) > len(arrays) or problems:
        names = {spec.name for spec in specs}
        problems += [f"{name} is not an input; the model takes {_listed(specs)}" for name in given if name not in names]
    if problems:
        raise BadFeed("; ".join(problems))
    return arrays


def _named(specs: Sequence[TensorSpec], feeds: Sequence[Mapping[str, Feed] | Feed]) -> Mapping[str, Feed]:
    if len(feeds) == 1 and isinstance(feeds[0], Mapping):
        return feeds[0]
    if len(feeds) != len(specs):
        raise BadFeed(f"{len(feeds)} arrays for {len(specs)} inputs; the model takes {_listed(specs)}")
    return {spec.name: feed for spec, feed in zip(specs, feeds, strict=True)}


def _array(feed: Feed, spec: TensorSpec, as_pairs: bool, problems: list[str]) -> Array | None:
    """The feed as an array of the input's element type, or None after adding a problem."""
    wanted = None if spec.dtype is None else spec.dtype.numpy()
    array = _given_array(feed)
    if array is None:
        return _converted(feed, spec, wanted, problems)
    if as_pairs and array.dtype.kind == "c":
        array = np.ascontiguousarray(array)
        array = array.view(array.real.dtype).reshape(*array.shape, 2)
    if wanted is None or array.dtype == wanted or (spec.dtype is DType.STRING and array.dtype.kind in "OU"):
        return array
    problems.append(
        f"{spec.name} is {array.dtype}, the model takes {spec.dtype}: pass {spec.name}.astype({str(spec.dtype)!r})"
    )
    return None


def _given_array(feed: Feed) -> Array | None:
    """The feed where it has an element type of its own, else None."""
    if isinstance(feed, np.ndarray):
        return feed
    if hasattr(feed, "__dlpack__") and not isinstance(feed, np.generic):
        return np.from_dlpack(feed)
    return np.asarray(feed) if hasattr(feed, "__array__") else None


def _converted(feed: Feed, spec: TensorSpec, wanted: np.dtype[Any] | None, problems: list[str]) -> Array | None:
    """Python numbers and lists in the wanted element type, where they lose nothing but floating-point digits."""
    try:
        natural = np.asarray(feed)
    except (TypeError, ValueError) as error:
        problems.append(f"{spec.name} is not an array ({error})")
        return None
    if wanted is None:
        if natural.dtype == np.float64:
            problems.append(f"{spec.name} is given as Python numbers, but its element type is not known: pass an array")
            return None
        return natural
    if natural.dtype.kind not in _ACCEPTED.get(wanted.kind, "") and natural.size:
        problems.append(f"{spec.name} is given as {natural.dtype.name} values, the model takes {spec.dtype}")
        return None
    with np.errstate(over="ignore"):
        array = natural.astype(wanted)
    if _overflows(natural, array):
        problems.append(f"{spec.name} holds values outside {spec.dtype}")
        return None
    return array


def _overflows(natural: Array, array: Array) -> bool:
    """True where integers changed, or finite numbers became infinite."""
    if array.dtype.kind in "iu":
        return not np.array_equal(array, natural)
    return natural.dtype.kind in "fc" and bool(np.any(np.isfinite(natural) & ~np.isfinite(array)))


_ACCEPTED = {"b": "b", "i": "iub", "u": "iub", "f": "fiub", "V": "fiub", "c": "cfiub", "O": "OU"}
"""Kinds of numpy's own choice for Python values that go into an element type; ml_dtypes' kind is V."""


def _check_shape(array: Array, spec: TensorSpec, sizes: dict[str, tuple[int, str]], problems: list[str]) -> None:
    shape = spec.shape
    if shape is None or array.shape == shape:
        return
    found = array.shape
    fits = len(found) == len(shape) and all(
        not isinstance(dim, int) or dim == size for dim, size in zip(shape, found, strict=True)
    )
    if not fits:
        problems.append(f"{spec.name} has shape {format_shape(found)}, the model takes {format_shape(shape)}")
        return
    for dim, size in zip(shape, found, strict=True):
        if isinstance(dim, str):
            first, owner = sizes.setdefault(dim, (size, spec.name))
            if first != size:
                problems.append(f"{spec.name} has {dim}={size}, but {owner} has {dim}={first}")


def _listed(specs: Sequence[TensorSpec]) -> str:
    return ", ".join(map(str, specs)) or "nothing"
