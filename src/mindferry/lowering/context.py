"""What a lowering gets as `op`: the builder, the node at hand, and MindSpore's own notions of values.

A value in a lowering is an `ir.Value`, a Python scalar or string, None, `Complex`, or a tuple of values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.graph import Node, ScalarType, SequenceType, TensorType, Type
from mindferry.lowering import dtypes
from mindferry.lowering.builder import Builder
from mindferry.lowering.kernels import carried
from mindferry.lowering.report import Report
from mindferry.lowering.sizes import Sizes
from mindferry.types import DType


@dataclass(frozen=True, slots=True)
class Complex:
    """A complex tensor as its real and imaginary parts; ONNX runtimes have no complex kernels."""

    real: ir.Value
    imag: ir.Value


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked of a conversion.

    Attributes:
        opset: ONNX opset of the result.
        approximate: allow lowerings that are not exact.
        reshaped: input shapes were overridden, so recorded shapes no longer bind.
    """

    opset: int
    approximate: bool = False
    reshaped: bool = False


class Context(Builder):
    """The builder as lowerings see it.

    Attributes:
        node: the source node that is being lowered.
        operand_types: the recorded types of its operands, None where the file records none.
        written: by index, the new values of operands that the primitive writes to; a lowering fills it where these are
            not just its result in the first operand.
        overrides: (recorded size, size or symbol now) of the input dimensions that the user replaced.
        sizes: what is known of sizes that are computed at run time.
        report: what the conversion tells the user.
    """

    node: Node
    operand_types: tuple[Type | None, ...] = ()

    def __init__(self, options: Options, report: Report, *, name: str = "main", outer: Context | None = None) -> None:
        super().__init__(options.opset, name=name, outer=outer)
        self.options, self.report = options, report
        self.written: dict[int, Any] = {}
        self.sizes: Sizes = outer.sizes if outer is not None else Sizes()
        self.overrides: set[tuple[int, int | str]] = outer.overrides if outer is not None else set()
        if outer is not None:
            self.node, self.operand_types = outer.node, outer.operand_types

    def inner(self, name: str) -> Context:
        inner = Context(self.options, self.report, name=self.unique(name), outer=self)
        inner.prefix = self.prefix
        return inner

    def _call(self, operator: str, /, *inputs: Any, outputs: int = 1, **attributes: Any) -> Any:
        result = carried(super()._call, operator, self.opset, inputs, attributes, outputs)
        self.sizes.learn(operator, inputs, attributes, result)
        return result

    @property
    def result_dtype(self) -> ir.DataType | None:
        """The recorded element type of the node's result (of the first tensor in a tuple), or None."""
        kind = self.node.type
        while isinstance(kind, SequenceType) and kind.items:
            kind = kind.items[0]
        return dtypes.TO_ONNX[kind.dtype] if isinstance(kind, TensorType | ScalarType) else None

    def dtype_of_result(self, index: int, default: ir.DataType) -> ir.DataType:
        """The recorded element type of one of the node's results, or the default where the file records none."""
        kind = self.node.type
        if isinstance(kind, SequenceType) and kind.items is not None and index < len(kind.items):
            kind = kind.items[index]
            return dtypes.TO_ONNX[kind.dtype] if isinstance(kind, TensorType | ScalarType) else default
        return default

    @property
    def gives_complex(self) -> bool:
        """Whether the node's recorded result is complex."""
        return self.result_dtype in (ir.DataType.COMPLEX64, ir.DataType.COMPLEX128)

    def dtype(self, argument: Any) -> ir.DataType:
        """The ONNX element type of a dtype argument (TypeId number or DType)."""
        return dtypes.onnx_dtype(argument)

    def value(self, item: Any, dtype: ir.DataType | None = None) -> ir.Value:
        """A tensor of the item: a value as it is, a number as a 0-d constant, a tuple of numbers as a 1-D tensor.

        With a dtype, the result is cast to it.
        """
        if isinstance(item, ir.Value):
            return item if dtype is None else self.cast(item, dtype)
        if isinstance(item, tuple | list):
            if any(isinstance(part, ir.Value) for part in item):
                parts = [self.Reshape(self.value(part, dtype), [1]) for part in item]
                whole = self.Concat(*parts, axis=0)
                self.sizes.vector(whole, item)
                return whole
            return self.constant(list(item), dtype)
        if isinstance(item, bool | int | float | np.ndarray | np.generic):
            return self.constant(item, dtype)
        raise LoweringError(f"{type(item).__name__} {item!r} cannot be a tensor")

    def cast(self, x: Any, dtype: ir.DataType | DType | None) -> ir.Value:
        """x in the given element type, or in its own where that is None; a Cast only where it is needed."""
        if dtype is None:
            return self.value(x)
        target = dtypes.onnx_dtype(dtype)
        if not isinstance(x, ir.Value):
            return self.value(x, target)
        if x.dtype == target:
            return x
        return self.Cast(x, to=target.value)

    def promote(self, *items: Any, to: ir.DataType | None = None) -> tuple[ir.Value, ...]:
        """The items as tensors of one element type: `to`, or the type in which MindSpore computes.

        Python numbers take the tensors' type, except that a float among integer tensors makes all of them float32.
        """
        if to is None:
            kinds = [item.dtype for item in items if isinstance(item, ir.Value) and item.dtype is not None]
            if not kinds:
                return tuple(self.value(item) for item in items)
            to = kinds[0]
            for kind in kinds[1:]:
                to = dtypes.common(to, kind)
            to = dtypes.with_numbers(to, [item for item in items if not isinstance(item, ir.Value)])
        return tuple(self.cast(item, to) for item in items)

    def static(self, item: Any) -> npt.NDArray[Any] | None:
        """The item as an array where it is known at conversion time, else None."""
        if isinstance(item, ir.Value):
            return None if item.const_value is None else item.const_value.numpy()
        if isinstance(item, tuple | list) and any(self.static(part) is None for part in item):
            return None
        if isinstance(item, tuple | list):
            return np.array([self.static(part) for part in item])
        return np.asarray(item) if isinstance(item, bool | int | float) else None

    def integers(self, item: Any, what: str = "the argument") -> list[int]:
        """The item as Python integers.

        Raises:
            LoweringError: it is only known at run time.
        """
        array = self.static(item)
        if array is None:
            raise LoweringError(f"{what} is only known at run time")
        return [int(number) for number in np.atleast_1d(array).ravel()]

    def ints(self, item: Any) -> ir.Value:
        """A 1-D int64 tensor of integers, each known now or at run time."""
        if isinstance(item, ir.Value):
            one = self.cast(item, ir.DataType.INT64)
            return one if one.shape is not None and len(one.shape) == 1 else self.Reshape(one, [-1])
        items = list(item) if isinstance(item, tuple | list) else [item]
        return self.value(items, ir.DataType.INT64)

    def rank(self, x: ir.Value) -> int:
        """Number of dimensions.

        Raises:
            LoweringError: it is unknown.
        """
        if x.shape is None:
            raise LoweringError("needs a known rank, but the input's is dynamic")
        return len(x.shape)

    def shape(self, x: ir.Value) -> tuple[Any, ...]:
        """The dimensions: Python integers where known, else 0-d int64 values."""
        return tuple(self.dim(x, axis) for axis in range(self.rank(x)))

    def dim(self, x: ir.Value, axis: int) -> Any:
        """One dimension: a Python integer where known, else a 0-d int64 value."""
        assert x.shape is not None
        size = x.shape[axis]
        if isinstance(size, int):
            return size
        axis %= len(x.shape)
        one = self.Shape(x, start=axis, end=axis + 1) if self.opset >= 15 else self.Gather(self.Shape(x), [axis])
        result = self.Squeeze(one, [0])
        self.sizes.dimension(result, size.value)
        return result

    def axes(self, x: ir.Value, axis: Any) -> list[int]:
        """Axes as non-negative integers in ascending order; None and () mean all of them."""
        rank = self.rank(x)
        given = [] if axis is None else self.integers(axis, "the axis")
        if any(not -max(rank, 1) <= one < max(rank, 1) for one in given):
            raise LoweringError(f"axis {given} is outside rank {rank}")
        return sorted({one % rank for one in given}) if given and rank else list(range(rank))


