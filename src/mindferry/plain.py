"""Plain data as JSON that every reader takes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def to_json(data: Any, *, indent: int | None = None) -> str:
    """JSON of mappings, sequences and numbers; NaN and the infinities, which JSON lacks, become texts.

    Example:
        >>> to_json({"x": (1.5, float("nan")), "y": float("-inf")})
        '{"x": [1.5, "NaN"], "y": "-Infinity"}'
    """
    return json.dumps(_finite(data), indent=indent, ensure_ascii=False)


def _finite(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {str(key): _finite(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_finite(item) for item in data]
    if isinstance(data, float) and not math.isfinite(data):
        return "NaN" if math.isnan(data) else "Infinity" if data > 0 else "-Infinity"
    return data
