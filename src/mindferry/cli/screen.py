"""What commands print: JSON, or text and tables that fit a terminal, a pipe or a file."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO, cast

import click

from mindferry.plain import to_json

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_WIDTH_OF_A_PIPE = 160


def console(*, error: bool = False) -> Console:
    """A console on stdout, or on stderr; colours only on a terminal."""
    from rich.console import Console

    stream = sys.stderr if error else sys.stdout
    if stream.isatty():
        return Console(stderr=error, highlight=False, emoji=False)
    return Console(file=cast(TextIO, _WithoutPadding(stream)), width=_WIDTH_OF_A_PIPE, highlight=False, emoji=False)


class _WithoutPadding:
    """Writes to another stream, without the spaces with which tables fill their lines."""

    def __init__(self, stream: TextIO) -> None:
        self.stream, self.encoding = stream, stream.encoding

    def write(self, text: str) -> int:
        return self.stream.write("\n".join(line.rstrip(" ") for line in text.split("\n")))

    def flush(self) -> None:
        self.stream.flush()

    def isatty(self) -> bool:
        return False


def table(*columns: str, numbers: Sequence[str] = ()) -> Table:
    """An empty table with a rule under its head; columns named in numbers are set to the right."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    made = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    return made


def facts(rows: Mapping[str, Any]) -> Table:
    """A table of names and values without lines; values may be text or further tables."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in rows.items():
        grid.add_row(name, value)
    return grid


def print_json(data: Any) -> None:
    """Data as JSON; numbers that are not finite become "NaN", "Infinity" and "-Infinity"."""
    click.echo(to_json(data, indent=2))


def size_text(size: int) -> str:
    """`412 bytes`, `247 kB`, `531.5 MB`: decimal units, three or four digits."""
    value = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return (
                f"{size} bytes" if unit == "bytes" else f"{value:.1f} {unit}" if value < 100 else f"{value:.0f} {unit}"
            )
        value /= 1000
    return f"{value:.2f} TB"


def count_text(count: int, singular: str, plural: str = "") -> str:
    """`1 node`, `2,100 nodes`."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def seconds_text(seconds: float) -> str:
    """`65 us`, `12 ms`, `1.3 s`, `2 min 5 s`."""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.3g} us"
    if seconds < 1:
        return f"{seconds * 1000:.3g} ms"
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)} min {int(seconds % 60)} s"


def value_text(value: Any) -> str:
    """Plain data on one line: `8.6, 8.9`, `a 1, b 2`, `(1, 3), (4, 3)`."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {value_text(item)}" for name, item in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        nested = any(isinstance(item, Sequence) and not isinstance(item, str) for item in value)
        return ", ".join(f"({value_text(item)})" if nested else value_text(item) for item in value)
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def escape(text: str) -> str:
    """Text in which rich finds no markup."""
    return text.replace("[", "\\[")


def note(text: str) -> None:
    """One line on stderr that is not an error."""
    sys.stderr.write(f"note: {text}\n")
