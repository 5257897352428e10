"""Connectionist temporal classification: a recurrence over time in log space, by one Loop forth and one back.

The states of a sequence are its labels with a blank before, between and behind them. `emission` is (time, batch,
state): the log probability of each state's label, -inf behind a sequence's last state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.helpers import FLOATS, computed_in, reduce
from mindferry.lowering.registry import lowers
from mindferry.lowering.repeat import repeat

_INT64 = ir.DataType.INT64


@dataclass(frozen=True, slots=True)
class States:
    """The states of a batch, (batch, state) each.

    Attributes:
        labels: each state's label, 0 behind the last state.
        used: the states that a sequence has.
        stay: where a path may remain, or None for everywhere.
        skip: where a path may come from two states before.
        ends: where a path may end.
    """

    labels: ir.Value
    used: ir.Value
    stay: ir.Value | None
    skip: ir.Value
    ends: ir.Value


def _low(op: Context, like: ir.Value) -> ir.Value:
    return op.constant(-np.inf, like.dtype)


def _count(op: Context, x: ir.Value, axis: int) -> ir.Value:
    """0, 1, ... along an axis."""
    return op.Range(0, op.value(op.dim(x, axis), _INT64), 1)


def _states(op: Context, targets: ir.Value, lengths: ir.Value, blank: int, merge: bool) -> States:
    labels = op.cast(targets, _INT64)
    blanks = op.Add(op.Mul(labels, 0), blank)
    pairs = op.Concat(op.Unsqueeze(blanks, [2]), op.Unsqueeze(labels, [2]), axis=2)
    extended = op.Pad(op.Reshape(pairs, [0, -1]), [0, 0, 0, 1], blank)
    end = op.Unsqueeze(op.Mul(op.cast(lengths, _INT64), 2), [1])
    place = _count(op, extended, 1)
    before = op.Concat(op.Slice(extended, [0], [2], [1]), op.Slice(extended, [0], [-2], [1]), axis=1)
    is_label = op.Equal(op.Mod(place, 2), 1)
    stay = None if merge else op.Not(is_label)
    skip = op.Not(op.Equal(extended, before)) if merge else op.And(is_label, op.Less(1, place))
    used = op.Not(op.Less(end, place))
    ends = op.And(used, op.Less(op.Sub(end, 2), place))
    return States(op.Where(used, extended, 0), used, stay, skip, ends)


def _log_sum(op: Context, *terms: ir.Value) -> ir.Value:
    """log(sum(exp(terms))), -inf where all are."""
    low, zero = _low(op, terms[0]), op.constant(0.0, terms[0].dtype)
    most = op.Max(*terms)
    most = op.Where(op.Equal(most, low), zero, most)
    total = op.Exp(op.Sub(terms[0], most))
    for term in terms[1:]:
        total = op.Add(total, op.Exp(op.Sub(term, most)))
    return op.Add(op.Log(total), most)


def _log_sum_along(op: Context, x: ir.Value) -> ir.Value:
    """log(sum(exp(x))) along the last axis, -inf where all are."""
    most = reduce(op, "ReduceMax", x, [op.rank(x) - 1], keep_dims=True)
    most = op.Where(op.Equal(most, _low(op, x)), op.constant(0.0, x.dtype), most)
    total = op.Log(reduce(op, "ReduceSum", op.Exp(op.Sub(x, most)), [op.rank(x) - 1], keep_dims=True))
    return op.Squeeze(op.Add(total, most), [-1])


def _shifted(op: Context, x: ir.Value, by: int) -> ir.Value:
    """x moved to later states, or to earlier ones where `by` is negative; -inf comes in."""
    padded = op.Pad(x, [0, max(by, 0), 0, max(-by, 0)], _low(op, x))
    return op.Slice(padded, [0], [-by], [1]) if by > 0 else op.Slice(padded, [-by], [np.iinfo(np.int64).max], [1])


def _where(op: Context, condition: ir.Value | None, x: ir.Value) -> ir.Value:
    return x if condition is None else op.Where(condition, x, _low(op, x))


def _emission(op: Context, logs: ir.Value, states: States) -> ir.Value:
    """The states' log probabilities out of (time, batch, class); a label that is no class reads on behind its row."""
    times, batch, classes = (op.value(op.dim(logs, axis), _INT64) for axis in range(3))
    rows = op.Range(0, op.Mul(times, batch), 1)
    start = op.Reshape(op.Mul(rows, classes), op.ints((op.dim(logs, 0), op.dim(logs, 1), 1)))
    last = op.Sub(op.Mul(op.Mul(times, batch), classes), 1)
    places = op.Add(start, op.Unsqueeze(states.labels, [0]))
    inside = op.And(op.Not(op.Less(places, 0)), op.Not(op.Less(last, places)))
    found = op.Gather(op.Reshape(logs, [-1]), op.Where(inside, places, 0))
    return _where(op, op.And(states.used, inside), found)


