"""By index: slicing, gathering, scattering, and tensors made from numbers."""

from __future__ import annotations

import numpy as np

from mindferry.errors import LoweringError
from mindferry.to_air.builder import Builder
from mindferry.to_air.ops.elementwise import ENGINE_NUMBERS, convert
from mindferry.to_air.registry import to_ge
from mindferry.to_air.values import Value
from mindferry.types import DType

_FAR = (1 << 31) - 1
"""From here on an index means "to the end"."""


@to_ge("Slice")
def slice_(
    op: Builder, x: Value, starts: Value, ends: Value, axes: Value | None = None, steps: Value | None = None
) -> Value:
    """StridedSlice over all axes for constant bounds, else StridedSliceV2, which takes ONNX's arguments."""
    arrays = [None if value is None else value.array() for value in (starts, ends, axes, steps)]
    given = (starts, ends, axes, steps)
    if any(array is None and value is not None for array, value in zip(arrays, given, strict=True)):
        return op.StridedSliceV2(x, starts, ends, axes, steps, shape=op.result.shape)
    count = starts.array().size  # type: ignore[union-attr]
    numbers = axes.ints("axes") if axes is not None else list(range(count))
    strides = steps.ints("steps") if steps is not None else [1] * count
    begin, end, stride = [0] * x.rank, [0] * x.rank, [1] * x.rank
    open_begin = open_end = (1 << x.rank) - 1
    for axis, first, last, step in zip(numbers, starts.ints("starts"), ends.ints("ends"), strides, strict=True):
        axis %= x.rank
        stride[axis] = step
        low, high = _bounds(first, last, step, x.known_shape[axis])
        if low is not None:
            begin[axis], open_begin = low, open_begin & ~(1 << axis)
        if high is not None:
            end[axis], open_end = high, open_end & ~(1 << axis)
    return op.StridedSlice(
        x, begin, end, stride, begin_mask=open_begin, end_mask=open_end, ellipsis_mask=0, new_axis_mask=0, shrink_axis_mask=0,
        shape=op.result.shape,
    )  # fmt: skip


def _bounds(first: int, last: int, step: int, size: int) -> tuple[int | None, int | None]:
    """Begin and end of a slice, None where it is open; of a known size they are worked out as ONNX clamps them."""
    if size >= 0:
        lowest, highest = (0, size) if step > 0 else (-1, size - 1)
        first, last = (number + size if number < 0 else number for number in (first, last))
        first, last = min(max(first, 0), highest), min(max(last, lowest), highest)
        return (first, None if last < 0 else last) if range(first, last, step) else (0, 0)
    if step > 0:
        return (None if first <= -_FAR else min(first, _FAR)), (None if last >= _FAR else max(last, -_FAR))
    return (None if first >= _FAR else max(first, -_FAR)), (None if last <= -_FAR else min(last, _FAR))


@to_ge("Gather")
def gather(op: Builder, x: Value, indices: Value, *, axis: int = 0) -> Value:
    """GatherV2; constant indices from the end are counted from the front, others use GE's support for negative ones."""
    axis %= x.rank
    indices, negative = _from_front(op, indices, x.known_shape[axis])
    keywords = {"negative_index_support": True} if negative else {}
    return op.GatherV2(x, indices, axis, batch_dims=0, shape=op.result.shape, **keywords)


def _from_front(op: Builder, indices: Value, size: int) -> tuple[Value, bool]:
    """The indices without negative ones, and whether there may be some left."""
    array = indices.array()
    if array is None:
        return indices, indices.dtype in (DType.INT32, DType.INT64)
    if not (array < 0).any():
        return indices, False
    return (indices, True) if size == -1 else (op.constant(np.where(array < 0, array + size, array)), False)


def _size(op: Builder, x: Value, axis: int, dtype: DType) -> Value:
    """The size along an axis, read when the model runs where it is not known."""
    size = x.known_shape[axis]
    if size != -1:
        return op.constant(size, dtype)
    whole = op.Shape(x, dtype=ENGINE_NUMBERS[dtype], gives=dtype, shape=(x.rank,))
    return op.GatherV2(whole, axis, 0, batch_dims=0, gives=dtype, shape=())


@to_ge("GatherElements")
def gather_elements(op: Builder, x: Value, indices: Value, *, axis: int = 0) -> Value:
    axis %= x.rank
    indices, negative = _from_front(op, indices, x.known_shape[axis])
    if negative:
        behind = op.Add(indices, _size(op, x, axis, indices.dtype))
        below = op.Less(indices, op.like(0, indices), gives=DType.BOOL)
        indices = op.SelectV2(below, behind, indices, gives=indices.dtype)
    return op.GatherElements(x, indices, dim=axis, shape=op.result.shape)


