"""What of this machine decides how fast a model runs: processor, cores, instructions, versions."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_FLAGS = frozenset({
    "avx2", "fma", "f16c", "avx_vnni", "avx512f", "avx512bw", "avx512_vnni", "avx512_bf16", "avx512_fp16",
    "amx_tile", "amx_int8", "amx_bf16", "amx_fp16", "asimd", "asimdhp", "asimddp", "bf16", "i8mm", "sve", "sve2",
})  # fmt: skip
"""Instructions for which runtimes have kernels of their own."""

_DISTRIBUTIONS = {
    "onnxruntime": ("onnxruntime", "onnxruntime-gpu", "onnxruntime-cann", "onnxruntime-openvino"),
    "openvino": ("openvino",),
    "tensorrt": ("tensorrt-rtx-cu12", "tensorrt-rtx", "tensorrt"),
    "mindspore": ("mindspore",),
    "mindferry": ("mindferry",),
}


@dataclass(frozen=True, slots=True)
class Machine:
    """Attributes:
    processor: its model's name.
    cores: logical cores that this process may use.
    instructions: those of its instruction sets that matter here, sorted.
    """

    processor: str
    cores: int
    instructions: tuple[str, ...]

    @classmethod
    def here(cls) -> Machine:
        """This machine."""
        information = _processor_information()
        name = information.get("model name") or platform.processor() or platform.machine()
        flags = set((information.get("flags") or information.get("Features", "")).split())
        return cls(name, len(os.sched_getaffinity(0)), tuple(sorted(flags & _FLAGS)))

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON and TOML."""
        return asdict(self) | {"instructions": list(self.instructions)}


def _processor_information() -> dict[str, str]:
    """The first processor in /proc/cpuinfo, which x86 and Arm fill in differently."""
    found: dict[str, str] = {}
    for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
        name, colon, value = line.partition(":")
        if not line.strip() and found:
            return found
        if colon:
            found[name.strip()] = value.strip()
    return found


def versions() -> dict[str, str]:
    """Versions of MindFerry and of the runtimes that are installed, by their names in MindFerry."""
    return {name: version for name in _DISTRIBUTIONS if (version := _version(name)) is not None}


def _version(name: str) -> str | None:
    for distribution in _DISTRIBUTIONS[name]:
        try:
            return f"{distribution} {importlib.metadata.version(distribution)}"
        except importlib.metadata.PackageNotFoundError:
            continue
    return None
