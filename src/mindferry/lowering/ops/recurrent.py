"""Recurrent layers: sequences first in time, states first in layers and directions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.graph import SequenceType, TensorType
from mindferry.lowering.context import Context, static_shape
from mindferry.lowering.helpers import computed_in
from mindferry.lowering.registry import lowers
from mindferry.lowering.repeat import repeat

_FLOAT = (ir.DataType.FLOAT,)
"""What ONNX Runtime's recurrent CPU kernels compute in."""

_IFGO_TO_IOFG = (0, 3, 1, 2)
_RZN_TO_ZRN = (1, 0, 2)
_ZRN = (0, 1, 2)


@dataclass(frozen=True, slots=True)
class Stack:
    """The sizes of a stack of recurrent layers.

    Attributes:
        gates: gates per cell, 4 for LSTM and 3 for GRU.
        state: size of the state that goes from step to step: hidden, or the projection's size.
        projection: size of the projection, or 0.
    """

    gates: int
    input: int
    hidden: int
    layers: int
    directions: int
    projection: int = 0

    @property
    def state(self) -> int:
        return self.projection or self.hidden

    def entry(self, layer: int) -> int:
        """The number of features that a layer reads."""
        return self.state * self.directions if layer else self.input

    def matrices(self, layer: int) -> list[tuple[int, int]]:
        """Shapes of the weights of one direction of a layer: input, state and projection."""
        rows = self.gates * self.hidden
        shapes = [(rows, self.entry(layer)), (rows, self.state)]
        return [*shapes, (self.projection, self.hidden)] if self.projection else shapes


@dataclass(frozen=True, slots=True)
class Cell:
    """The weights of one direction of one layer, gates in MindSpore's order; bias is empty or holds one or two."""

    input: ir.Value
    state: ir.Value
    projection: ir.Value | None
    bias: tuple[ir.Value, ...]


def bias_count(op: Context, flat: ir.Value, stack: Stack, has_bias: bool) -> int:
    """How many biases a cell has in MindSpore's flat weight: none, their sum, or both.

    Raises:
        LoweringError: the weight has another size.
    """
    cells, rows = stack.layers * stack.directions, stack.gates * stack.hidden
    matrices = stack.directions * sum(a * b for layer in range(stack.layers) for a, b in stack.matrices(layer))
    total = op.dim(flat, 0)
    if not isinstance(total, int):
        raise LoweringError("its weight's size is only known at run time")
    count, rest = divmod(total - matrices, rows * cells)
    if rest or count not in ((1, 2) if has_bias else (0,)):
        raise LoweringError(f"its weight has {total} elements, expected {matrices} and {rows * cells} for each bias")
    return count


def cells(op: Context, flat: ir.Value, stack: Stack, biases: int, *, by_kind: bool) -> list[list[Cell]]:
    """The weights by layer and direction, cut out of MindSpore's flat tensor.

    Args:
        by_kind: all input weights, then all state weights, ... (oneDNN, on CPU) instead of cell by cell (cuDNN); the
            biases of all cells stand at the end in both.
    """
    places = [(layer, side) for layer in range(stack.layers) for side in range(stack.directions)]
    kinds = range(len(stack.matrices(0)))
    order = (
        [(place, kind) for kind in kinds for place in places]
        if by_kind
        else [(place, kind) for place in places for kind in kinds]
    )
    start = 0

    def cut(shape: tuple[int, ...]) -> ir.Value:
        nonlocal start
        first, start = start, start + int(np.prod(shape))
        piece = op.Slice(flat, [first], [start])
        return op.Reshape(piece, list(shape)) if len(shape) > 1 else piece

    found = {(place, kind): cut(stack.matrices(place[0])[kind]) for place, kind in order}
    bias = {place: tuple(cut((stack.gates * stack.hidden,)) for _ in range(biases)) for place in places}
    made = {place: Cell(found[place, 0], found[place, 1], found.get((place, 2)), bias[place]) for place in places}
    return [[made[layer, side] for side in range(stack.directions)] for layer in range(stack.layers)]


def _ordered(op: Context, matrix: ir.Value, order: tuple[int, ...]) -> ir.Value:
    """Its gates, which are blocks of rows, in another order, behind a new first axis for the direction."""
    rest = [int(size) for size in matrix.shape[1:]]  # type: ignore[index, arg-type]
    blocks = op.Gather(op.Reshape(matrix, [len(order), -1, *rest]), list(order), axis=0)
    return op.Reshape(blocks, [1, -1, *rest])


def _join(op: Context, parts: list[ir.Value], axis: int = 0) -> ir.Value:
    return parts[0] if len(parts) == 1 else op.Concat(*parts, axis=axis)


