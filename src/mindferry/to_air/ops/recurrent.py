"""Recurrent layers: the fused operators of the chip where they fit, else CommonLSTM and CommonGRU, which have ONNX's definition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mindferry.errors import LoweringError
from mindferry.to_air.builder import Builder
from mindferry.to_air.registry import to_ge
from mindferry.to_air.values import Value
from mindferry.types import DType

_DIRECTIONS = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}
"""For each direction of a layer whether it runs from the end."""

_IJFO = (0, 3, 2, 1)
"""ONNX's LSTM gates i, o, f, c in the order i, j (that is c), f, o."""

_LSTM_ACTIVATIONS = ("Sigmoid", "Tanh", "Tanh")
_GRU_ACTIVATIONS = ("Sigmoid", "Tanh")


@dataclass(frozen=True, slots=True)
class _Weights:
    """The constant weights of one direction, gates along axis 0."""

    input: npt.NDArray[Any]
    hidden: npt.NDArray[Any]
    bias_input: npt.NDArray[Any]
    bias_hidden: npt.NDArray[Any]


@to_ge("LSTM")
def lstm(
    op: Builder, x: Value, w: Value, r: Value, b: Value | None = None, lengths: Value | None = None, h: Value | None = None,
    c: Value | None = None, p: Value | None = None, *, activation_alpha: Sequence[float] = (),
    activation_beta: Sequence[float] = (), activations: Sequence[str] = (), clip: float = 0.0, direction: str = "forward",
    hidden_size: int | None = None, input_forget: int = 0, layout: int = 0,
) -> tuple[Value, ...]:  # fmt: skip
    """A DynamicRNN per direction for constant weights, full sequences and the usual activations, else CommonLSTM."""
    _check_layout(layout)
    sides = _DIRECTIONS[direction]
    weights = _constant(w, r, b, len(sides))
    usual = _usual(activations, _LSTM_ACTIVATIONS, len(sides)) and not clip and not input_forget and p is None
    if weights is None or lengths is not None or not usual:
        inputs = (x, w, r, b, lengths, h, c, p)
        keywords = {"input_forget": input_forget, "hidden_size": hidden_size or r.known_shape[-1]}
        found = _common(
            op, "CommonLSTM", inputs, activation_alpha, activation_beta, activations, clip, direction, keywords
        )
        return _shaped(op, found)
    y, states, cells = [], [], []
    for index, (one, reverse) in enumerate(zip(weights, sides, strict=True)):
        size = one.hidden.shape[1]
        matrix = np.concatenate([_gates(one.input, size), _gates(one.hidden, size)], axis=1).T
        bias = _gates(one.bias_input + one.bias_hidden, size)
        start = [None if state is None else _of_side(op, state, index, len(sides)) for state in (h, c)]
        steps = op.DynamicRNN(
            _turned(op, x, reverse), op.constant(matrix), op.constant(bias), None, *_both(op, x, size, start),
            cell_type="LSTM", direction="UNIDIRECTIONAL", cell_depth=1, use_peephole=False, keep_prob=1.0, cell_clip=-1.0,
            num_proj=0, time_major=True, activation="tanh", forget_bias=0.0, gate_order="ijfo", is_training=False,
            shape=(*x.known_shape[:2], size),
        )  # fmt: skip
        y.append(_turned(op, steps[0], reverse))
        states.append(_last(op, steps[1]))
        cells.append(_last(op, steps[2]))
    return _stacked(op, y), _joined(op, states), _joined(op, cells)


@to_ge("GRU")
def gru(
    op: Builder, x: Value, w: Value, r: Value, b: Value | None = None, lengths: Value | None = None, h: Value | None = None, *,
    activation_alpha: Sequence[float] = (), activation_beta: Sequence[float] = (), activations: Sequence[str] = (),
    clip: float = 0.0, direction: str = "forward", hidden_size: int | None = None, layout: int = 0,
    linear_before_reset: int = 0,
) -> tuple[Value, ...]:  # fmt: skip
    """A DynamicGRUV2 per direction for float16, constant weights, full sequences and the usual activations, else CommonGRU."""
    _check_layout(layout)
    sides = _DIRECTIONS[direction]
    weights = _constant(w, r, b, len(sides)) if x.dtype is DType.FLOAT16 else None
    if weights is None or lengths is not None or clip or not _usual(activations, _GRU_ACTIVATIONS, len(sides)):
        inputs = (x, w, r, b, lengths, h)
        keywords = {"linear_before_reset": linear_before_reset, "hidden_size": hidden_size or r.known_shape[-1]}
        found = _common(
            op, "CommonGRU", inputs, activation_alpha, activation_beta, activations, clip, direction, keywords
        )
        return _shaped(op, found)
    y, states = [], []
    for index, (one, reverse) in enumerate(zip(weights, sides, strict=True)):
        steps = op.DynamicGRUV2(
            _turned(op, x, reverse), op.constant(one.input.T), op.constant(one.hidden.T), op.constant(one.bias_input),
            op.constant(one.bias_hidden), None, None if h is None else _flat(op, _of_side(op, h, index, len(sides))),
            direction="UNIDIRECTIONAL", cell_depth=1, keep_prob=1.0, cell_clip=-1.0, num_proj=0, time_major=True,
            activation="tanh", gate_order="zrh", reset_after=bool(linear_before_reset), is_training=False,
            shape=(*x.known_shape[:2], one.hidden.shape[1]),
        )  # fmt: skip
        y.append(_turned(op, steps[0], reverse))
        states.append(_last(op, steps[1]))
    return _stacked(op, y), _joined(op, states)


