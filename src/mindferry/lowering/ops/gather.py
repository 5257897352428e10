"""Elements by index: Gather, GatherD, GatherNd, embeddings, advanced indexing."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.helpers import reduce
from mindferry.lowering.layouts import by_parts, one_axis
from mindferry.lowering.ops.slice import sliced
from mindferry.lowering.registry import lowers


def indices_of(op: Context, item: Any) -> ir.Value:
    """Indices in a type that ONNX takes: int32 or int64."""
    kinds = (ir.DataType.INT32, ir.DataType.INT64)
    return item if isinstance(item, ir.Value) and item.dtype in kinds else op.cast(item, ir.DataType.INT64)


@lowers("Gather", "SparseGatherV2")
@by_parts
def gather(op: Context, input_params: ir.Value, input_indices: Any, axis: Any, batch_dims: Any = 0) -> ir.Value:
    """The slices at the indices along an axis; the first batch_dims axes of both belong together."""
    rank, indices = op.rank(input_params), indices_of(op, input_indices)
    place, (shared,) = one_axis(op, axis, rank), op.integers(batch_dims)
    shared = shared + op.rank(indices) if shared < 0 else shared
    if shared == 0:
        return op.Gather(input_params, indices, axis=place)
    if place < shared:
        raise LoweringError(f"axis {place} is one of the {shared} batch axes")
    order = [*range(shared), place, *(one for one in range(shared, rank) if one != place)]
    moved = op.Transpose(input_params, perm=order) if place != shared else input_params
    found = op.GatherND(moved, op.Unsqueeze(op.cast(indices, ir.DataType.INT64), [-1]), batch_dims=shared)
    if place == shared:
        return found
    inner = op.rank(indices) - shared
    total = op.rank(found)
    back = [
        *range(shared),
        *range(shared + inner, place + inner),
        *range(shared, shared + inner),
        *range(place + inner, total),
    ]
    return op.Transpose(found, perm=back)


@lowers("GatherD", "GatherDExt")
@by_parts
def gather_d(op: Context, x: ir.Value, dim: Any, index: ir.Value) -> ir.Value:
    """The element at the index along one axis, for every position of the index."""
    return op.GatherElements(x, indices_of(op, index), axis=one_axis(op, dim, op.rank(x)))


@lowers("GatherNd", "GatherNdExt")
@by_parts
def gather_nd(op: Context, input_x: ir.Value, indices: ir.Value) -> ir.Value:
    """The slices at the index vectors in the last axis of indices."""
    return op.GatherND(input_x, op.cast(indices, ir.DataType.INT64))


@lowers("IndexSelect")
@by_parts
def index_select(op: Context, input: ir.Value, dim: Any, index: ir.Value) -> ir.Value:
    """The slices at the indices along an axis."""
    return op.Gather(input, op.Reshape(indices_of(op, index), [-1]), axis=one_axis(op, dim, op.rank(input)))


@lowers("Take")
@by_parts
def take(op: Context, input: ir.Value, index: ir.Value) -> ir.Value:
    """The elements of the flat tensor at the indices."""
    return op.Gather(op.Reshape(input, [-1]), indices_of(op, index))


@lowers("Embedding")
def embedding(
    op: Context, input: ir.Value, weight: ir.Value, padding_idx: Any = None, max_norm: Any = None, norm_type: Any = 2.0,
    scale_grad_by_freq: Any = False,
) -> ir.Value:  # fmt: skip
    """The rows of weight at the indices."""
    if max_norm is not None:
        raise LoweringError(f"max_norm {max_norm} rescales the weight, which is not supported")
    return op.Gather(weight, indices_of(op, input))


@lowers("EmbeddingLookup")
@by_parts
def embedding_lookup(op: Context, params: ir.Value, indices: ir.Value, offset: Any = 0) -> ir.Value:
    """The rows of params at indices - offset; a row of zeros where there is none."""
    places = op.Sub(op.cast(indices, ir.DataType.INT64), op.cast(offset, ir.DataType.INT64))
    size = op.value(op.dim(params, 0))
    inside = op.And(op.GreaterOrEqual(places, 0), op.Less(places, size))
    rows = op.Gather(params, op.Where(inside, places, 0))
    behind = op.rank(params) - 1
    return op.Where(
        op.Unsqueeze(inside, list(range(-behind, 0))) if behind else inside, rows, op.value(0, params.dtype)
    )


def index_vectors(op: Context, x: ir.Value, indices: Any) -> tuple[ir.Value, list[int], int]:
    """Advanced indexing as (index vectors, indexed axes, number of axes of the indices); masks become positions.

    An index whose first size is 0 and that has nine axes is MindSpore's sign for an axis that stays whole.
    """
    found: list[ir.Value] = []
    axes: list[int] = []
    axis = 0
    for item in indices if isinstance(indices, tuple | list) else (indices,):
        value = op.value(item)
        if value.shape is not None and len(value.shape) == 9 and value.shape[0] == 0:
            axis += 1
        elif value.dtype == ir.DataType.BOOL:
            rank = op.rank(value)
            found += [op.Gather(op.NonZero(value), row, axis=0) for row in range(rank)]
            axes += range(axis, axis + rank)
            axis += rank
        else:
            found.append(_counted_from_front(op, value, op.dim(x, axis)))
            axes.append(axis)
            axis += 1
    if not found:
        raise LoweringError("has no index")
    rank = max(op.rank(one) for one in found)
    if len(found) > 1:
        grid = found[0]
        for one in found[1:]:
            grid = op.Expand(grid, op.Shape(one))
        found = [op.Expand(one, op.Shape(grid)) for one in found]
    return op.Concat(*(op.Unsqueeze(one, [-1]) for one in found), axis=-1), axes, rank


def _counted_from_front(op: Context, index: ir.Value, size: Any) -> ir.Value:
    wide = op.cast(index, ir.DataType.INT64)
    return op.Where(op.Less(wide, 0), op.Add(wide, op.value(size, ir.DataType.INT64)), wide)


@lowers("Index", "InnerIndex")
@by_parts
def index(op: Context, input: ir.Value, indices: Any) -> ir.Value:
    """x[indices] as in numpy: indices broadcast together; their axes come first where others lie between them."""
    vectors, axes, rank = index_vectors(op, input, indices)
    rest = [axis for axis in range(op.rank(input)) if axis not in axes]
    order = [*axes, *rest]
    found = op.GatherND(op.Transpose(input, perm=order) if order != sorted(order) else input, vectors)
    before = axes[0]
    if before == 0 or axes != list(range(axes[0], axes[0] + len(axes))):
        return found
    total = rank + len(rest)
    return op.Transpose(found, perm=[*range(rank, rank + before), *range(rank), *range(rank + before, total)])


@lowers("UnravelIndex")
def unravel_index(op: Context, indices: ir.Value, dims: ir.Value) -> ir.Value:
    """The position in a tensor of sizes dims of each flat index: one row per axis."""
    kind, flat, sizes = indices.dtype, op.cast(indices, ir.DataType.INT64), op.ints(dims)
    (count,) = (sizes.shape or (None,))[:1]
    if not isinstance(count, int):
        raise LoweringError("needs dims of a known length")
    parts: list[ir.Value] = []
    for axis in reversed(range(count)):
        size = op.Gather(sizes, axis)
        parts.insert(0, op.Mod(flat, size))
        flat = op.Div(flat, size)
    return op.cast(op.Concat(*(op.Unsqueeze(part, [0]) for part in parts), axis=0), kind)


@lowers("NoRepeatNGram")
def no_repeat_n_gram(op: Context, state_seq: ir.Value, log_probs: ir.Value, *, ngram_size: int = 1) -> ir.Value:
    """log_probs with the lowest number for each token that would repeat an n-gram of its sequence."""
    length, size = op.dim(state_seq, 2), ngram_size - 1
    if not isinstance(length, int) or log_probs.dtype is None:
        raise LoweringError(f"needs a known length of the sequences, got {state_seq.shape}")
    starts = length - size
    matches = op.Expand(op.value(True), op.Shape(sliced(op, state_seq, {2: (0, starts, 1)})))
    for place in range(size):
        here = sliced(op, state_seq, {2: (place, place + starts, 1)})
        last = sliced(op, state_seq, {2: (starts + place, starts + place + 1, 1)})
        matches = op.And(matches, op.Equal(here, last))
    tokens = op.Unsqueeze(op.cast(sliced(op, state_seq, {2: (size, length, 1)}), ir.DataType.INT64), [3])
    every = op.Range(0, op.value(op.dim(log_probs, 2)), 1)
    banned = op.cast(op.And(op.Equal(tokens, every), op.Unsqueeze(matches, [3])), ir.DataType.INT64)
    lowest = op.value(-float(log_probs.dtype.max), log_probs.dtype)
    return op.Where(op.Greater(reduce(op, "ReduceMax", banned, [2]), 0), lowest, log_probs)
