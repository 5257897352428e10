"""Runs an operator in a wider element type where its own has no kernel.

A lowering may give an operator every element type that ONNX's newest opset allows it. Where the target opset does not, or
where ONNX Runtime's CPU provider (1.23 and later) has no kernel, the inputs are cast to the first wider type that holds all
their values, and the results are cast back; integers wrap as they would have. float16 without a kernel stays as it is,
because ONNX Runtime casts it itself. float64 has no wider type: a lowering avoids the operators that lack it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.registry import HIGHEST_OPSET
from mindferry.lowering.schema import formal_type, schema_of

_B, _I8, _I16, _I32, _I64 = ir.DataType.BOOL, ir.DataType.INT8, ir.DataType.INT16, ir.DataType.INT32, ir.DataType.INT64
_U8, _U16, _U32, _U64 = ir.DataType.UINT8, ir.DataType.UINT16, ir.DataType.UINT32, ir.DataType.UINT64
_F16, _BF16, _F32, _F64 = ir.DataType.FLOAT16, ir.DataType.BFLOAT16, ir.DataType.FLOAT, ir.DataType.DOUBLE

_CARRIERS = {
    _B: (_U8, _I32, _I64), _I8: (_I16, _I32, _I64), _U8: (_I16, _I32, _I64), _I16: (_I32, _I64), _U16: (_I32, _I64),
    _I32: (_I64,), _U32: (_I64,), _F16: (_F32,), _BF16: (_F32,),
}  # fmt: skip
"""By element type, the wider ones of its kind, narrowest first."""

_WIDE = {_I32, _I64, _F32, _F64}
_KERNELS = {
    "ArgMax": {"T": _WIDE | {_I8, _U8}},
    "ArgMin": {"T": _WIDE | {_I8, _U8}},
    "BitShift": {"T": {_U8, _U32, _U64}},
    "Clip": {"T": _WIDE | {_I8, _U8, _U32, _U64}},
    "CumSum": {"T": _WIDE},
    "DepthToSpace": {"T": {_U8, _F32, _F64}},
    "Einsum": {"T": _WIDE},
    "Gemm": {"T": {_F32, _F64}},
    "Max": {"T": _WIDE | {_U32, _U64}},
    "Min": {"T": _WIDE | {_U32, _U64}},
    "NonZero": {"T": {_B, _I32, _I64, _U8, _F32}},
    "OneHot": {name: {_I32, _I64, _F32} for name in ("T1", "T2", "T3")},
    "Pad": {"T": _WIDE | {_B, _I8, _U8, _U32, _U64}},
    "Pow": {"T": _WIDE, "T1": _WIDE},
    "ReduceL1": {"T": _WIDE},
    "ReduceL2": {"T": _WIDE},
    "ReduceMax": {"T": _WIDE | {_I8, _U8}},
    "ReduceMin": {"T": _WIDE | {_I8, _U8}},
    "ReduceProd": {"T": _WIDE},
    "ReduceSum": {"T": _WIDE},
    "ReduceSumSquare": {"T": _WIDE},
    "Relu": {"T": {_I8, _I32, _F32, _F64}},
    "Resize": {"T1": {_I8, _I32, _U8, _F32}},
    "SpaceToDepth": {"T": {_F32, _F64}},
    "TopK": {"T": _WIDE},
    "Trilu": {"T": {_B, _I64, _F32, _F64}},
    "Unique": {"T": {_I8, _I64, _F32, _F64}},
    "Where": {"T": _WIDE | {_U8}},
}
"""By operator and type variable, the integer and float types with a kernel, where ONNX allows more."""

_BFLOAT16 = frozenset((
    "Cast", "Compress", "Concat", "ConstantOfShape", "Flatten", "Gather", "GatherElements", "GatherND", "Identity", "If", "Loop",
    "Reshape", "ReverseSequence", "Scan", "ScatterElements", "ScatterND", "Shape", "Sign", "Slice", "Split", "Squeeze",
    "Transpose", "Unsqueeze",
))  # fmt: skip
"""The operators with a kernel for bfloat16."""

_BITS_SUFFICE = frozenset(("CumSum", "Einsum", "ReduceProd", "ReduceSum", "Trilu", "Where"))
"""Operators that treat uint64 and int64 alike, because both wrap."""


def carried(
    call: Callable[..., Any], operator: str, opset: int, inputs: Sequence[Any], attributes: dict[str, Any], outputs: int
) -> Any:
    """The operator's results, computed in wider types where the inputs' own have no kernel.

    Args:
        call: the builder's plain call.
    """
    schema = schema_of(operator, opset)
    carriers = _carriers(schema, opset, inputs)
    if not carriers:
        return call(operator, *inputs, outputs=outputs, **attributes)
    kinds = [formal_type(schema, index) for index in range(len(inputs))]
    held = [
        _cast(call, item, carriers[kind]) if kind in carriers else item
        for kind, item in zip(kinds, inputs, strict=True)
    ]
    results = call(operator, *held, outputs=outputs, **attributes)
    own = {kind: item.dtype for kind, item in zip(kinds, inputs, strict=True) if isinstance(item, ir.Value)}
    back = [own.get(output.type_str) if output.type_str in carriers else None for output in schema.outputs[:outputs]]
    if outputs == 1:
        return _cast(call, results, back[0])
    return tuple(_cast(call, result, dtype) for result, dtype in zip(results, back, strict=True))


def _cast(call: Callable[..., Any], item: Any, dtype: ir.DataType | None) -> Any:
    if isinstance(item, ir.Value) and dtype is not None:
        return call("Cast", item, to=dtype.value)
    return item.astype(dtype.numpy()) if isinstance(item, np.ndarray) and dtype is not None else item


def _carriers(schema: onnx.defs.OpSchema, opset: int, inputs: Sequence[Any]) -> dict[str, ir.DataType]:
    """By type variable, the type to compute in; only variables that need one."""
    found: dict[str, ir.DataType] = {}
    for index, item in enumerate(inputs):
        if isinstance(item, ir.Value) and item.dtype in (*_CARRIERS, _U64):
            kind = formal_type(schema, index)
            carrier = _carrier(schema.name, opset, kind, item.dtype)
            if carrier is not None:
                found[kind] = carrier
    return found


@functools.cache
def _carrier(operator: str, opset: int, kind: str, dtype: ir.DataType) -> ir.DataType | None:
    if _runs(operator, opset, kind, dtype) or dtype not in _allowed(operator, HIGHEST_OPSET, kind):
        return None
    if dtype == _U64:
        return _I64 if operator in _BITS_SUFFICE else None
    return next((wider for wider in _CARRIERS[dtype] if _runs(operator, opset, kind, wider)), None)


def _runs(operator: str, opset: int, kind: str, dtype: ir.DataType) -> bool:
    """True where the opset allows the type and there is a kernel."""
    if dtype == _BF16 and operator not in _BFLOAT16:
        return False
    kernels = _KERNELS.get(operator, {}).get(kind)
    return dtype in _allowed(operator, opset, kind) and (kernels is None or dtype in kernels or dtype in (_F16, _BF16))


@functools.cache
def _allowed(operator: str, opset: int, kind: str) -> frozenset[ir.DataType]:
    try:
        schema = schema_of(operator, opset)
    except LoweringError:
        return frozenset()
    names = {f"tensor({dtype.name.lower()})": dtype for dtype in ir.DataType}
    rows = (row for row in schema.type_constraints if row.type_param_str == kind)
    return frozenset(names[name] for row in rows for name in row.allowed_type_strs if name in names)
