"""Runs a compiler that takes minutes: its lines are passed on as they come, and it never outlives us."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

_SECONDS_TO_END = 5.0


def run(
    command: Sequence[str], *, folder: Path, seconds: float | None, line: Callable[[str], None]
) -> tuple[int, list[str], bool]:
    """Exit code (negative for a signal), all lines of stdout and stderr, and whether the time ran out.

    The command gets a process group of its own, which is ended when the time is over and when an exception comes, such as
    KeyboardInterrupt.

    Raises:
        OSError: the command cannot be started.
    """
    child = subprocess.Popen(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace", start_new_session=True,
    )  # fmt: skip
    late = threading.Event()

    def expire() -> None:
        late.set()
        end(child)

    timer = threading.Timer(seconds, expire) if seconds is not None else None
    lines: list[str] = []
    try:
        if timer is not None:
            timer.daemon = True
            timer.start()
        assert child.stdout is not None
        with child.stdout as output:
            for text in output:
                lines.append(text.rstrip())
                line(text.rstrip())
        child.wait()
    finally:
        if timer is not None:
            timer.cancel()
        end(child)
    return child.returncode, lines, late.is_set()


def end(child: subprocess.Popen[str]) -> None:
    """Ends a child and all that it started: first politely, then for certain."""
    for number, seconds in ((signal.SIGTERM, _SECONDS_TO_END), (signal.SIGKILL, None)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(seconds)
            if number == signal.SIGTERM and _group_is_gone(child.pid):
                return


def _group_is_gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False
