"""`tune`: searches the configurations of a model and keeps the choice with its evidence beside it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mindferry import runtimes
from mindferry.benchmarking.benchmark import CPU_RUNTIMES
from mindferry.benchmarking.configurations import PRECISIONS, Configuration
from mindferry.benchmarking.jobs import Arrays
from mindferry.benchmarking.machine import Machine
from mindferry.benchmarking.models import PreparedModel, prepared
from mindferry.benchmarking.rounds import Progress
from mindferry.benchmarking.workers import Worker
from mindferry.errors import BackendFailed, NotInstalled, OptionError
from mindferry.formats import _files
from mindferry.tuning import candidates, choice, fidelity
from mindferry.tuning.choice import Choice
from mindferry.tuning.fidelity import Accept
from mindferry.tuning.search import Search, Task, Trial

GOALS = ("latency", "throughput")


@dataclass(frozen=True, slots=True)
class Request:
    """What is tuned for.

    Attributes:
        model: ONNX or MindIR.
        tolerance: the largest difference over the reference's largest absolute output; 0 keeps to float32.
        goal: "latency" (the time of one run) or "throughput" (rows per second).
        budget: seconds.
        batch: rows of a run; by default the model's own, or one.
        names: runtimes; by default those for the CPU that are installed.
    """

    model: Path
    tolerance: float = 0.0
    goal: str = "latency"
    budget: float = 60.0
    batch: int | None = None
    names: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Tuning:
    """What was found.

    Attributes:
        path: the file beside the model.
        choice: what `mindferry.open` with the device "auto" uses.
        trials: what became of every configuration; one is chosen.
    """

    path: Path
    choice: Choice
    trials: tuple[Trial, ...]

    @property
    def chosen(self) -> Trial:
        """The trial of the choice."""
        return next(trial for trial in self.trials if trial.outcome == "chosen")

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        trials = [_evidence(trial) for trial in self.trials]
        return {"path": str(self.path), "choice": asdict(self.choice), "evidence": trials}


def tune(
    request: Request,
    *,
    feeds: Mapping[str, Any] | None = None,
    reference: Sequence[Arrays] | None = None,
    accept: Accept | None = None,
    progress: Progress | None = None,
) -> Tuning:
    """Searches, and writes the choice beside the model; what an earlier choice was made from is tried first.

    Args:
        feeds: inputs by name, on which every configuration is checked; drawn where there are none.
        reference: the right outputs for each batch of the feeds; by default those of ONNX Runtime without
            optimisation.
        accept: judges outputs; by default by the tolerance.
        progress: called with (seconds spent, seconds in all).

    Raises:
        OptionError: the request cannot be meant.
        NotInstalled: ONNX Runtime, which gives the reference, or every runtime is missing.
        BackendFailed: no configuration gives the right answers.
        MindFerryError: whatever is wrong with the model or the feeds.
    """
    _check(request)
    _files.check_target(choice.path_for(request.model))
    with prepared(request.model, batch=request.batch, feeds=feeds, keep_batch=True) as model:
        space = _space(request, model)
        task = Task(
            candidates.defaults(space), _ordered(candidates.variants(space), request.model, model.batch), model.feeds,
            _reference(model) if reference is None else reference,
            accept or fidelity.within(request.tolerance), request.budget, space.throughput,
        )  # fmt: skip
        trials = Search(task, lambda configuration: Worker(configuration, model), progress=progress).run()
    chosen = next(trial.configuration for trial in trials if trial.outcome == "chosen")
    runtime, options = chosen.session()
    made = Choice(runtime, chosen.device, options, model.batch, chosen.callers)
    wanted = {"tolerance": request.tolerance, "optimize_for": request.goal, "budget_seconds": request.budget}
    date = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    evidence = [_evidence(trial) for trial in trials]
    path = choice.save(request.model, made, date=date, request=wanted, evidence=evidence)
    return Tuning(path, made, tuple(trials))


def _check(request: Request) -> None:
    if not 0 <= request.tolerance < 1:
        raise OptionError(f"the tolerance is from 0 to below 1, a share of the largest output: {request.tolerance}")
    if not request.budget > 0:
        raise OptionError(f"the budget must be positive: {request.budget} seconds")
    if request.goal not in GOALS:
        raise OptionError(f"there is no goal {request.goal!r}; choose {' or '.join(GOALS)}")
    if unknown := [name for name in request.names if name not in CPU_RUNTIMES]:
        raise OptionError(f"tune does not try {', '.join(unknown)}; it tries {', '.join(CPU_RUNTIMES)}")


def _space(request: Request, model: PreparedModel) -> candidates.Space:
    present = runtimes.available()
    names = request.names or [name for name in CPU_RUNTIMES if present[name]]
    if not names:
        raise NotInstalled("no runtime is installed: pip install 'mindferry[cpu]' 'mindferry[openvino]'")
    return candidates.Space(
        runtimes=names,
        precisions=PRECISIONS if request.tolerance else PRECISIONS[:1],
        batch=model.batch,
        frozen=model.frozen,
        cores=Machine.here().cores,
        throughput=request.goal == "throughput",
    )


def _ordered(variants: Sequence[Configuration], model: Path, batch: int | None) -> list[Configuration]:
    """Those first that an earlier tuning found faster than the first default, those last that it found slower."""
    speeds = choice.earlier_speeds(model, batch)
    return sorted(variants, key=lambda one: -speeds.get(str(one), 1.0))


def _reference(model: PreparedModel) -> list[Arrays]:
    """The outputs of ONNX Runtime in float32 without optimisation."""
    rows = model.frozen if model.frozen not in (None, model.batch) else 0
    plain = Configuration(runtime="onnxruntime", options={"optimization": "none"}, rows=rows or 0)
    with Worker(plain, model) as worker:
        found = [worker.run(feeds) for feeds in model.feeds]
    lost = {name for outputs in found for name, array in outputs.items() if _has_nan(np.asarray(array))}
    if lost:
        raise BackendFailed(
            f"the model itself gives NaN in {', '.join(sorted(lost))} on these inputs, so that no answer can be "
            "called right; give other inputs"
        )
    return found


def _has_nan(array: np.ndarray[Any, Any]) -> bool:
    return array.dtype.kind in "fcV" and bool(np.isnan(array.astype(np.complex128)).any())


def _evidence(trial: Trial) -> dict[str, Any]:
    """A trial as plain data; times in milliseconds."""
    speed = trial.speed
    return {
        "name": str(trial.configuration),
        "outcome": trial.outcome,
        "p50_ms": None if trial.p50 is None else round(trial.p50 * 1000, 4),
        "speed": None if speed is None else round(speed.median, 4),
        "speed_quartiles": None if speed is None else [round(speed.low, 4), round(speed.high, 4)],
        "rounds": trial.rounds or None,
        "error": trial.error,
        "reason": trial.reason or None,
    }
