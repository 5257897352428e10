"""Form without arithmetic: reshaping, permuting, joining, splitting, repeating, padding."""

from __future__ import annotations

import numpy as np

from mindferry.errors import LoweringError
from mindferry.to_air.builder import Builder
from mindferry.to_air.ops.elementwise import ENGINE_NUMBERS
from mindferry.to_air.registry import to_ge
from mindferry.to_air.values import Value, product
from mindferry.types import DType


@to_ge("Reshape")
def reshape(op: Builder, x: Value, shape: Value, *, allowzero: int = 0) -> Value:
    """A size that ONNX copies from the input (0) is written out."""
    target = shape.array()
    if target is None:
        return op.Reshape(x, shape, shape=op.result.shape)
    if op.result.is_static:
        return op.Reshape(x, list(op.result.known_shape), shape=op.result.shape)
    sizes = [int(size) for size in target]
    if not allowzero:
        sizes = [x.known_shape[axis] if size == 0 else size for axis, size in enumerate(sizes)]
    return op.Reshape(x, _sizes(op, x, target, sizes), shape=op.result.shape)


def _sizes(op: Builder, x: Value, target: np.ndarray, sizes: list[int]) -> Value | list[int]:
    """The new shape; where several sizes are unknown, those that are copied are read from the input when it runs."""
    if sizes.count(-1) <= 1:
        return sizes
    own = op.Shape(x, dtype=ENGINE_NUMBERS[DType.INT64], gives=DType.INT64, shape=(x.rank,))
    parts = [
        op.GatherV2(own, [axis], 0, gives=DType.INT64, shape=(1,)) if size == 0 else op.constant([size], DType.INT64)
        for axis, size in enumerate(target.tolist())
    ]
    return op.ConcatV2(parts, 0, N=len(parts), gives=DType.INT64, shape=(len(parts),))


@to_ge("Flatten")
def flatten(op: Builder, x: Value, *, axis: int = 1) -> Value:
    """A matrix: the dimensions before the axis, and those from it on."""
    axis = axis + x.rank if axis < 0 else axis
    rows, columns = product(x.known_shape[:axis]), product(x.known_shape[axis:])
    if axis == 1:
        return op.Flatten(x, axis=1, shape=(rows, columns))
    if rows == columns == -1:
        raise LoweringError("needs a known size on one side of its axis")
    return op.Reshape(x, [rows, columns], shape=(rows, columns))


@to_ge("Transpose")
def transpose(op: Builder, x: Value, *, perm: list[int] | None = None) -> Value:
    order = perm or list(reversed(range(x.rank)))
    return op.Transpose(x, order, shape=[x.known_shape[axis] for axis in order])


@to_ge("Squeeze")
def squeeze(op: Builder, x: Value, axes: Value | None = None) -> Value:
    shape = x.known_shape
    if axes is None and -1 in shape:
        raise LoweringError("without axes needs a known shape")
    wanted = [axis for axis, size in enumerate(shape) if size == 1] if axes is None else axes.ints("axes")
    wanted = sorted(axis % x.rank for axis in wanted)
    return op.Squeeze(x, axis=wanted, shape=[size for axis, size in enumerate(shape) if axis not in wanted])


@to_ge("Unsqueeze")
def unsqueeze(op: Builder, x: Value, axes: Value) -> Value:
    numbers = axes.ints("axes")
    rank = x.rank + len(numbers)
    wanted = sorted(axis % rank for axis in numbers)
    sizes = iter(x.known_shape)
    shape = [1 if axis in wanted else next(sizes) for axis in range(rank)]
    return op.ExpandDims(x, wanted[0], shape=shape) if len(wanted) == 1 else op.Unsqueeze(x, axes=wanted, shape=shape)


@to_ge("Concat")
def concat(op: Builder, *inputs: Value, axis: int) -> Value:
    if len(inputs) == 1:
        return inputs[0]
    return op.ConcatV2(list(inputs), axis % inputs[0].rank, N=len(inputs), shape=op.result.shape)


