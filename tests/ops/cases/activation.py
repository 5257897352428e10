"""Activation functions."""

from __future__ import annotations

from ops.case import Case, each
from ops.inputs import array, integers, normal, specials

REAL = (normal(2, 3, scale=3.0), specials(), normal(5, dtype="float16", scale=3.0), normal(3, dtype="float64"))
NUMBERS = (REAL[0], specials(nan=False), *REAL[2:])
SINGLE = (REAL[0], REAL[1], REAL[2])
EDGES = array([-3.0, -2.9999, -0.5, -0.0, 0.0, 0.5, 2.9999, 3.0, 5.9999, 6.0, 6.0001, 30.0])
IMAGE = normal(2, 3, 4, 5)

CASES = (
    *each("CeLU", "ops.celu(x)", *SINGLE),
    *each("CeLU", "ops.celu(x, 2.5)", REAL[0], normal(2, 3, 4)),
    *each("CeLU", "ops.celu(x, -0.5)", REAL[0]),
    *each("Elu", "ops.elu(x)", *SINGLE),
    *each("FastGeLU", "ops.fast_gelu(x)", *SINGLE),
    *each("GLU", "P.GLU()(x)", normal(2, 4), normal(2, 3, 6), normal(4, dtype="float16")),
    *each("GLU", "P.GLU(axis=0)(x)", normal(2, 4), normal(4, 3, 2)),
    *each("GLU", "P.GLU(axis=-2)(x)", normal(2, 4, 3)),
    *each("GeLU", "ops.GeLU()(x)", REAL[0], REAL[2], array([float("nan"), -60.0, -0.0, 0.0, 60.0])),
    *each("GeLU", "ops.gelu(x, approximate='tanh')", REAL[0], array(0.5)),
    *each("HShrink", "ops.hardshrink(x)", *SINGLE, EDGES),
    *each("HShrink", "ops.hardshrink(x, 1.5)", REAL[0]),
    *each("HShrink", "ops.hardshrink(x, -0.5)", REAL[0]),
    *each("HSigmoid", "ops.hardsigmoid(x)", *REAL, EDGES, integers(-9, 9, 6)),
    *each(
        "HSwish",
        "ops.hardswish(x)",
        REAL[0],
        *REAL[2:],
        array([float("nan"), float("inf"), -60.0]),
        EDGES,
        integers(-9, 9, 6),
    ),
    *each("LogSoftmax", "ops.log_softmax(x)", REAL[0], REAL[2], REAL[3], normal(2, 3, 4), array([[80.0, -80.0, 0.0]])),
    *each("LogSoftmax", "ops.log_softmax(x, 0)", REAL[0], normal(5)),
    *each("LogSoftmax", "ops.log_softmax(x, 1)", IMAGE),
    *each("LogSoftmaxExt", "mint.nn.functional.log_softmax(x, -1)", REAL[0], REAL[2], array([[80.0, -80.0, 0.0]])),
    *each("LogSoftmaxExt", "mint.nn.functional.log_softmax(x, 1)", IMAGE),
    *each("LogSoftmaxExt", "mint.nn.functional.log_softmax(x, 0, dtype=ms.float32)", REAL[2]),
    *each("Mish", "ops.mish(x)", REAL[0], REAL[2], EDGES),
    Case("PReLU", "ops.prelu(x, y)", x=normal(2, 3, 2, 3), y=array([0.25])),
    Case("PReLU", "ops.prelu(x, y)", x=normal(2, 3, 2, 3), y=array([0.25, -0.5, 2.0])),
    Case("PReLU", "ops.prelu(x, y)", x=normal(4, 3, dtype="float16"), y=array([0.25, -0.5, 2.0], "float16")),
    Case("PReLU", "mint.nn.functional.prelu(x, y)", x=specials(), y=array([0.25])),
    Case("PReLU", "self.op(x)", init="self.op = nn.PReLU(3)", x=normal(2, 3, 4)),
    Case("PReLU", "ops.prelu(x, y)", dynamic={"x": (None, 3, None)}, x=[normal(2, 3, 2), normal(1, 3, 5)], y=normal(3)),
    *each(
        "ReLU",
        "ops.relu(x)",
        *NUMBERS,
        EDGES,
        specials("int32"),
        specials("int64"),
        specials("uint8"),
        specials("int8"),
    ),
    *each("ReLU", "mint.nn.functional.relu(x)", array(-0.5), normal(0, 3)),
    Case("ReLU", "ops.relu(x)", dynamic={"x": (None, 3)}, x=[normal(2, 3), normal(4, 3)]),
    *each("ReLU6", "ops.relu6(x)", *NUMBERS[:3], EDGES),
    *each("ReLUV3", "nn_ops.ReLUV3()(x)", *NUMBERS, specials("int32")),
    *each("SeLU", "ops.selu(x)", *REAL, integers(-5, 6, 6)),
    *each("SiLU", "ops.silu(x)", *REAL),
    *each("SiLU", "mint.nn.functional.silu(x)", normal(2, 3)),
    *each("Sigmoid", "ops.sigmoid(x)", *REAL, array([-90.0, 90.0, -17.0, 17.0])),
    *each("Sigmoid", "mint.sigmoid(x)", array(0.5), normal(2, 3)),
    *each("SoftShrink", "ops.softshrink(x)", *SINGLE, EDGES),
    *each("SoftShrink", "ops.softshrink(x, 1.5)", REAL[0]),
    *each("SoftShrink", "ops.softshrink(x, 0.0)", REAL[0]),
    *each("Softmax", "ops.softmax(x)", REAL[0], REAL[2], REAL[3], normal(2, 3, 4), array([[80.0, -80.0, 0.0]])),
    *each("Softmax", "ops.softmax(x, axis=0)", REAL[0], normal(5)),
    *each("Softmax", "ops.softmax(x, axis=1)", IMAGE),
    *each("Softmax", "mint.nn.functional.softmax(x, dim=-2)", normal(2, 3, 4)),
    Case("Softmax", "ops.softmax(x)", dynamic={"x": None}, x=[normal(2, 3), normal(2, 3, 4)]),
    *each("Softplus", "P.Softplus()(x)", *NUMBERS[:3], array([-90.0, 90.0, -17.0, 17.0])),
    *each("SoftplusExt", "mint.nn.functional.softplus(x)", *NUMBERS[:3], array([-90.0, 90.0, 19.0, 21.0])),
    *each("SoftplusExt", "mint.nn.functional.softplus(x, beta=2, threshold=3)", REAL[0], EDGES),
    *each("SoftplusExt", "mint.nn.functional.softplus(x, beta=-0.5)", REAL[0]),
    *each("Softsign", "ops.softsign(x)", *SINGLE),
    *each("Tanh", "ops.tanh(x)", *REAL, array([-90.0, 90.0, 1e-4])),
    *each("Tanh", "mint.tanh(x)", array(0.5), normal(0, 3)),
)
