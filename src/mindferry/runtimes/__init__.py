"""Runtimes by name; nothing here imports one before it is asked for."""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING

from mindferry.errors import NotInstalled, OptionError

if TYPE_CHECKING:
    from mindferry.runtimes.base import Runtime

NAMES = {
    "mindspore": "mindferry.runtimes.mindspore:MindSpore",
    "onnxruntime": "mindferry.runtimes.onnxruntime:OnnxRuntime",
    "openvino": "mindferry.runtimes.openvino:OpenVino",
}
"""Runtime -> module and class."""

_EXTRAS = {"mindspore": "mindspore", "onnxruntime": "cpu", "openvino": "openvino"}


def available() -> dict[str, bool]:
    """Whether each runtime's package is installed; the package is not imported."""
    return {name: importlib.util.find_spec(name) is not None for name in NAMES}


def get(name: str) -> Runtime:
    """The runtime of that name.

    Raises:
        OptionError: there is none.
        NotInstalled: its package is missing or cannot be imported.
    """
    if name not in NAMES:
        raise OptionError(f"there is no runtime {name!r}; choose {', '.join(sorted(NAMES))}")
    module, _, attribute = NAMES[name].partition(":")
    try:
        runtime: Runtime = getattr(importlib.import_module(module), attribute)()
    except ImportError as error:
        raise NotInstalled(
            f"the runtime {name} cannot be imported ({error}): pip install 'mindferry[{_EXTRAS[name]}]'"
        ) from error
    return runtime
