"""Tuples and lists; they exist only while a model is lowered."""

from __future__ import annotations

from typing import Any

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.registry import lowers


@lowers("MakeTuple", "make_list", "MakeList", "RealMakeTuple")
def make_tuple(op: Context, *items: Any) -> tuple[Any, ...]:
    """The items as one tuple."""
    return items


@lowers("TupleGetItem", "ListGetItem", "RealTupleGetItem", "list_getitem")
def tuple_get_item(op: Context, items: tuple[Any, ...], index: int) -> Any:
    """One item; a negative index counts from the end."""
    if not isinstance(items, tuple) or not isinstance(index, int):
        raise LoweringError("needs a tuple and an index that are known at conversion time")
    return items[index]
