"""A double of ONNX Runtime's sessions on a machine with some devices.

A session answers through the real CPU provider. It takes only what the providers document, refuses device numbers that
are not there, and, as the real one, runs on the CPU without a word where a provider's libraries are missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import onnxruntime

CPU = "CPUExecutionProvider"

_OPTIONS = {
    "CUDAExecutionProvider": {"device_id", "use_tf32", "gpu_mem_limit", "cudnn_conv_algo_search", "enable_cuda_graph"},
    "TensorrtExecutionProvider": {"device_id", "trt_fp16_enable", "trt_engine_cache_enable", "trt_engine_cache_path"},
    "CANNExecutionProvider": {"device_id", "precision_mode", "npu_mem_limit", "enable_cann_graph"},
    CPU: set(),
}
_REAL = onnxruntime.InferenceSession


class Machine:
    """Where sessions are made.

    Attributes:
        devices: how many devices each provider that can be loaded has.
        only_cpu: operators that only the CPU can run.
        made: the providers of every session, with their options.
    """

    def __init__(self, devices: Mapping[str, int], only_cpu: Sequence[str] = ()) -> None:
        self.devices, self.only_cpu = devices, only_cpu
        self.made: list[list[tuple[str, dict[str, str]]]] = []

    def session(
        self, model: Any, settings: Any, *, providers: Sequence[tuple[str, dict[str, str]]], enable_fallback: int
    ) -> Any:
        """A session; arguments are those of onnxruntime.InferenceSession."""
        assert enable_fallback == 0, "the Python package would try again on the CPU"
        for name, options in providers:
            unknown = options.keys() - _OPTIONS[name]
            if unknown or not all(isinstance(value, str) for value in options.values()):
                raise ValueError(f"[ONNXRuntimeError] : 2 : INVALID_ARGUMENT : Unknown provider option: {unknown}")
            if name in self.devices and int(options["device_id"]) >= self.devices[name]:
                raise RuntimeError("[ONNXRuntimeError] : 1 : FAIL : CUDA failure 101: invalid device ordinal")
        self.made.append(list(providers))
        real = _REAL(model, settings if not _strict(settings) else None, providers=[CPU])
        up = [name for name, _ in providers if name in self.devices]
        if _strict(settings) and (not up or self.only_cpu):
            raise RuntimeError(
                "[ONNXRuntimeError] : 1 : FAIL : This session contains graph nodes that are assigned to the default CPU EP"
            )
        return _Session(real, [*up, CPU])


def _strict(settings: Any) -> bool:
    try:
        return bool(settings.get_session_config_entry("session.disable_cpu_ep_fallback") == "1")
    except RuntimeError:  # the entry was not set
        return False


class _Session:
    """A real session that says it had other providers."""

    def __init__(self, real: Any, providers: list[str]) -> None:
        self._real, self._providers = real, providers

    def get_providers(self) -> list[str]:
        """What came up."""
        return self._providers

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)
