"""`.safetensors` files as MindSpore writes them."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from mindferry.errors import FormatError
from mindferry.formats.ckpt.safetensors import read

RECORDED = Path(__file__).with_name("recorded")


def write(path: Path, header: object, data: bytes = b"") -> Path:
    """A file of the given header and data, which need not fit."""
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def test_every_element_type_that_mindspore_writes() -> None:
    parameters = read(RECORDED / "types.safetensors")
    assert parameters.pop("scalar").numpy() == 2.5
    for name, tensor in parameters.items():
        dtype = np.dtype(ml_dtypes.bfloat16 if name == "bfloat16" else name.rstrip("_"))
        assert tensor.numpy().dtype == dtype
        np.testing.assert_array_equal(tensor.numpy(), np.arange(3).astype(dtype))
    assert len(parameters) == 13


def test_data_stays_in_the_mapped_file(tmp_path: Path) -> None:
    header = {"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}
    path = write(tmp_path / "a.safetensors", header, np.float32(1).tobytes())
    tensor = read(path)["w"]
    with path.open("r+b") as file:
        file.seek(-4, 2)
        file.write(np.float32(9).tobytes())
    assert tensor.numpy()[0] == 9


def test_int4_is_refused_by_name() -> None:
    with pytest.raises(FormatError, match=r"these parameters are not plain tensors: q \(element type Int4\)$"):
        read(RECORDED / "int4.safetensors")


def test_unknown_element_types_are_refused_by_name(tmp_path: Path) -> None:
    header = {"w": {"dtype": "F8_E4M3", "shape": [2], "data_offsets": [0, 2]}}
    with pytest.raises(FormatError, match=r"w \(element type F8_E4M3\)$"):
        read(write(tmp_path / "a.safetensors", header, b"12"))


@pytest.mark.parametrize(
    ("header", "data"),
    [
        ({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, b"1234"),
        ({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}, b"1234"),
        ({"w": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}, b"12345678"),
        ({"w": {"dtype": "F32", "shape": [2**62, 2**62], "data_offsets": [0, 4]}}, b"1234"),
        ({"w": {"dtype": "nothing", "shape": [1], "data_offsets": [0, 4]}}, b"1234"),
        ([], b""),
    ],
)
def test_headers_that_lie_are_refused(tmp_path: Path, header: object, data: bytes) -> None:
    with pytest.raises(FormatError, match="not a readable safetensors file"):
        read(write(tmp_path / "a.safetensors", header, data))


def test_a_header_that_claims_more_than_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(struct.pack("<Q", 2**40) + b"{}")
    with pytest.raises(FormatError, match="not a readable safetensors file"):
        read(path)
