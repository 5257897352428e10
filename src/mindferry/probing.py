"""Tries a runtime on a device: a small network, in a process of its own, within a time."""

from __future__ import annotations

import ctypes.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mindferry.platforms import Machine

if TYPE_CHECKING:
    import onnx

    from mindferry.runtimes.base import Source

WORKS, ABSENT, FAILS = "works", "absent", "fails"
"""States: it answered, it says itself that something is missing, or it failed."""

COMPILE = "compile"
"""Stands for a device: the compiler of a runtime, which needs none."""

SECONDS = 300.0

_PACKAGES = {
    "onnxruntime": ("onnxruntime",),
    "openvino": ("openvino",),
    "tensorrt": ("tensorrt",),
    "mindspore": ("mindspore",),
}
"""Runtime -> what the names of its distributions start with."""

_DEVICES = {
    "onnxruntime": ("cpu", "gpu", "ascend310"),
    "openvino": ("cpu", "gpu"),
    "tensorrt": (COMPILE, "gpu"),
    "mindspore": ("cpu", "gpu", "ascend910"),
}
_MARK = "mindferry-probe:"
_MOST_TEXT = 300


@dataclass(frozen=True, slots=True)
class Probe:
    """What became of a runtime on a device.

    Attributes:
        state: WORKS, ABSENT or FAILS.
        text: what it can do, or what it says.
        seconds: until the first answer, with the start of the process.
        installable: for ABSENT: whether it is a package that is missing.
    """

    runtime: str
    device: str
    state: str
    text: str = ""
    seconds: float = 0.0
    installable: bool = False


def pairs(machine: Machine) -> tuple[tuple[str, str], ...]:
    """Runtimes that are installed, and devices to try them on."""
    return tuple(
        (runtime, device)
        for runtime, starts in _PACKAGES.items()
        if any(name.startswith(starts) for name in machine.packages)
        for device in _DEVICES[runtime]
    )


def libraries(names: Collection[str]) -> tuple[str, ...]:
    """Which of these shared libraries the system's loader finds."""
    return tuple(name for name in names if ctypes.util.find_library(name))


def run(runtime: str, device: str, *, seconds: float = SECONDS) -> Probe:
    """Tries a runtime on a device in another process, which is ended when the time is over."""
    script = f"from mindferry.probing import here; here({runtime!r}, {device!r})"
    environment = {**os.environ, "GLOG_v": "3"}
    started = time.perf_counter()
    try:
        child = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, errors="replace", timeout=seconds,
            check=False, env=environment, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Probe(runtime, device, FAILS, f"no answer within {seconds:g} seconds", seconds)
    taken = round(time.perf_counter() - started, 2)
    for line in child.stdout.splitlines():
        if line.startswith(_MARK):
            return Probe(runtime, device, seconds=taken, **json.loads(line.removeprefix(_MARK)))
    return Probe(runtime, device, FAILS, _crash(child.returncode, child.stderr), taken)


def _crash(code: int, errors: str) -> str:
    """How a process ended, and its last line."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    end = f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    return f"{end}: {lines[-1][:_MOST_TEXT]}" if lines else end


def here(runtime: str, device: str) -> None:
    """Tries it in this process and prints the answer."""
    from mindferry import runtimes
    from mindferry.errors import MindFerryError, NoDevice, NotInstalled, words

    answer: dict[str, Any]
    try:
        runtimes.get(runtime)
        answer = {"state": WORKS, "text": _compile() if device == COMPILE else _open(runtime, device)}
    except NotInstalled as error:
        # only what is installed is tried: a package that cannot be imported is broken, another may be missing
        broken = "cannot be imported" in str(error)
        answer = {"state": FAILS if broken else ABSENT, "text": str(error), "installable": not broken}
    except NoDevice as error:
        answer = {"state": ABSENT, "text": str(error)}
    except MindFerryError as error:
        answer = {"state": FAILS, "text": str(error)}
    except Exception as error:  # whatever a broken installation raises is the answer
        answer = {"state": FAILS, "text": f"{type(error).__name__}: {words(error)}"}
    sys.stdout.write(f"\n{_MARK}{json.dumps(answer)}\n")


def _open(runtime: str, device: str) -> str:
    """Runs the network; the runtime is asked directly, which is quicker than the way through files and conversions."""
    from mindferry import runtimes
    from mindferry.runtimes.base import Device

    with (
        tempfile.TemporaryDirectory(prefix="mindferry-") as folder,
        runtimes.get(runtime).prepare(_source(runtime, Path(folder)), Device.parse(device)) as session,
    ):
        session.warm_up()
    return _abilities() if runtime == "openvino" and device == "cpu" else ""


def _source(runtime: str, folder: Path) -> Source:
    from mindferry import demo
    from mindferry.runtimes.base import Source
    from mindferry.types import DType, TensorSpec

    if runtime == "mindspore":
        image = TensorSpec("x", DType.FLOAT32, (1, 1, 32, 32))
        return Source("mindir", demo.path("lenet5.mindir"), inputs=(image,))
    import onnx

    path = folder / "product.onnx"
    onnx.save(_product(), path)
    return Source("onnx", path)


def _product() -> onnx.ModelProto:
    """A matrix product with constants."""
    import numpy as np
    import onnx
    from onnx import helper, numpy_helper

    ports = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [2, 8]) for name in ("x", "y")]
    weights = numpy_helper.from_array(np.eye(8, dtype=np.float32), "w")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], "product", ports[:1], ports[1:], [weights]
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def _abilities() -> str:
    """What of OpenVINO depends on the processor."""
    from mindferry.runtimes import openvino

    return f"precisions {', '.join(openvino.precisions())}"


def _compile() -> str:
    """What TensorRT compiles for here."""
    import onnx_ir as ir

    from mindferry.compilers import tensorrt, tensorrt_library
    from mindferry.runtimes.base import Device
    from mindferry.runtimes.cuda import Gpu

    library = tensorrt_library.find()
    if not library.is_rtx:
        Gpu(Device("gpu")).close()
    tensorrt.build(ir.from_proto(_product()), tensorrt.Options())
    known = tensorrt.compute_capabilities(library)
    return f"for compute capabilities {', '.join(known)}" if known else "for this GPU"
