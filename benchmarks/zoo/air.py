"""Writes recorded networks as AIR, reads them back, and compares ONNX Runtime's answers before and after.

`python benchmarks/zoo/air.py [--table FILE] DIR [NAME...]` prints a line for each network of DIR, and exits with 1 where one differs by
more than --tolerance of its largest output. A network that magnifies rounding errors beyond that (its own answer moves
further when the input is scaled by 1 + 1e-6, or is no number) is shown as unstable; it proves nothing either way.
README.md beside this file describes DIR.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import recordings

import mindferry
from mindferry.errors import MindFerryError

TOLERANCE = 1e-5


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one network.

    Attributes:
        ops: in the AIR file; operators: how many different ones.
        writing: seconds from MindIR to AIR; reading: from AIR to ONNX.
        difference: largest difference over the largest output, or None where there was nothing to compare.
        noise: the same for the network's own answer to a nudged input.
        problem: why there is no answer, or "".
    """

    network: str
    ops: int = 0
    operators: int = 0
    megabytes: float = 0.0
    writing: float = 0.0
    reading: float = 0.0
    difference: float | None = None
    noise: float = 0.0
    problem: str = ""

    def state(self, tolerance: float) -> str:
        """ "ok", "FAILED", or "unstable" where a difference proves nothing."""
        return recordings.state(self.difference, self.noise, tolerance)

    def cells(self, tolerance: float) -> tuple[str, ...]:
        """The row of the table."""
        if self.problem:
            return (self.network, self.state(tolerance), *[""] * 7, self.problem)
        return (
            self.network, self.state(tolerance), f"{self.ops}", f"{self.operators}", f"{self.megabytes:.1f}",
            f"{self.writing:.1f}", f"{self.reading:.1f}", f"{self.difference:.1e}", f"{self.noise:.1e}", "",
        )  # fmt: skip


HEAD = ("network", "state", "ops", "operators", "MB", "s to AIR", "s to ONNX", "difference", "noise", "problem")


def measure(path: Path, scratch: Path) -> Row:
    """One network: MindIR -> ONNX, and MindIR -> AIR -> ONNX."""
    direct, air, back = scratch / "direct.onnx", scratch / "network.air", scratch / "back.onnx"
    try:
        mindferry.convert(path, direct)
        start = time.perf_counter()
        facts = mindferry.convert(path, air).facts
        middle = time.perf_counter()
        mindferry.convert(air, back)
    except MindFerryError as error:
        return Row(path.stem, problem=str(error))
    writing, reading = middle - start, time.perf_counter() - middle
    difference, noise = compare(direct, back, path.with_suffix(".npz"))
    size = air.stat().st_size / 1e6
    return Row(path.stem, facts["ops"], facts["operators"], size, writing, reading, difference, noise)


def compare(direct: Path, back: Path, recording: Path) -> tuple[float, float]:
    """How far the answers of two models differ, and how far those of the first move with a nudge of the input."""
    first, second = recordings.session(direct), recordings.session(back)
    with np.load(recording) as arrays:
        feeds = {item.name: arrays[f"x{index}"] for index, item in enumerate(first.get_inputs())}
    wanted = first.run(None, feeds)
    again = {item.name: array for item, array in zip(second.get_inputs(), feeds.values(), strict=True)}
    found, moved = second.run(None, again), first.run(None, recordings.nudged(feeds))
    return recordings.largest(found, wanted), recordings.largest(moved, wanted)


def table(rows: list[Row], tolerance: float) -> str:
    """The rows as a Markdown table."""
    lines = [HEAD, ("---",) * len(HEAD), *(row.cells(tolerance) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def main() -> int:
    """Measures the networks one after another."""
    options = recordings.parser(__doc__, TOLERANCE).parse_args()
    rows = []
    print("  ".join(HEAD))
    for name in recordings.names(options):
        with tempfile.TemporaryDirectory() as scratch:
            rows.append(measure(options.folder / f"{name}.mindir", Path(scratch)))
        print("  ".join(rows[-1].cells(options.tolerance)), flush=True)
    states = [row.state(options.tolerance) for row in rows]
    worst = max((row.difference or 0.0 for row in rows if row.state(options.tolerance) == "ok"), default=0.0)
    print(
        f"{states.count('ok')} of {len(rows)} networks agree, the worst by {worst:.1e}; {states.count('unstable')} unstable"
    )
    if options.table:
        options.table.write_text(table(rows, options.tolerance))
    return 1 if "FAILED" in states else 0


if __name__ == "__main__":
    sys.exit(main())
