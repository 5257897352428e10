"""A progress bar on stderr, on a terminal only, and only for work that takes longer than about a second."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_QUIET_SECONDS = 1.0


@contextmanager
def progress(title: str) -> Iterator[Bar | None]:
    """A function to call with (done, total), or None where nobody would see it."""
    if not sys.stderr.isatty():
        yield None
        return
    bar = Bar(title)
    try:
        yield bar
    finally:
        bar.close()


class Bar:
    """Shows itself at the first call after the quiet second."""

    def __init__(self, title: str) -> None:
        self.title, self.started = title, time.monotonic()
        self.shown: Any = None

    def __call__(self, done: int, total: int) -> None:
        if self.shown is None:
            if time.monotonic() - self.started < _QUIET_SECONDS or done >= total:
                return
            self._show(total)
        self.shown.update(self.task, completed=done, total=total)

    def _show(self, total: int) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        from mindferry.cli.screen import console

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self.shown = Progress(*columns, console=console(error=True), transient=True)
        self.task = self.shown.add_task(self.title, total=total)
        self.shown.start()

    def line(self, text: str) -> None:
        """Writes a line above the bar, such as a compiler's own."""
        if self.shown is None:
            sys.stderr.write(f"{text}\n")
        else:
            self.shown.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Takes the bar off the screen."""
        if self.shown is not None:
            self.shown.stop()
