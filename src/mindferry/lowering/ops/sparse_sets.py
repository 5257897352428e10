"""Sets, edit distances and ragged ranges."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.helpers import reduce
from mindferry.lowering.layouts import count
from mindferry.lowering.ops.create import filled
from mindferry.lowering.ops.slice import numbers_of
from mindferry.lowering.ops.sparse import flat_positions, index_vectors
from mindferry.lowering.registry import lowers
from mindferry.lowering.repeat import repeat
from mindferry.lowering.scattering import scatter_nd

INT64, BOOL = ir.DataType.INT64, ir.DataType.BOOL
_END = 2**63 - 1


def _rows(op: Context, x: ir.Value) -> tuple[ir.Value, ir.Value]:
    """For each element of x the number of its row of the last axis, and the element, both flat int64."""
    size = op.value(op.dim(x, op.rank(x) - 1))
    return op.Div(op.Range(0, op.Size(x), 1), size), op.Reshape(op.cast(x, INT64), [-1])


def _sets(
    op: Context, how: str, one: tuple[ir.Value, ir.Value], other: tuple[ir.Value, ir.Value], lead: Any, kind: Any
) -> tuple[ir.Value, ...]:
    """Per row the union, intersection or difference of two sets as a sparse tensor, ascending."""
    pairs = [op.Concat(op.Unsqueeze(row, [1]), op.Unsqueeze(item, [1]), axis=1) for row, item in (one, other)]
    found, _, inverse = op.Unique(op.Concat(*pairs, axis=0), axis=0, sorted=1, outputs=3)
    number, ones = op.Slice(op.Shape(found), [0], [1], [0]), op.Expand(op.value(1), op.Shape(inverse))
    first = op.Shape(one[0])
    holds = []
    for begin, end in (([0], first), (first, [_END])):
        places, marks = (op.Slice(item, begin, end, [0]) for item in (inverse, ones))
        holds.append(op.cast(scatter_nd(op, filled(op, number, 0, INT64), op.Unsqueeze(places, [1]), marks), BOOL))
    left, right = holds
    choices = {
        "union": lambda: op.Or(left, right), "intersection": lambda: op.And(left, right),
        "a-b": lambda: op.And(left, op.Not(right)), "b-a": lambda: op.And(right, op.Not(left)),
    }  # fmt: skip
    if how not in choices:
        raise LoweringError(f"set_operation {how!r} is unknown")
    kept = op.Compress(found, choices[how](), axis=0)
    row, item = (op.Gather(kept, place, axis=1) for place in (0, 1))
    before = op.ReduceSum(op.cast(op.Less(row, op.Unsqueeze(row, [1])), INT64), [1], keepdims=0)
    place = op.Sub(op.Range(0, op.Size(row), 1), before)
    widest = op.ReduceMax(op.Concat(op.Add(place, 1), op.constant([0]), axis=0), keepdims=1)
    vectors = op.Concat(index_vectors(op, row, lead), op.Unsqueeze(place, [1]), axis=1)
    return vectors, op.cast(item, kind), op.Concat(op.ints(lead), widest, axis=0)


@lowers("DenseToDenseSetOperation")
def dense_to_dense_set_operation(
    op: Context, x1: ir.Value, x2: ir.Value, *, set_operation: str = "a-b", validate_indices: bool = True
) -> tuple[ir.Value, ...]:
    """Per row the union, intersection or difference of two sets as a sparse tensor, ascending."""
    return _sets(op, set_operation, _rows(op, x1), _rows(op, x2), op.shape(x1)[:-1], x1.dtype)


@lowers("DenseToSparseSetOperation")
def dense_to_sparse_set_operation(
    op: Context, x1: ir.Value, x2_indices: ir.Value, x2_values: ir.Value, x2_shape: Any, *, set_operation: str,
    validate_indices: bool = True,
) -> tuple[ir.Value, ...]:  # fmt: skip
    """Per row the union, intersection or difference of a dense and a sparse set as a sparse tensor, ascending."""
    lead = op.shape(x1)[:-1]
    row = flat_positions(op, op.Slice(x2_indices, [0], [-1], [1]), lead)
    return _sets(op, set_operation, _rows(op, x1), (row, op.cast(x2_values, INT64)), lead, x1.dtype)


@lowers("RaggedRange")
def ragged_range(
    op: Context,
    starts: ir.Value,
    limits: ir.Value,
    deltas: ir.Value,
    *,
    Tsplits: Any,  # noqa: N803
) -> tuple[ir.Value, ir.Value]:
    """Where each range begins and ends among all, and the ranges one behind the other."""
    kind = starts.dtype
    wide = [op.cast(item, ir.DataType.DOUBLE) for item in (starts, limits, deltas)]
    sizes = op.cast(op.Max(op.Ceil(op.Div(op.Sub(wide[1], wide[0]), wide[2])), 0.0), INT64)
    ends = op.CumSum(sizes, 0)
    splits = op.Concat(op.constant([0]), ends, axis=0)
    places = op.Range(0, op.Gather(splits, -1), 1)
    passed = op.GreaterOrEqual(op.Unsqueeze(places, [1]), ends)
    row = op.ReduceSum(op.cast(passed, INT64), [1], keepdims=0)
    step = op.cast(op.Sub(places, op.Gather(splits, row)), kind)
    dense = op.Add(op.Gather(starts, row), op.Mul(step, op.Gather(deltas, row)))
    return op.cast(splits, op.dtype(Tsplits)), dense


def _padded_rows(op: Context, indices: ir.Value, values: ir.Value, lead: Any, width: Any) -> tuple[ir.Value, ir.Value]:
    """(rows, width) of a sparse tensor's values in their order, wherever they are in their row, and the lengths."""
    rows: Any = 1
    for size in lead:
        rows = count(op, "Mul", rows, size)
    row = op.Unsqueeze(flat_positions(op, op.Slice(indices, [0], [-1], [1]), tuple(lead)), [1])
    steps = op.Range(0, op.Size(values), 1)
    before = op.And(op.Equal(row, op.Reshape(row, [1, -1])), op.Less(steps, op.Unsqueeze(steps, [1])))
    place = op.ReduceSum(op.cast(before, INT64), [1], keepdims=1)
    held = scatter_nd(op, filled(op, [rows, width], 0, values.dtype), op.Concat(row, place, axis=1), values)
    ones = op.Expand(op.value(1), op.Shape(values))
    return held, scatter_nd(op, filled(op, rows, 0, INT64), row, ones, "add")


