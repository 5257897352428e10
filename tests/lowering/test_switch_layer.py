"""The choice of a function by an index that is known at conversion time."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mindferry.errors import LoweringError
from mindferry.lowering.control import STRUCTURAL


def choose(index: int, functions: Any) -> Any:
    context = SimpleNamespace(static=lambda item: np.array(item))
    lowerer: Any = SimpleNamespace(settle=lambda item, state: item, context=context)
    node: Any = None
    frame: Any = SimpleNamespace(latest={})
    return STRUCTURAL["switch_layer"](lowerer, node, frame, [index, functions])


def test_an_index_counts_from_either_end() -> None:
    assert [choose(index, ("a", "b")) for index in (0, 1, -1, -2)] == ["a", "b", "b", "a"]


@pytest.mark.parametrize(
    ("index", "functions", "words"),
    [(2, ("a", "b"), "its index is 2"), (-3, ("a", "b"), "its index is -3"), (0, (), "not known"), (0, 7, "not known")],
)
def test_what_is_no_function_is_refused(index: int, functions: Any, words: str) -> None:
    with pytest.raises(LoweringError, match=words):
        choose(index, functions)
