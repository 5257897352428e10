"""The table of platforms on machines of every kind."""

from __future__ import annotations

from mindferry import platforms
from mindferry.platforms import Machine, Row, table
from mindferry.runtimes import NAMES
from mindferry.runtimes.base import DEVICES

BARE = Machine({})


def ready(machine: Machine) -> list[tuple[str, str]]:
    return [(row.hardware, status.way.name) for row in table(machine) for status in row.ways if status.ready]


def row(machine: Machine, hardware: str, model_file: str) -> Row:
    return next(row for row in table(machine) if (row.hardware, row.model_file) == (hardware, model_file))


def test_the_rows_are_those_of_the_mission() -> None:
    assert [(row.hardware, row.model_file) for row in table(BARE)] == [
        ("Ascend 910", "checkpoint"),
        ("Ascend 310", "ONNX or AIR -> OM"),
        ("GPU", "checkpoint"),
        ("GPU", "ONNX"),
        ("CPU", "checkpoint"),
        ("CPU", "ONNX"),
    ]


def test_a_bare_machine_is_told_what_to_install() -> None:
    assert ready(BARE) == []
    assert all(status.missing for row in table(BARE) for status in row.ways)
    assert row(BARE, "CPU", "ONNX").ways[0].missing == ("pip install 'mindferry[cpu]'",)
    assert row(BARE, "Ascend 910", "checkpoint").ways[0].missing == (
        "pip install 'mindferry[mindspore]'",
        "an Ascend processor with its driver and CANN",
    )


def test_a_cpu_with_everything() -> None:
    machine = Machine({"onnxruntime": "1.32.0", "openvino": "2026.4.1", "mindspore": "2.10.0", "numpy": "1.26.4"})
    assert [name for hardware, name in ready(machine)] == [
        "MindSpore", "ONNX Runtime, converted in memory with the network's MindIR", "OpenVINO, converted likewise",
        "ONNX Runtime", "OpenVINO",
    ]  # fmt: skip
    assert row(machine, "CPU", "checkpoint").ways[0].found == ("mindspore 2.10.0",)


def test_mindspore_beside_numpy_2_is_not_ready() -> None:
    machine = Machine({"mindspore": "2.10.0", "numpy": "2.4.1"})
    assert ready(machine) == []
    assert platforms.conflict("2.11.0", "2.4.1") == ""


def test_a_gpu_without_its_packages_and_packages_without_a_gpu() -> None:
    packages = {"onnxruntime-gpu": "1.31.1", "tensorrt-rtx-cu12": "1.7.1"}
    assert ready(Machine(packages))[0][0] == "CPU"
    assert ready(Machine({}, gpus=("/dev/nvidia0",))) == []
    found = ready(Machine(packages, gpus=("/dev/nvidia0",)))
    assert ("GPU", "TensorRT") in found
    assert ("GPU", "ONNX Runtime with CUDA") in found
    assert ("GPU", "ONNX Runtime with TensorRT") not in found, "TensorRT-RTX is not the library that it needs"
    both = {**packages, "tensorrt-cu13": "10.16.1"}
    assert ("GPU", "ONNX Runtime with TensorRT") in ready(Machine(both, gpus=("/dev/nvidia0",)))
    newer = {**packages, "tensorrt-cu13": "11.4.0"}
    assert ("GPU", "ONNX Runtime with TensorRT") not in ready(Machine(newer, gpus=("/dev/nvidia0",)))


def test_an_ascend_machine() -> None:
    machine = Machine({"mindspore": "2.10.0", "numpy": "1.26.4"}, npus=("/dev/davinci0",), commands=("atc",))
    assert ready(machine)[:2] == [("Ascend 910", "MindSpore"), ("Ascend 310", "ATC, then ACL")]


def test_what_was_never_run_on_hardware_says_so() -> None:
    notes = {(row.hardware, status.way.name): status.note for row in table(BARE) for status in row.ways}
    assert {hardware for (hardware, _), note in notes.items() if note == "not yet run on hardware"} == {
        "Ascend 910", "Ascend 310", "GPU",
    }  # fmt: skip
    assert notes["Ascend 310", "ATC, then ACL"] == "simulated here; not yet run on hardware"
    assert {note for (hardware, _), note in notes.items() if hardware == "CPU"} == {""}


def test_ways_name_runtimes_and_devices_that_exist() -> None:
    for row in table(BARE):
        for status in row.ways:
            assert status.way.runtime in ("", *NAMES)
            assert status.way.device in ("", *DEVICES)


def test_this_machine_is_described_without_importing_anything() -> None:
    machine = Machine.here()
    assert machine.packages["numpy"]
    assert table()[0].as_dict()["hardware"] == "Ascend 910"
