"""Puts a checkpoint's parameters into a model, or says at once everything that does not fit."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TypeAlias

from mindferry.errors import ConvertError
from mindferry.graph import Graph, Model, Tensor

_TRAINING_STATE = frozenset({
    "beta1_power", "beta2_power", "current_iterator_step", "epoch_num", "global_step", "last_overflow_iterator_step",
    "learning_rate", "loss_scale", "momentum", "scale_sense", "step_num", "weight_decay",
})  # fmt: skip
_MOST_NAMED = 20


Form: TypeAlias = "tuple[str, tuple[int, ...]]"
"""A parameter's element type and shape."""


def replace(
    model: Model, parameters: Mapping[str, Tensor], *, source: str = "the checkpoint"
) -> tuple[Model, tuple[str, ...]]:
    """The model with the values of a checkpoint, and the names of the training state that the checkpoint holds besides.

    Args:
        model: any model.
        parameters: the checkpoint's, by name.
        source: the checkpoint's name, for messages.

    Raises:
        ConvertError: the checkpoint does not fit; see `check`.
    """
    state = check(_forms(model.parameters()), _forms(parameters), source=source)
    functions = {name: _filled(graph, parameters) for name, graph in model.functions.items()}
    return dataclasses.replace(model, main=_filled(model.main, parameters), functions=functions), state


def check(wanted: Mapping[str, Form], given: Mapping[str, Form], *, source: str) -> tuple[str, ...]:
    """The names of the training state in a checkpoint that otherwise holds exactly the wanted parameters.

    Training state is an optimizer's step, rate and the like, and every `PREFIX.NAME` (such as `moments.fc.weight`) that
    has the shape of the wanted parameter NAME.

    Raises:
        ConvertError: parameters are missing, unknown, or of another shape or element type; all are listed.
    """
    extra = [name for name in given if name not in wanted]
    state = tuple(name for name in extra if _is_training_state(name, given[name], wanted))
    unknown = [name for name in extra if name not in state]
    missing = [name for name in wanted if name not in given]
    differing = [
        f"{name} is {_text(given[name])} instead of {_text(form)}"
        for name, form in wanted.items()
        if name in given and given[name] != form
    ]
    problems = [
        *_group("missing", missing),
        *_group("not in the model", unknown),
        *_group("of another form", differing),
    ]
    if problems:
        raise ConvertError(f"{source} does not fit the model: {'; '.join(problems)}{_hint(missing, extra)}")
    return state


def _forms(parameters: Mapping[str, Tensor]) -> dict[str, Form]:
    return {name: (str(tensor.dtype), tensor.shape) for name, tensor in parameters.items()}


def _is_training_state(name: str, form: Form, wanted: Mapping[str, Form]) -> bool:
    first, _, rest = name.partition(".")
    if not rest:
        return first in _TRAINING_STATE or first.startswith("learning_rate_group_")
    return rest in wanted and wanted[rest][1] == form[1]


def _group(title: str, names: list[str]) -> list[str]:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return [f"{title}: {', '.join(names[:_MOST_NAMED])}{more}"] if names else []


def _text(form: Form) -> str:
    return f"{form[0]}{list(form[1])}"


def _hint(missing: list[str], extra: list[str]) -> str:
    """What to do where a wrapper around the network put its own name before those of all parameters."""
    if not missing or not extra:
        return ""
    prefix = extra[0].removesuffix(missing[0])
    wrapped = prefix != extra[0] and {prefix + name for name in missing} <= set(extra)
    return f"; its names start with {prefix!r}: save the network inside the wrapper" if wrapped else ""


def _filled(graph: Graph, parameters: Mapping[str, Tensor]) -> Graph:
    return dataclasses.replace(
        graph, parameters={name: parameters[tensor.name] for name, tensor in graph.parameters.items()}
    )
