"""`mindferry export`: a MindSpore Cell with its checkpoint to MindIR or ONNX."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mindferry.cli import options, screen
from mindferry.cli.command import command as make
from mindferry.cli.progress import progress
from mindferry.errors import OptionError

if TYPE_CHECKING:
    from mindferry.types import Shape


@make(
    examples=[
        (
            "mindferry export --net lenet.py:LeNet5 --weights lenet5.ckpt --input-shape x:1,1,32,32 lenet5.onnx",
            "a Cell from a file, with its checkpoint, to ONNX",
        ),
        (
            "mindferry export --net mindcv:resnet50 --input-shape x:batch,3,224,224 resnet50.mindir",
            "a network of mindcv with a free batch dimension, to MindIR",
        ),
    ]
)
@click.argument("target", type=click.Path())
@click.option(
    "--net", "network", required=True, metavar="NETWORK", help="FILE.py:CLASS, MODULE:CALLABLE or mindcv:NAME."
)
@click.option(
    "--weights", type=click.Path(), help="Checkpoint to load into the Cell; its first values where not given."
)
@options.input_shapes
@options.input_dtypes
@options.opset
@options.key
@options.approximate
@options.as_json
def command(
    target: str, network: str, weights: str | None, input_shapes: tuple[tuple[str, Shape], ...],
    input_dtypes: tuple[str, ...], opset: int | None, key: bytes | None, approximate: bool, as_json: bool,
) -> None:  # fmt: skip
    """Write a MindSpore Cell with its checkpoint as TARGET.

    TARGET is a .mindir or .onnx file. This needs MindSpore: pip install 'mindferry[mindspore]'. Every input of the
    Cell needs an --input-shape.
    """
    import mindferry
    from mindferry.cli.convert import data, show

    if Path(target).suffix not in (".mindir", ".onnx"):
        raise OptionError(f"{target}: a Cell is written as .mindir or .onnx")
    if not input_shapes:
        raise click.UsageError("give --input-shape for every input", click.get_current_context())
    started = time.perf_counter()
    with progress("exporting") as tick:
        report = mindferry.export(
            network, target, weights=weights, input_shapes=options.shapes(input_shapes) or {},
            input_dtypes=options.dtypes(input_dtypes), opset=opset, key=key, approximate=approximate, progress=tick,
        )  # fmt: skip
    seconds = time.perf_counter() - started
    if as_json:
        screen.print_json(data(report, target, seconds))
    else:
        show(report, target, seconds)
