"""ONNX Runtime on GPU and Ascend, on a double: providers, options and device numbers, and that no fallback is silent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

import mindferry
from mindferry.errors import BackendFailed, NoDevice, OptionError
from runtimes import models
from runtimes.fake_onnxruntime import CPU, Machine

CUDA, TENSORRT, CANN = "CUDAExecutionProvider", "TensorrtExecutionProvider", "CANNExecutionProvider"
EXACT = {"use_tf32": "0"}

Put = Callable[..., Machine]


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Put:
    """Puts a double in the place of ONNX Runtime's sessions; every provider is compiled in, as in the real packages."""

    def make(devices: dict[str, int], **more: Any) -> Machine:
        machine = Machine(devices, **more)
        monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [TENSORRT, CUDA, CANN, CPU])
        monkeypatch.setattr(onnxruntime, "InferenceSession", machine.session)
        return machine

    return make


@pytest.mark.parametrize(
    ("device", "options", "wanted"),
    [
        ("gpu", {}, [(CUDA, {"device_id": "0", **EXACT})]),
        ("gpu:1", {}, [(CUDA, {"device_id": "1", **EXACT})]),
        (
            "gpu:1",
            {"provider_options": {"cuda": {"use_tf32": 1, "gpu_mem_limit": 1 << 30}}},
            [(CUDA, {"device_id": "1", "use_tf32": "1", "gpu_mem_limit": "1073741824"})],
        ),
        (
            "gpu",
            {"providers": ["tensorrt", "cuda"], "provider_options": {"tensorrt": {"trt_fp16_enable": True}}},
            [(TENSORRT, {"device_id": "0", "trt_fp16_enable": "True"}), (CUDA, {"device_id": "0", **EXACT})],
        ),
        ("ascend310", {}, [(CANN, {"device_id": "0", "precision_mode": "must_keep_origin_dtype"})]),
        (
            "ascend310:2",
            {"provider_options": {"cann": {"precision_mode": "force_fp16"}}},
            [(CANN, {"device_id": "2", "precision_mode": "force_fp16"})],
        ),
    ],
)
def test_providers_get_device_and_precision(
    put: Put, device: str, options: dict[str, Any], wanted: list[tuple[str, dict[str, str]]]
) -> None:
    machine = put({CUDA: 2, TENSORRT: 2, CANN: 8})
    image = np.ones((1, 1, 32, 32), np.float32)
    with mindferry.open(
        mindferry.demo.path("lenet5.mindir"), device=device, runtime="onnxruntime", options=options
    ) as one:
        assert (one.runtime, str(one.device)) == ("onnxruntime", device)
        assert one.run(image)["output"].shape == (1, 10)
    assert machine.made == [wanted]


@pytest.mark.parametrize(
    ("devices", "device", "options", "text"),
    [
        ({}, "gpu:1", {}, rf"gpu:1 cannot be used: ONNX Runtime fell back to {CPU}; {CUDA} needs an NVIDIA driver"),
        (
            {CUDA: 1},
            "gpu",
            {"providers": ["tensorrt", "cuda"]},
            rf"gpu cannot be used: ONNX Runtime fell back to {CUDA}, {CPU}; {TENSORRT} needs an NVIDIA driver and",
        ),
        ({}, "ascend310", {}, rf"ascend310 cannot be used: ONNX Runtime fell back to {CPU}; {CANN} needs an Ascend"),
        ({CUDA: 2}, "gpu:2", {}, "gpu:2 is not there: .*invalid device ordinal"),
    ],
)
def test_a_silent_fallback_and_an_absent_device_are_caught(
    tmp_path: Path, put: Put, devices: dict[str, int], device: str, options: dict[str, Any], text: str
) -> None:
    put(devices)
    with pytest.raises(NoDevice, match=text):
        mindferry.open(models.add(tmp_path / "a.onnx"), device=device, runtime="onnxruntime", options=options)


def test_strict_sessions_leave_no_node_to_the_cpu(tmp_path: Path, put: Put) -> None:
    path = models.add(tmp_path / "a.onnx")
    put({CUDA: 1})
    with mindferry.open(path, device="gpu", runtime="onnxruntime", options={"strict": True}) as session:
        assert session.run([[1, 2]], [[3, 4]])["total"].tolist() == [[4, 6]]
    put({CUDA: 1}, only_cpu=["Add"])
    mindferry.open(path, device="gpu", runtime="onnxruntime").close()
    with pytest.raises(BackendFailed, match="nodes that are assigned to the default CPU EP"):
        mindferry.open(path, device="gpu", runtime="onnxruntime", options={"strict": True})


def test_options_of_a_provider_that_it_does_not_have(tmp_path: Path, put: Put) -> None:
    put({CUDA: 1})
    with pytest.raises(BackendFailed, match=r"Unknown provider option: \{'colour'\}"):
        mindferry.open(
            models.add(tmp_path / "a.onnx"), device="gpu", runtime="onnxruntime",
            options={"provider_options": {"cuda": {"colour": 1}}},
        )  # fmt: skip


def test_a_provider_of_another_device(tmp_path: Path, put: Put) -> None:
    machine = put({CUDA: 1})
    with pytest.raises(OptionError, match="provider cann does not run on gpu; choose cuda, tensorrt"):
        mindferry.open(models.add(tmp_path / "a.onnx"), device="gpu", options={"providers": ["cann"]})
    assert machine.made == []