def _forward(op: Context, emission: ir.Value, states: States, lengths: ir.Value) -> tuple[ir.Value, ir.Value]:
    """The log probability of all ways to a state, at each sequence's end and at every time (-inf behind its end)."""
    first = _where(op, op.Less(_count(op, emission, 2), 2), op.Gather(emission, 0))
    lengths = op.Unsqueeze(op.cast(lengths, _INT64), [1])

    def step(inner: Context, turn: ir.Value, alpha: ir.Value) -> list[ir.Value]:
        time = inner.Add(turn, 1)
        came = _where(inner, states.skip, _shifted(inner, alpha, 2))
        total = _log_sum(inner, _where(inner, states.stay, alpha), _shifted(inner, alpha, 1), came)
        new = inner.Add(total, inner.Gather(emission, time))
        alive = inner.Less(time, lengths)
        return [inner.Where(alive, new, alpha), _where(inner, alive, new)]

    last, later = repeat(op, op.Sub(op.value(op.dim(emission, 0), _INT64), 1), [first], step, stacked=1)
    return last, op.Concat(op.Unsqueeze(first, [0]), later, axis=0)


def _backward(op: Context, emission: ir.Value, states: States, lengths: ir.Value) -> ir.Value:
    """The log probability of all ways from a state to the end, at every time (-inf behind a sequence's end)."""
    ends = _where(op, states.ends, op.Mul(op.cast(states.used, emission.dtype), 0.0))
    final = op.Unsqueeze(op.Sub(op.cast(lengths, _INT64), 1), [1])
    latest = op.Sub(op.value(op.dim(emission, 0), _INT64), 1)
    start = _where(op, op.Equal(final, latest), ends)

    def step(inner: Context, turn: ir.Value, beta: ir.Value) -> list[ir.Value]:
        after = inner.Sub(latest, turn)
        time = inner.Sub(after, 1)
        gone = inner.Add(beta, inner.Gather(emission, after))
        jump = _shifted(inner, _where(inner, states.skip, gone), -2)
        new = _log_sum(inner, _where(inner, states.stay, gone), _shifted(inner, gone, -1), jump)
        new = inner.Where(inner.Equal(time, final), ends, new)
        new = _where(inner, inner.Not(inner.Less(final, time)), new)
        return [new, new]

    _, earlier = repeat(op, latest, [start], step, stacked=1)
    earlier = op.Slice(earlier, [-1], [np.iinfo(np.int64).min], [0], [-1])
    return op.Concat(earlier, op.Unsqueeze(start, [0]), axis=0)


@lowers("CTCLossV2")
def ctc_loss_v2(
    op: Context, log_probs: ir.Value, targets: ir.Value, input_lengths: ir.Value, target_lengths: ir.Value, *,
    blank: int = 0, reduction: str = "none", zero_infinity: bool = False,
) -> tuple[ir.Value, ir.Value]:  # fmt: skip
    """The loss of every sequence, and (batch, time, state) log probabilities of all ways to a state.

    On CPU, zero_infinity changes the gradient alone.
    """
    if reduction != "none":
        raise LoweringError(f"reduction {reduction!r} is not 'none'")
    states = _states(op, targets, target_lengths, blank, True)

    def compute(logs: ir.Value) -> tuple[ir.Value, ir.Value]:
        last, alphas = _forward(op, _emission(op, logs, states), states, input_lengths)
        loss = op.Neg(_log_sum_along(op, _where(op, states.ends, last)))
        return loss, op.Transpose(alphas, perm=[1, 0, 2])

    return computed_in(op, FLOATS, compute, log_probs)


def _dense(
    op: Context, indices: ir.Value, values: ir.Value, batch: Any, size: int, collapse: bool
) -> tuple[ir.Value, ir.Value]:
    """Labels in sparse form as (batch, size), and the number in each row; collapse leaves out repeated ones."""
    row = op.Gather(op.cast(indices, _INT64), 0, axis=1)
    label = op.cast(values, _INT64)
    hot = op.cast(op.Equal(op.Unsqueeze(row, [1]), op.Range(0, op.value(batch, _INT64), 1)), _INT64)
    if collapse:
        row_before, label_before = (op.Slice(op.Pad(one, [1, 0], -1), [0], [-1]) for one in (row, label))
        repeated = op.And(op.Equal(row, row_before), op.Equal(label, label_before))
        hot = op.Where(op.Unsqueeze(repeated, [1]), 0, hot)
    place = reduce(op, "ReduceSum", op.Mul(hot, op.CumSum(hot, 0, exclusive=1)), [1])
    kept = op.Less(0, reduce(op, "ReduceSum", hot, [1]))
    place = op.Where(op.And(kept, op.Less(place, size)), place, size)
    where = op.Concat(op.Unsqueeze(row, [1]), op.Unsqueeze(place, [1]), axis=1)
    empty = op.Expand(op.constant(0), op.ints((batch, size + 1)))
    dense = op.Slice(op.ScatterND(empty, where, label), [0], [size], [1])
    return dense, reduce(op, "ReduceSum", hot, [0])


