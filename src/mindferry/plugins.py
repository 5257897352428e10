"""Lowerings from outside the package: a user's own module, or installed packages that announce theirs.

A plugin is a Python file or module that applies `mindferry.lowers` to its functions when it is imported. A package
announces one with an entry point in the group `mindferry.lowerings`, whose value is the module.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
from importlib.metadata import entry_points
from pathlib import Path

from mindferry.errors import FileProblem, OptionError
from mindferry.lowering import ops

ENTRY_POINTS = "mindferry.lowerings"


def load(plugin: str | Path) -> None:
    """Imports a plugin, once per process.

    Args:
        plugin: a path that ends in .py, or a module's name.

    Raises:
        FileProblem: there is no such file.
        OptionError: the module is missing, or fails while it is imported; its own words are in the text.
    """
    ops.load()
    try:
        if str(plugin).endswith(".py"):
            _load_file(Path(plugin).resolve())
        else:
            importlib.import_module(str(plugin))
    except FileProblem:
        raise
    except Exception as error:  # whatever a user's module raises is the user's to mend
        raise OptionError(f"plugin {plugin}: {type(error).__name__}: {error}") from error


def _load_file(path: Path) -> None:
    name = f"mindferry_plugin_{path.stem}_{abs(hash(str(path)))}"
    if name in sys.modules:
        return
    if not path.is_file():
        raise FileProblem(f"{path}: no such file")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise


@functools.cache
def load_installed() -> None:
    """Imports every plugin that an installed package announces."""
    ops.load()
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name):
        try:
            point.load()
        except Exception as error:  # as above
            raise OptionError(f"plugin {point.name} ({point.value}): {type(error).__name__}: {error}") from error
