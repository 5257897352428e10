"""The checkpoint way: a Cell with its checkpoint, exported and run by MindSpore itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from command_line import CHECKPOINT, TEST

pytestmark = pytest.mark.mindspore

NETWORK = f"{Path(__file__).parents[2] / 'examples' / 'digits' / 'lenet.py'}:LeNet5"
SHAPE = ("--input-shape", "x:batch,1,32,32")


def mindferry(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """A process of its own for each command, since MindSpore keeps state."""
    command = [sys.executable, "-m", "mindferry", *map(str, arguments)]
    environment = os.environ | {"GLOG_v": "3"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.parametrize("target", ["out.onnx", "out.mindir"])
def test_export_is_equal_to_the_cell(tmp_path: Path, target: str) -> None:
    made = mindferry("export", "--net", NETWORK, "--weights", CHECKPOINT, *SHAPE, target, folder=tmp_path)
    assert made.returncode == 0 and f"wrote {target}" in made.stdout, made.stderr
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith("rank_")] == [target]
    compared = mindferry(
        "verify", target, CHECKPOINT, "--net", NETWORK, "--input", TEST, "--tolerance", "1e-5", folder=tmp_path
    )
    assert compared.returncode == 0 and "360 of 360" in compared.stdout, compared.stderr


def test_run_in_mindspore(tmp_path: Path) -> None:
    arguments = ("run", CHECKPOINT, "--net", NETWORK, "--runtime", "mindspore", "--input", TEST, "--output", "out.npz")
    done = mindferry(*arguments, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    with np.load(TEST) as recorded, np.load(tmp_path / "out.npz") as found:
        (output,) = (found[name] for name in found.files)
        scale = np.abs(recorded["logits"]).max()
        np.testing.assert_allclose(output, recorded["logits"], atol=1e-5 * scale)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        ("absent.py:LeNet5", "absent.py"),
        (NETWORK.replace("LeNet5", "LeNet6"), "LeNet6"),
        ("mindcv:no_such_network", "no_such_network"),
        ("lenet", "lenet"),
    ],
)
def test_network_that_is_not_there(tmp_path: Path, network: str, words: str) -> None:
    done = mindferry("export", "--net", network, *SHAPE, "out.mindir", folder=tmp_path)
    lines = [line for line in done.stderr.splitlines() if line.startswith("mindferry export: ")]
    assert done.returncode in (1, 2) and len(lines) == 1 and words in lines[0], done.stderr
    assert "Traceback" not in done.stderr and list(tmp_path.iterdir()) == []
