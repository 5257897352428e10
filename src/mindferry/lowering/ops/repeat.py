"""Elements repeated or in another order: Tile, BroadcastTo, RepeatInterleave, Roll, Reverse."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.layouts import by_parts, count, one_axis, without_bfloat16
from mindferry.lowering.ops.shape import reshaped
from mindferry.lowering.ops.slice import numbers_of, sliced
from mindferry.lowering.registry import lowers
from mindferry.lowering.reshaped import free_broadcast

_FIRST = -(2**63 - 1)


@lowers("Tile", "Repeat")
@by_parts
def tile(op: Context, input: ir.Value, dims: Any) -> ir.Value:
    """The whole tensor dims[i] times along axis i; missing leading axes are added on either side."""
    rank, times = op.rank(input), numbers_of(op, dims)
    if len(times) > rank:
        input = op.Unsqueeze(input, list(range(len(times) - rank)))
    times = [1] * (rank - len(times)) + times
    return input if all(isinstance(one, int) and one == 1 for one in times) else op.Tile(input, op.ints(times))


@lowers("BroadcastTo", "BroadcastToView", "DynamicBroadcastTo", "Expand")
@by_parts
def broadcast_to(op: Context, input: ir.Value, shape: Any) -> ir.Value:
    """x repeated along its axes of size 1 and along new leading ones; -1 keeps a size."""
    if isinstance(shape, ir.Value) and op.static(shape) is None:
        sizes = op.cast(shape, ir.DataType.INT64)
        return op.Expand(input, op.Where(op.Equal(sizes, -1), 1, sizes))
    kept = [1 if isinstance(size, int) and size == -1 else size for size in numbers_of(op, shape)]
    return op.Expand(input, op.ints(free_broadcast(op, input, kept)))


@lowers("ExpandAs")
@by_parts
def expand_as(op: Context, input: ir.Value, other: ir.Value) -> ir.Value:
    """x broadcast to the shape of another tensor."""
    return op.Expand(input, op.ints(op.shape(other)))


@lowers("RepeatInterleaveInt")
@by_parts
def repeat_interleave_int(
    op: Context, input: ir.Value, repeats: Any, dim: Any = None, output_size: Any = None
) -> ir.Value:
    """Each element of an axis (of the flat tensor without one) the given number of times."""
    if dim is None:
        input, dim = op.Reshape(input, [-1]), 0
    axis, (times,) = one_axis(op, dim, op.rank(input)), numbers_of(op, (repeats,))
    shape = op.shape(input)
    grid = op.ints([*[1] * (axis + 1), times, *[1] * (len(shape) - axis - 1)])
    spread = op.Expand(op.Unsqueeze(input, [axis + 1]), grid)
    return reshaped(op, spread, (*shape[:axis], count(op, "Mul", shape[axis], times), *shape[axis + 1 :]))


@lowers("RepeatInterleaveTensor")
@by_parts
def repeat_interleave_tensor(
    op: Context, input: ir.Value, repeats: Any, dim: Any = None, output_size: Any = None
) -> ir.Value:
    """Element i of an axis (of the flat tensor without one) repeats[i] times."""
    if dim is None:
        input, dim = op.Reshape(input, [-1]), 0
    axis = one_axis(op, dim, op.rank(input))
    counts, size = op.ints(repeats), op.dim(input, axis)
    known = op.static(counts)
    if known is not None and (known.size > 1 or isinstance(size, int)):
        return op.Gather(input, np.repeat(np.arange(known.size if known.size > 1 else size), known), axis=axis)
    ends = op.CumSum(op.Expand(counts, op.ints(size)), 0)
    behind = op.GreaterOrEqual(op.Unsqueeze(op.Range(0, op.Gather(ends, -1), 1), [1]), ends)
    return op.Gather(input, op.ReduceSum(op.cast(behind, ir.DataType.INT64), [1], keepdims=0), axis=axis)


@lowers("Roll")
@by_parts
def roll(op: Context, input: ir.Value, shifts: Any, dims: Any = None) -> ir.Value:
    """Elements moved along axes; those that leave at one end enter at the other. Without axes, the flat tensor."""
    moves = op.integers(shifts, "the shifts")
    if dims is None or dims == ():
        shape, result = op.shape(input), op.Reshape(input, [-1])
        for move in moves:
            result = _rolled(op, result, 0, move)
        return reshaped(op, result, shape)
    for axis, move in zip(op.integers(dims, "the axes"), moves, strict=True):
        input = _rolled(op, input, axis % op.rank(input), move)
    return input


def _rolled(op: Context, x: ir.Value, axis: int, move: int) -> ir.Value:
    size = op.dim(x, axis)
    cut = -move % max(size, 1) if isinstance(size, int) else op.Mod(op.value(-move), size)
    if isinstance(cut, int) and cut == 0:
        return x
    return op.Concat(sliced(op, x, {axis: (cut, 2**63 - 1, 1)}), sliced(op, x, {axis: (0, cut, 1)}), axis=axis)


@lowers("ReverseV2")
@by_parts
def reverse_v2(op: Context, input: ir.Value, axis: Any) -> ir.Value:
    """The elements of the axes in opposite order."""
    rank = op.rank(input)
    if op.static(axis) is None:
        axes = op.ints(axis)
        last = op.Expand(-1, op.Shape(axes))
        return op.Slice(input, last, op.Expand(_FIRST, op.Shape(axes)), axes, last)
    return sliced(op, input, {one % rank: (-1, _FIRST, -1) for one in op.integers(axis)})


@lowers("ReverseSequence")
def reverse_sequence(op: Context, x: ir.Value, seq_lengths: ir.Value, *, seq_dim: int, batch_dim: int = 0) -> ir.Value:
    """The first seq_lengths[b] elements along seq_dim in opposite order, for each position b of batch_dim."""
    rank = op.rank(x)
    time, batch = one_axis(op, seq_dim, rank), one_axis(op, batch_dim, rank)
    if time == batch:
        raise LoweringError(f"seq_dim and batch_dim are both {time}")
    lengths = op.cast(seq_lengths, ir.DataType.INT64)

    def turned(x: ir.Value, batch: int, time: int) -> ir.Value:
        return without_bfloat16(op, lambda x: op.ReverseSequence(x, lengths, batch_axis=batch, time_axis=time), x)

    if {time, batch} == {0, 1}:
        return turned(x, batch, time)
    order = [batch, time, *(axis for axis in range(rank) if axis not in (batch, time))]
    back = [order.index(axis) for axis in range(rank)]
    return op.Transpose(turned(op.Transpose(x, perm=order), 0, 1), perm=back)
