"""Two sets of outputs, compared; the results carry the numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mindferry.errors import VerifyError

Array: TypeAlias = "npt.NDArray[Any]"


@dataclass(frozen=True, slots=True)
class OutputComparison:
    """How far one output of the candidate is from the reference's.

    Numbers are None where shapes or element types differ. Differences are taken where both are finite.

    Attributes:
        name: the candidate's name of the output.
        problem: why the two cannot be compared, or "".
        elements: how many elements the output has.
        max_absolute: the largest absolute difference.
        max_relative: the largest absolute difference over the reference's largest absolute value.
        cosine: the cosine of the angle between the two, None where one of them is all zeros.
        argmax_equal, argmax_total: how many rows along the last axis have their largest element in the same place, of
            how many; None where the last axis has one element.
        nonfinite_equal: NaN, +inf and -inf lie in the same places.
    """

    name: str
    problem: str = ""
    elements: int = 0
    max_absolute: float | None = None
    max_relative: float | None = None
    cosine: float | None = None
    argmax_equal: int | None = None
    argmax_total: int | None = None
    nonfinite_equal: bool | None = None

    def fault(self, tolerance: float | None) -> str:
        """Why the output misses the tolerance, or "" where it keeps it; without one, only a problem is a fault."""
        if self.problem or tolerance is None:
            return self.problem
        if not self.nonfinite_equal:
            return "NaN or infinity in different places"
        assert self.max_relative is not None
        if self.max_relative <= tolerance:
            return ""
        return f"differs by {self.max_relative:.3g} of the largest value, {tolerance:.3g} is allowed"


@dataclass(frozen=True, slots=True)
class Verification:
    """The comparison of all outputs, in the candidate's order.

    Attributes:
        tolerance: the largest relative difference allowed, or None where nothing was asked.
    """

    outputs: tuple[OutputComparison, ...]
    tolerance: float | None = None

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong, a line per output that misses the tolerance."""
        found = ((output.name, output.fault(self.tolerance)) for output in self.outputs)
        return tuple(f"{name}: {fault}" for name, fault in found if fault)

    @property
    def passed(self) -> bool:
        """True where every output keeps the tolerance."""
        return not self.faults

    def require(self) -> None:
        """Does nothing where the verification passed.

        Raises:
            VerifyError: an output misses the tolerance, or cannot be compared.
        """
        if faults := self.faults:
            raise VerifyError("; ".join(faults), verification=self)

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return asdict(self) | {"passed": self.passed}


def compare(
    candidate: Mapping[str, Array], reference: Mapping[str, Array], *, tolerance: float | None = None
) -> Verification:
    """The comparison of outputs of the same names, in the candidate's order."""
    outputs = tuple(compare_arrays(name, array, reference[name]) for name, array in candidate.items())
    return Verification(outputs, tolerance)


def compare_arrays(name: str, candidate: Array, reference: Array) -> OutputComparison:
    """The comparison of one output; a complex array equals pairs of real numbers along a last dimension of 2."""
    if (candidate.dtype.kind == "c") != (reference.dtype.kind == "c"):
        candidate, reference = _as_pairs(candidate), _as_pairs(reference)
    if candidate.shape != reference.shape:
        return OutputComparison(name, f"has shape {list(candidate.shape)}, the reference {list(reference.shape)}")
    if candidate.dtype.kind in "OUS" and reference.dtype.kind in "OUS":
        return _compare_strings(name, candidate, reference)
    if candidate.dtype != reference.dtype:
        return OutputComparison(name, f"is {candidate.dtype}, the reference {reference.dtype}")
    return _compare_numbers(name, candidate, reference)


def _as_pairs(array: Array) -> Array:
    if array.dtype.kind != "c":
        return array
    return np.ascontiguousarray(array)[..., np.newaxis].view(array.real.dtype)


def _compare_strings(name: str, candidate: Array, reference: Array) -> OutputComparison:
    differing = int(np.count_nonzero(candidate.astype(str) != reference.astype(str)))
    problem = f"{differing} of {candidate.size} strings differ" if differing else ""
    return OutputComparison(name, problem, candidate.size, 0.0, 0.0, nonfinite_equal=True)


def _compare_numbers(name: str, candidate: Array, reference: Array) -> OutputComparison:
    wide = np.complex128 if candidate.dtype.kind == "c" else np.float64
    found, wanted = candidate.astype(wide), reference.astype(wide)
    finite = np.isfinite(found) & np.isfinite(wanted)
    same_nonfinite = bool(np.array_equal(found[~finite], wanted[~finite], equal_nan=True))
    left, right = found[finite], wanted[finite]
    difference = np.abs(left - right)
    if candidate.dtype.kind in "iu":  # integers above 2^53 differ although float64 does not tell them apart
        difference = np.maximum(difference, (candidate[finite] != reference[finite]).astype(np.float64))
    largest = float(difference.max(initial=0.0))
    scale = float(np.abs(right).max(initial=0.0))
    relative = 0.0 if largest == 0.0 else largest / scale if scale else float("inf")
    equal, total = _argmax_agreement(candidate, reference)
    return OutputComparison(
        name, "", candidate.size, largest, relative, _cosine(left, right), equal, total, same_nonfinite
    )


def _cosine(left: Array, right: Array) -> float | None:
    norms = np.linalg.norm(left) * np.linalg.norm(right)
    return float(np.clip(np.vdot(left, right).real / norms, -1.0, 1.0)) if norms else None


def _argmax_agreement(candidate: Array, reference: Array) -> tuple[int | None, int | None]:
    if candidate.dtype.kind in "cb" or candidate.ndim == 0 or candidate.shape[-1] < 2 or candidate.size == 0:
        return None, None
    same = candidate.argmax(axis=-1) == reference.argmax(axis=-1)
    return int(np.count_nonzero(same)), int(np.size(same))
