"""Records, converts and compares every mindcv network, one after another, keeping nothing but a line of results for each.

`python benchmarks/zoo/survey.py --record PYTHON [--scratch DIR] RESULTS [NAME...]` runs in MindFerry's environment; PYTHON
has MindSpore 2.10 and mindcv 0.3. RESULTS is a file of JSON lines; networks that it has already are left out, so the
command can be stopped and repeated. The order is: the smallest variant of each architecture, then the others, large ones
last. README.md beside this file describes the fields; table.py makes docs/networks.md of them.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import multiprocessing
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from record import LIMITS, Limits, record

HERE = Path(__file__).resolve().parent

LARGE = (
    "BiT_resnet50x3", "cait_m*", "cait_s*", "convnext*large", "convnextv2_huge", "efficientnet_b[5-7]", "efficientnet_v2_*",
    "mae_[hl]*", "mlp_mixer_[hl]*", "regnet_?_*gf", "repmlp_*", "repvgg_b*", "resnest2*", "swinv2_base_*", "vit_l_*", "volo_*",
)  # fmt: skip
"""Networks that take minutes each, and come last."""

LONGEST_CHECK = 1800.0
"""Seconds."""


def survey(name: str, checker: Checker, scratch: Path, options: argparse.Namespace) -> dict[str, Any]:
    """One network's line: recorded in one process, converted and compared in another, its files removed afterwards."""
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        recorded = record(name, Path(folder), Limits(LIMITS.seconds, int(options.memory * 2**30)), options.record)
        row: dict[str, Any] = {"network": name, **subject(recorded)}
        if all(recorded.get(stage, {}).get("status") == "ok" for stage in ("mindir", "run")):
            row |= checker.check(Path(folder), name, options.opset)
    return row


def subject(recorded: dict[str, Any]) -> dict[str, Any]:
    """What MindSpore makes of the network: "mindspore" is "ok" or says why it cannot be recorded."""
    failed = next((recorded[stage] for stage in ("create", "mindir", "run") if not succeeded(recorded, stage)), None)
    known = {key: recorded["create"].get(key) for key in ("input_size", "parameters")}
    ran = recorded.get("run", {})
    return {
        **known,
        "mindspore": failed["message"] if failed else "ok",
        "exporter": recorded["onnx"].get("message", "ok") if "onnx" in recorded else "",
        "sensitivity": rounded(ran.get("sensitivity")),
        "repeats": ran.get("repeats"),
    }


def succeeded(recorded: dict[str, Any], stage: str) -> bool:
    """Whether a stage has a result."""
    return recorded.get(stage, {}).get("status") == "ok"


class Checker:
    """A process that converts and compares one network after another; it is replaced where a network ends it."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    def check(self, folder: Path, name: str, opset: int) -> dict[str, Any]:
        """MindFerry's part of a recorded network's line."""
        self._connection.send((folder, name, opset))
        try:
            if self._connection.poll(LONGEST_CHECK):
                return {key: rounded(value) for key, value in self._connection.recv().items()}
            problem = f"no result in {LONGEST_CHECK:g} s"
        except EOFError:
            self._process.join()
            problem = f"the conversion ended with exit code {self._process.exitcode}"
        self._process.kill()
        self._start()
        return {"state": "FAILED", "problem": problem}


def serve(connection: Connection) -> None:
    """Answers a Checker's questions until it goes away."""
    import check

    keys = ("primitives", "nodes", "seconds", "difference", "noise", "problem")
    with suppress(EOFError):
        while True:
            folder, name, opset = connection.recv()
            with tempfile.TemporaryDirectory(dir=folder) as scratch:
                row = check.check(folder, name, opset, Path(scratch))
            found = {key: getattr(row, key) for key in keys}
            connection.send({"opset": opset, **found, "state": row.state(check.TOLERANCE)})


def rounded(value: Any) -> Any:
    """Numbers at three digits, all else as it is."""
    return float(f"{value:.3g}") if isinstance(value, float) else value


def ordered(python: str) -> list[str]:
    """Every network's name: the architectures' smallest first, LARGE ones last."""
    command = [python, str(HERE / "record.py"), "--list"]
    architectures, every = (
        subprocess.run([*command, which], check=True, capture_output=True, text=True).stdout.split()
        for which in ("--architectures", "--all")
    )
    others = [name for name in every if name not in architectures]
    large = [name for name in others if any(fnmatch.fnmatch(name, pattern) for pattern in LARGE)]
    return [*architectures, *(name for name in others if name not in large), *large]


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, metavar="RESULTS", help="file of JSON lines, appended to")
    parser.add_argument("names", nargs="*", metavar="NAME", help="networks (default: all)")
    parser.add_argument("--record", required=True, metavar="PYTHON", help="a Python with MindSpore 2.10 and mindcv 0.3")
    parser.add_argument(
        "--scratch", type=Path, metavar="DIR", help="folder for one network's files at a time, up to 10 GB"
    )
    parser.add_argument("--opset", type=int, default=18, help="(default 18)")
    parser.add_argument(
        "--memory", type=float, default=LIMITS.memory / 2**30, metavar="GB", help="for each network (default 14)"
    )
    return parser.parse_args()


def main() -> int:
    """Appends a line for each network that has none."""
    options = parse()
    lines = options.results.read_text().splitlines() if options.results.exists() else []
    done = {json.loads(line)["network"] for line in lines}
    names = [name for name in options.names or ordered(options.record) if name not in done]
    checker, scratch = Checker(), options.scratch or Path(tempfile.gettempdir())
    scratch.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names, 1):
        start = time.monotonic()
        row = survey(name, checker, scratch, options)
        with options.results.open("a") as file:
            file.write(json.dumps(row) + "\n")
        outcome = row.get("state") or f"not recorded: {row['mindspore']}"
        detail = row.get("problem") or row.get("difference") or ""
        print(f"[{number}/{len(names)}] {name}: {outcome} {detail} ({time.monotonic() - start:.0f} s)", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
