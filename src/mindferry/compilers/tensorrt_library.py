"""TensorRT-RTX or full TensorRT, whichever is installed, and one log for all that it does in this process.

TensorRT keeps the first logger of a process and ignores later ones, and most of its functions tell failures by their
log alone. So there is one logger; its lines go on to this module's Python logger.
"""

from __future__ import annotations

import functools
import importlib
import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mindferry.errors import NotInstalled

_LOG = logging.getLogger("mindferry.tensorrt")
_PLACE = re.compile(r"\s+In \w+ at \S+:\d+|\b\w+\.cpp:\d+: |^I\w+::\w+: ")
_MODULES = {"tensorrt_rtx": "TensorRT-RTX", "tensorrt": "TensorRT"}

LOCK = threading.Lock()
"""Held while TensorRT compiles or loads an engine, so that its log belongs to one of them."""


@functools.cache
def module() -> Any:
    """TensorRT's Python module; TensorRT-RTX is preferred, since it compiles for GPUs that are not here.

    Raises:
        NotInstalled: there is none, or its libraries are missing.
    """
    reasons = []
    for name in _MODULES:
        try:
            return importlib.import_module(name)
        except Exception as error:  # a broken installation raises whatever ctypes makes of it
            reasons.append(f"{name}: {error}")
    raise NotInstalled(f"TensorRT cannot be imported ({'; '.join(reasons)}): pip install 'mindferry[tensorrt]'")


def is_rtx() -> bool:
    """Whether it is TensorRT-RTX."""
    return bool(module().__name__ == "tensorrt_rtx")


def title() -> str:
    """Name and version, such as `TensorRT-RTX 1.7.1.116`."""
    return f"{_MODULES[module().__name__]} {module().__version__}"


@functools.cache
def logger() -> Any:
    """The logger of this process, as TensorRT takes it."""
    trt: Any = module()
    base: Any = trt.ILogger
    levels = {
        trt.ILogger.Severity.INTERNAL_ERROR: logging.ERROR,
        trt.ILogger.Severity.ERROR: logging.ERROR,
        trt.ILogger.Severity.WARNING: logging.WARNING,
        trt.ILogger.Severity.INFO: logging.INFO,
        trt.ILogger.Severity.VERBOSE: logging.DEBUG,
    }

    class Logger(base):  # type: ignore[misc]
        """Keeps errors and warnings while they are wanted, and passes every line on."""

        def __init__(self) -> None:
            base.__init__(self)
            self.kept: list[tuple[int, str]] = []

        def log(self, severity: Any, message: str) -> None:
            level = levels[severity]
            if level >= logging.WARNING:
                self.kept.append((level, message))
            _LOG.log(min(level, logging.INFO), "%s", message)

    return Logger()


class Said:
    """What TensorRT said in a stretch of its log."""

    def __init__(self) -> None:
        self._lines = logger().kept

    @property
    def errors(self) -> str:
        """Its errors, without the places in its own source; each once."""
        found = [_clean(text) for level, text in self._lines if level >= logging.ERROR]
        return "; ".join(dict.fromkeys(text for text in found if text))

    @property
    def warnings(self) -> tuple[str, ...]:
        """Its warnings; each once."""
        found = [_clean(text) for level, text in self._lines if level == logging.WARNING]
        return tuple(dict.fromkeys(text for text in found if text))


@contextmanager
def listening() -> Iterator[Said]:
    """Nobody else uses TensorRT meanwhile, and what it says is kept."""
    with LOCK:
        logger().kept.clear()
        yield Said()


def _clean(text: str) -> str:
    return " ".join(_PLACE.sub("", text).split())
