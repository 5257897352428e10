"""Arguments reach a lowering from inputs, attributes, and attributes under older names."""

from __future__ import annotations

import pytest

from mindferry.errors import LoweringError
from mindferry.lowering import registry
from mindferry.lowering.bind import bind
from mindferry.lowering.registry import Lowering


def lowering(function) -> Lowering:
    import inspect

    return Lowering("Test", 13, function, tuple(inspect.signature(function).parameters.values())[1:])


def transposed(op, x, y, *, transpose_a=False, transpose_b=False): ...


def required(op, x, *, axis): ...


def variadic(op, *xs, axis=0): ...


def test_trailing_inputs_and_attributes_mean_the_same() -> None:
    by_input = bind(lowering(transposed), ["x", "y", True, False], {})
    by_attribute = bind(lowering(transposed), ["x", "y"], {"transpose_a": True, "transpose_b": False})
    by_old_name = bind(lowering(transposed), ["x", "y"], {"transpose_x1": True, "transpose_x2": False})
    assert (
        by_input == by_attribute == by_old_name == ([], {"x": "x", "y": "y", "transpose_a": True, "transpose_b": False})
    )


def test_more_inputs_than_the_lowering_knows_are_refused() -> None:
    with pytest.raises(LoweringError, match="has 3 inputs, but its lowering knows 2: x, axis"):
        bind(lowering(required), ["x", 1, 2], {})


def test_a_missing_argument_is_named() -> None:
    with pytest.raises(LoweringError, match="neither an input nor an attribute 'axis'"):
        bind(lowering(required), ["x"], {})


def test_variadic_lowerings_take_every_input() -> None:
    assert bind(lowering(variadic), ["a", "b"], {"axis": 2, "other": 1}) == (["a", "b"], {"axis": 2})


def test_two_lowerings_for_one_opset_are_refused() -> None:
    registry.lowers("TestTwice", since=13)(lambda op, x: x)
    try:
        with pytest.raises(ValueError, match="TestTwice already has a lowering since opset 13"):
            registry.lowers("TestTwice", since=13)(lambda op, x: x)
        registry.lowers("TestTwice", since=18)(lambda op, x, y: x)
        newest, oldest = registry.find("TestTwice", 23), registry.find("TestTwice", 17)
        assert newest is not None and oldest is not None
        assert (newest.since, oldest.since) == (18, 13)
        assert registry.find("TestTwice", 12) is None
    finally:
        del registry._table[registry.MINDSPORE, "TestTwice"]
