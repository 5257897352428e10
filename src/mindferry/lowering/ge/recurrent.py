"""Recurrent layers."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.ops import recurrent_ascend
from mindferry.lowering.registry import lowers_ge

_REVERSED = ("REDIRECTIONAL", "REVERSE")


def _only(**given: Any) -> None:
    """Refuses arguments that are not what their only lowered value is: name=(found, wanted)."""
    wrong = [f"{name} {found!r} (only {wanted!r})" for name, (found, wanted) in given.items() if found != wanted]
    if wrong:
        raise LoweringError(f"{', '.join(wrong)} has no lowering")


def _start(op: Context, given: ir.Value | None, x: ir.Value, hidden: int, dtype: ir.DataType | None) -> ir.Value:
    """The state at the beginning, (1, batch, hidden): what is given, or zeros."""
    if given is not None:
        return given if op.rank(given) == 3 else op.Unsqueeze(given, [0])
    return op.Expand(op.cast(0, dtype), op.ints([1, op.dim(x, 1), hidden]))


def _in_time(op: Context, x: ir.Value, direction: str) -> ir.Value:
    """x, its first axis turned round where the direction is from the end."""
    if direction == "UNIDIRECTIONAL":
        return x
    if direction not in _REVERSED:
        raise LoweringError(f"direction {direction!r} has no lowering; UNIDIRECTIONAL and REDIRECTIONAL have")
    return op.Slice(x, [-1], [-(2**63 - 1)], [0], [-1])


@lowers_ge("DynamicRNN")
def dynamic_rnn(
    op: Context, x: ir.Value, w: ir.Value, b: ir.Value, seq_length: Any = None, init_h: ir.Value | None = None,
    init_c: ir.Value | None = None, wci: Any = None, wcf: Any = None, wco: Any = None, mask: Any = None, *,
    cell_type: str = "LSTM", direction: str = "UNIDIRECTIONAL", cell_depth: int = 1, use_peephole: bool = False,
    keep_prob: float = 1.0, cell_clip: float = -1.0, num_proj: int = 0, time_major: bool = True,
    activation: str = "tanh", forget_bias: float = 0.0, gate_order: str = "ijfo", is_training: bool = True,
) -> tuple[ir.Value, ...]:  # fmt: skip
    """One layer of LSTM over (time, batch, in), w being (in + hidden, 4 hidden), gates i, j, f, o.

    Gives for every step y, h, c, i, j, f, o and tanh(c).
    """
    _only(gate_order=(gate_order, "ijfo"), wci=(wci, None), wcf=(wcf, None), wco=(wco, None), mask=(mask, None))
    hidden = op.dim(b, 0) // 4
    states = (_start(op, one, x, hidden, b.dtype) for one in (init_h, init_c))
    results = recurrent_ascend.dynamic_rnn(
        op, _in_time(op, x, direction), w, b, seq_length, *states, cell_type=cell_type, cell_depth=cell_depth,
        use_peephole=use_peephole, keep_prob=keep_prob, cell_clip=cell_clip, num_proj=num_proj, time_major=time_major,
        activation=activation, forget_bias=forget_bias,
    )  # fmt: skip
    assert b.dtype is not None
    y, h = (op.cast(results[0], op.dtype_of_result(index, b.dtype)) for index in range(2))
    return tuple(_in_time(op, one, direction) for one in (y, h, *results[2:]))


@lowers_ge("DynamicGRUV2")
def dynamic_gru_v2(
    op: Context, x: ir.Value, weight_input: ir.Value, weight_hidden: ir.Value, bias_input: ir.Value | None = None,
    bias_hidden: ir.Value | None = None, seq_length: Any = None, init_h: ir.Value | None = None, *,
    direction: str = "UNIDIRECTIONAL", cell_depth: int = 1, keep_prob: float = 1.0, cell_clip: float = -1.0,
    num_proj: int = 0, time_major: bool = True, activation: str = "tanh", gate_order: str = "zrh",
    reset_after: bool = True, is_training: bool = True,
) -> tuple[ir.Value, ...]:  # fmt: skip
    """One layer of GRU over (time, batch, in); for every step y, h, z, r, n and the hidden part of n.

    The state at the beginning is (batch, hidden) or (1, batch, hidden).
    """
    if gate_order not in ("zrh", "rzh"):
        raise LoweringError(f"gate_order {gate_order!r} is unknown; there are zrh and rzh")
    first = op.Squeeze(_start(op, init_h, x, op.dim(weight_hidden, 0), weight_hidden.dtype), [0])
    results = recurrent_ascend.dynamic_gru_v2(
        op, _in_time(op, x, direction), weight_input, weight_hidden, bias_input, bias_hidden, seq_length, first,
        cell_depth=cell_depth, keep_prob=keep_prob, cell_clip=cell_clip, num_proj=num_proj, time_major=time_major,
        activation=activation, gate_order=gate_order, reset_after=reset_after,
    )  # fmt: skip
    return tuple(_in_time(op, one, direction) for one in results)


@lowers_ge("BasicLSTMCell")
def basic_lstm_cell(
    op: Context, x: ir.Value, h: ir.Value, c: ir.Value, w: ir.Value, b: ir.Value, mask: Any = None, *,
    keep_prob: float = 1.0, forget_bias: float = 1.0, state_is_tuple: bool = True, activation: str = "tanh",
) -> tuple[ir.Value, ...]:  # fmt: skip
    """One step of LSTM, w being (in + hidden, 4 hidden), gates i, j, f, o: c, h, i, j, f, o, tanh(c)."""
    _only(mask=(mask, None))
    results = recurrent_ascend.basic_lstm_cell(
        op, x, h, c, w, b, keep_prob=keep_prob, forget_bias=forget_bias, state_is_tuple=state_is_tuple,
        activation=activation,
    )  # fmt: skip
    state, _, *others = results
    assert h.dtype is not None
    return state, op.cast(op.Mul(others[-2], others[-1]), op.dtype_of_result(1, h.dtype)), *others


def _direction(direction: str) -> str:
    names = {"forward": "forward", "bidirectional": "bidirectional", "reverse": "reverse"}
    if direction not in names:
        raise LoweringError(f"direction {direction!r} is unknown; there are {', '.join(names)}")
    return names[direction]


@lowers_ge("CommonLSTM")
def common_lstm(
    op: Context, x: ir.Value, w: ir.Value, r: ir.Value, b: ir.Value | None = None, sequence_lens: ir.Value | None = None,
    initial_h: ir.Value | None = None, initial_c: ir.Value | None = None, p: ir.Value | None = None, *,
    activation_alpha: Any = (), activation_beta: Any = (), activations: Any = (), clip: float = -1.0,
    direction: str = "forward", hidden_size: int, input_forget: int = 0,
) -> tuple[ir.Value, ...]:  # fmt: skip
    """One ONNX LSTM, whose definition it has."""
    return op.LSTM(
        x, w, r, b, sequence_lens, initial_h, initial_c, p, activation_alpha=activation_alpha or None,
        activation_beta=activation_beta or None, activations=activations or None, clip=clip if clip > 0 else None,
        direction=_direction(direction), hidden_size=hidden_size, input_forget=input_forget, outputs=3,
    )  # fmt: skip


@lowers_ge("CommonGRU")
def common_gru(
    op: Context, x: ir.Value, w: ir.Value, r: ir.Value, b: ir.Value | None = None, sequence_lens: ir.Value | None = None,
    initial_h: ir.Value | None = None, *, activation_alpha: Any = (), activation_beta: Any = (), activations: Any = (),
    clip: float = -1.0, direction: str = "forward", hidden_size: int, linear_before_reset: int = 0,
) -> tuple[ir.Value, ...]:  # fmt: skip
    """One ONNX GRU, whose definition it has."""
    return op.GRU(
        x, w, r, b, sequence_lens, initial_h, activation_alpha=activation_alpha or None,
        activation_beta=activation_beta or None, activations=activations or None, clip=clip if clip > 0 else None,
        direction=_direction(direction), hidden_size=hidden_size, linear_before_reset=linear_before_reset, outputs=2,
    )  # fmt: skip
