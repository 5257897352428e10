"""What a user names as input."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest

from mindferry.data.sources import gather
from mindferry.errors import BadFeed, FileProblem, FormatError, OptionError
from mindferry.types import DType, TensorSpec

ONE = (TensorSpec("x", DType.FLOAT32, (None, 2)),)
TWO = (TensorSpec("a", DType.FLOAT32, (None, 2)), TensorSpec("b", DType.INT64, (None,)))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    np.savez("ab.npz", a=np.ones((3, 2), np.float32), b=np.arange(3))
    np.savez("one.npz", whatever=np.arange(3))
    np.save("x.npy", np.zeros((1, 2), np.float32))
    Path("numbers.json").write_text("[[1, 2.5], [NaN, 3]]")
    Path("named.json").write_text('{"a": [[1, 2]], "b": [7]}')
    return tmp_path


def test_arrays_by_name(folder: Path) -> None:
    feeds = gather(["ab.npz"], TWO).feeds
    assert list(feeds) == ["a", "b"] and feeds["b"].tolist() == [0, 1, 2]
    assert gather(["named.json"], TWO).feeds == {"a": [[1, 2]], "b": [7]}


def test_the_only_input_needs_no_name(folder: Path) -> None:
    assert gather(["x.npy"], ONE).feeds["x"].shape == (1, 2)
    assert gather(["numbers.json"], ONE).feeds["x"][0] == [1, 2.5]
    with pytest.raises(OptionError, match=r"2 inputs; give x\.npy as NAME=x\.npy, NAME being a or b"):
        gather(["x.npy"], TWO)


def test_names_before_files(folder: Path) -> None:
    feeds = gather(["b=one.npz", "a=x.npy"], TWO).feeds
    assert feeds["b"].tolist() == [0, 1, 2] and feeds["a"].shape == (1, 2)
    Path("odd=name.npy").write_bytes(Path("x.npy").read_bytes())
    assert gather(["odd=name.npy"], ONE).feeds["x"].shape == (1, 2)
    with pytest.raises(BadFeed, match=r"c is not an input; the model takes a: float32\[\?, 2\]"):
        gather(["c=x.npy"], TWO)
    assert gather(["x=ab.npz:b"], ONE).feeds["x"].tolist() == [0, 1, 2]
    assert gather(["ab.npz:b"], ONE).feeds["x"].tolist() == [0, 1, 2]
    with pytest.raises(OptionError, match=r"ab\.npz holds the arrays a, b; name one as ab\.npz:ARRAY"):
        gather(["a=ab.npz"], TWO)
    with pytest.raises(OptionError, match=r"holds the arrays a, b"):
        gather(["a=ab.npz:c"], TWO)
    with pytest.raises(OptionError, match="a is given twice"):
        gather(["ab.npz", "a=x.npy"], TWO)


def test_further_arrays_are_left_out_only_beside_all_inputs(folder: Path) -> None:
    np.savez("more.npz", x=np.ones((1, 2), np.float32), label=np.arange(1))
    found = gather(["more.npz"], ONE)
    assert list(found.feeds) == ["x"] and found.unused == ("label",)
    assert list(gather(["one.npz"], ONE).feeds) == ["whatever"]


def test_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("[[1, 2]]"))
    assert gather(["-"], ONE).feeds == {"x": [[1, 2]]}
    monkeypatch.setattr(sys, "stdin", io.StringIO("[[1, 2"))
    with pytest.raises(FormatError, match="stdin: not JSON numbers"):
        gather(["-"], ONE)
    monkeypatch.setattr(sys, "stdin", io.StringIO("[" * 100_000))
    with pytest.raises(FormatError, match="stdin"):
        gather(["-"], ONE)


def test_folders_hold_images(folder: Path) -> None:
    for name in ("b.PNG", "a.jpg", "notes.txt"):
        (folder / name).write_bytes(b"")
    assert [path.name for path in gather([str(folder)], ONE).images] == ["a.jpg", "b.PNG"]
    (folder / "none").mkdir()
    with pytest.raises(FileProblem, match="holds no images"):
        gather(["none"], ONE)
    with pytest.raises(OptionError, match="cannot be mixed"):
        gather(["a.jpg", "x.npy"], ONE)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bad.npz", b"PK\3\4 no"),
        ("bad.npz", b""),
        ("bad.npy", b"\x93NUMPY"),
        ("bad.npy", b""),
        ("bad.json", b"{"),
        ("bad.json", b"\xff"),
        ("bad.txt", b"1 2"),
    ],
)
def test_damaged_files(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(FormatError, match=name):
        gather([name], ONE)


def test_python_objects_are_refused(folder: Path) -> None:
    np.save("objects.npy", np.array([{}], dtype=object))
    np.savez("objects.npz", x=np.array([{}], dtype=object))
    for name in ("objects.npy", "objects.npz"):
        with pytest.raises(FormatError, match="of numbers"):
            gather([name], ONE)


def test_one_array_under_the_suffix_of_many(folder: Path) -> None:
    Path("single.npz").write_bytes(Path("x.npy").read_bytes())
    with pytest.raises(FormatError, match="single array"):
        gather(["single.npz"], ONE)


@pytest.mark.parametrize("name", ["absent.npz", "absent.npy", "absent.json", "absent"])
def test_absent_files(folder: Path, name: str) -> None:
    with pytest.raises(FileProblem, match=f"{name}: no such file"):
        gather([name], ONE)
