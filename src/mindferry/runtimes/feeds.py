"""The inputs of a run, checked against what a model takes; all problems are told at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mindferry.errors import BadFeed, words
from mindferry.runtimes.device_arrays import described
from mindferry.runtimes.misfit import Misfit
from mindferry.types import DType, Shape, TensorSpec, format_shape

Feed: TypeAlias = Any
"""An array, anything with DLPack, `__array_interface__` or `__array__`, a Python number, or nested lists of them; for a
session on an NVIDIA GPU also anything with `__cuda_array_interface__`."""

Array: TypeAlias = "npt.NDArray[Any]"

Form: TypeAlias = "tuple[str, np.dtype[Any] | None, Shape | None]"
"""Name, numpy's element type and shape of an input."""

_HOST_DEVICES = (1, 3, 11, 13)
"""DLPack's kinds of device whose memory the CPU reads: its own, pinned for CUDA or ROCm, managed by CUDA."""

_OTHER_DEVICES = {2: "cuda", 4: "opencl", 7: "vulkan", 8: "metal", 10: "rocm", 14: "oneapi"}


def forms(specs: Sequence[TensorSpec]) -> tuple[Form, ...]:
    """What `fitting` compares arrays with."""
    return tuple((spec.name, None if spec.dtype is None else spec.dtype.numpy(), spec.shape) for spec in specs)


def fitting(wanted: Sequence[Form], feeds: Sequence[Mapping[str, Feed] | Feed]) -> dict[str, Array] | None:
    """The arrays by name where all of them fit as they are, else None: then `check_feeds` converts or tells why not."""
    if len(feeds) == 1 and type(feeds[0]) is dict:
        given = feeds[0]
        if len(given) != len(wanted):
            return None
        arrays = [given.get(name) for name, _, _ in wanted]
    elif len(feeds) == len(wanted):
        arrays = list(feeds)
    else:
        return None
    fits: dict[str, Array] = {}
    sizes: dict[str, int] = {}
    for (name, dtype, shape), array in zip(wanted, arrays, strict=True):
        if type(array) is not np.ndarray or array.dtype != dtype or not array.flags.c_contiguous:
            return None
        if array.shape != shape and not _agrees(array.shape, shape, sizes):
            return None
        fits[name] = array
    return fits


def _agrees(found: tuple[int, ...], wanted: Shape | None, sizes: dict[str, int]) -> bool:
    """True where sizes fit, and a symbol stands for one size throughout."""
    if wanted is None:
        return True
    if len(found) != len(wanted):
        return False
    for size, dim in zip(found, wanted, strict=True):
        if dim is not None and size != (sizes.setdefault(dim, size) if isinstance(dim, str) else dim):
            return False
    return True


def check_feeds(
    specs: Sequence[TensorSpec],
    feeds: Sequence[Mapping[str, Feed] | Feed],
    complex_inputs: frozenset[str] = frozenset(),
    *,
    on_gpu: bool = False,
) -> dict[str, Any]:
    """The arrays by input name, in the model's order, each in C order and the machine's byte order.

    Memory is shared wherever it has that form already. Those on a GPU are DeviceArrays.

    Args:
        specs: what the model takes.
        feeds: one mapping, or one item per input.
        complex_inputs: inputs that take a complex array as pairs of real numbers along a last dimension of 2.
        on_gpu: whether arrays on a GPU are taken.

    Raises:
        BadFeed: names, element types or shapes do not fit, all of them listed.
    """
    given = _named(specs, feeds)
    problems: list[str] = []
    arrays: dict[str, Any] = {}
    sizes: dict[str, tuple[int, str]] = {}
    for spec in specs:
        if spec.name not in given:
            problems.append(f"{spec.name} is missing ({spec})")
            continue
        try:
            arrays[spec.name] = _array(given[spec.name], spec, spec.name in complex_inputs, on_gpu)
            _check_shape(arrays[spec.name].shape, spec, sizes)
        except Misfit as misfit:
            problems.append(f"{spec.name} {misfit}")
    if len(given) > len(arrays) or problems:
        names = {spec.name for spec in specs}
        problems += [f"{name} is not an input; the model takes {_listed(specs)}" for name in given if name not in names]
    if problems:
        raise BadFeed("; ".join(problems))
    return arrays


def zeros(specs: Sequence[TensorSpec]) -> dict[str, Array]:
    """Zeros of the wanted element types and shapes; free dimensions are 1, texts are empty.

    Raises:
        BadFeed: an element type or a rank is not known.
    """
    arrays = {}
    for spec in specs:
        if spec.dtype is None or spec.shape is None:
            raise BadFeed(f"{spec} leaves open what it takes; give arrays")
        shape = [size if isinstance(size, int) else 1 for size in spec.shape]
        arrays[spec.name] = np.full(shape, "" if spec.dtype is DType.STRING else 0, spec.dtype.numpy())
    return arrays


