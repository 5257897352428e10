"""Records mindcv networks as MindSpore itself sees them.

For each network: its MindIR, an input with MindSpore's outputs, and how MindSpore's own ONNX exporter fares.
Needs MindSpore 2.10 and mindcv 0.3. README.md beside this file describes the files that are written.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from networks import SEED, calibrate, create, draw_input, first_line, flatten, input_size

# The smallest variant of each architecture.
ARCHITECTURES = (
    "BiT_resnet50", "cait_xxs24_224", "cmt_tiny", "coat_tiny", "coat_lite_tiny", "convit_tiny", "convnext_tiny",
    "convnextv2_atto", "crossvit_9", "densenet121", "dpn92", "edgenext_xx_small", "efficientnet_b0",
    "efficientnet_v2_s", "ghostnet_050", "googlenet", "halonet_50t", "hrnet_w32", "inception_v3", "inception_v4",
    "mae_b_16_224_finetune", "mixnet_s", "mlp_mixer_s_p16", "mnasnet_050", "mobilenet_v1_025", "mobilenet_v2_035_96",
    "mobilenet_v3_small_075", "mobilevit_xx_small", "nasnet_a_4x1056", "pit_ti", "pnasnet", "poolformer_s12",
    "pvt_tiny", "pvt_v2_b0", "regnet_x_200mf", "regnet_y_200mf", "repmlp_t224", "repvgg_a0", "res2net50",
    "res2net50_v1b", "resnest14", "resnet18", "resnetv2_50", "resnext50_32x4d", "rexnet_09", "senet154",
    "seresnet18", "seresnext26_32x4d", "shufflenet_v1_g3_05", "shufflenet_v2_x0_5", "skresnet18", "skresnext50_32x4d",
    "squeezenet1_1", "swin_tiny", "swinv2_tiny_window8", "vgg11", "visformer_tiny", "visformer_tiny_v2",
    "vit_b_32_224", "volo_d1", "xception", "xcit_tiny_12_p16_224",
)  # fmt: skip


@dataclass(frozen=True)
class Subject:
    """A network that is ready to be recorded.

    Attributes:
        first: the image whose answer is recorded; second: another one.
    """

    name: str
    network: Any
    first: Any
    second: Any


def prepare(name: str) -> tuple[Subject, dict[str, Any]]:
    """Creates and calibrates a network; returns it with what is known about it."""
    network, random = create(name)
    normalizations = calibrate(network, name, random)
    parameters = list(network.get_parameters())
    return Subject(name, network, draw_input(name, random), draw_input(name, random)), {
        "input_size": input_size(name),
        "parameters": sum(parameter.size for parameter in parameters),
        "parameter_bytes": sum(parameter.nbytes for parameter in parameters),
        "calibrated": normalizations,
    }


def stage_mindir(subject: Subject, folder: Path) -> dict[str, Any]:
    """Exports NAME.mindir; returns its size, which leaves out weights in a folder of their own."""
    import mindspore

    mindspore.export(subject.network, subject.first, file_name=str(folder / subject.name), file_format="MINDIR")
    return {"bytes": (folder / mindir_name(subject.name, folder)).stat().st_size}


def mindir_name(name: str, folder: Path) -> str:
    """NAME.mindir, or NAME_graph.mindir where MindSpore has split the file."""
    return next(file for file in (f"{name}.mindir", f"{name}_graph.mindir") if (folder / file).exists())


def stage_run(subject: Subject, folder: Path) -> dict[str, Any]:
    """Records NAME.npz by running the network in graph mode; returns how far another input moves the output."""
    import numpy as np

    outputs = flatten(subject.network(subject.first))
    again, other = flatten(subject.network(subject.first)), flatten(subject.network(subject.second))
    arrays = {"x0": subject.first.asnumpy()} | {f"y{index}": array for index, array in enumerate(outputs)}
    np.savez_compressed(folder / f"{subject.name}.npz", **arrays)
    largest = max(float(np.abs(array).max()) for array in outputs)
    return {
        "largest": largest,
        "repeats": all(np.array_equal(a, b, equal_nan=True) for a, b in zip(outputs, again, strict=True)),
        "sensitivity": max(float(np.abs(a - b).max()) for a, b in zip(outputs, other, strict=True)) / largest,
    }


def stage_onnx(subject: Subject, folder: Path) -> dict[str, Any]:
    """Runs MindSpore's own ONNX exporter and discards its file; returns the file's size."""
    import mindspore

    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        mindspore.export(subject.network, subject.first, file_name=f"{scratch}/network", file_format="ONNX")
        return {"bytes": sum(path.stat().st_size for path in Path(scratch).iterdir())}


STAGES = {"mindir": stage_mindir, "run": stage_run, "onnx": stage_onnx}


def work(name: str, folder: Path, stages: list[str]) -> None:
    """Creates a network and runs stages in this process; writes the result of each to standard output as it comes."""
    subject = None

    def begin() -> dict[str, Any]:
        nonlocal subject
        subject, known = prepare(name)
        return known

    emit("create", begin)
    for stage in stages if subject else ():
        emit(stage, lambda stage=stage: STAGES[stage](subject, folder))


def emit(stage: str, action: Callable[[], dict[str, Any]]) -> None:
    """Writes what the action returns, with its seconds, or the first line of its error, as a line of JSON."""
    start = time.perf_counter()
    try:
        result = {"status": "ok", **action()}
    except Exception as error:
        result = {"status": "error", "message": first_line(error)}
    print("\n" + json.dumps({stage: {**result, "seconds": round(time.perf_counter() - start, 3)}}), flush=True)


@dataclass(frozen=True)
class Limits:
    """What one process may use: seconds, and bytes of memory."""

    seconds: float
    memory: int


LIMITS = Limits(600.0, 14 * 2**30)


def supervise(
    name: str, folder: Path, stages: list[str], limits: Limits, python: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The results of the stages that a process of its own has finished, and how it ended.

    The process works in a scratch folder, where MindSpore leaves its dumps of a failed compilation.
    """
    command = [python, str(Path(__file__).resolve()), "--out", str(folder.resolve()), "--stages", *stages]
    with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            [*command, "--", name],
            stdout=output,
            stderr=subprocess.DEVNULL,
            cwd=scratch,
            env={"GLOG_v": "4", "DNNL_MAX_CPU_ISA": "AVX2", **os.environ},
            start_new_session=True,
        )
        ended = watch(process, limits)
        output.seek(0)
        results = {key: value for line in output if line.startswith("{") for key, value in json.loads(line).items()}
    return results, ended


