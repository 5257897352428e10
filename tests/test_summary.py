"""Summaries of files of every format and generation."""

from __future__ import annotations

from pathlib import Path

import pytest

import mindferry
from mindferry.errors import FormatError
from mindferry.summary import Port, summarize

VERSIONS = Path(__file__).parent / "formats" / "versions"


@pytest.mark.parametrize(
    ("version", "generation"), [("1.0.0", "G0"), ("2.0.0", "G2"), ("2.7.0", "G3"), ("2.10.0", "G3")]
)
@pytest.mark.parametrize("network", ["lenet", "lstm", "attention", "residual"])
def test_generations(version: str, generation: str, network: str) -> None:
    found = summarize(VERSIONS / version / f"{network}.mindir")
    assert (found.format, found.generation) == ("mindir", generation)
    assert found.producer_version == ("1.0" if version == "1.0.0" else version)
    checkpoint = summarize(VERSIONS / version / f"{network}.ckpt")
    assert (found.elements, found.parameter_bytes) == (checkpoint.elements, checkpoint.parameter_bytes)
    assert found.inputs and found.outputs and found.convertible


def test_names_are_those_of_the_conversion(tmp_path: Path) -> None:
    for path in sorted((VERSIONS / "2.10.0").glob("*.mindir")):
        mindferry.convert(path, tmp_path / "out.onnx")
        before, after = summarize(path), summarize(tmp_path / "out.onnx")
        assert [port.name for port in before.inputs] == [port.name for port in after.inputs]
        assert [port.name for port in before.outputs] == [port.name for port in after.outputs]
        assert [port.dtype for port in before.outputs] == [port.dtype for port in after.outputs]


def test_port_text() -> None:
    assert str(Port("x", "float32", ("batch", None, 3))) == "x: float32[batch, ?, 3]"
    assert str(Port("x", "float32", None)) == "x: float32[...]"


def test_an_engine_says_who_reads_it(tmp_path: Path) -> None:
    (tmp_path / "a.engine").write_bytes(b"vtrt" + bytes(100))
    with pytest.raises(FormatError, match="a TensorRT engine, which only TensorRT on its own GPU reads"):
        summarize(tmp_path / "a.engine")
