"""Matrix products."""

from __future__ import annotations

from mindferry.errors import LoweringError
from mindferry.to_air.builder import Builder
from mindferry.to_air.registry import to_ge
from mindferry.to_air.values import Value


@to_ge("MatMul")
def matmul(op: Builder, a: Value, b: Value) -> Value:
    """MatMulV2 for matrices, BatchMatMul for equal batches, BatchMatMulV2 for others; a vector becomes a matrix first."""
    if a.rank == 0 or b.rank == 0:
        raise LoweringError("needs vectors or matrices")
    vector_a, vector_b = a.rank == 1, b.rank == 1
    if vector_a:
        a = op.Unsqueeze(a, axes=[0], shape=(1, *a.known_shape))
    if vector_b:
        b = op.Unsqueeze(b, axes=[1], shape=(*b.known_shape, 1))
    if a.rank == b.rank == 2:
        shape: tuple[int, ...] = (a.known_shape[0], b.known_shape[1])
        found = op.MatMulV2(a, b, transpose_x1=False, transpose_x2=False, offset_x=0, shape=shape)
    else:
        batches = a.known_shape[:-2], b.known_shape[:-2]
        shape = (*_batch(*batches), a.known_shape[-2], b.known_shape[-1])
        if batches[0] == batches[1] and -1 not in batches[0]:
            found = op.BatchMatMul(a, b, adj_x1=False, adj_x2=False, shape=shape)
        else:
            found = op.BatchMatMulV2(a, b, adj_x1=False, adj_x2=False, offset_x=0, shape=shape)
    axes = [len(shape) - 2] * vector_a + [len(shape) - 1] * vector_b
    return op.Squeeze(found, axis=axes, shape=op.result.shape) if axes else found


def _batch(left: tuple[int, ...], right: tuple[int, ...]) -> tuple[int, ...]:
    """The batch dimensions of a product."""
    rank = max(len(left), len(right))
    pairs = zip((1,) * (rank - len(left)) + left, (1,) * (rank - len(right)) + right, strict=True)
    return tuple(other if one == 1 else one for one, other in pairs)


@to_ge("Gemm")
def gemm(
    op: Builder, a: Value, b: Value, c: Value | None = None, *, alpha: float = 1.0, beta: float = 1.0, transA: int = 0,  # noqa: N803
    transB: int = 0,  # noqa: N803
) -> Value:  # fmt: skip
    """MatMulV2, with c as its bias where that is a vector of one element per column."""
    rows, columns = a.known_shape[1 if transA else 0], b.known_shape[0 if transB else 1]
    bias = c if alpha == beta == 1.0 and c is not None and columns != -1 and c.shape == (columns,) else None
    found = op.MatMulV2(
        a, b, bias, transpose_x1=bool(transA), transpose_x2=bool(transB), offset_x=0, shape=(rows, columns)
    )
    if alpha != 1.0:
        found = op.Mul(found, op.like(alpha, found))
    if c is None or bias is not None or beta == 0.0:
        return found
    return op.Add(found, c if beta == 1.0 else op.Mul(c, op.like(beta, c)))


@to_ge("Einsum")
def einsum(op: Builder, *inputs: Value, equation: str) -> Value:
    return op.Einsum(list(inputs), equation=equation, N=len(inputs), shape=op.result.shape)


@to_ge("Det")
def det(op: Builder, x: Value) -> Value:
    return op.MatrixDeterminant(x, shape=x.known_shape[:-2])
