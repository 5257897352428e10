"""Which function lowers which primitive of which dialect, from which opset.

A dialect is a set of operators: "mindspore" for the primitives of MindIR, "ge" for the operators of AIR. A lowering's
signature is the primitive's signature: the builder first, then tensors positional, then attributes keyword-only, with the
dialect's own names in its own order.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

LOWEST_OPSET, DEFAULT_OPSET, HIGHEST_OPSET = 13, 18, 23
MINDSPORE, GE = "mindspore", "ge"

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Lowering:
    """One row: the function that lowers a primitive from opset `since` on.

    Attributes:
        parameters: the signature without the builder.
        writes: True where the result is the new value of the first argument (Assign and its kin).
        approximate: what the lowering approximates and how well, or "" where it is exact.
    """

    primitive: str
    since: int
    function: Callable[..., Any]
    parameters: tuple[inspect.Parameter, ...]
    writes: bool = False
    approximate: str = ""

    @property
    def names(self) -> frozenset[str]:
        """The parameters' names."""
        return frozenset(parameter.name for parameter in self.parameters)


_table: dict[tuple[str, str], list[Lowering]] = {}
_complex: dict[str, Lowering] = {}
_refused: dict[tuple[str, str], str] = {}


def lowers(
    *primitives: str, since: int = LOWEST_OPSET, writes: bool = False, approximate: str = "", dialect: str = MINDSPORE
) -> Callable[[Function], Function]:
    """Registers the decorated function as the lowering of the primitives, from opset `since` on.

    Args:
        primitives: the dialect's names; all mean exactly the same.
        since: the lowest opset that the function's ONNX operators allow.
        writes: the primitive writes its result into its first argument.
        approximate: set where the result is not exact: what is approximated, and the bound of the error. Such a
            lowering is used only on request.

    Raises:
        ValueError: a primitive has a lowering for this opset already.
    """

    def register(function: Function) -> Function:
        parameters = tuple(inspect.signature(function).parameters.values())[1:]
        for primitive in primitives:
            rows = _table.setdefault((dialect, primitive), [])
            if any(row.since == since and row.function is not function for row in rows):
                raise ValueError(f"{primitive} already has a lowering since opset {since}")
            rows.append(Lowering(primitive, since, function, parameters, writes, approximate))
            rows.sort(key=lambda row: -row.since)
        return function

    return register


def lowers_ge(*operators: str, since: int = LOWEST_OPSET) -> Callable[[Function], Function]:
    """Registers the decorated function as the lowering of GE operators; `*name` is their dynamic input."""
    return lowers(*operators, since=since, dialect=GE)


def lowers_complex(*primitives: str) -> Callable[[Function], Function]:
    """Registers the decorated function as the lowering of the primitives wherever an operand or the result is complex.

    A primitive without such a function is lowered by its other one, which may know complex operands itself.

    Raises:
        ValueError: a primitive has such a lowering already.
    """

    def register(function: Function) -> Function:
        parameters = tuple(inspect.signature(function).parameters.values())[1:]
        for primitive in primitives:
            if (
                _complex.setdefault(primitive, row := Lowering(primitive, LOWEST_OPSET, function, parameters))
                is not row
            ):
                raise ValueError(f"{primitive} already has a lowering for complex operands")
        return function

    return register


def direct(table: Mapping[str, str], *, since: int = LOWEST_OPSET, dialect: str = MINDSPORE) -> None:
    """Registers primitives that are one ONNX operator of the same inputs and no attributes."""
    for primitive, operator in table.items():

        def function(op: Any, *inputs: Any, _operator: str = operator) -> Any:
            return getattr(op, _operator)(*inputs)

        lowers(primitive, since=since, dialect=dialect)(function)


def refuse(reason: str, *primitives: str, dialect: str = MINDSPORE) -> None:
    """Records why primitives have no ONNX form; the reason appears in errors and in the operator table."""
    _refused.update({(dialect, primitive): reason for primitive in primitives})


def find(primitive: str, opset: int, dialect: str = MINDSPORE) -> Lowering | None:
    """The newest lowering that the opset allows."""
    return next((row for row in rows(primitive, dialect) if row.since <= opset), None)


def find_complex(primitive: str) -> Lowering | None:
    """The lowering for complex operands, where there is one of its own."""
    return _complex.get(primitive)


def rows(primitive: str, dialect: str = MINDSPORE) -> tuple[Lowering, ...]:
    """Every lowering of a primitive, newest opset first."""
    return tuple(_table.get((dialect, primitive), ()))


def known(dialect: str = MINDSPORE) -> Iterable[str]:
    """The primitives that have a lowering, sorted."""
    return sorted(name for owner, name in _table if owner == dialect)


def refused(dialect: str = MINDSPORE) -> Mapping[str, str]:
    """The primitives that have none, and why."""
    return {name: reason for (owner, name), reason in sorted(_refused.items()) if owner == dialect}
