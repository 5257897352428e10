"""Two sets of outputs, compared; the results carry the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mindferry.errors import OptionError, VerifyError

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class OutputComparison:
    """How far one output of the candidate is from the reference's.

    Numbers are None where shapes or element types differ; differences are taken over the places where both are finite.

    Attributes:
        name: the candidate's name of the output.
        problem: why the two cannot be compared, or "".
        elements: how many elements an output has.
        max_absolute: the largest absolute difference.
        max_relative: the largest absolute difference over the reference's largest absolute value.
        cosine: the cosine of the angle between the two, or None where one of them is zero.
        argmax_equal, argmax_total: how many rows along the last axis have their largest element in the same place;
            None where the last axis has one element or there is none.
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

    def within(self, tolerance: float) -> bool:
        """True where the two can be compared, are not finite in the same places, and differ relatively by no more."""
        return not self.problem and bool(self.nonfinite_equal) and self.max_relative is not None and self.max_relative <= tolerance


@dataclass(frozen=True, slots=True)
class Verification:
    """The comparison of all outputs, in the candidate's order.

    Attributes:
        tolerance: the largest relative difference allowed, or None where nothing was asked.
    """

    outputs: tuple[OutputComparison, ...]
    tolerance: float | None = None

    @property
    def passed(self) -> bool:
        """True where every output is within the tolerance; without one, where every output could be compared."""
        if self.tolerance is None:
            return all(not output.problem for output in self.outputs)
        return all(output.within(self.tolerance) for output in self.outputs)

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return asdict(self) | {"passed": self.passed}


def compare(
    candidate: Mapping[str, Array],
    reference: Mapping[str, Array],
    *,
    outputs: Sequence[str] | None = None,
    tolerance: float | None = None,
) -> Verification:
    """The comparison of outputs."""
    raise NotImplementedError
