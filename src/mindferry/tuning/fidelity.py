"""Whether a configuration still gives the right answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from mindferry.benchmarking.jobs import Arrays
from mindferry.verification.compare import compare

EXACT = 1e-4
"""What float32 may differ by in another order of additions: of the largest output, as conversions are verified."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a comparison.

    Attributes:
        error: the largest difference over the reference's largest absolute value, or None where there is no number.
        reason: why it is refused, or "".
    """

    error: float | None
    reason: str = ""


Accept: TypeAlias = Callable[[Sequence[Arrays], Sequence[Arrays]], Verdict]
"""Judges the outputs of all runs against the reference's."""


def within(tolerance: float) -> Accept:
    """Accepts what differs from the reference by at most that much of its largest absolute output.

    Nothing is accepted where numbers are missing: NaN and infinity must not occur where the reference is finite.
    """
    bound = tolerance or EXACT

    def accept(found: Sequence[Arrays], wanted: Sequence[Arrays]) -> Verdict:
        error = 0.0
        for outputs, reference in zip(found, wanted, strict=True):
            verification = compare(_plain(outputs), _plain(reference), tolerance=bound)
            for output in verification.outputs:
                error = max(error, output.max_relative or 0.0)
            if verification.faults:
                return Verdict(error, "; ".join(verification.faults))
        return Verdict(error)

    return accept


def _plain(arrays: Arrays) -> dict[str, Any]:
    return {name: np.asarray(array) for name, array in arrays.items()}
