"""`mindferry run`: a model on arrays or images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mindferry.cli import options, screen
from mindferry.cli.command import command as make
from mindferry.cli.progress import progress
from mindferry.errors import FileProblem, OptionError

if TYPE_CHECKING:
    from mindferry.data.description import Description
    from mindferry.data.labels import Guess
    from mindferry.data.predict import Predictions
    from mindferry.data.sources import Inputs
    from mindferry.runtimes.base import Session
    from mindferry.types import Shape


@make(
    examples=[
        ("mindferry run lenet5.mindir --input test.npz", "arrays by the names of the model's inputs"),
        (
            "mindferry run efficientnet_lite0.mindir cat.png coffee.png",
            "images, prepared as efficientnet_lite0.toml says",
        ),
        ("mindferry run lenet5.onnx --input - --json < numbers.json", "numbers from stdin, outputs as JSON"),
        (
            "mindferry run lenet5.ckpt --graph lenet5.mindir --input test.npz --output out.npz",
            "a checkpoint in a MindIR's graph",
        ),
        (
            "mindferry run lenet5.ckpt --net lenet.py:LeNet5 --runtime mindspore --input test.npz",
            "a checkpoint in MindSpore itself",
        ),
        (
            "mindferry run lenet5.mindir --input test.npz --device auto --option threads=2",
            "on the best device present, with an option of its runtime",
        ),
    ]
)
@click.argument("model", type=click.Path())
@click.argument("files", nargs=-1, type=click.Path())
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="[NAME=]FILE",
    help="The same as FILES: .npz, .npy, .json, an image, a folder, or - for JSON from stdin.",
)
@click.option("--output", type=click.Path(), help="Write the outputs to a .npz or .json file.")
@click.option("--batch", metavar="N", type=click.IntRange(min=1), help="Rows or images in one run.")
@click.option("--top", metavar="N", type=click.IntRange(min=1), help="How many classes to show.")
@click.option(
    "--description", type=click.Path(), help="How images become inputs; MODEL with the suffix .toml where not given."
)
@click.option("--graph", type=click.Path(), help="MindIR whose parameters the checkpoint MODEL replaces.")
@options.network
@options.weights
@options.device
@click.option("--runtime", help="onnxruntime, openvino, ...; the device's first that can be used where not given.")
@options.settings
@options.input_shapes
@options.input_dtypes
@options.approximate
@options.plugins
@options.key
@options.as_json
def command(
    model: str, files: tuple[str, ...], inputs: tuple[str, ...], output: str | None, batch: int | None, top: int | None,
    description: str | None, graph: str | None, network: str | None, weights: str | None, device: str,
    runtime: str | None, settings: tuple[str, ...], input_shapes: tuple[tuple[str, Shape], ...],
    input_dtypes: tuple[str, ...], approximate: bool, plugins: tuple[str, ...], key: bytes | None, as_json: bool,
) -> int:  # fmt: skip
    """Run a model on FILES.

    MODEL is ONNX, MindIR or AIR, or a checkpoint with --graph or --net. Files other than ONNX are converted in
    memory, a --net in the shapes of its --input-shape. Of a .npz, arrays that are no inputs are left out.
    """
    import mindferry
    from mindferry.data import sinks, sources

    named = [*inputs, *files]
    if not named:
        raise click.UsageError("there is nothing to run the model on; give files", click.get_current_context())
    if output is not None:
        sinks.check_target(Path(output))
    models = [model, graph] if graph else [model]
    described = _description(description, models, top)
    options.load_plugins(plugins)
    session = mindferry.open(
        model, device=device, runtime=runtime, graph=graph, weights=weights, network=network,
        input_shapes=options.shapes(input_shapes), input_dtypes=options.dtypes(input_dtypes), approximate=approximate,
        key=key, options=options.values(settings),
    )  # fmt: skip
    with session:
        given = sources.gather(named, session.inputs)
        predictions = _predict(session, given, described, batch, models)
    guesses = _guesses(predictions, described, top)
    if output is not None and predictions.outputs:
        sinks.write(Path(output), predictions, guesses)
    if as_json:
        screen.print_json(sinks.as_data(predictions, guesses))
    elif predictions.outputs:
        _show(predictions, guesses, described)
        if given.unused:
            screen.note(f"not an input, left out: {', '.join(given.unused)}")
        if output is not None:
            screen.note(f"wrote {output}")
    return _problems(predictions)


def _show(predictions: Predictions, guesses: list[list[Guess]] | None, described: Description | None) -> None:
    from mindferry.cli import results

    if guesses is None or described is None or described.output is None:
        screen.console().print(results.outputs_table(predictions))
        return
    probabilities = described.output.activation == "softmax"
    screen.console().print(results.classes_table(predictions, guesses, probabilities=probabilities))


def _description(given: str | None, models: Sequence[str], top: int | None) -> Description | None:
    from mindferry.data import description

    path = Path(given) if given else description.beside(*map(Path, models))
    found = None if path is None else description.read(path)
    if top is not None and (found is None or found.output is None):
        raise OptionError("--top needs a description with an [output] section")
    return found


def _predict(
    session: Session, inputs: Inputs, description: Description | None, batch: int | None, models: Sequence[str]
) -> Predictions:
    from mindferry.data.predict import predict_arrays, predict_images

    with progress("running") as tick:
        if not inputs.images:
            return predict_arrays(session, inputs.feeds, batch=batch, progress=tick)
        if description is None:
            wanted = Path(models[0]).with_suffix(".toml")
            raise FileProblem(f"{wanted}: no such file; it must say how images become inputs (or give --description)")
        return predict_images(session, inputs.images, description, batch=batch, progress=tick)


def _guesses(predictions: Predictions, description: Description | None, top: int | None) -> list[list[Guess]] | None:
    from mindferry.data.labels import best

    if description is None or description.output is None:
        return None
    return best(predictions.outputs, description, top=top) if predictions.outputs else []


def _problems(predictions: Predictions) -> int:
    """1 where images could not be used, after one line for each of them."""
    for problem in predictions.problems:
        click.echo(f"mindferry run: {problem}", err=True)
    return 1 if predictions.problems else 0
