"""Which runtime opens which file, and requests that contradict themselves."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

import mindferry
from mindferry import runtimes, sessions
from mindferry.errors import BackendFailed, NoDevice, NotInstalled, OptionError
from mindferry.platforms import Machine
from mindferry.runtimes.base import DEVICES, Device, Runtime, Session, Source
from mindferry.tuning import choice
from mindferry.types import DType, TensorSpec
from runtimes import models

LENET = mindferry.demo.path("lenet5.mindir")
WEIGHTS = mindferry.demo.path("lenet5.ckpt")
RECORDED = Path(__file__).parent / "formats" / "ckpt" / "recorded"
IMAGE = np.random.default_rng(0).random((2, 1, 32, 32), np.float32)


def refusal(model: Path, **options: object) -> str:
    with pytest.raises(OptionError) as caught:
        mindferry.open(model, **options)
    return str(caught.value)


def test_mindir_checkpoint_and_onnx_give_the_same_answers(tmp_path: Path) -> None:
    mindferry.convert(LENET, tmp_path / "a.onnx")
    with (
        mindferry.open(LENET) as mindir,
        mindferry.open(WEIGHTS, graph=LENET) as checkpoint,
        mindferry.open(LENET, weights=WEIGHTS) as filled,
        mindferry.open(tmp_path / "a.onnx") as onnx,
    ):
        sessions = (mindir, checkpoint, filled, onnx)
        assert {session.runtime for session in sessions} == {"onnxruntime"}
        first, *others = [session.run(IMAGE)["output"] for session in sessions]
    for other in others:
        np.testing.assert_array_equal(first, other)


def test_complex_inputs_of_a_converted_model() -> None:
    goldens = (Path(__file__).parent / "ops" / "goldens").rglob("Transpose_*.npz")
    path, recorded = next(
        (path, arrays) for path in sorted(goldens) if (arrays := np.load(path))["x0"].dtype.kind == "c"
    )
    x, y = recorded["x0"], recorded["y0"]
    with mindferry.open(path.with_suffix(".mindir")) as session:
        assert session.inputs[0].shape == (*x.shape, 2)
        for feed in (x, np.ascontiguousarray(x)[..., None].view(x.real.dtype)):
            assert mindferry.verify(session, {"y": y}, feeds={"x": feed}, tolerance=0).passed


def test_an_encrypted_mindir() -> None:
    with mindferry.open(RECORDED / "gcm.mindir", key=b"0123456789abcdef") as session:
        assert session.run(np.ones((1, 3), np.float32))["output"].shape == (1, 2)


def test_shapes_and_opset_of_the_conversion_in_memory() -> None:
    with mindferry.open(LENET, input_shapes={"x": (5, 1, 32, 32)}, opset=13, level=0) as session:
        assert session.inputs[0].shape == (5, 1, 32, 32)


def test_a_checkpoint_needs_one_graph_or_network() -> None:
    text = f"{WEIGHTS}: is a checkpoint, which holds weights but no graph; give either its graph"
    assert refusal(WEIGHTS).startswith(text)
    assert refusal(WEIGHTS, graph=LENET, network="a:b").startswith(text)
    assert refusal(WEIGHTS, weights=WEIGHTS, graph=LENET).endswith("so other weights cannot be put into it")
    assert refusal(WEIGHTS, network="lenet.py:LeNet5") == (
        "network lenet.py:LeNet5 is exported in the shapes of its inputs: give input shapes, or choose the runtime "
        "mindspore, which runs the network itself"
    )
    assert refusal(WEIGHTS, graph=LENET, input_dtypes={"x": "float32"}).endswith(
        "element types of its inputs itself; give none"
    )
    assert refusal(WEIGHTS, graph=WEIGHTS).startswith(f"{WEIGHTS}: is a checkpoint, which holds weights but no graph")


def test_options_that_a_format_does_not_take(tmp_path: Path) -> None:
    path = models.identity(tmp_path / "a.onnx", TensorProto.FLOAT, [1])
    options = {
        "graph": LENET, "network": "a:b", "weights": WEIGHTS, "input_shapes": {"x": (1,)}, "input_dtypes": {},
        "key": b"0",
    }  # fmt: skip
    assert refusal(path, **options) == (
        f"{path}: is onnx, which does not take the option graph, network, input_dtypes, weights, input_shapes, key"
    )
    assert refusal(LENET, graph=LENET) == f"{LENET}: is mindir, which does not take the option graph"


def test_devices_and_runtimes_that_do_not_exist() -> None:
    assert refusal(LENET, device="tpu").startswith("there is no device 'tpu'")
    assert refusal(LENET, runtime="torch").startswith("there is no runtime 'torch'; choose ")


@pytest.mark.skipif(importlib.util.find_spec("mindspore") is not None, reason="MindSpore is installed")
def test_a_runtime_that_is_not_installed_says_how_to_get_it() -> None:
    for options in ({"runtime": "mindspore"}, {"device": "ascend910"}):
        with pytest.raises(NotInstalled, match=r"^MindSpore is not installed: pip install 'mindferry\[mindspore\]'$"):
            mindferry.open(LENET, **options)


def machine(**devices: tuple[str, ...]) -> Machine:
    return Machine(packages={}, **devices)


@pytest.mark.parametrize("found", [machine(), machine(gpus=("/dev/nvidia0",)), machine(npus=("/dev/davinci0",))])
def test_auto_takes_what_can_be_used_and_says_so(
    found: Machine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Machine, "here", lambda: found)
    with caplog.at_level("INFO", "mindferry"), mindferry.open(LENET, device="auto") as session:
        assert str(session.device) == "cpu"
        assert session.run(IMAGE)["output"].shape == (2, 10)
    *others, last = caplog.messages
    assert last == f"{LENET} runs with onnxruntime on cpu"
    assert [text.partition(":")[0] for text in others] == [
        f"{runtime} on {device} cannot be used"
        for device, runtime in sessions.DEFAULT_RUNTIMES.items()
        if (device == "gpu" and found.gpus) or (device.startswith("ascend") and found.npus)
    ][::-1]


class Answering(Session):
    """Gives its inputs back on any device."""

    def __init__(self, runtime: str, device: Device, failure: Exception | None = None) -> None:
        super().__init__(runtime, device, (TensorSpec("x", DType.FLOAT32, ("n",)),), ())
        self.calls, self.failure = 0, failure

    def _run_impl(self, feeds: dict[str, Any]) -> dict[str, Any]:
        if self.failure:
            raise self.failure
        self.calls += 1
        return feeds

    def _close_impl(self) -> None:
        """There is nothing to release."""


class Everywhere(Runtime):
    """A runtime that runs on every device."""

    name, formats, devices, options = "everywhere", ("onnx",), DEVICES, SimpleNamespace
    failure: Exception | None = None

    def _prepare_impl(self, source: Source, device: Device, options: object) -> Session:
        return Answering(self.name, device, self.failure)

    def _settings(self, options: Mapping[str, Any]) -> object:
        return options


@pytest.fixture
def everywhere(monkeypatch: pytest.MonkeyPatch) -> Everywhere:
    """Stands for every runtime but onnxruntime, which is not installed."""
    runtime, found = Everywhere(), runtimes.get

    def get(name: str) -> Runtime:
        if name == "onnxruntime":
            raise NotInstalled("there is no onnxruntime")
        return runtime if name in ("mindspore", "openvino") else found(name)

    monkeypatch.setattr(runtimes, "get", get)
    return runtime


def test_another_runtime_of_the_same_device_takes_over(everywhere: Everywhere) -> None:
    with mindferry.open(LENET) as session:
        assert (session.runtime, str(session.device)) == ("everywhere", "cpu")
    for options in ({"device": "gpu"}, {"runtime": "onnxruntime"}, {"options": {"threads": 1}}):
        with pytest.raises(NotInstalled, match=r"^there is no onnxruntime$"):
            mindferry.open(LENET, **options)


def test_auto_prefers_a_gpu_then_an_ascend_processor(everywhere: Everywhere, monkeypatch: pytest.MonkeyPatch) -> None:
    here = machine(gpus=("/dev/nvidia0",), npus=("/dev/davinci0",))
    monkeypatch.setattr(Machine, "here", lambda: here)
    assert str(mindferry.open(LENET, device="auto").device) == "ascend910"
    assert str(mindferry.open(LENET, device="auto", runtime="openvino").device) == "gpu"


def test_auto_without_a_device_for_the_runtime(everywhere: Everywhere, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(everywhere, "devices", ("ascend310",))
    with pytest.raises(NoDevice, match=r"^this machine has no device that openvino can use$"):
        mindferry.open(LENET, device="auto", runtime="openvino")


def test_a_session_is_warmed_up_before_it_is_returned(everywhere: Everywhere) -> None:
    assert mindferry.open(LENET, warm_up=3).calls == 3
    everywhere.failure = ValueError("no luck")
    with pytest.raises(BackendFailed, match=r"no luck$"):
        mindferry.open(LENET, warm_up=1)


def tuned(folder: Path, **chosen: Any) -> Path:
    """LeNet with a choice beside it."""
    model = folder / "lenet5.mindir"
    model.write_bytes(LENET.read_bytes())
    choice.save(model, choice.Choice(**{"device": "cpu", **chosen}), date="", request={}, evidence=[])
    return model


def test_auto_runs_a_model_as_it_was_tuned(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    model = tuned(tmp_path, runtime="openvino", options={"threads": 1})
    with caplog.at_level("INFO", "mindferry"), mindferry.open(model, device="auto") as session:
        assert (session.runtime, str(session.device)) == ("openvino", "cpu")
        assert session.run(IMAGE)["output"].shape == (2, 10)
    assert caplog.messages == [f"{model} runs as it was tuned: openvino on cpu"]


def test_a_choice_is_for_auto_and_the_model_as_it_is(tmp_path: Path) -> None:
    model = tuned(tmp_path, runtime="openvino")
    requests: tuple[dict[str, Any], ...] = (
        {}, {"device": "auto", "runtime": "onnxruntime"}, {"device": "auto", "options": {"threads": 1}},
        {"device": "auto", "weights": WEIGHTS}, {"device": "auto", "input_shapes": {"x": (1, 1, 32, 32)}},
    )  # fmt: skip
    for request in requests:
        with mindferry.open(model, **request) as session:
            assert session.runtime == "onnxruntime", request


def test_a_choice_for_another_model_is_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    model = tuned(tmp_path, runtime="openvino")
    mindferry.convert(LENET, tmp_path / "lenet5.onnx")
    with mindferry.open(tmp_path / "lenet5.onnx", device="auto") as session:
        assert session.runtime == "onnxruntime"
    assert f"{choice.path_for(model)} is not used: the model has changed since" in caplog.text
