"""`mindferry platforms`: which hardware and model files this machine can run, and what it would take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mindferry.cli import options, screen
from mindferry.cli.command import command as make

if TYPE_CHECKING:
    from rich.table import Table

    from mindferry.platforms import Row, Status


@make(examples=[("mindferry platforms", "the table, for this machine"), ("mindferry platforms --json", "for programs")])
@options.as_json
def command(as_json: bool) -> None:
    """Show which model files run on which hardware, and here.

    For every kind of hardware and model file: the ways to run it, with what is installed here, or what to install
    where it cannot run. Ways that nobody has run on the hardware itself yet say so.
    """
    from mindferry.platforms import table

    rows = table()
    if as_json:
        screen.print_json([row.as_dict() for row in rows])
        return
    out = screen.console()
    shown = _grid()
    for place, row in enumerate(rows):
        if place:
            shown.add_row()
        shown.add_row(f"[bold]{row.hardware}, {screen.escape(row.model_file)}[/]", _verdict(row))
        for status in row.ways:
            shown.add_row(_name(status), _text(status))
    out.print(shown)


def _grid() -> Table:
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    grid.add_column(max_width=34)
    grid.add_column(overflow="fold")
    return grid


def _verdict(row: Row) -> str:
    return "[green]runs here[/]" if row.ready else "[yellow]does not run here[/]"


def _name(status: Status) -> str:
    name = screen.escape(status.way.name)
    return f"[green]●[/] {name}" if status.ready else f"[dim]○ {name}[/]"


def _text(status: Status) -> str:
    lines = [", ".join(status.found)] if status.ready else [f"needs {text}" for text in status.missing]
    text = screen.escape("\n".join(lines))
    return f"{text}\n[dim]{status.note}[/]" if status.note else text
