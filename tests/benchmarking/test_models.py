"""Model files and feeds for a batch."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import mindferry
from command_line import CHECKPOINT, MINDIR
from mindferry.benchmarking.models import prepared
from mindferry.errors import BadFeed, FileProblem, OptionError


@pytest.fixture
def frozen(tmp_path: Path) -> Path:
    """An ONNX file with a batch of 2."""
    path = tmp_path / "frozen.onnx"
    mindferry.convert(MINDIR, path, input_shapes={"x": (2, 1, 32, 32)})
    return path


def test_a_mindir_is_converted_and_the_file_goes_away() -> None:
    with prepared(MINDIR) as model:
        assert model.path.suffix == ".onnx" and model.batch == 1
        assert model.feeds[0]["x"].shape == (1, 1, 32, 32) and model.feeds[0]["x"].dtype == np.float32
    assert not model.path.exists()


def test_a_free_batch_takes_any_number() -> None:
    with prepared(MINDIR, batch=5) as model:
        assert model.batch == 5 and model.feeds[0]["x"].shape == (5, 1, 32, 32)


def test_an_onnx_file_stays_where_it_is(frozen: Path) -> None:
    with prepared(frozen) as model:
        assert (model.path, model.batch) == (frozen, 2)
    assert frozen.exists()


def test_a_frozen_onnx_file_refuses_another_batch(frozen: Path) -> None:
    with (
        pytest.raises(OptionError, match="is frozen at a batch of 2; it cannot run batches of 8"),
        prepared(frozen, batch=8),
    ):
        pass


def test_rows_are_split_and_the_last_batch_filled_up() -> None:
    rows = np.arange(5, dtype=np.float32).reshape(5, 1, 1, 1) * np.ones((1, 1, 32, 32), np.float32)
    with prepared(MINDIR, batch=2, feeds={"x": rows, "labels": rows}) as model:
        assert [feed["x"][:, 0, 0, 0].tolist() for feed in model.feeds] == [[0, 1], [2, 3], [4, 0]]
        assert [list(feed) for feed in model.feeds] == [["x"]] * 3


def test_fewer_rows_than_the_batch_are_repeated() -> None:
    with prepared(MINDIR, batch=3, feeds={"x": np.zeros((1, 1, 32, 32), np.float32)}) as model:
        assert [feed["x"].shape for feed in model.feeds] == [(3, 1, 32, 32)]


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(BadFeed, match=r"do not hold x: float32\[\?, 1, 32, 32\]|do not hold x: "),
        prepared(MINDIR, feeds={}),
    ):
        pass
    with pytest.raises(OptionError, match="holds weights but no graph"), prepared(CHECKPOINT):
        pass
    with pytest.raises(FileProblem, match="no such file"), prepared(tmp_path / "none.onnx"):
        pass


def test_a_free_dimension_besides_the_batch_needs_inputs(tmp_path: Path) -> None:
    path = tmp_path / "free.onnx"
    shutil.copy(_free(tmp_path), path)
    with pytest.raises(OptionError, match=r"x: float32\[batch, length\] has free dimensions"), prepared(path):
        pass
    with prepared(path, feeds={"x": np.zeros((1, 7), np.float32)}) as model:
        assert model.feeds[0]["x"].shape == (1, 7)


def _free(folder: Path) -> Path:
    import onnx
    from onnx import TensorProto, helper

    shape = ["batch", "length"]
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "graph", ports[:1], ports[1:])
    path = folder / "relu.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    return path
