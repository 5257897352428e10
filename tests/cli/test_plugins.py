"""`--plugin` of the commands that convert in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from command_line import mindferry, one_line
from mindferry.lowering import registry

GOLDEN = Path(__file__).parents[1] / "ops" / "goldens" / "activation" / "FastGeLU_0"
PLUGIN = "import mindferry\n\n@mindferry.lowers('OurSwish')\ndef our_swish(op, x):\n    return op.Relu(x)\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with `net.mindir` of one primitive of the user's own, its input and output, and `own.py` that lowers it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "_table", dict(registry._table))
    Path("net.mindir").write_bytes(GOLDEN.with_suffix(".mindir").read_bytes().replace(b"FastGeLU", b"OurSwish"))
    Path("own.py").write_text(PLUGIN)
    with np.load(GOLDEN.with_suffix(".npz")) as arrays:
        np.save("x.npy", arrays["x0"])
        np.savez("expected.npz", y=np.maximum(arrays["x0"], 0))
    return tmp_path


def test_without_it_the_primitive_is_unknown(folder: Path) -> None:
    one_line(mindferry("run", "net.mindir", "x.npy"), 1, "OurSwish")


def test_inspect(folder: Path) -> None:
    assert "OurSwish" in mindferry("inspect", "net.mindir").out
    assert mindferry("inspect", "net.mindir", "--json").data["conversion"]["possible"] is False
    assert mindferry("inspect", "net.mindir", "--plugin", "own.py", "--json").data["conversion"]["possible"] is True


def test_run(folder: Path) -> None:
    result = mindferry("run", "net.mindir", "x.npy", "--plugin", "own.py", "--output", "out.npz")
    assert result.code == 0, result
    with np.load("out.npz") as found, np.load("expected.npz") as expected:
        np.testing.assert_array_equal(found[found.files[0]], expected["y"])


def test_verify(folder: Path) -> None:
    arguments = ("verify", "net.mindir", "expected.npz", "--input", "x.npy", "--output", "y", "--tolerance", "0")
    assert mindferry(*arguments, "--plugin", "own.py").code == 0