@to_ge("GatherND")
def gather_nd(op: Builder, x: Value, indices: Value, *, batch_dims: int = 0) -> Value:
    array = indices.array()
    keywords = {} if array is not None and not (array < 0).any() else {"negative_index_support": True}
    if batch_dims:
        indices = _with_batch(op, indices, batch_dims)
    return op.GatherNd(x, indices, shape=op.result.shape, **keywords)


def _with_batch(op: Builder, indices: Value, count: int) -> Value:
    """The indices with the batch's own before them.

    Raises:
        LoweringError: the shape of the indices is not known.
    """
    if not indices.is_static:
        raise LoweringError(f"with batch_dims {count} needs indices of known shape")
    shape = indices.known_shape
    batch = np.moveaxis(np.indices(shape[:-1])[:count], 0, -1)
    parts = [op.constant(batch, indices.dtype), indices]
    return op.ConcatV2(parts, len(shape) - 1, N=2, shape=(*shape[:-1], shape[-1] + count))


_SCATTERS = {
    "none": "TensorScatterUpdate",
    "add": "TensorScatterAdd",
    "max": "TensorScatterMax",
    "min": "TensorScatterMin",
}


@to_ge("ScatterND")
def scatter_nd(op: Builder, x: Value, indices: Value, updates: Value, *, reduction: str = "none") -> Value:
    if reduction not in _SCATTERS:
        raise LoweringError(f"with reduction {reduction} has no GE form")
    result: Value = op.call(_SCATTERS[reduction], x, indices, updates, shape=x.shape)
    return result


@to_ge("ScatterElements")
def scatter_elements(
    op: Builder, x: Value, indices: Value, updates: Value, *, axis: int = 0, reduction: str = "none"
) -> Value:
    if reduction not in ("none", "add", "mul"):
        raise LoweringError(f"with reduction {reduction} has no GE form")
    return op.ScatterElements(x, indices, updates, axis=axis % x.rank, reduction=reduction, shape=x.shape)


@to_ge("OneHot")
def one_hot(op: Builder, indices: Value, depth: Value, values: Value, *, axis: int = -1) -> Value:
    """ONNX counts negative indices from the end, which GE does not."""
    off_on = values.array()
    if off_on is None:
        raise LoweringError("needs constant values")
    count = depth.ints("depth")[0]
    if indices.dtype not in (DType.INT32, DType.INT64):
        indices = convert(op, indices, DType.INT64)
    below = op.Less(indices, op.like(0, indices), gives=DType.BOOL)
    indices = op.SelectV2(below, op.Add(indices, op.like(count, indices)), indices, gives=indices.dtype)
    off, on = op.constant(off_on[0]), op.constant(off_on[1])
    axis = -1 if axis in (-1, indices.rank) else axis % (indices.rank + 1)
    return op.OneHot(indices, count, on, off, axis=axis, gives=values.dtype, shape=op.result.shape)


@to_ge("NonZero")
def non_zero(op: Builder, x: Value) -> Value:
    """Where gives a row per element, ONNX a column."""
    rank = max(x.rank, 1)
    return op.Transpose(op.Where(x, gives=DType.INT64, shape=(-1, rank)), [1, 0], shape=(rank, -1))


@to_ge("Range")
def range_(op: Builder, start: Value, limit: Value, delta: Value) -> Value:
    return op.Range(start, limit, delta, shape=op.result.shape)


@to_ge("ConstantOfShape")
def constant_of_shape(op: Builder, shape: Value, *, value: object = None) -> Value:
    """Fill with the value, a float zero where none is given."""
    number = np.float32(0) if value is None else value.numpy().reshape(-1)[0]  # type: ignore[attr-defined]
    return op.Fill(shape, op.constant(number), gives=op.result.dtype, shape=op.result.shape)


@to_ge("EyeLike")
def eye_like(op: Builder, x: Value, *, dtype: int | None = None, k: int = 0) -> Value:
    """A constant, because the result does not depend on the elements."""
    if not x.is_static:
        raise LoweringError("needs a known shape")
    rows, columns = x.known_shape
    return op.constant(np.eye(rows, columns, k), op.result.dtype)


@to_ge("Trilu")
def trilu(op: Builder, x: Value, k: Value | None = None, *, upper: int = 1) -> Value:
    diagonal = 0 if k is None else k.ints("k")[0]
    return op.Triu(x, diagonal=diagonal) if upper else op.Tril(x, diagonal=diagonal)
