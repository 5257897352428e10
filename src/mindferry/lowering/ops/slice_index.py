"""Subscripts of several parts, and of slices, on tensors whose sizes are only known at run time.

MindSpore computes the places that a subscript picks with a family of primitives. Their attribute tuple_index_types holds the
kinds of the subscript's parts as TypeId numbers, filled with zeros to eight; an integer, a list and a bool are tensors there.
The number of dimensions must be known, so that everything but sizes is arithmetic at conversion time.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.graph import SequenceType
from mindferry.lowering.context import Context
from mindferry.lowering.registry import lowers

_INT64 = ir.DataType.INT64
_UNUSED, _NONE, _ELLIPSIS, _SLICE, _TENSOR = 0, 7, 9, 15, 17

Sizes = tuple[Any, ...]
"""Python integers where known, else 0-d int64 values."""


@lowers("SliceToIndices")
def slice_to_indices(
    op: Context, x: ir.Value, start: Any, stop: Any, step: Any, *, init_by_none: Any = (0, 0, 0),
    tuple_index_types: Any = (), tuple_index_axis: int = 0, expand_dims_mask: int = 0,
) -> tuple[Any, ...]:  # fmt: skip
    """The places of a slice, the shape of what goes there, start, stop and step, and whether there are no places.

    The places have the shape (n, 1). start and stop lie within the axis, and are equal where there are no places.
    """
    axis = _axis(_rank(x), tuple_index_axis, tuple_index_types, expand_dims_mask)
    (by,) = (1,) if init_by_none[2] else op.integers(step, "the step")
    if by < 1:
        raise LoweringError(f"has step {by}; places are known for steps from 1 on")
    size = op.cast(op.dim(x, axis), _INT64)
    first = _within(op, 0 if init_by_none[0] else start, size)
    last = op.Max(_within(op, size if init_by_none[1] else stop, size), first)
    places = op.Range(first, last, op.cast(by, _INT64))
    count = op.Squeeze(op.Shape(places), [0])
    empty = op.cast(op.Equal(first, last), _INT64)
    return op.Unsqueeze(places, [1]), (count, *op.shape(x)[1:]), first, last, by, empty


@lowers("NormalizeDimIndex")
def normalize_dim_index(
    op: Context, x: ir.Value, *, tuple_index_types: Any, tuple_index_axis: int, expand_dims_cnt: int = 0
) -> int:
    """The axis that a part of a subscript stands for, among those of x and the ones the subscript adds."""
    return _axis(_rank(x) + expand_dims_cnt, tuple_index_axis, tuple_index_types, 0)


@lowers("NormalizeTupleIndex")
def normalize_tuple_index(
    op: Context, x: ir.Value, index: Any, *, origin_index_type: str, tuple_index_types: Any, tuple_index_axis: int,
    expand_dims_mask: int = 0,
) -> ir.Value:  # fmt: skip
    """The places that an integer, a list, None or one axis of an ellipsis picks, none of them negative.

    An axis that an ellipsis does not have gives a place that nothing reads.
    """
    rank = _rank(x)
    if origin_index_type == "ellipsis_index":
        if tuple_index_axis >= _ellipsis_axes(rank, tuple_index_types):
            return op.constant([1], _INT64)
        return _places(op, x, tuple(tuple_index_types).index(_ELLIPSIS) + tuple_index_axis)
    if origin_index_type == "none_index":
        return _places(op, x, _axis(rank, tuple_index_axis, tuple_index_types, 0))
    if origin_index_type == "bool_sequence_index":
        chosen = op.integers(index, "the list of bools")
        return op.constant([place for place, one in enumerate(chosen) if one], _INT64)
    axis = _axis(rank, tuple_index_axis, tuple_index_types, expand_dims_mask)
    places = op.ints(index) if origin_index_type == "tensor_index_sequence_index" else op.cast(index, _INT64)
    return _counted(op, places, op.cast(op.dim(x, axis), _INT64))


@lowers("GetTupleIndexInfo")
def get_tuple_index_info(
    op: Context, x: ir.Value, fancy_position: Any, *places: ir.Value, tuple_index_types: Any, expand_dims_cnt: int = 0,
    tuple_index_info_type: str = "",
) -> tuple[Any, ...]:  # fmt: skip
    """Where the tensors' common shape stands in the result, and the shapes to bring all places to.

    These are the common shape of the tensors, the shape that lines a tensor up with the result, the result's, and those
    that line up the slices, the axes of an ellipsis last. places holds the parts but for the ellipsis, and then its axes.
    """
    if not isinstance(op.node.type, SequenceType) or len(op.node.type.items or ()) != 12:
        raise LoweringError("is laid out as MindSpore before 2.3 did; export the network again")
    parts = [part for part in tuple_index_types if part not in (_UNUSED, _ELLIPSIS)]
    spread = _rank(x) + expand_dims_cnt - len(parts) if _ELLIPSIS in tuple_index_types else 0
    kinds = [*parts, *[_SLICE] * spread]
    shapes = [op.shape(place) for place in places[: len(kinds)]]
    common = _common_shape(op, [shape for kind, shape in zip(kinds, shapes, strict=True) if kind == _TENSOR])
    if tuple_index_info_type == "setitem_by_tuple_with_tensor" and len(common) < 2:
        common = (1, *common)
    if tuple_index_info_type in ("setitem_by_tuple", "setitem_by_tuple_with_tensor"):
        (position,) = op.integers(fancy_position, "the place of the tensors")
    else:
        position = _position(tuple_index_types, spread)
    if tuple_index_info_type == "pre_setitem_by_tuple":
        return (position, common, *((),) * 10)
    lengths = [shape[0] for kind, shape in zip(kinds, shapes, strict=True) if kind != _TENSOR]
    return _lined_up(lengths, common, position, _slices_before(tuple_index_types), spread)


@lowers("RemakeTupleIndex")
def remake_tuple_index(op: Context, x: ir.Value, *places: ir.Value, tuple_index_types: Any) -> ir.Value:
    """The places along every axis of x, joined along a new last axis; those of an ellipsis come last in places."""
    rank = _rank(x)
    before = tuple(tuple_index_types).index(_ELLIPSIS)
    spread = _ellipsis_axes(rank, tuple_index_types)
    others = rank - spread
    ordered = [*places[:before], *places[others:rank], *places[before:others]]
    return op.Concat(*(op.Unsqueeze(op.cast(place, _INT64), [-1]) for place in ordered), axis=-1)


@lowers("RemoveExpandedDims")
def remove_expanded_dims(
    op: Context, x: ir.Value, value: Any, has_false: Any, broadcast_shape: Sizes, idx_advanced: Any, *,
    tuple_index_types: Any, has_true: bool, has_sequence: bool, empty_indices_out: bool, expand_dims_cnt: int = 0,
) -> tuple[Any, ...]:  # fmt: skip
    """How to assign, the shape of the value without the axes that the subscript adds, and where the tensors stand in it.

    How is 0 where nothing is assigned, 1 where all is, and else -1, which does nothing where there are no places.
    """
    if op.static(has_false) is None and empty_indices_out:
        raise LoweringError("assigns to all of a tensor or to nothing, which is only known at run time")
    if op.static(has_false) is not None and op.integers(has_false)[0] > 0:
        return 0, (), idx_advanced
    rank = _rank(x)
    (position,) = op.integers(idx_advanced, "the place of the tensors")
    parts = [part for part in tuple_index_types if part != _UNUSED]
    spread = rank + expand_dims_cnt - len(parts) + 1 if _ELLIPSIS in parts else 0
    rest = 0 if _ELLIPSIS in parts else rank + expand_dims_cnt - len(parts)
    kept: list[bool] = []
    for part in parts:
        kept += [True] * spread if part == _ELLIPSIS else [part == _SLICE] if part in (_SLICE, _NONE) else []
    if position != -1:
        position = min(position, len(kept))
        kept[position:position] = [False] if has_true and not has_sequence else [True] * len(broadcast_shape)
    kept += [True] * rest
    leading = kept.index(True) if True in kept else len(kept)
    sizes = op.shape(op.value(value))
    if len(sizes) > len(kept):
        raise LoweringError(f"assigns a value of {len(sizes)} dimensions to {len(kept)}")
    shape = tuple(size for size, keep in zip(sizes, kept[len(kept) - len(sizes) :], strict=True) if keep)
    return 1 if empty_indices_out else -1, shape, max(0, position - leading)


@lowers("EllipsisToSlice")
def ellipsis_to_slice(
    op: Context, x: ir.Value, begin: Sizes, end: Sizes, strides: Sizes, *, tuple_index_types: Any, end_mask: int = 0,
    begin_mask: int = 0,
) -> tuple[Sizes, Sizes, Sizes]:  # fmt: skip
    """The bounds of a subscript's slices with those of the axes that its ellipsis stands for; masked ends are the sizes."""
    rank = _rank(x)
    place, spread = tuple(tuple_index_types).index(_ELLIPSIS), _ellipsis_axes(rank, tuple_index_types)
    sizes = op.shape(x)
    ends = [*end[:place], *sizes[place : place + spread], *end[place:]]
    for part, kind in enumerate(tuple_index_types):
        axis = _axis(rank, part, tuple_index_types, 0)
        if part > place and end_mask & 1 << part:
            ends[axis] = sizes[axis]
        elif kind == _TENSOR:
            ends[axis] = _after(op, ends[axis], sizes[axis])
    return (
        (*begin[:place], *(0,) * spread, *begin[place:]), tuple(ends), (*strides[:place], *(1,) * spread, *strides[place:]),
    )  # fmt: skip


