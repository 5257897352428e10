"""Products of matrices, and what is built of them."""

from __future__ import annotations

from ops.case import Case, pairs
from ops.inputs import array, integers, normal

PLAIN = (normal(2, 3), normal(3, 4))
HALF = (normal(2, 3, dtype="float16"), normal(3, 4, dtype="float16"))
DOUBLE = (normal(2, 3, dtype="float64"), normal(3, 4, dtype="float64"))
INTS = (integers(-5, 6, 2, 3), integers(-5, 6, 3, 4))
LONGS = (integers(-5, 6, 2, 3, dtype="int64"), integers(-5, 6, 3, 4, dtype="int64"))
BATCH = (normal(2, 5, 3), normal(2, 3, 4))
ROWS = {"x": (None, 3)}
ROW_RUNS = [normal(2, 3), normal(5, 3)]
BATCH_RUNS = [normal(2, 5, 3), normal(4, 5, 3)]
RANKS = (
    PLAIN,
    BATCH,
    (normal(3), normal(3)),
    (normal(3), normal(3, 4)),
    (normal(2, 3), normal(3)),
    (normal(2, 5, 3), normal(3)),
    (normal(3), normal(2, 3, 4)),
    (normal(2, 5, 3), normal(3, 4)),
    (normal(2, 3), normal(5, 3, 4)),
    (normal(2, 1, 2, 3), normal(5, 3, 4)),
)

