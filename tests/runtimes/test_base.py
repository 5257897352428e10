"""What every runtime does alike, on a runtime that adds one."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mindferry.errors import BackendFailed, BadFeed, NoDevice, OptionError, RunError
from mindferry.runtimes.base import Device, Runtime, Session, Source
from mindferry.types import DType, TensorSpec

X = TensorSpec("x", DType.FLOAT32, ("n",))
Y = TensorSpec("y", DType.FLOAT32, ("n",))
SOURCE = Source("onnx", Path("a.onnx"))


@dataclass(frozen=True, kw_only=True)
class Options:
    amount: int = 1


class AddOne(Runtime):
    name = "addone"
    formats = ("onnx",)
    devices = ("cpu", "gpu")
    options = Options

    def __init__(self) -> None:
        self.failure: Exception | None = None

    def _prepare_impl(self, source: Source, device: Device, options: Options) -> Session:
        if self.failure:
            raise self.failure
        return AddOneSession(device, options.amount)


class AddOneSession(Session):
    def __init__(self, device: Device, amount: int) -> None:
        super().__init__("addone", device, (X,), (Y,))
        self.amount, self.closed, self.failure = amount, 0, None

    def _run_impl(self, feeds: dict[str, Any]) -> dict[str, Any]:
        if self.failure:
            raise self.failure
        return {"y": feeds["x"] + np.float32(self.amount)}

    def _close_impl(self) -> None:
        self.closed += 1


@pytest.fixture
def session() -> Session:
    return AddOne().prepare(SOURCE, Device("cpu"))


@pytest.mark.parametrize(
    ("text", "device"), [("cpu", Device("cpu")), ("gpu:1", Device("gpu", 1)), ("ascend310", Device("ascend310"))]
)
def test_devices_by_name(text: str, device: Device) -> None:
    assert Device.parse(text) == device
    assert str(device) == text


@pytest.mark.parametrize("text", ["", "tpu", "gpu:", "gpu:x", "gpu:-1", "cpu0", "gpu:1:2"])
def test_devices_that_are_none(text: str) -> None:
    with pytest.raises(OptionError, match=rf"there is no device '{text}'; choose cpu, gpu, ascend310, ascend910"):
        Device.parse(text)


def test_a_session_runs_what_fits(session: Session) -> None:
    assert session.run([1, 2])["y"].tolist() == [2, 3]
    assert session.run({"x": np.zeros(1, np.float32)})["y"].tolist() == [1]
    with pytest.raises(BadFeed, match=r"x has shape"):
        session.run(np.zeros((1, 1), np.float32))


def test_options_reach_the_runtime_and_unknown_ones_are_told() -> None:
    assert AddOne().prepare(SOURCE, Device("cpu"), {"amount": 5}).run([0])["y"].tolist() == [5]
    with pytest.raises(OptionError, match=r"^addone has no option colour, size; it has amount$"):
        AddOne().prepare(SOURCE, Device("cpu"), {"size": 1, "colour": 2})


def test_options_of_another_type_are_refused() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Many:
        amount: int = 1
        share: float = 0.5
        exact: bool = False
        name: str = ""
        places: tuple[str, ...] = ()
        folder: Path | str | None = None

    class Choosy(AddOne):
        options = Many

    fitting = {"amount": 2, "share": 1, "exact": True, "name": "a", "places": ["a"], "folder": "b"}
    assert Choosy().prepare(SOURCE, Device("cpu"), fitting).run([0])["y"].tolist() == [2]
    with pytest.raises(OptionError) as caught:
        Choosy().prepare(
            SOURCE, Device("cpu"), {"amount": True, "share": "1", "exact": 1, "name": 1, "places": "ab", "folder": 1}
        )
    assert str(caught.value) == (
        "addone's option amount takes a whole number, not True; addone's option share takes a number, not '1'; "
        "addone's option exact takes true or false, not 1; addone's option name takes a text, not 1; "
        "addone's option places takes a list, not 'ab'"
    )


def test_formats_and_devices_are_checked() -> None:
    with pytest.raises(OptionError, match=r"^addone does not take ckpt files; it takes onnx$"):
        AddOne().prepare(Source("ckpt", Path("a.ckpt")), Device("cpu"))
    with pytest.raises(OptionError, match=r"^addone has no device ascend310; it has cpu, gpu$"):
        AddOne().prepare(SOURCE, Device("ascend310"))


def test_foreign_errors_are_told_as_ours(session: Session) -> None:
    runtime = AddOne()
    runtime.failure = ValueError("\n  no such operator\nat line 5")
    with pytest.raises(BackendFailed, match=r"^a.onnx: addone refuses the model: no such operator$"):
        runtime.prepare(SOURCE, Device("cpu"))
    session.failure = MemoryError()
    with pytest.raises(BackendFailed, match=r"^addone failed on cpu: MemoryError$") as caught:
        session.run([1])
    assert isinstance(caught.value.__cause__, MemoryError)


def test_our_errors_are_passed_on(session: Session) -> None:
    session.failure = NoDevice("it went away")
    with pytest.raises(NoDevice, match=r"^it went away$"):
        session.run([1])


def test_closing_twice_is_harmless_and_use_after_it_is_told(session: Session) -> None:
    with session as entered:
        assert entered is session
    session.close()
    assert session.closed == 1
    with pytest.raises(RunError, match=r"^this addone session is closed; open the model again$"):
        session.run([1])
    assert repr(session) == "<addone session on cpu: x: float32[n] -> y: float32[n], closed>"


def test_a_release_that_fails_is_told_once(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(session, "_close_impl", fail)
    with pytest.raises(BackendFailed, match=r"^addone failed to release the model: the disk is full$"):
        session.close()
    session.close()


def test_one_of_many_threads_closes(session: Session) -> None:
    threads = [threading.Thread(target=session.close) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert session.closed == 1


class Slow(AddOneSession):
    """Runs until it is let go."""

    def __init__(self) -> None:
        super().__init__(Device("cpu"), 1)
        self.begun, self.go, self.ran_closed = threading.Semaphore(0), threading.Event(), False

    def _run_impl(self, feeds: dict[str, Any]) -> dict[str, Any]:
        self.begun.release()
        assert self.go.wait(10)
        self.ran_closed |= self.closed > 0
        return super()._run_impl(feeds)


def test_futures_hold_results_and_errors(session: Session) -> None:
    futures = [session.run_async([index]) for index in range(50)]
    assert [future.result(10)["y"].tolist() for future in futures] == [[index + 1] for index in range(50)]
    assert isinstance(session.run_async({"z": [1]}).exception(10), BadFeed)
    session.failure = ValueError("no luck")
    assert isinstance(session.run_async([1]).exception(10), BackendFailed)


def test_futures_of_a_closed_session(session: Session) -> None:
    session.close()
    for use in (lambda: session.run_async([1]), lambda: session.run_batched([1]), session.warm_up):
        with pytest.raises(RunError, match=r"^this addone session is closed; open the model again$"):
            use()


def test_closing_waits_for_what_runs_and_cancels_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    session = Slow()
    before = threading.active_count()
    caller = threading.Thread(target=session.run, args=([1],))
    caller.start()
    futures = [session.run_async([index]) for index in range(10)]
    for _ in range(3):
        assert session.begun.acquire(timeout=10)
    closer = threading.Thread(target=session.close)
    closer.start()
    deadline = time.monotonic() + 10
    while sum(future.cancelled() for future in futures) < 8 and time.monotonic() < deadline:
        time.sleep(0.001)
    assert session.closed == 0
    session.go.set()
    closer.join(10)
    assert session.closed == 1 and not session.ran_closed
    done = [future.result()["y"].tolist() for future in futures if not future.cancelled()]
    assert done == [[1], [2]]
    caller.join(10)
    assert threading.active_count() == before


def test_a_callback_may_close_the_session() -> None:
    session = Slow()
    future = session.run_async([1])
    closed = threading.Event()
    future.add_done_callback(lambda _: (session.close(), closed.set()))
    session.go.set()
    assert future.result(10)["y"].tolist() == [2]
    assert closed.wait(10) and session.closed == 1


def test_a_forgotten_session_is_not_kept_by_its_threads() -> None:
    session = AddOneSession(Device("cpu"), 1)
    session.run_async([1]).result(10)
    gone = weakref.ref(session)
    del session
    deadline = time.monotonic() + 10
    while gone() is not None and time.monotonic() < deadline:
        gc.collect()
        time.sleep(0.01)
    assert gone() is None


def test_warm_up_runs_on_zeros_or_on_what_is_given() -> None:
    given = []

    class Seen(AddOneSession):
        def _run_impl(self, feeds: dict[str, Any]) -> dict[str, Any]:
            given.append(feeds["x"].tolist())
            return {}

    session = Seen(Device("cpu"), 1)
    session.warm_up()
    session.warm_up([3, 4], runs=2)
    assert given == [[0], [3, 4], [3, 4]]
