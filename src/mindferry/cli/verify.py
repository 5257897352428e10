"""`mindferry verify`: two models, or a model and recorded outputs, compared on the same inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mindferry.cli import options, screen
from mindferry.cli.command import command as make
from mindferry.errors import VerifyError

if TYPE_CHECKING:
    from mindferry.runtimes.base import Session
    from mindferry.verification import OutputComparison, Verification

    Side = Session | Mapping[str, Any]


@make(
    examples=[
        (
            "mindferry verify lenet5.onnx lenet5.mindir --input test.npz --tolerance 1e-5",
            "two models on the same inputs; exit code 3 where an output differs by more",
        ),
        (
            "mindferry verify lenet5.onnx test.npz --input test.npz --output logits",
            "a model against recorded outputs, the array `logits`",
        ),
        (
            "mindferry verify lenet5.onnx lenet5.ckpt --net lenet.py:LeNet5 --input test.npz",
            "ONNX Runtime against MindSpore itself",
        ),
        ("mindferry verify yesterday.npz today.npz", "recorded outputs against recorded outputs"),
    ]
)
@click.argument("candidate", type=click.Path())
@click.argument("reference", type=click.Path())
@click.option("--input", "inputs", multiple=True, metavar="[NAME=]FILE", help="Inputs for both: .npz, .npy, .json, -.")
@click.option(
    "--tolerance",
    metavar="BOUND",
    type=click.FloatRange(min=0),
    help="Largest difference over the largest reference value.",
)
@click.option("--output", "outputs", multiple=True, metavar="NAME", help="Outputs of REFERENCE, in CANDIDATE's order.")
@click.option("--graph", type=click.Path(), help="MindIR whose parameters a checkpoint replaces.")
@click.option("--net", "network", metavar="NETWORK", help="Cell that a checkpoint fills; it then runs in MindSpore.")
@options.approximate
@options.plugins
@options.key
@options.as_json
def command(
    candidate: str, reference: str, inputs: tuple[str, ...], tolerance: float | None, outputs: tuple[str, ...],
    graph: str | None, network: str | None, approximate: bool, plugins: tuple[str, ...], key: bytes | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Compare every output of CANDIDATE with REFERENCE.

    Each is a model file, a checkpoint with --graph or --net, or outputs recorded in a .npz. Without --tolerance the
    comparison is only shown.
    """
    import mindferry

    options.load_plugins(plugins)
    settings = {"graph": graph, "network": network, "approximate": approximate, "key": key}
    with ExitStack() as stack:
        sides = [_side(path, settings, stack) for path in (candidate, reference)]
        feeds = _feeds(sides, inputs)
        try:
            result = mindferry.verify(*sides, feeds=feeds, outputs=outputs or None, tolerance=tolerance)
        except VerifyError as error:
            _show(error.verification, as_json)
            raise
    _show(result, as_json)


def _side(path: str, settings: Mapping[str, Any], stack: ExitStack) -> Side:
    """Recorded outputs, or an open session; --graph, --net and --key are for the files that they fit."""
    if Path(path).suffix == ".npz":
        from mindferry.data.sources import read_npz

        return read_npz(Path(path))
    import mindferry
    from mindferry import formats
    from mindferry.formats import _files

    chosen = {"approximate": settings["approximate"]}
    if formats.sniff(path) in ("ckpt", "safetensors"):
        chosen |= {"graph": settings["graph"], "network": settings["network"]}
        chosen["runtime"] = "mindspore" if settings["network"] else None
    if settings["key"] is not None and _files.cipher(Path(path)) is not None:
        chosen["key"] = settings["key"]
    return stack.enter_context(mindferry.open(path, **chosen))


def _feeds(sides: Sequence[Side], inputs: Sequence[str]) -> Mapping[str, Any] | None:
    from mindferry.data.sources import gather

    session = next((side for side in sides if not isinstance(side, Mapping)), None)
    context = click.get_current_context()
    if session is None:
        if inputs:
            raise click.UsageError("both sides are recorded, so there is nothing to run on --input", context)
        return None
    if not inputs:
        raise click.UsageError("give --input, which the model runs on", context)
    given = gather(inputs, session.inputs)
    if given.images:
        raise click.UsageError("--input takes arrays here, not images", context)
    return given.feeds


def _show(result: Verification, as_json: bool) -> None:
    if as_json:
        screen.print_json(result.as_dict())
        return
    numbers = ("elements", "max abs", "max rel", "cosine", "same argmax")
    table = screen.table("output", *numbers, "NaN, inf", "verdict", numbers=numbers)
    for output in result.outputs:
        table.add_row(screen.escape(output.name), *_cells(output), _verdict(output, result.tolerance))
    screen.console().print(table)


def _cells(output: OutputComparison) -> tuple[str, ...]:
    same = "" if output.argmax_equal is None else f"{output.argmax_equal:,} of {output.argmax_total:,}"
    places = {None: "", True: "same places", False: "[red]other places[/]"}[output.nonfinite_equal]
    cosine = "" if output.cosine is None else f"{output.cosine:.7f}"
    return f"{output.elements:,}", _number(output.max_absolute), _number(output.max_relative), cosine, same, places


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2e}" if value else "0"


def _verdict(output: OutputComparison, tolerance: float | None) -> str:
    if output.problem:
        return f"[red]{screen.escape(output.problem)}[/]"
    if tolerance is None:
        return ""
    return f"[red]misses {tolerance:g}[/]" if output.fault(tolerance) else f"[green]within {tolerance:g}[/]"
