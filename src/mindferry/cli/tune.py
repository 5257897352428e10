"""`mindferry tune`: the fastest configuration that still gives the right answers, kept beside the model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from mindferry.cli import measuring, options, screen
from mindferry.cli.command import command as make
from mindferry.cli.progress import progress

if TYPE_CHECKING:
    from mindferry.tuning.search import Trial
    from mindferry.tuning.tuner import Tuning

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0}
_COLORS = {"chosen": "green", "refused": "red", "failed": "red"}


class Duration(click.ParamType):  # type: ignore[type-arg]
    """`60`, `60s` or `2min` -> seconds."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]*)", str(value))
        if found is None or found[2] not in _UNITS or not float(found[1]):
            self.fail(f"{value!r} is not a time, such as 60s or 2min", param, ctx)
        return float(found[1]) * _UNITS[found[2]]


@make(
    examples=[
        ("mindferry tune lenet5.mindir", "the fastest configuration that computes in float32"),
        ("mindferry tune net.mindir --tolerance 1e-2 --input photos.npz", "half precision where the answers allow it"),
        ("mindferry tune net.onnx --batch 8 --optimize-for throughput", "most rows per second, in runs of 8 rows"),
        ("mindferry tune net.onnx --budget 5min", "a longer search"),
    ]
)
@click.argument("model", type=click.Path())
@click.option(
    "--tolerance", metavar="BOUND", type=click.FloatRange(0, 1, max_open=True), default=0.0, show_default=True,
    help="Largest difference over the largest output; 0 keeps to float32.",
)  # fmt: skip
@click.option(
    "--optimize-for", "goal", type=click.Choice(["latency", "throughput"]), default="latency", show_default=True,
    help="The time of one run, or rows per second.",
)  # fmt: skip
@click.option("--budget", type=Duration(), default="60s", show_default=True, help="How long to search.")
@click.option("--batch", metavar="N", type=click.IntRange(min=1), help="Rows of a run; by default the model's own.")
@measuring.runtimes
@measuring.inputs
@options.as_json
def command(
    model: str, tolerance: float, goal: str, budget: float, batch: int | None, runtimes: tuple[str, ...],
    inputs: tuple[str, ...], as_json: bool,
) -> None:  # fmt: skip
    """Find the fastest way to run MODEL on this machine.

    Tried are runtimes, precisions, threads, streams, graph optimisation, and parts of the batch side by side. What
    differs from ONNX Runtime's unoptimised float32 answers by more than the tolerance is refused. The best meet in
    long rounds, the defaults of every runtime among them; of those that noise cannot tell apart the simplest is chosen.

    The choice and its evidence go to NAME.mindferry.toml beside MODEL. Opening MODEL with the device `auto` uses it
    while model, machine and versions stay the same.
    """
    import mindferry

    feeds = measuring.feeds(inputs, model)
    with progress("tuning") as tick:
        result = mindferry.tune(
            model, tolerance=tolerance, optimize_for=goal, budget=budget, batch=batch, runtimes=runtimes, feeds=feeds,
            progress=tick,
        )  # fmt: skip
    if as_json:
        screen.print_json(result.as_dict())
    else:
        show(result)


def show(result: Tuning) -> None:
    """Prints what was tried and chosen."""
    out = screen.console()
    numbers = ("p50", "speed", "rounds", "error")
    table = screen.table("configuration", *numbers, "outcome", numbers=numbers)
    for trial in result.trials:
        table.add_row(screen.escape(str(trial.configuration)), *_cells(trial))
    out.print(table)
    chosen = result.chosen
    out.print(f"[bold green]{screen.escape(str(chosen.configuration))}[/]", soft_wrap=True)
    out.print(f"wrote [bold cyan]{screen.escape(str(result.path))}[/]", soft_wrap=True)


def _cells(trial: Trial) -> list[str]:
    color = _COLORS.get(trial.outcome, "dim")
    reason = f": {screen.escape(trial.reason)}" if trial.reason else ""
    speed = trial.speed
    return [
        "" if trial.p50 is None else screen.seconds_text(trial.p50),
        "" if speed is None else f"{speed.median:.2f} \\[{speed.low:.2f}-{speed.high:.2f}]",
        str(trial.rounds or ""),
        "" if trial.error is None else f"{trial.error:.1e}",
        f"[{color}]{trial.outcome}[/]{reason}",
    ]
