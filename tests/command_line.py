"""Runs command lines of mindferry in this process, as tests see them."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mindferry import demo
from mindferry.cli import main

MINDIR, CHECKPOINT, TEST = (demo.path(name) for name in ("lenet5.mindir", "lenet5.ckpt", "test.npz"))


@dataclass(frozen=True)
class Result:
    """Exit code and output of a command line."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The JSON on stdout."""
        return json.loads(self.out)


def mindferry(*arguments: str | Path) -> Result:
    """The result of `mindferry ARGUMENTS`."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main([str(argument) for argument in arguments])
    return Result(code, out.getvalue(), err.getvalue())


def one_line(result: Result, code: int, *words: str) -> None:
    """Requires the exit code, nothing on stdout, and one line on stderr that holds the words."""
    assert (result.code, result.out) == (code, ""), result
    assert result.err.count("\n") == 1 and result.err.endswith("\n"), result.err
    missing: Sequence[str] = [word for word in words if word not in result.err]
    assert not missing, f"{missing} not in {result.err!r}"