def static_shape(x: ir.Value) -> tuple[int, ...]:
    """The shape of a tensor whose dimensions are all known.

    Raises:
        LoweringError: a dimension or the rank is unknown.
    """
    if x.shape is None or not all(isinstance(size, int) for size in x.shape):
        raise LoweringError(f"needs a static shape, got {x.shape}")
    return tuple(int(size) for size in x.shape)  # type: ignore[arg-type]


class StaticSizes:
    """Some sizes of a tensor by their axes, as of a tuple: only those that are asked for must be known."""

    def __init__(self, x: ir.Value) -> None:
        self._x = x

    @overload
    def __getitem__(self, axes: int) -> int: ...
    @overload
    def __getitem__(self, axes: slice) -> tuple[int, ...]: ...
    def __getitem__(self, axes: int | slice) -> int | tuple[int, ...]:
        """The sizes of the axes.

        Raises:
            LoweringError: one of them or the rank is unknown.
        """
        if self._x.shape is None:
            raise LoweringError(f"needs a known number of dimensions, got {self._x.shape}")
        found = [int(size) if isinstance(size, int) else None for size in self._x.shape]
        chosen = found[axes] if isinstance(axes, slice) else [found[axes]]
        sizes = tuple(size for size in chosen if size is not None)
        if len(sizes) < len(chosen):
            which = f"{axes.start or ''}:{axes.stop or ''}" if isinstance(axes, slice) else axes
            raise LoweringError(f"needs a known size of axes {which}, got {self._x.shape}")
        return sizes if isinstance(axes, slice) else sizes[0]


def flatten(value: Any) -> Sequence[Any]:
    """The leaves of nested tuples, in order."""
    return [leaf for item in value for leaf in flatten(item)] if isinstance(value, tuple | list) else [value]
