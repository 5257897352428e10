"""Carries models trained with MindSpore to every hardware platform."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_LAZY = {
    "convert": "mindferry.api",
    "load": "mindferry.api",
}

if TYPE_CHECKING:
    from mindferry.api import convert, load

__all__ = ["__version__", "convert", "load"]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'mindferry' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
