"""Whatever is wrong with a file or an option ends in one line that says what and where, and nothing is written."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from command_line import CHECKPOINT, MINDIR, TEST, mindferry, one_line


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty current folder in which a command may leave nothing that was not there before."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path


def _broken_files() -> dict[str, bytes]:
    plain = MINDIR.read_bytes()
    return {
        "truncated.mindir": plain[: len(plain) // 2],
        "truncated.ckpt": CHECKPOINT.read_bytes()[:1000],
        "truncated.onnx": b"\x08\x08\x3a\x50" + plain[:20],
        "truncated.safetensors": struct.pack("<Q", 500) + b'{"x":',
        "empty.mindir": b"",
        "empty.onnx": b"",
        "array.mindir": TEST.read_bytes(),
        "text.onnx": b"This is not a model.\n",
        "encrypted.mindir": struct.pack("<I", 0x7F3A5ED8) + bytes(60),
        "encrypted.ckpt": struct.pack("<I", 0x7F3A5ED9) + bytes(60),
        "garbage.mindir": b"\xff\x13\x80\x00\xfe\x91\x22\x07\x99\x80",
        "garbage.ckpt": b"\xff\x13\x80\x00\xfe\x91\x22\x07\x99\x80",
        "garbage.onnx": b"\xff\x13\x80\x00\xfe\x91\x22\x07\x99\x80",
    }


BROKEN = _broken_files()


def _unchanged(folder: Path, before: set[str]) -> None:
    assert {path.name for path in folder.rglob("*")} == before


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("command", ["inspect", "convert", "run", "verify"])
def test_broken_model(folder: Path, name: str, command: str) -> None:
    (folder / name).write_bytes(BROKEN[name])
    rest = {
        "inspect": [],
        "convert": ["out.onnx"],
        "run": ["--input", str(TEST), "--output", "out.npz"],
        "verify": [str(TEST), "--input", str(TEST)],
    }[command]
    result = mindferry(command, name, *rest)
    # A whole checkpoint that lacks a graph is refused before it is read.
    one_line(result, result.code, name)
    assert result.code in (1, 2)
    _unchanged(folder, {name})


@pytest.mark.parametrize("name", [name for name in BROKEN if name.endswith(".ckpt")])
def test_broken_checkpoint(folder: Path, name: str) -> None:
    (folder / name).write_bytes(BROKEN[name])
    one_line(mindferry("run", name, "--graph", MINDIR, "--input", TEST), 1, name)
    one_line(mindferry("convert", MINDIR, "out.onnx", "--weights", name), 1, name)
    _unchanged(folder, {name})


def test_places_and_reasons(folder: Path) -> None:
    for name in ("truncated.mindir", "encrypted.mindir", "array.mindir"):
        (folder / name).write_bytes(BROKEN[name])
    one_line(mindferry("inspect", "truncated.mindir"), 1, "truncated.mindir: ", "past its parent", "(at byte ")
    one_line(mindferry("inspect", "encrypted.mindir"), 1, "encrypted.mindir: ", "encrypted", "key")
    one_line(mindferry("inspect", "array.mindir"), 1, "array.mindir: ", "zip archive")


@pytest.mark.parametrize("command", ["inspect MODEL", "convert MODEL out.onnx", "run MODEL --input TEST"])
def test_missing_file_and_folder(folder: Path, command: str) -> None:
    def result(model: str) -> object:
        return mindferry(*command.replace("MODEL", model).replace("TEST", str(TEST)).split())

    one_line(result("absent.mindir"), 1, "absent.mindir: no such file")
    (folder / "models").mkdir()
    one_line(result("models"), 1, "models: is a folder")
    _unchanged(folder, {"models"})


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("x:0x3", ("x:0x3", "dimension '0x3'")),
        ("x", ("'x'", "NAME:SHAPE")),
        ("x:1,,2", ("dimension ''",)),
        (":1,2", ("NAME:SHAPE",)),
        ("x:1,-1", ("dimension '-1'",)),
    ],
)
def test_shape_that_is_none(folder: Path, option: str, words: tuple[str, ...]) -> None:
    one_line(mindferry("convert", MINDIR, "out.onnx", "--input-shape", option), 2, "--input-shape", *words)
    _unchanged(folder, set())


def test_shape_that_does_not_fit(folder: Path) -> None:
    one_line(mindferry("convert", MINDIR, "out.onnx", "--input-shape", "y:1"), 2, "y", "x")
    one_line(mindferry("convert", MINDIR, "out.onnx", "--input-shape", "x:2,1,30,30"), 1, "MatMul")
    one_line(mindferry("convert", MINDIR, "out.onnx", "--input-shape", "x:1", "--input-shape", "x:2"), 2, "twice")
    _unchanged(folder, set())


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((2, 1, 32, 32), np.float64), ("x is float64", "float32")),
        (np.zeros((2, 1, 32, 32), np.int64), ("x is int64", "float32")),
        (np.zeros((2, 3, 32, 32), np.float32), ("x has shape [2, 3, 32, 32]", "1, 32, 32]")),
        (np.zeros((2, 1, 32), np.float32), ("x has shape [2, 1, 32]",)),
        (np.array(["a"]), ("x is <U1",)),
    ],
)
def test_array_that_does_not_fit(folder: Path, array: np.ndarray, words: tuple[str, ...]) -> None:
    np.save("x.npy", array)
    one_line(mindferry("run", MINDIR, "--input", "x.npy", "--output", "out.npz"), 1, *words)
    _unchanged(folder, {"x.npy"})


def test_unknown_input_name(folder: Path) -> None:
    np.savez("wrong.npz", image=np.zeros((1, 1, 32, 32), np.float32))
    one_line(mindferry("run", MINDIR, "--input", "wrong.npz"), 1, "image is not an input", "x is missing")
    np.save("x.npy", np.zeros((1, 1, 32, 32), np.float32))
    one_line(mindferry("run", MINDIR, "--input", "image=x.npy"), 1, "image is not an input")
    _unchanged(folder, {"wrong.npz", "x.npy"})


@pytest.mark.parametrize("command", ["convert", "run"])
def test_target_that_cannot_be_written(folder: Path, command: str) -> None:
    suffix, options = {"convert": (".onnx", []), "run": (".npz", ["--input", TEST, "--output"])}[command]
    (folder / "file").write_text("")
    (folder / f"taken{suffix}").mkdir()
    for target in (f"absent/out{suffix}", f"taken{suffix}", f"file/out{suffix}"):
        one_line(mindferry(command, MINDIR, *options, target), 1, target)
    one_line(mindferry(command, MINDIR, *options, "out.foo"), 2, "out.foo")
    _unchanged(folder, {"file", f"taken{suffix}"})


def test_keys(folder: Path) -> None:
    (folder / "encrypted.mindir").write_bytes(BROKEN["encrypted.mindir"])
    one_line(mindferry("inspect", "encrypted.mindir", "--key", "12"), 2, "--key", "hexadecimal")
    one_line(mindferry("inspect", "encrypted.mindir", "--key", "0f" * 16), 1, "encrypted.mindir")
    one_line(mindferry("inspect", MINDIR, "--key", "0f" * 16), 1, "not encrypted")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("convert MODEL out.onnx --opset 12", ("--opset", "12")),
        ("convert MODEL out.onnx --opset new", ("--opset", "new")),
        ("convert MODEL", ("TARGET",)),
        ("convert MODEL out.onnx --input-name a --input-name b", ("a, b",)),
        ("run MODEL", ("nothing to run",)),
        ("run MODEL --input TEST --device tpu", ("tpu", "cpu")),
        ("run MODEL --input TEST --runtime torch", ("torch", "onnxruntime")),
        ("run MODEL --input TEST --top 5", ("--top",)),
        ("run MODEL --input TEST --graph MODEL", ("graph",)),
        ("run CKPT --input TEST", ("graph",)),
        ("run MODEL --input TEST --batch 0", ("--batch",)),
        ("run MODEL --input TEST --option threads", ("--option", "NAME=VALUE")),
        ("run MODEL --input TEST --option threads=many", ("option threads takes a whole number, not 'many'",)),
        ("run MODEL --input TEST --option colour=1", ("colour", "threads")),
        ("run MODEL --input TEST --input-dtype x:int32", ("input_dtypes",)),
        ("verify MODEL TEST", ("--input",)),
        ("verify TEST TEST --input TEST", ("--input",)),
        ("verify MODEL TEST --input TEST", ("label, logits",)),
        ("verify MODEL TEST --input TEST --tolerance -1", ("--tolerance",)),
        ("export out.mindir --net lenet.py:LeNet5", ("--input-shape",)),
        ("export out.pt --net lenet.py:LeNet5 --input-shape x:1", ("out.pt", ".mindir")),
        ("export out.onnx --net lenet.py:LeNet5 --input-shape x:1 --input-dtype x", ("NAME:DTYPE",)),
        ("inspekt MODEL", ("inspekt", "did you mean inspect?")),
        ("--frobnicate", ("--frobnicate",)),
        ("inspect", ("FILE",)),
        ("completion tcsh", ("tcsh",)),
    ],
)
def test_command_line_that_cannot_be_meant(folder: Path, line: str, words: tuple[str, ...]) -> None:
    names = {"MODEL": MINDIR, "CKPT": CHECKPOINT, "TEST": TEST}
    one_line(mindferry(*(names.get(word, word) for word in line.split())), 2, *words)
    _unchanged(folder, set())


def test_device_that_is_absent(folder: Path) -> None:
    one_line(mindferry("run", MINDIR, "--input", TEST, "--device", "gpu"), 1, "gpu")
