"""The doctor on machines of every kind, and probes that crash, hang and answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import command_line
from mindferry import doctor, probing
from mindferry.doctor import Problem, diagnose
from mindferry.platforms import Machine
from mindferry.probing import ABSENT, FAILS, WORKS, Probe

CPU = {"onnxruntime": "1.32.0", "numpy": "2.4.1"}


def answers(**states: str) -> Callable[[str, str], Probe]:
    """Probes that answer by device: works unless it is said otherwise."""
    return lambda runtime, device: Probe(runtime, device, states.get(device, WORKS))


def conflicts(packages: dict[str, str], libraries: tuple[str, ...] = (), **more: tuple[str, ...]) -> list[Problem]:
    return list(doctor.conflicts(Machine(packages, **more), libraries))


def test_a_machine_on_which_nothing_is_wrong() -> None:
    found = diagnose(Machine(CPU), run=answers(gpu=ABSENT, ascend310=ABSENT), libraries=())
    assert found.fine
    assert [(probe.runtime, probe.device) for probe in found.probes] == [
        ("onnxruntime", "cpu"), ("onnxruntime", "gpu"), ("onnxruntime", "ascend310"),
    ]  # fmt: skip
    assert list(found.packages.items()) == [("numpy", "2.4.1"), ("onnxruntime", "1.32.0")]
    assert found.hardware == {"GPU": "none", "Ascend": "none"}


def test_a_machine_without_a_runtime() -> None:
    found = diagnose(Machine({"numpy": "2.4.1"}), run=answers(), libraries=())
    assert found.probes == ()
    assert found.problems == (
        Problem("no runtime is installed, so no model can be run", "pip install 'mindferry[cpu]'"),
    )


@pytest.mark.parametrize(
    ("hardware", "wanted"),
    [({}, "mindferry[cpu]"), ({"gpus": ("/dev/nvidia0",)}, "mindferry[gpu]")],
)
def test_two_distributions_of_onnx_runtime(hardware: dict[str, tuple[str, ...]], wanted: str) -> None:
    packages = {**CPU, "onnxruntime-gpu": "1.31.1"}
    assert conflicts(packages, ("cudart", "cudnn"), **hardware) == [
        Problem(
            "onnxruntime 1.32.0 and onnxruntime-gpu 1.31.1 write the same folder, so that only the last one that was "
            "installed is whole",
            f"pip uninstall -y onnxruntime onnxruntime-gpu && pip install '{wanted}'",
        )
    ]


def test_numpy_2_beside_mindspore() -> None:
    assert conflicts({"mindspore": "2.10.0", "numpy": "2.4.1"}) == [
        Problem("MindSpore 2.10.0 does not support numpy 2.4.1", "pip install 'numpy<2' 'ml_dtypes<0.6'")
    ]
    assert conflicts({"mindspore": "2.10.0", "numpy": "1.26.4"}) == []


@pytest.mark.parametrize(("version", "problems"), [("11.4.0", 1), ("10.16.1", 0)])
def test_tensorrt_11_beside_an_onnx_runtime_that_wants_10(version: str, problems: int) -> None:
    found = conflicts({"onnxruntime-gpu": "1.31.1", "tensorrt-cu13": version}, ("cudart", "cudnn"))
    assert len(found) == problems
    assert conflicts({"onnxruntime": "1.31.1", "tensorrt-cu13": version}) == []
    if found:
        assert found[0].text == (
            "the TensorRT provider of onnxruntime-gpu 1.31.1 needs TensorRT 10, but tensorrt-cu13 11.4.0 is installed"
        )
        assert found[0].cure == "pip uninstall -y tensorrt-cu13 && pip install 'tensorrt-cu13>=10.13,<11'"


def test_onnxruntime_gpu_without_cuda() -> None:
    packages = {"onnxruntime-gpu": "1.31.1"}
    (found,) = conflicts(packages)
    assert "finds no CUDA libraries (cudart, cudnn) and would run on the CPU" in found.text
    assert found.cure == "pip install 'onnxruntime-gpu[cuda,cudnn]'"
    assert "(cudnn)" in conflicts(packages, ("cudart",))[0].text
    assert conflicts({**packages, "nvidia-cuda-runtime": "13.0", "nvidia-cudnn-cu13": "9.1"}) == []


def test_a_runtime_that_fails_is_a_problem_and_one_that_is_absent_is_none() -> None:
    found = diagnose(Machine(CPU), run=answers(cpu=FAILS, gpu=ABSENT, ascend310=ABSENT), libraries=())
    assert [problem.cure for problem in found.problems] == ["pip install --force-reinstall onnxruntime"]
    assert found.problems[0].text.startswith("onnxruntime fails on cpu")


def test_a_gpu_that_is_there_and_cannot_be_used_is_a_problem() -> None:
    machine = Machine({"onnxruntime-gpu": "1.31.1"}, gpus=("/dev/nvidia0",))
    found = diagnose(machine, run=answers(gpu=ABSENT, ascend310=ABSENT), libraries=("cudart", "cudnn"))
    assert [problem.text for problem in found.problems] == ["onnxruntime cannot use gpu, which is there: "]
    intel = Machine({"openvino": "2026.4.1"}, gpus=("/dev/nvidia0",))
    assert diagnose(intel, run=answers(gpu=ABSENT), libraries=()).fine, "OpenVINO's GPU is another one"
    other = Machine(CPU, gpus=("/dev/nvidia0",))

    def lacks(runtime: str, device: str) -> Probe:
        return Probe(runtime, device, WORKS if device == "cpu" else ABSENT, "no provider", installable=True)

    assert diagnose(other, run=lacks, libraries=()).fine


def test_a_real_probe_answers() -> None:
    found = probing.run("onnxruntime", "cpu")
    assert (found.state, found.text) == (WORKS, "")
    absent = probing.run("onnxruntime", "gpu")
    assert (absent.state, absent.installable) == (ABSENT, True)
    assert "CUDAExecutionProvider" in absent.text


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "ended by SIGSEGV"),
        ("import sys; sys.exit('no such symbol')", "ended with exit code 1: no such symbol"),
        ("import time; time.sleep(60)", "no answer within 2 seconds"),
        (
            "raise ImportError('libgone.so: no such file')",
            "the runtime openvino cannot be imported (libgone.so: no such file)",
        ),
    ],
)
def test_probes_that_crash_or_hang(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, text: str) -> None:
    (tmp_path / "openvino.py").write_text(script)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = probing.run("openvino", "cpu", seconds=2 if "sleep" in script else 120)
    assert text in found.text
    assert found.state == FAILS


def test_what_is_done_is_told() -> None:
    steps: list[tuple[int, int]] = []
    diagnose(Machine(CPU), run=answers(), libraries=(), progress=lambda done, of: steps.append((done, of)))
    assert steps == [(1, 3), (2, 3), (3, 3)]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes the command see another machine."""

    def put(packages: dict[str, str], run: Callable[[str, str], Probe]) -> None:
        real = doctor.diagnose
        found = Machine(packages)
        monkeypatch.setattr(doctor, "diagnose", lambda progress=None: real(found, run=run, libraries=()))

    return put


def test_the_command_on_a_machine_on_which_nothing_is_wrong(machine: Callable[..., None]) -> None:
    machine(CPU, answers(gpu=ABSENT, ascend310=ABSENT))
    shown = command_line.mindferry("doctor")
    assert shown.code == 0
    assert "nothing is wrong" in shown.out
    assert "no NVIDIA GPU here" in shown.out
    assert command_line.mindferry("doctor", "--json").data["fine"] is True


def test_the_command_on_a_machine_on_which_something_is_wrong(machine: Callable[..., None]) -> None:
    machine({**CPU, "onnxruntime-gpu": "1.31.1"}, answers(cpu=FAILS))
    shown = command_line.mindferry("doctor")
    assert shown.code == 1
    assert "3 problems" in shown.out
    assert "pip uninstall -y onnxruntime onnxruntime-gpu && pip install 'mindferry[cpu]'" in shown.out
    found = command_line.mindferry("doctor", "--json")
    assert found.code == 1
    assert [set(problem) for problem in json.loads(found.out)["problems"]] == [{"text", "cure"}] * 3
