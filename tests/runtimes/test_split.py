"""Rows in parts on another runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import mindferry
from command_line import MINDIR
from mindferry.errors import BadFeed, OptionError, RunError


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((7, 1, 32, 32)).astype(np.float32)


@pytest.fixture(scope="module")
def wanted(images: np.ndarray) -> np.ndarray:
    with mindferry.open(MINDIR) as session:
        return session.run(images)["output"]


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
@pytest.mark.parametrize(("rows", "at_once"), [(1, 1), (1, 3), (2, 2), (7, 2), (10, 1)])
def test_the_rows_of_a_free_batch(
    images: np.ndarray, wanted: np.ndarray, runtime: str, rows: int, at_once: int
) -> None:
    options = {"runtime": runtime, "rows": rows, "at_once": at_once, "options": {"threads": 1}}
    with mindferry.open(MINDIR, runtime="split", options=options) as session:
        assert (session.runtime, session.inputs[0].shape) == ("split", ("batch", 1, 32, 32))
        for count in (7, 1, 4):
            found = session.run(images[:count])["output"]
            np.testing.assert_allclose(found, wanted[:count], rtol=1e-4, atol=1e-5)


def test_a_fixed_batch_takes_any_number_of_rows(images: np.ndarray, wanted: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "fixed.onnx"
    mindferry.convert(MINDIR, path, input_shapes={"x": (2, 1, 32, 32)})
    with mindferry.open(path, runtime="split", options={"rows": 2, "at_once": 2}) as session:
        np.testing.assert_allclose(session.run(images)["output"], wanted, rtol=1e-4, atol=1e-5)
    with pytest.raises(OptionError, match="the model takes batches of 2, not 1"):
        mindferry.open(path, runtime="split")


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_weights_in_a_file_of_their_own(
    images: np.ndarray, wanted: np.ndarray, runtime: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mindferry.formats.onnx.EXTERNAL_FROM", 0)
    path = tmp_path / "large.onnx"
    mindferry.convert(MINDIR, path)
    assert (tmp_path / "large.onnx.data").exists()
    with mindferry.open(path, runtime="split", options={"runtime": runtime, "rows": 2}) as session:
        np.testing.assert_allclose(session.run(images)["output"], wanted, rtol=1e-4, atol=1e-5)


def test_what_cannot_be_split() -> None:
    with pytest.raises(OptionError, match="another runtime than itself"):
        mindferry.open(MINDIR, runtime="split", options={"runtime": "split"})
    with pytest.raises(OptionError, match="at least one row"):
        mindferry.open(MINDIR, runtime="split", options={"rows": 0})
    with pytest.raises(OptionError, match="onnxruntime has no option colour"):
        mindferry.open(MINDIR, runtime="split", options={"options": {"colour": "red"}})


def test_feeds_are_checked_and_closing_closes_both(images: np.ndarray) -> None:
    session = mindferry.open(MINDIR, runtime="split", options={"at_once": 2})
    with pytest.raises(BadFeed, match=r"x has shape \[7, 1, 32\], the model takes \[batch, 1, 32, 32\]"):
        session.run(images[..., 0])
    inner = session._inner
    session.close()
    with pytest.raises(RunError, match="closed"):
        session.run(images)
    with pytest.raises(RunError, match="closed"):
        inner.run(images[:1])
