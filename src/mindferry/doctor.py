"""What is installed, what each runtime can do on this machine, and what does not fit together, with the cure.

Everything that is judged is data: a `Machine`, the shared libraries that were found, and `Probe`s. A probe runs a small
network in a process of its own, so a runtime that crashes or hangs is found out and does no harm.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from typing import Any

import mindferry
from mindferry import probing
from mindferry.platforms import Machine, conflict
from mindferry.probing import ABSENT, FAILS, WORKS, Probe

PACKAGES = (
    "mindspore", "numpy", "ml-dtypes", "onnx", "onnx-ir", "onnxruntime", "onnxruntime-gpu", "onnxruntime-cann",
    "onnxruntime-openvino", "onnxruntime-directml", "openvino", "tensorrt-rtx", "tensorrt-rtx-cu12", "tensorrt-rtx-cu13",
    "tensorrt", "tensorrt-cu12", "tensorrt-cu13", "nvidia-cuda-runtime", "nvidia-cuda-runtime-cu12", "nvidia-cudnn-cu12",
    "nvidia-cudnn-cu13", "mindcv",
)  # fmt: skip
"""The distributions that matter, in the order in which they are shown."""

_ORT = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-cann", "onnxruntime-openvino", "onnxruntime-directml")
_TENSORRT = ("tensorrt", "tensorrt-cu12", "tensorrt-cu13")
_CUDA_LIBRARIES = ("cudart", "cudnn")
_CUDA_PACKAGES = {
    "cudart": ("nvidia-cuda-runtime", "nvidia-cuda-runtime-cu12"),
    "cudnn": ("nvidia-cudnn-cu13", "nvidia-cudnn-cu12"),
}
_SIDE_BY_SIDE = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that does not work, and the command that mends it ("" where there is none)."""

    text: str
    cure: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is known of this machine.

    Attributes:
        system: operating system, Python and MindFerry by name.
        hardware: processors by kind, with what was found of them.
        packages: the installed ones of PACKAGES, with versions.
    """

    system: dict[str, str]
    hardware: dict[str, str]
    packages: dict[str, str]
    probes: tuple[Probe, ...]
    problems: tuple[Problem, ...]

    @property
    def fine(self) -> bool:
        """True where there are no problems."""
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return {"fine": self.fine, **asdict(self)}


def diagnose(
    machine: Machine | None = None,
    *,
    run: Callable[[str, str], Probe] = probing.run,
    libraries: Collection[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Diagnosis:
    """Everything about this machine, or another that is described.

    Args:
        machine: what is installed and plugged in.
        run: tries a runtime on a device.
        libraries: shared libraries of the system, such as "cudart".
        progress: called with (probes done, probes in all).

    Example:
        >>> bare = Machine({"numpy": "2.4.1"})
        >>> [problem.cure for problem in diagnose(bare, libraries=()).problems]
        ["pip install 'mindferry[cpu]'"]
    """
    given = machine or Machine.here()
    present = probing.libraries(_CUDA_LIBRARIES) if libraries is None else libraries
    probes = _probed(given, run, progress)
    problems = (*conflicts(given, present), *failures(given, probes))
    return Diagnosis(_system(), _hardware(given), _versions(given), probes, problems)


def conflicts(machine: Machine, libraries: Collection[str] = ()) -> Iterator[Problem]:
    """What is installed and does not fit together, or does not suffice."""
    packages = machine.packages
    if len(several := [name for name in _ORT if name in packages]) > 1:
        yield Problem(
            f"{_listed(machine, several)} write the same folder, so that only the last one that was installed is whole",
            f"pip uninstall -y {' '.join(several)} && pip install '{_wanted_ort(machine)}'",
        )
    if "mindspore" in packages and (found := conflict(packages["mindspore"], packages.get("numpy", "0"))):
        text, _, cure = found.partition(": ")
        yield Problem(text, cure)
    newer = [name for name in _TENSORRT if int(packages.get(name, "0").partition(".")[0] or 0) > 10]
    if newer and "onnxruntime-gpu" in packages:
        yield Problem(
            f"the TensorRT provider of {_listed(machine, ['onnxruntime-gpu'])} needs TensorRT 10, but "
            f"{_listed(machine, newer)} is installed",
            f"pip uninstall -y {' '.join(newer)} && pip install 'tensorrt-cu13>=10.13,<11'",
        )
    if "onnxruntime-gpu" in packages and (
        lacking := [
            library
            for library, names in _CUDA_PACKAGES.items()
            if library not in libraries and not any(name in packages for name in names)
        ]
    ):
        yield Problem(
            f"{_listed(machine, ['onnxruntime-gpu'])} finds no CUDA libraries ({', '.join(lacking)}) and would run on "
            "the CPU",
            "pip install 'onnxruntime-gpu[cuda,cudnn]'",
        )


def failures(machine: Machine, probes: Sequence[Probe]) -> Iterator[Problem]:
    """What was tried and should have worked: what fails, and what cannot use hardware that is there."""
    if not any(probe.state == WORKS for probe in probes) and not any(probe.state == FAILS for probe in probes):
        yield Problem("no runtime is installed, so no model can be run", "pip install 'mindferry[cpu]'")
    for probe in probes:
        if probe.state == FAILS:
            yield Problem(f"{probe.runtime} fails on {probe.device}: {probe.text}", _repair(machine, probe))
        elif probe.state == ABSENT and not probe.installable and _should_work(machine, probe):
            yield Problem(f"{probe.runtime} cannot use {probe.device}, which is there: {probe.text}", "")


def _probed(
    machine: Machine, run: Callable[[str, str], Probe], progress: Callable[[int, int], None] | None
) -> tuple[Probe, ...]:
    wanted = probing.pairs(machine)
    done: dict[tuple[str, str], Probe] = {}
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        waiting = {pool.submit(run, *pair): pair for pair in wanted}
        for future in as_completed(waiting):
            done[waiting[future]] = future.result()
            if progress is not None:
                progress(len(done), len(wanted))
    return tuple(done[pair] for pair in wanted)


def _repair(machine: Machine, probe: Probe) -> str:
    """The command that installs a broken runtime again."""
    names = {
        "onnxruntime": _ORT,
        "openvino": ("openvino",),
        "mindspore": ("mindspore",),
        "tensorrt": PACKAGES,
    }.get(probe.runtime, ())
    found = [name for name in names if name in machine.packages and (probe.runtime in name or names is not PACKAGES)]
    return f"pip install --force-reinstall {' '.join(found)}" if found else ""


def _wanted_ort(machine: Machine) -> str:
    if machine.npus and "onnxruntime-cann" in machine.packages:
        return "onnxruntime-cann"
    return "mindferry[gpu]" if machine.gpus else "mindferry[cpu]"


def _listed(machine: Machine, names: Sequence[str]) -> str:
    return " and ".join(f"{name} {machine.packages[name]}" for name in names)


def _versions(machine: Machine) -> dict[str, str]:
    return {name: machine.packages[name] for name in PACKAGES if name in machine.packages}


def _should_work(machine: Machine, probe: Probe) -> bool:
    """Whether the machine has the hardware, and the runtime is one that is installed for its sake."""
    if probe.device.startswith("ascend"):
        return bool(machine.npus)
    return bool(machine.gpus) and probe.runtime in ("onnxruntime", "tensorrt")


def _hardware(machine: Machine) -> dict[str, str]:
    return {"GPU": ", ".join(machine.gpus) or "none", "Ascend": ", ".join(machine.npus) or "none"}


def _system() -> dict[str, str]:
    return {
        "MindFerry": mindferry.__version__,
        "Python": f"{platform.python_version()} ({sys.executable})",
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
    }
