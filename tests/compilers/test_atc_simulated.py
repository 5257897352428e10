"""From ONNX and a description through the simulated ATC to images on the simulated device, by the command line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from onnx import TensorProto, helper
from PIL import Image

import mindferry as package
from command_line import MINDIR, TEST, mindferry, one_line
from mindferry.ascend import simulator
from runtimes import models

ATC = f"{sys.executable} -m mindferry ascend atc"


@pytest.fixture
def device() -> Iterator[None]:
    simulator.install(soc="Ascend310")
    yield
    left = simulator.live()
    simulator.uninstall()
    assert not left


def conv(path: Path, height: int, width: int) -> Path:
    """A convolution and a mean of each of four channels."""
    weights = np.random.default_rng(0).normal(size=(4, 3, 3, 3)).astype(np.float32)
    nodes = [
        helper.make_node(
            "Constant", [], ["w"], value=helper.make_tensor("w", TensorProto.FLOAT, weights.shape, weights.ravel())
        ),
        helper.make_node("Conv", ["x", "w"], ["c"]),
        helper.make_node("GlobalAveragePool", ["c"], ["y"]),
    ]
    return models.save(path, nodes, [("x", 1, ["n", 3, height, width])], [("y", 1, ["n", 4, 1, 1])])


@pytest.mark.parametrize(
    ("geometry", "numbers", "tolerance"),
    [
        ("resize = [40, 48]\ncrop = [32, 40]", "mean = [127, 127, 127]\nstd = [128, 128, 128]", 2e-6),
        (
            "resize = 44\ncrop = [32, 40]",
            "scale = 0.00392156862745098\nmean = [0.485, 0.456, 0.406]\nstd = [0.229, 0.224, 0.225]",
            2e-3,
        ),
    ],
    ids=["exact, cropped by the device", "rounded, cropped by the host"],
)
@pytest.mark.usefixtures("device")
def test_what_the_device_prepares_is_what_the_host_prepares(
    tmp_path: Path, geometry: str, numbers: str, tolerance: float
) -> None:
    path = conv(tmp_path / "conv.onnx", 32, 40)
    toml = tmp_path / "conv.toml"
    toml.write_text(f'[input]\ncolor = "BGR"\n{geometry}\n{numbers}\n')
    photos = []
    for name in ("astronaut", "coffee", "rocket"):
        photos.append(tmp_path / f"{name}.png")
        Image.fromarray(getattr(skimage.data, name)()).save(photos[-1])
    done = mindferry(
        "convert", path, tmp_path / "conv.om", "--soc", "Ascend310", "--dynamic-batch", "1,2", "--aipp", toml,
        "--atc", ATC,
    )  # fmt: skip
    assert done.code == 0, done
    host = mindferry("run", path, *photos, "--output", tmp_path / "host.npz")
    on_device = mindferry(
        "run", tmp_path / "conv.om", *photos, "--device", "ascend310", "--output", tmp_path / "device.npz"
    )
    assert (host.code, on_device.code) == (0, 0), (host, on_device)
    wanted, found = np.load(tmp_path / "host.npz"), np.load(tmp_path / "device.npz")
    difference = np.abs(wanted["y"] - found["y"]).max() / np.abs(wanted["y"]).max()
    assert difference <= tolerance


@pytest.mark.usefixtures("device")
@pytest.mark.parametrize(("precision", "tolerance"), [("origin", 1e-5), ("fp16", 5e-3)])
def test_digits_by_the_command_line(tmp_path: Path, precision: str, tolerance: float) -> None:
    om = tmp_path / "lenet5.om"
    done = mindferry(
        "convert", MINDIR, om, "--soc", "Ascend310", "--dynamic-batch", "1,8,40", "--precision", precision, "--atc", ATC
    )
    assert done.code == 0, done
    recorded = np.load(TEST)
    with package.open(om, device="ascend310") as session:
        assert session.runtime == "acl" and session.device.kind == "ascend310"
        found = session.run_batched(recorded["x"], batch_size=40)["output"]
    assert np.array_equal(found.argmax(1), recorded["logits"].argmax(1))
    assert np.abs(found - recorded["logits"]).max() / np.abs(recorded["logits"]).max() <= tolerance


def test_the_simulated_atc_refuses_in_its_own_words(tmp_path: Path) -> None:
    path = conv(tmp_path / "conv.onnx", 32, 40)
    found = mindferry(
        "convert", path, tmp_path / "conv.om", "--soc", "Ascend310", "--dynamic-batch", "1,2", "--atc", ATC,
        "--atc-argument", "--no_such_option=1",
    )  # fmt: skip
    one_line(found, 1, "conv.om: ATC failed: E", "no_such_option")
    assert not (tmp_path / "conv.om").exists()


@pytest.mark.usefixtures("device")
def test_the_device_decodes_jpeg_files(tmp_path: Path) -> None:
    """Against the host, whose decoder keeps the colour of each pixel; averaged over many pixels, so that little remains."""
    path = conv(tmp_path / "conv.onnx", 32, 40)
    toml = tmp_path / "conv.toml"
    toml.write_text("[input]\nresize = 48\ncrop = [32, 40]\nscale = 0.00392156862745098\n")
    photos = [tmp_path / f"{name}.jpg" for name in ("astronaut", "coffee", "broken")]
    for photo in photos[:2]:
        Image.fromarray(getattr(skimage.data, photo.stem)()).save(photo, quality=95)
    photos[2].write_bytes(b"nothing")
    arguments = ("--soc", "Ascend310", "--dynamic-batch", "1,2", "--aipp", toml, "--aipp-nv12", "--atc", ATC)
    done = mindferry("convert", path, tmp_path / "conv.om", *arguments)
    assert done.code == 0, done
    found = mindferry(
        "run", tmp_path / "conv.om", *photos, "--device", "ascend310", "--output", tmp_path / "device.npz"
    )
    assert "broken.jpg: this is no JPEG file" in found.err
    host = mindferry("run", path, *photos[:2], "--output", tmp_path / "host.npz")
    assert host.code == 0, host
    wanted, given = np.load(tmp_path / "host.npz")["y"], np.load(tmp_path / "device.npz")["y"]
    assert wanted.shape == given.shape and len(wanted) == 2
    difference = np.abs(wanted - given)
    assert difference.mean() < 0.02 * np.abs(wanted).max()


@pytest.mark.usefixtures("device")
def test_what_nv12_does_not_go_with(tmp_path: Path) -> None:
    path = conv(tmp_path / "conv.onnx", 32, 40)
    toml = tmp_path / "conv.toml"
    toml.write_text('[input]\nresize = [32, 40]\ninterpolation = "bicubic"\n')
    done = mindferry("convert", path, tmp_path / "a.om", "--soc", "Ascend310", "--aipp-nv12", "--atc", ATC)
    assert done.code and "images in NV12 need AIPP" in done.err
    arguments = ("--soc", "Ascend310", "--dynamic-batch", "1,2", "--aipp", toml, "--aipp-nv12", "--atc", ATC)
    done = mindferry("convert", path, tmp_path / "a.om", *arguments)
    assert done.code and "input.interpolation is bicubic" in done.err