def _named(specs: Sequence[TensorSpec], feeds: Sequence[Mapping[str, Feed] | Feed]) -> Mapping[str, Feed]:
    if len(feeds) == 1 and isinstance(feeds[0], Mapping):
        return feeds[0]
    if len(feeds) != len(specs):
        raise BadFeed(f"{len(feeds)} arrays for {len(specs)} inputs; the model takes {_listed(specs)}")
    return {spec.name: feed for spec, feed in zip(specs, feeds, strict=True)}


def _array(feed: Feed, spec: TensorSpec, as_pairs: bool, on_gpu: bool) -> Any:
    """The feed as an array of the input's element type."""
    wanted = None if spec.dtype is None else spec.dtype.numpy()
    if on_gpu and (placed := described(feed, wanted)) is not None:
        if placed.dtype != wanted:
            raise Misfit(f"is {placed.dtype}, the model takes {spec.dtype}")
        return placed
    array = _given_array(feed)
    if array is None:
        return _converted(feed, spec, wanted)
    native = array.dtype if array.dtype.isnative else array.dtype.newbyteorder("=")
    array = np.asarray(array, native, order="C")
    if as_pairs and native.kind == "c":
        array = array.view(array.real.dtype).reshape(*array.shape, 2)
    if wanted is None or array.dtype == wanted or (spec.dtype is DType.STRING and array.dtype.kind in "OU"):
        return array
    raise Misfit(f"is {array.dtype}, the model takes {spec.dtype}: pass {spec.name}.astype({str(spec.dtype)!r})")


def _given_array(feed: Feed) -> Array | None:
    """The feed where it has an element type of its own, else None."""
    if isinstance(feed, np.ndarray):
        if np.ma.is_masked(feed):
            raise Misfit("is a masked array, and no model takes a mask: fill it")
        return feed
    if place := place_elsewhere(feed):
        raise Misfit(f"is on {place}, from where this session takes no arrays: copy it to the host")
    try:
        if hasattr(feed, "__dlpack__") and not isinstance(feed, np.generic):
            return _from_dlpack(feed)
        if hasattr(feed, "__array__") or hasattr(feed, "__array_interface__"):
            return np.asarray(feed)
    except Exception as error:
        raise Misfit(f"cannot be read as an array ({words(error)})") from error
    return None


def place_elsewhere(array: Any) -> str | None:
    """Where an array's memory is, if it is out of the CPU's reach."""
    if hasattr(array, "__dlpack_device__"):
        kind, index = array.__dlpack_device__()
        if int(kind) in _HOST_DEVICES:
            return None
        return f"{_OTHER_DEVICES.get(int(kind), f'DLPack device {int(kind)}')}:{index}"
    return "cuda" if hasattr(array, "__cuda_array_interface__") else None


def _from_dlpack(feed: Feed) -> Array:
    """Shared memory; an element type that numpy's DLPack lacks, such as bfloat16, goes through `__array__`."""
    try:
        return np.from_dlpack(feed)
    except Exception:
        if not hasattr(feed, "__array__"):
            raise
        return np.asarray(feed)


def _converted(feed: Feed, spec: TensorSpec, wanted: np.dtype[Any] | None) -> Array:
    """Python numbers and lists in the wanted element type, where they lose nothing but floating-point digits."""
    try:
        natural = np.asarray(feed)
    except (TypeError, ValueError) as error:
        raise Misfit(f"is not an array ({error})") from None
    if wanted is None:
        if natural.dtype == np.float64:
            raise Misfit("is given as Python numbers, but its element type is not known: pass an array")
        return natural
    if natural.dtype.kind not in _ACCEPTED.get(wanted.kind, "") and natural.size:
        raise Misfit(f"is given as {natural.dtype.name} values, the model takes {spec.dtype}")
    with np.errstate(over="ignore"):
        array = natural.astype(wanted)
    if _overflows(natural, array):
        raise Misfit(f"holds values outside {spec.dtype}")
    return array


def _overflows(natural: Array, array: Array) -> bool:
    """True where integers changed, or finite numbers became infinite."""
    if array.dtype.kind in "iu":
        return not np.array_equal(array, natural)
    return natural.dtype.kind in "fc" and bool(np.any(np.isfinite(natural) & ~np.isfinite(array)))


_ACCEPTED = {"b": "b", "i": "iub", "u": "iub", "f": "fiub", "V": "fiub", "c": "cfiub", "O": "OU"}
"""Kinds of numpy's own choice for Python values that go into an element type; ml_dtypes' kind is V."""


def _check_shape(found: tuple[int, ...], spec: TensorSpec, sizes: dict[str, tuple[int, str]]) -> None:
    shape = spec.shape
    if shape is None:
        return
    fits = len(found) == len(shape) and all(
        not isinstance(dim, int) or dim == size for dim, size in zip(shape, found, strict=True)
    )
    if not fits:
        raise Misfit(f"has shape {format_shape(found)}, the model takes {format_shape(shape)}")
    for dim, size in zip(shape, found, strict=True):
        if isinstance(dim, str):
            first, owner = sizes.setdefault(dim, (size, spec.name))
            if first != size:
                raise Misfit(f"has {dim}={size}, but {owner} has {dim}={first}")


def _listed(specs: Sequence[TensorSpec]) -> str:
    return ", ".join(map(str, specs)) or "nothing"