def _weights(op: Context, layer: list[Cell], order: tuple[int, ...]) -> tuple[ir.Value, ir.Value, ir.Value | None]:
    """ONNX's W, R and B of one layer."""
    w = _join(op, [_ordered(op, cell.input, order) for cell in layer])
    r = _join(op, [_ordered(op, cell.state, order) for cell in layer])
    if not layer[0].bias:
        return w, r, None
    pairs = []
    for cell in layer:
        first = _ordered(op, cell.bias[0], order)
        second = (
            _ordered(op, cell.bias[1], order)
            if len(cell.bias) > 1
            else op.constant(np.zeros(static_shape(first), np.float32))
        )
        pairs.append(op.Concat(first, second, axis=1))
    return w, r, _join(op, pairs)


def _merge_directions(op: Context, y: ir.Value, directions: int) -> ir.Value:
    """(time, direction, batch, state) to (time, batch, direction x state)."""
    if directions == 1:
        return op.Squeeze(y, [1])
    return op.Reshape(op.Transpose(y, perm=[0, 2, 1, 3]), [0, 0, -1])


def _of_layer(op: Context, state: ir.Value, layer: int, stack: Stack) -> ir.Value:
    """The initial state of one layer, a slice of all."""
    if stack.layers == 1:
        return state
    return op.Slice(state, [layer * stack.directions], [(layer + 1) * stack.directions], [0])


def _no_dropout(dropout: float, layers: int, is_train: bool) -> None:
    if is_train and dropout and layers > 1:
        raise LoweringError(
            f"is_train=True with dropout={dropout} draws random numbers between layers; export it with is_train=False"
        )


@lowers("LSTM")
def lstm(
    op: Context, x: ir.Value, h: ir.Value, c: ir.Value, w: ir.Value, *, input_size: int, hidden_size: int,
    num_layers: int, has_bias: bool, bidirectional: bool, dropout: float = 0.0, proj_size: int = 0,
) -> tuple[ir.Value, ...]:  # fmt: skip
    """Layers of LSTM, without dropout; reserve and state, which only the gradient reads, are zeros."""
    stack = Stack(4, input_size, hidden_size, num_layers, 1 + bidirectional, proj_size)
    return _lstm(op, x, h, c, w, stack, has_bias, None)


@lowers("LSTMV2")
def lstm_v2(
    op: Context, x: ir.Value, h: ir.Value, c: ir.Value, w: ir.Value, seq_lengths: ir.Value | None, *, input_size: int,
    hidden_size: int, num_layers: int, has_bias: bool, bidirectional: bool, dropout: float = 0.0,
    is_train: bool = True,
) -> tuple[ir.Value, ...]:  # fmt: skip
    """Layers of LSTM over sequences of different lengths; outputs behind a sequence's end are zeros."""
    _no_dropout(dropout, num_layers, is_train)
    stack = Stack(4, input_size, hidden_size, num_layers, 1 + bidirectional)
    return _lstm(op, x, h, c, w, stack, has_bias, seq_lengths)


def _lstm(
    op: Context, x: ir.Value, h: ir.Value, c: ir.Value, w: ir.Value, stack: Stack, has_bias: bool,
    lengths: ir.Value | None,
) -> tuple[ir.Value, ...]:  # fmt: skip
    def compute(x: ir.Value, h: ir.Value, c: ir.Value, w: ir.Value) -> tuple[ir.Value, ...]:
        flat = op.Reshape(w, [-1])
        biases = bias_count(op, flat, stack, has_bias)
        last_h, last_c = [], []
        for index, layer in enumerate(cells(op, flat, stack, biases, by_kind=biases == 1)):
            h_0, c_0 = _of_layer(op, h, index, stack), _of_layer(op, c, index, stack)
            x, h_n, c_n = (_projected_layer if stack.projection else _lstm_layer)(
                op, x, h_0, c_0, layer, stack, lengths
            )
            last_h.append(h_n)
            last_c.append(c_n)
        return x, _join(op, last_h), _join(op, last_c)

    made = computed_in(op, _FLOAT, compute, x, h, c, w)
    return (*made, *_unused(op, x))


def _unused(op: Context, x: ir.Value) -> tuple[ir.Value, ...]:
    """Stand-ins, in the recorded shape, for the workspace that a recurrent primitive gives to its gradient."""
    recorded = op.node.type.items if isinstance(op.node.type, SequenceType) and op.node.type.items else ()
    shapes = [kind.shape or (1, 1) for kind in recorded[-2:] if isinstance(kind, TensorType)] or [(1, 1)] * 2
    return tuple(op.constant(np.zeros([size or 1 for size in shape]), x.dtype) for shape in shapes)


def _lstm_layer(
    op: Context, x: ir.Value, h: ir.Value, c: ir.Value, layer: list[Cell], stack: Stack, lengths: ir.Value | None
) -> tuple[ir.Value, ...]:
    w, r, b = _weights(op, layer, _IFGO_TO_IOFG)
    direction = "bidirectional" if stack.directions == 2 else "forward"
    y, h_n, c_n = op.LSTM(x, w, r, b, lengths, h, c, hidden_size=stack.hidden, direction=direction, outputs=3)
    return _merge_directions(op, y, stack.directions), h_n, c_n


