"""A process that holds one session and runs it when told: `python -m mindferry.benchmarking.worker DESCRIPTOR`.

It answers what `jobs` describes on the connection that the descriptor names, and ends when that closes.
"""

from __future__ import annotations

import ctypes
import re
import signal
import sys
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from mindferry import runtimes
from mindferry.benchmarking.jobs import Arrays, Failed, Load, Loaded, Measure, Memory, MemoryUse, Run
from mindferry.benchmarking.rounds import Turn
from mindferry.errors import MindFerryError, words
from mindferry.runtimes.base import Device, Session, Source

_PR_SET_PDEATHSIG = 1


class Host:
    """Holds the session and does the jobs."""

    def __init__(self) -> None:
        self.session: Session | None = None
        self.feeds: Arrays = {}
        self.run_seconds = 0.0
        self.imported = 0

    def answer(self, job: Any) -> Any:
        """The answer to a job."""
        match job:
            case Load():
                return self.load(job)
            case Run():
                return self.run(job.feeds)
            case Measure():
                return self.measure(job)
            case Memory():
                return MemoryUse(self.imported, _resident("VmHWM"))
        raise AssertionError(job)

    def load(self, job: Load) -> Loaded:
        """Opens the model."""
        runtime = runtimes.get(job.runtime)
        self.imported = _resident("VmRSS")
        start = time.perf_counter()
        self.session = runtime.prepare(Source(job.format, job.path), Device.parse(job.device), job.options)
        return Loaded(time.perf_counter() - start)

    def run(self, feeds: Arrays) -> Arrays:
        """The outputs for these feeds, which are kept."""
        assert self.session is not None
        self.feeds = feeds
        start = time.perf_counter()
        outputs = self.session.run(feeds)
        self.run_seconds = time.perf_counter() - start
        return outputs

    def measure(self, job: Measure) -> Turn:
        """Runs with the feeds of the last run; the first one is not counted, unless one outlasts the turn."""
        assert self.session is not None
        session, feeds, latencies = self.session, self.feeds, list[float]()
        if self.run_seconds < job.seconds:
            session.run(feeds)
        start = time.perf_counter()

        def call() -> None:
            now = time.perf_counter()
            while now < start + job.seconds or len(latencies) < job.least:
                session.run(feeds)
                before, now = now, time.perf_counter()
                latencies.append(now - before)

        threads = [threading.Thread(target=call) for _ in range(job.callers - 1)]
        for thread in threads:
            thread.start()
        call()
        for thread in threads:
            thread.join()
        return Turn(tuple(latencies), time.perf_counter() - start)


def _resident(field: str) -> int:
    """A line of /proc/self/status in bytes; `resource.getrusage` would count the memory of the process that forked."""
    found = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


def serve(connection: Connection) -> None:
    """Answers until the other side closes."""
    host = Host()
    while True:
        try:
            job = connection.recv()
        except EOFError:
            return
        try:
            answer = host.answer(job)
        except MindFerryError as error:
            answer = Failed(type(error).__name__, str(error))
        except Exception as error:
            answer = Failed("BackendFailed", f"{type(error).__name__}: {words(error)}")
        connection.send(answer)


def main() -> None:
    """Serves the connection on the descriptor that the command line names."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Connection(int(sys.argv[1])) as connection:
        serve(connection)


if __name__ == "__main__":
    main()
