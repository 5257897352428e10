"""Host scalars: numbers that are known now are computed now, others become 0-d tensors."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering import dtypes
from mindferry.lowering.context import Context
from mindferry.lowering.registry import lowers


def _binary(known: Callable[[Any, Any], Any], build: Callable[[Context, ir.Value, ir.Value], ir.Value]) -> Any:
    def function(op: Context, x: Any, y: Any) -> Any:
        if not isinstance(x, ir.Value) and not isinstance(y, ir.Value):
            return known(x, y)
        return build(op, *op.promote(x, y))

    return function


def _floor_divide(op: Context, x: ir.Value, y: ir.Value) -> ir.Value:
    if dtypes.is_float(x.dtype):
        return op.Floor(op.Div(x, y))
    remainder = op.Mod(x, y)
    return op.Div(op.Sub(x, remainder), y)


def _divide(op: Context, x: ir.Value, y: ir.Value) -> ir.Value:
    target = op.result_dtype or ir.DataType.FLOAT
    return op.Div(op.cast(x, target), op.cast(y, target))


def _modulo(op: Context, x: ir.Value, y: ir.Value) -> ir.Value:
    if dtypes.is_float(x.dtype):
        return op.Sub(x, op.Mul(y, op.Floor(op.Div(x, y))))
    return op.Mod(x, y)


_BINARY: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Context, ir.Value, ir.Value], ir.Value]]] = {
    "ScalarAdd": (operator.add, lambda op, x, y: op.Add(x, y)),
    "ScalarSub": (operator.sub, lambda op, x, y: op.Sub(x, y)),
    "ScalarMul": (operator.mul, lambda op, x, y: op.Mul(x, y)),
    "ScalarDiv": (operator.truediv, _divide),
    "ScalarFloorDiv": (operator.floordiv, _floor_divide),
    "ScalarMod": (operator.mod, _modulo),
    "ScalarPow": (operator.pow, lambda op, x, y: op.Pow(x, y)),
    "ScalarMax": (max, lambda op, x, y: op.Max(x, y)),
    "ScalarMin": (min, lambda op, x, y: op.Min(x, y)),
    "ScalarEq": (operator.eq, lambda op, x, y: op.Equal(x, y)),
    "ScalarLt": (operator.lt, lambda op, x, y: op.Less(x, y)),
    "ScalarLe": (operator.le, lambda op, x, y: op.LessOrEqual(x, y)),
    "ScalarGt": (operator.gt, lambda op, x, y: op.Greater(x, y)),
    "ScalarGe": (operator.ge, lambda op, x, y: op.GreaterOrEqual(x, y)),
    "ScalarBitwiseAnd": (operator.and_, lambda op, x, y: op.BitwiseAnd(x, y)),
    "ScalarBitwiseOr": (operator.or_, lambda op, x, y: op.BitwiseOr(x, y)),
    "bit_and": (operator.and_, lambda op, x, y: op.BitwiseAnd(x, y)),
    "bit_or": (operator.or_, lambda op, x, y: op.BitwiseOr(x, y)),
    "string_eq": (operator.eq, lambda op, x, y: op.Equal(x, y)),
}
for _name, (_known, _build) in _BINARY.items():
    lowers(_name)(_binary(_known, _build))


@lowers("ScalarUadd")
def scalar_uadd(op: Context, x: Any) -> Any:
    """+x."""
    return x


@lowers("ScalarUsub")
def scalar_usub(op: Context, x: Any) -> Any:
    """-x."""
    return op.Neg(x) if isinstance(x, ir.Value) else -x


@lowers("ScalarLog")
def scalar_log(op: Context, x: Any) -> Any:
    """Natural logarithm, float32."""
    return op.Log(op.cast(x, ir.DataType.FLOAT)) if isinstance(x, ir.Value) else math.log(x)


@lowers("ScalarBool", "BoolCast")
def scalar_bool(op: Context, x: Any) -> Any:
    """True where x is not zero."""
    return op.cast(x, ir.DataType.BOOL) if isinstance(x, ir.Value) else bool(x)


@lowers("BoolNot", "bool_not")
def bool_not(op: Context, x: Any) -> Any:
    """not x."""
    return op.Not(op.cast(x, ir.DataType.BOOL)) if isinstance(x, ir.Value) else not x


@lowers("ScalarCast")
def scalar_cast(op: Context, x: Any, dtype: Any) -> Any:
    """x as a scalar of another type; floats are cut towards zero."""
    target = op.dtype(dtype)
    return op.cast(x, target) if isinstance(x, ir.Value) else target.numpy().type(x).item()


@lowers("ScalarToTensor")
def scalar_to_tensor(op: Context, x: Any, dtype: Any = None) -> ir.Value:
    """A 0-d tensor."""
    return op.value(x, op.result_dtype if dtype is None else op.dtype(dtype))


@lowers("TensorToScalar")
def tensor_to_scalar(op: Context, x: ir.Value) -> Any:
    """The only element of a tensor."""
    known = op.static(x)
    if known is not None:
        return np.reshape(known, ()).item()
    return x if op.rank(x) == 0 else op.Reshape(x, op.constant(np.array([], np.int64)))


@lowers("TupleToTensor", "ListToTensor", "TupleToArray")
def tuple_to_tensor(op: Context, items: tuple[Any, ...], dtype: Any = None) -> ir.Value:
    """A 1-D tensor of scalars."""
    return op.value(items, op.result_dtype if dtype is None else op.dtype(dtype))


@lowers("TensorToTuple", "TensorToList")
def tensor_to_tuple(op: Context, x: ir.Value) -> tuple[Any, ...]:
    """The elements of a 1-D tensor of known length, as scalars."""
    known = op.static(x)
    if known is not None:
        return tuple(np.atleast_1d(known).tolist())
    size = op.dim(x, 0) if op.rank(x) == 1 else None
    if not isinstance(size, int):
        raise LoweringError(f"needs a 1-D tensor of known length, got shape {x.shape}")
    return tuple(op.Gather(x, index) for index in range(size))
