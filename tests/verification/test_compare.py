"""The numbers of a comparison, and what a tolerance makes of them."""

from __future__ import annotations

import math
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from mindferry.errors import VerifyError
from mindferry.plain import to_json
from mindferry.verification import OutputComparison, compare, compare_arrays

NAN, INF = float("nan"), float("inf")


def one(candidate: Any, reference: Any, dtype: Any = np.float32) -> OutputComparison:
    return compare_arrays("y", np.asarray(candidate, dtype), np.asarray(reference, dtype))


def test_the_numbers_of_two_small_arrays() -> None:
    found = one([[1, 2, 4], [3, 0, 0]], [[1, 2, 2], [0, 0, 4]])
    assert (found.problem, found.elements) == ("", 6)
    assert (found.max_absolute, found.max_relative) == (4, 1)
    assert found.cosine == pytest.approx((1 + 4 + 8) / math.sqrt(30 * 25))
    assert (found.argmax_equal, found.argmax_total) == (0, 2)
    assert found.nonfinite_equal


def test_equal_arrays() -> None:
    found = one([[1, -2], [3, 4]], [[1, -2], [3, 4]])
    assert (found.max_absolute, found.max_relative, found.argmax_equal, found.argmax_total) == (0, 0, 2, 2)
    assert found.cosine == pytest.approx(1)


@pytest.mark.parametrize(("candidate", "relative"), [([0, 0], 0), ([0, 1e-9], INF)])
def test_a_reference_of_zeros(candidate: list[float], relative: float) -> None:
    found = one(candidate, [0, 0])
    assert (found.max_relative, found.cosine) == (relative, None)


def test_an_empty_output() -> None:
    found = one(np.zeros((0, 3)), np.zeros((0, 3)))
    assert (found.max_absolute, found.max_relative, found.cosine, found.argmax_total) == (0, 0, None, None)
    assert found.fault(0) == ""


@pytest.mark.parametrize("shape", [(), (3, 1)])
def test_one_element_along_the_last_axis_has_no_largest(shape: tuple[int, ...]) -> None:
    assert one(np.ones(shape), np.ones(shape)).argmax_total is None


@pytest.mark.parametrize(
    ("candidate", "reference", "same"),
    [
        ([1, NAN, INF], [1, NAN, INF], True),
        ([1, NAN, INF], [1, INF, NAN], False),
        ([1, INF, 2], [1, -INF, 2], False),
        ([1, NAN, 2], [1, 5, 2], False),
        ([1, 5, 2], [1, NAN, 2], False),
    ],
)
def test_nan_and_infinity_must_be_in_the_same_places(candidate: Any, reference: Any, same: bool) -> None:
    found = one(candidate, reference)
    assert found.nonfinite_equal is same
    assert found.max_absolute == 0
    assert found.fault(0) == ("" if same else "NaN or infinity in different places")


def test_shapes_and_element_types_must_be_equal() -> None:
    assert one([1, 2], [[1, 2]]).problem == "has shape [2], the reference [1, 2]"
    found = compare_arrays("y", np.zeros(2, np.float16), np.zeros(2, np.float32))
    assert (found.problem, found.max_absolute) == ("is float16, the reference float32", None)


def test_bfloat16() -> None:
    found = one([1, 2], [1, 4], ml_dtypes.bfloat16)
    assert (found.max_absolute, found.max_relative) == (2, 0.5)


def test_large_integers_differ_though_float64_does_not_tell_them_apart() -> None:
    found = one([2**62, 1], [2**62 + 1, 1], np.int64)
    assert found.max_absolute == 1
    assert found.fault(0).startswith("differs by ")


def test_unsigned_integers_do_not_wrap() -> None:
    assert one([0], [255], np.uint8).max_absolute == 255


def test_bools_and_strings() -> None:
    assert one([True, False], [True, True], bool).max_absolute == 1
    assert compare_arrays("y", np.array(["a", "b"]), np.array(["a", "c"], object)).problem == "1 of 2 strings differ"
    assert compare_arrays("y", np.array(["a"]), np.array(["a"], object)).fault(0) == ""


def test_complex_numbers_and_pairs_of_real_ones_are_the_same() -> None:
    z = np.array([1 + 2j, 3 - 4j], np.complex64)
    pairs = np.array([[1, 2], [3, -4]], np.float32)
    for candidate, reference in ((z, z), (z, pairs), (pairs, z)):
        assert compare_arrays("y", candidate, reference).max_absolute == 0
    assert compare_arrays("y", z, z * 2).max_absolute == 5


def test_a_tolerance_decides() -> None:
    candidate = {"a": np.array([1.0, 2.002]), "b": np.array([1.0])}
    reference = {"b": np.array([1.0]), "a": np.array([1.0, 2.0])}
    assert compare(candidate, reference, tolerance=1e-2).passed
    assert compare(candidate, reference).passed
    strict = compare(candidate, reference, tolerance=1e-4)
    assert strict.faults == ("a: differs by 0.001 of the largest value, 0.0001 is allowed",)
    with pytest.raises(VerifyError, match=r"^a: differs by 0.001") as caught:
        strict.require()
    assert caught.value.verification is strict
    assert caught.value.exit_code == 3


def test_without_a_tolerance_only_what_cannot_be_compared_is_a_fault() -> None:
    result = compare({"a": np.zeros(2), "b": np.zeros(2)}, {"a": np.ones(2), "b": np.zeros(3)})
    assert result.faults == ("b: has shape [2], the reference [3]",)


def test_results_are_plain_data() -> None:
    data = compare({"a": np.ones(2)}, {"a": np.ones(2)}, tolerance=0.5).as_dict()
    assert (data["passed"], data["tolerance"], data["outputs"][0]["name"]) == (True, 0.5, "a")
    assert '"max_absolute": 0.0' in to_json(data)
