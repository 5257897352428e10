"""Offline models for the simulated device, compiled by the simulated ATC in this process."""

from __future__ import annotations

from pathlib import Path

from mindferry.ascend.compiler import command


def compiled(source: Path, *arguments: str, soc: str = "Ascend310", precision: str = "must_keep_origin_dtype") -> Path:
    """SOURCE.om beside an ONNX file."""
    words = [
        f"--model={source}", "--framework=5", f"--output={source.with_suffix('')}", f"--soc_version={soc}",
        f"--precision_mode={precision}", *arguments,
    ]  # fmt: skip
    lines: list[str] = []
    code, _ = command.run(words, lines.append)
    assert code == 0, lines
    return source.with_suffix(".om")