def watch(process: subprocess.Popen[bytes], limits: Limits) -> dict[str, Any]:
    """Waits for a process, ends it where it exceeds a limit, and says why it has no further results."""
    deadline = time.monotonic() + limits.seconds
    while process.poll() is None:
        time.sleep(0.2)
        reason = None
        if time.monotonic() > deadline:
            reason = {"status": "timeout", "message": f"stopped after {limits.seconds:g} s"}
        elif resident(process.pid) > limits.memory:
            reason = {"status": "memory", "message": f"stopped at {limits.memory / 2**30:g} GB of memory"}
        if reason:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return reason
    if process.returncode < 0:
        return {"status": "crash", "message": f"ended by {signal.Signals(-process.returncode).name}"}
    return {"status": "crash", "message": f"ended with exit code {process.returncode} and no result"}


def resident(process: int) -> int:
    """Bytes of a process in memory now; 0 once it has ended."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def record(name: str, folder: Path, limits: Limits, python: str = sys.executable) -> dict[str, Any]:
    """Records one network, with a Python that has MindSpore, and writes NAME.json last, which marks it as done.

    A process that crashes or exceeds a limit costs the stage that it was at; another one goes on after that.
    """
    result: dict[str, Any] = {"name": name, "seed": SEED}
    waiting = list(STAGES)
    while waiting:
        found, ended = supervise(name, folder, waiting, limits, python)
        result |= found
        if "create" not in result:
            result["create"] = ended
        if result["create"]["status"] != "ok":
            break
        waiting = [stage for stage in waiting if stage not in found]
        if waiting:
            result[waiting.pop(0)] = ended
    temporary = folder / f".{name}.json"
    temporary.write_text(json.dumps(result, indent=2) + "\n")
    temporary.rename(folder / f"{name}.json")
    return result


def summary(result: dict[str, Any]) -> str:
    """One line: each stage with its seconds, or why it failed."""
    parts = []
    for stage in ("create", *STAGES):
        if outcome := result.get(stage):
            succeeded = outcome["status"] == "ok"
            text = f"{outcome['seconds']:.1f} s" if succeeded else f"{outcome['status']}: {outcome['message']}"
            parts.append(f"{stage} {text[:90]}")
    return " | ".join(parts)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="mindcv network names")
    parser.add_argument("--architectures", action="store_true", help="the smallest variant of each architecture")
    parser.add_argument("--all", action="store_true", help="every network that mindcv knows")
    parser.add_argument("--list", action="store_true", help="only print the chosen names, the architectures first")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the recordings")
    parser.add_argument(
        "--timeout", type=float, default=LIMITS.seconds, metavar="SECONDS", help="for each network (default 600)"
    )
    parser.add_argument(
        "--memory", type=float, default=LIMITS.memory / 2**30, metavar="GB", help="for each network (default 14)"
    )
    parser.add_argument("--stages", nargs="+", choices=STAGES, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if not (options.names or options.architectures or options.all):
        parser.error("name networks, or give --architectures or --all")
    if not (options.out or options.list):
        parser.error("--out DIR says where the recordings go")
    return options


def selected(options: argparse.Namespace) -> list[str]:
    """The chosen names in order, each once; an unknown one ends the program."""
    import mindcv

    known = mindcv.list_models()
    every = [*ARCHITECTURES, *known] if options.all else ()
    names = [*options.names, *(ARCHITECTURES if options.architectures else ()), *every]
    if unknown := sorted(set(names) - set(known)):
        sys.exit(f"mindcv has no network called {', '.join(unknown)}")
    return list(dict.fromkeys(names))


def main() -> None:
    options = parse()
    if options.stages:
        work(options.names[0], options.out, options.stages)
        return
    names = selected(options)
    if options.list:
        print(*names, sep="\n")
        return
    options.out.mkdir(parents=True, exist_ok=True)
    limits = Limits(options.timeout, int(options.memory * 2**30))
    for number, name in enumerate(names, 1):
        done = (options.out / f"{name}.json").exists()
        text = "already recorded" if done else summary(record(name, options.out, limits))
        print(f"[{number}/{len(names)}] {name}: {text}", flush=True)


if __name__ == "__main__":
    main()
