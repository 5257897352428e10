"""The goldens notice a broken lowering: each mutation of a lowering makes at least one recorded case fail."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from mindferry.errors import LoweringError
from mindferry.lowering import ops, registry
from ops.replay import check

GOLDENS = Path(__file__).parents[1] / "ops" / "goldens"


def outcome(primitive: str) -> str:
    """What the recorded cases of a primitive say, the first complaint or ""."""
    stems = sorted(path.with_suffix("") for path in GOLDENS.glob(f"*/{primitive}_*.mindir"))
    assert stems, f"no case of {primitive} is recorded"
    for stem in stems:
        try:
            if text := check(stem, 18):
                return text
        except LoweringError as error:
            return str(error)
    return ""


@pytest.mark.parametrize(
    ("primitive", "broken"),
    [
        ("Sub", lambda op, x, y: op.Sub(*op.promote(y, x, to=op.result_dtype))),
        ("ReLU", lambda op, x: op.Identity(x)),
        ("Abs", lambda op, x: op.Neg(x)),
        ("Tanh", lambda op, x: op.Mul(op.Tanh(x), op.cast(1.001, x.dtype))),
        ("Greater", lambda op, x, y: op.GreaterOrEqual(*op.promote(x, y))),
        ("Reshape", lambda op, x, shape: op.Reshape(x, op.constant([-1]))),
    ],
)
def test_a_broken_lowering_is_noticed(primitive: str, broken, monkeypatch: pytest.MonkeyPatch) -> None:
    ops.load()
    assert outcome(primitive) == ""
    rows = [
        dataclasses.replace(row, function=broken, parameters=parameters(broken)) for row in registry.rows(primitive)
    ]
    monkeypatch.setitem(registry._table, (registry.MINDSPORE, primitive), rows)
    assert outcome(primitive) != ""


def parameters(function):
    import inspect

    return tuple(inspect.signature(function).parameters.values())[1:]
