"""Losses."""

from __future__ import annotations

from ops.case import Case, each, pairs
from ops.inputs import array, normal, positive, uniform

LOGITS = normal(3, 5)
HALF = normal(3, 5, dtype="float16")
PROBABILITIES = uniform(3, 5, low=0.05, high=0.95)
TARGETS = uniform(3, 5, low=0.0, high=1.0)
LABELS = array([1, 0, 4], "int32")
LONG_LABELS = array([1, 0, 4], "int64")
WEIGHTS = positive(5)
REDUCTIONS = ("none", "mean", "sum")
CTC = {
    "x": normal(6, 2, 4),
    "y": array([[1, 2], [3, 1]], "int32"),
    "z": array([6, 5], "int32"),
    "w": array([2, 1], "int32"),
}

CASES = (
    *(
        Case(
            "BinaryCrossEntropy",
            f"ops.binary_cross_entropy(x, y, z, '{how}')",
            x=PROBABILITIES,
            y=TARGETS,
            z=positive(3, 5),
        )
        for how in REDUCTIONS
    ),
    *pairs("BinaryCrossEntropy", "ops.binary_cross_entropy(x, y)", (array([0.0, 1.0, 0.5]), array([0.0, 1.0, 1.0]))),
    *(
        Case(
            "BCEWithLogitsLoss",
            f"P.BCEWithLogitsLoss('{how}')(x, y, z, w)",
            x=LOGITS,
            y=TARGETS,
            z=positive(3, 5),
            w=WEIGHTS,
        )
        for how in REDUCTIONS
    ),
    *pairs(
        "BCEWithLogitsLoss",
        "mint.nn.functional.binary_cross_entropy_with_logits(x, y)",
        (LOGITS, TARGETS),
        (array([80.0, -80.0]), array([0.0, 0.0])),
    ),
    *(Case("KLDivLoss", f"P.KLDivLoss('{how}')(x, y)", x=LOGITS, y=PROBABILITIES) for how in REDUCTIONS),
    Case("KLDivLoss", "ops.kl_div(x, y, 'batchmean')", x=LOGITS, y=array([[0.0, 0.5, 0.25, 0.125, 0.125]] * 3)),
    *each("L2Loss", "P.L2Loss()(x)", LOGITS, HALF, normal(4)),
    *(
        Case("MultiMarginLoss", f"ops.multi_margin_loss(x, y, reduction='{how}')", x=LOGITS, y=LONG_LABELS)
        for how in REDUCTIONS
    ),
    Case("MultiMarginLoss", "ops.multi_margin_loss(x, y, 2, 2, z)", x=LOGITS, y=LONG_LABELS, z=WEIGHTS),
    *(Case("NLLLoss", f"P.NLLLoss('{how}')(x, y, z)", x=LOGITS, y=LABELS, z=WEIGHTS) for how in REDUCTIONS),
    Case("NLLLoss", "P.NLLLoss('mean', 0)(x, y, z)", x=LOGITS, y=LABELS, z=WEIGHTS),
    Case("NLLLoss", "mint.nn.functional.nll_loss(x, y)", x=LOGITS, y=LABELS),
    Case("NLLLoss", "mint.nn.functional.cross_entropy(x, y, z, reduction='sum')", x=LOGITS, y=LABELS, z=WEIGHTS),
    *pairs(
        "SigmoidCrossEntropyWithLogits",
        "P.SigmoidCrossEntropyWithLogits()(x, y)",
        (LOGITS, TARGETS),
        (array([80.0, -80.0]), array([0.0, 0.5])),
    ),
    *(Case("SmoothL1Loss", f"P.SmoothL1Loss(0.5, '{how}')(x, y)", x=LOGITS, y=TARGETS) for how in REDUCTIONS),
    *pairs(
        "SmoothL1Loss", "ops.smooth_l1_loss(x, y)", (LOGITS, TARGETS), (array([0.0, 1.0, 3.0]), array([1.0, 1.0, 1.0]))
    ),
    *pairs(
        "SoftmaxCrossEntropyWithLogits",
        "P.SoftmaxCrossEntropyWithLogits()(x, y)",
        (LOGITS, TARGETS),
        (array([[80.0, -80.0]]), array([[0.0, 1.0]])),
    ),
    Case("SparseSoftmaxCrossEntropyWithLogits", "P.SparseSoftmaxCrossEntropyWithLogits()(x, y)", x=LOGITS, y=LABELS),
    Case(
        "SparseSoftmaxCrossEntropyWithLogits",
        "P.SparseSoftmaxCrossEntropyWithLogits(is_grad=True)(x, y)",
        x=LOGITS,
        y=LONG_LABELS,
    ),
    Case(
        "SparseSoftmaxCrossEntropyWithLogits",
        "self.op(x, y)",
        init="self.op = nn.SoftmaxCrossEntropyWithLogits(sparse=True, reduction='mean')",
        x=LOGITS,
        y=LABELS,
    ),
    Case(
        "SparseSoftmaxCrossEntropyWithLogitsV2",
        "nn_ops.SparseSoftmaxCrossEntropyWithLogitsV2()(x, y)",
        x=LOGITS,
        y=LABELS,
    ),
    Case(
        "SparseSoftmaxCrossEntropyWithLogitsV2",
        "nn_ops.SparseSoftmaxCrossEntropyWithLogitsV2()(x, y)",
        x=HALF,
        y=LONG_LABELS,
    ),
    Case("CTCGreedyDecoder", "P.CTCGreedyDecoder()(x, y)", x=normal(6, 2, 4), y=array([6, 4], "int32")),
    Case(
        "CTCGreedyDecoder",
        "P.CTCGreedyDecoder(merge_repeated=False)(x, y)",
        x=normal(5, 3, 3),
        y=array([5, 1, 3], "int32"),
    ),
    Case(
        "CTCLoss",
        "P.CTCLoss()(x, y, z, w)",
        x=normal(4, 2, 3),
        y=array([[0, 0], [1, 0]], "int64"),
        z=array([1, 1], "int32"),
        w=array([4, 4], "int32"),
    ),
    Case(
        "CTCLoss",
        "P.CTCLoss(ctc_merge_repeated=False, ignore_longer_outputs_than_inputs=True)(x, y, z, w)",
        x=normal(5, 2, 4),
        y=array([[0, 0], [0, 1], [1, 0]], "int64"),
        z=array([2, 1, 0], "int32"),
        w=array([5, 5], "int32"),
    ),
    Case("CTCLossV2", "P.CTCLossV2()(x, y, z, w)", **CTC),
    Case("CTCLossV2", "ops.ctc_loss(x, y, z, w, reduction='sum')", **CTC),
    Case(
        "CTCLossV2",
        "P.CTCLossV2(3, 'none', True)(x, y, z, w)",
        x=normal(5, 1, 4),
        y=array([[0, 0, 1]], "int64"),
        z=array([5], "int64"),
        w=array([3], "int64"),
    ),
)
