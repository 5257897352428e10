"""Runtimes by name; nothing here imports one before it is asked for."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import TYPE_CHECKING

from mindferry.errors import NotInstalled, OptionError

if TYPE_CHECKING:
    from mindferry.runtimes.base import Runtime

NAMES = {
    "acl": "mindferry.runtimes.acl:Acl",
    "mindspore": "mindferry.runtimes.mindspore:MindSpore",
    "onnxruntime": "mindferry.runtimes.onnxruntime:OnnxRuntime",
    "openvino": "mindferry.runtimes.openvino:OpenVino",
    "split": "mindferry.runtimes.split:Split",
    "tensorrt": "mindferry.runtimes.tensorrt:TensorRt",
}
"""Runtime -> module and class."""

_EXTRAS = {"mindspore": "mindspore", "onnxruntime": "cpu", "openvino": "openvino", "tensorrt": "tensorrt"}

_MODULES = {"tensorrt": ("tensorrt_rtx", "tensorrt")}
"""The modules of a runtime that is called otherwise; one suffices."""

_INSTALL = {"acl": "it is part of Ascend's CANN; install CANN and source its set_env.sh"}
"""What to do where no package brings a runtime."""

_OWN = frozenset({"split"})
"""Runtimes that need no package of their own."""


def available() -> dict[str, bool]:
    """Whether each runtime's package is installed; the package is not imported."""
    return {name: name in _OWN or any(map(_is_there, _MODULES.get(name, (name,)))) for name in NAMES}


def _is_there(module: str) -> bool:
    return module in sys.modules or importlib.util.find_spec(module) is not None


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
        install = _INSTALL.get(name) or f"pip install 'mindferry[{_EXTRAS[name]}]'"
        raise NotInstalled(f"the runtime {name} cannot be imported ({error}): {install}") from error
    return runtime
