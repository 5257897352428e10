"""Whether two sides give the same outputs."""

from __future__ import annotations

from mindferry.verification.compare import OutputComparison, Verification, compare

__all__ = ["OutputComparison", "Verification", "compare"]
