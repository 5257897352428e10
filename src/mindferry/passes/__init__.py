"""Source graph -> source graph, before lowering."""

from __future__ import annotations

from collections.abc import Callable

from mindferry.graph import Model
from mindferry.passes.legacy import rename_legacy
from mindferry.passes.memory import version_memory
from mindferry.passes.prune import prune


def clean(model: Model, *, writes: Callable[[str], bool]) -> Model:
    """The model with today's primitive names, without writes to anything but parameters and without dead nodes.

    Names come first, because everything else depends on which primitives write; dead nodes go last, because a write that
    is only ordered by a state becomes one that is used. A model in another dialect than MindSpore's has neither old names
    nor writes: it only loses its dead nodes.
    """
    if model.dialect != "mindspore":
        return prune(model, writes=lambda primitive: False)
    return prune(version_memory(rename_legacy(model), writes=writes), writes=writes)
