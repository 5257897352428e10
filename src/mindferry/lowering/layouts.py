"""What lowerings of layout share: both parts of complex tensors alike, equal splits, axes as counted from the front."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Complex, Context, flatten


def by_parts(function: Callable[..., Any]) -> Callable[..., Any]:
    """The lowering, applied to the real and to the imaginary parts where an argument holds complex tensors."""

    @functools.wraps(function)
    def apart(op: Context, *arguments: Any, **named: Any) -> Any:
        if not any(isinstance(leaf, Complex) for leaf in flatten([arguments, list(named.values())])):
            return function(op, *arguments, **named)
        real, imag = (
            function(op, *_part(arguments, part), **{name: _part(value, part) for name, value in named.items()})
            for part in ("real", "imag")
        )
        return _join(real, imag)

    return apart


def _part(item: Any, part: str) -> Any:
    if isinstance(item, tuple | list):
        return tuple(_part(one, part) for one in item)
    return getattr(item, part) if isinstance(item, Complex) else item


def _join(real: Any, imag: Any) -> Any:
    if isinstance(real, tuple):
        return tuple(_join(*pair) for pair in zip(real, imag, strict=True))
    return Complex(real, imag) if isinstance(real, ir.Value) else real


def one_axis(op: Context, axis: Any, rank: int) -> int:
    """A single axis of a tensor of the given rank, counted from the front.

    Raises:
        LoweringError: there is no such axis, or more than one is given.
    """
    given = op.integers(axis, "the axis")
    if len(given) != 1 or not -max(rank, 1) <= given[0] < max(rank, 1):
        raise LoweringError(f"axis {axis!r} is not one axis of rank {rank}")
    return given[0] % max(rank, 1)


def without_bfloat16(op: Context, function: Callable[[ir.Value], ir.Value], x: ir.Value) -> ir.Value:
    """function(x) of an operator that only moves elements, in float32 for bfloat16, which ONNX does not give it."""
    if x.dtype != ir.DataType.BFLOAT16:
        return function(x)
    return op.cast(function(op.cast(x, ir.DataType.FLOAT)), ir.DataType.BFLOAT16)


_NUMBERS = {"Add": operator.add, "Sub": operator.sub, "Mul": operator.mul, "Div": operator.floordiv}


def count(op: Context, how: str, left: Any, right: Any) -> Any:
    """Add, Sub, Mul or (for numbers that are not negative) Div of integers, each known now or at run time."""
    if isinstance(left, int) and isinstance(right, int):
        return _NUMBERS[how](left, right)
    return getattr(op, how)(*(op.cast(number, ir.DataType.INT64) for number in (left, right)))


def split(op: Context, x: ir.Value, axis: int, parts: int | Sequence[int]) -> tuple[ir.Value, ...]:
    """x cut along an axis into a number of equal parts, or into parts of the given sizes."""
    if isinstance(parts, int):
        size = None if x.shape is None else x.shape[axis]
        if isinstance(size, int):
            if size % parts:
                raise LoweringError(f"axis {axis} of size {size} does not split into {parts} equal parts")
            parts = [size // parts] * parts
        elif op.opset >= 18:
            return _tuple(op.Split(x, axis=axis, num_outputs=parts, outputs=parts))
        else:
            return _tuple(op.Split(x, axis=axis, outputs=parts))
    return _tuple(op.Split(x, list(parts), axis=axis, outputs=len(parts)))


def _tuple(result: Any) -> tuple[ir.Value, ...]:
    return result if isinstance(result, tuple) else (result,)


def diagonal_of(op: Context, x: ir.Value, offset: int, first: int, second: int) -> ir.Value:
    """The diagonal of two axes as a new last axis; offset moves it along the second axis."""
    rank = op.rank(x)
    rest = [axis for axis in range(rank) if axis not in (first, second)]
    rows, columns = op.dim(x, first), op.dim(x, second)
    moved = op.Transpose(x, perm=[*rest, first, second]) if [*rest, first, second] != list(range(rank)) else x
    if isinstance(rows, int) and isinstance(columns, int):
        count = max(0, min(rows + min(offset, 0), columns - max(offset, 0)))
        start = max(offset, 0) + max(-offset, 0) * columns
        places: Any = np.arange(count) * (columns + 1) + start
    else:
        rows, columns = op.value(rows), op.value(columns)
        count = op.Max(op.Min(op.Add(rows, min(offset, 0)), op.Sub(columns, max(offset, 0))), 0)
        start = op.Add(op.Mul(columns, max(-offset, 0)), max(offset, 0))
        places = op.Add(op.Mul(op.Range(0, count, 1), op.Add(columns, 1)), start)
    sizes = [op.dim(x, axis) for axis in rest]
    return op.Gather(op.Reshape(moved, op.ints([*sizes, -1])), places, axis=len(rest))
