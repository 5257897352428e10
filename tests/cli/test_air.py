"""The command line on AIR files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from command_line import MINDIR, TEST, mindferry

VENDOR = Path(__file__).parents[1] / "formats" / "air" / "vendor_sample.air"


def test_inspect() -> None:
    found = mindferry("inspect", VENDOR)
    assert found.code == 0
    assert "AIR" in found.out and "yes, every operator has a lowering, from opset 13 on" in found.out
    data = mindferry("inspect", VENDOR, "--json").data
    assert (data["format"], data["conversion"]["possible"]) == ("air", True)
    assert data["operators"] == {"Conv2D": 1, "Relu": 1, "ConcatD": 1, "SoftmaxV2": 1}


def test_convert(tmp_path: Path) -> None:
    found = mindferry("convert", VENDOR, tmp_path / "vendor.onnx", "--opset", "13")
    assert found.code == 0 and "4 GE operators -> 4 nodes of 4 operators, opset 13" in found.out


def test_run_and_verify(tmp_path: Path) -> None:
    air, out = tmp_path / "lenet5.air", tmp_path / "out.npz"
    assert mindferry("convert", MINDIR, air).code == 0
    assert mindferry("run", air, "--input", TEST, "--output", out).code == 0
    with np.load(out) as arrays, np.load(TEST) as recorded:
        np.testing.assert_allclose(arrays["output"], recorded["logits"], atol=1e-4)
    assert mindferry("verify", air, MINDIR, "--input", TEST, "--tolerance", "1e-5").code == 0


def test_a_broken_file_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.air"
    path.write_bytes(VENDOR.read_bytes()[:100])
    for command in (("inspect", path), ("convert", path, tmp_path / "a.onnx")):
        found = mindferry(*command)
        assert found.code == 1 and found.err.count("\n") == 1
        assert f"{path}: " in found.err and "past its parent" in found.err
