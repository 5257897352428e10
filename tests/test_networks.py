"""MindSpore networks: found by name, filled, exported. All but the first tests need MindSpore."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import numpy as np
import pytest

import mindferry
from mindferry import networks
from mindferry.errors import BackendFailed, ConvertError, FileProblem, FormatError, NotInstalled, OptionError

ROOT = Path(__file__).parents[1]
LENET = f"{ROOT / 'examples' / 'digits' / 'lenet.py'}:LeNet5"
WEIGHTS = mindferry.demo.path("lenet5.ckpt")
RECORDED = Path(__file__).parent / "formats" / "ckpt" / "recorded"
IMAGE = np.random.default_rng(0).random((2, 1, 32, 32), np.float32)

CELLS = """
from mindspore import Parameter, Tensor, nn, ops
import helper

class Dense(nn.Cell):
    def __init__(self):
        super().__init__()
        self.weight = Parameter(Tensor([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]), name="weight")
        self.bias = Parameter(Tensor([0.0, 0.0]), name="bias")

    def construct(self, x, scale, shift=0.0):
        return ops.matmul(x, self.weight.T) * scale + self.bias + shift, x

def broken():
    raise RuntimeError("no luck")
"""


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    path = tmp_path / "cells.py"
    path.write_text(CELLS)
    (tmp_path / "helper.py").write_text("")
    return path


def test_mindspore_beside_numpy_2_is_refused_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "2.10.0")
    monkeypatch.setattr(networks.np, "__version__", "2.4.1")
    with pytest.raises(NotInstalled) as caught:
        networks.library()
    assert str(caught.value) == "MindSpore 2.10.0 does not support numpy 2.4.1: pip install 'numpy<2' 'ml_dtypes<0.6'"


def test_targets_are_checked_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"a\.air: a network is exported as \.mindir or \.onnx, not as '\.air'$"):
        mindferry.export(LENET, tmp_path / "a.air", input_shapes={})
    with pytest.raises(FileProblem, match=r"there is no folder"):
        mindferry.export(LENET, tmp_path / "none" / "a.onnx", input_shapes={})
    with pytest.raises(OptionError, match=r"^a key was given, but no weights that it could open$"):
        mindferry.export(LENET, tmp_path / "a.onnx", input_shapes={}, key=b"0123456789abcdef")


needs_mindspore = pytest.mark.mindspore


@needs_mindspore
@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        ("lenet", OptionError, "network 'lenet' is not of the form file.py:Class, module:callable or mindcv:model"),
        ("none.py:Net", FileProblem, "none.py: no such file"),
        ("no_such_module:Net", OptionError, "there is no module no_such_module"),
        ("json:nothing", OptionError, "network json:nothing: there is nothing to call named 'nothing'"),
        (
            "collections:OrderedDict",
            OptionError,
            "network collections:OrderedDict makes a OrderedDict, not a mindspore.nn.Cell",
        ),
        ("mindcv:nothing", OptionError, "mindcv has no model 'nothing'"),
    ],
)
def test_names_that_lead_nowhere(name: str, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind) as caught:
        networks.load(name)
    assert str(caught.value) == text


@needs_mindspore
def test_a_network_that_fails(cells: Path) -> None:
    with pytest.raises(BackendFailed, match=r":broken cannot be made: RuntimeError: no luck$"):
        networks.load(f"{cells}:broken")


@needs_mindspore
def test_a_module_and_mindcv() -> None:
    assert not networks.load("mindcv:squeezenet1_1").training
    assert networks.load("mindcv.models:squeezenet1_1").parameters_dict()


@needs_mindspore
def test_training_state_is_left_out_of_a_network(cells: Path) -> None:
    cell = networks.load(f"{cells}:Dense")
    state = networks.fill(cell, RECORDED / "momentum.ckpt")
    assert state == ("global_step", "learning_rate", "momentum", "moments.weight", "moments.bias")
    expected = mindferry.load(RECORDED / "momentum.ckpt")["bias"].numpy()
    np.testing.assert_array_equal(cell.bias.asnumpy(), expected)


@needs_mindspore
def test_a_checkpoint_that_does_not_fit(cells: Path) -> None:
    with pytest.raises(ConvertError, match=r"missing: weight, bias; not in the model: conv1\.weight"):
        networks.fill(networks.load(f"{cells}:Dense"), WEIGHTS)
    with pytest.raises(FormatError, match=r"gcm\.ckpt: the file is encrypted; give its key"):
        networks.fill(networks.load(f"{cells}:Dense"), RECORDED / "gcm.ckpt")
    with pytest.raises(ConvertError, match=r"missing: weight, bias; not in the model: w$"):
        networks.fill(networks.load(f"{cells}:Dense"), RECORDED / "sm4.ckpt", key=b"0123456789abcdef")


@needs_mindspore
def test_export_to_mindir_and_onnx(tmp_path: Path) -> None:
    shapes = {"x": ("batch", 1, 32, 32)}
    assert mindferry.export(LENET, tmp_path / "a.mindir", weights=WEIGHTS, input_shapes=shapes) is None
    report = mindferry.export(LENET, tmp_path / "a.onnx", weights=WEIGHTS, input_shapes=shapes, opset=17)
    assert report is not None
    assert report.opset == 17
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mindir", "a.onnx"]
    assert (tmp_path / "a.mindir").stat().st_mode & 0o200
    with (
        mindferry.open(WEIGHTS, network=LENET, runtime="mindspore") as reference,
        mindferry.open(tmp_path / "a.mindir") as mindir,
        mindferry.open(tmp_path / "a.onnx") as onnx,
    ):
        assert onnx.inputs[0].shape == ("batch", 1, 32, 32)
        for session in (mindir, onnx):
            assert mindferry.verify(session, reference, feeds={"x": IMAGE}, tolerance=1e-5).passed


@needs_mindspore
def test_inputs_of_an_exported_network(cells: Path, tmp_path: Path) -> None:
    network, target = f"{cells}:Dense", tmp_path / "a.onnx"
    with pytest.raises(OptionError) as caught:
        mindferry.export(network, target, input_shapes={"x": (1, 3), "y": (1,)})
    assert str(caught.value) == "no shape for scale; no argument y; the network's inputs are x, scale, shift"
    with pytest.raises(OptionError, match=r"input x: there is no element type 'float8'; choose bool, int8, "):
        mindferry.export(network, target, input_shapes={"x": (1, 3), "scale": ()}, input_dtypes={"x": "float8"})
    mindferry.export(network, target, input_shapes={"x": (2, 3), "scale": ()}, weights=RECORDED / "momentum.ckpt")
    with mindferry.open(target) as session:
        assert [spec.name for spec in session.inputs] == ["x", "scale"]
        found = session.run(np.ones((2, 3), np.float32), 2)
    assert [array.shape for array in found.values()] == [(2, 2), (2, 3)]


@needs_mindspore
def test_a_network_that_mindspore_cannot_export(cells: Path, tmp_path: Path) -> None:
    with pytest.raises(BackendFailed, match=r"^MindSpore cannot export the network: "):
        mindferry.export(f"{cells}:Dense", tmp_path / "a.onnx", input_shapes={"x": (2, 5), "scale": ()})
    assert not list(tmp_path.glob("*.onnx"))


@needs_mindspore
def test_a_checkpoint_in_its_network_runs_on_other_runtimes() -> None:
    shapes = {"x": ("batch", 1, 32, 32)}
    with (
        mindferry.open(WEIGHTS, network=LENET, runtime="mindspore") as reference,
        mindferry.open(WEIGHTS, network=LENET, input_shapes=shapes) as session,
    ):
        assert session.runtime == "onnxruntime"
        assert session.inputs[0].shape == ("batch", 1, 32, 32)
        assert mindferry.verify(session, reference, feeds={"x": IMAGE}, tolerance=1e-5).passed
    with pytest.raises(OptionError, match=r"no shape for x; no argument y"):
        mindferry.open(WEIGHTS, network=LENET, input_shapes={"y": (1, 1, 32, 32)})


@needs_mindspore
def test_element_types_of_a_network_for_other_runtimes(cells: Path) -> None:
    checkpoint, shapes = RECORDED / "momentum.ckpt", {"x": (2, 3), "scale": ()}
    dtypes = {"scale": "int32"}
    with (
        mindferry.open(checkpoint, network=f"{cells}:Dense", runtime="mindspore") as reference,
        mindferry.open(checkpoint, network=f"{cells}:Dense", input_shapes=shapes, input_dtypes=dtypes) as session,
    ):
        assert [str(spec) for spec in session.inputs] == ["x: float32[2, 3]", "scale: int32[]"]
        feeds = {"x": np.ones((2, 3), np.float32), "scale": np.int32(2)}
        assert mindferry.verify(session, reference, feeds=feeds, tolerance=1e-5).passed