CASES = (
    *pairs("MatMul", "P.MatMul()(x, y)", PLAIN, HALF, DOUBLE, INTS, LONGS, (normal(0, 3), normal(3, 4))),
    *pairs("MatMul", "P.MatMul(transpose_a=True)(x, y)", (normal(3, 2), normal(3, 4))),
    *pairs("MatMul", "P.MatMul(transpose_b=True)(x, y)", (normal(2, 3), normal(4, 3))),
    *pairs("MatMul", "P.MatMul(True, True)(x, y)", (normal(3, 2), normal(4, 3))),
    *pairs("MatMul", "ops.mm(x, y)", PLAIN),
    Case("MatMul", "self.op(x)", init="self.op = nn.Dense(3, 4)", x=normal(2, 3)),
    Case("MatMul", "self.op(x)", init="self.op = nn.Dense(3, 4, activation='relu')", x=normal(2, 5, 3)),
    Case("MatMul", "self.op(x)", init="self.op = nn.Dense(3, 4, has_bias=False)", dynamic=ROWS, x=ROW_RUNS),
    Case("MatMul", "ops.addmm(x, y, z, beta=2, alpha=0.5)", x=normal(2, 4), y=normal(2, 3), z=normal(3, 4)),
    Case("MatMul", "ops.tensor_dot(x, y, ((1, 2), (0, 1)))", x=normal(2, 3, 4), y=normal(3, 4, 5)),
    Case("MatMul", "ops.inner(x, y)", x=normal(2, 3), y=normal(5, 3)),
    *pairs("MatMulExt", "mint.matmul(x, y)", *RANKS, HALF, INTS, DOUBLE),
    *pairs("MatMulExt", "x @ y", PLAIN, BATCH),
    Case("MatMulExt", "ops.matmul(x, y)", dynamic={"x": (None, 5, 3)}, x=BATCH_RUNS, y=normal(3, 4)),
    *pairs("BatchMatMul", "P.BatchMatMul()(x, y)", BATCH, PLAIN),
    *pairs("BatchMatMul", "ops.bmm(x, y)", (normal(2, 2, 3, dtype="float16"), normal(2, 3, 4, dtype="float16"))),
    *pairs("BatchMatMul", "ops.bmm(x, y)", (integers(-5, 6, 2, 2, 3), integers(-5, 6, 2, 3, 4))),
    *pairs("BatchMatMul", "P.BatchMatMul(transpose_a=True)(x, y)", (normal(2, 3, 2), normal(2, 3, 4))),
    *pairs("BatchMatMul", "P.BatchMatMul(transpose_b=True)(x, y)", (normal(2, 2, 3), normal(2, 4, 3))),
    *pairs("BatchMatMul", "P.BatchMatMul(True, True)(x, y)", (normal(2, 3, 2), normal(2, 4, 3))),
    Case("BatchMatMul", "ops.baddbmm(x, y, z, beta=2, alpha=0.5)", x=normal(2, 5, 4), y=BATCH[0], z=BATCH[1]),
    Case(
        "BatchMatMul",
        "ops.bmm(x, y)",
        dynamic={"x": (None, 5, 3), "y": (None, 3, 4)},
        x=BATCH_RUNS,
        y=[normal(2, 3, 4), normal(4, 3, 4)],
    ),
    *pairs("BatchMatMulExt", "mint.bmm(x, y)", BATCH, (normal(1, 2, 3), normal(1, 3, 1))),
    *pairs("BatchMatMulExt", "mint.bmm(x, y)", (normal(2, 2, 3, dtype="float16"), normal(2, 3, 4, dtype="float16"))),
    *pairs("BatchMatMulExt", "mint.einsum('ij,jk->ik', x, y)", PLAIN),
    *pairs("BatchMatMulExt", "mint.einsum('bij,bjk->bki', x, y)", BATCH),
    Case("Baddbmm", "mint.baddbmm(x, y, z)", x=normal(2, 5, 4), y=BATCH[0], z=BATCH[1]),
    Case("Baddbmm", "mint.baddbmm(x, y, z, beta=2, alpha=0.5)", x=normal(2, 5, 4), y=BATCH[0], z=BATCH[1]),
    Case("Baddbmm", "mint.baddbmm(x, y, z, beta=0.0)", x=normal(5, 1), y=BATCH[0], z=BATCH[1]),
    Case("BiasAdd", "ops.bias_add(x, y)", x=normal(2, 3), y=normal(3)),
    Case("BiasAdd", "ops.bias_add(x, y)", x=normal(2, 3, 4, 5), y=normal(3)),
    Case("BiasAdd", "P.BiasAdd('NHWC')(x, y)", x=normal(2, 4, 5, 3), y=normal(3)),
    Case("BiasAdd", "P.BiasAdd('NCDHW')(x, y)", x=normal(2, 3, 2, 2, 2), y=normal(3)),
    Case("BiasAdd", "ops.bias_add(x, y)", x=normal(2, 3, 4, dtype="float16"), y=normal(3, dtype="float16")),
    Case(
        "BiasAdd",
        "ops.bias_add(x, y)",
        dynamic={"x": (None, 3, None)},
        x=[normal(2, 3, 4), normal(1, 3, 2)],
        y=normal(3),
    ),
    Case("Dense", "ops.dense(x, y, z)", x=normal(2, 3), y=normal(4, 3), z=normal(4)),
    Case("Dense", "ops.dense(x, y)", x=normal(2, 5, 3), y=normal(4, 3)),
    Case("Dense", "mint.nn.functional.linear(x, y, z)", x=normal(3), y=normal(4, 3), z=normal(4)),
    Case("Dense", "mint.nn.functional.linear(x, y)", x=normal(3), y=normal(3)),
    Case(
        "Dense",
        "ops.dense(x, y, z)",
        x=normal(2, 3, dtype="float16"),
        y=normal(4, 3, dtype="float16"),
        z=normal(4, dtype="float16"),
    ),
    Case("Dense", "self.op(x)", init="self.op = mint.nn.Linear(3, 4)", dynamic=ROWS, x=ROW_RUNS),
    *pairs("Cdist", "ops.cdist(x, y)", (normal(2, 3), normal(4, 3)), (normal(2, 2, 3), normal(2, 4, 3))),
    *pairs("Cdist", "ops.cdist(x, y, 1.0)", (normal(2, 3), normal(4, 3))),
    *pairs(
        "Cdist", "ops.cdist(x, y, 0.0)", (integers(0, 3, 2, 5, dtype="float32"), integers(0, 3, 4, 5, dtype="float32"))
    ),
    *pairs("Cdist", "ops.cdist(x, y, 3.5)", (normal(2, 3), normal(4, 3))),
    *pairs("Cdist", "ops.cdist(x, y, float('inf'))", (normal(2, 3), normal(4, 3))),
    *pairs("Ger", "ops.ger(x, y)", (normal(2), normal(3)), (normal(2, dtype="float16"), normal(3, dtype="float16"))),
    Case(
        "TridiagonalMatMul",
        "ops.TridiagonalMatMul()(x, y, z, w)",
        x=normal(1, 4),
        y=normal(1, 4),
        z=normal(1, 4),
        w=normal(4, 2),
    ),
    Case(
        "TridiagonalMatMul",
        "ops.TridiagonalMatMul()(x, y, z, w)",
        x=normal(2, 1, 3),
        y=normal(2, 1, 3),
        z=normal(2, 1, 3),
        w=normal(2, 3, 4),
    ),
    Case("Pdist", "ops.pdist(x)", x=normal(4, 3)),
    Case("Pdist", "ops.pdist(x, 1.0)", x=normal(3, 3)),
    Case("Pdist", "ops.pdist(x, float('inf'))", x=normal(4, 3)),
    Case("Pdist", "ops.pdist(x, 0.0)", x=array([[1.0, 2.0, 3.0], [1.0, 0.0, 3.0], [4.0, 5.0, 6.0]])),
)
