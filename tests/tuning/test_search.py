"""The race over scripted contenders and a clock that moves only when they work."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from mindferry.benchmarking.configurations import Configuration
from mindferry.benchmarking.jobs import Arrays
from mindferry.benchmarking.rounds import Turn
from mindferry.benchmarking.statistics import Ratio
from mindferry.errors import BackendFailed
from mindferry.tuning import search
from mindferry.tuning.fidelity import within
from mindferry.tuning.search import Search, Task, Trial, is_faster

FEEDS = [{"x": np.zeros(1, np.float32)}]
RIGHT = {"y": np.array([1.0, -4.0], np.float32)}

ORT = Configuration(runtime="onnxruntime")
OPENVINO = Configuration(runtime="openvino")
HALF = Configuration(runtime="openvino", precision="bf16")
VARIANTS = [Configuration(runtime="onnxruntime", threads=count) for count in range(1, 8)]


@dataclass
class Machine:
    """Times by configuration; `weather` slows everything, run by run."""

    latencies: dict[str, float]
    outputs: dict[str, Arrays] = field(default_factory=dict)
    weather: Iterator[float] = field(default_factory=lambda: itertools.repeat(1.0))
    load_seconds: float = 0.0
    now: float = 0.0
    opened: list[str] = field(default_factory=list)
    alive: set[str] = field(default_factory=set)

    def open(self, configuration: Configuration) -> Scripted:
        name = str(configuration)
        self.now += self.load_seconds
        self.opened.append(name)
        if name not in self.latencies:
            raise BackendFailed("does not load")
        self.alive.add(name)
        return Scripted(self, name)

    def clock(self) -> float:
        return self.now


@dataclass
class Scripted:
    """A contender of a machine."""

    machine: Machine
    name: str

    def run(self, feeds: Arrays) -> Arrays:
        return self.machine.outputs.get(self.name, RIGHT)

    def measure(self, seconds: float) -> Turn:
        assert self.name in self.machine.alive, "measured after it was closed"
        latency = self.machine.latencies[self.name] * next(self.machine.weather)
        self.machine.now += max(seconds, latency)
        return Turn((latency, latency, latency), 3 * latency)

    def close(self) -> None:
        self.machine.alive.discard(self.name)


def race(
    machine: Machine, defaults: Sequence[Configuration], variants: Sequence[Configuration] = (), budget: float = 60.0,
    tolerance: float = 0.01, throughput: bool = False,
) -> list[Trial]:  # fmt: skip
    """The trials; every contender must have been closed."""
    task = Task(defaults, variants, FEEDS, [RIGHT], within(tolerance), budget, throughput)
    trials = Search(task, machine.open, clock=machine.clock).run()
    assert not machine.alive
    assert [trial.configuration for trial in trials] == [*defaults, *variants]
    assert sum(trial.outcome == "chosen" for trial in trials) == 1
    return trials


def outcome(trials: Sequence[Trial], configuration: Configuration) -> str:
    return next(trial.outcome for trial in trials if trial.configuration == configuration)


def test_the_fastest_is_chosen_and_its_numbers_are_kept() -> None:
    trials = race(Machine({str(ORT): 0.02, str(OPENVINO): 0.01}), [ORT, OPENVINO])
    assert [trial.outcome for trial in trials] == ["finalist", "chosen"]
    assert trials[1].p50 == 0.01 and trials[1].error == 0.0
    assert trials[1].speed == Ratio(2.0, 2.0, 2.0)
    assert trials[1].rounds == search.HEATS * search.HEAT_ROUNDS


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (np.array([1.0, -4.05], np.float32), "differs by 0.0125"),
        (np.array([np.nan, -4.0], np.float32), "NaN or infinity in different places"),
        (np.array([np.inf, -4.0], np.float32), "NaN or infinity in different places"),
        (np.array([1.0], np.float32), "has shape"),
        (np.array([1, -4], np.int32), "is int32"),
    ],
)
def test_wrong_answers_are_refused_however_fast(wrong: np.ndarray, words: str) -> None:
    machine = Machine({str(ORT): 0.02, str(HALF): 0.001}, outputs={str(HALF): {"y": wrong}})
    trials = race(machine, [ORT, HALF])
    assert [trial.outcome for trial in trials] == ["chosen", "refused"]
    assert words in trials[1].reason


def test_within_the_tolerance_is_right() -> None:
    near = {"y": np.array([1.0, -4.03], np.float32)}
    machine = Machine({str(ORT): 0.02, str(HALF): 0.001}, outputs={str(HALF): near})
    trials = race(machine, [ORT, HALF])
    assert outcome(trials, HALF) == "chosen"
    assert trials[1].error == pytest.approx(0.0075, rel=1e-3)


def test_tolerance_zero_takes_rounding_alone() -> None:
    accept = within(0.0)
    for difference, refused in ((0.0002, False), (0.0006, True)):
        verdict = accept([{"y": RIGHT["y"] + np.float32(difference)}], [RIGHT])
        assert bool(verdict.reason) is refused, difference


def test_variants_of_what_is_refused_are_not_opened() -> None:
    variant = Configuration(runtime="openvino", precision="bf16", threads=1)
    machine = Machine({str(ORT): 0.02, str(HALF): 0.001, str(variant): 0.001}, {str(HALF): {"y": RIGHT["y"] * 2}})
    trials = race(machine, [ORT, HALF], [variant])
    assert trials[2].outcome == "refused" and trials[2].reason == "as openvino bf16"
    assert str(variant) not in machine.opened


@pytest.mark.parametrize(("half", "opened"), [(0.02, False), (0.0105, True), (0.005, True)])
def test_variants_of_a_precision_that_float32_outruns_are_not_opened(half: float, opened: bool) -> None:
    variant = Configuration(runtime="openvino", precision="bf16", threads=1)
    machine = Machine({str(ORT): 0.02, str(OPENVINO): 0.01, str(HALF): half, str(variant): 0.001})
    trials = race(machine, [ORT, OPENVINO, HALF], [variant])
    assert (str(variant) in machine.opened) is opened
    assert outcome(trials, variant) == ("chosen" if opened else "slower")


def test_what_the_budget_leaves_untried_tells_nothing_of_its_precision() -> None:
    variant = Configuration(runtime="openvino", precision="bf16", threads=1)
    machine = Machine({str(ORT): 0.02, str(OPENVINO): 0.01}, load_seconds=30.0)
    trials = race(machine, [ORT, OPENVINO], [HALF, variant])
    assert [trial.outcome for trial in trials[2:]] == ["untried", "untried"]


def test_a_precision_is_tried_where_float32_does_not_run() -> None:
    trials = race(Machine({str(ORT): 0.02, str(HALF): 0.01}), [ORT, OPENVINO], [HALF, VARIANTS[0]])
    assert outcome(trials, OPENVINO) == "failed" and outcome(trials, HALF) == "chosen"


def test_the_simplest_is_chosen_within_noise() -> None:
    machine = Machine({str(ORT): 0.0100, str(VARIANTS[0]): 0.00995})
    assert outcome(race(machine, [ORT], VARIANTS[:1]), ORT) == "chosen"
    machine = Machine({str(ORT): 0.0100, str(VARIANTS[0]): 0.0090})
    assert outcome(race(machine, [ORT], VARIANTS[:1]), VARIANTS[0]) == "chosen"


def test_full_precision_is_chosen_within_noise() -> None:
    machine = Machine({str(HALF): 0.0100, str(OPENVINO): 0.0100})
    assert outcome(race(machine, [HALF, OPENVINO]), OPENVINO) == "chosen"


def test_a_slow_spell_does_not_decide() -> None:
    weather = itertools.cycle([1.0, 1.0, 30.0, 30.0, 2.0])
    machine = Machine({str(ORT): 0.02, str(OPENVINO): 0.01}, weather=weather)
    assert outcome(race(machine, [ORT, OPENVINO], budget=1e6), OPENVINO) == "chosen"


def test_defaults_that_may_win_stay_and_what_is_slow_leaves() -> None:
    latencies = {str(ORT): 0.5, str(OPENVINO): 0.4} | {
        str(one): 0.01 * number for number, one in enumerate(VARIANTS, 1)
    }
    trials = race(Machine(latencies), [ORT, OPENVINO], VARIANTS, budget=1e6)
    assert [trial.outcome for trial in trials] == ["finalist"] * 2 + ["chosen"] + ["finalist"] * 3 + ["slower"] * 3
    rounds = [trial.rounds for trial in trials]
    assert rounds == [24, 6, 24, 12, 6, 6] + [search.QUICK_ROUNDS] * 3
    trials = race(Machine(latencies | {str(OPENVINO): 0.0105}), [ORT, OPENVINO], VARIANTS, budget=1e6)
    assert trials[1].rounds == 24


def test_the_budget_is_kept() -> None:
    latencies = {str(one): 0.01 for one in (ORT, OPENVINO, *VARIANTS)}
    machine = Machine(latencies, load_seconds=3.0)
    trials = race(machine, [ORT, OPENVINO], VARIANTS, budget=20.0)
    outcomes = [trial.outcome for trial in trials]
    assert outcomes.count("untried") == 5 and outcomes[-5:] == ["untried"] * 5
    assert machine.now <= 20.0


def test_defaults_are_measured_without_any_time() -> None:
    machine = Machine({str(ORT): 0.02, str(OPENVINO): 0.01, str(VARIANTS[0]): 0.001}, load_seconds=10.0)
    trials = race(machine, [ORT, OPENVINO], VARIANTS[:1], budget=1.0)
    assert [trial.outcome for trial in trials] == ["finalist", "chosen", "untried"]
    assert trials[0].rounds == 1


def test_what_does_not_load_is_told() -> None:
    trials = race(Machine({str(OPENVINO): 0.01}), [ORT, OPENVINO], VARIANTS[:1])
    assert [trial.outcome for trial in trials] == ["failed", "chosen", "failed"]
    assert trials[0].reason == "does not load"
    with pytest.raises(
        BackendFailed, match=r"no configuration gives the right answers: onnxruntime fp32: does not load"
    ):
        race(Machine({}), [ORT])


def test_throughput_counts_overlapping_runs() -> None:
    crowd = Configuration(runtime="onnxruntime", threads=1, callers=2)

    @dataclass
    class Overlapping(Scripted):
        def measure(self, seconds: float) -> Turn:
            turn = super().measure(seconds)
            return Turn(turn.latencies, turn.elapsed / 2) if self.name == str(crowd) else turn

    @dataclass
    class Busy(Machine):
        def open(self, configuration: Configuration) -> Scripted:
            found = super().open(configuration)
            return Overlapping(found.machine, found.name)

    latencies = {str(ORT): 0.010, str(crowd): 0.016}
    assert outcome(race(Busy(latencies), [ORT], [crowd], throughput=True), crowd) == "chosen"
    assert outcome(race(Busy(latencies), [ORT], [crowd]), ORT) == "chosen"


def test_an_interrupt_closes_everything() -> None:
    machine = Machine({str(ORT): 0.01, str(OPENVINO): 0.01})
    machine.weather = iter([1.0] * 3)
    task = Task([ORT, OPENVINO], [], FEEDS, [RIGHT], within(0.0), 60.0)
    with pytest.raises(StopIteration):
        Search(task, machine.open, clock=machine.clock).run()
    assert not machine.alive


@pytest.mark.parametrize(
    ("ratio", "faster"),
    [
        (Ratio(1.0, 1.0, 1.0), False), (Ratio(1.009, 1.005, 1.02), False), (Ratio(1.02, 1.01, 1.03), True),
        (Ratio(1.02, 0.99, 1.05), False), (Ratio(1.05, 0.9, 1.2), True), (Ratio(0.8, 0.7, 1.2), False),
    ],
)  # fmt: skip
def test_noise(ratio: Ratio, faster: bool) -> None:
    assert is_faster(ratio) is faster
