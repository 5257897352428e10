"""Model files, sessions and recorded outputs as the sides of a comparison."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto

import mindferry
from mindferry.errors import BadFeed, FileProblem, FormatError, OptionError, VerifyError
from runtimes import models

A = np.array([[1, 2]], np.float32)
B = np.array([[3, 5]], np.float32)


@pytest.fixture
def adder(tmp_path: Path) -> Path:
    return models.add(tmp_path / "add.onnx")


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    path = tmp_path / "recorded.npz"
    np.savez(path, a=A, b=B, total=A + B, difference=A - B)
    return path


def test_a_model_against_itself(adder: Path) -> None:
    result = mindferry.verify(adder, adder, feeds={"a": A, "b": B}, tolerance=0)
    assert [output.name for output in result.outputs] == ["total", "difference"]
    assert result.passed


def test_a_model_against_what_was_recorded_with_the_inputs(adder: Path, recorded: Path) -> None:
    assert mindferry.verify(adder, recorded, feeds=recorded, tolerance=0).passed


def test_a_session_against_arrays(adder: Path) -> None:
    with mindferry.open(adder) as session:
        result = mindferry.verify(session, {"total": A + B, "difference": A - B + 1}, feeds={"a": A, "b": B})
        assert [output.max_absolute for output in result.outputs] == [0, 1]
        assert session.run(A, B)


def test_recorded_against_recorded(recorded: Path) -> None:
    assert mindferry.verify(recorded, recorded, tolerance=0).passed


def test_a_difference_is_raised_with_its_numbers(adder: Path) -> None:
    with pytest.raises(VerifyError, match=r"^difference: differs by 0.5 of the largest value, 0.1 is allowed$"):
        mindferry.verify(adder, {"total": A + B, "difference": 2 * (A - B)}, feeds={"a": A, "b": B}, tolerance=0.1)


def test_outputs_of_other_names_go_by_position(adder: Path) -> None:
    result = mindferry.verify(adder, {"first": A + B, "second": A - B}, feeds={"a": A, "b": B}, tolerance=0)
    assert [output.name for output in result.outputs] == ["total", "difference"]


def test_outputs_can_be_chosen(adder: Path) -> None:
    reference = {"label": A, "minus": A - B, "plus": A + B}
    with pytest.raises(OptionError) as caught:
        mindferry.verify(adder, reference, feeds={"a": A, "b": B})
    assert str(caught.value) == (
        "the candidate returns total, difference and the reference holds label, minus, plus; "
        "tell which of these are the outputs, in the candidate's order"
    )
    assert mindferry.verify(adder, reference, feeds={"a": A, "b": B}, outputs=["plus", "minus"], tolerance=0).passed
    with pytest.raises(OptionError, match=r"tell which of these are the outputs"):
        mindferry.verify(adder, reference, feeds={"a": A, "b": B}, outputs=["plus", "none"])


def test_inputs_are_needed_to_run_a_model(adder: Path) -> None:
    with pytest.raises(OptionError, match=r"^inputs are needed to run a model$"):
        mindferry.verify(adder, {"total": A})


def test_given_inputs_are_strict_and_files_may_hold_more(adder: Path, recorded: Path) -> None:
    with pytest.raises(BadFeed, match=r"label is not an input"):
        mindferry.verify(adder, recorded, feeds={"a": A, "b": B, "label": A})
    with pytest.raises(BadFeed, match=r"b is missing"):
        mindferry.verify(adder, recorded, feeds={"a": A})


def test_the_tolerance_is_a_number_that_can_be_kept(adder: Path) -> None:
    for tolerance in (-1.0, float("nan")):
        with pytest.raises(OptionError, match=r"the tolerance must not be negative"):
            mindferry.verify(adder, adder, feeds={"a": A, "b": B}, tolerance=tolerance)


def test_files_that_hold_no_arrays(tmp_path: Path, adder: Path) -> None:
    (tmp_path / "bad.npz").write_bytes(b"PK\3\4garbage")
    np.save(tmp_path / "single.npy", A)
    (tmp_path / "single.npy").rename(tmp_path / "single.npz")
    np.savez(tmp_path / "pickled.npz", a=np.array([object()]))
    for name in ("bad", "pickled", "single"):
        with pytest.raises(FormatError, match=rf"{name}\.npz: "):
            mindferry.verify(adder, tmp_path / f"{name}.npz", feeds={"a": A, "b": B})
    with pytest.raises(FileProblem, match=r"none\.npz: no such file$"):
        mindferry.verify(adder, tmp_path / "none.npz", feeds={"a": A, "b": B})


def test_doubles_and_floats_are_told_apart(tmp_path: Path, adder: Path) -> None:
    wide = models.add(tmp_path / "wide.onnx", TensorProto.DOUBLE)
    with mindferry.open(wide) as session:
        reference = session.run(A.astype(np.float64), B.astype(np.float64))
    with pytest.raises(VerifyError, match=r"total: is float32, the reference float64"):
        mindferry.verify(adder, reference, feeds={"a": A, "b": B})
