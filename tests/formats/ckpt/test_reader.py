"""`.ckpt` files: what MindSpore wrote, what generated classes write, and what is refused."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from formats import protos
from mindferry.errors import FileProblem, FormatError
from mindferry.formats.ckpt.reader import read
from mindferry.types import DType

RECORDED = Path(__file__).with_name("recorded")
KEY = b"0123456789abcdef"
W = np.arange(6, dtype=np.float32).reshape(2, 3)


def value(tag: str, dims: list[int], kind: str, content: bytes) -> Any:
    """A Value message."""
    classes = protos.checkpoint()
    tensor = classes["Tensor"](dims=dims, tensor_type=kind, tensor_content=content)
    return classes["Value"](tag=tag, tensor=tensor)


def write(path: Path, *values: Any, tail: bytes = b"") -> Path:
    """A checkpoint of Values."""
    path.write_bytes(protos.checkpoint()["Checkpoint"](value=values).SerializeToString() + tail)
    return path


def reason(path: Path, key: bytes | None = None) -> tuple[str, int | None]:
    """The text and place of the refusal."""
    with pytest.raises(FormatError) as caught:
        read(path, key=key)
    assert caught.value.path == str(path)
    return caught.value.reason, caught.value.offset


def test_every_element_type_that_mindspore_writes() -> None:
    parameters = read(RECORDED / "types.ckpt")
    for name in list(parameters)[:14]:
        array = parameters[name].numpy()
        dtype = np.dtype(ml_dtypes.bfloat16 if name == "bfloat16" else name.rstrip("_"))
        assert array.dtype == dtype
        np.testing.assert_array_equal(array, np.arange(3).astype(dtype))
    assert parameters["scalar"].shape == ()
    assert parameters["scalar"].numpy() == 2.5


def test_what_append_dict_adds() -> None:
    parameters = read(RECORDED / "types.ckpt")
    found = {
        name: (parameters[name].dtype, parameters[name].numpy().item()) for name in ("step", "rate", "done", "note")
    }
    assert found == {
        "step": (DType.INT64, 7),
        "rate": (DType.FLOAT32, 0.5),
        "done": (DType.BOOL, True),
        "note": (DType.STRING, "a text"),
    }


def test_parameters_keep_the_order_of_the_file() -> None:
    names = "global_step learning_rate weight bias momentum moments.weight moments.bias"
    assert list(read(RECORDED / "momentum.ckpt")) == names.split()


@pytest.mark.parametrize("name", ["gcm.ckpt", "cbc.ckpt", "sm4.ckpt", "crc_gcm.ckpt"])
def test_encrypted_files_open_with_their_key_only(name: str) -> None:
    np.testing.assert_array_equal(read(RECORDED / name, key=KEY)["w"].numpy(), W)
    assert reason(RECORDED / name) == ("the file is encrypted; give its key", 0)
    assert reason(RECORDED / name, b"fedcba9876543210")[0] == "the key does not fit this file"
    assert reason(RECORDED / name, b"short")[0] == "the key has 5 bytes, not 16, 24 or 32"


def test_a_key_for_a_plain_file_is_refused() -> None:
    assert reason(RECORDED / "types.ckpt", KEY)[0] == "a key was given, but the file is not encrypted"


def test_the_crc_is_checked(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read(RECORDED / "crc.ckpt")["w"].numpy(), W)
    raw = bytearray((RECORDED / "crc.ckpt").read_bytes())
    raw[40] ^= 1
    path = tmp_path / "damaged.ckpt"
    path.write_bytes(raw)
    found = zlib.crc32(raw[:-17])
    assert reason(path) == (
        f"the file is damaged: its CRC-32 is {found:08x}, it was saved with e02aca02",
        len(raw) - 17,
    )


def test_slices_of_a_parameter_are_joined(tmp_path: Path) -> None:
    raw = W.tobytes()
    slices = [value("w", [2, 3], "Float32", part) for part in (raw[:8], raw[8:12], raw[12:])]
    parameters = read(write(tmp_path / "a.ckpt", *slices, value("b", [1], "Int8", b"\x05")))
    assert isinstance(parameters["w"].data, tuple)
    assert parameters["w"].nbytes == len(raw)
    np.testing.assert_array_equal(parameters["w"].numpy(), W)
    assert parameters["b"].numpy().tolist() == [5]


def test_a_scalar_of_an_old_file_and_an_empty_parameter(tmp_path: Path) -> None:
    path = write(tmp_path / "a.ckpt", value("old", [0], "Int32", b"\x07\0\0\0"), value("empty", [0], "Int32", b""))
    parameters = read(path)
    assert parameters["old"].numpy().item() == 7
    assert parameters["old"].shape == ()
    assert parameters["empty"].shape == (0,)


def test_data_stays_in_the_mapped_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.ckpt", value("w", [2, 3], "Float32", W.tobytes()))
    parameters = read(path)
    with path.open("r+b") as file:
        file.seek(path.read_bytes().index(W.tobytes()))
        file.write(np.float32(9).tobytes())
    assert parameters["w"].numpy()[0, 0] == 9


def test_all_parameters_that_are_no_plain_tensors_are_named(tmp_path: Path) -> None:
    classes = protos.checkpoint()
    table = classes["Value"](
        tag="table", maptensor=classes["MapTensor"](tensor=[value("k", [1], "int32", b"1234").tensor])
    )
    path = write(tmp_path / "a.ckpt", table, value("q", [2], "Int4", b"\0"), value("w", [1], "Int8", b"\0"))
    assert reason(path) == ("these parameters are not plain tensors: table (a MapTensor), q (element type Int4)", None)


@pytest.mark.parametrize(
    ("values", "text", "offset"),
    [
        ([("w", [2, 3], "Float32", b"12345678")], "parameter 'w' of float32[2, 3] needs 24 bytes, the file has 8", 7),
        (
            [("w", [2**62, 8], "Float32", b"1234")],
            f"parameter 'w' of float32[{2**62}, 8] needs {2**67} bytes, the file has 4",
            7,
        ),
        ([("w", [-1], "Float32", b"1234")], "parameter 'w' has a negative dimension: [-1]", 7),
        ([("", [1], "Int8", b"1")], "a parameter has no name", 2),
        ([("s", [0], "str", b"123")], "parameter 's' is a str, but its content is not UTF-32", 7),
        (
            [("a", [1], "Int8", b"1"), ("b", [1], "Int8", b"1"), ("a", [1], "Int8", b"1")],
            "two parameters are named 'a'",
            38,
        ),
        (
            [("a", [2], "Int8", b"1"), ("a", [3], "Int8", b"1")],
            "the slices of parameter 'a' differ in type or dims",
            25,
        ),
    ],
)
def test_lies_are_told_with_their_place(tmp_path: Path, values: list[Any], text: str, offset: int) -> None:
    assert reason(write(tmp_path / "a.ckpt", *(value(*one) for one in values))) == (text, offset)


def test_missing_fields_are_told(tmp_path: Path) -> None:
    classes = protos.checkpoint()
    assert reason(write(tmp_path / "a.ckpt", classes["Value"](tag="w")))[0] == "parameter 'w' has no tensor"
    bare = classes["Value"](tag="w", tensor=classes["Tensor"](dims=[1]))
    assert reason(write(tmp_path / "b.ckpt", bare))[0] == "parameter 'w' has no tensor_type and no tensor_content"


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    for path, text in ((tmp_path / "none.ckpt", "no such file"), (tmp_path, "is a folder, not a model file")):
        with pytest.raises(FileProblem, match=text):
            read(path)