def _check_layout(layout: int) -> None:
    if layout:
        raise LoweringError("with layout 1 has no GE form")


def _usual(activations: Sequence[str], names: Sequence[str], sides: int) -> bool:
    """Whether the activations are ONNX's defaults."""
    return not activations or [name.lower() for name in activations] == [name.lower() for name in names] * sides


def _constant(w: Value, r: Value, b: Value | None, sides: int) -> list[_Weights] | None:
    """The weights of each direction, None where they are not constant."""
    arrays = [value.array() for value in (w, r)]
    biases = None if b is None else b.array()
    if any(array is None for array in arrays) or (b is not None and biases is None):
        return None
    inputs, hiddens = arrays
    assert inputs is not None and hiddens is not None
    if biases is None:
        biases = np.zeros((sides, 2 * hiddens.shape[1]), hiddens.dtype)
    half = biases.shape[1] // 2
    return [_Weights(inputs[i], hiddens[i], biases[i, :half], biases[i, half:]) for i in range(sides)]


def _gates(array: npt.NDArray[Any], size: int) -> npt.NDArray[Any]:
    """The gates along axis 0 in DynamicRNN's order."""
    return np.concatenate([array[gate * size : (gate + 1) * size] for gate in _IJFO])


def _both(op: Builder, x: Value, size: int, start: list[Value | None]) -> list[Value | None]:
    """DynamicRNN takes both states or neither; the missing one is zeros."""
    if start == [None, None] or None not in start:
        return start
    batch = x.known_shape[1]
    if batch == -1:
        raise LoweringError("with one of two states needs a known batch")
    return [op.constant(np.zeros((1, batch, size)), x.dtype) if state is None else state for state in start]


def _of_side(op: Builder, state: Value, side: int, sides: int) -> Value:
    """The state of one direction, (1, batch, hidden)."""
    if sides == 1:
        return state
    shape = (1, *state.known_shape[1:])
    return op.StridedSlice(
        state, [side, 0, 0], [side + 1, 0, 0], [1, 1, 1], begin_mask=0, end_mask=6, ellipsis_mask=0, new_axis_mask=0,
        shrink_axis_mask=0, shape=shape,
    )  # fmt: skip


def _flat(op: Builder, state: Value) -> Value:
    """A state of one direction as DynamicGRUV2 has it, (batch, hidden)."""
    return op.Squeeze(state, axis=[0], shape=state.known_shape[1:])


def _turned(op: Builder, x: Value, reverse: bool) -> Value:
    """The sequence from its end, where that is asked for."""
    return op.ReverseV2(x, [0], shape=x.shape) if reverse else x


def _last(op: Builder, steps: Value) -> Value:
    """The last step, (1, batch, hidden)."""
    return op.StridedSlice(
        steps, [-1, 0, 0], [0, 0, 0], [1, 1, 1], begin_mask=6, end_mask=7, ellipsis_mask=0, new_axis_mask=0,
        shrink_axis_mask=0, shape=(1, *steps.known_shape[1:]),
    )  # fmt: skip


def _stacked(op: Builder, sides: list[Value]) -> Value:
    """(time, directions, batch, hidden), as ONNX has it."""
    steps, batch, size = sides[0].known_shape
    found = [op.ExpandDims(side, 1, shape=(steps, 1, batch, size)) for side in sides]
    if len(found) == 1:
        return found[0]
    return op.ConcatV2(found, 1, N=len(found), shape=(steps, len(found), batch, size))


def _joined(op: Builder, sides: list[Value]) -> Value:
    """(directions, batch, hidden)."""
    if len(sides) == 1:
        return sides[0]
    return op.ConcatV2(sides, 0, N=len(sides), shape=(len(sides), *sides[0].known_shape[1:]))


def _common(
    op: Builder, name: str, inputs: Sequence[Value | None], alpha: Sequence[float], beta: Sequence[float],
    activations: Sequence[str], clip: float, direction: str, keywords: dict[str, int],
) -> tuple[Value, ...]:  # fmt: skip
    """CommonLSTM or CommonGRU."""
    given: dict[str, Any] = {"activation_alpha": alpha, "activation_beta": beta, "activations": activations}
    lists: dict[str, Any] = {key: list(value) for key, value in given.items() if value}
    others: dict[str, Any] = dict(keywords)
    result: tuple[Value, ...] = op.call(
        name, *inputs, clip=clip or -1.0, direction=direction, shape=None, **lists, **others
    )
    return result


def _shaped(op: Builder, found: tuple[Value, ...]) -> tuple[Value, ...]:
    """The results, of which those that are not used get the shapes of their neighbours in ONNX."""
    for value, wanted in zip(found, op.results, strict=False):
        value.shape = None if wanted is None else wanted.shape
    return found
