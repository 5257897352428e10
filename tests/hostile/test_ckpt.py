"""Checkpoints that lie: each is refused with its reason and place, quickly and in little memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hostile import files
from hostile.limits import limits
from mindferry.errors import FormatError
from mindferry.formats.ckpt import reader, safetensors

RECORDED = Path(__file__).parents[1] / "formats" / "ckpt" / "recorded"


def place(folder: Path, raw: bytes | Any) -> Path:
    path = folder / "a.ckpt"
    path.write_bytes(raw if isinstance(raw, bytes) else raw.SerializeToString())
    return path


def refusal(folder: Path, raw: bytes | Any) -> tuple[str, int | None]:
    with limits(), pytest.raises(FormatError) as caught:
        reader.read(place(folder, raw))
    return caught.value.reason, caught.value.offset


def test_a_file_cut_anywhere_but_between_parameters_is_refused(tmp_path: Path) -> None:
    raw = (RECORDED / "types.ckpt").read_bytes()
    read_at = []
    for size in range(1, len(raw)):
        try:
            read_at.append(len(reader.read(place(tmp_path, raw[:size]))))
        except FormatError as error:
            assert error.offset is not None
            assert error.offset <= size
    assert read_at == list(range(1, len(reader.read(RECORDED / "types.ckpt"))))


@pytest.mark.parametrize("size", [5, 20, 40, 60, 93])
def test_an_encrypted_file_cut_anywhere_is_refused(tmp_path: Path, size: int) -> None:
    path = place(tmp_path, (RECORDED / "gcm.ckpt").read_bytes()[:size])
    with limits(), pytest.raises(FormatError):
        reader.read(path, key=b"0123456789abcdef")


@pytest.mark.parametrize("size", [0, 7, 8, 40, 500, 1040])
def test_a_safetensors_file_cut_anywhere_is_refused(tmp_path: Path, size: int) -> None:
    path = place(tmp_path, (RECORDED / "types.safetensors").read_bytes()[:size])
    with limits(), pytest.raises(FormatError):
        safetensors.read(path)


@pytest.mark.parametrize(
    ("raw", "reason", "offset"),
    [
        (b"", "the file is empty", 0),
        (b"\xff" * 10, "a varint is longer than 10 bytes", 0),
        (b"\x08\x08", "not a checkpoint: field 1 of wire type 0 where a Value should be", 0),
        (b"\x0a\xff\xff\xff\xff\x07\x0a\x01w", "the file ends 2147483644 bytes before its last Value does", 0),
        (b"\x0a" + b"\x80" * 11, "a varint is longer than 10 bytes", 1),
        (b"\x0a\x04\x0a\x09ab", "Value.tag runs 7 bytes past its parent", 2),
        (b"\x0a\x031.1", "the file ends inside field 6 of Value", 2),
    ],
)
def test_bytes_that_are_no_checkpoint(tmp_path: Path, raw: bytes, reason: str, offset: int) -> None:
    assert refusal(tmp_path, raw) == (reason, offset)


def test_a_mindir_is_no_checkpoint(tmp_path: Path) -> None:
    assert refusal(tmp_path, files.model()) == ("the file ends inside field 6 of Value", 2)


def test_a_claim_of_two_gigabytes_costs_nothing(tmp_path: Path) -> None:
    checkpoint = files.checkpoint(("w", [2**29], "Float32", b"1234"))
    assert refusal(tmp_path, checkpoint)[0] == f"parameter 'w' of float32[{2**29}] needs {2**31} bytes, the file has 4"


def test_thousands_of_dimensions(tmp_path: Path) -> None:
    checkpoint = files.checkpoint(("w", [1] * 5_000 + [2**40] * 4, "Float32", b"1234"))
    with limits(), pytest.raises(FormatError):
        reader.read(place(tmp_path, checkpoint))
