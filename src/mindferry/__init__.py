"""Carries models trained with MindSpore to every hardware platform."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_LAZY = {
    "bench": "mindferry.api",
    "convert": "mindferry.api",
    "demo": "",
    "errors": "",
    "export": "mindferry.api",
    "load": "mindferry.api",
    "lowers": "mindferry.lowering.registry",
    "open": "mindferry.api",
    "tune": "mindferry.api",
    "verify": "mindferry.api",
}

if TYPE_CHECKING:
    from mindferry import demo, errors
    from mindferry.api import bench, convert, export, load, open, tune, verify
    from mindferry.lowering.registry import lowers

__all__ = ["__version__", "bench", "convert", "demo", "errors", "export", "load", "lowers", "open", "tune", "verify"]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        module = _LAZY[name]
        return (
            getattr(importlib.import_module(module), name) if module else importlib.import_module(f"mindferry.{name}")
        )
    raise AttributeError(f"module 'mindferry' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
