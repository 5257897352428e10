"""What `mindferry.writers` makes of suffixes, options and sources, with writers of the test's own."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import mindferry
from command_line import MINDIR, one_line
from command_line import mindferry as command_line
from mindferry import writers
from mindferry.errors import OptionError

calls: list[tuple[Any, ...]] = []


@dataclass(frozen=True, slots=True)
class Options:
    soc: str
    batch_sizes: tuple[int, ...] = ()
    input_shapes: Mapping[str, Any] = field(default_factory=dict)


def write(model: Any, target: Path, options: Options, progress: object) -> dict[str, Any]:
    calls.append(("model", model.graph.opset_imports[""], options))
    target.write_bytes(b"compiled")
    return {"peak_memory": 7}


def write_file(source: Path, target: Path, options: Options, progress: object) -> dict[str, Any]:
    calls.append(("file", source.name, options))
    target.write_bytes(b"compiled")
    return {}


@pytest.fixture(autouse=True)
def own_writer(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    module = types.SimpleNamespace(Options=Options, write=write, write_file=write_file, FILES=("mindir",))
    load = writers.Writer._load
    monkeypatch.setattr(writers.Writer, "_load", lambda self: load(self) if self.format == "onnx" else module)
    calls.clear()
    yield


def test_the_suffix_chooses_the_opset_and_options_reach_the_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers.Writer, "takes_file", lambda self, kind: False)
    report = mindferry.convert(MINDIR, tmp_path / "a.om", build={"soc": "Ascend310P3"})
    assert calls == [("model", 17, Options(soc="Ascend310P3"))]
    assert report.facts == {"peak_memory": 7} and report.opset == 17
    mindferry.convert(MINDIR, tmp_path / "a.engine", opset=20, build={"soc": ""})
    assert calls[1][1] == 20


def test_files_that_the_compiler_takes_are_compiled_as_they_are(tmp_path: Path) -> None:
    mindferry.convert(MINDIR, tmp_path / "a.om", build={"soc": "Ascend310"})
    assert calls == [("file", MINDIR.name, Options(soc="Ascend310"))]
    with pytest.raises(
        OptionError, match=r"compiled to om as it is, without the option input_names; convert it to ONNX"
    ):
        mindferry.convert(MINDIR, tmp_path / "a.om", build={"soc": "A"}, input_names=["image"])


def test_options_of_another_format_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"the om format has no option profiles; it has soc, batch_sizes"):
        mindferry.convert("none.mindir", tmp_path / "a.om", build={"profiles": {}})
    with pytest.raises(OptionError, match=r"the om format needs the option soc"):
        mindferry.convert("none.mindir", tmp_path / "a.om")


def test_shapes_of_an_onnx_file_go_to_the_compiler(tmp_path: Path) -> None:
    source = tmp_path / "a.onnx"
    mindferry.convert(MINDIR, source)
    mindferry.convert(source, tmp_path / "a.om", build={"soc": "A"}, input_shapes={"x": (2, 1, 32, 32)})
    assert calls == [("model", 18, Options("A", input_shapes={"x": (2, 1, 32, 32)}))]


@pytest.mark.parametrize("arguments", [("--dynamic-batch", "1,2,4"), ("--dynamic-batch=1,2,4",)])
def test_batch_sizes_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setattr(writers.Writer, "takes_file", lambda self, kind: False)
    assert command_line("convert", MINDIR, tmp_path / "a.om", "--soc", "A", *arguments).code == 0
    assert calls[-1][-1] == Options("A", batch_sizes=(1, 2, 4))


def test_a_bare_dynamic_batch_leaves_the_next_argument_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers.Writer, "takes_file", lambda self, kind: False)
    result = command_line("convert", "--dynamic-batch", MINDIR, tmp_path / "a.om", "--soc", "A")
    assert result.code == 0 and calls[-1][-1] == Options("A")


def test_malformed_lists_are_usage_errors(tmp_path: Path) -> None:
    target = tmp_path / "a.om"
    one_line(command_line("convert", MINDIR, target, "--dynamic-image-size", "224x224"), 2, "is not N,N;N,N")
    one_line(command_line("convert", MINDIR, target, "--profile", "x:1,2"), 2, "is not NAME:MIN:OPT:MAX")
