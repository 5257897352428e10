"""Axes that are only known at run time, which ONNX's operators mostly do not take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.lowering.context import Complex, Context
from mindferry.lowering.layouts import one_axis


def axis_of(op: Context, axis: Any, rank: int) -> Any:
    """An axis, counted from the front where it is known at conversion time, else as it is."""
    return axis if op.static(axis) is None else one_axis(op, axis, rank)


def along(op: Context, x: Any, axis: Any, step: Callable[[Any, int], Any]) -> Any:
    """step(x, axis); an axis that is only known at run time is the second of three meanwhile."""
    if isinstance(axis, int):
        return step(x, axis)
    shape, rank = op.Shape(_first(x)), op.rank(_first(x))
    place = op.Mod(op.ints(axis), rank)
    numbers = op.constant(np.arange(rank))
    before, behind = (op.Where(side, shape, 1) for side in (op.Less(numbers, place), op.Less(place, numbers)))
    products = [op.ReduceProd(sizes, keepdims=1) for sizes in (before, behind)]
    three = op.Concat(products[0], op.Gather(shape, place), products[1], axis=0)
    made = step(_parts(lambda part: _of_rank(op.Reshape(part, three), 3), x), 1)
    size = op.Gather(op.Shape(_first(made)), [1])
    target = op.ScatterElements(shape, place, size, axis=0)
    return _parts(lambda part: _of_rank(op.Reshape(part, target), rank), made)


def _parts(function: Callable[[ir.Value], ir.Value], x: Any) -> Any:
    return Complex(function(x.real), function(x.imag)) if isinstance(x, Complex) else function(x)


def _of_rank(x: ir.Value, rank: int) -> ir.Value:
    x.shape = ir.Shape([None] * rank)
    return x


def _first(x: Any) -> ir.Value:
    return x.real if isinstance(x, Complex) else x
