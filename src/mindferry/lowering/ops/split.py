"""One tensor becomes several: Split, Chunk, Unstack and their kin."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.layouts import by_parts, one_axis, split
from mindferry.lowering.registry import lowers
from mindferry.lowering.reshaped import changed_axes, frozen


def _size(op: Context, x: ir.Value, axis: int) -> int:
    size = op.dim(x, axis)
    if not isinstance(size, int):
        raise LoweringError(f"needs a known size of axis {axis}, because the number of results depends on it")
    return size


@lowers("Split")
@by_parts
def split_(op: Context, input_x: ir.Value, axis: Any = 0, output_num: int = 1) -> tuple[ir.Value, ...]:
    """output_num equal parts along an axis."""
    return split(op, input_x, one_axis(op, axis, op.rank(input_x)), output_num)


@lowers("SplitTensor", "SplitTensorView")
@by_parts
def split_tensor(op: Context, input: ir.Value, split_size: Any, dim: Any = 0) -> tuple[ir.Value, ...]:
    """Parts of split_size along an axis; the last one is what is left."""
    axis = one_axis(op, dim, op.rank(input))
    size, (part,) = _size(op, input, axis), op.integers(split_size, "the size of a part")
    return split(op, input, axis, [min(part, size - first) for first in range(0, max(size, 1), max(part, 1))])


@lowers("SplitWithSize", "SplitWithSizeView")
@by_parts
def split_with_size(op: Context, input: ir.Value, split_size: Any, dim: Any = 0) -> tuple[ir.Value, ...]:
    """Parts of the given sizes along an axis."""
    axis = one_axis(op, dim, op.rank(input))
    return split(op, input, axis, _fixed(op, input, axis, op.integers(split_size, "the sizes")))


def _fixed(op: Context, x: ir.Value, axis: int, sizes: list[int]) -> list[int]:
    if axis in (changed := changed_axes(op, x)):
        raise frozen(axis, changed[axis], f"parts of the sizes {sizes}")
    return sizes


@lowers("SplitV")
@by_parts
def split_v(op: Context, input_x: ir.Value, *, size_splits: Any, split_dim: Any) -> tuple[ir.Value, ...]:
    """Parts of the given sizes along an axis; one -1 is what is left."""
    axis, sizes = one_axis(op, split_dim, op.rank(input_x)), op.integers(size_splits, "the sizes")
    if -1 in sizes:
        sizes[sizes.index(-1)] = _size(op, input_x, axis) - sum(sizes) - 1
    return split(op, input_x, axis, _fixed(op, input_x, axis, sizes))


@lowers("Chunk", "ChunkView")
@by_parts
def chunk(op: Context, input: ir.Value, chunks: Any, dim: Any = 0) -> tuple[ir.Value, ...]:
    """At most `chunks` parts of one size along an axis; the last one may be smaller."""
    (count,) = op.integers(chunks, "the number of parts")
    axis = one_axis(op, dim, op.rank(input))
    size = _size(op, input, axis)
    part = max(-(-size // count), 1)
    return split(op, input, axis, [min(part, size - first) for first in range(0, size, part)] or [0] * count)


@lowers("Unstack", "UnstackExtView", "UnstackExt")
@by_parts
def unstack(op: Context, input: ir.Value, axis: Any = 0) -> tuple[ir.Value, ...]:
    """The slices along an axis, which goes away."""
    place = one_axis(op, axis, op.rank(input))
    parts = split(op, input, place, _size(op, input, place))
    return tuple(op.Squeeze(part, [place]) for part in parts)
