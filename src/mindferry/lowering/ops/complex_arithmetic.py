"""What primitives of real tensors mean for complex ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering import complexes
from mindferry.lowering.complexes import as_complex
from mindferry.lowering.context import Complex, Context, flatten
from mindferry.lowering.helpers import reduce
from mindferry.lowering.layouts import one_axis
from mindferry.lowering.ops.diagonals import FIRST_OF_THREE
from mindferry.lowering.ops.diagonals import cross as real_cross
from mindferry.lowering.ops.matmul import product, swapped
from mindferry.lowering.registry import lowers_complex
from mindferry.lowering.repeat import repeat

_FUNCTIONS: dict[str, Callable[[Context, Complex], Complex]] = {
    "Neg": complexes.neg, "Exp": complexes.exp, "Log": complexes.log, "Sqrt": complexes.sqrt,
    "Sin": complexes.sin, "Cos": complexes.cos, "Tan": complexes.tan, "Sinh": complexes.sinh, "Cosh": complexes.cosh,
    "Tanh": complexes.tanh, "Asin": complexes.asin, "ACos": complexes.acos, "Atan": complexes.atan,
    "Asinh": complexes.asinh, "Acosh": complexes.acosh, "Atanh": complexes.atanh,
}  # fmt: skip
"""Primitives of one operand."""

_OPERATORS: dict[str, Callable[[Context, Complex, Complex], Complex]] = {
    "Add": complexes.add, "AddV2": complexes.add, "Sub": complexes.sub, "Mul": complexes.mul, "Muls": complexes.mul,
    "Pow": complexes.power, "PowTensorScalar": complexes.power, "PowScalarTensor": complexes.power,
}  # fmt: skip
"""Primitives of two operands, one of which may be real or a number."""


def _of_one(function: Callable[[Context, Complex], Complex]) -> Callable[[Context, Any], Complex]:
    return lambda op, input: function(op, input)


def _of_two(function: Callable[[Context, Complex, Complex], Complex]) -> Callable[[Context, Any, Any], Complex]:
    return lambda op, input, other: function(op, *as_complex(op, input, other))


for _primitive, _function in _FUNCTIONS.items():
    lowers_complex(_primitive)(_of_one(_function))
for _primitive, _operator in _OPERATORS.items():
    lowers_complex(_primitive)(_of_two(_operator))


@lowers_complex("AddExt", "AddScalar")
def add_ext(op: Context, input: Any, other: Any, alpha: Any = 1) -> Complex:
    """input + alpha other."""
    x, y, factor = as_complex(op, input, other, alpha)
    return complexes.add(op, x, y if alpha == 1 else complexes.mul(op, y, factor))


@lowers_complex("SubExt", "SubScalar")
def sub_ext(op: Context, input: Any, other: Any, alpha: Any = 1) -> Complex:
    """input - alpha other."""
    x, y, factor = as_complex(op, input, other, alpha)
    return complexes.sub(op, x, y if alpha == 1 else complexes.mul(op, y, factor))


@lowers_complex("AddN", "AccumulateNV2")
def add_n(op: Context, *inputs: Any) -> Complex:
    """The sum of all inputs, which may come as one tuple."""
    return complexes.total(op, as_complex(op, *flatten(inputs)))


@lowers_complex("Square")
def square(op: Context, input: Complex) -> Complex:
    """input^2."""
    return complexes.mul(op, input, input)


@lowers_complex("SquaredDifference")
def squared_difference(op: Context, x: Any, y: Any) -> Complex:
    """The difference times its conjugate."""
    difference = complexes.sub(op, *as_complex(op, x, y))
    return complexes.mul(op, complexes.conj(op, difference), difference)


@lowers_complex("Reciprocal", "Inv")
def reciprocal(op: Context, input: Complex) -> Complex:
    """1 / input."""
    one, x = as_complex(op, 1, input)
    return complexes.div(op, one, x)


@lowers_complex("Rsqrt")
def rsqrt(op: Context, input: Complex) -> Complex:
    """1 / sqrt(input)."""
    return reciprocal(op, complexes.sqrt(op, input))


@lowers_complex("Log1p")
def log1p(op: Context, input: Complex) -> Complex:
    """log(1 + input)."""
    return complexes.log(op, Complex(op.Add(input.real, 1.0), input.imag))


@lowers_complex("Expm1")
def expm1(op: Context, input: Complex) -> Complex:
    """exp(input) - 1."""
    power = complexes.exp(op, input)
    return Complex(op.Sub(power.real, 1.0), power.imag)


@lowers_complex("Sign")
def sign(op: Context, input: Complex) -> Complex:
    """input / |input|, or 0."""
    zero = op.constant(0, input.real.dtype)
    length = complexes.magnitude(op, input)
    away = op.Not(op.Equal(length, 0.0))
    safe = op.Where(away, length, op.constant(1, length.dtype))
    return Complex(*(op.Where(away, op.Div(part, safe), zero) for part in (input.real, input.imag)))


@lowers_complex("Sinc")
def sinc(op: Context, input: Complex) -> Complex:
    """sin(pi input) / (pi input), or 1 at 0."""
    one, zero = as_complex(op, 1, 0)
    still = complexes.is_zero(op, input)
    turn = complexes.scale(op, complexes.where(op, still, one, input), 3.141592653589793)
    return complexes.where(op, still, complexes.add(op, one, zero), complexes.div(op, complexes.sin(op, turn), turn))


@lowers_complex("MulNoNan")
def mul_no_nan(op: Context, x: Any, y: Any) -> Complex:
    """x y, but 0 wherever y is 0."""
    left, right, zero = as_complex(op, x, y, 0)
    return complexes.where(op, complexes.is_zero(op, right), zero, complexes.mul(op, left, right))


@lowers_complex("Div", "Divs", "RealDiv", "DivNoNan")
def div(op: Context, x: Any, y: Any) -> Complex:
    """x / y, but 0 wherever y is 0."""
    left, right, zero = as_complex(op, x, y, 0)
    return complexes.where(op, complexes.is_zero(op, right), zero, complexes.div(op, left, right))


@lowers_complex("Xdivy")
def xdivy(op: Context, x: Any, y: Any) -> Complex:
    """x / y, but 0 wherever x is 0."""
    left, right, zero = as_complex(op, x, y, 0)
    return complexes.where(op, complexes.is_zero(op, left), zero, complexes.div(op, left, right))


@lowers_complex("Xlogy")
def xlogy(op: Context, x: Any, y: Any) -> Complex:
    """x log(y); MindSpore's 0 log(0) is NaN."""
    left, right = as_complex(op, x, y)
    return complexes.mul(op, left, complexes.log(op, right))


