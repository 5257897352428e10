"""Records mindcv networks as MindSpore itself sees them.

For each network: its MindIR, an input with MindSpore's outputs, and how MindSpore's own ONNX exporter fares.
Needs MindSpore 2.10 and mindcv 0.3. README.md beside this file describes the files that are written.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path
from typing import Any

SEED = 20240229

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

# Square input sizes of the networks for which mindcv configures none and 224 is not theirs.
SIZES = {"inception_v*": 299, "xception": 299, "swinv2_*": 256, "pnasnet": 331}


def input_size(name: str) -> tuple[int, int, int]:
    """Channels, height and width: from mindcv's configuration, else from the name or SIZES, else 224 x 224."""
    from mindcv.models import registry

    configured = registry._model_pretrained_cfgs.get(name, {}).get("input_size")
    if configured:
        return tuple(configured)
    if named := re.fullmatch(r"mobilenet_v2_\d+_(\d+)", name):
        side = int(named[1])
    else:
        side = next((size for pattern, size in SIZES.items() if fnmatch.fnmatch(name, pattern)), 224)
    return (3, side, side)


def create(name: str) -> tuple[Any, Any]:
    """The network in inference mode with reproducible weights, and the generator that made them."""
    import mindspore
    import numpy as np
    from mindcv.models import create_model

    mindspore.set_context(mode=mindspore.GRAPH_MODE, device_target="CPU")
    mindspore.set_seed(SEED)
    network = create_model(name)
    network.set_train(False)
    random = np.random.default_rng([SEED, zlib.crc32(name.encode())])
    for parameter in network.get_parameters():
        enliven(parameter, random)
    return network, random


def enliven(parameter: Any, random: Any) -> None:
    """Redraws the weights that would let the signal fade, and every constant float parameter.

    mindcv's initial weights often make the output independent of the input, and its initial normalizations,
    biases and layer scales are neutral: neither would show a wrong conversion.
    """
    import mindspore

    value = parameter.asnumpy()
    if value.dtype.kind != "f" or value.size == 0:
        return
    if parameter.name.endswith("weight") and value.ndim >= 2:
        gain = 2.0 if value.ndim > 2 else 1.0
        new = random.normal(0.0, (gain * len(value) / value.size) ** 0.5, value.shape)
    elif (value != value.flat[0]).any():
        return
    elif parameter.name.endswith(("gamma", "moving_variance")):
        new = random.uniform(0.5, 1.5, value.shape)
    else:
        new = value + random.normal(0.0, 0.1, value.shape)
    parameter.set_data(mindspore.Tensor(new.astype(value.dtype)))


def draw_input(name: str, random: Any) -> Any:
    """One standard normal float32 image batch, NCHW, batch 1."""
    import mindspore
    import numpy as np

    return mindspore.Tensor(random.standard_normal((1, *input_size(name)), dtype=np.float32))


def flatten(output: Any) -> list[Any]:
    """The output tensors as numpy arrays, nested tuples opened in order."""
    if isinstance(output, (tuple, list)):
        return [array for item in output for array in flatten(item)]
    return [output.asnumpy()]


def stage_mindir(name: str, folder: Path) -> dict[str, Any]:
    """Exports NAME.mindir; returns its size and the network's."""
    import mindspore

    network, random = create(name)
    parameters = list(network.get_parameters())
    start = time.perf_counter()
    mindspore.export(network, draw_input(name, random), file_name=str(folder / name), file_format="MINDIR")
    return {
        "seconds": time.perf_counter() - start,
        "bytes": (folder / f"{name}.mindir").stat().st_size,
        "input_size": input_size(name),
        "parameters": sum(parameter.size for parameter in parameters),
        "parameter_bytes": sum(parameter.nbytes for parameter in parameters),
    }


def stage_run(name: str, folder: Path) -> dict[str, Any]:
    """Records NAME.npz by running the network in graph mode; returns how far another input moves the output."""
    import numpy as np

    network, random = create(name)
    first, second = draw_input(name, random), draw_input(name, random)
    start = time.perf_counter()
    outputs = flatten(network(first))
    seconds = time.perf_counter() - start
    again, other = flatten(network(first)), flatten(network(second))
    arrays = {"x0": first.asnumpy()} | {f"y{index}": array for index, array in enumerate(outputs)}
    np.savez_compressed(folder / f"{name}.npz", **arrays)
    largest = max(float(np.abs(array).max()) for array in outputs)
    return {
        "seconds": seconds,
        "largest": largest,
        "repeats": all(np.array_equal(a, b, equal_nan=True) for a, b in zip(outputs, again, strict=True)),
        "sensitivity": max(float(np.abs(a - b).max()) for a, b in zip(outputs, other, strict=True)) / largest,
    }


