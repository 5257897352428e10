"""Any number of rows through models of a fixed or a free batch size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

import mindferry
from mindferry.errors import BadFeed, OptionError, RunError
from mindferry.runtimes import batches
from mindferry.runtimes.base import Device, Session
from mindferry.types import DType, Shape, TensorSpec
from runtimes import models

X = np.arange(22, dtype=np.float32).reshape(11, 2) - 3


def scaled(path: Path, rows: int | str, *, mean: bool = False) -> Path:
    """y = x + bias * scale[0], and perhaps the mean of x over the rows."""
    nodes = [
        helper.make_node("Gather", ["scale", "zero"], ["first"]), helper.make_node("Mul", ["bias", "first"], ["add"]),
        helper.make_node("Add", ["x", "add"], ["y"]),
    ]  # fmt: skip
    outputs: list[Any] = [("y", TensorProto.FLOAT, [rows, 2])]
    if mean:
        nodes.append(helper.make_node("ReduceMean", ["x"], ["mean"], keepdims=0, axes=[0]))
        outputs.append(("mean", TensorProto.FLOAT, [2]))
    inputs = [
        ("x", TensorProto.FLOAT, [rows, 2]), ("bias", TensorProto.FLOAT, [rows, 1]),
        ("scale", TensorProto.FLOAT, [3]), ("zero", TensorProto.INT64, []),
    ]  # fmt: skip
    return models.save(path, nodes, inputs, outputs, opset=17)


def feeds(rows: int) -> dict[str, Any]:
    bias = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    return {"x": X[:rows], "bias": bias, "scale": np.array([2, 0, 0], np.float32), "zero": 0}


class Recorder(Session):
    """Gives x back, and remembers what it was given."""

    def __init__(self, shape: Shape | None, outputs: tuple[TensorSpec, ...] = ()) -> None:
        super().__init__("recorder", Device("cpu"), (TensorSpec("x", DType.FLOAT32, shape),), outputs)
        self.given: list[list[list[float]]] = []

    def _run_impl(self, feeds: dict[str, Any]) -> dict[str, Any]:
        self.given.append(feeds["x"].tolist())
        return {"y": feeds["x"] * 2}

    def _close_impl(self) -> None:
        """There is nothing to release."""


@pytest.mark.parametrize("rows", [1, 7, 8, 9, 11])
@pytest.mark.parametrize("size", [8, 1, "n"])
def test_any_number_of_rows_gives_what_one_run_gives(tmp_path: Path, rows: int, size: int | str) -> None:
    given = feeds(rows)
    with mindferry.open(scaled(tmp_path / "a.onnx", size)) as session:
        found = session.run_batched(given)["y"]
    np.testing.assert_array_equal(found, given["x"] + given["bias"] * 2)


@pytest.mark.parametrize(
    ("first", "batch_size", "given"),
    [(2, None, [2, 2, 2]), (2, 2, [2, 2, 2]), ("n", None, [5]), ("n", 2, [2, 2, 1]), (None, 4, [4, 1]), (8, None, [8])],
)
def test_rows_of_each_run(first: Any, batch_size: int | None, given: list[int]) -> None:
    session = Recorder((first, 2))
    found = session.run_batched(X[:5], batch_size=batch_size)["y"]
    np.testing.assert_array_equal(found, X[:5] * 2)
    assert [len(rows) for rows in session.given] == given


def test_the_last_row_fills_the_last_batch() -> None:
    session = Recorder((3, 2))
    session.run_batched(X[:4])
    assert session.given == [X[:3].tolist(), [X[3].tolist()] * 3]


def test_a_model_that_tells_no_shape_takes_any_batch_size() -> None:
    session = Recorder(None)
    np.testing.assert_array_equal(session.run_batched(X, batch_size=4)["y"], X * 2)
    assert [len(rows) for rows in session.given] == [4, 4, 3]


def test_lists_and_complex_arrays_are_batched_too() -> None:
    session = Recorder((2, 2))
    assert session.run_batched([[1, 2], [3, 4], [5, 6]])["y"].tolist() == [[2, 4], [6, 8], [10, 12]]
    session._complex_inputs = frozenset({"x"})
    assert session.run_batched(np.array([1 + 2j, 3j, 1], np.complex64))["y"].tolist() == [[2, 4], [0, 6], [2, 0]]


def test_progress_is_told() -> None:
    calls: list[tuple[int, int]] = []
    Recorder((4, 2)).run_batched(X, progress=lambda *call: calls.append(call))
    assert calls == [(4, 11), (8, 11), (11, 11)]


@pytest.mark.parametrize("size", [8, "n"])
def test_an_output_without_rows_is_refused_before_anything_runs(tmp_path: Path, size: int | str) -> None:
    with (
        mindferry.open(scaled(tmp_path / "a.onnx", size, mean=True)) as session,
        pytest.raises(OptionError, match=r"^output mean has shape \[2\], without a row for each of (8 rows|the batch)"),
    ):
        session.run_batched(feeds(8))


@pytest.mark.parametrize("array", [np.float32(1), np.ones((1, 2), np.float32)])
def test_an_output_that_turns_out_to_have_no_rows_is_refused(array: Any) -> None:
    class Mean(Recorder):
        def _run_impl(self, feeds: dict[str, Any]) -> dict[str, Any]:
            return {"y": np.asarray(array)}

    with pytest.raises(OptionError, match=r"^output y has shape .*, without a row for each of 3 rows"):
        Mean((3, 2)).run_batched(X)


def test_a_wrong_batch_names_what_takes_it() -> None:
    session = Recorder((8, 2))
    hint = r" \(run_batched, or --batch 8 on the command line, takes any number of rows\)$"
    for feed in (X, X.tolist(), {"x": X}):
        with pytest.raises(BadFeed, match=rf"^x has shape \[11, 2\], the model takes \[8, 2\]{hint}"):
            session.run(feed)
    for feed in (X[:, :1], X.astype(np.float64), np.float32(1)):
        with pytest.raises(BadFeed) as caught:
            session.run(feed)
        assert "run_batched" not in str(caught.value)
    with pytest.raises(BadFeed, match=r"^x has shape \[11, 2\], the model takes \[\?, 3\]$"):
        Recorder((None, 3)).run(X)


@pytest.mark.parametrize("batch_size", [0, -1])
def test_batch_sizes_that_cannot_be(batch_size: int) -> None:
    with pytest.raises(OptionError, match=rf"^the batch size must be at least 1: {batch_size}$"):
        Recorder(("n", 2)).run_batched(X, batch_size=batch_size)


def test_another_batch_size_than_the_model_s() -> None:
    text = r"^the model takes batches of 8, not 4; the input shape x:batch,2 may free it$"
    with pytest.raises(OptionError, match=text):
        Recorder((8, 2)).run_batched(X, batch_size=4)


def test_models_without_a_batch() -> None:
    with pytest.raises(OptionError, match=r"^the model has no input with a batch dimension: run it as it is$"):
        Recorder(()).run_batched(1)
    with pytest.raises(OptionError, match=r"^x: float32\[n, n\] has the batch dimension twice"):
        Recorder(("n", "n")).run_batched(np.ones((2, 2), np.float32))


def test_rows_that_do_not_fit(tmp_path: Path) -> None:
    with mindferry.open(scaled(tmp_path / "a.onnx", 8)) as session:
        with pytest.raises(BadFeed, match=r"^bias has number of rows=4, but x has number of rows=5$"):
            session.run_batched({**feeds(5), "bias": np.ones((4, 1), np.float32)})
        with pytest.raises(BadFeed, match=r"^there are no rows in x, bias$"):
            session.run_batched({**feeds(5), "x": X[:0], "bias": np.ones((0, 1), np.float32)})
        with pytest.raises(BadFeed, match=r"^x has shape \[11, 1\], .*; bias is missing"):
            session.run_batched({"x": X[:, :1], "scale": np.ones(3, np.float32), "zero": 0})
    with pytest.raises(RunError, match="is closed"):
        session.run_batched(feeds(5))


def test_batched_inputs_are_those_that_start_as_the_first() -> None:
    specs = [
        TensorSpec("scalar", DType.FLOAT32, ()), TensorSpec("x", DType.FLOAT32, (8, 2)),
        TensorSpec("table", DType.FLOAT32, (5, 2)), TensorSpec("mask", DType.BOOL, (8,)),
    ]  # fmt: skip
    assert batches.batched(specs) == ("x", "mask")
    assert [spec.shape for spec in batches.unbatched(specs)] == [
        (), ("number of rows", 2), (5, 2), ("number of rows",),
    ]  # fmt: skip
