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


def bind_named(
    lowering: Lowering, names: Sequence[str], inputs: Sequence[Any], attributes: Mapping[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """Positional and keyword arguments for the lowering of an operator whose inputs and attributes have names.

    Args:
        names: the inputs' names; those of a dynamic input x are x0, x1 and so on. () leaves the inputs in their order.

    Raises:
        LoweringError: an unknown input, a required input or attribute that is missing, or a dynamic input that cannot be
            told from the others without names.
    """
    parameters = lowering.parameters
    fixed = [p for p in parameters if p.kind is Parameter.POSITIONAL_OR_KEYWORD]
    dynamic = next((p for p in parameters if p.kind is Parameter.VAR_POSITIONAL), None)
    if dynamic is not None and not fixed:
        positional = list(inputs)
    elif names or dynamic is None:
        given, rest = _sorted_inputs([_name(p) for p in fixed], names or [_name(p) for p in fixed], inputs, dynamic)
        positional = [_argument(p, given) for p in fixed] + rest
    else:
        raise LoweringError("the file does not name its inputs, of which some are dynamic")
    keywords = {p.name: _argument(p, attributes) for p in parameters if p.kind is Parameter.KEYWORD_ONLY}
    return positional, keywords


def _sorted_inputs(
    fixed: Sequence[str], names: Sequence[str], inputs: Sequence[Any], dynamic: Parameter | None
) -> tuple[dict[str, Any], list[Any]]:
    """The inputs of fixed names, and those of the dynamic input in their order."""
    if len(inputs) > len(names):
        raise LoweringError(f"has {len(inputs)} inputs, but its lowering knows {len(fixed)}: {', '.join(fixed)}")
    given: dict[str, Any] = {}
    numbered: dict[int, Any] = {}
    for name, value in zip(names, inputs, strict=False):
        number = name.removeprefix(_name(dynamic)) if dynamic is not None else ""
        if name in fixed:
            given[name] = value
        elif number.isdigit() and number != name:
            numbered[int(number)] = value
        elif value is not None:
            raise LoweringError(f"has an input {name!r}, but its lowering knows {', '.join(fixed)}")
    return given, [numbered[number] for number in sorted(numbered)]


def _name(parameter: Parameter) -> str:
    """The operator's own name of a parameter; a trailing _ keeps it apart from Python's words."""
    return parameter.name.removesuffix("_")


def _argument(parameter: Parameter, given: Mapping[str, Any]) -> Any:
    value = given.get(_name(parameter))
    if value is not None:
        return value
    if parameter.default is Parameter.empty:
        kind = "attribute" if parameter.kind is Parameter.KEYWORD_ONLY else "input"
        raise LoweringError(f"has no {kind} {_name(parameter)!r}")
    return parameter.default
