"""Small networks of every MindSpore generation, among them recurrent ones and attention, by the public way to AIR and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import mindferry
from to_air.case import run, types

VERSIONS = Path(__file__).parents[1] / "formats" / "versions"
NETWORKS = sorted(VERSIONS.glob("*/*.mindir"))


@pytest.mark.parametrize("source", NETWORKS, ids=[f"{path.parent.name}/{path.stem}" for path in NETWORKS])
def test_answers_as_mindspore_did(source: Path, tmp_path: Path) -> None:
    mindferry.convert(source, tmp_path / "m.air")
    mindferry.convert(tmp_path / "m.air", tmp_path / "m.onnx")
    names = [spec.name for spec in mindferry.open(tmp_path / "m.onnx").inputs]
    with np.load(source.with_suffix(".npz")) as arrays:
        feeds = {name: arrays[f"x{index}"] for index, name in enumerate(names)}
        wanted = [arrays[f"y{index}"] for index in range(sum(name[0] == "y" for name in arrays.files))]
    found = run(tmp_path / "m.onnx", feeds)
    assert [one.shape for one in found] == [one.shape for one in wanted]
    for one, other in zip(found, wanted, strict=True):
        assert np.abs(one - other).max() <= 1e-5 * np.abs(other).max()


@pytest.mark.parametrize(("name", "operators"), [("lstm", {"DynamicRNN"}), ("attention", {"SoftmaxV2", "LayerNorm"})])
def test_layers_stay_whole(tmp_path: Path, name: str, operators: set[str]) -> None:
    mindferry.convert(VERSIONS / "2.10.0" / f"{name}.mindir", tmp_path / "m.air")
    assert operators <= set(types(tmp_path / "m.air"))