def _projected_layer(
    op: Context, x: ir.Value, h: ir.Value, c: ir.Value, layer: list[Cell], stack: Stack, lengths: ir.Value | None
) -> tuple[ir.Value, ...]:
    """A layer whose state is a projection of the cell's output, which ONNX's LSTM cannot: a Loop over time."""
    sides = []
    for side, cell in enumerate(layer):
        one = op.Slice(x, [-1], [np.iinfo(np.int64).min], [0], [-1]) if side else x
        h_0, c_0 = (op.Squeeze(op.Slice(state, [side], [side + 1], [0]), [0]) for state in (h, c))
        h_n, c_n, y = _projected_cell(op, one, h_0, c_0, cell)
        y = op.Slice(y, [-1], [np.iinfo(np.int64).min], [0], [-1]) if side else y
        sides.append((y, op.Unsqueeze(h_n, [0]), op.Unsqueeze(c_n, [0])))
    ys, hs, cs = zip(*sides, strict=True)
    return _join(op, list(ys), axis=2), _join(op, list(hs)), _join(op, list(cs))


def _projected_cell(op: Context, x: ir.Value, h: ir.Value, c: ir.Value, cell: Cell) -> tuple[ir.Value, ...]:
    entry = op.MatMul(x, op.Transpose(cell.input, perm=[1, 0]))
    for bias in cell.bias:
        entry = op.Add(entry, bias)
    state, projection = (op.Transpose(matrix, perm=[1, 0]) for matrix in (cell.state, cell.projection))

    def step(inner: Context, turn: ir.Value, h: ir.Value, c: ir.Value) -> list[ir.Value]:
        gates = inner.Add(inner.Gather(entry, turn), inner.MatMul(h, state))
        i, f, g, o = split_gates(inner, gates, 4)
        i, f, o = (inner.Sigmoid(gate) for gate in (i, f, o))
        c = inner.Add(inner.Mul(f, c), inner.Mul(i, inner.Tanh(g)))
        h = inner.MatMul(inner.Mul(o, inner.Tanh(c)), projection)
        return [h, c, h]

    return repeat(op, op.dim(x, 0), [h, c], step, stacked=1)


def split_gates(op: Context, gates: ir.Value, count: int) -> tuple[ir.Value, ...]:
    """Equal parts of the last axis."""
    return op.Split(gates, axis=-1, outputs=count, **({"num_outputs": count} if op.opset >= 18 else {}))


@lowers("GRUV2")
def gru_v2(
    op: Context, x: ir.Value, h: ir.Value, w: ir.Value, seq_lengths: ir.Value, *, input_size: int, hidden_size: int,
    num_layers: int, has_bias: bool, bidirectional: bool, dropout: float = 0.0, is_train: bool = True,
) -> tuple[ir.Value, ...]:  # fmt: skip
    """Layers of GRU as MindSpore computes them on CPU: h = (1 - z) tanh(W x + U (r h) + b) + z h, gates z, r, h.

    On CPU the lengths and the second bias are not looked at.
    """
    op.report.warn("GRUV2 means one formula on GPU and another on CPU; ONNX gets CPU's, which ignores the lengths")
    _no_dropout(dropout, num_layers, is_train)
    stack = Stack(3, input_size, hidden_size, num_layers, 1 + bidirectional)
    return _gru(op, x, h, w, stack, has_bias, on_cpu=True)


@lowers("CudnnGRU")
def cudnn_gru(
    op: Context, x: ir.Value, h: ir.Value, w: ir.Value, *, input_size: int, hidden_size: int, num_layers: int,
    has_bias: bool, bidirectional: bool, dropout: float = 0.0,
) -> tuple[ir.Value, ...]:  # fmt: skip
    """Layers of GRU: h = (1 - z) tanh(W x + b + r (U h + c)) + z h, gates r, z, n, without dropout."""
    stack = Stack(3, input_size, hidden_size, num_layers, 1 + bidirectional)
    return _gru(op, x, h, w, stack, has_bias, on_cpu=False)


def _gru(
    op: Context, x: ir.Value, h: ir.Value, w: ir.Value, stack: Stack, has_bias: bool, *, on_cpu: bool
) -> tuple[ir.Value, ...]:
    direction = "bidirectional" if stack.directions == 2 else "forward"

    def compute(x: ir.Value, h: ir.Value, w: ir.Value) -> tuple[ir.Value, ...]:
        flat = op.Reshape(w, [-1])
        biases = bias_count(op, flat, stack, has_bias)
        last = []
        for index, layer in enumerate(cells(op, flat, stack, min(biases, 1) if on_cpu else biases, by_kind=on_cpu)):
            w_r_b = _weights(op, layer, _ZRN if on_cpu else _RZN_TO_ZRN)
            h_0 = _of_layer(op, h, index, stack)
            y, h_n = op.GRU(
                x,
                *w_r_b,
                None,
                h_0,
                hidden_size=stack.hidden,
                direction=direction,
                linear_before_reset=int(not on_cpu),
                outputs=2,
            )
            x = _merge_directions(op, y, stack.directions)
            last.append(h_n)
        return x, _join(op, last)

    return (*computed_in(op, _FLOAT, compute, x, h, w), *_unused(op, x))
