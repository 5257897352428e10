"""What a refusal may cost."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

SECONDS = 2.0
MEGABYTES = 32


@contextmanager
def limits(seconds: float = SECONDS, megabytes: float = MEGABYTES) -> Iterator[None]:
    """Asserts that the block is quick and allocates little."""
    tracemalloc.start()
    start = time.perf_counter()
    try:
        yield
    finally:
        elapsed = time.perf_counter() - start
        peak = tracemalloc.get_traced_memory()[1] / 2**20
        tracemalloc.stop()
    assert elapsed < seconds, f"took {elapsed:.1f} s"
    assert peak < megabytes, f"allocated {peak:.0f} MB"
