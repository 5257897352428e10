"""Diagonals of matrices as the lines of a table: which entry of the one is which of the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.lowering.context import Context
from mindferry.lowering.linear import count, distance


@dataclass(frozen=True, slots=True)
class Band:
    """The diagonals low to high of matrices, and how they lie in a table of lines, the highest first."""

    rows: Any
    columns: Any
    low: int
    high: int
    align: str

    @property
    def is_known(self) -> bool:
        """Whether the matrices' size is."""
        return isinstance(self.rows, int) and isinstance(self.columns, int)

    def longest(self, op: Context) -> Any:
        """The length of a line."""
        if self.is_known:
            return max(_length(self.rows, self.columns, offset) for offset in range(self.low, self.high + 1))
        return op.ReduceMax(self._lengths(op, op.constant(np.arange(self.low, self.high + 1))), keepdims=0)

    def in_matrix(self, op: Context, longest: Any, elsewhere: Any) -> Any:
        """For each place of a matrix its entry in the table, of lines of that length, or what the array `elsewhere` holds."""
        if self.is_known and isinstance(longest, int):
            table = np.broadcast_to(elsewhere, (self.rows, self.columns)).copy()
            for line, place, row, column in _places(self.rows, self.columns, self.low, self.high, self.align):
                table[row, column] = line * longest + place
            return table
        offset = distance(op, self.rows, self.columns)
        place = op.Min(count(op, self.columns), op.Unsqueeze(count(op, self.rows), [1]))
        entry = op.Add(op.Mul(op.Sub(self.high, offset), longest), op.Add(place, self._shift(op, offset, longest)))
        inside = op.And(op.Less(self.low - 1, offset), op.Less(offset, self.high + 1))
        return op.Where(inside, entry, elsewhere)

    def in_lines(self, op: Context) -> Any:
        """For each entry of the table its place in the matrix, or the number of the matrix' elements."""
        longest = self.longest(op)
        if self.is_known:
            table = np.full((self.high - self.low + 1, longest), self.rows * self.columns)
            for line, place, row, column in _places(self.rows, self.columns, self.low, self.high, self.align):
                table[line, place] = row * self.columns + column
            return table
        offsets = np.arange(self.high, self.low - 1, -1)[:, None]
        place = op.Sub(count(op, longest), self._shift(op, op.constant(offsets), longest))
        row, column = op.Add(place, np.maximum(-offsets, 0)), op.Add(place, np.maximum(offsets, 0))
        inside = op.And(op.Less(-1, place), op.And(op.Less(row, self.rows), op.Less(column, self.columns)))
        return op.Where(inside, op.Add(op.Mul(row, self.columns), column), op.Mul(self.rows, self.columns))

    def _lengths(self, op: Context, offset: ir.Value) -> ir.Value:
        """The lengths of the diagonals."""
        above, below = op.Max(offset, 0), op.Min(offset, 0)
        return op.Max(op.Min(op.Add(below, self.rows), op.Sub(self.columns, above)), 0)

    def _shift(self, op: Context, offset: ir.Value, longest: Any) -> ir.Value:
        """How far behind their line's start the diagonals begin."""
        above, below = (side == "LEFT" for side in self.align.upper().split("_"))
        to_left = op.Or(op.And(op.Less(-1, offset), above), op.And(op.Less(offset, 1), below))
        return op.Where(to_left, 0, op.Sub(longest, self._lengths(op, offset)))


def _places(rows: int, columns: int, low: int, high: int, align: str) -> Iterator[tuple[int, int, int, int]]:
    """(line, place, row, column) of every element when diagonals high, ..., low are the lines of a table."""
    longest = max(_length(rows, columns, offset) for offset in range(low, high + 1))
    above, below = align.upper().split("_")
    for line, offset in enumerate(range(high, low - 1, -1)):
        length = _length(rows, columns, offset)
        to_left = (offset >= 0 and above == "LEFT") or (offset <= 0 and below == "LEFT")
        for place in range(length):
            row, column = place + max(-offset, 0), place + max(offset, 0)
            yield line, place + (0 if to_left else longest - length), row, column


def _length(rows: int, columns: int, offset: int) -> int:
    return max(0, min(rows + min(offset, 0), columns - max(offset, 0)))
