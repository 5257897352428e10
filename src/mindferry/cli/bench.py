"""`mindferry bench`: how fast a model runs, by runtime, precision, threads and batch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mindferry.cli import measuring, options, screen
from mindferry.cli.command import command as make
from mindferry.cli.progress import progress

if TYPE_CHECKING:
    from mindferry.benchmarking.results import Benchmark, Row


@make(
    examples=[
        ("mindferry bench lenet5.mindir", "the runtimes that are installed, as they are by default"),
        (
            "mindferry bench net.onnx --runtime openvino --precision fp32 --precision bf16",
            "what a precision costs and gains",
        ),
        ("mindferry bench net.mindir --threads 1 --threads 2 --batch 1 --batch 8", "every combination, in one run"),
        ("mindferry bench net.mindir --plot bench.png", "also as a picture; needs the extra `report`"),
    ]
)
@click.argument("model", type=click.Path())
@measuring.runtimes
@click.option(
    "--precision", "precisions", multiple=True, type=click.Choice(["fp32", "bf16", "fp16"]), default=("fp32",),
    help="What runtimes compute in; repeatable, fp32 where not given.",
)  # fmt: skip
@click.option("--threads", multiple=True, metavar="N", type=click.IntRange(min=1), help="CPU threads; repeatable.")
@click.option("--batch", "batches", multiple=True, metavar="N", type=click.IntRange(min=1), help="Rows; repeatable.")
@measuring.inputs
@click.option("--rounds", metavar="N", type=click.IntRange(min=1), default=10, show_default=True, help="Turns of each.")
@click.option(
    "--seconds", metavar="S", type=click.FloatRange(min=0, min_open=True), default=0.3, show_default=True,
    help="Length of a turn.",
)  # fmt: skip
@click.option("--plot", type=click.Path(), metavar="FILE", help="Also draw it: .png or .svg.")
@options.as_json
def command(
    model: str, runtimes: tuple[str, ...], precisions: tuple[str, ...], threads: tuple[int, ...],
    batches: tuple[int, ...], inputs: tuple[str, ...], rounds: int, seconds: float, plot: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Measure how fast MODEL, an ONNX, MindIR or AIR file, runs.

    Every configuration has a process of its own, which is stopped while another one is measured; rounds go through all
    of them in rotating order. `speed` compares with the first line, pair by pair within a round.
    """
    import mindferry

    if plot is not None:
        from mindferry.benchmarking.plot import check

        check(Path(plot))
    feeds = measuring.feeds(inputs, model)
    with progress("measuring") as tick:
        result = mindferry.bench(
            model, runtimes=runtimes, precisions=precisions, threads=threads, batches=batches, feeds=feeds,
            rounds=rounds, seconds=seconds, progress=tick,
        )  # fmt: skip
    if as_json:
        screen.print_json(result.as_dict())
    else:
        show(result)
    if plot is not None:
        from mindferry.benchmarking.plot import save

        save(result, Path(plot))
        screen.note(f"wrote {plot}")


def show(result: Benchmark) -> None:
    """Prints a benchmark."""
    out = screen.console()
    numbers = ("batch", "p50", "p90", "p99", "rows/s", "speed", "GFLOP/s", "of peak", "load", "memory")
    table = screen.table("configuration", *numbers, numbers=numbers)
    for row in result.rows:
        table.add_row(screen.escape(str(row.configuration)), *_cells(row))
    out.print(table)
    machine = result.machine
    out.print(
        f"{result.rounds} rounds; operations counted from the model; peak: a 2048 x 2048 product in the same runtime",
        f"{machine['processor']}, {machine['cores']} cores; {', '.join(machine['versions'].values())}",
        sep="\n", style="dim", soft_wrap=True,
    )  # fmt: skip
    if result.uncounted:
        text = f"operations of {screen.count_text(len(result.uncounted), 'node')} are not known and left out"
        out.print(f"[yellow]note[/] {text}", soft_wrap=True)
    for item in result.unavailable:
        out.print(f"[yellow]left out[/] {screen.escape(f'{item.configuration}: {item.reason}')}", soft_wrap=True)


def _cells(row: Row) -> list[str]:
    spread = f"{row.speed.median:.2f} \\[{row.speed.low:.2f}-{row.speed.high:.2f}]"
    return [
        "" if row.batch is None else str(row.batch),
        *(screen.seconds_text(value) for value in (row.p50, row.p90, row.p99)),
        f"{row.throughput:,.0f}" if row.throughput >= 100 else f"{row.throughput:.3g}",
        spread,
        f"{row.flops / 1e9:.3g}",
        f"{row.peak_share:.0%}",
        screen.seconds_text(row.load_seconds),
        screen.size_text(row.memory_bytes),
    ]
