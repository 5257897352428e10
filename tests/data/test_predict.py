"""Batches, labels and files of outputs, with a session that only adds numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mindferry.data import labels, sinks
from mindferry.data.description import ClassOutput, Description, ImageInput
from mindferry.data.predict import Predictions, predict_arrays, predict_images
from mindferry.errors import BadFeed, FileProblem, OptionError
from mindferry.runtimes.base import Device, Session
from mindferry.types import DType, Shape, TensorSpec


class Adder(Session):
    """Gives each row's sum, three times over, and remembers how many rows each run had."""

    def __init__(self, shape: Shape, *, rows: bool = True) -> None:
        inputs = (TensorSpec("x", DType.FLOAT32, shape),)
        super().__init__("adder", Device("cpu"), inputs, (TensorSpec("sum", DType.FLOAT32, None),))
        self.rows, self.runs = rows, list[int]()

    def _run_impl(self, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        x = feeds["x"]
        self.runs.append(len(x))
        if not self.rows:
            return {"sum": x.sum()[np.newaxis]}
        return {"sum": np.stack([x.reshape(len(x), -1).sum(axis=1)] * 3, axis=1)}

    def _close_impl(self) -> None:
        """There is nothing to release."""


X = np.arange(14, dtype=np.float32).reshape(7, 2)
SUMS = np.stack([X.sum(axis=1)] * 3, axis=1)


@pytest.mark.parametrize(("batch", "runs"), [(None, [7]), (3, [3, 3, 1]), (7, [7]), (100, [7])])
@pytest.mark.parametrize("as_lists", [False, True])
def test_batches_of_a_free_dimension(batch: int | None, runs: list[int], as_lists: bool) -> None:
    session = Adder(("n", 2))
    found = predict_arrays(session, {"x": X.tolist() if as_lists else X}, batch=batch)
    assert session.runs == runs and np.array_equal(found.outputs["sum"], SUMS)


@pytest.mark.parametrize("as_lists", [False, True])
def test_last_batch_of_a_fixed_dimension_is_filled_up(as_lists: bool) -> None:
    session = Adder((3, 2))
    found = predict_arrays(session, {"x": X.tolist() if as_lists else X}, batch=3)
    assert session.runs == [3, 3, 3] and np.array_equal(found.outputs["sum"], SUMS)


def test_batch_that_cannot_be() -> None:
    with pytest.raises(OptionError, match="batches of 3, not 2; the input shape x:batch,2 may free it"):
        predict_arrays(Adder((3, 2)), {"x": X}, batch=2)
    with pytest.raises(OptionError, match=r"output sum has shape \[1\], without a row for each of 3 rows"):
        predict_arrays(Adder(("n", 2), rows=False), {"x": X}, batch=3)
    for feed, text in ((np.float32(1), r"takes \[number of rows, 2\]"), (np.zeros((0, 2), np.float32), "no rows in x")):
        with pytest.raises(BadFeed, match=text):
            predict_arrays(Adder(("n", 2)), {"x": feed}, batch=3)


def test_rows_for_a_fixed_batch_size_are_pointed_to_batches() -> None:
    with pytest.raises(BadFeed, match=r"takes \[3, 2\] \(run_batched, or --batch 3 on the command"):
        predict_arrays(Adder((3, 2)), {"x": X})
    with pytest.raises(BadFeed, match=r"the model takes \[3, 4\]$"):
        predict_arrays(Adder((3, 4)), {"x": X[:3]})


def test_progress_is_told() -> None:
    calls: list[tuple[int, int]] = []
    predict_arrays(Adder(("n", 2)), {"x": X}, batch=3, progress=lambda *call: calls.append(call))
    assert calls == [(3, 7), (6, 7), (7, 7)]


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{index}.png" for index in range(5)]
    for index, path in enumerate(paths):
        Image.new("L", (2, 2), index).save(path)
    paths[1].write_bytes(b"broken")
    return paths


GRAY = Description(Path("model.toml"), ImageInput(color="GRAY"))


@pytest.mark.parametrize(
    ("first", "batch", "runs"),
    [("n", None, [1, 1, 1, 1]), ("n", 3, [3, 1]), (3, None, [3, 3]), (1, None, [1, 1, 1, 1])],
)
def test_images(pictures: list[Path], first: Any, batch: int | None, runs: list[int]) -> None:
    session = Adder((first, 1, 2, 2))
    found = predict_images(session, pictures, GRAY, batch=batch)
    assert session.runs == runs
    assert found.outputs["sum"][:, 0].tolist() == [0, 8, 12, 16]
    assert [Path(name).name for name in found.names] == ["0.png", "2.png", "3.png", "4.png"]
    assert len(found.problems) == 1 and "1.png" in found.problems[0]


def test_only_broken_images(pictures: list[Path]) -> None:
    found = predict_images(Adder(("n", 1, 2, 2)), pictures[1:2], GRAY)
    assert found.outputs == {} and found.names == () and len(found.problems) == 1


def test_images_of_several_sizes(pictures: list[Path]) -> None:
    Image.new("L", (4, 2)).save(pictures[2])
    found = predict_images(Adder(("n", 1, None, None)), pictures, GRAY, batch=8)
    assert len(found.names) == 3 and any("2.png" in problem and "resize" in problem for problem in found.problems)


def test_images_for_an_input_that_is_not_there(pictures: list[Path]) -> None:
    with pytest.raises(OptionError, match=r"input\.name is 'image'; the model takes x"):
        predict_images(Adder(("n", 1, 2, 2)), pictures, Description(Path("m.toml"), ImageInput(name="image")))


def test_best_classes() -> None:
    outputs = {"sum": np.array([[1.0, 3.0, 3.0, 2.0], [0.0, -1.0, -2.0, -3.0]], np.float32)}
    described = Description(Path("m.toml"), ImageInput(), ClassOutput(None, ("a", "b", "c", "d"), "softmax", 3))
    first, second = labels.best(outputs, described)
    assert [guess.label for guess in first] == ["b", "c", "d"] and first[0].index == 1
    expected = np.exp([3.0, 3.0, 2.0]) / np.exp([1.0, 3.0, 3.0, 2.0]).sum()
    np.testing.assert_allclose([guess.score for guess in first], expected, rtol=1e-12)
    assert [guess.index for guess in second] == [0, 1, 2]
    assert len(labels.best(outputs, described, top=9)[0]) == 4


def test_large_scores_do_not_overflow() -> None:
    assert labels.softmax(np.array([[1e4, 0.0]])).tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize(
    ("outputs", "classes", "words"),
    [
        ({"y": np.zeros((2, 3))}, ClassOutput(name="z"), "output.name must be one of y"),
        ({"y": np.zeros((2, 3)), "z": np.zeros((2, 3))}, ClassOutput(), "output.name must be one of y, z"),
        ({"y": np.zeros((2, 3))}, ClassOutput(labels=("a",)), "1 labels for 3 classes"),
        ({"y": np.zeros(3)}, ClassOutput(), r"shape \[3\]"),
    ],
)
def test_outputs_that_are_no_classes(outputs: dict[str, np.ndarray], classes: ClassOutput, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        labels.best(outputs, Description(Path("m.toml"), ImageInput(), classes))


def test_sinks(tmp_path: Path) -> None:
    found = Predictions({"sum": SUMS, "odd": np.array([np.nan, np.inf])}, names=("a", "b"))
    sinks.write(tmp_path / "out.npz", found)
    with np.load(tmp_path / "out.npz") as written:
        assert np.array_equal(written["sum"], SUMS) and written["names"].tolist() == ["a", "b"]
    sinks.write(tmp_path / "out.json", found, [[labels.Guess(1, "cat", 0.5)], []])
    data = json.loads((tmp_path / "out.json").read_text(), parse_constant=pytest.fail)
    assert data["outputs"]["sum"] == SUMS.tolist() and data["outputs"]["odd"] == ["NaN", "Infinity"]
    assert data["rows"][0] == {"name": "a", "top": [{"index": 1, "label": "cat", "score": 0.5}]}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.json", "out.npz"]


def test_an_array_named_like_the_names_is_kept(tmp_path: Path) -> None:
    sinks.write(tmp_path / "out.npz", Predictions({"names": SUMS}, names=("a",)))
    with np.load(tmp_path / "out.npz") as written:
        assert np.array_equal(written["names"], SUMS)


def test_targets_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "folder.npz").mkdir()
    with pytest.raises(OptionError, match=r"\.npz or \.json"):
        sinks.check_target(tmp_path / "out.txt")
    for path in (tmp_path / "folder.npz", tmp_path / "absent" / "out.npz"):
        with pytest.raises(FileProblem, match=path.name):
            sinks.write(path, Predictions({"sum": SUMS}))
