"""`mindferry ascend`, in processes of its own: the digits in every precision, leaks, refusals, and the command atc."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from command_line import mindferry
from mindferry import demo

APPLICATION = Path(__file__).parents[2] / "examples" / "ascend" / "plain_pyacl.py"
TEST = np.load(demo.path("test.npz"))
TOLERANCES = {"must_keep_origin_dtype": 1e-5, "cube_fp16in_fp32out": 2e-3, "force_fp16": 2e-3}
"""The largest difference over MindSpore's largest output."""


@pytest.fixture(scope="module")
def lenet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The digits model as ONNX."""
    made = tmp_path_factory.mktemp("digits") / "lenet5.onnx"
    assert mindferry("convert", demo.path("lenet5.mindir"), made, "--opset", "17").code == 0
    return made


def command(*words: object) -> subprocess.CompletedProcess[str]:
    """`mindferry ascend simulate WORDS` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "mindferry", "ascend", "simulate", *map(str, words)],
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("mode", TOLERANCES)
def test_batches_of_several_sizes_in_every_precision(lenet: Path, mode: str) -> None:
    made = lenet.with_name(mode)
    compiled = mindferry(
        "ascend", "atc", f"--model={lenet}", "--framework=5", f"--output={made}", "--soc_version=Ascend310P3",
        "--input_shape=x:-1,1,32,32", "--dynamic_batch_size=1,8,100", f"--precision_mode={mode}",
    )  # fmt: skip
    assert compiled.code == 0, compiled.out
    answers = made.with_suffix(".npy")
    ran = command("--", "python", APPLICATION, f"{made}.om", demo.path("test.npz"), answers)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == "359 of 360 digits read rightly\n"
    assert ran.stderr == "acl simulator: no device; 1 x Ascend310P3 simulated on ONNX Runtime's CPU\n"
    logits, expected = np.load(answers), TEST["logits"]
    assert (logits.argmax(axis=1) == expected.argmax(axis=1)).all()
    difference = np.abs(logits - expected).max() / np.abs(expected).max()
    assert difference < TOLERANCES[mode]
    assert (difference < 1e-5) == (mode == "must_keep_origin_dtype")


def test_an_application_that_leaks_is_told_where(tmp_path: Path) -> None:
    program = tmp_path / "leak.py"
    program.write_text("import acl\nacl.init()\nacl.rt.set_device(0)\nacl.rt.malloc(8, 0)\nacl.rt.reset_device(0)\n")
    ran = command("--soc", "Ascend310", "--", "python", program)
    assert ran.returncode == 0
    assert "1 x Ascend310 simulated" in ran.stderr
    assert f"left behind at acl.rt.reset_device: 1 device memory, made at {program}:4" in ran.stderr


def test_refused_calls_are_told_on_request(tmp_path: Path) -> None:
    program = tmp_path / "early.py"
    program.write_text("import sys, acl\nsys.exit(acl.rt.set_device(0) == 100001 and len(sys.argv))\n")
    quiet = command("--", "python", program, "--soc")
    loud = command("--tell", "--", "python", program)
    assert (quiet.returncode, loud.returncode) == (2, 1)
    assert "returns 100001" not in quiet.stderr
    assert "acl simulator: acl.rt.set_device returns 100001: acl.init has not been called" in loud.stderr


def test_a_program_finds_the_command_atc(lenet: Path, tmp_path: Path) -> None:
    words = f"--model={lenet} --framework=5 --output={tmp_path / 'm'} --soc_version=Ascend310P3"
    ran = command("--", "sh", "-c", f"atc {words}; echo $?")
    assert ran.stdout.splitlines()[-2:] == ["ATC run success, welcome to the next use.", "0"]
    assert (tmp_path / "m.om").is_file()


def test_commands_that_cannot_be_meant(tmp_path: Path) -> None:
    result = mindferry("ascend", "simulate", "--", tmp_path / "no_such_program")
    assert result.code == 1 and result.err.endswith("no_such_program: there is no such program\n")
    result = mindferry("ascend", "simulate", "--soc", "Ascend31", "--", "python")
    assert result.code == 2 and "there is no Ascend processor 'Ascend31'" in result.err


def test_atc_as_json(lenet: Path, tmp_path: Path) -> None:
    words = ["--framework", "5", "--output", tmp_path / "m", "--soc_version", "Ascend310", "--input_shape=x:1,1,32,32"]
    result = mindferry("ascend", "atc", "--json", "--model", lenet, *words)
    data = json.loads(result.out)
    assert (result.code, data["exit_code"], data["report"]["precision"]) == (0, 0, "fp16")
    assert data["report"]["peak_bytes"] < data["report"]["naive_bytes"]
    result = mindferry("ascend", "atc", "--model", lenet, *words, "--mode=3", "--json")
    data = json.loads(result.out)
    assert (result.code, data["exit_code"], data["report"]) == (255, 255, None)
    assert data["lines"][-1].startswith("E10006: ")


def test_inspect_shows_what_was_compiled(lenet: Path, tmp_path: Path) -> None:
    made = tmp_path / "shown"
    words = ["--framework=5", f"--output={made}", "--soc_version=Ascend310", "--input_shape=x:-1,1,32,32"]
    assert mindferry("ascend", "atc", f"--model={lenet}", *words, "--dynamic_batch_size=1,4").code == 0
    result = mindferry("inspect", f"{made}.om")
    assert result.code == 0
    for text in (
        "Ascend offline model, written by the simulated ATC",
        "ascend_mbatch_shape_data",
        "Ascend310, simulated: only the simulator loads it",
        "Batch sizes    1, 4",
        "Gemm 3",
        "Command        atc --model=",
        "MODEL_INOUT_INFO",
        "it is compiled already",
    ):
        assert text in result.out
    data = json.loads(mindferry("inspect", f"{made}.om", "--json").out)
    assert data["compiled"]["batches"] == [1, 4] and data["compiled"]["simulated"] is True
