"""TensorRT-RTX or full TensorRT, whichever is installed, and one log for all that it does in this process.

TensorRT keeps the first logger of a process and ignores later ones, and most of its functions tell failures by their
log alone. So there is one logger for each library; its lines go on to this module's Python logger.
"""

from __future__ import annotations

import functools
import importlib
import logging
import re
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from mindferry.errors import NotInstalled

NAMES = ("tensorrt_rtx", "tensorrt")
"""The modules, the preferred one first: TensorRT-RTX compiles for GPUs that are not here."""

_TITLES = {"tensorrt_rtx": "TensorRT-RTX", "tensorrt": "TensorRT"}
_LOG = logging.getLogger("mindferry.tensorrt")
_PLACE = re.compile(r"\s+In \w+ at \S+:\d+|\b\w+\.cpp:\d+: |^I\w+::\w+: ")
_MOST_LINES = 1000


class Library:
    """One of the two.

    Attributes:
        trt: its Python module.
        is_rtx: whether it is TensorRT-RTX.
        title: name and version, such as `TensorRT-RTX 1.7.1.116`.
        logger: the logger, as TensorRT takes it.
    """

    def __init__(self, trt: Any) -> None:
        self.trt, self.is_rtx = trt, trt.__name__ == "tensorrt_rtx"
        self.title = f"{_TITLES[trt.__name__]} {trt.__version__}"
        self._kept: deque[str] = deque(maxlen=_MOST_LINES)
        self._lock = threading.Lock()
        self.logger = _logger(trt, self._kept)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Nobody else compiles or loads meanwhile, and `errors` are those from here on."""
        with self._lock:
            self._kept.clear()
            yield

    @property
    def errors(self) -> str:
        """The errors in its log, without the places in its own source; each once."""
        found = [_clean(text) for text in tuple(self._kept)]
        return "; ".join(dict.fromkeys(text for text in found if text)) or "it gives no reason"


def find(names: Sequence[str] = NAMES) -> Library:
    """The first library of these names that can be imported.

    Raises:
        NotInstalled: there is none, or its own libraries are missing.
    """
    reasons = []
    for name in names:
        try:
            return _loaded(name)
        except Exception as error:  # a broken installation raises whatever ctypes makes of it
            reasons.append(f"{name}: {error}")
    extra = "pip install 'mindferry[tensorrt]'" if NAMES[0] in names else "pip install tensorrt"
    raise NotInstalled(f"TensorRT cannot be imported ({'; '.join(reasons)}): {extra}")


@functools.cache
def _loaded(name: str) -> Library:
    return Library(importlib.import_module(name))


def _logger(trt: Any, kept: deque[str]) -> Any:
    severity = trt.ILogger.Severity
    levels = {
        severity.INTERNAL_ERROR: logging.ERROR,
        severity.ERROR: logging.ERROR,
        severity.WARNING: logging.WARNING,
        severity.INFO: logging.INFO,
        severity.VERBOSE: logging.DEBUG,
    }
    base: Any = trt.ILogger

    class Logger(base):  # type: ignore[misc]
        """Keeps errors and passes every line on; errors are no more than news until someone raises them."""

        def __init__(self) -> None:
            base.__init__(self)

        def log(self, severity: Any, message: str) -> None:
            level = levels[severity]
            if level >= logging.ERROR:
                kept.append(message)
            _LOG.log(min(level, logging.INFO), "%s", message)

    return Logger()


def _clean(text: str) -> str:
    return " ".join(_PLACE.sub("", text).split())
