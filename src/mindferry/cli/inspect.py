"""`mindferry inspect`: what a model file holds, and whether it can be converted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from mindferry.cli import options, screen
from mindferry.cli.command import command as make

if TYPE_CHECKING:
    from rich.console import RenderableType

    from mindferry.lowering.catalogue import Outlook, Unsupported
    from mindferry.summary import Compiled, Port, Summary

_PLACES_SHOWN = 3
_TITLES = {
    "mindir": "MindIR", "air": "AIR", "ckpt": "MindSpore checkpoint", "safetensors": "safetensors", "onnx": "ONNX",
    "om": "Ascend offline model",
}  # fmt: skip


@make(
    examples=[
        ("mindferry inspect lenet5.mindir", "inputs, outputs, parameters, operators, and whether it can be converted"),
        ("mindferry inspect lenet5.ckpt --json", "the same facts of a checkpoint, for programs"),
        ("mindferry inspect resnet50.om", "an Ascend offline model: profiles, processor, memory, operators"),
        ("mindferry inspect secret.mindir --key key.bin", "an encrypted file; key.bin holds the key"),
    ]
)
@click.argument("file", type=click.Path())
@options.plugins
@options.key
@options.as_json
def command(file: str, plugins: tuple[str, ...], key: bytes | None, as_json: bool) -> None:
    """Show what a model file holds and whether it can be converted.

    FILE is MindIR of any generation, AIR, a checkpoint (.ckpt, .safetensors), ONNX or an Ascend offline model (OM).
    Weights are not read, so large files take no longer than small ones.
    """
    from mindferry.summary import summarize

    options.load_plugins(plugins)
    summary = summarize(file, key=key)
    if as_json:
        screen.print_json(summary.as_dict())
        return
    show(summary)


def show(summary: Summary) -> None:
    """Prints a summary for people."""
    rows: dict[str, RenderableType] = {"Format": _format(summary)}
    if summary.inputs or summary.outputs:
        rows["Inputs"], rows["Outputs"] = _ports(summary.inputs), _ports(summary.outputs)
    rows["Parameters"] = _parameters(summary)
    if summary.operators:
        rows["Operators"] = _operators(summary.operators)
    if summary.compiled is not None:
        rows |= _compiled(summary.compiled)
    rows["Conversion"] = _conversion(summary)
    rows.update({f"  {name}": value for name, value in summary.metadata.items()})
    out = screen.console()
    out.print(f"[bold cyan]{screen.escape(summary.path)}[/]  {screen.size_text(summary.file_bytes)}", soft_wrap=True)
    out.print(screen.facts(rows))
    if summary.outlook is not None and summary.outlook.unsupported:
        out.print()
        out.print(_unsupported(summary.outlook.unsupported), soft_wrap=True)


def _format(summary: Summary) -> str:
    from mindferry.summary import GENERATIONS

    title = _TITLES[summary.format]
    if summary.generation:
        title += f", generation {summary.generation} ({GENERATIONS.get(summary.generation, 'unknown')})"
    if summary.opsets:
        names = [f"opset {version}{f' of {domain}' if domain else ''}" for domain, version in summary.opsets.items()]
        title += f", {', '.join(names)}"
    producer = f"{summary.producer} {summary.producer_version}".strip()
    return screen.escape(f"{title}, written by {producer}" if producer else title)


def _ports(ports: Sequence[Port]) -> RenderableType:
    from rich.table import Table

    from mindferry.types import format_shape

    grid = Table.grid(padding=(0, 2))
    for port in ports:
        grid.add_row(screen.escape(port.name), port.dtype, screen.escape(format_shape(port.shape)))
    return grid


def _parameters(summary: Summary) -> str:
    if not summary.parameters:
        return "none"
    several = len(summary.dtypes) > 1
    dtypes = ", ".join(f"{count:,} {dtype}" if several else dtype for dtype, count in summary.dtypes.items())
    tensors, elements = screen.count_text(summary.parameters, "tensor"), screen.count_text(summary.elements, "element")
    return f"{tensors}, {elements}, {screen.size_text(summary.parameter_bytes)} ({dtypes})"


def _operators(operators: Mapping[str, int]) -> RenderableType:
    from rich.columns import Columns
    from rich.console import Group

    total = screen.count_text(sum(operators.values()), "node") + ", " + screen.count_text(len(operators), "kind")
    width = max(map(len, operators)) + 7
    cells = [f"{name} [dim]{count:,}[/]" for name, count in operators.items()]
    return Group(total, Columns(cells, width=width, padding=(0, 1), column_first=True))


def _compiled(compiled: Compiled) -> dict[str, RenderableType]:
    """What an offline model tells beside its graph."""
    rows: dict[str, RenderableType] = {}
    made = "[yellow]simulated: only the simulator loads it[/]" if compiled.simulated else "for devices"
    rows["Processor"] = f"{screen.escape(compiled.soc or 'not recorded')}, {made}"
    work, weights = screen.size_text(compiled.work_bytes), screen.size_text(compiled.weight_bytes)
    rows["Device memory"] = f"{work} for work, {weights} for weights"
    for title, profiles in (
        ("Batch sizes", compiled.batches),
        ("Image sizes", compiled.images),
        ("Profiles", compiled.dims),
    ):
        if profiles:
            rows[title] = ", ".join(map(_profile, profiles))
    if compiled.preparation:
        rows["Preparation"] = screen.escape(", ".join(f"{name}: {mode}" for name, mode in compiled.preparation.items()))
    if compiled.command:
        rows["Command"] = screen.escape(compiled.command)
    parts = [f"{name} {screen.size_text(size)}" for name, size in compiled.partitions.items()]
    rows["Partitions"] = ", ".join(parts)
    return rows


def _profile(profile: int | tuple[int, ...]) -> str:
    return str(profile) if isinstance(profile, int) else " x ".join(map(str, profile))


def _conversion(summary: Summary) -> str:
    if summary.format == "om":
        return "it is compiled already"
    if summary.outlook is None:
        if summary.format == "onnx":
            return "it is ONNX already"
        return "a checkpoint has weights and no graph: give it with --graph MODEL.mindir or --net NETWORK"
    outlook = summary.outlook
    opset = f"from opset {outlook.opset} on{_because(outlook)}"
    word = "operator" if summary.format == "air" else "primitive"
    if not outlook.unsupported:
        return f"[green]yes[/], every {word} has a lowering, {opset}"
    count = screen.count_text(len(outlook.unsupported), f"{word} has", f"{word}s have")
    return f"[red]no[/], {count} no exact lowering; the others have one {opset}"


def _because(outlook: Outlook) -> str:
    reasons = [name for name, opset in outlook.because.items() if opset == outlook.opset]
    return f" (because of {', '.join(reasons)})" if reasons else ""


def _unsupported(primitives: Sequence[Unsupported]) -> str:
    lines = []
    for primitive in primitives:
        nearest = f"; nearest known: {primitive.nearest}" if primitive.nearest else ""
        why = f"{screen.count_text(primitive.count, 'use')}; {primitive.reason or f'no lowering{nearest}'}"
        lines.append(f"[bold]{screen.escape(primitive.primitive)}[/]  {screen.escape(why)}")
        lines += [f"  [dim]{screen.escape(place)}[/]" for place in primitive.places[:_PLACES_SHOWN]]
        if (more := len(primitive.places) - _PLACES_SHOWN) > 0:
            lines.append(f"  [dim]and {more:,} more; --json lists all[/]")
    return "\n".join(lines)
