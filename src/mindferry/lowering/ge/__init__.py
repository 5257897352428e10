"""The lowerings of GE's operators, the dialect of AIR; one family per file, importing a family registers it.

Signatures are those of the REG_OP definitions in the graphengine project (Apache-2.0): inputs positional, the dynamic one
as `*x`, attributes keyword-only with their defaults. Operators that a MindSpore primitive equals use its lowering.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil

from mindferry.lowering import ops
from mindferry.lowering.ge.equal import register_equal

WITHOUT_MEANING = frozenset(
    {
        "N",
        "parallel_iterations",
        "offset_x",
        "use_locking",
        "validate_indices",
        "negative_index_support",
    }
)
"""Attributes that say nothing more than the inputs do."""


@functools.cache
def load() -> None:
    """Registers every family."""
    ops.load()
    register_equal()
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        importlib.import_module(module.name)
