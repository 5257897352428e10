"""Several tensors become one, one becomes several, and tensors are repeated."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.layouts import one_axis, split
from mindferry.lowering.ops import join, repeat
from mindferry.lowering.ops import split as splitting
from mindferry.lowering.registry import lowers_ge


@lowers_ge("Concat", "ConcatV2")
def concat(op: Context, concat_dim: Any, *x: ir.Value) -> ir.Value:
    """The tensors one behind the other along an axis."""
    return join.concat(op, x, concat_dim)


@lowers_ge("ConcatD", "ConcatV2D")
def concat_d(op: Context, *x: ir.Value, concat_dim: int) -> ir.Value:
    """The tensors one behind the other along an axis."""
    return join.concat(op, x, concat_dim)


@lowers_ge("ParallelConcat")
def parallel_concat(op: Context, *values: ir.Value, shape: Any = ()) -> ir.Value:
    """The tensors one behind the other along the first axis."""
    return join.parallel_concat(op, *values)


@lowers_ge("Pack")
def pack(op: Context, *x: ir.Value, axis: int = 0) -> ir.Value:
    """The tensors as slices along a new axis."""
    return join.stack(op, x, axis)


@lowers_ge("Unpack")
def unpack(op: Context, x: ir.Value, *, num: int, axis: int = 0) -> tuple[ir.Value, ...]:
    """The num slices along an axis, which goes away."""
    place = one_axis(op, axis, op.rank(x))
    return tuple(op.Squeeze(part, [place]) for part in split(op, x, place, num))


@lowers_ge("Split")
def split_(op: Context, split_dim: Any, x: ir.Value, *, num_split: int) -> tuple[ir.Value, ...]:
    """num_split equal parts along an axis."""
    return split(op, x, one_axis(op, split_dim, op.rank(x)), num_split)


@lowers_ge("SplitD")
def split_d(op: Context, x: ir.Value, *, split_dim: int, num_split: int) -> tuple[ir.Value, ...]:
    """num_split equal parts along an axis."""
    return split_(op, split_dim, x, num_split=num_split)


@lowers_ge("SplitV")
def split_v(op: Context, x: ir.Value, size_splits: Any, split_dim: Any, *, num_split: int) -> tuple[ir.Value, ...]:
    """Parts of the given sizes along an axis; one -1 is what is left."""
    sizes = op.integers(size_splits, "the sizes")
    if len(sizes) != num_split:
        raise LoweringError(f"num_split is {num_split}, but there are {len(sizes)} sizes")
    return splitting.split_v(op, x, size_splits=sizes, split_dim=split_dim)


@lowers_ge("SplitVD")
def split_v_d(op: Context, x: ir.Value, *, size_splits: Any, split_dim: int, num_split: int) -> tuple[ir.Value, ...]:
    """Parts of the given sizes along an axis; one -1 is what is left."""
    return split_v(op, x, size_splits, split_dim, num_split=num_split)


@lowers_ge("TileD")
def tile_d(op: Context, x: ir.Value, *, multiples: Any) -> ir.Value:
    """x repeated along each axis."""
    return repeat.tile(op, x, multiples)


@lowers_ge("BroadcastToD", "ExpandD")
def broadcast_to_d(op: Context, x: ir.Value, *, shape: Any) -> ir.Value:
    """x repeated along axes of size 1 until it has the shape."""
    return repeat.broadcast_to(op, x, shape)


@lowers_ge("ReverseV2")
def reverse_v2(op: Context, x: ir.Value, axis: Any) -> ir.Value:
    """The elements along axes in reverse."""
    return repeat.reverse_v2(op, x, axis)


@lowers_ge("ReverseV2D")
def reverse_v2_d(op: Context, x: ir.Value, *, axis: Any) -> ir.Value:
    """The elements along axes in reverse."""
    return repeat.reverse_v2(op, x, axis)


@lowers_ge("ReverseSequence")
def reverse_sequence(op: Context, x: ir.Value, seq_lengths: ir.Value, *, seq_dim: int, batch_dim: int = 0) -> ir.Value:
    """The first seq_lengths[i] elements along seq_dim in reverse, for each i of batch_dim."""
    return repeat.reverse_sequence(op, x, seq_lengths, seq_dim=seq_dim, batch_dim=batch_dim)


@lowers_ge("Roll")
def roll(op: Context, x: ir.Value, *, shifts: Any, dims: Any = ()) -> ir.Value:
    """x shifted along axes, what falls off coming back in; without axes the flat x is."""
    return repeat.roll(op, x, shifts, dims)
