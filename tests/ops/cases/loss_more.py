"""Losses: every reduction, weights, ignored labels, and the gradients that some primitives return beside the loss."""

from __future__ import annotations

from ops.case import Case
from ops.inputs import array, integers, normal, positive, uniform

REDUCTIONS = ("mean", "sum", "none")
LOGITS, TARGET = normal(4, 5), normal(4, 5)
PROBABILITIES, OTHERS = uniform(4, 5, low=0.01, high=0.99), uniform(4, 5, low=0.01, high=0.99)
LABELS = integers(0, 5, 4)
CTC_LABELS = array([[0, 0], [0, 1], [1, 0], [1, 1], [1, 2]], "int64")
CTC_VALUES = array([1, 2, 2, 2, 0], "int32")

CASES = (
    *(Case("NLLLoss", f"P.NLLLoss({r!r})(x, t, w)", x=LOGITS, t=LABELS, w=positive(5)) for r in REDUCTIONS),
    *(
        Case("NLLLoss", f"P.NLLLoss({r!r}, 2)(x, t, w)", x=LOGITS, t=array([2, 0, 2, 4], "int64"), w=positive(5))
        for r in ("mean", "sum")
    ),
    *(
        Case("BinaryCrossEntropy", f"P.BinaryCrossEntropy({r!r})(x, t, w)", x=PROBABILITIES, t=OTHERS, w=positive(4, 5))
        for r in REDUCTIONS
    ),
    *(Case("BinaryCrossEntropy", f"P.BinaryCrossEntropy({r!r})(x, t)", x=PROBABILITIES, t=OTHERS) for r in REDUCTIONS),
    Case(
        "BinaryCrossEntropy",
        "P.BinaryCrossEntropy('none')(x, t)",
        x=array([0.0, 1.0, 0.0, 1.0]),
        t=array([0.0, 1.0, 1.0, 0.0]),
    ),
    Case(
        "BinaryCrossEntropy",
        "P.BinaryCrossEntropy('none')(x, t)",
        x=uniform(4, low=0.01, high=0.99, dtype="float16"),
        t=uniform(4, low=0.01, high=0.99, dtype="float16"),
    ),
    *(
        Case(
            "BCEWithLogitsLoss",
            f"P.BCEWithLogitsLoss({r!r})(x, t, w, p)",
            x=LOGITS,
            t=OTHERS,
            w=positive(4, 5),
            p=positive(5),
        )
        for r in REDUCTIONS
    ),
    Case(
        "BCEWithLogitsLoss",
        "ops.binary_cross_entropy_with_logits(x, t, w, p)",
        x=normal(3, 4, dtype="float16"),
        t=uniform(3, 4, low=0.0, high=1.0, dtype="float16"),
        w=positive(4, dtype="float16"),
        p=positive(3, 1, dtype="float16"),
    ),
    *(
        Case("BCEWithLogitsLoss", f"P.BCEWithLogitsLoss({r!r})(x, t, None, None)", x=normal(4, 5, scale=20.0), t=OTHERS)
        for r in REDUCTIONS
    ),
    *(Case("KLDivLoss", f"P.KLDivLoss({r!r})(x, t)", x=LOGITS, t=OTHERS) for r in (*REDUCTIONS, "batchmean")),
    Case("KLDivLoss", "P.KLDivLoss('none')(x, t)", x=normal(4), t=array([0.0, -1.0, 1.0, 0.5])),
    *(Case("SmoothL1Loss", f"P.SmoothL1Loss(0.5, {r!r})(x, t)", x=LOGITS, t=TARGET) for r in REDUCTIONS),
    Case(
        "SmoothL1Loss", "P.SmoothL1Loss(1.0, 'none')(x, t)", x=normal(7, dtype="float16"), t=normal(7, dtype="float16")
    ),
    Case(
        "SmoothL1Loss",
        "ops.smooth_l1_loss(x, t, 2.0, 'mean')",
        x=normal(3, 2, dtype="float64"),
        t=normal(3, 2, dtype="float64"),
    ),
    Case("SoftmaxCrossEntropyWithLogits", "P.SoftmaxCrossEntropyWithLogits()(x, t)", x=LOGITS, t=OTHERS),
    Case(
        "SoftmaxCrossEntropyWithLogits",
        "P.SoftmaxCrossEntropyWithLogits()(x, t)",
        x=normal(2, 3),
        t=array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]),
    ),
    Case("SparseSoftmaxCrossEntropyWithLogits", "P.SparseSoftmaxCrossEntropyWithLogits()(x, t)", x=LOGITS, t=LABELS),
    Case(
        "SparseSoftmaxCrossEntropyWithLogits",
        "P.SparseSoftmaxCrossEntropyWithLogits(True)(x, t)",
        x=LOGITS,
        t=integers(0, 5, 4, dtype="int64"),
    ),
    Case(
        "SparseSoftmaxCrossEntropyWithLogitsV2",
        "nn_ops.SparseSoftmaxCrossEntropyWithLogitsV2()(x, t)",
        x=LOGITS,
        t=LABELS,
    ),
    Case(
        "SparseSoftmaxCrossEntropyWithLogitsV2",
        "nn_ops.SparseSoftmaxCrossEntropyWithLogitsV2()(x, t)",
        x=normal(3, 4, dtype="float16"),
        t=integers(0, 4, 3, dtype="int64"),
    ),
    Case(
        "SigmoidCrossEntropyWithLogits", "P.SigmoidCrossEntropyWithLogits()(x, t)", x=normal(4, 5, scale=20.0), t=OTHERS
    ),
    Case(
        "SigmoidCrossEntropyWithLogits",
        "P.SigmoidCrossEntropyWithLogits()(x, t)",
        x=normal(6, dtype="float16"),
        t=uniform(6, low=0.0, high=1.0, dtype="float16"),
    ),
    *(
        Case(
            "MultiMarginLoss",
            f"nn_ops.MultiMarginLoss({p}, 0.5, {r!r})(x, t, w)",
            x=LOGITS,
            t=integers(0, 5, 4, dtype="int64"),
            w=positive(5),
        )
        for r in REDUCTIONS
        for p in (1, 2)
    ),
    Case(
        "MultiMarginLoss",
        "nn_ops.MultiMarginLoss()(x, t, None)",
        x=normal(4, 5, dtype="float64"),
        t=integers(0, 5, 4, dtype="int64"),
    ),
    Case("L2Loss", "P.L2Loss()(x)", x=normal(3, 4)),
    Case("L2Loss", "P.L2Loss()(x)", x=normal(3, 4, dtype="float16")),
    *(
        Case(
            "CTCLossV2",
            f"nn_ops.CTCLossV2({blank}, 'none', {zero})(x, t, n, m)",
            x=normal(6, 2, 4),
            t=t,
            n=array([6, 4], "int32"),
            m=array([3, 1], "int32"),
        )
        for blank, zero, t in (
            (0, False, array([[1, 1, 3], [2, 1, 1]], "int32")),
            (3, True, array([[0, 1, 1], [2, 0, 0]], "int32")),
        )
    ),
    Case(
        "CTCLossV2",
        "nn_ops.CTCLossV2()(x, t, n, m)",
        x=normal(5, 3, 4, dtype="float64"),
        t=integers(1, 4, 3, 3, dtype="int64"),
        n=array([5, 3, 5], "int64"),
        m=array([3, 0, 3], "int64"),
    ),
    Case(
        "CTCLossV2",
        "nn_ops.CTCLossV2()(x, t, n, m)",
        x=normal(3, 1, 4),
        t=array([[2, 2, 2]], "int32"),
        n=array([3], "int32"),
        m=array([3], "int32"),
    ),
    Case(
        "CTCLossV2",
        "ops.ctc_loss(ops.log_softmax(x, 2), t, n, m)[0]",
        x=normal(6, 2, 4),
        t=integers(1, 4, 2, 3),
        n=array([6, 4], "int32"),
        m=array([3, 1], "int32"),
    ),
    Case("CTCLoss", "P.CTCLoss()(x, i, t, n)", x=normal(6, 2, 4), i=CTC_LABELS, t=CTC_VALUES, n=array([6, 6], "int32")),
    Case(
        "CTCLoss",
        "P.CTCLoss(ctc_merge_repeated=False)(x, i, t, n)",
        x=normal(6, 2, 4),
        i=CTC_LABELS,
        t=CTC_VALUES,
        n=array([6, 6], "int32"),
    ),
    Case(
        "CTCLoss",
        "P.CTCLoss(preprocess_collapse_repeated=True)(x, i, t, n)",
        x=normal(6, 2, 4),
        i=CTC_LABELS,
        t=CTC_VALUES,
        n=array([6, 6], "int32"),
    ),
    Case(
        "CTCLoss",
        "P.CTCLoss(ignore_longer_outputs_than_inputs=True)(x, i, t, n)[0]",
        x=normal(6, 2, 4),
        i=CTC_LABELS,
        t=CTC_VALUES,
        n=array([6, 2], "int32"),
    ),
    Case(
        "CTCLoss", "P.CTCLoss()(x, i, t, n)[0]", x=normal(6, 2, 4), i=CTC_LABELS, t=CTC_VALUES, n=array([6, 5], "int32")
    ),
    Case(
        "CTCLossV2",
        "nn_ops.CTCLossV2(0, 'none', True)(x, t, n, m)",
        x=normal(4, 1, 4),
        t=array([[2, 2, 2]], "int32"),
        n=array([4], "int32"),
        m=array([3], "int32"),
    ),
    Case("CTCGreedyDecoder", "P.CTCGreedyDecoder()(x, n)", x=normal(6, 2, 3), n=array([6, 4], "int32")),
    Case(
        "CTCGreedyDecoder",
        "P.CTCGreedyDecoder(False)(x, n)",
        x=normal(6, 3, 3, dtype="float64"),
        n=array([6, 0, 3], "int32"),
    ),
)
