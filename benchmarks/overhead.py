"""Measures what a session adds to the bare runtime call, on a model that does next to nothing.

    python benchmarks/overhead.py                       # y = x + x, 1 x 8 x 8
    python benchmarks/overhead.py lenet5.onnx --calls 5000

A pair is one bare call and one call of the session on the same arrays, directly after one another and in changing order
(A B B A ...), so that a noisy machine disturbs both alike. Printed are the medians of both and of the differences within
pairs, in microseconds, for inputs by name, by position, and in memory that has to be put in order first.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

import mindferry
from mindferry.runtimes.feeds import zeros

MOST = 20.0
"""Microseconds that a session may add at the median."""


def tiny(path: Path) -> Path:
    """y = x + x."""
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 8, 8]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "tiny", ports[:1], ports[1:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), path)
    return path


def seconds(call: Callable[[], Any]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def pairs(bare: Callable[[], Any], ours: Callable[[], Any], calls: int) -> dict[str, float]:
    """Medians over pairs of calls, in microseconds."""
    found: list[tuple[float, float]] = []
    for index in range(calls + calls // 10):
        if index % 2:
            second, first = seconds(ours), seconds(bare)
        else:
            first, second = seconds(bare), seconds(ours)
        if index >= calls // 10:
            found.append((first * 1e6, second * 1e6))
    return {
        "bare": statistics.median(one for one, _ in found),
        "session": statistics.median(other for _, other in found),
        "difference": statistics.median(other - one for one, other in found),
    }


def measure(model: Path, calls: int) -> dict[str, dict[str, float]]:
    """The medians for each way of giving inputs."""
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    inner = onnxruntime.InferenceSession(str(model), settings, providers=["CPUExecutionProvider"])
    names = [item.name for item in inner.get_outputs()]
    with mindferry.open(model, options={"threads": 1}) as session:
        named = zeros(session.inputs)
        arrays = list(named.values())
        unordered = {name: np.asfortranarray(array) for name, array in named.items()}
        run = inner.run
        return {
            "by name": pairs(lambda: run(names, named), lambda: session.run(named), calls),
            "by position": pairs(lambda: run(names, named), lambda: session.run(*arrays), calls),
            "in Fortran order": pairs(lambda: run(names, unordered), lambda: session.run(unordered), calls),
        }


def main() -> int:
    """Prints the table; 1 where a session adds more than MOST."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", nargs="?", type=Path, help="an ONNX model; y = x + x where not given")
    parser.add_argument("--calls", type=int, default=20000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(arguments.model or tiny(Path(folder, "tiny.onnx")), arguments.calls)
    if arguments.json:
        print(json.dumps(found, indent=2))
    else:
        print(
            f"{'inputs':18}{'bare':>10}{'session':>10}{'difference':>12}   microseconds, medians of {arguments.calls}"
        )
        for name, row in found.items():
            print(f"{name:18}{row['bare']:10.2f}{row['session']:10.2f}{row['difference']:12.2f}")
    return int(max(row["difference"] for row in found.values()) > MOST)


if __name__ == "__main__":
    raise SystemExit(main())