@lowers_complex("Dense")
def dense(op: Context, x: Any, weight: Any, bias: Any = None) -> Complex:
    """x @ weight^T + bias; weight is (out, in), or (in)."""
    left, right = as_complex(op, x, weight)
    made = product(op, left, swapped(op, right) if op.rank(right.real) == 2 else right)
    return made if bias is None else complexes.add(op, made, *as_complex(op, bias))


@lowers_complex("Cross")
def cross(op: Context, input: Any, other: Any, dim: Any = FIRST_OF_THREE) -> Complex:
    """The cross product along an axis of size 3, by default the first such."""
    x, y = as_complex(op, input, other)
    real = op.Sub(real_cross(op, x.real, y.real, dim), real_cross(op, x.imag, y.imag, dim))
    return Complex(real, op.Add(real_cross(op, x.real, y.imag, dim), real_cross(op, x.imag, y.real, dim)))


@lowers_complex("Equal", "EqScalar")
def equal(op: Context, input: Any, other: Any) -> ir.Value:
    """Both parts are equal."""
    x, y = as_complex(op, input, other)
    return op.And(op.Equal(x.real, y.real), op.Equal(x.imag, y.imag))


@lowers_complex("NotEqual", "NeScalar")
def not_equal(op: Context, input: Any, other: Any) -> ir.Value:
    """A part differs."""
    return op.Not(equal(op, input, other))


@lowers_complex("LogicalNot")
def logical_not(op: Context, input: Complex) -> ir.Value:
    """The input is zero."""
    return complexes.is_zero(op, input)


@lowers_complex("LogicalAnd", "LogicalOr", "LogicalXor")
def logical(op: Context, x: Any, y: Any) -> ir.Value:
    """Which of the two are other than zero: both, either, or exactly one."""
    sides = [op.Not(complexes.is_zero(op, one)) for one in as_complex(op, x, y)]
    operator = {"LogicalAnd": "And", "LogicalOr": "Or", "LogicalXor": "Xor"}[op.node.primitive]
    return getattr(op, operator)(*sides)


@lowers_complex("IsNan", "IsInf")
def is_special(op: Context, x: Complex) -> ir.Value:
    """A part is NaN, or an infinity."""
    test = op.IsNaN if op.node.primitive == "IsNan" else op.IsInf
    return op.Or(test(x.real), test(x.imag))


@lowers_complex("IsFinite")
def is_finite(op: Context, x: Complex) -> ir.Value:
    """Neither part is NaN or an infinity."""
    return op.Not(op.Or(*(op.Or(op.IsNaN(part), op.IsInf(part)) for part in (x.real, x.imag))))


def _reduced(op: Context, operator: str, x: Complex, axes: Sequence[int], keep_dims: Any) -> Complex:
    return Complex(*(reduce(op, operator, part, axes, keep_dims=bool(keep_dims)) for part in (x.real, x.imag)))


