"""What a conversion did, for people and for tests."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Report:
    """Filled while a model is converted.

    Attributes:
        opset: the ONNX opset of the result; 0 where none is on the way.
        primitives: how often each source primitive was lowered.
        operators: how often each ONNX operator is in the result.
        rewrites: how often each optimisation applied.
        approximations: primitive -> what is approximated and how well.
        warnings: what a user must know, such as state that ONNX does not keep between calls.
        facts: what the writer of the target's format tells, by name, as plain data.
    """

    opset: int
    primitives: Counter[str] = field(default_factory=Counter)
    operators: Counter[str] = field(default_factory=Counter)
    rewrites: dict[str, int] = field(default_factory=dict)
    approximations: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    dialect: str = "mindspore"
    facts: dict[str, Any] = field(default_factory=dict)

    def warn(self, message: str) -> None:
        """Adds a warning once."""
        if message not in self.warnings:
            self.warnings.append(message)

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return {
            "opset": self.opset,
            "primitives": dict(sorted(self.primitives.items())),
            "operators": dict(sorted(self.operators.items())),
            "rewrites": self.rewrites,
            "approximations": self.approximations,
            "warnings": self.warnings,
            **({"facts": self.facts} if self.facts else {}),
        }