@lowers("CTCLoss")
def ctc_loss(
    op: Context, x: ir.Value, labels_indices: ir.Value, labels_values: ir.Value, sequence_length: ir.Value, *,
    preprocess_collapse_repeated: bool = False, ctc_merge_repeated: bool = True,
    ignore_longer_outputs_than_inputs: bool = False,
) -> tuple[ir.Value, ir.Value]:  # fmt: skip
    """The loss of every sequence of (time, batch, class) logits, whose last class is the blank, and its gradient."""
    sizes = [size for size in (op.dim(x, 0), op.dim(labels_values, 0)) if isinstance(size, int)]
    if not sizes or not isinstance(op.dim(x, 2), int):
        raise LoweringError("needs a known number of classes, and of labels or of steps")
    dense, counts = _dense(op, labels_indices, labels_values, op.dim(x, 1), min(sizes), preprocess_collapse_repeated)
    states = _states(op, dense, counts, op.dim(x, 2) - 1, ctc_merge_repeated)

    def compute(x: ir.Value) -> tuple[ir.Value, ir.Value]:
        emission = _emission(op, op.LogSoftmax(x, axis=2), states)
        last, alphas = _forward(op, emission, states, sequence_length)
        gain = _log_sum_along(op, _where(op, states.ends, last))
        possible = op.Unsqueeze(op.Less(_low(op, x), gain), [0, 2])
        both = op.Add(alphas, _backward(op, emission, states, sequence_length))
        share = op.Exp(op.Sub(both, op.Where(possible, op.Unsqueeze(gain, [0, 2]), op.constant(0.0, x.dtype))))
        hot = op.OneHot(states.labels, op.dim(x, 2), op.constant(np.array([0, 1]), x.dtype), axis=-1)
        share = op.Transpose(op.MatMul(op.Transpose(share, perm=[1, 0, 2]), hot), perm=[1, 0, 2])
        lengths = op.Unsqueeze(op.cast(sequence_length, _INT64), [0, 2])
        alive = op.And(possible, op.Less(op.Reshape(_count(op, x, 0), [-1, 1, 1]), lengths))
        gradient = op.Where(alive, op.Sub(op.Softmax(x, axis=2), share), op.constant(0.0, x.dtype))
        return op.Neg(gain), gradient

    return computed_in(op, FLOATS, compute, x)


@lowers("CTCGreedyDecoder")
def ctc_greedy_decoder(
    op: Context, inputs: ir.Value, sequence_length: ir.Value, *, merge_repeated: bool = True
) -> tuple[ir.Value, ...]:
    """The most likely class of every step, without blanks (the last class) and, if asked, without repetitions.

    Gives them in sparse form (indices, values, shape) and the negated sum of their inputs.
    """
    alive = op.Less(op.Unsqueeze(_count(op, inputs, 0), [1]), op.cast(sequence_length, _INT64))
    best = op.ArgMax(inputs, axis=2, keepdims=0)
    kept = op.And(alive, op.Less(best, op.Sub(op.value(op.dim(inputs, 2), _INT64), 1)))
    if merge_repeated:
        before = op.Slice(op.Pad(best, [1, 0, 0, 0], -1), [0], [-1], [0])
        kept = op.And(kept, op.Not(op.Equal(best, before)))
    kept = op.Transpose(kept, perm=[1, 0])
    count = op.cast(kept, _INT64)
    found = op.Transpose(op.NonZero(kept), perm=[1, 0])
    place = op.GatherND(op.CumSum(count, 1, exclusive=1), found)
    indices = op.Concat(op.Slice(found, [0], [1], [1]), op.Unsqueeze(place, [1]), axis=1)
    values = op.GatherND(op.Transpose(best, perm=[1, 0]), found)
    longest = reduce(op, "ReduceMax", reduce(op, "ReduceSum", count, [1]), [0], keep_dims=True)
    shape = op.Concat(op.ints(op.dim(inputs, 1)), longest, axis=0)
    most = op.Where(alive, reduce(op, "ReduceMax", inputs, [2]), op.constant(0.0, inputs.dtype))
    return indices, values, shape, op.Unsqueeze(op.Neg(reduce(op, "ReduceSum", most, [0])), [1])
