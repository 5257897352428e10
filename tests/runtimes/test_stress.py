"""Sessions under many threads and many calls, on every runtime of the CPU."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

import mindferry
from mindferry.errors import RunError
from mindferry.runtimes.base import Session
from runtimes import models
from runtimes.test_feeds import unusual

THREADS, CALLS = 8, 1000


@pytest.fixture(params=["onnxruntime", "openvino"])
def runtime(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def session(runtime: str) -> Iterator[Session]:
    with mindferry.open(mindferry.demo.path("lenet5.mindir"), runtime=runtime, options={"threads": 1}) as opened:
        yield opened


def together(work: Callable[[int], None]) -> None:
    """Runs THREADS threads and raises what one of them raised."""
    errors: list[BaseException] = []

    def guarded(index: int) -> None:
        try:
            work(index)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(index,)) for index in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if errors:
        raise errors[0]


def test_threads_share_a_session(session: Session) -> None:
    images = np.random.default_rng(0).random((THREADS, 1, 1, 32, 32), np.float32)
    expected = [session.run(image)["output"] for image in images]
    assert len({array.tobytes() for array in expected}) == THREADS
    counts = [0] * THREADS

    def work(index: int) -> None:
        for _ in range(CALLS):
            assert np.array_equal(session.run(images[index])["output"], expected[index])
            counts[index] += 1

    together(work)
    assert counts == [CALLS] * THREADS


def test_threads_share_the_futures_of_a_session(session: Session) -> None:
    images = np.random.default_rng(0).random((THREADS, 1, 1, 32, 32), np.float32)
    expected = [session.run(image)["output"] for image in images]

    def work(index: int) -> None:
        futures = [session.run_async(images[index]) for _ in range(100)]
        assert all(np.array_equal(future.result(60)["output"], expected[index]) for future in futures)

    together(work)


def test_closing_under_many_threads_ends_in_results_or_a_clear_error(session: Session) -> None:
    image = np.zeros((1, 1, 32, 32), np.float32)
    expected = session.run(image)["output"]
    begun = threading.Semaphore(0)

    def work(index: int) -> None:
        if index == 0:
            for _ in range(3 * (THREADS - 1)):
                assert begun.acquire(timeout=60)
            session.close()
            return
        with pytest.raises(RunError, match="is closed"):
            while True:
                try:
                    found = session.run_async(image).result(60) if index % 2 else session.run(image)
                except CancelledError:
                    continue
                assert np.array_equal(found["output"], expected)
                begun.release()

    together(work)


@pytest.mark.parametrize("array", unusual().values(), ids=unusual())
def test_unusual_memory_gives_right_answers(tmp_path: Path, runtime: str, array: np.ndarray) -> None:
    path = models.save(
        tmp_path / "a.onnx", [helper.make_node("Neg", ["x"], ["y"])],
        [("x", TensorProto.FLOAT, [2, 3])], [("y", TensorProto.FLOAT, [2, 3])],
    )  # fmt: skip
    with mindferry.open(path, runtime=runtime) as session:
        assert session.run(array)["y"].tolist() == [[0, -1, -2], [-3, -4, -5]]
        assert session.run_batched(array)["y"].tolist() == [[0, -1, -2], [-3, -4, -5]]


def memory(field: str) -> float:
    """A line of /proc/self/status, in MB."""
    found = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


@pytest.mark.parametrize("asynchronous", [False, True])
def test_ten_thousand_calls_leave_memory_as_it_was(tmp_path: Path, runtime: str, asynchronous: bool) -> None:
    """A call that kept its input or output would add 40 MB."""
    array = np.ones((1, 1024), np.float32)
    with mindferry.open(models.add(tmp_path / "a.onnx", shape=("n", 1024)), runtime=runtime) as session:

        def calls(count: int) -> None:
            for _ in range(count):
                if asynchronous:
                    session.run_async(array, array.copy()).result(60)
                else:
                    session.run(array, array.copy())

        calls(2000)
        before = memory("RssAnon")
        calls(10000)
        assert memory("RssAnon") - before < 10


def test_onnx_runtime_takes_arrays_where_they_lie(tmp_path: Path) -> None:
    """The highest memory of a run on 128 MB; a copy of the input would double it."""
    path = models.save(
        tmp_path / "a.onnx", [helper.make_node("ReduceMax", ["x"], ["y"], keepdims=0)],
        [("x", TensorProto.FLOAT, ["n"])], [("y", TensorProto.FLOAT, [])],
    )  # fmt: skip
    array = np.ones(1 << 25, np.float32)
    with mindferry.open(path) as session:
        session.warm_up()
        Path("/proc/self/clear_refs").write_text("5")
        before = memory("VmHWM")
        assert session.run(array)["y"] == 1
        assert memory("VmHWM") - before < 32
