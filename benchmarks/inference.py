"""Measures tuned inference against ONNX Runtime, OpenVINO and MindSpore, network by network, in one run.

    python benchmarks/inference.py --zoo DIR --out DIR --mindspore PYTHON            # the networks of NETWORKS, batch 1 and 8
    python benchmarks/inference.py --zoo DIR --out DIR --networks resnet50 swin_tiny --quick
    python benchmarks/inference.py --out DIR --report                                # only the table and the plot anew

DIR of --zoo holds NAME.mindir, as benchmarks/zoo/record.py makes them; PYTHON has MindSpore 2.10 and mindcv.

For each network and batch MindFerry tunes its own file (the MindIR at batch 1; ONNX with a free batch at 8) at
tolerance 0 and then, going on from there, 1e-2. Then fresh processes meet in rounds, each stopped while another one
runs: both tuned files, opened with the device "auto"; and the bare libraries on a static ONNX file of that batch:
ONNX Runtime and OpenVINO with default settings (where OpenVINO computes in half precision if the processor has it),
and OpenVINO in float32. MindSpore runs the network itself in graph mode, by default and with oneDNN kept to AVX2:
compiled first, then run once without counting it and twice counted, or, where a run takes longer than 3 s, once in
all.

OUT/NAME.json holds every median. What it has is not measured again, so that the command can be stopped and repeated.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from inference_report import BATCHES, TOLERANCES, text, write_report

HERE = Path(__file__).resolve().parent
NETWORKS = (
    "convnext_tiny", "crossvit_9", "densenet121", "edgenext_xx_small", "efficientnet_b0", "ghostnet_050", "googlenet",
    "inception_v3", "mixnet_s", "mobilenet_v2_100", "mobilenet_v3_small_075", "pvt_v2_b0", "regnet_y_200mf",
    "repvgg_a0", "resnet50", "resnext50_32x4d", "seresnet18", "shufflenet_v2_x0_5", "squeezenet1_1", "swin_tiny",
    "vgg11", "vit_b_32_224",
)  # fmt: skip
RIVALS = ("onnxruntime", "openvino_fp32", "openvino")
MINDSPORE: dict[str, dict[str, str]] = {"mindspore": {}, "mindspore_avx2": {"DNNL_MAX_CPU_ISA": "AVX2"}}
"""Its environment: as it is by default, and with oneDNN kept to AVX2, without which some processors take seconds."""
MINDSPORE_RUNS, MINDSPORE_LONG = 2, 3.0


@dataclass(frozen=True)
class Effort:
    """How long each part takes.

    Attributes:
        budget: seconds of one tuning.
        rounds: of the final comparison; seconds: of a turn in it.
    """

    budget: float
    rounds: int
    seconds: float


FULL, QUICK = Effort(16.0, 20, 0.1), Effort(8.0, 4, 0.1)


class Side:
    """One side of the comparison: this script again as `side KIND FILE BATCH`, stopped between its turns."""

    def __init__(self, kind: str, path: Path, batch: int) -> None:
        command = [sys.executable, __file__, "side", kind, str(path), str(batch)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.answer()

    def answer(self) -> Any:
        """The next line, after which the process is stopped."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{' '.join(self.process.args[2:])} ended with exit code {self.process.wait()}")
        self.process.send_signal(signal.SIGSTOP)
        return json.loads(line)

    def median(self, seconds: float) -> float:
        """Seconds of the median run of a turn."""
        assert self.process.stdin is not None
        self.process.send_signal(signal.SIGCONT)
        print(seconds, file=self.process.stdin, flush=True)
        median: float = self.answer()
        return median

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.process.kill()
        self.process.wait()


def serve(kind: str, path: Path, batch: int) -> None:
    """A side's process: opens the model, then answers each line with the median of runs for so many seconds.

    A turn begins with a run that is not counted, unless one outlasts the turn.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    run = {"mindferry": open_tuned, "onnxruntime": open_onnxruntime}.get(kind, open_openvino)(kind, path, batch)
    run()
    start = time.perf_counter()
    run()
    latest = time.perf_counter() - start
    print("0", flush=True)
    for line in sys.stdin:
        if latest < float(line):
            run()
        times, end = list[float](), time.perf_counter() + float(line)
        while time.perf_counter() < end or not times:
            start = time.perf_counter()
            run()
            times.append(time.perf_counter() - start)
        print(statistics.median(times), flush=True)


def images(shape: Sequence[Any], batch: int) -> Any:
    """Normal noise in the input's shape."""
    import numpy as np

    return np.random.default_rng(0).standard_normal((batch, *shape[1:]), np.float32)


