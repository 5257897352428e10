"""Compiles recorded networks to TensorRT engines; no GPU is needed and nothing is run.

`python benchmarks/zoo/engines.py [--compute-capability N.N,N.N] [--precision NAME] [--json] DIR [NAME...]` prints a line
for each network of DIR: layers, seconds, megabytes, or TensorRT's reason. Each network is compiled in a process of its own.
Exits with 1 where one is refused. README.md beside this file describes DIR.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

SECONDS = 900


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one network.

    Attributes:
        layers: of TensorRT's network.
        seconds: reading, lowering and compiling, with the start of the process.
        compiling: TensorRT's part of these.
        size: of the engine, in bytes.
        problem: why there is no engine, or "".
    """

    network: str
    layers: int = 0
    seconds: float = 0.0
    compiling: float = 0.0
    size: int = 0
    problem: str = ""


def compile_one(source: Path, options: list[str], scratch: Path) -> Row:
    """Converts one network with the command line of mindferry."""
    name = source.stem.removesuffix("_graph")
    target = scratch / "network.engine"
    command = [sys.executable, "-m", "mindferry", "convert", str(source), str(target), "--json", *options]
    start = time.perf_counter()
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return Row(name, seconds=SECONDS, problem=f"not done after {SECONDS} seconds")
    seconds = time.perf_counter() - start
    if found.returncode:
        lines = found.stderr.strip().splitlines()
        return Row(name, seconds=seconds, problem=lines[-1] if lines else f"exit code {found.returncode}")
    facts = json.loads(found.stdout)["facts"]
    target.unlink()
    return Row(name, facts["layers"], seconds, facts["seconds"], facts["bytes"])


def line(row: Row) -> str:
    """One line of the table."""
    if row.problem:
        return f"{row.network:34} refused: {row.problem}"
    return f"{row.network:34} {row.layers:6} {row.seconds:8.1f} {row.compiling:9.1f} {row.size / 1e6:8.1f}"


def sources(folder: Path, names: list[str]) -> list[Path]:
    """The graphs of the named networks, by default of all; those with their weights apart end in `_graph`."""
    found = {path.stem.removesuffix("_graph"): path for path in sorted(folder.glob("*.mindir"))}
    if unknown := sorted(set(names) - found.keys()):
        raise SystemExit(f"{folder} has no {', '.join(unknown)}")
    return [found[name] for name in names or found]


def main() -> int:
    """Compiles, prints and says whether every network was accepted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--compute-capability", default="8.6,8.9,12.0")
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    options = ["--compute-capability", arguments.compute_capability, "--precision", arguments.precision]
    paths = sources(arguments.folder, arguments.names)
    rows = []
    if not arguments.json:
        print(f"{'network':34} layers  seconds compiling       MB")
    with tempfile.TemporaryDirectory() as scratch:
        for number, path in enumerate(paths, 1):
            rows.append(compile_one(path, options, Path(scratch)))
            print(f"{number} of {len(paths)}", file=sys.stderr, end="\r" if os.isatty(2) else "\n")
            if not arguments.json:
                print(line(rows[-1]), flush=True)
    refused = [row for row in rows if row.problem]
    if arguments.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
    else:
        print(f"{len(rows) - len(refused)} of {len(rows)} compiled")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