@lowers_complex("ReduceSum")
def reduce_sum(op: Context, x: Complex, axis: Any = (), keep_dims: bool = False, skip_mode: bool = False) -> Complex:
    """The sum over the axes; with skip_mode, () means none of them."""
    none = skip_mode and axis is not None and not op.integers(axis)
    return x if none else _reduced(op, "ReduceSum", x, op.axes(x.real, axis), keep_dims)


@lowers_complex("SumExt", "MeanExt")
def sum_ext(op: Context, input: Any, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Complex:
    """The sum or the mean over the axes, in the recorded type; of a real tensor, too."""
    (x,) = as_complex(op, input)
    x = Complex(x.real, op.Expand(x.imag, op.Shape(x.real)))
    return _reduced(op, "Reduce" + op.node.primitive.removesuffix("Ext"), x, op.axes(x.real, dim), keepdim)


@lowers_complex("ReduceMean")
def reduce_mean(op: Context, x: Complex, axis: Any = (), keep_dims: bool = False) -> Complex:
    """The mean over the axes."""
    return _reduced(op, "ReduceMean", x, op.axes(x.real, axis), keep_dims)


@lowers_complex("ReduceProd", "ProdExt")
def reduce_prod(op: Context, x: Any, axis: Any = (), keep_dims: bool = False, dtype: Any = None) -> Complex:
    """The product over the axes, in a Loop."""
    (x,) = as_complex(op, x)
    x = Complex(x.real, op.Expand(x.imag, op.Shape(x.real)))
    axes = op.axes(x.real, axis)
    rank = op.rank(x.real)
    rest = [one for one in range(rank) if one not in axes]
    tail = op.ints((-1, *(op.dim(x.real, one) for one in rest)))
    real, imag = (op.Reshape(op.Transpose(part, perm=[*axes, *rest]), tail) for part in (x.real, x.imag))
    first = [op.Mul(op.Gather(real, 0), 0.0), op.Mul(op.Gather(real, 0), 0.0)]
    first[0] = op.Add(first[0], 1.0)

    def step(inner: Context, turn: ir.Value, a: ir.Value, b: ir.Value) -> list[ir.Value]:
        product = complexes.mul(inner, Complex(a, b), Complex(inner.Gather(real, turn), inner.Gather(imag, turn)))
        return [product.real, product.imag]

    made = repeat(op, op.dim(real, 0), first, step)
    return Complex(*(op.Unsqueeze(part, axes) if keep_dims else part for part in made))


@lowers_complex("CumSum")
def cum_sum(op: Context, input: Complex, axis: Any, exclusive: bool = False, reverse: bool = False) -> Complex:
    """The sums up to each element; exclusive leaves the element out, reverse sums from the end."""
    place = one_axis(op, axis, op.rank(input.real))
    how = {"exclusive": int(exclusive), "reverse": int(reverse)}
    return Complex(*(op.CumSum(part, place, **how) for part in (input.real, input.imag)))


@lowers_complex("CumProd")
def cum_prod(op: Context, x: Complex, axis: Any, exclusive: bool = False, reverse: bool = False) -> Complex:
    """The products up to each element, in a Loop; exclusive leaves the element out, reverse starts from the end."""
    place = one_axis(op, axis, op.rank(x.real))
    count = op.value(op.dim(x.real, place), ir.DataType.INT64)
    first = op.Gather(x.real, 0, axis=place)
    zero = op.Expand(op.constant(0, first.dtype), op.Shape(first))

    def step(inner: Context, turn: ir.Value, a: ir.Value, b: ir.Value) -> list[ir.Value]:
        index = inner.Sub(inner.Sub(count, 1), turn) if reverse else turn
        here = Complex(inner.Gather(x.real, index, axis=place), inner.Gather(x.imag, index, axis=place))
        product = complexes.mul(inner, Complex(a, b), here)
        given = (a, b) if exclusive else (product.real, product.imag)
        return [product.real, product.imag, *given]

    _, _, real, imag = repeat(op, count, [op.Add(zero, 1.0), zero], step, stacked=2)
    rank = op.rank(real)
    order = [*range(1, place + 1), 0, *range(place + 1, rank)]
    parts = (op.Slice(part, [-1], [-(1 << 60)], [0], [-1]) if reverse else part for part in (real, imag))
    return Complex(*(op.Transpose(part, perm=order) for part in parts))


@lowers_complex("BiasAdd")
def bias_add(op: Context, x: Complex, bias: Complex, data_format: Any = "NCHW") -> Complex:
    """x + bias along the channels."""
    if data_format not in ("NCHW", "NCDHW", 0, 14):
        raise LoweringError(f"data_format {data_format!r} has no lowering for complex operands")
    behind = list(range(1, op.rank(x.real) - 1))
    lined = [op.Unsqueeze(part, behind) if behind else part for part in (bias.real, bias.imag)]
    return complexes.add(op, x, Complex(*lined))
