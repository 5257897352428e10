"""Rounds A B C, B C A, C A B: every contestant is measured once in each, so that all see the same weather."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from mindferry.benchmarking.statistics import Ratio, paired_ratio, percentile

Progress: TypeAlias = "Callable[[int, int], None]"


@dataclass(frozen=True, slots=True)
class Turn:
    """What one contestant did in one round.

    Attributes:
        latencies: seconds of each run.
        elapsed: seconds from the first start to the last end; runs may overlap.
    """

    latencies: tuple[float, ...]
    elapsed: float

    @property
    def median(self) -> float:
        """Seconds of the median run."""
        return percentile(self.latencies, 50)

    @property
    def per_run(self) -> float:
        """Seconds of the whole turn for each of its runs, which is below the latency where runs overlap."""
        return self.elapsed / len(self.latencies)


class Contestant(Protocol):
    """Whatever can be measured for a while."""

    def measure(self, seconds: float) -> Turn:
        """Runs for about that long, at least once."""
        ...


@dataclass(frozen=True, slots=True)
class Series:
    """All turns of a contestant, one for each round."""

    turns: tuple[Turn, ...]

    @property
    def latencies(self) -> list[float]:
        """Seconds of every run."""
        return [seconds for turn in self.turns for seconds in turn.latencies]

    @property
    def runs_per_second(self) -> float:
        """Runs over all turns per second."""
        return sum(len(turn.latencies) for turn in self.turns) / sum(turn.elapsed for turn in self.turns)

    def speed_over(self, other: Series, *, throughput: bool = False) -> Ratio:
        """How many times faster this is than the other, round by round."""
        mine, theirs = ([turn.per_run if throughput else turn.median for turn in one.turns] for one in (self, other))
        return paired_ratio(theirs, mine)


def measure(
    contestants: Mapping[str, Contestant],
    *,
    rounds: int,
    seconds: float,
    deadline: float | None = None,
    clock: Callable[[], float] = time.monotonic,
    progress: Progress | None = None,
) -> dict[str, Series]:
    """The series of each contestant.

    Args:
        contestants: by name.
        rounds: how many; at least one is finished.
        seconds: of each turn.
        deadline: on the clock; no round starts that would end after it.
        clock: seconds.
        progress: called with (turns done, turns in all).
    """
    names = list(contestants)
    turns: dict[str, list[Turn]] = {name: [] for name in names}
    longest = 0.0
    for number in range(rounds):
        started = clock()
        if deadline is not None and number and started + longest > deadline:
            break
        for place, name in enumerate(rotated(names, number)):
            turns[name].append(contestants[name].measure(seconds))
            if progress is not None:
                progress(number * len(names) + place + 1, rounds * len(names))
        longest = max(longest, clock() - started)
    return {name: Series(tuple(found)) for name, found in turns.items()}


def rotated(names: Sequence[str], by: int) -> list[str]:
    """The names, beginning with another one.

    Example:
        >>> rotated(["a", "b", "c"], 1)
        ['b', 'c', 'a']
    """
    start = by % len(names) if names else 0
    return [*names[start:], *names[:start]]
