"""Processes that hold one configuration each and are stopped but for their turn.

A runtime's threads spin for a while after a run, waiting for the next one; ONNX Runtime's and OpenVINO's do. In one
process, or in processes that are left alone, they take processors from whatever runs next. A stopped process takes none.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

from mindferry import errors
from mindferry.benchmarking.configurations import Configuration
from mindferry.benchmarking.jobs import Arrays, Failed, Load, Loaded, Measure, Memory, MemoryUse, Run
from mindferry.benchmarking.models import PreparedModel
from mindferry.benchmarking.rounds import Turn
from mindferry.errors import BackendFailed, MindFerryError

_LEAST_RUNS = 1


class Worker:
    """A configuration in a process of its own; use it in a `with` statement.

    Attributes:
        configuration: what it runs.
        load_seconds: from the model's file to a session.
    """

    def __init__(self, configuration: Configuration, model: PreparedModel) -> None:
        """Starts the process and loads the model.

        Raises:
            MindFerryError: whatever the runtime says against the model, the device or the options.
            BackendFailed: the process ended.
        """
        self.configuration = configuration
        runtime, options = configuration.session()
        held = self._held = ExitStack()
        self._log = held.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 (the stack closes it)
        mine, theirs = socket.socketpair()
        self._connection = held.enter_context(Connection(mine.detach()))
        with theirs:
            command = [sys.executable, "-P", "-m", "mindferry.benchmarking.worker", str(theirs.fileno())]
            self._process = subprocess.Popen(
                command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log
            )
        try:
            load = Load(model.format, model.path, runtime, configuration.device, options)
            loaded: Loaded = self._ask(load)
        except BaseException:
            self.close()
            raise
        self.load_seconds = loaded.seconds

    def run(self, feeds: Arrays) -> Arrays:
        """The outputs; `measure` uses the same feeds."""
        outputs: Arrays = self._ask(Run(feeds))
        return outputs

    def measure(self, seconds: float) -> Turn:
        """Runs for that long, at least once, after a run that is not counted where one is shorter than that."""
        turn: Turn = self._ask(Measure(seconds, _LEAST_RUNS, self.configuration.callers))
        return turn

    def memory(self) -> MemoryUse:
        """What the process holds."""
        use: MemoryUse = self._ask(Memory())
        return use

    def _ask(self, job: Any) -> Any:
        """The answer to a job; the process runs only meanwhile."""
        try:
            self._process.send_signal(signal.SIGCONT)
            self._connection.send(job)
            answer = self._connection.recv()
            self._process.send_signal(signal.SIGSTOP)
        except (EOFError, OSError):
            raise BackendFailed(f"{self.configuration}: {self._last_words()}") from None
        if isinstance(answer, Failed):
            raise _error(answer)
        return answer

    def _last_words(self) -> str:
        """How the process ended."""
        code = self._process.wait()
        end = f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return f"its process {end}" + (f": {lines[-1].strip()}" if lines else "")

    def close(self) -> None:
        """Ends the process; a second call does nothing."""
        self._process.kill()
        self._process.wait()
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _error(failed: Failed) -> MindFerryError:
    """The error that was raised in the process, where its class takes a text alone, else BackendFailed."""
    kind = getattr(errors, failed.kind)
    plain = issubclass(kind, errors.RunError | errors.RuntimeUnavailable | errors.OptionError)
    error: MindFerryError = (kind if plain else BackendFailed)(failed.text)
    return error
