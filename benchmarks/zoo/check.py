"""Converts recorded networks and compares ONNX Runtime's answers with MindSpore's.

`python benchmarks/zoo/check.py [--opset N]... [--record PYTHON] [--table FILE] DIR [NAME...]` prints a line for each network
of DIR, and exits with 1 where one differs by more than --tolerance of its largest output. A network that magnifies rounding errors beyond
that (its own answer moves further when the input is scaled by 1 + 1e-6) is shown as unstable; it proves nothing either way.
README.md beside this file describes DIR.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import recordings

import mindferry
from mindferry import summary
from mindferry.errors import MindFerryError

TOLERANCE = 1e-4


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one network.

    Attributes:
        primitives: nodes of MindSpore's graph; nodes: of the ONNX model; parameters: numbers in MindSpore's parameters.
        seconds: reading, lowering and writing.
        difference: largest difference over the largest output, or None where there was nothing to compare.
        noise: the same for the converted model's own answer to a nudged input.
        problem: why there is no answer, or "".
        exporter: how MindSpore's own ONNX exporter fared, or "" where that was not recorded.
    """

    network: str
    primitives: int = 0
    nodes: int = 0
    parameters: int = 0
    seconds: float = 0.0
    difference: float | None = None
    noise: float = 0.0
    problem: str = ""
    exporter: str = ""

    def state(self, tolerance: float) -> str:
        """ "ok", "FAILED", or "unstable" where a difference proves nothing."""
        return recordings.state(self.difference, self.noise, tolerance)


def check(folder: Path, name: str, opset: int, scratch: Path) -> Row:
    """Converts one network, checks the ONNX model and runs it on the recorded input."""
    recorded = record_of(folder, name)
    path = next(one for one in (folder / f"{name}_graph.mindir", folder / f"{name}.mindir") if one.exists())
    row = {
        "network": name,
        "parameters": recorded.get("create", {}).get("parameters", 0),
        "exporter": exporter(recorded),
    }
    target = scratch / f"{name}.onnx"
    start = time.perf_counter()
    try:
        mindferry.convert(path, target, opset=opset)
    except MindFerryError as error:
        return Row(**row, problem=str(error))
    row["seconds"] = time.perf_counter() - start
    row["primitives"] = sum(summary.summarize(path).operators.values())
    try:
        onnx.checker.check_model(target, full_check=True)
        row["nodes"] = len(onnx.load(target, load_external_data=False).graph.node)
        row |= compare(target, folder / f"{name}.npz")
    except Exception as error:  # whatever the checker or ONNX Runtime raises is a result
        row["problem"] = f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
    return Row(**row)


def record_of(folder: Path, name: str) -> dict[str, dict[str, object]]:
    """What was recorded beside the network, or nothing."""
    text = folder / f"{name}.json"
    return json.loads(text.read_text()) if text.exists() else {}


def exporter(recorded: dict[str, dict[str, object]]) -> str:
    """How MindSpore's own ONNX exporter fared: "ok", or the first line of why not."""
    stage = recorded.get("onnx", {})
    return str(stage.get("status", "")) if stage.get("status") in (None, "ok") else str(stage["message"])


def compare(target: Path, recording: Path) -> dict[str, float]:
    """The largest difference of any output from the recorded one, over the largest recorded element, and the noise."""
    session = recordings.session(target)
    with np.load(recording) as arrays:
        feeds = {item.name: arrays[f"x{index}"] for index, item in enumerate(session.get_inputs())}
        wanted = [arrays[f"y{index}"] for index in range(sum(name[0] == "y" for name in arrays.files))]
    found = session.run(None, feeds)
    if [one.shape for one in found] != [one.shape for one in wanted]:
        raise ValueError(f"shapes {[one.shape for one in found]}, recorded {[one.shape for one in wanted]}")
    if unclear := sum(int((~np.isfinite(one)).sum()) for one in (*found, *wanted)):
        raise ValueError(f"{unclear} elements are not finite")
    moved = session.run(None, recordings.nudged(feeds))
    return {"difference": recordings.largest(found, wanted), "noise": recordings.largest(moved, found)}


def line(row: Row, opset: int, tolerance: float) -> str:
    """One network as a line of text."""
    state = row.state(tolerance)
    result = row.problem[:160] if row.difference is None else f"{row.difference:.1e}"
    return f"{state:8} {row.network:26} opset {opset} {row.nodes:5} nodes {row.seconds:6.2f} s  {result:8}  exporter: {row.exporter[:80]}"


def table(rows: list[Row], opset: int, tolerance: float) -> str:
    """The networks as a Markdown table."""
    lines = [
        f"| network | parameters | nodes (opset {opset}) | seconds | max difference / max output | MindSpore's own exporter |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for row in rows:
        result = row.problem.replace("|", "\\|") if row.difference is None else f"{row.difference:.1e}"
        if row.state(tolerance) == "unstable":
            result = f"unstable ({result})"
        cells = (
            row.network,
            f"{row.parameters / 1e6:.1f} M",
            str(row.nodes),
            f"{row.seconds:.2f}",
            result,
            row.exporter,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = recordings.parser(__doc__, TOLERANCE)
    parser.add_argument("--opset", type=int, action="append", help="several times for several; 18 by default")
    parser.add_argument(
        "--record",
        metavar="PYTHON",
        help="first record the named networks into DIR, with this Python, which has MindSpore",
    )
    return parser.parse_args(arguments)


def main() -> int:
    """Records where asked to, then checks the networks one after another, at each opset."""
    options = parse()
    if options.record:
        record = Path(__file__).with_name("record.py")
        subprocess.run([options.record, str(record), "--out", str(options.folder), *options.names], check=True)
    failed = False
    for opset in options.opset or [18]:
        rows = []
        for name in recordings.names(options):
            with tempfile.TemporaryDirectory() as scratch:
                rows.append(check(options.folder, name, opset, Path(scratch)))
            print(line(rows[-1], opset, options.tolerance), flush=True)
        states = [row.state(options.tolerance) for row in rows]
        failed |= "FAILED" in states
        print(f"{states.count('ok')} of {len(rows)} networks agree with MindSpore at opset {opset}", flush=True)
        if options.table:
            options.table.write_text(table(rows, opset, options.tolerance))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
