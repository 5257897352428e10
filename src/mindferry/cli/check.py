"""`mindferry check`: whether a target would take a model, without the target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mindferry.cli import options, screen
from mindferry.cli.command import command as make

if TYPE_CHECKING:
    from rich.table import Table

    from mindferry.checking import Compatibility
    from mindferry.types import Shape

_TITLES = {"ort": "ONNX Runtime", "openvino": "OpenVINO", "atc": "Ascend's ATC", "tensorrt": "TensorRT"}


@make(
    examples=[
        ("mindferry check lenet5.mindir --target atc --soc Ascend310", "for an Ascend 310, without CANN"),
        ("mindferry check resnet50.onnx --target tensorrt", "an ONNX model for TensorRT, without a GPU"),
        ("mindferry check net.onnx --target atc --soc Ascend310 --input-shape x:1,3,224,224", "with a fixed shape"),
        ("mindferry check net.mindir --target atc --json", "for programs"),
    ]
)
@click.argument("model", type=click.Path())
@click.option(
    "--target",
    type=click.Choice(["ort", "openvino", "atc", "tensorrt"]),
    required=True,
    help="What shall take the model.",
)
@click.option("--soc", metavar="NAME", help="Ascend processor, such as Ascend310 or Ascend310P3, for --target atc.")
@click.option(
    "--opset", metavar="N", type=click.IntRange(13, 23),
    help="ONNX opset that a MindIR is converted to; 17 for atc, else 18.",
)  # fmt: skip
@options.input_shapes
@click.option("--profiles", is_flag=True, help="Free dimensions will get sizes to choose from, for --target atc.")
@options.plugins
@options.key
@options.as_json
def command(
    model: str, target: str, soc: str | None, opset: int | None, input_shapes: tuple[tuple[str, Shape], ...],
    profiles: bool, plugins: tuple[str, ...], key: bytes | None, as_json: bool,
) -> int:  # fmt: skip
    """Check whether a target would take MODEL, an ONNX, MindIR or AIR file.

    Every reason against it is listed, with how often and where it holds and what to do. Nothing of the target needs to be
    installed. The exit code is 0 where nothing speaks against the model, else 1.
    """
    from mindferry.checking import check

    options.load_plugins(plugins)
    found = check(
        model, target, soc=soc, opset=opset, input_shapes=options.shapes(input_shapes), profiles=profiles, key=key
    )
    if as_json:
        screen.print_json(found.as_dict())
    else:
        show(found)
    return 0 if found.fits else 1


def show(found: Compatibility) -> None:
    """Prints a verdict and its reasons."""
    out = screen.console()
    title = _TITLES[found.target] + (f" for {found.soc}" if found.soc else "")
    opset = "" if found.opset is None else f", opset {found.opset}"
    out.print(f"[bold cyan]{screen.escape(found.path)}[/]  {title}{opset}", soft_wrap=True)
    if found.fits:
        nodes = screen.count_text(sum(found.operators.values()), "node")
        kinds = screen.count_text(len(found.operators), "operator")
        out.print(f"[green]nothing speaks against it[/]: {nodes} of {kinds}", soft_wrap=True)
        return
    out.print(f"[red]would be refused[/], for {screen.count_text(len(found.findings), 'reason')}", soft_wrap=True)
    out.print()
    out.print(_table(found))


def _table(found: Compatibility) -> Table:
    table = screen.table("Reason", "Count", "Places", "What to do", numbers=("Count",))
    for one in found.findings:
        count = str(len(one.places)) if one.places else ""
        table.add_row(screen.escape(one.reason), count, screen.escape(one.shown_places), screen.escape(one.cure))
    return table
