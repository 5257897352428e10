"""ONNX -> AIR: an onnx-ir model becomes GE operators, which the Ascend compiler takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import onnx_ir as ir


@dataclass(frozen=True, slots=True)
class Options:
    """Options of writing AIR: none."""


def write(
    model: ir.Model, target: Path, options: Options, progress: Callable[[int, int], None] | None = None
) -> dict[str, Any]:
    """Writes an ONNX model in memory as AIR, as `mindferry.writers` calls it.

    Returns:
        `ops` and `operators`: how many ops there are, of how many operators; `weights`: the folder of the weights beside
        the model, where they are too large for it.

    Raises:
        ConvertError: operators or nodes without a GE form, all of them; nothing is written then.
        FileProblem: the place cannot be written.
    """
    from mindferry.formats.air import writer
    from mindferry.to_air.lower import lower

    air = lower(model, progress)
    _, *weights = writer.save(air, target)
    types = [op.type for op in air.graph.ops]
    facts: dict[str, Any] = {"ops": len(types), "operators": len(set(types))}
    return facts | {"weights": str(weights[0].parent)} if weights else facts
