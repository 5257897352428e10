"""The shapes that a compiled model can be called with: one, or one of a list of profiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

BATCH, IMAGE, DIMS = 1, 2, 3
"""What a profile sets: the batch size, height and width, or every free dimension. The compiler's own numbers."""


@dataclass(frozen=True, slots=True)
class Profiles:
    """Profiles of one kind.

    Attributes:
        kind: BATCH, IMAGE or DIMS; 0 where there are none.
        rows: the values of each profile: one, two, or one for each free dimension.
    """

    kind: int = 0
    rows: tuple[tuple[int, ...], ...] = ()

    @property
    def width(self) -> int:
        """How many values choose a profile."""
        return len(self.rows[0]) if self.rows else 0

    def shapes(self, row: Sequence[int], free: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
        """The shapes of all inputs in a profile.

        Args:
            row: the profile's values.
            free: the shapes of the inputs, with -1 for what the profile sets.
        """
        values = list(row)
        found = []
        for shape in free:
            rest = iter(values)
            filled = tuple(
                size
                if size >= 0
                else values.pop(0)
                if self.kind == DIMS
                else row[0]
                if self.kind == BATCH
                else next(rest)
                for size in shape
            )
            found.append(filled)
        return found