def open_tuned(kind: str, path: Path, batch: int) -> Callable[[], object]:
    """MindFerry, as it was tuned."""
    import mindferry

    session = mindferry.open(path, device="auto")
    feeds = {session.inputs[0].name: images(session.inputs[0].shape or (), batch)}
    return lambda: session.run(feeds)


def open_onnxruntime(kind: str, path: Path, batch: int) -> Callable[[], object]:
    """ONNX Runtime as it is by default."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    given = session.get_inputs()[0]
    feeds = {given.name: images(given.shape, batch)}
    return lambda: session.run(None, feeds)


def open_openvino(kind: str, path: Path, batch: int) -> Callable[[], object]:
    """OpenVINO as it is by default, or in float32."""
    import openvino

    properties = {"INFERENCE_PRECISION_HINT": "f32"} if kind == "openvino_fp32" else {}
    request = openvino.Core().compile_model(str(path), "CPU", properties).create_infer_request()
    feeds = images(request.model_inputs[0].partial_shape.to_shape(), batch)
    return lambda: request.infer([feeds], share_inputs=True)


def mindspore(name: str) -> None:
    """Prints the seconds of MindSpore's own runs by batch, as JSON."""
    import mindspore

    sys.path.insert(0, str(HERE / "zoo"))
    import record

    network, _ = record.create(name)
    found: dict[int, list[float]] = {}
    for batch in BATCHES:
        given = mindspore.Tensor(images((1, *record.input_size(name)), batch))
        network.compile(given)
        times = found[batch] = [run_network(network, given)]
        if times[0] < MINDSPORE_LONG:
            times[:] = [run_network(network, given) for _ in range(MINDSPORE_RUNS)]
    print("\n" + json.dumps(found), flush=True)


def run_network(network: Any, given: Any) -> float:
    """Seconds until all outputs are in memory."""
    import record

    start = time.perf_counter()
    record.flatten(network(given))
    return time.perf_counter() - start


def run_mindspore(python: str, name: str, environment: dict[str, str]) -> dict[str, Any]:
    """The same in a process of MindSpore's Python."""
    command, given = [python, __file__, "mindspore", name], {**os.environ, "GLOG_v": "3", **environment}
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False, env=given)
    if done.returncode:
        raise RuntimeError((done.stderr or done.stdout).strip().splitlines()[-1])
    times: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return times


def models(source: Path, folder: Path, batch: int) -> tuple[Path, Path]:
    """The file that MindFerry tunes, and the static ONNX file of the others."""
    import mindferry

    static = folder / f"{source.stem}.static{batch}.onnx"
    if batch == 1:
        mindferry.convert(source, static)
        return source, static
    given = mindferry.load(source).main.inputs[0]
    mindferry.convert(source, static, input_shapes={given.title: (batch, *given.type.shape[1:])})
    free = folder / f"{source.stem}.free.onnx"
    mindferry.convert(source, free, dynamic_batch=True)
    return free, static


def measure(source: Path, folder: Path, batch: int, effort: Effort) -> dict[str, Any]:
    """Tunes, and compares in rounds: medians of every turn by side, and what was chosen."""
    import mindferry

    tuned, static = models(source, folder, batch)
    choices = {}
    with ExitStack() as stack:
        sides: dict[str, Side] = {}
        parts = [part for part in (tuned, tuned.with_name(f"{tuned.name}.data")) if part.exists()]
        for name, tolerance in TOLERANCES.items():
            place = folder / f"{name}{batch}"
            place.mkdir()
            for part in parts:
                shutil.copy(part, place)
            found = mindferry.tune(place / tuned.name, tolerance=tolerance, budget=effort.budget, batch=batch)
            choices[name] = found.as_dict()
            parts = [place / part.name for part in (*parts, found.path)]
            sides[name] = stack.enter_context(Side("mindferry", place / tuned.name, batch))
        for name in RIVALS:
            sides[name] = stack.enter_context(Side(name, static, batch))
        turns: dict[str, list[float]] = {name: [] for name in sides}
        for number in range(effort.rounds):
            order = list(sides)
            start = number % len(order)
            for name in order[start:] + order[:start]:
                turns[name].append(sides[name].median(effort.seconds))
    return {"turns": turns, "choices": choices}


