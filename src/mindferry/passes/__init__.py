"""Source graph -> source graph, before lowering."""

from __future__ import annotations

from collections.abc import Callable

from mindferry.graph import Model
from mindferry.passes.legacy import rename_legacy
from mindferry.passes.prune import prune


def clean(model: Model, *, writes: Callable[[str], bool]) -> Model:
    """The model with today's primitive names and without dead nodes.

    Names come first, because what is dead depends on which primitives write.
    """
    return prune(rename_legacy(model), writes=writes)
