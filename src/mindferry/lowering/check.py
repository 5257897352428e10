"""Compares what a lowering built with the type that MindSpore recorded, a free test on every model."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.graph import Node, ScalarType, SequenceType, TensorType, Type
from mindferry.lowering import dtypes
from mindferry.lowering.context import Complex, Context

_MISJUDGED = frozenset({"CheckValid", "MatrixDiagPartV3", "MatrixDiagV3", "MatrixSolve", "Padding", "SpaceToDepth"})
"""Primitives of which MindSpore records their input's shape as the result's where the input has free sizes."""

_UNMEASURED = frozenset({"FFT", "HFFT", "IFFT", "IHFFT", "IRFFT", "RFFT"})
"""Primitives of which MindSpore records their input's shape as the result's where their length is only known at run time."""


def check_result(context: Context, node: Node, result: Any) -> Any:
    """The result, its unknown dimensions filled in from the record.

    Raises:
        LoweringError: element type, rank, a dimension or the number of results differ from the record.
    """
    recorded = node.type
    if isinstance(recorded, TensorType) and _is_misjudged(node.primitive, recorded, result):
        recorded = TensorType(recorded.dtype, None)
    _check(context, recorded, result)
    return result


def _is_misjudged(primitive: str, recorded: TensorType, result: Any) -> bool:
    made = result.real if isinstance(result, Complex) else result
    if primitive in _UNMEASURED and isinstance(made, ir.Value) and made.shape is not None:
        return not made.shape.is_static()
    return primitive in _MISJUDGED and None in (recorded.shape or ())


def recorded_results(node: Node, result: Any) -> Any:
    """As many of an operator's results as the file records outputs: one alone, several as a tuple."""
    if not isinstance(result, tuple):
        return result
    if not isinstance(node.type, SequenceType) or node.type.items is None:
        return result[0]
    return (*result, *(None,) * len(node.type.items))[: len(node.type.items)]


def _check(context: Context, recorded: Type | None, result: Any) -> None:
    if isinstance(recorded, SequenceType) and recorded.items is not None and isinstance(result, tuple):
        if len(result) != len(recorded.items):
            raise LoweringError(f"gives {len(result)} results, the file records {len(recorded.items)}")
        for kind, item in zip(recorded.items, result, strict=True):
            _check(context, kind, item)
    elif isinstance(recorded, TensorType) and isinstance(result, Complex):
        for part in (result.real, result.imag):
            _shape(context, recorded, part)
    elif isinstance(recorded, TensorType) and isinstance(result, ir.Value):
        if result.dtype is not None and result.dtype != dtypes.TO_ONNX[recorded.dtype]:
            raise LoweringError(f"gives {result.dtype}, the file records {recorded}")
        _shape(context, recorded, result)
    elif isinstance(recorded, ScalarType) and isinstance(result, ir.Value) and result.shape is None:
        result.shape = ir.Shape([])
    elif (
        isinstance(recorded, ScalarType)
        and isinstance(result, ir.Value)
        and result.shape is not None
        and len(result.shape)
    ):
        raise LoweringError(f"gives shape {result.shape}, the file records a scalar")


def _shape(context: Context, recorded: TensorType, value: ir.Value) -> None:
    if recorded.shape is None:
        return
    if value.shape is None:
        if not context.options.reshaped:
            value.shape = ir.Shape(recorded.shape)
        return
    if len(value.shape) != len(recorded.shape):
        raise LoweringError(f"gives shape {value.shape}, the file records {recorded}")
    if context.options.reshaped:
        return
    for axis, (found, wanted) in enumerate(zip(value.shape, recorded.shape, strict=True)):
        if wanted is None:
            continue
        if isinstance(found, int) and found != wanted:
            raise LoweringError(f"gives shape {value.shape}, the file records {recorded}")
        if not isinstance(found, int) and not value.is_graph_input() and not value.shape.frozen:
            value.shape[axis] = wanted
