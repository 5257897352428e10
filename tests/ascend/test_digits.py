"""The digits from MindIR over AIR to an offline model, read on the simulated device by two applications."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from command_line import MINDIR, TEST, mindferry

EXAMPLES = Path(__file__).parents[2] / "examples" / "ascend"
ATC = f"{sys.executable} -m mindferry ascend atc"
SIMULATE = (sys.executable, "-m", "mindferry", "ascend", "simulate", "--soc", "Ascend310", "--", "python")


@pytest.fixture(scope="module")
def air(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """LeNet for batches of 40."""
    path = tmp_path_factory.mktemp("air") / "lenet5.air"
    done = mindferry("convert", MINDIR, path, "--input-shape", "x:40,1,32,32")
    assert done.code == 0, done
    return path


def answers(application: str, om: Path) -> np.ndarray:
    """What an application reads, in a process with the simulator; it must leave nothing on the device."""
    saved = om.with_name(f"{application}.npy")
    done = subprocess.run(
        [*SIMULATE, str(EXAMPLES / application), str(om), str(TEST), str(saved)],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == "359 of 360 digits read rightly\n"
    assert "left behind" not in done.stderr
    return np.load(saved)


@pytest.mark.parametrize(("precision", "tolerance"), [("origin", 1e-5), ("fp16", 5e-3)])
def test_both_applications_read_what_mindspore_reads(air: Path, precision: str, tolerance: float) -> None:
    om = air.with_name(f"{precision}.om")
    done = mindferry("convert", air, om, "--soc", "Ascend310", "--precision", precision, "--atc", ATC)
    assert done.code == 0, done
    logits = np.load(TEST)["logits"]
    by_session, by_pyacl = answers("session.py", om), answers("plain_pyacl.py", om)
    np.testing.assert_array_equal(by_session, by_pyacl)
    np.testing.assert_array_equal(by_session.argmax(1), logits.argmax(1))
    assert np.abs(by_session - logits).max() <= tolerance * np.abs(logits).max()
