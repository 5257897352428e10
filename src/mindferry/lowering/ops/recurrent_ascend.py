"""Recurrent primitives of Ascend: unrolled over time in a Loop, because their results include every step's gates."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.ops.recurrent import split_gates
from mindferry.lowering.registry import lowers
from mindferry.lowering.repeat import repeat

_FLOAT = ir.DataType.FLOAT


def _only(**given: Any) -> None:
    """Refuses arguments that are not what their only lowered value is: name=(found, wanted)."""
    wrong = [f"{name}={found!r} (only {wanted!r})" for name, (found, wanted) in given.items() if found != wanted]
    if wrong:
        raise LoweringError(f"{', '.join(wrong)} has no lowering")


def _lstm_step(op: Context, gates: ir.Value, c: ir.Value, forget_bias: float, cell_clip: float) -> tuple[ir.Value, ...]:
    """c, h, i, j, f, o and tanh(c) of one step from its gates i, j, f, o."""
    i, j, f, o = split_gates(op, gates, 4)
    i, j, o = op.Sigmoid(i), op.Tanh(j), op.Sigmoid(o)
    f = op.Sigmoid(op.Add(f, forget_bias) if forget_bias else f)
    c = op.Add(op.Mul(f, c), op.Mul(i, j))
    if cell_clip > 0:
        c = op.Clip(c, -cell_clip, cell_clip)
    tanh = op.Tanh(c)
    return c, op.Mul(o, tanh), i, j, f, o, tanh


@lowers("DynamicRNN")
def dynamic_rnn(
    op: Context, x: ir.Value, w: ir.Value, b: ir.Value, seq_length: ir.Value | None, init_h: ir.Value,
    init_c: ir.Value, *, cell_type: str = "LSTM", direction: str = "UNIDIRECTIONAL", cell_depth: int = 1,
    use_peephole: bool = False, keep_prob: float = 1.0, cell_clip: float = -1.0, num_proj: int = 0,
    time_major: bool = True, activation: str = "tanh", forget_bias: float = 0.0, is_training: bool = True,
) -> tuple[ir.Value, ...]:  # fmt: skip
    """One layer of LSTM, w being (input + hidden, 4 hidden), gates i, j, f, o; float32 inside.

    Gives for every step y, h, c, i, j, f, o, tanh(c): h in float16, the others in the bias's type.
    """
    _only(cell_type=(cell_type, "LSTM"), direction=(direction, "UNIDIRECTIONAL"), cell_depth=(cell_depth, 1))
    _only(num_proj=(num_proj, 0), use_peephole=(use_peephole, False), keep_prob=(keep_prob, 1.0))
    _only(time_major=(time_major, True), activation=(activation, "tanh"), seq_length=(seq_length, None))
    h, c = (op.Squeeze(op.cast(state, _FLOAT), [0]) for state in (init_h, init_c))
    weight, features = op.cast(w, _FLOAT), op.dim(x, 2)
    entry = op.Add(op.MatMul(op.cast(x, _FLOAT), op.Slice(weight, [0], [features])), op.cast(b, _FLOAT))
    recurrent = op.Slice(weight, [features], [op.dim(w, 0)])

    def step(inner: Context, turn: ir.Value, h: ir.Value, c: ir.Value) -> list[ir.Value]:
        gates = inner.Add(inner.Gather(entry, turn), inner.MatMul(h, recurrent))
        c, h, *others = _lstm_step(inner, gates, c, forget_bias, cell_clip)
        return [h, c, h, c, *others]

    _, _, hs, *others = repeat(op, op.dim(x, 0), [h, c], step, stacked=7)
    kind = b.dtype
    assert kind is not None
    return op.cast(hs, kind), op.cast(hs, ir.DataType.FLOAT16), *(op.cast(one, kind) for one in others)


@lowers("BasicLSTMCell")
def basic_lstm_cell(
    op: Context, x: ir.Value, h: ir.Value, c: ir.Value, w: ir.Value, b: ir.Value, *, keep_prob: float = 1.0,
    forget_bias: float = 1.0, state_is_tuple: bool = True, activation: str = "tanh",
) -> tuple[ir.Value, ...]:  # fmt: skip
    """One step of LSTM, w being (input + hidden, 4 hidden), gates i, j, f, o: c, h (float16), i, j, f, o, tanh(c)."""
    _only(keep_prob=(keep_prob, 1.0), state_is_tuple=(state_is_tuple, True), activation=(activation, "tanh"))
    both = op.Concat(op.cast(x, _FLOAT), op.cast(h, _FLOAT), axis=1)
    gates = op.Add(op.MatMul(both, op.cast(w, _FLOAT)), op.cast(b, _FLOAT))
    c_n, h_n, *others = _lstm_step(op, gates, op.cast(c, _FLOAT), forget_bias, -1.0)
    kind = c.dtype
    assert kind is not None
    return op.cast(c_n, kind), op.cast(h_n, ir.DataType.FLOAT16), *(op.cast(one, kind) for one in others)


@lowers("DynamicGRUV2")
def dynamic_gru_v2(
    op: Context, x: ir.Value, weight_input: ir.Value, weight_hidden: ir.Value, bias_input: ir.Value | None,
    bias_hidden: ir.Value | None, seq_length: ir.Value | None, init_h: ir.Value, *, direction: str = "UNIDIRECTIONAL",
    cell_depth: int = 1, keep_prob: float = 1.0, cell_clip: float = -1.0, num_proj: int = 0, time_major: bool = True,
    activation: str = "tanh", gate_order: str = "rzh", reset_after: bool = True, is_training: bool = True,
) -> tuple[ir.Value, ...]:  # fmt: skip
    """One layer of GRU, h = (1 - z) n + z h; float32 inside.

    Gives for every step y, h, z, r, n and the hidden part of n.
    n = tanh(W x + b + r (U h + c)), or tanh(W x + b + U (r h) + c) where reset_after is False.
    """
    _only(direction=(direction, "UNIDIRECTIONAL"), cell_depth=(cell_depth, 1), num_proj=(num_proj, 0))
    _only(keep_prob=(keep_prob, 1.0), time_major=(time_major, True), activation=(activation, "tanh"))
    _only(seq_length=(seq_length, None), cell_clip=(cell_clip, -1.0))
    entry = op.MatMul(op.cast(x, _FLOAT), op.cast(weight_input, _FLOAT))
    if bias_input is not None:
        entry = op.Add(entry, op.cast(bias_input, _FLOAT))
    kernel = op.cast(weight_hidden, _FLOAT)
    bias = None if bias_hidden is None else op.cast(bias_hidden, _FLOAT)
    hidden = int(weight_hidden.shape[0])  # type: ignore[index, arg-type]

    def recur(inner: Context, state: ir.Value, first: int, last: int) -> ir.Value:
        product = inner.MatMul(state, inner.Slice(kernel, [first * hidden], [last * hidden], [1]))
        return product if bias is None else inner.Add(product, inner.Slice(bias, [first * hidden], [last * hidden]))

    def step(inner: Context, turn: ir.Value, h: ir.Value) -> list[ir.Value]:
        left, right, new = split_gates(inner, inner.Gather(entry, turn), 3)
        one, two = split_gates(inner, recur(inner, h, 0, 2), 2)
        one, two = inner.Sigmoid(inner.Add(left, one)), inner.Sigmoid(inner.Add(right, two))
        r, z = (one, two) if gate_order == "rzh" else (two, one)
        part = recur(inner, h, 2, 3) if reset_after else recur(inner, inner.Mul(r, h), 2, 3)
        n = inner.Tanh(inner.Add(new, inner.Mul(r, part) if reset_after else part))
        h = inner.Add(inner.Sub(n, inner.Mul(z, n)), inner.Mul(z, h))
        return [h, h, z, r, n, part]

    _, hs, *others = repeat(op, op.dim(x, 0), [op.cast(init_h, _FLOAT)], step, stacked=5)
    kind = op.result_dtype or init_h.dtype
    assert kind is not None
    y = op.cast(hs, kind)
    return y, y, *(op.cast(one, kind) for one in others)
