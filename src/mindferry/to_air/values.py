"""The values that GE ops read and give."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.dtypes import FROM_ONNX
from mindferry.types import DType

if TYPE_CHECKING:
    from mindferry.to_air.builder import Draft


@dataclass(slots=True, eq=False)
class Value:
    """A tensor: an op's result or a constant.

    Attributes:
        shape: -1 is an unknown size, None an unknown rank.
        tensor: the elements of a constant.
        name: of a constant.
        draft: the op that gives it; index: which of its results it is.
    """

    dtype: DType
    shape: tuple[int, ...] | None
    tensor: ir.TensorProtocol | None = None
    name: str = ""
    draft: Draft | None = None
    index: int = 0

    @property
    def rank(self) -> int:
        """The number of dimensions.

        Raises:
            LoweringError: it is unknown.
        """
        return len(self.known_shape)

    @property
    def known_shape(self) -> tuple[int, ...]:
        """The shape, whose rank is known.

        Raises:
            LoweringError: it is not.
        """
        if self.shape is None:
            raise LoweringError("needs an input of known rank")
        return self.shape

    @property
    def is_static(self) -> bool:
        """True where every dimension is known."""
        return self.shape is not None and -1 not in self.shape

    def array(self) -> npt.NDArray[Any] | None:
        """The elements of a constant, else None."""
        return None if self.tensor is None else np.asarray(self.tensor.numpy())

    def ints(self, what: str) -> list[int]:
        """The numbers of a constant list (or scalar) of integers.

        Raises:
            LoweringError: it is not constant.
        """
        array = self.array()
        if array is None:
            raise LoweringError(f"needs constant {what}")
        return [int(item) for item in array.reshape(-1)]


def element_type(dtype: ir.DataType | None) -> DType:
    """The element type of an ONNX value.

    Raises:
        LoweringError: it is unknown, or AIR has no such type.
    """
    if dtype is None:
        raise LoweringError("has a value whose element type ONNX's inference does not find")
    found = FROM_ONNX.get(dtype)
    if found is None or found is DType.STRING:
        raise LoweringError(f"AIR has no tensors of type {dtype}")
    return found


def sizes(shape: ir.Shape | ir.ShapeProtocol | None) -> tuple[int, ...] | None:
    """An ONNX shape with -1 for sizes that are not known."""
    return None if shape is None else tuple(size if isinstance(size, int) else -1 for size in shape)


def of_tensor(tensor: ir.TensorProtocol, name: str) -> Value:
    """A constant."""
    return Value(element_type(tensor.dtype), sizes(tensor.shape), tensor, name)


def broadcast(values: Sequence[Value]) -> tuple[int, ...] | None:
    """The shape of values that are broadcast together; None where a rank is unknown."""
    shapes = [value.shape for value in values]
    known = [shape for shape in shapes if shape is not None]
    if len(known) < len(shapes):
        return None
    rank = max(map(len, known), default=0)
    columns = zip(*((1,) * (rank - len(shape)) + shape for shape in known), strict=True)
    return tuple(_size(column) for column in columns)


def _size(column: Sequence[int]) -> int:
    others = [size for size in column if size != 1]
    fixed = [size for size in others if size != -1]
    return fixed[0] if fixed else (-1 if others else 1)


def product(shape: Sequence[int]) -> int:
    """The number of elements, -1 where it is not known."""
    return -1 if -1 in shape else math.prod(shape)
