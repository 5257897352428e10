"""Padding: constants, reflections, repeated edges, and wrapping around."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.layouts import by_parts, count
from mindferry.lowering.ops.slice import numbers_of, sliced
from mindferry.lowering.registry import lowers

_FIRST = -(2**63 - 1)
"""Before every position, for a slice that runs backwards to the first element."""

Pads = list[tuple[Any, Any]]
"""Elements (before, after) per axis, known now or at run time; a negative number takes elements away."""


def padded(op: Context, x: ir.Value, pads: Pads, mode: str = "constant", value: Any = None) -> ir.Value:
    """x with more elements at both ends of each axis; mode is ONNX's, or "symmetric" or "circular"."""
    if all(isinstance(number, int) and number == 0 for pair in pads for number in pair):
        return x
    if mode in ("symmetric", "circular"):
        for axis, pair in enumerate(pads):
            x = _extended(op, x, axis, pair, mode) if pair != (0, 0) else x
        return x
    flat = [before for before, _ in pads] + [after for _, after in pads]
    fill = None if value is None else op.Reshape(op.cast(value, x.dtype), [])
    return op.Pad(x, op.ints(flat), fill, mode=mode)


def _extended(op: Context, x: ir.Value, axis: int, pair: tuple[Any, Any], mode: str) -> ir.Value:
    if any(isinstance(number, int) and number < 0 for number in pair):
        raise LoweringError(f"padding {pair} of axis {axis} takes elements away, which {mode} padding cannot")
    size = op.dim(x, axis)
    before, after = (sliced(op, x, {axis: part}) for part in _ends(op, size, pair, mode))
    if mode == "symmetric":
        before, after = (sliced(op, part, {axis: (-1, _FIRST, -1)}) for part in (before, after))
    return op.Concat(before, x, after, axis=axis)


def _ends(op: Context, size: Any, pair: tuple[Any, Any], mode: str) -> tuple[tuple[Any, Any, int], ...]:
    """The ranges of an axis that are repeated before and after it."""
    front, back = pair[::-1] if mode == "circular" else pair
    ranges = ((0, front, 1), (count(op, "Sub", size, back), 2**63 - 1, 1))
    return ranges[::-1] if mode == "circular" else ranges


def from_last(op: Context, x: ir.Value, padding: Any) -> Pads:
    """The pads of a flat argument that begins with the last axis."""
    flat, rank = numbers_of(op, padding), op.rank(x)
    if len(flat) % 2 or len(flat) > 2 * rank:
        raise LoweringError(f"padding {flat} does not fit rank {rank}")
    pairs = list(zip(flat[0::2], flat[1::2], strict=True))
    return [(0, 0)] * (rank - len(pairs)) + pairs[::-1]


def from_first(op: Context, paddings: Any) -> Pads:
    """The pads of a matrix with a row for each axis."""
    if isinstance(paddings, ir.Value) and op.static(paddings) is None:
        flat = numbers_of(op, op.Reshape(paddings, [-1]))
    else:
        flat = op.integers(paddings, "the paddings")
    return list(zip(flat[0::2], flat[1::2], strict=True))


@lowers("Pad")
@by_parts
def pad(op: Context, x: ir.Value, paddings: Any) -> ir.Value:
    """Zeros around x; paddings is (before, after) per axis."""
    return padded(op, x, from_first(op, paddings))


@lowers("PadV3")
@by_parts
def pad_v3(
    op: Context, x: ir.Value, paddings: Any, constant_value: Any = None, *, mode: str = "constant",
    paddings_contiguous: bool = True,
) -> ir.Value:  # fmt: skip
    """x padded from the last axis on; paddings is (before, after) per axis, or first all before, then all after."""
    flat = numbers_of(op, paddings)
    if not paddings_contiguous:
        half = len(flat) // 2
        flat = [number for pair in zip(flat[:half], flat[half:], strict=True) for number in pair]
    return padded(op, x, from_last(op, x, flat), mode, constant_value if mode == "constant" else None)


@lowers("MirrorPad")
@by_parts
def mirror_pad(op: Context, input_x: ir.Value, paddings: Any, *, mode: str = "REFLECT") -> ir.Value:
    """x mirrored at its ends, without (REFLECT) or with (SYMMETRIC) the outermost element."""
    return padded(op, input_x, from_first(op, paddings), mode.lower())


@lowers("ConstantPadND")
@by_parts
def constant_pad_nd(op: Context, input: ir.Value, padding: Any, value: Any = 0.0) -> ir.Value:
    """A constant around x; padding is flat and begins with the last axis."""
    return padded(op, input, from_last(op, input, padding), "constant", value)


@lowers("ReflectionPad1D", "ReflectionPad2D", "ReflectionPad3D")
@by_parts
def reflection_pad(op: Context, input: ir.Value, padding: Any) -> ir.Value:
    """x mirrored at its ends without the outermost element; padding begins with the last axis."""
    return padded(op, input, from_last(op, input, padding), "reflect")


@lowers("ReplicationPad1D", "ReplicationPad2D", "ReplicationPad3D")
@by_parts
def replication_pad(op: Context, input: ir.Value, padding: Any) -> ir.Value:
    """x with its outermost elements repeated; padding begins with the last axis."""
    return padded(op, input, from_last(op, input, padding), "edge")


@lowers("Padding")
@by_parts
def padding(op: Context, x: ir.Value, *, pad_dim_size: int = 8) -> ir.Value:
    """Zeros behind the only element of the last axis."""
    return padded(op, x, [(0, 0)] * (op.rank(x) - 1) + [(0, pad_dim_size - 1)])
