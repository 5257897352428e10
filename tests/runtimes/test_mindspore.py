"""MindSpore as a runtime; needs MindSpore."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

import mindferry
from mindferry.errors import BackendFailed, BadFeed, ConvertError, FormatError, NoDevice, OptionError, RunError
from mindferry.types import DType, TensorSpec

pytestmark = pytest.mark.mindspore

ROOT = Path(__file__).parents[2]
NETWORK = f"{ROOT / 'examples' / 'digits' / 'lenet.py'}:LeNet5"
GRAPH, WEIGHTS = mindferry.demo.path("lenet5.mindir"), mindferry.demo.path("lenet5.ckpt")
GOLDENS = ROOT / "tests" / "ops" / "goldens"
RECORDED = ROOT / "tests" / "formats" / "ckpt" / "recorded"
IMAGES = np.load(mindferry.demo.path("test.npz"))["x"]
LOGITS = np.load(mindferry.demo.path("test.npz"))["logits"]


@pytest.mark.parametrize(
    "source",
    [
        {"model": WEIGHTS, "network": NETWORK},
        {"model": GRAPH},
        {"model": WEIGHTS, "graph": GRAPH},
        {"model": GRAPH, "weights": WEIGHTS},
    ],
)
def test_every_source_gives_the_recorded_answers(source: dict[str, object]) -> None:
    with mindferry.open(**source, runtime="mindspore") as session:
        assert mindferry.verify(session, {"y": LOGITS}, feeds={"x": IMAGES}, tolerance=1e-6).passed


def test_a_network_runs_step_by_step_too() -> None:
    with mindferry.open(WEIGHTS, network=NETWORK, runtime="mindspore", options={"mode": "pynative"}) as session:
        np.testing.assert_allclose(session.run(IMAGES[:2])["output"], LOGITS[:2], atol=1e-4)


@pytest.mark.parametrize("level", ["O1", "O2", "auto"])
def test_a_network_in_mixed_precision(level: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options = {"amp": level, "jit_level": "O1"}
    with mindferry.open(WEIGHTS, network=NETWORK, runtime="mindspore", options=options) as session:
        error = np.abs(session.run(IMAGES[:2])["output"] - LOGITS[:2]).max()
    assert 1e-4 < error < 0.1
    assert not list(tmp_path.iterdir())


def test_inputs_and_outputs_of_a_graph_and_of_a_network() -> None:
    with mindferry.open(GRAPH, runtime="mindspore") as session:
        assert session.inputs == (TensorSpec("x", DType.FLOAT32, (None, 1, 32, 32)),)
        assert session.outputs == (TensorSpec("output", DType.FLOAT32, (None, 10)),)
        with pytest.raises(BadFeed, match=r"x is float64, the model takes float32"):
            session.run(IMAGES.astype(np.float64))
    with mindferry.open(WEIGHTS, network=NETWORK, runtime="mindspore") as session:
        assert session.inputs == (TensorSpec("x", None, None),)
        assert session.outputs == ()


@pytest.mark.parametrize("case", ["TopK_0", "Split_0", "ArgMaxWithValue_0", "Cast_0"])
def test_nested_and_typed_outputs_are_those_recorded(case: str) -> None:
    path = next(GOLDENS.rglob(f"{case}.mindir"))
    with np.load(path.with_suffix(".npz")) as recorded, mindferry.open(path, runtime="mindspore") as session:
        feeds = [recorded[name] for name in sorted(recorded.files) if name.startswith("x")]
        wanted = [recorded[name] for name in sorted(recorded.files) if name.startswith("y")]
        found = session.run(*feeds[: len(session.inputs)])
        assert len(found) == len(wanted)
        assert list(found) == [spec.name for spec in session.outputs]
        for one, other in zip(found.values(), wanted, strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_allclose(one, other, rtol=1e-5)


def test_encrypted_graphs() -> None:
    path, key = RECORDED / "gcm.mindir", b"0123456789abcdef"
    with mindferry.open(path, runtime="mindspore", key=key) as reference, mindferry.open(path, key=key) as session:
        feeds = {session.inputs[0].name: np.ones((1, 3), np.float32)}
        assert mindferry.verify(session, reference, feeds=feeds, tolerance=1e-6).passed
    with pytest.raises(FormatError, match=r"the file is encrypted; give its key"):
        mindferry.open(path, runtime="mindspore")


def test_threads_take_turns() -> None:
    wrong: list[int] = []
    with mindferry.open(GRAPH, runtime="mindspore") as session:
        session.run(IMAGES[:1])

        def work(index: int) -> None:
            found = session.run(IMAGES[index : index + 1])["output"]
            wrong.extend([] if np.allclose(found, LOGITS[index : index + 1], atol=1e-4) else [index])

        threads = [threading.Thread(target=work, args=(index,)) for index in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []
    with pytest.raises(RunError, match=r"this mindspore session is closed"):
        session.run(IMAGES[:1])


def test_a_checkpoint_that_does_not_fit_the_graph() -> None:
    with pytest.raises(ConvertError, match=r"momentum\.ckpt does not fit the model: missing: conv1\.weight"):
        mindferry.open(RECORDED / "momentum.ckpt", graph=GRAPH, runtime="mindspore")


@pytest.mark.parametrize(("device", "target"), [("gpu", "GPU"), ("ascend910", "Ascend")])
def test_devices_that_are_not_there(device: str, target: str) -> None:
    with pytest.raises(
        NoDevice, match=rf"^MindSpore .* finds no {target} here: install its {target} build and the driver"
    ):
        mindferry.open(GRAPH, runtime="mindspore", device=device)


def test_requests_that_cannot_be_meant() -> None:
    with pytest.raises(OptionError, match=r"^mindspore has no device ascend310; it has cpu, gpu, ascend910$"):
        mindferry.open(GRAPH, runtime="mindspore", device="ascend310")
    with pytest.raises(OptionError, match=r"^there is no mode 'fast'; choose graph, pynative$"):
        mindferry.open(GRAPH, runtime="mindspore", options={"mode": "fast"})
    with pytest.raises(OptionError, match=r"^MindSpore runs MindIR in graph mode only$"):
        mindferry.open(GRAPH, runtime="mindspore", options={"mode": "pynative"})
    with pytest.raises(OptionError, match=r"^MindSpore runs a model in the shapes and element types that it has"):
        mindferry.open(GRAPH, runtime="mindspore", input_shapes={"x": (1, 1, 32, 32)})


def test_onnx_is_not_for_mindspore(tmp_path: Path) -> None:
    mindferry.convert(GRAPH, tmp_path / "a.onnx")
    with pytest.raises(OptionError, match=r"^mindspore does not take onnx files; it takes mindir, ckpt, safetensors$"):
        mindferry.open(tmp_path / "a.onnx", runtime="mindspore")


def test_a_run_that_fails_is_told() -> None:
    with (
        mindferry.open(WEIGHTS, network=NETWORK, runtime="mindspore") as session,
        pytest.raises(BackendFailed, match=r"^mindspore failed on cpu: "),
    ):
        session.run(np.zeros((1, 1, 3, 3), np.float32))
