"""Model files to ONNX: names, shapes, weights, keys, and options that cannot be meant."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

import mindferry
from mindferry.errors import ConvertError, FileProblem, FormatError, OpsetTooLow, OptionError
from mindferry.graph import Model

LENET = mindferry.demo.path("lenet5.mindir")
WEIGHTS = mindferry.demo.path("lenet5.ckpt")
RECORDED = Path(__file__).parent / "formats" / "ckpt" / "recorded"
KEY = b"0123456789abcdef"


def refusal(kind: type[Exception], *arguments: object, **options: object) -> str:
    with pytest.raises(kind) as caught:
        mindferry.convert(*arguments, **options)
    return str(caught.value)


def ports(path: Path) -> tuple[list[str], list[str]]:
    graph = onnx.load(path).graph
    return [item.name for item in graph.input], [item.name for item in graph.output]


def test_every_format_is_loaded_by_its_content() -> None:
    assert isinstance(mindferry.load(LENET), Model)
    assert mindferry.load(WEIGHTS)["conv1.bias"].shape == (6,)
    assert mindferry.load(RECORDED / "types.safetensors")["scalar"].numpy() == 2.5
    assert mindferry.load(RECORDED / "gcm.mindir", key=KEY).main.nodes


def test_the_result_says_where_it_comes_from(tmp_path: Path) -> None:
    report = mindferry.convert(LENET, tmp_path / "a.onnx")
    model = onnx.load(tmp_path / "a.onnx")
    assert model.producer_name.startswith("MindFerry")
    assert "2.10" in model.producer_name
    assert (report.opset, model.opset_import[0].version) == (18, 18)
    assert dict(report.operators) == {
        name: [node.op_type for node in model.graph.node].count(name)
        for name in {node.op_type for node in model.graph.node}
    }


@pytest.mark.parametrize("level", [0, 1])
def test_levels_of_optimisation_give_the_same_answers(tmp_path: Path, level: int) -> None:
    mindferry.convert(LENET, tmp_path / "a.onnx", level=level)
    recorded = mindferry.demo.path("test.npz")
    assert mindferry.verify(tmp_path / "a.onnx", recorded, feeds=recorded, outputs=["logits"], tolerance=1e-5).passed


def test_inputs_and_outputs_get_new_names(tmp_path: Path) -> None:
    mindferry.convert(LENET, tmp_path / "a.onnx", input_names=["image"], output_names=["logits"])
    assert ports(tmp_path / "a.onnx") == (["image"], ["logits"])
    with mindferry.open(tmp_path / "a.onnx") as session:
        assert session.run({"image": np.zeros((1, 1, 32, 32), np.float32)})["logits"].shape == (1, 10)


@pytest.mark.parametrize("names", [[], ["a", "b"], [""]])
def test_names_must_be_as_many_as_the_inputs(tmp_path: Path, names: list[str]) -> None:
    text = refusal(OptionError, LENET, tmp_path / "a.onnx", input_names=names)
    assert text == f"1 different input names are needed, for x; got {', '.join(names) or 'none'}"


def test_names_must_be_free(tmp_path: Path) -> None:
    text = refusal(OptionError, LENET, tmp_path / "a.onnx", output_names=["conv1.weight"])
    assert text == "output names are taken by other values of the model: conv1.weight"
    text = refusal(OptionError, LENET, tmp_path / "a.onnx", input_names=["output"])
    assert text == "input names are taken by other values of the model: output"


def test_shapes_replace_the_recorded_ones(tmp_path: Path) -> None:
    mindferry.convert(LENET, tmp_path / "a.onnx", input_shapes={"x": ("images", 1, 32, 32)})
    with mindferry.open(tmp_path / "a.onnx") as session:
        assert session.inputs[0].shape == ("images", 1, 32, 32)
    mindferry.convert(LENET, tmp_path / "b.onnx", input_shapes={"x": (3, 1, 32, 32)})
    with mindferry.open(tmp_path / "b.onnx") as session:
        assert session.inputs[0].shape == (3, 1, 32, 32)
        assert session.outputs[0].shape == (3, 10)
    assert (
        refusal(OptionError, LENET, tmp_path / "c.onnx", input_shapes={"y": (1,)})
        == "the model has no input y; it has x"
    )
    assert not (tmp_path / "c.onnx").exists()


def test_shapes_that_the_network_cannot_take(tmp_path: Path) -> None:
    refusal(ConvertError, LENET, tmp_path / "a.onnx", input_shapes={"x": (1, 1, 28, 28)})
    assert list(tmp_path.iterdir()) == []


def test_training_state_is_a_warning(tmp_path: Path) -> None:
    report = mindferry.convert(
        RECORDED / "gcm.mindir", tmp_path / "a.onnx", weights=RECORDED / "momentum.ckpt", key=KEY
    )
    (warning,) = (text for text in report.warnings if "training state" in text)
    assert warning.endswith("is left out: global_step, learning_rate, momentum, moments.weight, moments.bias")


def test_a_key_is_for_whichever_file_is_encrypted(tmp_path: Path) -> None:
    text = refusal(FormatError, LENET, tmp_path / "a.onnx", weights=WEIGHTS, key=KEY)
    assert text == f"a key was given, but neither {LENET} nor {WEIGHTS} is encrypted"
    text = refusal(FormatError, LENET, tmp_path / "a.onnx", key=KEY)
    assert text == f"{LENET}: a key was given, but the file is not encrypted"
    text = refusal(FormatError, RECORDED / "gcm.mindir", tmp_path / "a.onnx")
    assert text == f"{RECORDED / 'gcm.mindir'}: the file is encrypted; give its key (at byte 0)"
    assert "gcm.ckpt does not fit the model" in refusal(
        ConvertError, LENET, tmp_path / "a.onnx", weights=RECORDED / "gcm.ckpt", key=KEY
    )


@pytest.mark.parametrize("opset", [0, 12, 24])
def test_opsets_that_are_not_supported(tmp_path: Path, opset: int) -> None:
    text = refusal(OptionError, LENET, tmp_path / "a.onnx", opset=opset)
    assert text == f"opset {opset} is not supported; choose 13 to 23"


@pytest.mark.parametrize("opset", range(13, 24))
def test_every_opset_in_between(tmp_path: Path, opset: int) -> None:
    try:
        mindferry.convert(LENET, tmp_path / "a.onnx", opset=opset)
    except OpsetTooLow:
        pytest.fail("LeNet needs no newer opset")
    assert onnx.load(tmp_path / "a.onnx").opset_import[0].version == opset


def test_targets_of_other_formats_are_refused_before_the_work(tmp_path: Path) -> None:
    for name, suffix in (("a.tflite", ".tflite"), ("a", "")):
        text = refusal(OptionError, "none.mindir", tmp_path / name)
        formats = ".onnx, .air, .om, .engine"
        assert text == f"{tmp_path / name}: the suffix '{suffix}' names no format that can be written; use {formats}"
    assert "there is no folder" in refusal(FileProblem, "none.mindir", tmp_path / "none" / "a.onnx")


def test_sources_without_a_graph(tmp_path: Path) -> None:
    assert "is a checkpoint, which holds weights but no graph" in refusal(OptionError, WEIGHTS, tmp_path / "a.onnx")
    mindferry.convert(LENET, tmp_path / "a.onnx")
    assert refusal(OptionError, tmp_path / "a.onnx", tmp_path / "b.onnx") == f"{tmp_path / 'a.onnx'}: is ONNX already"
    text = refusal(OptionError, LENET, tmp_path / "b.onnx", weights=LENET)
    assert text == f"{LENET}: holds a graph (mindir), but a checkpoint is wanted"


def test_compiled_files_are_no_sources(tmp_path: Path) -> None:
    engine = tmp_path / "a.engine"
    engine.write_bytes(b"ftrt" + bytes(100))
    text = refusal(OptionError, engine, tmp_path / "a.onnx")
    assert text == f"{engine}: is a TensorRT engine, which cannot be converted back; give the model it was made of"


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    source = Path(__file__).parent / "formats" / "versions" / "2.10.0" / "attention.mindir"
    mindferry.convert(source, tmp_path / "a.onnx", progress=lambda done, total: told.append((done, total)))
    assert all(0 < done <= total for done, total in told)