def stage_onnx(name: str, folder: Path) -> dict[str, Any]:
    """Runs MindSpore's own ONNX exporter and discards its file; returns time and memory."""
    import mindspore

    network, random = create(name)
    x = draw_input(name, random)
    before = resident()
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        mindspore.export(network, x, file_name=f"{scratch}/network", file_format="ONNX")
        size = sum(path.stat().st_size for path in Path(scratch).iterdir())
    return {
        "seconds": time.perf_counter() - start,
        "bytes": size,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "network_bytes": before,
    }


def resident() -> int:
    """Bytes of this process in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


STAGES = {"mindir": stage_mindir, "run": stage_run, "onnx": stage_onnx}


def run_stage(stage: str, name: str, folder: Path) -> None:
    """Runs one stage in this process and writes its result, or the first line of its error, to standard output."""
    try:
        result = {"status": "ok", **STAGES[stage](name, folder)}
    except Exception as error:
        lines = [line.strip(" -") for line in str(error).splitlines() if line.strip(" -")]
        result = {"status": "error", "message": f"{type(error).__name__}: {lines[0] if lines else ''}"}
    print("\n" + json.dumps(result), flush=True)


def supervise(stage: str, name: str, folder: Path, timeout: float) -> dict[str, Any]:
    """The result of a stage run in a process of its own; a crash or a timeout is a result too.

    The process works in a scratch folder, where MindSpore leaves its dumps of a failed compilation.
    """
    command = [sys.executable, str(Path(__file__).resolve()), "--out", str(folder.resolve()), "--stage", stage, name]
    with (
        tempfile.TemporaryDirectory() as scratch,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=scratch,
            env={"GLOG_v": "4", **os.environ},
            start_new_session=True,
        ) as process,
    ):
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return {"status": "timeout", "message": f"stopped after {timeout:g} s"}
    if process.returncode < 0:
        return {"status": "crash", "message": f"ended by {signal.Signals(-process.returncode).name}"}
    try:
        return json.loads(output.splitlines()[-1])
    except (IndexError, ValueError):
        return {"status": "crash", "message": f"ended with exit code {process.returncode} and no result"}


def record(name: str, folder: Path, timeout: float) -> dict[str, Any]:
    """Runs every stage of one network and writes NAME.json last, which marks the network as done."""
    result: dict[str, Any] = {"name": name, "seed": SEED}
    for stage in STAGES:
        result[stage] = supervise(stage, name, folder, timeout)
    temporary = folder / f".{name}.json"
    temporary.write_text(json.dumps(result, indent=2) + "\n")
    temporary.rename(folder / f"{name}.json")
    return result


def summary(result: dict[str, Any]) -> str:
    """One line: each stage with its seconds, or why it failed."""
    parts = []
    for stage in STAGES:
        outcome = result[stage]
        succeeded = outcome["status"] == "ok"
        text = f"{outcome['seconds']:.1f} s" if succeeded else f"{outcome['status']}: {outcome['message']}"
        parts.append(f"{stage} {text[:90]}")
    return " | ".join(parts)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="mindcv network names")
    parser.add_argument("--architectures", action="store_true", help="the smallest variant of each architecture")
    parser.add_argument("--all", action="store_true", help="every network that mindcv knows")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder of the recordings")
    parser.add_argument("--timeout", type=float, default=300.0, metavar="SECONDS", help="for each stage (default 300)")
    parser.add_argument("--stage", choices=STAGES, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if not (options.names or options.architectures or options.all):
        parser.error("name networks, or give --architectures or --all")
    return options


def selected(options: argparse.Namespace) -> list[str]:
    """The chosen names in order, each once; an unknown one ends the program."""
    import mindcv

    known = mindcv.list_models()
    names = [*options.names, *(ARCHITECTURES if options.architectures else ()), *(known if options.all else ())]
    if unknown := sorted(set(names) - set(known)):
        sys.exit(f"mindcv has no network called {', '.join(unknown)}")
    return list(dict.fromkeys(names))


def main() -> None:
    options = parse()
    if options.stage:
        run_stage(options.stage, options.names[0], options.out)
        return
    names = selected(options)
    options.out.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names, 1):
        done = (options.out / f"{name}.json").exists()
        text = "already recorded" if done else summary(record(name, options.out, options.timeout))
        print(f"[{number}/{len(names)}] {name}: {text}", flush=True)


if __name__ == "__main__":
    main()
