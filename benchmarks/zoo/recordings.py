"""What the scripts that go through a folder of recordings share: their arguments, and how answers are compared."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

NUDGE = np.float32(1 + 1e-6)
"""The factor by which an input is moved to see how far a network magnifies rounding errors."""


def parser(description: str, tolerance: float) -> argparse.ArgumentParser:
    """The folder and names of networks, the tolerance, and where a table goes."""
    found = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    found.add_argument("folder", type=Path, metavar="DIR", help="folder of the recordings")
    found.add_argument("names", nargs="*", metavar="NAME", help="networks (default: all of DIR)")
    found.add_argument(
        "--tolerance", type=float, default=tolerance, help=f"largest difference allowed (default {tolerance:g})"
    )
    found.add_argument("--table", type=Path, metavar="FILE", help="also write a Markdown table")
    return found


def names(options: argparse.Namespace) -> list[str]:
    """The networks that were asked for."""
    return options.names or sorted(path.stem for path in options.folder.glob("*.npz"))


def state(difference: float | None, noise: float, tolerance: float) -> str:
    """ "ok", "FAILED", or "unstable" where the network's own noise exceeds the tolerance, and a difference proves nothing."""
    if difference is not None and difference <= tolerance:
        return "ok"
    return "unstable" if difference is not None and not noise <= tolerance else "FAILED"


def session(path: Path) -> onnxruntime.InferenceSession:
    """ONNX Runtime on the CPU, without its warnings."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def nudged(feeds: Mapping[str, Any]) -> dict[str, Any]:
    """The feeds times NUDGE."""
    return {name: array * NUDGE for name, array in feeds.items()}


def largest(found: Sequence[np.ndarray], wanted: Sequence[np.ndarray]) -> float:
    """The largest difference between outputs over the largest wanted element, the worst of all outputs."""
    return max(float(np.abs(one - other).max() / np.abs(other).max()) for one, other in zip(found, wanted, strict=True))
