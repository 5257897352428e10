"""`bench` and `tune` on the command line. No time is asserted."""

from __future__ import annotations

import builtins
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from command_line import CHECKPOINT, MINDIR, TEST, mindferry, one_line

QUICK = ("--rounds", "1", "--seconds", "0.01")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copy(MINDIR, tmp_path)
    return tmp_path


def test_bench_prints_a_table() -> None:
    result = mindferry("bench", MINDIR, *QUICK, "--precision", "fp32", "--precision", "bf16")
    assert result.code == 0, result.err
    lines = result.out.splitlines()
    assert lines[0].split() == [
        "configuration", "batch", "p50", "p90", "p99", "rows/s", "speed", "GFLOP/s", "of", "peak", "load", "memory"
    ]  # fmt: skip
    assert any(line.startswith("onnxruntime fp32") and "1.00 [1.00-1.00]" in line for line in lines)
    assert any(line.startswith("openvino fp32") for line in lines)
    assert "left out onnxruntime bf16: onnxruntime computes in the model's own element types" in result.out


def test_bench_as_json_with_recorded_inputs() -> None:
    arguments = ("--runtime", "onnxruntime", "--threads", "1", "--batch", "1", "--batch", "4", "--input", TEST)
    data = mindferry("bench", MINDIR, *QUICK, *arguments, "--json").data
    assert [(row["name"], row["batch"]) for row in data["rows"]] == [
        ("onnxruntime fp32 threads=1", 1), ("onnxruntime fp32 threads=1", 4)
    ]  # fmt: skip
    assert data["rows"][1]["operations"] == 4 * data["rows"][0]["operations"] > 0
    assert {"p50", "p90", "p99", "throughput", "load_seconds", "memory_bytes", "flops", "peak_share"} <= data["rows"][
        0
    ].keys()
    assert data["rounds"] == 1 and data["machine"]["cores"] >= 1


@pytest.mark.parametrize(("name", "start"), [("bench.png", b"\x89PNG"), ("bench.svg", b"<?xml")])
def test_bench_draws(folder: Path, name: str, start: bytes) -> None:
    result = mindferry("bench", "lenet5.mindir", *QUICK, "--runtime", "onnxruntime", "--plot", name)
    assert (result.code, result.err) == (0, f"note: wrote {name}\n")
    assert Path(name).read_bytes().startswith(start)


def test_bench_says_at_once_what_a_plot_lacks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one_line(mindferry("bench", "lenet5.mindir", "--plot", "bench.jpg"), 2, "a plot is written as .png or .svg")
    one_line(mindferry("bench", "lenet5.mindir", "--plot", "none/bench.png"), 1, "there is no folder")
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ModuleNotFoundError("No module named 'matplotlib'", name="matplotlib")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    one_line(mindferry("bench", "lenet5.mindir", "--plot", "bench.png"), 1, "pip install 'mindferry[report]'")


def test_tune_writes_the_choice(folder: Path) -> None:
    result = mindferry("tune", "lenet5.mindir", "--budget", "1s", "--input", TEST, "--tolerance", "1e-2")
    assert result.code == 0, result.err
    assert "chosen" in result.out and "wrote lenet5.mindferry.toml" in result.out
    content = tomllib.loads(Path("lenet5.mindferry.toml").read_text())
    assert content["request"] == {"tolerance": 0.01, "optimize_for": "latency", "budget_seconds": 1.0}
    assert sum(one["outcome"] == "chosen" for one in content["evidence"]) == 1


def test_tune_as_json(folder: Path) -> None:
    arguments = ("--budget", "0.5", "--runtime", "onnxruntime", "--batch", "2", "--optimize-for", "throughput")
    data = mindferry("tune", "lenet5.mindir", *arguments, "--json").data
    assert data["path"] == "lenet5.mindferry.toml" and data["choice"]["batch"] == 2
    assert data["evidence"][0]["name"] == "onnxruntime fp32"


def test_bad_input_is_one_line(folder: Path) -> None:
    for command in ("bench", "tune"):
        one_line(mindferry(command, "none.onnx"), 1, "none.onnx: no such file")
        one_line(mindferry(command, CHECKPOINT), 2, "holds weights but no graph")
        one_line(mindferry(command, "lenet5.mindir", "--input", "none.npz"), 1, "none.npz: no such file")
        one_line(mindferry(command, "lenet5.mindir", "--batch", "0"), 2, "--batch")
        one_line(mindferry(command, "lenet5.mindir", "--runtime", "onyx"), 2, "onyx")
    Path("broken.onnx").write_bytes(b"\x08\x01nonsense")
    assert mindferry("bench", "broken.onnx").code == 1
    assert mindferry("convert", "lenet5.mindir", "frozen.onnx", "--input-shape", "x:2,1,32,32").code == 0
    one_line(mindferry("bench", "frozen.onnx", "--batch", "3"), 2, "is frozen at a batch of 2")
    one_line(mindferry("tune", "lenet5.mindir", "--budget", "soon"), 2, "'soon' is not a time, such as 60s or 2min")
    one_line(mindferry("tune", "lenet5.mindir", "--budget", "0s"), 2, "is not a time")
    one_line(mindferry("tune", "lenet5.mindir", "--tolerance", "2"), 2, "--tolerance")
    assert not list(folder.glob("*.toml"))
