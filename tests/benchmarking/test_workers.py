"""Processes with one configuration each, and whole benchmarks."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import mindferry
from command_line import MINDIR
from mindferry.benchmarking.benchmark import choose
from mindferry.benchmarking.configurations import Configuration
from mindferry.benchmarking.models import PreparedModel, prepared
from mindferry.benchmarking.workers import Worker
from mindferry.errors import BackendFailed, OptionError

ORT = Configuration(runtime="onnxruntime", threads=1)


@pytest.fixture(scope="module")
def model() -> Iterator[PreparedModel]:
    with prepared(MINDIR) as found:
        yield found


def state(worker: Worker) -> str:
    """The letter of the process's state; T is stopped."""
    return Path(f"/proc/{worker._process.pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_worker_answers_as_a_session_does(model: PreparedModel) -> None:
    with mindferry.open(model.path) as session, Worker(ORT, model) as worker:
        wanted, found = session.run(model.feeds[0]), worker.run(model.feeds[0])
    assert list(found) == list(wanted)
    np.testing.assert_allclose(found["output"], wanted["output"], rtol=1e-5, atol=1e-6)


def test_a_worker_is_stopped_between_its_turns(model: PreparedModel) -> None:
    with Worker(ORT, model) as worker:
        worker.run(model.feeds[0])
        turn = worker.measure(0.0)
        assert len(turn.latencies) >= 1 and 0 < sum(turn.latencies) <= turn.elapsed
        for _ in range(1000):
            if state(worker) == "T":
                break
        assert state(worker) == "T"
        use = worker.memory()
        assert 0 < use.imported < use.peak
    assert not Path(f"/proc/{worker._process.pid}").exists()


def test_callers_run_side_by_side(model: PreparedModel) -> None:
    with Worker(Configuration(runtime="onnxruntime", threads=1, callers=3), model) as worker:
        worker.run(model.feeds[0])
        assert len(worker.measure(0.05).latencies) >= 3


def test_errors_cross_the_border(model: PreparedModel) -> None:
    with pytest.raises(OptionError, match="onnxruntime has no option colour"):
        Worker(Configuration(runtime="onnxruntime", options={"colour": "red"}), model)
    with pytest.raises(OptionError, match="cannot be told bf16"):
        Worker(Configuration(runtime="onnxruntime", precision="bf16"), model)


def test_a_process_that_dies_is_told(model: PreparedModel) -> None:
    with Worker(ORT, model) as worker:
        os.kill(worker._process.pid, signal.SIGKILL)
        with pytest.raises(BackendFailed, match="onnxruntime fp32 threads=1: its process ended by SIGKILL"):
            worker.run(model.feeds[0])


def test_a_benchmark_has_a_row_for_each_configuration_and_batch() -> None:
    found = mindferry.bench(
        MINDIR,
        runtimes=["onnxruntime"],
        precisions=["fp32", "bf16"],
        threads=[1, 2],
        batches=[1, 3],
        rounds=2,
        seconds=0.01,
    )
    assert [(row.configuration.threads, row.batch) for row in found.rows] == [(1, 1), (2, 1), (1, 3), (2, 3)]
    assert {str(item.configuration) for item in found.unavailable} == {
        "onnxruntime bf16 threads=1", "onnxruntime bf16 threads=2"
    }  # fmt: skip
    # conv1 6 x 28 x 28 x 25, conv2 16 x 10 x 10 x 150, dense 400 x 120, 120 x 84, 84 x 10
    products = 6 * 28 * 28 * 25 + 16 * 10 * 10 * 150 + 400 * 120 + 120 * 84 + 84 * 10
    for row in found.rows:
        assert row.operations == 2 * products * row.batch
        assert row.p50 <= row.p90 <= row.p99
        assert row.runs >= 2 and row.load_seconds > 0 and row.memory_bytes > row.imported_bytes > 0
        assert row.flops == pytest.approx(row.operations / row.p50) and row.peak_share > 0
    assert found.rows[0].speed.median == found.rows[2].speed.median == 1.0
    assert found.as_dict()["rows"][0]["name"] == "onnxruntime fp32 threads=1"
    assert found.machine["cores"] >= 1 and "mindferry" in found.machine["versions"]


def test_nothing_to_measure_is_an_error() -> None:
    with pytest.raises(BackendFailed, match="nothing could be measured: onnxruntime computes in"):
        mindferry.bench(MINDIR, runtimes=["onnxruntime"], precisions=["bf16"])


def test_choices() -> None:
    assert [str(one) for one in choose(["openvino"], ["fp32", "bf16"], [1])] == [
        "openvino fp32 threads=1", "openvino bf16 threads=1"
    ]  # fmt: skip
    assert choose(["onnxruntime"] * 2, ["fp32"], []) == [Configuration(runtime="onnxruntime")]
    with pytest.raises(OptionError, match="there is no runtime onyx"):
        choose(["onyx"], ["fp32"], [])
