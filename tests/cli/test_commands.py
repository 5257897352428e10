"""What commands do with good input."""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from command_line import CHECKPOINT, MINDIR, TEST, mindferry, one_line
from mindferry import demo

DESCRIPTION = """
[input]
color = "GRAY"
resize = [32, 32]
scale = 0.00392156862745098
[output]
activation = "softmax"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def recorded() -> dict[str, np.ndarray]:
    with np.load(TEST) as file:
        return dict(file)


def _scans(folder: Path, images: np.ndarray) -> list[str]:
    """Test images as PNG files of 8 x 8 pixels times 4."""
    names = []
    for index, image in enumerate(images):
        names.append(f"scan_{index}.png")
        Image.fromarray((image[0] * 255).round().astype(np.uint8)).save(folder / names[-1])
    return names


def test_inspect_mindir() -> None:
    data = mindferry("inspect", MINDIR, "--json").data
    assert data["format"] == "mindir" and data["producer_version"] == "2.10.0"
    assert data["inputs"] == [{"name": "x", "dtype": "float32", "shape": [None, 1, 32, 32]}]
    assert data["outputs"] == [{"name": "output", "dtype": "float32", "shape": [None, 10]}]
    assert (data["parameters"], data["elements"], data["parameter_bytes"]) == (10, 61706, 246824)
    assert data["operators"]["Conv2D"] == 2
    assert data["conversion"] == {"possible": True, "lowest_opset": 13, "because": {}, "unsupported": []}


def test_inspect_reads_every_format(folder: Path) -> None:
    assert mindferry("convert", MINDIR, "lenet5.onnx").code == 0
    checkpoint, converted = (mindferry("inspect", path, "--json").data for path in (CHECKPOINT, "lenet5.onnx"))
    assert (checkpoint["format"], checkpoint["parameters"], checkpoint["elements"]) == ("ckpt", 10, 61706)
    assert "conversion" not in checkpoint
    assert converted["opsets"] == {"": 18} and converted["operators"]["Conv"] == 2
    assert converted["inputs"][0]["shape"][1:] == [1, 32, 32]
    shown = mindferry("inspect", CHECKPOINT).out
    assert "10 tensors, 61,706 elements, 247 kB (float32)" in shown and "--graph" in shown


def test_inspect_names_what_cannot_be_converted(monkeypatch: pytest.MonkeyPatch) -> None:
    from mindferry.lowering import catalogue

    known = {name: entry for name, entry in catalogue.read().items() if name != "Conv2D"}
    monkeypatch.setattr(catalogue, "read", lambda dialect: known)
    shown = mindferry("inspect", MINDIR).out
    assert "no, 1 primitive has no exact lowering" in shown
    assert "Conv2D  2 uses" in shown and "conv1-Conv2d" in shown and "conv2-Conv2d" in shown
    unsupported = mindferry("inspect", MINDIR, "--json").data["conversion"]["unsupported"]
    assert [(one["primitive"], one["count"], len(one["places"])) for one in unsupported] == [("Conv2D", 2, 2)]


def test_convert_reports_and_renames(folder: Path) -> None:
    result = mindferry(
        "convert", MINDIR, "out.onnx", "--opset", "20", "--input-shape", "x:batch,1,32,32", "--input-name", "image",
        "--output-name", "scores", "--weights", CHECKPOINT,
    )  # fmt: skip
    assert result.code == 0 and "wrote out.onnx" in result.out and "opset 20" in result.out and result.err == ""
    model = onnx.load("out.onnx")
    assert model.opset_import[0].version == 20
    assert [value.name for value in (*model.graph.input, *model.graph.output)] == ["image", "scores"]
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"
    data = mindferry("convert", MINDIR, "out.onnx", "--json").data
    assert data["files"] == {"out.onnx": Path("out.onnx").stat().st_size} and data["primitives"]["Conv2D"] == 2
    assert [path.name for path in folder.iterdir()] == ["out.onnx"]


@pytest.mark.parametrize("model", [(MINDIR,), (CHECKPOINT, "--graph", MINDIR), (MINDIR, "--weights", CHECKPOINT)])
def test_run_writes_what_mindspore_computed(
    folder: Path, recorded: dict[str, np.ndarray], model: tuple[str | Path, ...]
) -> None:
    result = mindferry("run", *model, "--input", TEST, "--output", "out.npz")
    assert result.code == 0 and "[360, 10]" in result.out
    assert result.err == "note: not an input, left out: label, logits\nnote: wrote out.npz\n"
    with np.load("out.npz") as written:
        np.testing.assert_allclose(written["output"], recorded["logits"], atol=1e-5 * np.abs(recorded["logits"]).max())


def test_run_in_batches(folder: Path, recorded: dict[str, np.ndarray]) -> None:
    data = mindferry("run", MINDIR, "--input", TEST, "--batch", "100", "--json").data
    assert np.array_equal(np.argmax(data["outputs"]["output"], axis=1), recorded["logits"].argmax(axis=1))
    fixed = ("--input-shape", "x:7,1,32,32", "--batch", "7")
    padded = mindferry("run", MINDIR, "--input", TEST, *fixed, "--json").data
    np.testing.assert_allclose(padded["outputs"]["output"], data["outputs"]["output"], atol=1e-5)


def test_run_on_the_best_device_with_options(folder: Path, recorded: dict[str, np.ndarray]) -> None:
    options = ("--option", "threads=1", "--option", "optimization=basic", "--option", 'config={"session.a": "b"}')
    data = mindferry("run", MINDIR, "--input", TEST, "--device", "auto", *options, "--json").data
    assert np.array_equal(np.argmax(data["outputs"]["output"], axis=1), recorded["logits"].argmax(axis=1))
    refused = mindferry("run", MINDIR, "--input", TEST, "--option", "optimization=most")
    assert refused.code == 2 and "there is no optimization 'most'" in refused.err


def test_run_takes_numbers_from_stdin(monkeypatch: pytest.MonkeyPatch, recorded: dict[str, np.ndarray]) -> None:
    for text in (json.dumps(recorded["x"][:2].tolist()), json.dumps({"x": recorded["x"][:2].tolist()})):
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))
        data = mindferry("run", MINDIR, "--input", "-", "--json").data
        np.testing.assert_allclose(data["outputs"]["output"], recorded["logits"][:2], atol=1e-4)


def test_run_reads_images(folder: Path, recorded: dict[str, np.ndarray]) -> None:
    shutil.copy(MINDIR, "digits.mindir")
    Path("digits.toml").write_text(DESCRIPTION)
    Path("scans").mkdir()
    names = _scans(folder / "scans", recorded["x"][:12])
    data = mindferry("run", "digits.mindir", "scans", "--top", "2", "--json").data
    assert [row["name"] for row in data["rows"]] == sorted(f"scans/{name}" for name in names)
    digits = {row["name"]: row["top"][0]["label"] for row in data["rows"]}
    expected = recorded["logits"][:12].argmax(axis=1)
    assert digits == {f"scans/{name}": str(digit) for name, digit in zip(names, expected, strict=True)}
    shown = mindferry("run", "digits.mindir", *(f"scans/{name}" for name in names[:2]), "--batch", "2").out
    assert shown.count("scan_") == 2 and "probability" in shown and shown.count("%") == 10


def test_run_keeps_the_results_of_good_images(folder: Path, recorded: dict[str, np.ndarray]) -> None:
    Path("digits.toml").write_text(DESCRIPTION)
    names = _scans(folder, recorded["x"][:2])
    Path("broken.png").write_bytes(Path(names[0]).read_bytes()[:60])
    Path("text.jpg").write_text("no image")
    files = (names[0], "broken.png", "absent.png", names[1], "text.jpg")
    result = mindferry("run", MINDIR, *files, "--description", "digits.toml", "--output", "out.npz")
    assert result.code == 1 and names[0] in result.out and names[1] in result.out
    lines = [line for line in result.err.splitlines() if not line.startswith("note: ")]
    assert [line.split(": ")[1] for line in lines] == ["broken.png", "absent.png", "text.jpg"]
    with np.load("out.npz") as written:
        assert list(written["names"]) == names and written["output"].shape == (2, 10)


def test_run_needs_a_description_for_images(folder: Path, recorded: dict[str, np.ndarray]) -> None:
    (name,) = _scans(folder, recorded["x"][:1])
    shutil.copy(MINDIR, "plain.mindir")
    result = mindferry("run", "plain.mindir", name)
    assert result.code == 1 and "plain.toml: no such file" in result.err


def test_verify(folder: Path, recorded: dict[str, np.ndarray]) -> None:
    common = ("--input", TEST, "--output", "logits")
    passed = mindferry("verify", MINDIR, TEST, *common, "--tolerance", "1e-5")
    assert passed.code == 0 and "360 of 360" in passed.out and "within 1e-05" in passed.out
    np.savez("other.npz", logits=recorded["logits"] + np.float32(0.5))
    missed = mindferry("verify", MINDIR, "other.npz", *common, "--tolerance", "1e-5")
    assert missed.code == 3 and missed.err.count("\n") == 1 and "1e-05" in missed.out
    assert mindferry("verify", MINDIR, "other.npz", *common).code == 0
    as_json = mindferry("verify", MINDIR, "other.npz", *common, "--tolerance", "1e-5", "--json")
    assert as_json.code == 3 and as_json.data["passed"] is False
    assert mindferry("verify", MINDIR, CHECKPOINT, "--graph", MINDIR, "--input", TEST, "--tolerance", "0").code == 0
    assert mindferry("verify", "other.npz", "other.npz", "--tolerance", "0").code == 0


def test_demo(folder: Path) -> None:
    result = mindferry("demo")
    assert result.code == 0 and result.err == ""
    assert result.out.rstrip().endswith("360 of 360 predictions equal")
    assert list(folder.iterdir()) == []
    kept = mindferry("demo", "--keep", "out", "--json")
    assert kept.data["verify"]["equal"] == 360 and kept.data["verify"]["passed"]
    assert [path.name for path in (folder / "out").iterdir()] == ["lenet5.onnx"]


@pytest.mark.parametrize("flip", [True, False], ids=["one prediction", "one logit"])
def test_demo_fails_on_a_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recorded: dict[str, np.ndarray], flip: bool
) -> None:
    for name in ("lenet5.mindir", "lenet5.ckpt"):
        shutil.copy(demo.path(name), tmp_path)
    logits = recorded["logits"].copy()
    logits[5, logits[5].argmax() if not flip else logits[5].argmin()] += 100 if flip else 1e-3
    np.savez(tmp_path / "test.npz", **recorded | {"logits": logits})
    monkeypatch.setattr(demo, "_FOLDER", tmp_path)
    result = mindferry("demo")
    assert result.code == 3 and result.err.count("\n") == 1
    assert ("359 of 360" if flip else "360 of 360") in result.err
    assert "predictions equal" not in result.out


def test_inspect_knows_the_lowerings_of_plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mindferry.lowering import catalogue, registry

    monkeypatch.setattr(registry, "_table", dict(registry._table))
    plugin = tmp_path / "own.py"
    plugin.write_text("import mindferry\n\n@mindferry.lowers('OwnPrimitive')\ndef own(op, x):\n    return op.Relu(x)\n")
    assert mindferry("inspect", MINDIR, "--plugin", plugin).code == 0
    assert "OwnPrimitive" in catalogue.read()
    one_line(mindferry("inspect", MINDIR, "--plugin", tmp_path / "absent.py"), 1, "absent.py: no such file")


PHOTOS = Path(__file__).parents[2] / "examples" / "photos"
EFFICIENTNET = PHOTOS / "efficientnet_lite0.mindir"


@pytest.mark.parametrize("model", [(EFFICIENTNET,), (EFFICIENTNET.with_suffix(".ckpt"), "--graph", EFFICIENTNET)])
def test_photographs(model: tuple[str | Path, ...]) -> None:
    names = {"cat.png": "cat", "coffee.png": "espresso", "rocket.png": "missile", "astronaut.png": "football helmet"}
    data = mindferry("run", *model, *(PHOTOS / name for name in names), "--json").data
    for row, (name, label) in zip(data["rows"], names.items(), strict=True):
        assert Path(row["name"]).name == name and label in row["top"][0]["label"] and len(row["top"]) == 5
        assert row["top"][0]["score"] > row["top"][1]["score"]
    with np.load(PHOTOS / "photos.npz") as recorded:
        (logits,) = data["outputs"].values()
        scale = np.abs(recorded["y0"]).max()
        np.testing.assert_allclose(logits, recorded["y0"], atol=1e-4 * scale, rtol=0)