@lowers("EditDistance")
def edit_distance(
    op: Context, hypothesis_indices: ir.Value, hypothesis_values: ir.Value, hypothesis_shape: Any,
    truth_indices: ir.Value, truth_values: ir.Value, truth_shape: Any, *, normalize: bool = True,
) -> ir.Value:  # fmt: skip
    """Levenshtein's distance between the rows of two sparse tensors, over the length of the truth where normalized.

    One Loop turn per element of the longest hypothesis; insertions are a running minimum.
    """
    guess, real = numbers_of(op, hypothesis_shape), numbers_of(op, truth_shape)
    lead = [_larger(op, *pair) for pair in zip(guess[:-1], real[:-1], strict=True)]
    left, lengths = _padded_rows(op, hypothesis_indices, hypothesis_values, lead, guess[-1])
    right, truths = _padded_rows(op, truth_indices, truth_values, lead, real[-1])
    steps = op.Range(0, op.value(count(op, "Add", real[-1], 1)), 1)
    first = op.Expand(steps, op.Concat(op.Shape(lengths), op.constant([1]), axis=0))
    later = op.Greater(steps, op.Unsqueeze(steps, [1]))

    def body(inner: Context, turn: ir.Value, row: ir.Value, answer: ir.Value) -> list[ir.Value]:
        letter = inner.Unsqueeze(inner.Gather(left, turn, axis=1), [1])
        differs = inner.cast(inner.Not(inner.Equal(letter, right)), INT64)
        replaced = inner.Add(inner.Slice(row, [0], [-1], [1]), differs)
        removed = inner.Add(inner.Slice(row, [1], [_END], [1]), 1)
        start = inner.Add(inner.Slice(row, [0], [1], [1]), 1)
        cheap = inner.Sub(inner.Concat(start, inner.Min(replaced, removed), axis=1), steps)
        spread = inner.Where(later, inner.value(2**31), inner.Unsqueeze(cheap, [1]))
        new = inner.Add(reduce(inner, "ReduceMin", spread, [2]), steps)
        done = inner.Equal(inner.Unsqueeze(lengths, [1]), inner.Add(turn, 1))
        return [new, inner.Where(done, new, answer)]

    rows = repeat(op, guess[-1], [first, first], body)[1]
    answer = op.cast(op.GatherElements(rows, op.Unsqueeze(truths, [1]), axis=1), ir.DataType.FLOAT)
    if normalize:
        size = op.cast(op.Unsqueeze(truths, [1]), ir.DataType.FLOAT)
        answer = op.Where(op.And(op.Equal(size, 0.0), op.Equal(answer, 0.0)), 0.0, op.Div(answer, size))
    return op.Reshape(answer, op.ints(lead))


def _larger(op: Context, one: Any, other: Any) -> Any:
    if isinstance(one, int) and isinstance(other, int):
        return max(one, other)
    return op.Max(op.value(one, INT64), op.value(other, INT64))
