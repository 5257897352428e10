"""Fills a lowering's parameters from a node's inputs and attributes.

MindIR 2.7 and later passes most arguments as trailing inputs, earlier files pass them as attributes, and one file can mix
both; the names of some attributes changed on the way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import Parameter
from typing import Any

from mindferry.errors import LoweringError
from mindferry.lowering.registry import Lowering

_OTHER_NAMES = {
    "group": ("groups",),
    "data_format": ("format",),
    "kernel_size": ("ksize",),
    "pad_mode": ("padding",),
    "strides": ("stride",),
    "stride": ("strides",),
    "transpose_a": ("transpose_x1", "adj_x1", "adjoint_a"),
    "transpose_b": ("transpose_x2", "adj_x2", "adjoint_b"),
    "keep_dims": ("keepdims",),
    "epsilon": ("eps",),
    "dilation": ("dilations",),
    "pad_list": ("pad", "pads"),
}


def bind(lowering: Lowering, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Positional and keyword arguments for the lowering's function.

    Raises:
        LoweringError: more inputs than the lowering knows, or an argument that has neither an input nor an attribute.
    """
    parameters = lowering.parameters
    if any(parameter.kind is Parameter.VAR_POSITIONAL for parameter in parameters):
        return list(inputs), {
            p.name: attributes[p.name] for p in parameters if p.kind is Parameter.KEYWORD_ONLY and p.name in attributes
        }
    if len(inputs) > len(parameters):
        names = ", ".join(parameter.name for parameter in parameters)
        raise LoweringError(f"has {len(inputs)} inputs, but its lowering knows {len(parameters)}: {names}")
    given = dict(zip((parameter.name for parameter in parameters), inputs, strict=False))
    for parameter in parameters[len(inputs) :]:
        for name in (parameter.name, *_OTHER_NAMES.get(parameter.name, ())):
            if name in attributes:
                given[parameter.name] = attributes[name]
                break
        else:
            if parameter.default is Parameter.empty:
                raise LoweringError(f"has neither an input nor an attribute {parameter.name!r}")
    return [], given
