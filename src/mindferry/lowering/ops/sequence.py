"""Tuples and lists; they exist only while a model is lowered."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.branches import same
from mindferry.lowering.context import Context
from mindferry.lowering.registry import lowers, refuse

Items = tuple[Any, ...]


@lowers("MakeTuple", "make_list", "MakeList", "RealMakeTuple")
def make_tuple(op: Context, *items: Any) -> Items:
    """The items as one tuple."""
    return items


@lowers("TupleGetItem", "ListGetItem", "RealTupleGetItem", "list_getitem")
def tuple_get_item(op: Context, items: Items, index: Any) -> Any:
    """One item; a negative index counts from the end."""
    (place,) = op.integers(index, "the index")
    return items[place]


@lowers("tuple_setitem", "list_setitem", "TupleSetItem", "ListSetItem")
def tuple_set_item(op: Context, items: Items, index: Any, value: Any) -> Items:
    """The items with one replaced."""
    (place,) = op.integers(index, "the index")
    changed = list(items)
    changed[place] = value
    return tuple(changed)


@lowers("TupleToList", "ListToTuple", "tuple_to_list", "list_to_tuple")
def tuple_to_list(op: Context, items: Items) -> Items:
    """The same items."""
    return items


@lowers("ListAppend", "list_append")
def list_append(op: Context, items: Items, value: Any) -> Items:
    """The items and one more."""
    return (*items, value)


@lowers("ListInsert")
def list_insert(op: Context, items: Items, index: Any, value: Any) -> Items:
    """The items with one more before index."""
    (place,) = op.integers(index, "the index")
    changed = list(items)
    changed.insert(place, value)
    return tuple(changed)


@lowers("SequenceAdd")
def sequence_add(op: Context, x: Items, y: Items) -> Items:
    """The items of x, then those of y."""
    return x + y


@lowers("SequenceMul")
def sequence_mul(op: Context, items: Items, times: Any) -> Items:
    """The items several times."""
    return items * _bounds(op, times)[0]


@lowers("SequenceSlice")
def sequence_slice(op: Context, items: Items, start: Any, stop: Any, step: Any) -> Items:
    """items[start:stop:step]."""
    return items[slice(*_bounds(op, start, stop, step))]


@lowers("SequenceSliceSetItem")
def sequence_slice_set_item(op: Context, items: Items, values: Items, start: Any, stop: Any, step: Any) -> Items:
    """The items with items[start:stop:step] replaced."""
    changed = list(items)
    changed[slice(*_bounds(op, start, stop, step))] = values
    return tuple(changed)


def _bounds(op: Context, *numbers: Any) -> list[int]:
    """Numbers on which the length of a sequence depends, as Python integers.

    Raises:
        LoweringError: one of them is only known at run time.
    """
    if any(op.static(number) is None for number in numbers):
        raise LoweringError("the length of its result is only known at run time; make it a constant of the network")
    return [op.integers(number)[0] for number in numbers]


@lowers("SequenceLen", "sequence_len")
def sequence_len(op: Context, items: Items) -> int:
    """Number of items."""
    return len(items)


@lowers("SequenceConcat")
def sequence_concat(op: Context, items: Items, axis: int = 0) -> ir.Value:
    """Tensors joined along an existing axis."""
    return op.Concat(*op.promote(*items), axis=axis)


@lowers("SequenceStack")
def sequence_stack(op: Context, items: Items, axis: int = 0) -> ir.Value:
    """Tensors or scalars joined along a new axis."""
    return op.Concat(*(op.Unsqueeze(item, [axis]) for item in op.promote(*items)), axis=axis)


@lowers("SequenceUnstack")
def sequence_unstack(op: Context, x: ir.Value, axis: int = 0) -> Items:
    """The slices of x along an axis of known size."""
    size = op.dim(x, axis)
    if not isinstance(size, int):
        raise LoweringError(f"needs a known size along axis {axis}, got shape {x.shape}")
    return tuple(op.Gather(x, index, axis=axis) for index in range(size))


@lowers("SequenceAddN")
def sequence_add_n(op: Context, items: Items) -> ir.Value:
    """The sum of tensors."""
    return _sum(op, op.promote(*items))


@lowers("SequenceZerosLike")
def sequence_zeros_like(op: Context, items: Items) -> Items:
    """Zeros in the items' types and shapes."""
    return tuple(
        op.Expand(op.cast(0, item.dtype), op.Shape(item)) if isinstance(item, ir.Value) else type(item)(0)
        for item in items
    )


@lowers("SequenceAddOffset")
def sequence_add_offset(op: Context, x: Items, y: Items) -> Items:
    """Where x and y start in their concatenation."""
    return (0, len(x))


def _extreme(pick: Callable[..., Any], onnx: str) -> Callable[[Context, Items], Any]:
    def function(op: Context, items: Items) -> Any:
        if any(isinstance(item, ir.Value) for item in items):
            return getattr(op, onnx)(*op.promote(*items))
        return pick(items)

    return function


