"""Measures conversion: time and memory, alone and beside MindSpore's own exporter.

    python benchmarks/convert.py stages vgg11.mindir                  # reading, lowering, saving: seconds and private memory
    python benchmarks/convert.py nodes 1000 10000 50000               # time against the number of nodes
    python benchmarks/convert.py compare --mindspore PYTHON --zoo DIR googlenet densenet121 vgg11
                                                                      # against mindspore.onnx.export, in turn, in one run

Private memory is what the process alone holds in anonymous pages (RssAnon); pages of the mapped source file, which the
system takes back at will, are not in it. In `compare` both sides run in fresh processes, A B A B, and only the conversion
is timed: not imports, not the making of the network. Memory is how much private memory grew at most meanwhile. PYTHON
has MindSpore 2.10 and mindcv; DIR holds NAME.mindir, as benchmarks/zoo/record.py makes them.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent


def memory(field: str) -> float:
    """A line of /proc/self/status, in MB."""
    found = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


class Stage:
    """Seconds, and the highest private memory seen, of a block of code."""

    seconds = 0.0
    private = 0.0


@contextmanager
def measured() -> Iterator[Stage]:
    """Times a block and samples its private memory every millisecond."""
    stage, done = Stage(), threading.Event()

    def sample() -> None:
        while not done.wait(0.001):
            stage.private = max(stage.private, memory("RssAnon"))

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    start = time.perf_counter()
    try:
        yield stage
    finally:
        stage.seconds = time.perf_counter() - start
        done.set()
        thread.join()
        stage.private = max(stage.private, memory("RssAnon"))


def stages(path: Path) -> dict[str, Stage]:
    """Reads, lowers and saves a model."""
    from mindferry.formats import onnx
    from mindferry.formats.mindir import reader
    from mindferry.lowering import ops
    from mindferry.lowering.context import Options
    from mindferry.lowering.lower import lower
    from mindferry.optimize import optimize

    ops.load()
    found = {}
    with measured() as found["read"]:
        source = reader.read(path)
    with measured() as found["lower"]:
        model, _ = lower(source, Options(18))
        optimize(model, 1)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder, measured() as found["save"]:
        onnx.save(model, Path(folder) / "model.onnx")
    return found


def show_stages(path: Path) -> None:
    """Prints the stages of one model."""
    started = memory("RssAnon")
    size = sum(
        one.stat().st_size for one in [path, *path.parent.glob(f"{path.stem.removesuffix('_graph')}_variables/*")]
    )
    print(f"{path.name}: {size / 1e6:.0f} MB; the process starts with {started:.0f} MB of private memory")
    for name, stage in stages(path).items():
        print(f"  {name:6} {stage.seconds:7.3f} s   private memory at most {stage.private:6.0f} MB")


def show_nodes(counts: list[int]) -> None:
    """Prints how conversion time grows with the number of nodes."""
    import synthetic

    with tempfile.TemporaryDirectory() as folder:
        for count in counts:
            path = Path(folder) / "chain.mindir"
            synthetic.chain(count, path)
            total = sum(stage.seconds for stage in stages(path).values())
            print(f"{count:8,} nodes {total:8.2f} s {total / count * 1e6:8.0f} us per node")


def worker(side: str, name: str, zoo: Path) -> None:
    """One conversion in this process; prints its seconds and the growth of private memory as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        convert = (ours if side == "mindferry" else theirs)(name, zoo, Path(folder) / "model.onnx")
        before = memory("RssAnon")
        with measured() as stage:
            convert()
        print(json.dumps({"seconds": stage.seconds, "megabytes": stage.private - before}))


def ours(name: str, zoo: Path, target: Path) -> Callable[[], object]:
    """MindFerry's conversion, everything imported."""
    import mindferry
    from mindferry import conversion  # noqa: F401
    from mindferry.lowering import ops

    ops.load()
    return lambda: mindferry.convert(zoo / f"{name}.mindir", target)


def theirs(name: str, zoo: Path, target: Path) -> Callable[[], object]:
    """MindSpore's conversion, the network made."""
    import mindspore
    import numpy as np

    sys.path.insert(0, str(HERE / "zoo"))
    import record

    network, _ = record.create(name)
    image = mindspore.Tensor(np.zeros((1, *record.input_size(name)), np.float32))
    return lambda: mindspore.onnx.export(network, image, file_name=str(target))


def run_worker(python: str, side: str, name: str, zoo: Path) -> dict[str, float]:
    """One conversion in a fresh process."""
    command = [python, __file__, "worker", side, name, str(zoo)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=900, check=False, env={**os.environ, "GLOG_v": "3"}
    )
    if done.returncode:
        raise SystemExit(f"{side} on {name}: {(done.stderr or done.stdout).strip().splitlines()[-1]}")
    result: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def compare(python: str, zoo: Path, names: list[str], rounds: int) -> None:
    """Prints MindFerry beside MindSpore's exporter, network by network, and the geometric mean of the ratios."""
    print("| network | MindFerry s | exporter s | times faster | MindFerry MB | exporter MB | of its memory |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    speed, space = [], []
    for name in names:
        sides: dict[str, list[dict[str, float]]] = {"mindferry": [], "mindspore": []}
        for _ in range(rounds):
            sides["mindferry"].append(run_worker(sys.executable, "mindferry", name, zoo))
            sides["mindspore"].append(run_worker(python, "mindspore", name, zoo))
        mine, other = (
            {key: statistics.median(one[key] for one in runs) for key in ("seconds", "megabytes")}
            for runs in sides.values()
        )
        faster, share = other["seconds"] / mine["seconds"], max(mine["megabytes"], 1) / max(other["megabytes"], 1)
        speed.append(faster)
        space.append(share)
        print(
            f"| {name} | {mine['seconds']:.2f} | {other['seconds']:.2f} | {faster:.1f} | {mine['megabytes']:.0f} | "
            f"{other['megabytes']:.0f} | {share:.2f} |",
            flush=True,
        )
    print(
        f"geometric mean: {statistics.geometric_mean(speed):.1f} times faster, {statistics.geometric_mean(space):.2f} of its memory"
    )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="kind", required=True)
    kinds.add_parser("stages").add_argument("path", type=Path)
    kinds.add_parser("nodes").add_argument("counts", type=int, nargs="+")
    beside = kinds.add_parser("compare")
    beside.add_argument("names", nargs="+")
    beside.add_argument("--mindspore", required=True, metavar="PYTHON")
    beside.add_argument("--zoo", type=Path, required=True)
    beside.add_argument("--rounds", type=int, default=3)
    one = kinds.add_parser("worker")
    one.add_argument("side", choices=["mindferry", "mindspore"])
    one.add_argument("name")
    one.add_argument("zoo", type=Path)
    options = parser.parse_args()
    if options.kind == "stages":
        show_stages(options.path)
    elif options.kind == "nodes":
        show_nodes(options.counts)
    elif options.kind == "compare":
        compare(options.mindspore, options.zoo, options.names, options.rounds)
    else:
        worker(options.side, options.name, options.zoo)


if __name__ == "__main__":
    main()
