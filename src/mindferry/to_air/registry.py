"""Which function writes which ONNX operator as GE operators.

A function's signature is the operator's: the builder first, then inputs positional, then attributes keyword-only with ONNX's
defaults. It returns the operator's results, one value or a tuple.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Lowering:
    """One row; inputs is None where the operator takes any number of them.

    Attributes:
        required: how many inputs have no default.
    """

    operator: str
    function: Callable[..., Any]
    inputs: int | None
    required: int
    attributes: frozenset[str]
    needed: frozenset[str]


_table: dict[str, Lowering] = {}
_refused: dict[str, str] = {}


def to_ge(*operators: str) -> Callable[[Function], Function]:
    """Registers the decorated function for the ONNX operators.

    Raises:
        ValueError: an operator has one already.
    """

    def register(function: Function) -> Function:
        for operator in operators:
            if operator in _table:
                raise ValueError(f"{operator} already has a GE form")
            _table[operator] = _row(operator, function)
        return function

    return register


def _row(operator: str, function: Callable[..., Any]) -> Lowering:
    parameters = list(inspect.signature(function).parameters.values())[1:]
    positional = [item for item in parameters if item.kind is item.POSITIONAL_OR_KEYWORD]
    keywords = [item for item in parameters if item.kind is item.KEYWORD_ONLY]
    variadic = any(item.kind is item.VAR_POSITIONAL for item in parameters)
    return Lowering(
        operator,
        function,
        None if variadic else len(positional),
        sum(item.default is item.empty for item in positional),
        frozenset(item.name for item in keywords),
        frozenset(item.name for item in keywords if item.default is item.empty),
    )


def direct(table: Mapping[str, str]) -> None:
    """Registers ONNX operators that are one GE operator of the same inputs and no attributes."""
    for operator, name in table.items():

        def function(op: Any, *inputs: Any, _name: str = name) -> Any:
            return op.call(_name, *inputs)

        to_ge(operator)(function)


def refuse(reason: str, *operators: str) -> None:
    """Records why ONNX operators have no GE form, and what to do."""
    _refused.update(dict.fromkeys(operators, reason))


def find(operator: str) -> Lowering | None:
    """The row of an ONNX operator."""
    return _table.get(operator)


def known() -> tuple[str, ...]:
    """The ONNX operators that have a GE form, sorted."""
    return tuple(sorted(_table))


def reason(operator: str) -> str:
    """Why an operator is refused, or "" where nothing is recorded."""
    return _refused.get(operator, "")
