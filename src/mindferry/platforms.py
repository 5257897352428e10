"""The hardware that MindSpore models run on, the model files that each takes, and what of it works on this machine."""

from __future__ import annotations

import importlib.metadata
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

_COMMANDS = ("atc",)
_LAST_WITHOUT_NUMPY_2 = (2, 10)
_FULL_TENSORRT = ("tensorrt", "tensorrt-cu12", "tensorrt-cu13")


@dataclass(frozen=True, slots=True)
class Machine:
    """What a machine has.

    Attributes:
        packages: installed distributions and their versions; names in lower case, with hyphens.
        gpus: device nodes of NVIDIA GPUs; npus: of Ascend processors.
        commands: which of the tools that MindFerry knows are on the path.
    """

    packages: Mapping[str, str]
    gpus: tuple[str, ...] = ()
    npus: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()

    @classmethod
    def here(cls) -> Machine:
        """This machine; nothing is imported and no driver is called."""
        found = importlib.metadata.distributions()
        packages = {name.lower().replace("_", "-"): item.version for item in found if (name := item.metadata["Name"])}
        return cls(
            packages=packages,
            gpus=_nodes("nvidia[0-9]*"),
            npus=_nodes("davinci[0-9]*"),
            commands=tuple(name for name in _COMMANDS if shutil.which(name)),
        )


def _nodes(pattern: str) -> tuple[str, ...]:
    return tuple(sorted(str(path) for path in Path("/dev").glob(pattern)))


@dataclass(frozen=True, slots=True)
class Need:
    """Something that a way needs.

    Attributes:
        find: what of it the machine has, "" for nothing.
        install: what to do where it is missing.
    """

    find: Callable[[Machine], str]
    install: str


@dataclass(frozen=True, slots=True)
class Way:
    """One way to run a model file on a kind of hardware.

    Attributes:
        runtime: as `mindferry.open` takes it, or "" for a tool that takes the file that MindFerry wrote.
        device: as `mindferry.open` takes it.
        tried: what MindFerry writes or opens has been run this way.
        simulated: it has been run against a simulator of the hardware.
    """

    name: str
    needs: tuple[Need, ...]
    runtime: str = ""
    device: str = ""
    tried: bool = False
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    """A way on one machine: what is found, and what to do about what is missing."""

    way: Way
    found: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def ready(self) -> bool:
        """True where nothing is missing."""
        return not self.missing

    @property
    def note(self) -> str:
        """What else must be said of it."""
        if self.way.tried:
            return ""
        return "simulated here; not yet run on hardware" if self.way.simulated else "not yet run on hardware"

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        named = {"name": self.way.name, "runtime": self.way.runtime, "device": self.way.device}
        return {**named, "ready": self.ready, "found": self.found, "missing": self.missing, "note": self.note}


@dataclass(frozen=True, slots=True)
class Row:
    """A kind of hardware, a model file, and the ways to run it, the preferred one first."""

    hardware: str
    model_file: str
    ways: tuple[Status, ...]

    @property
    def ready(self) -> bool:
        """True where the machine can run it one way or another."""
        return any(status.ready for status in self.ways)

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        ways = [status.as_dict() for status in self.ways]
        return {"hardware": self.hardware, "model_file": self.model_file, "ready": self.ready, "ways": ways}


def conflict(mindspore: str, numpy: str) -> str:
    """Why two versions do not work together and what to do, or "" where they do.

    Example:
        >>> conflict("2.10.0", "2.4.1")
        "MindSpore 2.10.0 does not support numpy 2.4.1: pip install 'numpy<2' 'ml_dtypes<0.6'"
        >>> conflict("2.10.0", "1.26.4")
        ''
    """
    numbers = tuple(int(part) for part in mindspore.split(".")[:2] if part.isdecimal())
    if numbers > _LAST_WITHOUT_NUMPY_2 or int(numpy.partition(".")[0]) < 2:
        return ""
    return f"MindSpore {mindspore} does not support numpy {numpy}: pip install 'numpy<2' 'ml_dtypes<0.6'"


def _package(*names: str, install: str = "") -> Need:
    """One of the distributions."""

    def find(machine: Machine) -> str:
        return next((f"{name} {machine.packages[name]}" for name in names if name in machine.packages), "")

    return Need(find, install or f"pip install {names[0]}")


def _mindspore(machine: Machine) -> str:
    versions = machine.packages.get("mindspore"), machine.packages.get("numpy")
    if versions[0] is None or conflict(versions[0], versions[1] or "0"):
        return ""
    return f"mindspore {versions[0]}"


