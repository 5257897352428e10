"""The race: every configuration is checked and timed briefly, the best meet in long rounds against each other.

Nothing here knows of processes or runtimes: contenders are opened by a function, and the clock is given, so that tests
can script both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from mindferry.benchmarking import rounds
from mindferry.benchmarking.configurations import PRECISIONS, Configuration
from mindferry.benchmarking.jobs import Arrays
from mindferry.benchmarking.rounds import Series, Turn
from mindferry.benchmarking.statistics import Ratio, percentile
from mindferry.errors import BackendFailed, MindFerryError
from mindferry.tuning.fidelity import Accept

QUICK_ROUNDS, QUICK_SECONDS = 2, 0.1
HEATS, HEAT_ROUNDS, TURN_SECONDS = 4, 6, 0.1
KEPT = 4
"""How many configurations besides the defaults reach the long rounds."""

_SCREENING = 0.6
"""The share of the budget after which no further configuration is opened."""

_CLEARLY_SLOWER = 0.9
"""Below that share of the speed of float32, or of the fastest, nothing more is tried with a precision or a default."""

_NOISE, _LEAST = 1.03, 1.01
"""Faster is what is so by more than 3 %, or by more than 1 % in three quarters of the rounds."""


class Contender(Protocol):
    """A configuration that was opened."""

    def run(self, feeds: Arrays) -> Arrays:
        """The outputs."""
        ...

    def measure(self, seconds: float) -> Turn:
        """Runs for about that long with the last feeds."""
        ...

    def close(self) -> None:
        """Releases it."""
        ...


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of a configuration.

    Attributes:
        outcome: "chosen", "finalist", "slower", "refused" (wrong answers), "failed" or "untried" (no time was left).
        p50: seconds of the median run.
        speed: how many times faster than the first default, paired by rounds.
        error: the largest difference over the reference's largest absolute output.
        rounds: how many it was timed in.
        reason: why it was refused, failed or not opened.
    """

    configuration: Configuration
    outcome: str
    p50: float | None = None
    speed: Ratio | None = None
    error: float | None = None
    rounds: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """What is searched for.

    Attributes:
        defaults: configurations that meet in the long rounds in any case.
        variants: further ones, the most promising first.
        feeds: inputs of one run each.
        reference: the right outputs for each of them.
        accept: judges outputs.
        budget: seconds.
        throughput: rows per second count, not the time of one run.
    """

    defaults: Sequence[Configuration]
    variants: Sequence[Configuration]
    feeds: Sequence[Arrays]
    reference: Sequence[Arrays]
    accept: Accept
    budget: float
    throughput: bool = False


@dataclass(slots=True)
class _Entrant:
    """A contender in the race, and its turns so far."""

    configuration: Configuration
    contender: Contender
    error: float | None
    default: bool
    quick: Trial
    turns: list[Turn] = field(default_factory=list)

    def speed_over(self, other: _Entrant, *, throughput: bool) -> Ratio:
        """Over the rounds that both were in."""
        count = min(len(self.turns), len(other.turns))
        mine, theirs = (Series(tuple(one.turns[:count])) for one in (self, other))
        return mine.speed_over(theirs, throughput=throughput)


