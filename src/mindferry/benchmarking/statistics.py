"""What is told of measured times: percentiles, and ratios of pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio that was measured many times: its median and quartiles."""

    median: float
    low: float
    high: float


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which that share lies, interpolated linearly between the two nearest ones.

    Example:
        >>> percentile([4.0, 1.0, 2.0, 3.0], 50), percentile([1.0, 2.0], 90)
        (2.5, 1.9)
    """
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def paired_ratio(numerators: Sequence[float], denominators: Sequence[float]) -> Ratio:
    """The ratio of what was measured together, pair by pair.

    Example:
        >>> paired_ratio([2.0, 4.0, 9.0], [1.0, 2.0, 3.0])
        Ratio(median=2.0, low=2.0, high=2.5)
    """
    ratios = [above / below for above, below in zip(numerators, denominators, strict=True)]
    return Ratio(*(percentile(ratios, percent) for percent in (50, 25, 75)))
