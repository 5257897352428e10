"""Functions that MindSpore itself writes in terms of several primitives, and layers of that kind."""

from __future__ import annotations

from ops.case import Case, each, pairs
from ops.inputs import array, integers, normal, positive, uniform

MATRIX = normal(3, 4)
OTHER = normal(3, 4)
TWO = (MATRIX, OTHER)
SIGNS = array([1.0, -1.0, 1.0])
VECTOR = normal(5)
NAN = array([[1.0, float("nan"), -2.0], [float("nan"), 3.0, 4.0]])
LABELS = array([1, 0, 3], "int32")
ROWS = {"x": (None, 4)}
BATCHES = [normal(3, 4), normal(6, 4)]


def layer(primitive: str, arguments: str, x: object, y: object) -> Case:
    """A layer of ``nn`` with two inputs."""
    return Case(primitive, "self.op(x, y)", init=f"self.op = nn.{arguments}", x=x, y=y)


CASES = (
    *pairs("LpNorm", "ops.cosine_similarity(x, y)", TWO),
    *pairs("LpNorm", "ops.dist(x, y, 3)", TWO),
    *each("LpNorm", "ops.norm(x, 3, 1, True)", MATRIX),
    *each("ReduceSum", "ops.norm(x)", MATRIX),
    *each("ArgMaxWithValue", "ops.matrix_norm(x, 1)", MATRIX),
    *each("ArgMaxWithValue", "ops.aminmax(x, axis=1, keepdims=True)", MATRIX),
    *each("ReduceSum", "ops.vector_norm(x, 1.5, 0)", MATRIX),
    *pairs("Less", "ops.huber_loss(x, y, delta=0.5)", TWO),
    Case("ClampScalar", "ops.margin_ranking_loss(x, y, z, 0.5)", x=normal(3), y=normal(3), z=SIGNS),
    Case("EqScalar", "ops.cosine_embedding_loss(x, y, z, 0.2)", x=MATRIX, y=OTHER, z=array([1, -1, 1], "int32")),
    Case("Log", "ops.gaussian_nll_loss(x, y, z, full=True)", x=normal(3), y=normal(3), z=positive(3)),
    Case("Maximum", "ops.hinge_embedding_loss(x, y)", x=normal(2, 3), y=array([[1.0, -1.0, 1.0]])),
    layer("Exp", "PoissonNLLLoss()", MATRIX, positive(3, 4)),
    layer("Exp", "MultiLabelSoftMarginLoss()", MATRIX, integers(0, 2, 3, 4, dtype="float32")),
    layer("Sqrt", "RMSELoss()", MATRIX, OTHER),
    layer("Abs", "MAELoss('sum')", MATRIX, OTHER),
    layer("Abs", "L1Loss('none')", MATRIX, OTHER),
    layer("Square", "MSELoss()", MATRIX, OTHER),
    layer("Div", "DiceLoss()", positive(3, 4), positive(3, 4)),
    layer("ReduceMax", "CrossEntropyLoss(label_smoothing=0.1)", MATRIX, LABELS),
    *pairs("GatherD", "ops.cross_entropy(x, y)", (MATRIX, LABELS)),
    *pairs("GatherD", "ops.nll_loss(x, y, ignore_index=0, reduction='sum')", (MATRIX, LABELS)),
    *pairs("Log", "ops.cross_entropy(x, y, reduction='none')", (MATRIX, positive(3, 4))),
    *pairs("GatherD", "ops.cross_entropy(x, y)", (normal(2, 4, 3), integers(0, 4, 2, 3))),
    *each("AvgPool3D", "ops.lp_pool1d(x, 2, 2)", normal(1, 2, 6)),
    *each("AvgPool3D", "ops.lp_pool2d(x, 2, (2, 3), ceil_mode=True)", normal(1, 2, 5, 6)),
    *each("Softmax", "ops.softmin(x)", MATRIX),
    *each("Sigmoid", "ops.logsigmoid(x)", MATRIX),
    *each("Minimum", "ops.hardtanh(x, -0.5, 0.5)", MATRIX),
    *each("Maximum", "ops.leaky_relu(x, 0.1)", MATRIX),
    *each("Mul", "ops.leaky_relu(x, 1.5)", MATRIX),
    *each("Greater", "ops.threshold(x, 0.1, 7)", MATRIX),
    *each("Tanh", "ops.tanhshrink(x)", MATRIX),
    *each("Erf", "ops.gelu(x)", MATRIX),
    *each("ReduceMax", "ops.logsumexp(x, 1, True)", MATRIX, array([[90.0, -90.0, 89.0]])),
    *pairs("Log1p", "ops.logaddexp(x, y)", TWO),
    *pairs("Log", "ops.logaddexp2(x, y)", TWO),
    *each("MaskedFill", "ops.nansum(x, 1)", NAN),
    *each("MaskedFill", "ops.nanmean(x)", NAN),
    *each("ReduceStd", "ops.std(x, 1), ops.var(x, 0, True)", MATRIX),
    *each("ReduceStd", "ops.var_mean(x, 1)", MATRIX),
    *each("ReduceMean", "x.std(1), x.var(0, 1, True)", MATRIX),
    Case("ReduceMean", "x.var(0)", dynamic=ROWS, x=BATCHES),
    *each("MatMul", "ops.cov(x)", MATRIX),
    *each("Sub", "ops.diff(x, axis=0)", MATRIX),
    *each("GatherD", "ops.trapz(x, dx=0.5)", MATRIX),
    *pairs("Reshape", "ops.kron(x, y)", (normal(2, 2), normal(2, 3))),
    *each("Pow", "ops.vander(x, 4)", normal(3)),
    *each("ReverseV2", "ops.rot90(x, 3, (0, 1))", MATRIX),
    *pairs("LessScalar", "ops.copysign(x, y)", TWO),
    *pairs("Pow", "ops.ldexp(x, y)", (normal(3), integers(-3, 4, 3))),
    *pairs("Concat", "ops.block_diag(x, y)", (normal(2, 2), normal(1, 3))),
    *each("Concat", "ops.dstack([x, x]), ops.column_stack([x, x])", MATRIX),
    *each("StridedSlice", "ops.tensor_split(x, (1, 3), 1)", MATRIX),
    *each("Split", "ops.tensor_split(x, 3)", MATRIX),
    *each("Tile", "ops.repeat_interleave(x, 2, 1)", MATRIX),
    *each("Transpose", "ops.pixel_shuffle(x, 2)", normal(1, 8, 2, 3)),
    *each("Transpose", "ops.pixel_unshuffle(x, 2)", normal(1, 2, 4, 6)),
    *each("Less", "ops.sequence_mask(x, 4)", array([1, 3, 0], "int32")),
    *each("NotEqual", "ops.count_nonzero(x, 1)", integers(0, 2, 3, 4)),
    *each("Maximum", "ops.clip_by_value(x, -0.5, 0.5)", MATRIX),
    *pairs("AddN", "ops.clip_by_global_norm((x, y), 0.5)", TWO),
    *each("Slice", "mnp.gradient(x)", VECTOR),
    *each("Conv2D", "mnp.convolve(x, ops.ones(3, ms.float32))", VECTOR),
    *each("Floor", "mnp.fmod(x, 2.0), mnp.remainder(x, -2.0)", uniform(5, low=-9.0, high=9.0)),
    *each("IsNan", "mnp.clip(x, 0.0, 1.0)", NAN),
    *each("ReduceMax", "mnp.ptp(x, 1)", MATRIX),
    *each("RealDiv", "mnp.trapz(x)", MATRIX),
    *each("TensorScatterUpdate", "mnp.histogram(x, 3)", VECTOR),
    *pairs("FloorDiv", "mnp.digitize(x, y)", (VECTOR, array([-1.0, 0.0, 1.0]))),
    *pairs("GatherNd", "mnp.interp(x, y, y)", (VECTOR, array([-1.0, 0.0, 1.0]))),
    *pairs("MatMul", "mnp.tensordot(x, y, ((0, 1), (0, 1)))", TWO),
    *pairs("Slice", "mnp.cross(x, y)", (normal(3), normal(3))),
    *each("Eye", "mnp.diag(x)", normal(3)),
    *each("Reshape", "mnp.norm(x)", MATRIX),
    # Its branch for an empty tensor records a constant whose shape is dynamic.
    Case("Floor", "mnp.fmod(x, 2.0)", dynamic={"x": (None,)}, x=[uniform(5, low=-9.0, high=9.0), uniform(2, high=9.0)]),
    *pairs("LessScalar", "ops.copysign(x, y)", TWO),
    Case(
        "LessScalar",
        "ops.copysign(x, y)",
        dynamic={"x": (None, 4), "y": (None, 4)},
        x=[normal(3, 4), normal(2, 4)],
        y=[normal(3, 4), normal(2, 4)],
    ),
)
