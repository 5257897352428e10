"""Whether two sides give the same outputs."""

from __future__ import annotations

from mindferry.verification.compare import OutputComparison, Verification, compare, compare_arrays
from mindferry.verification.sides import verify_sides

__all__ = ["OutputComparison", "Verification", "compare", "compare_arrays", "verify_sides"]