@lowers("GetSqueezeSliceShape")
def get_squeeze_slice_shape(op: Context, x: ir.Value, *, tuple_index_types: Any) -> Sizes:
    """The sizes of x without those of the axes at which an integer picks one place."""
    rank = _rank(x)
    gone = {_axis(rank, part, tuple_index_types, 0) for part, kind in enumerate(tuple_index_types) if kind == _TENSOR}
    return tuple(size for axis, size in enumerate(op.shape(x)) if axis not in gone)


def _rank(x: ir.Value) -> int:
    if x.shape is None:
        raise LoweringError("needs a known number of dimensions; export the network with one")
    return len(x.shape)


def _ellipsis_axes(rank: int, kinds: Sequence[int]) -> int:
    """How many axes the ellipsis stands for."""
    return rank - sum(kind not in (_UNUSED, _ELLIPSIS) for kind in kinds)


def _axis(rank: int, part: int, kinds: Sequence[int], added: int) -> int:
    """The axis of x that a part of a subscript stands for; added masks the parts that add an axis."""
    if not kinds:
        return 0
    axis = part - (added & (1 << part) - 1).bit_count()
    if _ELLIPSIS not in kinds or part < tuple(kinds).index(_ELLIPSIS):
        return axis
    return axis + _ellipsis_axes(rank + added.bit_count(), kinds) - 1


