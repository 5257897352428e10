"""Every call that ACL sessions make is made to fail once: a clear error comes, and nothing stays on the device."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto

from mindferry.ascend import simulator, status
from mindferry.ascend.status import failure
from mindferry.errors import MindFerryError, NoDevice
from mindferry.runtimes.acl import Acl
from mindferry.runtimes.base import Device, Source
from runtimes import models
from runtimes.offline import compiled

UNSEEN = ("get_recent_err_msg", "rt.get_context")
"""Calls whose failure is an answer: no words, no context."""


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A fixed model, and one for each kind of profile."""
    folder = tmp_path_factory.mktemp("models")
    free = ["n", 3, "h", "w"]
    fixed = models.add(folder / "fixed.onnx", shape=[2, 3])
    batches, images, dims = (
        models.identity(folder / f"{name}.onnx", TensorProto.FLOAT, free) for name in ("batches", "images", "dims")
    )
    return {
        "fixed": compiled(fixed),
        "batches": compiled(batches, "--input_shape=x:-1,3,4,4", "--dynamic_batch_size=1,2"),
        "images": compiled(images, "--input_shape=x:1,3,-1,-1", "--dynamic_image_size=4,4;8,8"),
        "dims": compiled(dims, "--input_shape=x:1,3,-1,-1", "--dynamic_dims=4,4;8,8", "--input_format=ND"),
    }


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    yield
    simulator.uninstall()


def scenario(path: Path, **options: object) -> list[MindFerryError]:
    """Opens a model, runs it twice and closes it; the errors on the way."""
    errors: list[MindFerryError] = []
    feeds = [np.ones((2, 3), np.float32)] * 2 if path.stem == "fixed" else [np.ones((1, 3, 4, 4), np.float32)]
    try:
        session = Acl().prepare(Source("om", path), Device("ascend310"), options)
    except MindFerryError as error:
        return [error]
    for _ in range(2):
        try:
            found = session.run(*feeds)
            assert next(iter(found.values())).sum() == (12 if path.stem == "fixed" else 48)
        except MindFerryError as error:
            errors.append(error)
    try:
        session.close()
    except MindFerryError as error:
        errors.append(error)
    return errors


def traced(path: Path, **options: object) -> Counter[str]:
    simulator.install(soc="Ascend310")
    assert scenario(path, **options) == []
    return simulator.calls()


@pytest.mark.parametrize(
    ("name", "options"),
    [("fixed", {}), ("fixed", {"from_memory": True, "seconds": 9.0}), ("batches", {}), ("images", {}), ("dims", {})],
    ids=["fixed", "from memory", "batches", "images", "dims"],
)
def test_every_call_fails_once(paths: dict[str, Path], name: str, options: dict[str, object]) -> None:
    calls = traced(paths[name], **options)
    assert len(calls) > 30 and sum(calls.values()) > 50
    for call, count in sorted(calls.items()):
        for nth in range(1, count + 1):
            place = f"{call}, time {nth}"
            simulator.install(soc="Ascend310")
            fault = simulator.faults(fail_call=call, nth=nth, code=507011)
            errors = scenario(paths[name], **options)
            assert fault.happened, place
            assert not simulator.live(), f"{place}: {simulator.live()}"
            assert not simulator.leaks(), f"{place}: {simulator.leaks()}"
            assert simulator.calls()["init"] == 0 or not _initialized(), place
            if call in UNSEEN:
                assert not errors, place
            else:
                assert len(errors) == 1, f"{place}: {errors}"
                text = str(errors[0])
                assert f"acl.{call}" in text or "known size" in text or "element type" in text, f"{place}: {text}"


def _initialized() -> bool:
    """Whether ACL still counts a user."""
    import acl

    return acl.finalize() == 0


def test_a_failed_run_leaves_the_session_usable(paths: dict[str, Path]) -> None:
    simulator.install(soc="Ascend310")
    x = np.ones((2, 3), np.float32)
    with Acl().prepare(Source("om", paths["fixed"]), Device("ascend310"), {"streams": 1}) as session:
        for call in ("rt.create_stream", "rt.malloc", "rt.memcpy", "mdl.execute_async", "rt.synchronize_stream"):
            simulator.faults(fail_call=call, code=507015)
            with pytest.raises(MindFerryError, match=f"acl.{call} failed with 507015: the AI Core met an error"):
                session.run(x, x)
        assert session.run(x, x)["total"].sum() == 12
    assert not simulator.live() and not simulator.leaks()


def test_ten_thousand_executions_leave_nothing(paths: dict[str, Path]) -> None:
    simulator.install(soc="Ascend310")
    x = np.ones((1, 3, 4, 4), np.float32)
    with Acl().prepare(Source("om", paths["dims"]), Device("ascend310")) as session:
        session.run(x)
        live = simulator.live()
        for _ in range(10_000):
            session.run(x)
        assert simulator.live() == live
        assert simulator.calls()["mdl.execute_async"] == 10_001
    assert not simulator.live() and not simulator.leaks()


def test_statuses_become_sentences() -> None:
    error = failure("rt.malloc", 207001, "EL0004:\n no memory")
    assert str(error) == (
        "acl.rt.malloc failed with 207001: the device's memory does not suffice (EL0004: no memory); use smaller batches, "
        "fewer streams, or close other models"
    )
    assert isinstance(failure("rt.set_device", 107001, None), NoDevice)
    assert str(failure("rt.x", 999999, None)) == "acl.rt.x failed with 999999"
    assert all(meaning and cure for meaning, cure in status.MEANINGS.values())
