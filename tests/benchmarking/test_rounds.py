"""Rounds, ratios and percentiles over scripted times."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
import pytest

from mindferry.benchmarking import rounds
from mindferry.benchmarking.rounds import Series, Turn
from mindferry.benchmarking.statistics import Ratio, paired_ratio, percentile


@dataclass
class Scripted:
    """Takes the next of its times in each turn, and notes that it was asked."""

    name: str
    times: list[float]
    calls: list[str] = field(default_factory=list)

    def measure(self, seconds: float) -> Turn:
        self.calls.append(self.name)
        latency = self.times.pop(0)
        return Turn((latency, latency, latency), 3 * latency)


@pytest.mark.parametrize("percent", [0, 10, 50, 90, 99, 100])
def test_percentiles_are_numpys(percent: float) -> None:
    values = list(np.random.default_rng(0).exponential(size=37))
    assert percentile(values, percent) == pytest.approx(float(np.percentile(values, percent)))


def test_percentiles_of_one_value() -> None:
    assert percentile([3.0], 99) == 3.0


def test_every_round_begins_with_another_one() -> None:
    calls: list[str] = []
    contestants = {name: Scripted(name, [1.0] * 3, calls) for name in "abc"}
    done: list[tuple[int, int]] = []
    series = rounds.measure(contestants, rounds=3, seconds=0, progress=lambda *item: done.append(item))
    assert "".join(calls) == "abcbcacab"
    assert [len(one.turns) for one in series.values()] == [3, 3, 3]
    assert done == [(number, 9) for number in range(1, 10)]


def test_a_slow_spell_hits_both_and_leaves_the_ratio() -> None:
    weather = [1.0, 10.0, 3.0, 1.0]
    first = Scripted("first", [2.0 * factor for factor in weather])
    second = Scripted("second", [1.0 * factor for factor in weather])
    series = rounds.measure({"first": first, "second": second}, rounds=4, seconds=0)
    assert series["second"].speed_over(series["first"]) == Ratio(2.0, 2.0, 2.0)
    assert series["first"].speed_over(series["first"]) == Ratio(1.0, 1.0, 1.0)


def test_no_round_starts_that_would_end_too_late() -> None:
    contestant = Scripted("a", [0.0] * 5)
    rounds.measure({"a": contestant}, rounds=5, seconds=0, deadline=time.monotonic() - 1)
    assert contestant.calls == ["a"]


def test_overlapping_runs_count_for_the_throughput() -> None:
    alone = Series((Turn((1.0, 1.0), 2.0),))
    together = Series((Turn((1.5, 1.5, 1.5, 1.5), 3.0),))
    assert (alone.runs_per_second, together.runs_per_second) == (1.0, pytest.approx(4 / 3))
    assert together.speed_over(alone).median == pytest.approx(2 / 3)
    assert together.speed_over(alone, throughput=True).median == pytest.approx(4 / 3)


def test_quartiles_of_ratios() -> None:
    assert paired_ratio([1.0, 2.0, 3.0, 4.0, 5.0], [1.0] * 5) == Ratio(3.0, 2.0, 4.0)
