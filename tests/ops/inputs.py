"""Declared inputs of operator cases: each maker returns an `Input`, data from which a seed makes the array.

Shapes are positional and dtypes are numpy names, or ``bfloat16``, whose values are kept as float32 already rounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Input:
    """One array: which distribution, and what it takes."""

    maker: str
    shape: tuple[int, ...]
    dtype: str
    arguments: tuple[Any, ...] = ()

    def make(self, seed: int) -> np.ndarray:
        """The array that this declaration and `seed` determine."""
        values = MAKERS[self.maker](np.random.default_rng(seed), self.shape, self.dtype, *self.arguments)
        if self.dtype == "bfloat16":
            return from_bfloat16_bits(to_bfloat16_bits(np.asarray(values, "float32")))
        return np.asarray(values).astype(self.dtype)


@dataclass(frozen=True, slots=True)
class Mutable:
    """A Python number, or a tuple of numbers, that stays an input of the graph."""

    value: Any


def normal(*shape: int, dtype: str = "float32", scale: float = 1.0) -> Input:
    """Normal values; the imaginary part of a complex dtype is drawn as well."""
    return Input("normal", shape, dtype, (scale,))


def uniform(*shape: int, low: float = -1.0, high: float = 1.0, dtype: str = "float32") -> Input:
    """Uniform values in [low, high)."""
    return Input("uniform", shape, dtype, (low, high))


def positive(*shape: int, dtype: str = "float32") -> Input:
    """Uniform values in [0.1, 3)."""
    return uniform(*shape, low=0.1, high=3.0, dtype=dtype)


def integers(low: int, high: int, *shape: int, dtype: str = "int32") -> Input:
    """Integers in [low, high), of any dtype."""
    return Input("integers", shape, dtype, (low, high))


def booleans(*shape: int) -> Input:
    """Fair coin tosses."""
    return Input("integers", shape, "bool", (0, 2))


def distinct(*shape: int, dtype: str = "float32") -> Input:
    """Shuffled values without ties, centred on zero, 0.25 apart (1 apart for integers)."""
    return Input("distinct", shape, dtype)


def permutation(*shape: int, dtype: str = "int32") -> Input:
    """The integers 0, 1, ... shuffled along the last axis."""
    return Input("permutation", shape, dtype)


def array(values: Any, dtype: str = "float32") -> Input:
    """The values themselves."""
    return Input("array", np.shape(values), dtype, (values,))


def specials(dtype: str = "float32", *, column: bool = False, nan: bool = True) -> Input:
    """The values at which a dtype's rules show: nan, infinities, signed zeros, halves, the smallest normal and the largest.

    MindSpore's CPU kernels of maximum, clamp and ReLU turn NaN into a bound, other devices keep it: `nan=False` leaves it out.
    Subnormal numbers are left out: whether they count as zero depends on the thread that runs a kernel. As a row, or as a
    column, so that a binary operator sees every pair.
    """
    return Input("special_values", (-1, 1) if column else (-1,), dtype, () if nan else (False,))


def mutable(value: Any) -> Mutable:
    """A Python number or tuple as an input of the graph."""
    return Mutable(value)


def to_bfloat16_bits(values: np.ndarray) -> np.ndarray:
    """The bfloat16 bits (uint16) nearest to float32 `values`, ties to even."""
    bits = np.ascontiguousarray(values, "float32").view("uint32")
    rounded = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("uint16")
    return np.where(np.isnan(values), np.uint16(0x7FC0), rounded).astype("uint16")


def from_bfloat16_bits(bits: np.ndarray) -> np.ndarray:
    """The float32 values of bfloat16 `bits`."""
    return (bits.astype("uint32") << 16).view("float32")


def _normal(generator: np.random.Generator, shape: tuple[int, ...], dtype: str, scale: float) -> np.ndarray:
    values = generator.standard_normal(shape) * scale
    if dtype.startswith("complex"):
        return np.asarray(values + 1j * generator.standard_normal(shape) * scale)
    return np.asarray(values)


def _uniform(generator: np.random.Generator, shape: tuple[int, ...], dtype: str, low: float, high: float) -> np.ndarray:
    return np.asarray(generator.uniform(low, high, shape))


def _integers(generator: np.random.Generator, shape: tuple[int, ...], dtype: str, low: int, high: int) -> np.ndarray:
    return np.asarray(generator.integers(low, high, shape))


def _distinct(generator: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    count = int(np.prod(shape))
    step = 1 if dtype.startswith(("int", "uint")) else 0.25
    offset = 0 if dtype.startswith("uint") else count // 2
    return (generator.permutation(count).reshape(shape) - offset) * step


def _permutation(generator: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    return generator.permuted(np.broadcast_to(np.arange(shape[-1]), shape), axis=-1)


def _array(generator: np.random.Generator, shape: tuple[int, ...], dtype: str, values: Any) -> np.ndarray:
    return np.asarray(values)


def _special_values(generator: np.random.Generator, shape: tuple[int, ...], dtype: str, nan: bool = True) -> np.ndarray:
    if dtype == "bool":
        return np.array([False, True]).reshape(shape)
    if dtype.startswith(("int", "uint")):
        limits = np.iinfo(dtype)
        values = {
            int(limits.min),
            int(limits.min) + 1,
            -7,
            -3,
            -2,
            -1,
            0,
            1,
            2,
            3,
            7,
            int(limits.max) - 1,
            int(limits.max),
        }
        return np.array(sorted(value for value in values if value >= limits.min), dtype).reshape(shape)
    limits = np.finfo("float32" if dtype == "bfloat16" else dtype)
    extremes = [np.inf, limits.max, limits.tiny, 0.0]
    ordinary = [0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 7.75, 60.0]
    magnitudes = [float(value) for value in (*extremes, *ordinary)]
    return np.array([*([np.nan] if nan else []), *magnitudes, *(-value for value in magnitudes)]).reshape(shape)


MAKERS: dict[str, Callable[..., np.ndarray]] = {
    "normal": _normal,
    "uniform": _uniform,
    "integers": _integers,
    "distinct": _distinct,
    "permutation": _permutation,
    "array": _array,
    "special_values": _special_values,
}
