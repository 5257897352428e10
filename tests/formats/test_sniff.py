"""Which format a file has."""

from __future__ import annotations

import os
from pathlib import Path

import onnx
import pytest
from onnx import helper

import mindferry
from mindferry.errors import FileProblem, FormatError
from mindferry.formats import sniff

TESTS = Path(__file__).parent
RECORDED = TESTS / "ckpt" / "recorded"
NEITHER = "neither MindIR, nor AIR, nor a checkpoint, nor ONNX"


def place(folder: Path, name: str, raw: bytes) -> Path:
    path = folder / name
    path.write_bytes(raw)
    return path


def onnx_bytes(**fields: object) -> bytes:
    graph = helper.make_graph([], "g", [], [])
    return helper.make_model(graph, producer_name="someone", **fields).SerializeToString()


@pytest.mark.parametrize("version", ["1.0.0", "1.6.1", "2.0.0", "2.7.0", "2.10.0"])
def test_mindir_of_every_generation_without_its_suffix(tmp_path: Path, version: str) -> None:
    source = next((TESTS / "versions" / version).glob("*.mindir"))
    assert sniff(place(tmp_path, "model", source.read_bytes())) == "mindir"


@pytest.mark.parametrize("version", ["1.0.0", "2.10.0"])
def test_checkpoints_without_their_suffix(tmp_path: Path, version: str) -> None:
    source = next((TESTS / "versions" / version).glob("*.ckpt"))
    assert sniff(place(tmp_path, "model", source.read_bytes())) == "ckpt"


def test_the_first_bytes_count_more_than_the_suffix(tmp_path: Path) -> None:
    mindir = mindferry.demo.path("lenet5.mindir").read_bytes()
    assert sniff(place(tmp_path, "a.onnx", mindir)) == "mindir"
    assert sniff(place(tmp_path, "b.ckpt", (RECORDED / "types.safetensors").read_bytes())) == "safetensors"
    assert sniff(place(tmp_path, "c.mindir", onnx_bytes())) == "onnx"


def test_onnx_that_mindspore_exported_is_onnx(tmp_path: Path) -> None:
    graph = helper.make_graph([], "g", [], [])
    exported = helper.make_model(graph, producer_name="MindSpore", opset_imports=[helper.make_opsetid("", 11)])
    assert sniff(place(tmp_path, "a", exported.SerializeToString())) == "onnx"
    old = onnx.ModelProto(ir_version=4, producer_name="MindSpore", graph=graph)
    assert sniff(place(tmp_path, "b", old.SerializeToString())) == "mindir"


def test_encrypted_files_need_their_suffix(tmp_path: Path) -> None:
    raw = (RECORDED / "gcm.ckpt").read_bytes()
    assert sniff(RECORDED / "gcm.ckpt") == "ckpt"
    assert sniff(RECORDED / "gcm.mindir") == "mindir"
    with pytest.raises(FormatError, match=r"the file is encrypted; only the suffix \.mindir or \.ckpt can tell"):
        sniff(place(tmp_path, "secret", raw))


@pytest.mark.parametrize(
    ("raw", "looks"),
    [
        (b"PK\3\4" + bytes(20), "a zip archive (such as .npz or a PyTorch file)"),
        (b"\x93NUMPY\1\0", "a numpy array"),
        (b"\x89HDF\r\n", "an HDF5 file (such as a Keras model)"),
        (b"GGUF" + bytes(20), "a GGUF model"),
        (b"\0\0\0\0MSL2", "a MindSpore Lite model"),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            "a Git LFS pointer, not the file itself (git lfs pull fetches it)",
        ),
    ],
)
def test_other_files_are_named(tmp_path: Path, raw: bytes, looks: str) -> None:
    for name in ("model", "model.mindir"):
        with pytest.raises(FormatError) as caught:
            sniff(place(tmp_path, name, raw))
        assert caught.value.reason == f"{NEITHER}; it looks like {looks}"


def test_garbage_goes_by_its_suffix(tmp_path: Path) -> None:
    assert sniff(place(tmp_path, "a.MINDIR", b"\xff" * 10)) == "mindir"
    with pytest.raises(FormatError) as caught:
        sniff(place(tmp_path, "a.bin", b"\xff" * 10))
    assert str(caught.value) == f"{tmp_path / 'a.bin'}: {NEITHER} (at byte 0)"


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match=f"^{tmp_path}: is a folder, not a model file$"):
        sniff(tmp_path)
    with pytest.raises(FileProblem, match=r"none: no such file$"):
        sniff(tmp_path / "none")
    with pytest.raises(FormatError, match=r"the file is empty \(at byte 0\)$"):
        sniff(place(tmp_path, "a.mindir", b""))


def test_a_pipe_cannot_be_mapped() -> None:
    reading, writing = os.pipe()
    try:
        with pytest.raises(FileProblem, match=r"is not a regular file; a model file is mapped, so store it first$"):
            sniff(f"/dev/fd/{reading}")
    finally:
        os.close(reading)
        os.close(writing)