@to_ge("Split")
def split(
    op: Builder, x: Value, split: Value | None = None, *, axis: int = 0, num_outputs: int | None = None
) -> tuple[Value, ...]:
    """SplitV with the sizes as a constant."""
    axis %= x.rank
    count = len(op.results)
    total = x.known_shape[axis]
    if split is not None:
        sizes = split.ints("sizes")
    elif total == -1:
        raise LoweringError("without sizes needs a known size along its axis")
    else:
        part = -(-total // (num_outputs or count))
        sizes = [part] * (count - 1) + [total - part * (count - 1)]
    parts: tuple[Value, ...] = op.SplitV(x, sizes, axis, num_split=count, outputs=count)
    for part_value, size in zip(parts, sizes, strict=True):
        part_value.shape = (*x.known_shape[:axis], size, *x.known_shape[axis + 1 :])
    return parts


@to_ge("Expand")
def expand(op: Builder, x: Value, shape: Value) -> Value:
    """BroadcastTo for a known result, else Expand, which also keeps sizes of the input that are larger."""
    if op.result.is_static:
        return op.BroadcastTo(x, list(op.result.known_shape), shape=op.result.shape)
    return op.Expand(x, shape, shape=op.result.shape)


@to_ge("Tile")
def tile(op: Builder, x: Value, repeats: Value) -> Value:
    array = repeats.array()
    return op.Tile(x, repeats if array is None else array.tolist(), shape=op.result.shape)


@to_ge("Pad")
def pad(
    op: Builder, x: Value, pads: Value, value: Value | None = None, axes: Value | None = None, *, mode: str = "constant"
) -> Value:
    """Pad for zeros, PadV3 for other constants and the edge, MirrorPad for reflection; negative pads are cut off first.

    Raises:
        LoweringError: pads that are not constant, negative ones in another mode than constant, or the mode wrap.
    """
    numbers = pads.ints("pads")
    touched = [axis % x.rank for axis in axes.ints("axes")] if axes is not None else list(range(x.rank))
    pairs = [[0, 0] for _ in range(x.rank)]
    for axis, begin, end in zip(touched, numbers[: len(touched)], numbers[len(touched) :], strict=True):
        pairs[axis] = [begin, end]
    if min(numbers, default=0) < 0:
        if mode != "constant":
            raise LoweringError(f"with mode {mode} and negative pads has no GE form")
        x, pairs = _cut(op, x, pairs), [[max(begin, 0), max(end, 0)] for begin, end in pairs]
    if mode == "reflect":
        return op.MirrorPad(x, pairs, mode="REFLECT", shape=op.result.shape)
    if mode == "edge":
        return op.PadV3(x, pairs, None, mode="edge", paddings_contiguous=True, shape=op.result.shape)
    if mode != "constant":
        raise LoweringError(f"with mode {mode} has no GE form")
    filling = None if value is None else value.array()
    if value is None or (filling is not None and not np.any(filling)):
        return op.Pad(x, pairs, shape=op.result.shape)
    scalar = value if filling is None else op.constant(filling.reshape(()))
    return op.PadV3(x, pairs, scalar, mode="constant", paddings_contiguous=True, shape=op.result.shape)


def _cut(op: Builder, x: Value, pairs: list[list[int]]) -> Value:
    """x without what negative pads take away."""
    begins, ends = [max(-begin, 0) for begin, _ in pairs], [min(end, 0) for _, end in pairs]
    whole = sum(1 << axis for axis, end in enumerate(ends) if end == 0)
    sizes = zip(x.known_shape, begins, ends, strict=True)
    return op.StridedSlice(
        x, begins, ends, [1] * x.rank, begin_mask=0, end_mask=whole, ellipsis_mask=0, new_axis_mask=0, shrink_axis_mask=0,
        shape=[-1 if size == -1 else size - begin + end for size, begin, end in sizes],
    )  # fmt: skip


@to_ge("DepthToSpace")
def depth_to_space(op: Builder, x: Value, *, blocksize: int, mode: str = "DCR") -> Value:
    return op.DepthToSpace(x, block_size=blocksize, mode=mode, data_format="NCHW", shape=op.result.shape)


@to_ge("SpaceToDepth")
def space_to_depth(op: Builder, x: Value, *, blocksize: int) -> Value:
    return op.SpaceToDepth(x, block_size=blocksize, data_format="NCHW", shape=op.result.shape)


@to_ge("ReverseSequence")
def reverse_sequence(op: Builder, x: Value, lengths: Value, *, batch_axis: int = 1, time_axis: int = 0) -> Value:
    return op.ReverseSequence(x, lengths, seq_dim=time_axis, batch_dim=batch_axis, shape=x.shape)


@to_ge("Shape")
def shape_(op: Builder, x: Value, *, start: int = 0, end: int | None = None) -> Value:
    whole = op.Shape(x, dtype=ENGINE_NUMBERS[DType.INT64], gives=DType.INT64, shape=(x.rank,))
    first, last, _ = slice(start, end).indices(x.rank)
    if (first, last) == (0, x.rank):
        return whole
    return op.StridedSlice(whole, [first], [max(first, last)], [1], shape=(max(last - first, 0),))


@to_ge("Size")
def size(op: Builder, x: Value) -> Value:
    return op.Size(x, dtype=ENGINE_NUMBERS[DType.INT64], gives=DType.INT64, shape=())


@to_ge("Dropout")
def dropout(
    op: Builder, x: Value, ratio: Value | None = None, training: Value | None = None, *, seed: int = 0
) -> Value:
    """The identity, which dropout is at inference."""
    array = None if training is None else training.array()
    if training is not None and (array is None or array.any()):
        raise LoweringError("in training mode has no GE form for inference")
    if len(op.results) > 1 and op.results[1] is not None:
        raise LoweringError("with its mask as a second result has no GE form")
    return x
