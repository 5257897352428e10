"""`mindferry doctor`: what is installed, what each runtime can do here, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from mindferry.cli import options, screen
from mindferry.cli.command import command as make
from mindferry.cli.progress import progress

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from mindferry.doctor import Diagnosis, Problem
    from mindferry.probing import Probe


@make(
    examples=[
        (
            "mindferry doctor",
            "try every installed runtime on every device; 1 is the exit code where something is wrong",
        ),
        ("mindferry doctor --json", "for programs and bug reports"),
    ]
)
@options.as_json
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Show what is installed, what each runtime can do here, and how to mend what is wrong.

    Every installed runtime runs a small network on every device that it knows, each in a process of its own, so that one
    that crashes or hangs is found too. Packages that do not fit together are named with the command that mends them.
    """
    from mindferry.doctor import diagnose

    with progress("trying runtimes") as tick:
        found = diagnose(progress=tick)
    if as_json:
        screen.print_json(found.as_dict())
    else:
        show(found, screen.console())
    ctx.exit(0 if found.fine else 1)


def show(found: Diagnosis, out: Console) -> None:
    """Prints a diagnosis."""
    out.print(screen.facts({name: screen.escape(text) for name, text in {**found.system, **found.hardware}.items()}))
    out.print()
    out.print(_packages(found))
    if found.probes:
        out.print()
        out.print(_probes(found))
    out.print()
    _problems(found.problems, out)


def _packages(found: Diagnosis) -> Table:
    table = screen.table("package", "version")
    for name, version in found.packages.items():
        table.add_row(name, version)
    return table


def _probes(found: Diagnosis) -> Table:
    table = screen.table("runtime", "device", "state", "")
    previous = ""
    for probe in found.probes:
        name = probe.runtime if probe.runtime != previous else ""
        table.add_row(name, probe.device, _state(probe), screen.escape(_text(probe, found.hardware)))
        previous = probe.runtime
    return table


def _state(probe: Probe) -> str:
    return {"works": "[green]works[/]", "absent": "[dim]absent[/]", "fails": "[red]fails[/]"}[probe.state]


def _text(probe: Probe, hardware: Mapping[str, str]) -> str:
    """What a runtime can do or says; where the hardware is missing, that alone, and not how to install for it."""
    if probe.state == "works":
        return ", ".join(filter(None, (screen.seconds_text(probe.seconds), probe.text)))
    if probe.state == "absent" and probe.runtime == "openvino":
        return "no Intel GPU here"
    ascend = probe.device.startswith("ascend")
    if probe.state == "absent" and hardware["Ascend" if ascend else "GPU"] == "none":
        return "no Ascend processor here" if ascend else "no NVIDIA GPU here"
    return probe.text


def _problems(problems: Sequence[Problem], out: Console) -> None:
    if not problems:
        out.print("[green]nothing is wrong[/]")
        return
    from rich.table import Table

    out.print(f"[bold red]{screen.count_text(len(problems), 'problem')}[/]")
    for problem in problems:
        line = Table.grid(padding=(0, 1))
        line.add_row("[red]●[/]", screen.escape(problem.text))
        out.print(line)
        if problem.cure:
            out.print(f"  [bold]{screen.escape(problem.cure)}[/]", soft_wrap=True)
