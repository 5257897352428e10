"""Single operators on the simulated device."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mindferry.ascend import simulator
from mindferry.ascend.operators import Operators
from mindferry.errors import BackendFailed, MindFerryError, OptionError, RunError
from mindferry.types import DType

X = np.array([[1.5, -2.0, 3.0]], np.float32)


@pytest.fixture(autouse=True)
def device() -> Iterator[None]:
    simulator.install(soc="Ascend310P3")
    yield
    left, leaks = simulator.live(), simulator.leaks()
    simulator.uninstall()
    assert not left and not leaks


def test_operators_with_and_without_attributes(tmp_path: Path) -> None:
    with Operators(folder=tmp_path) as operators:
        (found,) = operators.run("Relu", [X], [(DType.FLOAT32, X.shape)])
        np.testing.assert_array_equal(found, np.maximum(X, 0))
        (found,) = operators.run("SoftmaxV2", [X], [(DType.FLOAT32, X.shape)], {"axes": [-1]})
        np.testing.assert_allclose(found, np.exp(X) / np.exp(X).sum(), rtol=1e-6)
        (found,) = operators.run("LeakyRelu", [X], [(DType.FLOAT32, X.shape)], {"negative_slope": 0.5})
        np.testing.assert_array_equal(found, np.where(X > 0, X, X / 2))
        half = X.astype(np.float16)
        (found,) = operators.run("Add", [half, half], [(DType.FLOAT16, X.shape)])
        assert found.dtype == np.float16 and np.array_equal(found, half + half)
        assert set(simulator.live()) == {"context", "stream"}
    with pytest.raises(RunError, match="given back"):
        operators.run("Relu", [X], [(DType.FLOAT32, X.shape)])


def test_what_acl_does_not_take() -> None:
    result = [(DType.FLOAT32, X.shape)]
    with Operators() as operators:
        with pytest.raises(
            BackendFailed, match=r"acl\.op\.execute_v2 failed with 100024: the operator is not compiled"
        ):
            operators.run("NoSuchOperator", [X], result)
        with pytest.raises(OptionError, match="attribute axes is None"):
            operators.run("Relu", [X], result, {"axes": None})
        with pytest.raises(OptionError, match="there is no layout 'CHW'"):
            operators.run("Relu", [X], result, layout="CHW")
        with pytest.raises(OptionError, match="ACL has no element type <U1"):
            operators.run("Relu", [np.array("a")], result)
        assert np.array_equal(operators.run("Relu", [X], result)[0], np.maximum(X, 0))


def scenario() -> list[MindFerryError]:
    """Runs an operator; the errors on the way."""
    errors: list[MindFerryError] = []
    try:
        operators = Operators()
    except MindFerryError as error:
        return [error]
    attributes = {"negative_slope": 0.5}
    for step in (lambda: operators.run("LeakyRelu", [X], [(DType.FLOAT32, X.shape)], attributes), operators.close):
        try:
            step()
        except MindFerryError as error:
            errors.append(error)
    return errors


def test_every_call_fails_once() -> None:
    assert scenario() == []
    calls = simulator.calls()
    assert len(calls) > 20
    bare = ("rt.get_context", "destroy_tensor_desc", "op.destroy_attr")
    for call, count in sorted(calls.items()):
        for nth in range(1, count + 1):
            simulator.install(soc="Ascend310P3")
            fault = simulator.faults(fail_call=call, nth=nth, code=500003)
            errors = scenario()
            assert fault.happened, call
            if call in bare:
                assert not errors, call
                simulator.install(soc="Ascend310P3")  # they have no status, so that nobody can know
                continue
            assert len(errors) == 1 and f"acl.{call}" in str(errors[0]), f"{call}: {errors}"
            assert not simulator.live() and not simulator.leaks(), call