def fresh(name: str, effort: Effort) -> dict[str, Any]:
    """A result without measurements."""
    from mindferry.benchmarking import machine

    here = machine.Machine.here().as_dict() | {"versions": machine.versions()}
    return {"network": name, "effort": vars(effort), "machine": here, "batches": {}}


def missing(result: dict[str, Any], options: argparse.Namespace) -> list[int | str]:
    """The batches and the kinds of MindSpore that were not measured yet."""
    batches = [batch for batch in BATCHES if str(batch) not in result["batches"]]
    return [*batches, *(kind for kind in MINDSPORE if options.mindspore and kind not in result)]


def record_part(result: dict[str, Any], part: int | str, options: argparse.Namespace, effort: Effort) -> None:
    """Measures a batch or a kind of MindSpore, and adds it to the result."""
    name = result["network"]
    if isinstance(part, str):
        result[part] = attempt(f"{name}, {part}", run_mindspore, options.mindspore, name, MINDSPORE[part])
        return
    with tempfile.TemporaryDirectory(prefix="work.", dir=options.out) as folder:
        source = options.zoo / f"{name}.mindir"
        found = attempt(f"{name}, batch {part}", measure, source, Path(folder), part, effort)
        result["batches"][str(part)] = found


def attempt(title: str, action: Callable[..., dict[str, Any]], *arguments: Any) -> dict[str, Any]:
    """What the action returns, or {"error": why it failed}; prints the seconds it took."""
    from mindferry.errors import MindFerryError

    start = time.perf_counter()
    try:
        found = action(*arguments)
    except (MindFerryError, RuntimeError, subprocess.TimeoutExpired) as error:
        found = {"error": f"{title}: {error}"}
    print(f"  {title}: {found.get('error', '')} {time.perf_counter() - start:.0f} s", flush=True)
    return found


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zoo", type=Path, metavar="DIR", help="folder of NAME.mindir")
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help="folder of the results")
    parser.add_argument("--mindspore", metavar="PYTHON", help="a Python with MindSpore 2.10 and mindcv")
    parser.add_argument("--networks", nargs="+", default=NETWORKS, metavar="NAME")
    parser.add_argument(
        "--budget", type=float, default=FULL.budget, metavar="SECONDS", help="of each tuning, four a network"
    )
    parser.add_argument("--quick", action="store_true", help="little time for each part, to try the script")
    parser.add_argument("--report", action="store_true", help="write docs/performance.md and the plot from the results")
    options = parser.parse_args(arguments)
    if options.zoo is None and not options.report:
        parser.error("give --zoo")
    return options


def main(arguments: Sequence[str]) -> None:
    """Measures what has no result yet; shows the table; writes it where asked."""
    options = parse(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    options.out = options.out.resolve()
    effort = QUICK if options.quick else replace(FULL, budget=options.budget)
    for number, name in enumerate(options.networks if options.zoo else (), 1):
        path = options.out / f"{name}.json"
        result = json.loads(path.read_text()) if path.exists() else fresh(name, effort)
        parts = missing(result, options)
        print(f"[{number}/{len(options.networks)}] {name}{'' if parts else ': already there'}", flush=True)
        for part in parts:
            record_part(result, part, options, effort)
            temporary = path.with_suffix(".tmp")
            temporary.write_text(json.dumps(result, indent=1) + "\n")
            temporary.rename(path)
    paths = [options.out / f"{name}.json" for name in options.networks]
    results = [json.loads(path.read_text()) for path in paths if path.exists()]
    if not results:
        raise SystemExit(f"{options.out} holds no results")
    print(text(results))
    if options.report:
        write_report(results)


if __name__ == "__main__":
    if sys.argv[1:2] == ["side"]:
        serve(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
    elif sys.argv[1:2] == ["mindspore"]:
        mindspore(sys.argv[2])
    else:
        main(sys.argv[1:])
