"""Element types, dimensions and tensor specifications, shared by every format and runtime."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np

Dim: TypeAlias = "int | str | None"
"""A dimension: a size, a symbolic name, or None where it is unknown."""

Shape: TypeAlias = "tuple[Dim, ...]"


class DType(enum.Enum):
    """Element type of a tensor; the value is numpy's (or ml_dtypes') name for it."""

    BOOL = "bool"
    INT8 = "int8"
    INT16 = "int16"
    INT32 = "int32"
    INT64 = "int64"
    UINT8 = "uint8"
    UINT16 = "uint16"
    UINT32 = "uint32"
    UINT64 = "uint64"
    FLOAT16 = "float16"
    BFLOAT16 = "bfloat16"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    COMPLEX64 = "complex64"
    COMPLEX128 = "complex128"
    STRING = "str"

    def numpy(self) -> np.dtype[np.generic]:
        """The numpy dtype; bfloat16 is ml_dtypes', strings are objects."""
        import numpy as np

        if self is DType.BFLOAT16:
            import ml_dtypes

            bfloat16: np.dtype[np.generic] = np.dtype(ml_dtypes.bfloat16)
            return bfloat16
        return np.dtype(object) if self is DType.STRING else np.dtype(self.value)

    @property
    def itemsize(self) -> int:
        """Bytes per element (0 for strings)."""
        return _ITEMSIZE[self]

    @property
    def is_floating(self) -> bool:
        """True for float16, bfloat16, float32 and float64."""
        return "float" in self.value

    @property
    def is_complex(self) -> bool:
        """True for complex64 and complex128."""
        return self.value.startswith("complex")

    @property
    def is_integer(self) -> bool:
        """True for signed and unsigned integers (not for bool)."""
        return "int" in self.value

    def __str__(self) -> str:
        return self.value


_ITEMSIZE = {
    DType.BOOL: 1, DType.INT8: 1, DType.INT16: 2, DType.INT32: 4, DType.INT64: 8,
    DType.UINT8: 1, DType.UINT16: 2, DType.UINT32: 4, DType.UINT64: 8,
    DType.FLOAT16: 2, DType.BFLOAT16: 2, DType.FLOAT32: 4, DType.FLOAT64: 8,
    DType.COMPLEX64: 8, DType.COMPLEX128: 16, DType.STRING: 0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """Name, element type and shape of a model's input or output; None is an unknown element type or rank."""

    name: str
    dtype: DType | None
    shape: Shape | None

    def __str__(self) -> str:
        return f"{self.name}: {self.dtype or '?'}{format_shape(self.shape)}"


def format_shape(shape: Sequence[Dim] | None) -> str:
    """`[batch, 3, ?]` for a shape, `[...]` for an unknown rank."""
    return "[...]" if shape is None else f"[{', '.join('?' if dim is None else str(dim) for dim in shape)}]"


COMPLEX_INPUTS = "mindferry.complex_inputs"
"""Metadata key of ONNX models: the inputs whose last dimension of 2 holds real and imaginary part, a name per line."""
