"""Descriptions beside models: what is read, and that all faults are told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from mindferry.data import description
from mindferry.errors import FileProblem, FormatError


def read(folder: Path, text: str) -> description.Description:
    """The description in a file of this text."""
    path = folder / "model.toml"
    path.write_text(text)
    return description.read(path)


def test_every_key(tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    found = read(
        tmp_path,
        """
        [input]
        name = "image"
        layout = "NHWC"
        dtype = "float16"
        color = "BGR"
        resize = [40, 30]
        interpolation = "lanczos"
        crop = 24
        scale = 0.5
        mean = [1, 2.5, 3]
        std = [1, 2, 4]
        [output]
        name = "scores"
        labels = "classes.txt"
        activation = "softmax"
        top = 3
        """,
    )
    assert found.input == description.ImageInput(
        "image", "NHWC", "float16", "BGR", (40, 30), "lanczos", (24, 24), 0.5, (1.0, 2.5, 3.0), (1.0, 2.0, 4.0)
    )
    assert found.output == description.ClassOutput("scores", ("cat", "dog"), "softmax", 3)


def test_defaults(tmp_path: Path) -> None:
    found = read(tmp_path, "")
    assert found.input == description.ImageInput() and found.output is None
    assert read(tmp_path, "[output]").output == description.ClassOutput()


def test_all_faults_at_once(tmp_path: Path) -> None:
    with pytest.raises(FormatError) as caught:
        read(
            tmp_path,
            """
            pictures = 1
            [input]
            layout = "CHW"
            colour = "RGB"
            resize = 0
            crop = [1, 2, 3]
            scale = true
            std = [1, 0, 1]
            mean = [0.5]
            [output]
            labels = "absent.txt"
            top = -1
            """,
        )
    text = str(caught.value)
    assert text.startswith(str(tmp_path / "model.toml"))
    for part in (
        "pictures is unknown; it may be input, output",
        "input.layout is 'CHW'; it must be one of NCHW, NHWC",
        "input.colour is unknown; did you mean color?",
        "input.resize is 0; it must be the shorter side",
        "input.crop is [1, 2, 3]",
        "input.scale is True",
        "input.std is [1, 0, 1]",
        "input.mean has 1 numbers; RGB has 3 channels",
        "output.labels names",
        "output.top is -1; it must be a positive whole number",
    ):
        assert part in text


@pytest.mark.parametrize("text", ["input = 3", "[input]\nmean = [nan, 0, 0]", '[input]\ndtype = "uint8"\nscale = 2.0'])
def test_other_faults(tmp_path: Path, text: str) -> None:
    with pytest.raises(FormatError):
        read(tmp_path, text)


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="not TOML"):
        read(tmp_path, "[input")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(FormatError, match="not TOML"):
        description.read(tmp_path / "binary.toml")
    with pytest.raises(FileProblem, match="no such file"):
        description.read(tmp_path / "absent.toml")
    with pytest.raises(FileProblem, match="directory"):
        description.read(tmp_path)


def test_beside(tmp_path: Path) -> None:
    assert description.beside(tmp_path / "a.ckpt", tmp_path / "b.mindir") is None
    (tmp_path / "b.toml").write_text("")
    assert description.beside(tmp_path / "a.ckpt", tmp_path / "b.mindir") == tmp_path / "b.toml"