class Search:
    """One search; `run` may be called once."""

    def __init__(
        self,
        task: Task,
        open_contender: Callable[[Configuration], Contender],
        *,
        clock: Callable[[], float] = time.monotonic,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self.task, self.open_contender, self.clock, self.progress = task, open_contender, clock, progress
        self.start = clock()
        self.trials: dict[str, Trial] = {}
        self.entrants: dict[str, _Entrant] = {}
        self.racing: dict[str, _Entrant] = {}

    def run(self) -> list[Trial]:
        """What became of every configuration, in their order; exactly one is chosen.

        Raises:
            BackendFailed: none could be run and gave the right answers.
        """
        try:
            for configuration in self.task.defaults:
                self._screen(configuration, default=True)
            for configuration in self.task.variants:
                if (hopeless := self._hopeless(configuration)) is not None:
                    self.trials[str(configuration)] = hopeless
                elif self._spent() > _SCREENING * self.task.budget:
                    self.trials[str(configuration)] = Trial(configuration, "untried")
                else:
                    self._screen(configuration, default=False)
            if not self.entrants:
                raise BackendFailed("no configuration gives the right answers: " + self._reasons())
            self._long_rounds()
            self._judge()
        finally:
            for entrant in self.entrants.values():
                entrant.contender.close()
        order = [*self.task.defaults, *self.task.variants]
        return [self.trials[str(configuration)] for configuration in order]

    def _hopeless(self, variant: Configuration) -> Trial | None:
        """The trial of a variant whose runtime showed that this precision is wrong here, or slower than float32."""
        first, wide = (self._first(variant.runtime, precision) for precision in (variant.precision, PRECISIONS[0]))
        if first is None:
            return None
        if first.reason:
            return Trial(variant, first.outcome, reason=f"as {first.configuration}")
        if wide is not None and not wide.reason and _median_speed(first) < _CLEARLY_SLOWER * _median_speed(wide):
            return Trial(variant, "slower", reason=f"as {first.configuration}, which float32 outruns here")
        return None

    def _first(self, runtime: str, precision: str) -> Trial | None:
        """The brief trial of the first configuration that was opened with this runtime in this precision."""
        for configuration in (*self.task.defaults, *self.task.variants):
            name = str(configuration)
            trial = self.entrants[name].quick if name in self.entrants else self.trials.get(name)
            same = (configuration.runtime, configuration.precision) == (runtime, precision)
            if same and trial is not None and trial.outcome != "untried":
                return trial
        return None

    def _spent(self) -> float:
        spent = self.clock() - self.start
        if self.progress is not None:
            self.progress(min(int(spent), int(self.task.budget)), int(self.task.budget))
        return spent

    def _reasons(self) -> str:
        return "; ".join(f"{trial.configuration}: {trial.reason}" for trial in self.trials.values() if trial.reason)

    def _screen(self, configuration: Configuration, *, default: bool) -> None:
        """Opens, checks and briefly times a configuration; the slowest of more than KEPT variants leaves."""
        name = str(configuration)
        try:
            contender = self.open_contender(configuration)
        except MindFerryError as error:
            self.trials[name] = Trial(configuration, "failed", reason=str(error))
            return
        try:
            found = [contender.run(feeds) for feeds in self.task.feeds]
            verdict = self.task.accept(found, self.task.reference)
            if verdict.reason:
                contender.close()
                self.trials[name] = Trial(configuration, "refused", error=verdict.error, reason=verdict.reason)
                return
            self._enter(configuration, contender, verdict.error, default=default)
        except MindFerryError as error:
            contender.close()
            self.trials[name] = Trial(configuration, "failed", reason=str(error))
        except BaseException:
            contender.close()
            raise

    def _enter(self, configuration: Configuration, contender: Contender, error: float | None, *, default: bool) -> None:
        first = next((one.contender for one in self.entrants.values()), contender)
        pair = {"first": first, "this": contender}
        series = rounds.measure(pair, rounds=QUICK_ROUNDS, seconds=QUICK_SECONDS, clock=self.clock)
        speed = series["this"].speed_over(series["first"], throughput=self.task.throughput)
        p50 = percentile(series["this"].latencies, 50)
        quick = Trial(configuration, "slower", p50, speed, error, QUICK_ROUNDS)
        self.entrants[str(configuration)] = _Entrant(configuration, contender, error, default, quick)
        variants = [one for one in self.entrants.values() if not one.default and one.contender is not first]
        if len(variants) > KEPT:
            self._leave(min(variants, key=lambda one: _median_speed(one.quick)))

    def _leave(self, entrant: _Entrant) -> None:
        name = str(entrant.configuration)
        del self.entrants[name]
        self.trials[name] = entrant.quick
        entrant.contender.close()

    def _long_rounds(self) -> None:
        """Heats of rounds; after each the slower half of the variants stays out of the next."""
        self.racing = dict(self.entrants)
        for heat in range(HEATS):
            if heat:
                self.racing = self._faster_half()
            before = self._spent()
            series = rounds.measure(
                {name: one.contender for name, one in self.racing.items()}, rounds=HEAT_ROUNDS, seconds=TURN_SECONDS,
                deadline=self.start + self.task.budget, clock=self.clock,
            )  # fmt: skip
            for name, found in series.items():
                self.racing[name].turns.extend(found.turns)
            after, count = self._spent(), len(next(iter(series.values())).turns)
            if after + (after - before) / count > self.task.budget:
                return

    def _faster_half(self) -> dict[str, _Entrant]:
        """The faster half of the variants, and the defaults that may still win."""
        first = next(iter(self.racing.values()))
        speeds = {
            name: one.speed_over(first, throughput=self.task.throughput).median for name, one in self.racing.items()
        }
        variants = sorted((name for name in speeds if not self.racing[name].default), key=lambda name: -speeds[name])
        staying = variants[: (len(variants) + 1) // 2]
        bound = _CLEARLY_SLOWER * max(speeds.values())
        return {
            name: one
            for name, one in self.racing.items()
            if one is first or name in staying or (one.default and speeds[name] >= bound)
        }

    def _judge(self) -> None:
        """Chooses the simplest configuration than which none is faster beyond noise."""
        throughput = self.task.throughput
        first = next(iter(self.entrants.values()))
        speeds = {name: one.speed_over(first, throughput=throughput).median for name, one in self.racing.items()}
        fastest = max(speeds, key=lambda name: speeds[name])
        near = [one for name, one in self.racing.items() if speeds[name] * _NOISE >= speeds[fastest]]
        chosen = next(
            one
            for one in sorted(near, key=_simplicity)
            if not is_faster(self.racing[fastest].speed_over(one, throughput=throughput))
        )
        for name, one in self.entrants.items():
            self.trials[name] = Trial(
                one.configuration,
                "chosen" if one is chosen else "finalist",
                p50=percentile(Series(tuple(one.turns)).latencies, 50),
                speed=one.speed_over(first, throughput=throughput),
                error=one.error,
                rounds=len(one.turns),
            )


def is_faster(ratio: Ratio) -> bool:
    """Whether a ratio of speeds is beyond noise."""
    return ratio.median > _NOISE or (ratio.median > _LEAST and ratio.low > 1)


def _median_speed(trial: Trial) -> float:
    assert trial.speed is not None
    return trial.speed.median


def _simplicity(entrant: _Entrant) -> tuple[int, int]:
    return entrant.configuration.settings, PRECISIONS.index(entrant.configuration.precision)