def _within(op: Context, place: Any, size: ir.Value) -> ir.Value:
    """A place in an axis, counted from its end where negative."""
    return op.Min(op.Max(_counted(op, op.cast(place, _INT64), size), op.cast(0, _INT64)), size)


def _counted(op: Context, place: ir.Value, size: ir.Value) -> ir.Value:
    return op.Where(op.Less(place, op.cast(0, _INT64)), op.Add(place, size), place)


def _after(op: Context, end: Any, size: Any) -> Any:
    """The end of a slice of the one place before it, which is the last of the axis where the end is 0."""
    if isinstance(end, int):
        return end or size
    return op.Where(op.Equal(end, op.cast(0, end.dtype)), op.cast(size, end.dtype), end)


def _places(op: Context, x: ir.Value, axis: int) -> ir.Value:
    zero, one = op.cast(0, _INT64), op.cast(1, _INT64)
    return op.Range(zero, op.cast(op.dim(x, axis), _INT64), one)


def _common_shape(op: Context, shapes: Sequence[Sizes]) -> Sizes:
    """The shape to which the shapes broadcast."""
    rank = max(map(len, shapes), default=0)
    padded = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    return tuple(functools.reduce(lambda a, b: _common_size(op, a, b), sizes) for sizes in zip(*padded, strict=True))


def _common_size(op: Context, left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int) and left != right and 1 not in (left, right):
        raise LoweringError(f"its indices have sizes {left} and {right}, which do not broadcast")
    if isinstance(left, int):
        return right if left == 1 else left
    if isinstance(right, int):
        return left if right == 1 else right
    return op.Where(op.Equal(left, op.cast(1, _INT64)), right, left)


def _position(kinds: Sequence[int], spread: int) -> int:
    """Where the tensors' common shape stands in the result: at the first of them, or in front if they stand apart."""
    parts = [part for kind in kinds for part in ([_SLICE] * spread if kind == _ELLIPSIS else [kind])]
    found = [place for place, part in enumerate(parts) if part == _TENSOR]
    return found[0] if found and found[-1] - found[0] == len(found) - 1 else 0


def _slices_before(kinds: Sequence[int]) -> int:
    """How many slices come before the ellipsis, if there is one."""
    front = tuple(kinds)[: tuple(kinds).index(_ELLIPSIS)] if _ELLIPSIS in kinds else tuple(kinds)
    return front.count(_SLICE)


def _lined_up(lengths: Sequence[Any], common: Sizes, position: int, before: int, spread: int) -> tuple[Any, ...]:
    """The twelve results of GetTupleIndexInfo.

    Args:
        lengths: numbers of places of the slices, the axes of an ellipsis last.
        before: how many slices come before those axes in the result.
    """
    count = len(lengths)
    order = [*range(before), *range(count - spread, count), *range(before, count - spread)]
    position = min(position, count)
    final = [lengths[place] for place in order]
    final[position:position] = common
    tensor = [1] * count
    tensor[position:position] = common
    shapes = []
    for place in range(count):
        shape = [lengths[place] if other == place else 1 for other in order]
        shape[position:position] = [1] * len(common)
        shapes.append(tuple(shape))
    shapes += [(1,) * len(final)] * (8 - count)
    return (position, common, tuple(tensor), tuple(final), *shapes)
