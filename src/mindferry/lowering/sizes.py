"""What is known of sizes that are computed at run time, so that shapes built from them keep their dimensions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import onnx_ir as ir

Size: TypeAlias = "int | str | None"
"""A dimension: a number, a symbol, or nothing known."""

_TARGETS = {"Reshape": 1, "Expand": 1, "Resize": 3, "ConstantOfShape": 0}
"""By operator, the input that holds the shape of the result."""


class Sizes:
    """Remembers which dimensions 0-d and 1-D integer tensors hold."""

    def __init__(self) -> None:
        self._single: dict[ir.Value, Size] = {}
        self._several: dict[ir.Value, tuple[Size, ...]] = {}

    def dimension(self, value: ir.Value, size: Size) -> None:
        """Notes that a 0-d value is a dimension."""
        self._single[value] = size

    def vector(self, value: ir.Value, parts: Sequence[int | ir.Value]) -> None:
        """Notes what a 1-D value was built from."""
        self._several[value] = tuple(part if isinstance(part, int) else self._single.get(part) for part in parts)

    def learn(self, operator: str, inputs: Sequence[Any], attributes: Mapping[str, Any], result: Any) -> None:
        """Follows shapes through an operator, and adds to its result's what ONNX's inference does not see."""
        if operator == "Shape" and inputs[0].shape is not None:
            self._several[result] = size_of(inputs[0])[attributes.get("start") or 0 : attributes.get("end")]
        elif operator == "Concat" and result.dtype == ir.DataType.INT64 and result.shape and len(result.shape) == 1:
            parts = [self._parts(value) for value in inputs]
            if all(part is not None for part in parts):
                self._several[result] = tuple(size for part in parts for size in part or ())
        elif operator in _TARGETS and len(inputs) > _TARGETS[operator]:
            target = self._parts(inputs[_TARGETS[operator]])
            if operator == "Expand" and target is not None:
                target = _expanded(inputs[0], target)
            if target is not None:
                _fill(result, target)

    def _parts(self, value: Any) -> tuple[Size, ...] | None:
        if isinstance(value, ir.Value):
            constant = value.const_value
            return self._several.get(value) if constant is None else tuple(constant.numpy().ravel().tolist())
        return tuple(value) if isinstance(value, list | tuple) else None


def _expanded(x: Any, target: tuple[Size, ...]) -> tuple[Size, ...] | None:
    if not isinstance(x, ir.Value):
        return _broadcast(np.shape(x), target)
    return None if x.shape is None else _broadcast(size_of(x), target)


def _fill(result: ir.Value, target: tuple[Size, ...]) -> None:
    if result.shape is None:
        result.shape = ir.Shape([None] * len(target))
    for axis, (size, part) in enumerate(zip(size_of(result), target, strict=True)):
        if size is None and part not in (None, -1, 0):
            result.shape[axis] = part


def size_of(x: ir.Value) -> tuple[Size, ...]:
    """The dimensions of a tensor of known rank."""
    assert x.shape is not None
    return tuple(size if isinstance(size, int) else size.value for size in x.shape)


def _broadcast(own: tuple[Size, ...], parts: tuple[Size, ...]) -> tuple[Size, ...]:
    rank = max(len(own), len(parts))
    pairs = zip((1,) * (rank - len(own)) + own, (1,) * (rank - len(parts)) + parts, strict=True)
    return tuple(part if size == 1 else size if part == 1 or isinstance(size, int) else part for size, part in pairs)
