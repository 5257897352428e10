"""ACL sessions on the simulated device: profiles, threads, and what is kept and given back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from onnx import TensorProto, helper

from mindferry.ascend import simulator
from mindferry.errors import BackendFailed, BadFeed, NoDevice, OptionError, RunError
from mindferry.runtimes.acl import Acl
from mindferry.runtimes.base import Device, Session, Source
from runtimes import models
from runtimes.offline import compiled

ASCEND = Device("ascend310")


@pytest.fixture(autouse=True)
def acl() -> Iterator[ModuleType]:
    """A fresh simulator in the place of `acl`; nothing may be left on it."""
    yield simulator.install(soc="Ascend310")
    left, leaks = simulator.live(), simulator.leaks()
    simulator.uninstall()
    assert not left and not leaks


@pytest.fixture
def add(tmp_path: Path) -> Path:
    """total = a + b and difference = a - b, of [2, 3]."""
    return compiled(models.add(tmp_path / "add.onnx", shape=[2, 3]))


def opened(path: Path, device: Device = ASCEND, **options: Any) -> Session:
    return Acl().prepare(Source("om", path), device, options)


def test_inputs_and_outputs_by_name(add: Path) -> None:
    a, b = np.arange(6, dtype=np.float32).reshape(2, 3), np.full((2, 3), 0.5, np.float32)
    with opened(add) as session:
        assert repr(session) == (
            "<acl session on ascend310: a: float32[2, 3], b: float32[2, 3] -> total: float32[2, 3], "
            "difference: float32[2, 3]>"
        )
        for _ in range(2):
            found = session.run({"b": b, "a": a})
            np.testing.assert_array_equal(found["total"], a + b)
            np.testing.assert_array_equal(found["difference"], a - b)
        with pytest.raises(BadFeed, match=r"a has shape \[2, 4\], the model takes \[2, 3\]"):
            session.run(np.zeros((2, 4), np.float32), b)
        session.run_async(a, b).result()


@pytest.mark.parametrize(
    ("number", "dtype"),
    [
        (TensorProto.FLOAT16, np.float16), (TensorProto.BFLOAT16, ml_dtypes.bfloat16), (TensorProto.DOUBLE, np.float64),
        (TensorProto.INT8, np.int8), (TensorProto.INT64, np.int64), (TensorProto.UINT16, np.uint16),
        (TensorProto.BOOL, np.bool_),
    ],
)  # fmt: skip
def test_element_types_are_seen_as_they_are(tmp_path: Path, number: int, dtype: Any) -> None:
    simulator.install(soc="Ascend910B1")
    path = compiled(models.identity(tmp_path / "i.onnx", number, [3]), soc="Ascend910B1")
    x = np.array([0, 1, 1]).astype(dtype)
    with opened(path, Device("ascend910")) as session:
        found = session.run(x)["y"]
    assert found.dtype == x.dtype
    np.testing.assert_array_equal(found, x)


def test_buffers_are_kept_between_runs(add: Path) -> None:
    x = np.ones((2, 3), np.float32)
    with opened(add) as session:
        session.run(x, x)
        before = simulator.calls()
        live = simulator.live()
        session.run(x, x)
        made = simulator.calls() - before
        assert set(made) == {"rt.get_context", "rt.memcpy", "mdl.execute_async", "rt.synchronize_stream"}
        assert made["rt.memcpy"] == 4 and simulator.live() == live


def test_a_model_from_memory(add: Path) -> None:
    x = np.ones((2, 3), np.float32)
    with opened(add, from_memory=True) as session:
        assert session.run(x, x)["total"].sum() == 12
    assert simulator.calls()["mdl.load_from_mem"] == 1 and not simulator.calls()["mdl.load_from_file"]


def test_a_program_on_the_device_itself(add: Path) -> None:
    simulator.install(soc="Ascend310", run_mode=0)
    x = np.ones((2, 3), np.float32)
    with opened(add) as session:
        assert session.run(x, x)["total"].sum() == 12


@pytest.fixture
def batches(tmp_path: Path) -> Path:
    path = models.add(tmp_path / "batches.onnx", shape=["n", 3])
    return compiled(path, "--input_shape=a:-1,3;b:-1,3", "--dynamic_batch_size=1,2,4")


def test_the_batch_size_follows_the_inputs(batches: Path) -> None:
    with opened(batches) as session:
        assert (
            str(session.inputs[0]) == "a: float32[batch, 3]" and str(session.outputs[0]) == "total: float32[batch, 3]"
        )
        for rows in (4, 1, 2, 1, 4):
            x = np.random.default_rng(rows).random((rows, 3), np.float32)
            found = session.run(x, x)
            np.testing.assert_array_equal(found["total"], x + x)
        with pytest.raises(BadFeed) as caught:
            session.run(np.zeros((3, 3), np.float32), np.zeros((3, 3), np.float32))
        assert str(caught.value) == (
            "no profile of the model takes a [3, 3], b [3, 3]; it takes the batch sizes 1, 2, 4"
        )


@pytest.mark.parametrize(("rows", "runs"), [(1, 1), (3, 1), (4, 1), (9, 3)])
def test_any_number_of_rows_fills_batches_that_the_model_has(batches: Path, rows: int, runs: int) -> None:
    x = np.random.default_rng(rows).random((rows, 3), np.float32)
    with opened(batches) as session:
        np.testing.assert_array_equal(session.run_batched(x, x)["total"], x + x)
        assert simulator.calls()["mdl.execute_async"] == runs
        np.testing.assert_array_equal(session.run_batched(x, x, batch_size=2)["total"], x + x)
        with pytest.raises(OptionError, match="the model takes the batch sizes 1, 2, 4, not 3"):
            session.run_batched(x, x, batch_size=3)


def test_the_image_size_follows_the_inputs(tmp_path: Path) -> None:
    path = models.identity(tmp_path / "images.onnx", TensorProto.FLOAT, [1, 3, "h", "w"])
    om = compiled(path, "--input_shape=x:1,3,-1,-1", "--dynamic_image_size=8,8;16,24")
    with opened(om) as session:
        session.warm_up(runs=2)
        assert str(session.inputs[0]) == "x: float32[1, 3, height, width]"
        for size in ((16, 24), (8, 8), (16, 24)):
            x = np.random.default_rng(0).random((1, 3, *size), np.float32)
            np.testing.assert_array_equal(session.run(x)["y"], x)
        with pytest.raises(BadFeed, match=r"x \[1, 3, 24, 16\]; it takes images of 8x8, 16x24 \(height x width\)"):
            session.run(np.zeros((1, 3, 24, 16), np.float32))


def test_dimensions_follow_the_inputs(tmp_path: Path) -> None:
    path = models.save(
        tmp_path / "dims.onnx",
        [helper.make_node("MatMul", ["a", "b"], ["y"])],
        [("a", 1, ["m", "k"]), ("b", 1, ["k", 5])],
        [("y", 1, ["m", 5])],
    )
    om = compiled(path, "--input_shape=a:-1,-1;b:-1,5", "--dynamic_dims=2,3,3;4,8,8", "--input_format=ND")
    with opened(om) as session:
        assert str(session.inputs[0]) == "a: float32[?, ?]" and str(session.inputs[1]) == "b: float32[?, 5]"
        for m, k in ((4, 8), (2, 3)):
            a, b = np.ones((m, k), np.float32), np.ones((k, 5), np.float32)
            np.testing.assert_array_equal(session.run(a, b)["y"], np.full((m, 5), k, np.float32))
        with pytest.raises(BadFeed, match=r"it takes a \[2, 3\] and b \[3, 5\]; or a \[4, 8\] and b \[8, 5\]"):
            session.run(np.ones((2, 8), np.float32), np.ones((8, 5), np.float32))


def test_threads_share_a_session(add: Path, batches: Path) -> None:
    def work(session: Session, seed: int) -> bool:
        a = np.random.default_rng(seed).random((2, 3), np.float32)
        found = session.run(a, a * 2)
        return np.array_equal(found["total"], a + a * 2) and np.array_equal(found["difference"], a - a * 2)

    with opened(add, streams=3) as fixed, opened(batches) as chosen, ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(work, (fixed, chosen)[seed % 2], seed) for seed in range(200)]
        assert all(job.result() for job in jobs)
        assert simulator.live()["stream"] <= 4 and simulator.calls()["rt.create_context"] == 1


def test_batch_sizes_under_threads(batches: Path) -> None:
    def work(seed: int) -> bool:
        a = np.random.default_rng(seed).random(((1, 2, 4)[seed % 3], 3), np.float32)
        return np.array_equal(session.run(a, a)["total"], a + a)

    with opened(batches) as session, ThreadPoolExecutor(6) as pool:
        assert all(pool.map(work, range(120)))


def test_sessions_share_the_device(add: Path, batches: Path) -> None:
    x = np.ones((2, 3), np.float32)
    first, second = opened(add), opened(batches)
    assert simulator.calls()["init"] == simulator.calls()["rt.set_device"] == 1
    first.close()
    assert second.run(x, x)["total"].sum() == 12
    assert simulator.calls()["finalize"] == 0
    second.close()
    assert simulator.calls()["finalize"] == 1
    with opened(add) as third:
        assert third.run(x, x)["total"].sum() == 12
    with pytest.raises(RunError, match="this acl session is closed"):
        third.run(x, x)


def test_sessions_opened_and_closed_by_threads(add: Path) -> None:
    x = np.ones((2, 3), np.float32)

    def work(_: int) -> float:
        with opened(add) as session:
            return float(session.run(x, x)["total"].sum())

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(work, range(24))) == {12.0}


def test_an_application_that_uses_acl_itself(add: Path, acl: ModuleType) -> None:
    x = np.ones((2, 3), np.float32)
    assert acl.init() == 0 and acl.rt.set_device(0) == 0
    with opened(add) as session:
        assert session.run(x, x)["total"].sum() == 12
    address, code = acl.rt.malloc(64, 0)
    assert code == 0 and acl.rt.free(address) == 0
    assert acl.rt.reset_device(0) == 0 and acl.finalize() == 0


def test_the_device_must_be_the_one_asked_for(add: Path) -> None:
    with pytest.raises(NoDevice, match="ascend910 is an Ascend310, not an Ascend910"):
        opened(add, Device("ascend910"))
    with pytest.raises(NoDevice, match="device 3 is not there: ACL finds 1 device"):
        opened(add, Device("ascend310", 3))


def test_a_model_for_another_processor(tmp_path: Path) -> None:
    path = compiled(models.identity(tmp_path / "i.onnx", TensorProto.FLOAT, [3]), soc="Ascend310P3")
    with pytest.raises(BackendFailed) as caught:
        opened(path)
    assert str(caught.value).startswith(
        f"{path}: acl.mdl.load_from_file failed with 507008: the model was compiled for another processor (acl.mdl"
    )
    assert str(caught.value).endswith("; compile the model again for this device")


def test_files_that_are_no_models(tmp_path: Path) -> None:
    broken = tmp_path / "broken.om"
    broken.write_bytes(b"IMOD" + bytes(300))
    with pytest.raises(BackendFailed, match="failed with 545001: the model cannot be loaded"):
        opened(broken)
    broken.write_bytes(b"IMOD")
    with pytest.raises(BackendFailed, match="failed with 145006: the model's size is wrong"):
        opened(broken, from_memory=True)


def test_options_that_cannot_be_meant(add: Path) -> None:
    with pytest.raises(OptionError, match="the number of streams is 0"):
        opened(add, streams=0)
    with pytest.raises(OptionError, match=r"the time-out is 0\.0 seconds"):
        opened(add, seconds=0.0)
    with pytest.raises(OptionError, match="acl has no device cpu; it has ascend310, ascend910"):
        opened(add, Device("cpu"))


def test_a_run_that_takes_too_long_is_given_up(add: Path) -> None:
    x = np.ones((2, 3), np.float32)
    with opened(add, seconds=30.0) as session:
        session.run(x, x)
        simulator.faults(fail_call="rt.synchronize_stream_with_timeout", code=107020)
        with pytest.raises(BackendFailed, match="failed with 107020: the time ran out"):
            session.run(x, x)
        assert session.run(x, x)["total"].sum() == 12


def test_close_waits_for_runs(add: Path) -> None:
    session = opened(add, streams=1)
    x = np.ones((2, 3), np.float32)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            while True:
                session.run(x, x)
        except RunError as error:
            if "closed" not in str(error):
                failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        session.run(x, x)
    session.close()
    for thread in threads:
        thread.join()
    assert not failures