def _tensorrt_10(machine: Machine) -> str:
    """The only generation that ONNX Runtime's packages load."""
    found = ((name, machine.packages.get(name, "")) for name in _FULL_TENSORRT)
    return next((f"{name} {version}" for name, version in found if version.startswith("10.")), "")


_MINDSPORE = Need(_mindspore, "pip install 'mindferry[mindspore]'")
_NVIDIA = Need(lambda machine: ", ".join(machine.gpus), "an NVIDIA GPU with its driver")
_ASCEND = Need(lambda machine: ", ".join(machine.npus), "an Ascend processor with its driver and CANN")
_ATC = Need(lambda machine: "atc" if "atc" in machine.commands else "", "ATC, which is part of Ascend's CANN toolkit")
_ORT = _package("onnxruntime", "onnxruntime-gpu", "onnxruntime-cann", install="pip install 'mindferry[cpu]'")
_ORT_GPU = _package("onnxruntime-gpu", install="pip uninstall onnxruntime; pip install 'mindferry[gpu]'")
_ORT_CANN = _package("onnxruntime-cann", install="pip uninstall onnxruntime; pip install onnxruntime-cann")
_TENSORRT = _package(
    "tensorrt-rtx-cu12",
    "tensorrt-rtx-cu13",
    "tensorrt-rtx",
    *_FULL_TENSORRT,
    install="pip install 'mindferry[tensorrt]'",
)
_TENSORRT_10 = Need(_tensorrt_10, "pip install 'tensorrt-cu13>=10.13,<11'")
_OPENVINO = _package("openvino", install="pip install 'mindferry[openvino]'")

_IN_MEMORY = "ONNX Runtime, converted in memory with the network's MindIR"
_LIKEWISE = "converted likewise"
_Rows: TypeAlias = "tuple[tuple[str, str, tuple[Way, ...]], ...]"

ROWS: _Rows = (
    ("Ascend 910", "checkpoint", (Way("MindSpore", (_MINDSPORE, _ASCEND), "mindspore", "ascend910"),)),
    (
        "Ascend 310",
        "ONNX or AIR -> OM",
        (
            Way("ATC, then ACL", (_ATC, _ASCEND), "acl", "ascend310", simulated=True),
            Way("ONNX Runtime with CANN", (_ORT_CANN, _ASCEND), "onnxruntime", "ascend310"),
        ),
    ),
    (
        "GPU",
        "checkpoint",
        (
            Way("MindSpore", (_MINDSPORE, _NVIDIA), "mindspore", "gpu"),
            Way(_IN_MEMORY, (_ORT_GPU, _NVIDIA), "onnxruntime", "gpu"),
            Way(f"TensorRT, {_LIKEWISE}", (_TENSORRT, _NVIDIA), "tensorrt", "gpu"),
        ),
    ),
    (
        "GPU",
        "ONNX",
        (
            Way("ONNX Runtime with CUDA", (_ORT_GPU, _NVIDIA), "onnxruntime", "gpu"),
            Way("ONNX Runtime with TensorRT", (_ORT_GPU, _TENSORRT_10, _NVIDIA), "onnxruntime", "gpu"),
            Way("TensorRT", (_TENSORRT, _NVIDIA), "tensorrt", "gpu"),
        ),
    ),
    (
        "CPU",
        "checkpoint",
        (
            Way("MindSpore", (_MINDSPORE,), "mindspore", "cpu", tried=True),
            Way(_IN_MEMORY, (_ORT,), "onnxruntime", "cpu", tried=True),
            Way(f"OpenVINO, {_LIKEWISE}", (_OPENVINO,), "openvino", "cpu", tried=True),
        ),
    ),
    (
        "CPU",
        "ONNX",
        (
            Way("ONNX Runtime", (_ORT,), "onnxruntime", "cpu", tried=True),
            Way("OpenVINO", (_OPENVINO,), "openvino", "cpu", tried=True),
        ),
    ),
)
"""Hardware, model file, ways."""


def table(machine: Machine | None = None) -> tuple[Row, ...]:
    """What runs on the machine, by default on this one.

    Example:
        >>> [(row.hardware, row.model_file) for row in table()][-1]
        ('CPU', 'ONNX')
    """
    given = machine or Machine.here()
    return tuple(Row(hardware, file, tuple(_status(way, given) for way in ways)) for hardware, file, ways in ROWS)


def _status(way: Way, machine: Machine) -> Status:
    found = [(need, need.find(machine)) for need in way.needs]
    return Status(
        way, tuple(text for _, text in found if text), tuple(need.install for need, text in found if not text)
    )
