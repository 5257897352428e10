"""How a device's half precision is computed here: as float32 that is rounded to float16 where the device rounds.

A device multiplies float16 numbers, adds in float32 and stores float16. So every floating-point result is rounded to
float16 and computed on as float32, and weights are stored as float16, half as large.
"""

from __future__ import annotations

import onnx_ir as ir

LEVELS = ("origin", "fp16")


def apply(model: ir.Model, level: str) -> None:
    """Rounds the graph's values in place."""
