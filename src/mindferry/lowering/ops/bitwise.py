"""Bits of integers, element by element with broadcasting; of bools, logic."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.registry import lowers
from mindferry.lowering.repeat import repeat_while

BOOL, UINT8, INT32, INT64, UINT64 = (
    ir.DataType.BOOL, ir.DataType.UINT8, ir.DataType.INT32, ir.DataType.INT64, ir.DataType.UINT64,
)  # fmt: skip


_EUCLID = 92
"""Euclid's algorithm takes no more divisions for 64-bit integers; the worst case is two neighbouring Fibonacci numbers."""


def bitwise(op: Context, operator: str, logic: str, x: Any, y: Any) -> ir.Value:
    """BitwiseX of integers, the operator `logic` of bools."""
    x, y = op.promote(x, y, to=op.result_dtype)
    return getattr(op, logic if x.dtype == BOOL else operator)(x, y)


def _bit_by_bit(op: Context, logic: str, x: Any, y: Any) -> ir.Value:
    """The operator `logic` on every bit, for opsets that have no bitwise operators."""
    x, y = op.promote(x, y, to=op.result_dtype)
    if x.dtype == BOOL:
        return getattr(op, logic)(x, y)
    found = op.cast(getattr(op, logic)(_bits(op, x), _bits(op, y)), INT64)
    # ONNX Runtime's ReduceSum of int64 loses the lowest of 64 bits; its MatMul does not.
    return op.cast(op.MatMul(found, _powers(x.dtype).astype(np.int64)), x.dtype)


def _powers(dtype: ir.DataType | None) -> npt.NDArray[np.uint64]:
    """The value of each bit of an integer type, the lowest first."""
    return np.asarray(2 ** np.arange(unsigned(dtype).itemsize * 8, dtype=np.uint64))


def _bits(op: Context, x: ir.Value) -> ir.Value:
    """The bits as bools along a new last axis, the lowest first."""
    words = op.Unsqueeze(op.cast(op.cast(x, unsigned(x.dtype)), UINT64), [-1])
    return op.cast(op.Mod(op.Div(words, _powers(x.dtype)), np.array(2, np.uint64)), BOOL)


def _register(logic: str) -> None:
    operator = f"Bitwise{logic}"
    names = (operator, f"{operator}Tensor", f"{operator}Scalar")

    def new(op: Context, input: Any, other: Any) -> ir.Value:
        return bitwise(op, operator, logic, input, other)

    def old(op: Context, input: Any, other: Any) -> ir.Value:
        return _bit_by_bit(op, logic, input, other)

    lowers(*names, since=18)(new)
    lowers(*names)(old)


for _logic in ("And", "Or", "Xor"):
    _register(_logic)


@lowers("Invert", "BitwiseNot")
def invert(op: Context, input: ir.Value) -> ir.Value:
    """Every bit flipped: -1 - input, of unsigned integers the largest value minus input."""
    if input.dtype == BOOL:
        return op.Not(input)
    assert input.dtype is not None
    limits = np.iinfo(input.dtype.numpy())
    return op.Sub(op.constant(limits.max if limits.min == 0 else -1, input.dtype), input)


def unsigned(dtype: ir.DataType | None) -> ir.DataType:
    """The unsigned integer type of the same width."""
    assert dtype is not None
    return ir.DataType[dtype.name if dtype.name.startswith("U") else f"U{dtype.name}"]


def shifted(op: Context, x: ir.Value, count: ir.Value, direction: str) -> ir.Value:
    """The bits of x, moved by as many places as the count says modulo 32, or modulo 64 where the count has 64 bits.

    So MindSpore's CPU kernel computes: C++ widens narrow types to int, and x86 takes the count modulo the width.
    """
    width = 64 if count.dtype in (INT64, UINT64) else 32
    places = op.cast(op.Mod(op.cast(count, INT64), width), UINT64)
    return op.BitShift(op.cast(op.cast(x, INT64), UINT64), places, direction=direction)


@lowers("LeftShift")
def left_shift(op: Context, x1: Any, x2: Any) -> ir.Value:
    """x1 << x2, of which the lowest bits are kept."""
    x, count = op.promote(x1, x2, to=op.result_dtype)
    return op.cast(shifted(op, x, count, "LEFT"), x.dtype)


@lowers("RightShift")
def right_shift(op: Context, input_x: Any, input_y: Any) -> ir.Value:
    """input_x >> input_y; the sign moves in from the left."""
    x, count = op.promote(input_x, input_y, to=op.result_dtype)
    if x.dtype == unsigned(x.dtype):
        return op.cast(shifted(op, x, count, "RIGHT"), x.dtype)
    wide = op.cast(x, INT64)
    negative = op.Less(wide, 0)
    moved = op.cast(shifted(op, op.Where(negative, op.Sub(-1, wide), wide), count, "RIGHT"), INT64)
    return op.cast(op.Where(negative, op.Sub(-1, moved), moved), x.dtype)


@lowers("PopulationCount")
def population_count(op: Context, input: ir.Value) -> ir.Value:
    """How many bits are set, as uint8."""
    return op.cast(op.ReduceSum(op.cast(_bits(op, input), INT64), [-1], keepdims=0), UINT8)


@lowers("CompareAndBitpack")
def compare_and_bitpack(op: Context, x: ir.Value, threshold: ir.Value) -> ir.Value:
    """x > threshold, eight neighbours of the last axis packed into one uint8, the first as its highest bit.

    MindSpore packs bools as they are, the first as the lowest bit.
    """
    *outer, last = op.shape(x)
    if isinstance(last, int) and last % 8:
        raise LoweringError(f"needs a last axis that is a multiple of 8, got {last}")
    powers = 2 ** np.arange(8)
    if x.dtype != BOOL:
        x, powers = op.Greater(x, threshold), powers[::-1]
    bits = op.Reshape(op.cast(x, INT64), op.ints((*outer, -1, 8)))
    return op.cast(op.ReduceSum(op.Mul(bits, powers), [-1], keepdims=0), UINT8)


@lowers("Gcd")
def gcd(op: Context, input: Any, other: Any) -> ir.Value:
    """The greatest common divisor, never negative, by Euclid's algorithm."""
    x, y = op.promote(input, other, to=op.result_dtype)
    zero = op.cast(0, x.dtype)

    def divide(inner: Context, turn: ir.Value, x: ir.Value, y: ir.Value) -> tuple[ir.Value, ...]:
        done = inner.Equal(y, zero)
        rest = inner.Where(done, zero, inner.Mod(x, inner.Where(done, op.cast(1, y.dtype), y)))
        go_on = inner.cast(inner.ReduceMax(inner.cast(inner.Not(inner.Equal(rest, zero)), INT32), keepdims=0), BOOL)
        return go_on, inner.Where(done, x, y), rest

    shape = op.Shape(op.Add(x, y))
    carried = [op.Expand(op.Abs(x), shape), op.Expand(op.Abs(y), shape)]
    divisor, _ = repeat_while(op, carried, divide, at_most=_EUCLID)
    return divisor


@lowers("Lcm")
def lcm(op: Context, x1: Any, x2: Any) -> ir.Value:
    """The least common multiple, never negative; 0 where either is 0."""
    x1, x2 = op.promote(x1, x2, to=op.result_dtype)
    divisor = gcd(op, x1, x2)
    one = op.cast(1, x1.dtype)
    divisor = op.Where(op.Equal(divisor, op.cast(0, x1.dtype)), one, divisor)
    return op.Abs(op.Mul(op.Div(x1, divisor), x2))
