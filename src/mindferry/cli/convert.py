"""`mindferry convert`: a model file to ONNX, AIR, OM or a TensorRT engine."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mindferry.cli import options, screen
from mindferry.cli.building import build_options, collect
from mindferry.cli.command import OptionalValue
from mindferry.cli.command import command as make
from mindferry.cli.progress import progress

if TYPE_CHECKING:
    from mindferry.lowering.report import Report
    from mindferry.types import Shape


@make(
    examples=[
        ("mindferry convert lenet5.mindir lenet5.onnx", "MindIR to ONNX, opset 18"),
        (
            "mindferry convert resnet50.mindir resnet50.onnx --input-shape x:batch,3,224,224",
            "with a free batch dimension",
        ),
        (
            "mindferry convert lenet5.mindir lenet5.onnx --weights better.ckpt --opset 23",
            "with other weights and a newer opset",
        ),
        (
            "mindferry convert lenet5.mindir lenet5.onnx --input-name image --output-name scores",
            "with names of your choice",
        ),
        ("mindferry convert net.mindir net.onnx --dynamic-batch", "make a frozen batch free, verified by running it"),
        ("mindferry convert net.mindir net.onnx --plugin my_ops.py", "with lowerings of your own"),
        ("mindferry convert net.mindir net.air", "to AIR, for Ascend's ATC"),
        ("mindferry convert net.air net.onnx", "from AIR"),
        ("mindferry convert net.onnx net.om --soc Ascend310P3", "with ATC, where CANN is installed"),
        (
            "mindferry convert net.mindir net.engine --compute-capability 8.6,8.9,12.0",
            "with TensorRT-RTX, without a GPU",
        ),
    ]
)
@click.argument("source", type=click.Path())
@click.argument("target", type=click.Path())
@options.opset
@options.input_shapes
@click.option(
    "--target", "consumer", type=click.Choice(["ort", "openvino", "atc", "tensorrt"]),
    help="What must accept the result; what it would refuse is listed. By default what the suffix of TARGET implies.",
)  # fmt: skip
@click.option(
    "--dynamic-batch", "batches", cls=OptionalValue, pattern=r"[\d,]+", default_value="free", metavar="[N,N]",
    help="Make the batch dimension free where it is fixed, verified by running two sizes. .om: the batch sizes that it accepts.",
)  # fmt: skip
@click.option(
    "--optimize", "level", type=click.IntRange(0, 1), default=1, show_default=True,
    help="0: as lowered; 1: fold constants, scales and biases.",
)  # fmt: skip
@options.plugins
@build_options
@click.option(
    "--input-name", "input_names", multiple=True, metavar="NAME", help="New name of an input; once for each, in order."
)
@click.option(
    "--output-name",
    "output_names",
    multiple=True,
    metavar="NAME",
    help="New name of an output; once for each, in order.",
)
@options.weights
@options.key
@options.approximate
@options.as_json
def command(
    source: str, target: str, opset: int | None, input_shapes: tuple[tuple[str, Shape], ...], consumer: str | None,
    batches: str | None, level: int, plugins: tuple[str, ...], input_names: tuple[str, ...],
    output_names: tuple[str, ...], weights: str | None, key: bytes | None, approximate: bool, as_json: bool, **build: Any,
) -> None:  # fmt: skip
    """Convert SOURCE to TARGET, whose suffix names the format: .onnx, .air, .om or .engine.

    SOURCE is a MindIR, AIR or ONNX file. TARGET appears whole or not at all. Weights of 256 MB and more of an ONNX
    file go to TARGET.data beside it.
    """
    import mindferry
    from mindferry import formats

    started = time.perf_counter()
    options.load_plugins(plugins)
    sizes = None if batches in (None, "free") else options.ListType()(batches)
    with progress("converting") as tick:
        line = tick.line if tick is not None and target.lower().endswith(".om") else None
        report = mindferry.convert(
            source, target, opset=opset, input_shapes=options.shapes(input_shapes),
            dynamic_batch=batches is not None and (sizes is None or formats.sniff(source) == "mindir"),
            consumer=consumer, input_names=input_names or None, output_names=output_names or None, weights=weights,
            key=key, approximate=approximate, level=level, build=collect({**build, "batch_sizes": sizes, "line": line}),
            progress=tick,
        )  # fmt: skip
    seconds = time.perf_counter() - started
    if as_json:
        screen.print_json(data(report, target, seconds))
    else:
        show(report, target, seconds)


def files(target: str) -> dict[str, int]:
    """Bytes of the written files by path: the target with its weights, or the two parts of a large MindIR."""
    path = Path(target)
    parts = [path, path.with_name(f"{path.name}.data"), path.with_name(f"{path.stem}_graph{path.suffix}")]
    parts += sorted(path.with_name(f"{path.stem}_variables").glob("data_*"))
    return {str(part): part.stat().st_size for part in parts if part.exists()}


def data(report: Report | None, target: str, seconds: float) -> dict[str, Any]:
    """What a conversion did, for JSON; a MindIR that MindSpore wrote has no report."""
    return {"files": files(target), "seconds": round(seconds, 3), **(report.as_dict() if report else {})}


def show(report: Report | None, target: str, seconds: float) -> None:
    """Prints what a conversion did."""
    out = screen.console()
    written = (f"[bold cyan]{screen.escape(path)}[/] {screen.size_text(size)}" for path, size in files(target).items())
    out.print(f"wrote {', '.join(written)} in {screen.seconds_text(seconds)}", soft_wrap=True)
    if report is None:
        return
    if report.opset:
        out.print(_lowering(report), soft_wrap=True)
    for name, value in report.facts.items():
        out.print(f"{screen.escape(name.replace('_', ' '))}: {screen.escape(screen.value_text(value))}", soft_wrap=True)
    for name, text in report.approximations.items():
        out.print(f"[yellow]approximate[/] {screen.escape(f'{name}: {text}')}", soft_wrap=True)
    for warning in report.warnings:
        out.print(f"[yellow]warning[/] {screen.escape(warning)}", soft_wrap=True)


def _lowering(report: Report) -> str:
    """What became what, such as `12 MindSpore primitives -> 14 nodes of 6 operators, opset 18`."""
    nodes = screen.count_text(report.operators.total(), "node")
    kinds = screen.count_text(len(report.operators), "operator")
    result = f"{nodes} of {kinds}, opset {report.opset}"
    if not report.primitives:
        return result
    source = "GE operator" if report.dialect == "ge" else "MindSpore primitive"
    return f"{screen.count_text(report.primitives.total(), source)} -> {result}"
