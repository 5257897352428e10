"""Streams, each a queue with a thread that works through it, and events."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mindferry.ascend.simulator import codes
from mindferry.ascend.simulator.errors import Refused

if TYPE_CHECKING:
    from mindferry.ascend.simulator.world import Context

Job = Callable[[], None]


class Stream:
    """A queue of jobs that run one after the other, beside the program."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._worker: threading.Thread | None = None
        self._state = threading.Condition()
        self._waiting = 0
        self._error: Refused | None = None

    def submit(self, job: Job) -> None:
        """Puts a job at the end of the queue."""
        with self._state:
            self._waiting += 1
            if self._worker is None:
                self._worker = threading.Thread(target=self._work, name="acl stream", daemon=True)
                self._worker.start()
        self._jobs.put(job)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except Refused as error:
                self._fail(error)
            except Exception as error:
                self._fail(Refused(codes.RT_MODEL_EXECUTE, f"{type(error).__name__}: {error}"))
            with self._state:
                self._waiting -= 1
                self._state.notify_all()

    def _fail(self, error: Refused) -> None:
        with self._state:
            self._error = self._error or error

    def busy(self) -> bool:
        """True while jobs are waiting or running."""
        return self._waiting > 0

    def synchronize(self, seconds: float | None = None) -> None:
        """Waits for all jobs.

        Raises:
            Refused: a job failed since the last call, or the time is over.
        """
        with self._state:
            if not self._state.wait_for(lambda: self._waiting == 0, seconds):
                raise Refused(codes.RT_STREAM_SYNC_TIMEOUT, f"the stream is still busy after {seconds} seconds")
            error, self._error = self._error, None
        if error is not None:
            raise error

    def close(self) -> None:
        """Ends the thread after the jobs that are waiting."""
        if self._worker is not None:
            self._jobs.put(None)
            if self._worker is not threading.current_thread():
                self._worker.join()
            self._worker = None


@dataclass(eq=False, slots=True)
class Event:
    """A mark in a stream; `time` is when the stream came to it."""

    context: Context
    time: float = 0.0
    recorded: bool = False
    done: threading.Event = field(default_factory=threading.Event)

    def wait(self) -> None:
        """Waits until a stream has come to the event."""
        self.done.wait()

    def mark(self) -> None:
        """The stream has come to the event."""
        self.time = time.perf_counter()
        self.done.set()