lowers("SequenceMax")(_extreme(max, "Max"))
lowers("SequenceMin")(_extreme(min, "Min"))


@lowers("SequenceCount")
def sequence_count(op: Context, items: Items, value: Any) -> Any:
    """How many items equal the value."""
    if not any(isinstance(item, ir.Value) for item in (*items, value)):
        return items.count(value)
    return _sum(op, [op.cast(_equal(op, item, value), ir.DataType.INT64) for item in items])


@lowers("InSequence", "in_sequence")
def in_sequence(op: Context, value: Any, items: Items) -> Any:
    """True where an item equals the value."""
    if any(same(item, value) for item in items):
        return True
    if not any(isinstance(item, ir.Value) for item in (*items, value)):
        return value in items
    found = op.constant(False)
    for item in items:
        found = op.Or(found, _equal(op, item, value))
    return found


def _ordered(
    operator: Callable[[Any, Any], bool], strict: str, *, equal: bool
) -> Callable[[Context, Items, Items], Any]:
    """A comparison of two sequences, by their first unequal items or, where there are none, by their lengths."""

    def function(op: Context, x: Items, y: Items) -> Any:
        if not any(isinstance(item, ir.Value) for item in (*x, *y)):
            return operator(x, y)
        found = op.constant(operator(len(x), len(y)) if len(x) != len(y) else equal)
        for left, right in reversed(list(zip(x, y, strict=False))):
            a, b = op.promote(left, right)
            found = op.Or(getattr(op, strict)(a, b), op.And(op.Equal(a, b), found))
        return found

    return function


for _kind in ("tuple", "list"):
    lowers(f"{_kind}_lt")(_ordered(operator.lt, "Less", equal=False))
    lowers(f"{_kind}_le")(_ordered(operator.le, "Less", equal=True))
    lowers(f"{_kind}_greater_than")(_ordered(operator.gt, "Greater", equal=False))
    lowers(f"{_kind}_greater_equal")(_ordered(operator.ge, "Greater", equal=True))


@lowers("tuple_equal", "list_equal")
def tuple_equal(op: Context, x: Items, y: Items) -> Any:
    """True where the sequences have one length and equal items."""
    if len(x) != len(y) or not any(isinstance(item, ir.Value) for item in (*x, *y)):
        return x == y
    return functools.reduce(
        lambda left, right: op.And(left, right), [_equal(op, a, b) for a, b in zip(x, y, strict=True)]
    )


@lowers("make_range")
def make_range(op: Context, start: Any, limit: Any = None, delta: Any = 1) -> Items:
    """range(start, limit, delta), or range(start) where it stands alone."""
    first, last = (0, start) if limit is None else (start, limit)
    return tuple(range(*_bounds(op, first, last, delta)))


@lowers("shape_mul")
def shape_mul(op: Context, sizes: Items) -> Any:
    """The product of the sizes."""
    if not any(isinstance(size, ir.Value) for size in sizes):
        return math.prod(sizes)
    return functools.reduce(lambda left, right: op.Mul(left, right), op.promote(*sizes))


@lowers("SequenceIndex")
def sequence_index(op: Context, items: Items, value: Any, start: int = 0, end: int | None = None) -> Any:
    """Place of the first item in items[start:end] that equals the value, which must be there."""
    stop = len(items) if end is None else end
    if not any(isinstance(item, ir.Value) for item in (*items, value)):
        return items.index(value, start, stop)
    equal = [op.Unsqueeze(op.cast(_equal(op, item, value), ir.DataType.INT32), [0]) for item in items[start:stop]]
    return op.Add(op.ArgMax(op.Concat(*equal, axis=0), axis=0, keepdims=0), start)


def _sum(op: Context, values: Sequence[ir.Value]) -> ir.Value:
    return functools.reduce(lambda left, right: op.Add(left, right), values)


def _equal(op: Context, x: Any, y: Any) -> ir.Value:
    left, right = op.promote(x, y)
    equal = op.Equal(left, right)
    return (
        equal
        if op.rank(equal) == 0
        else op.cast(op.ReduceMin(op.cast(equal, ir.DataType.INT32), keepdims=0), ir.DataType.BOOL)
    )


refuse(
    "index arithmetic over a tensor of unknown rank; export the network with a known number of dimensions",
    "NormalizeSlice", "ShapeCalc",
)  # fmt: skip


@lowers("is_")
def is_(op: Context, x: Any, y: Any) -> Any:
    """Python's `x is y` of bools, None and the like; a bool that is only known at run time is compared."""
    if not isinstance(x, ir.Value) and not isinstance(y, ir.Value):
        return x is y
    return _equal(op, x, y) if isinstance(y if isinstance(x, ir.Value) else x, bool | ir.Value) else False


@lowers("is_not")
def is_not(op: Context, x: Any, y: Any) -> Any:
    """Python's `x is not y`, as is_."""
    result = is_(op, x, y)
    return op.Not(result) if isinstance(result, ir.Value) else not result
