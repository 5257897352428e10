"""Which runtime opens which file, and requests that contradict themselves."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto

import mindferry
from mindferry.errors import NotInstalled, OptionError
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
        "a network is a MindSpore Cell: choose the runtime mindspore, or export it first"
    )
    assert refusal(WEIGHTS, graph=WEIGHTS).startswith(f"{WEIGHTS}: is a checkpoint, which holds weights but no graph")


def test_options_that_a_format_does_not_take(tmp_path: Path) -> None:
    path = models.identity(tmp_path / "a.onnx", TensorProto.FLOAT, [1])
    options = {"graph": LENET, "network": "a:b", "weights": WEIGHTS, "input_shapes": {"x": (1,)}, "key": b"0"}
    assert refusal(path, **options) == (
        f"{path}: is onnx, which does not take the option graph, network, weights, input_shapes, key"
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
