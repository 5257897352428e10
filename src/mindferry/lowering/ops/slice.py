"""Parts of tensors by position: slices with steps, and single positions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.layouts import by_parts, count, one_axis
from mindferry.lowering.registry import lowers
from mindferry.lowering.reshaped import changed_axes, free_range

_END = 2**63 - 1
"""Behind every position; its negative lies before every position."""


def sliced(op: Context, x: ir.Value, ranges: dict[int, tuple[Any, Any, Any]]) -> ir.Value:
    """x[begin:end:step] along each given axis, as Python slices; the numbers may be known only at run time."""
    kept = {axis: one for axis, one in ranges.items() if not _is_whole(x, axis, one)}
    if not kept:
        return x
    begins, ends, steps = zip(*kept.values(), strict=True)
    return op.Slice(x, op.ints(begins), op.ints(ends), list(kept), None if set(steps) == {1} else op.ints(steps))


def _is_whole(x: ir.Value, axis: int, part: tuple[Any, Any, Any]) -> bool:
    begin, end, step = part
    size = x.shape[axis] if x.shape is not None else None
    known = all(isinstance(one, int) for one in (begin, end))
    return known and begin == 0 and step == 1 and (end == _END or (isinstance(size, int) and end >= size))


def picked(op: Context, x: ir.Value, positions: dict[int, Any]) -> ir.Value:
    """x at one position of each given axis, without those axes; a negative position counts from the end."""
    for axis in sorted(positions, reverse=True):
        x = op.Gather(x, op.cast(positions[axis], ir.DataType.INT64), axis=axis)
    return x


def numbers_of(op: Context, item: Any) -> list[Any]:
    """A tuple or 1-D tensor of integers as a list, each a Python integer where known, else a 0-d int64 value."""
    if op.static(item) is not None:
        return op.integers(item)
    if isinstance(item, tuple | list):
        return [one if isinstance(one, int) else op.Reshape(op.cast(one, ir.DataType.INT64), []) for one in item]
    if item.shape is None or len(item.shape) != 1 or not isinstance(item.shape[0], int):
        raise LoweringError(f"needs a 1-D tensor of a known length, got {item.shape}")
    return [op.Gather(op.cast(item, ir.DataType.INT64), index) for index in range(item.shape[0])]


@lowers("StridedSlice")
@by_parts
def strided_slice(
    op: Context, input_x: ir.Value, begin: Any, end: Any, strides: Any, begin_mask: int = 0, end_mask: int = 0,
    ellipsis_mask: int = 0, new_axis_mask: int = 0, shrink_axis_mask: int = 0,
) -> ir.Value:  # fmt: skip
    """x[begin:end:strides, ...] with bit i of a mask about entry i.

    A bit ignores begin or end, makes the entry an ellipsis, a new axis, or a single position whose axis goes away.
    """
    begins, ends, steps = (numbers_of(op, item) for item in (begin, end, strides))
    ranges: dict[int, tuple[Any, Any, Any]] = {}
    positions: dict[int, Any] = {}
    new: list[int] = []
    place = 0
    rank = op.rank(input_x) if ellipsis_mask else len(begins)
    changed = changed_axes(op, input_x)
    for entry, axis in _entries(rank, len(begins), ellipsis_mask, new_axis_mask):
        if entry is None:
            place += 1
        elif axis is None:
            new.append(place)
            place += 1
        elif shrink_axis_mask >> entry & 1:
            positions[axis] = 0 if begin_mask >> entry & 1 else begins[entry]
        else:
            first = _by_step(op, steps[entry], 0, _END) if begin_mask >> entry & 1 else begins[entry]
            last = _by_step(op, steps[entry], _END, -_END) if end_mask >> entry & 1 else ends[entry]
            ranges[axis] = free_range(axis, (first, last, steps[entry]), changed)
            place += 1
    result = picked(op, sliced(op, input_x, ranges), positions)
    return op.Unsqueeze(result, new) if new else result


def _by_step(op: Context, step: Any, forward: int, backward: int) -> Any:
    """One number for a positive step, and another one for a negative step."""
    if isinstance(step, int):
        return forward if step > 0 else backward
    return op.Where(op.Less(step, 0), backward, forward)


def _entries(rank: int, count: int, ellipsis_mask: int, new_axis_mask: int) -> Iterator[tuple[int | None, int | None]]:
    """(entry, axis) in order; without an axis the entry is a new one, without an entry the axis stays whole."""
    new = [entry for entry in range(count) if new_axis_mask >> entry & 1 and not ellipsis_mask >> entry & 1]
    dots = bin(ellipsis_mask & ((1 << count) - 1)).count("1")
    whole = rank - (count - len(new) - dots)
    axis = 0
    for entry in range(count):
        if ellipsis_mask >> entry & 1:
            yield from ((None, axis + skipped) for skipped in range(whole))
            axis += whole
        elif entry in new:
            yield entry, None
        else:
            yield entry, axis
            axis += 1


@lowers("Slice")
@by_parts
def slice_(op: Context, input: ir.Value, begin: Any, size: Any) -> ir.Value:
    """size[i] elements from begin[i] on along axis i; size -1 means the rest."""
    ranges, changed = {}, changed_axes(op, input)
    for axis, (first, length) in enumerate(zip(numbers_of(op, begin), numbers_of(op, size), strict=True)):
        ranges[axis] = free_range(axis, (first, _end(op, first, length), 1), changed)
    return sliced(op, input, ranges)


def _end(op: Context, first: Any, size: Any) -> Any:
    if isinstance(size, int):
        return _END if size == -1 else count(op, "Add", first, size)
    return op.Where(op.Equal(size, -1), _END, op.Add(size, first))


@lowers("SliceExt", "SliceExtView")
@by_parts
def slice_ext(op: Context, input: ir.Value, dim: Any, start: Any, end: Any, step: Any = 1) -> ir.Value:
    """x[start:end:step] along one axis."""
    axis = one_axis(op, dim, op.rank(input))
    first, last, stride = (numbers_of(op, (one,))[0] for one in (start, end, step))
    return sliced(op, input, {axis: free_range(axis, (first, last, stride), changed_axes(op, input))})


@lowers("Narrow", "NarrowView")
@by_parts
def narrow(op: Context, input: ir.Value, dim: Any, start: Any, length: Any) -> ir.Value:
    """length elements from start on along one axis; a negative start counts from the end."""
    axis = one_axis(op, dim, op.rank(input))
    (first,), (size,) = numbers_of(op, (start,)), numbers_of(op, (length,))
    if isinstance(first, int) and first < 0:
        first = count(op, "Add", op.dim(input, axis), first)
    part = (first, count(op, "Add", first, size), 1)
    return sliced(op, input, {axis: free_range(axis, part, changed_axes(op, input))})


@lowers("SelectExtView", "SelectExt")
@by_parts
def select_ext_view(op: Context, input: ir.Value, dim: Any, index: Any) -> ir.Value:
    """One position of an axis, which goes away."""
    return picked(op, input, {one_axis(op, dim, op.rank(input)): index})


@lowers("SelectView")
@by_parts
def select_view(op: Context, input_tensor: ir.Value, input_indices: Any, axis: Any) -> ir.Value:
    """Positions of an axis: an integer drops it, a tensor of indices takes its place."""
    return picked(op, input_tensor, {one_axis(op, axis, op.rank(input_tensor)): input_indices})
