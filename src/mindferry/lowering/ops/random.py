"""Dropout, which draws no random numbers in evaluation, and primitives that always draw some."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.graph import SequenceType, TensorType
from mindferry.lowering import dtypes
from mindferry.lowering.context import Context
from mindferry.lowering.registry import lowers, refuse

_REASON = "draws random numbers; ONNX cannot give MindSpore's"

refuse(
    _REASON,
    "Cauchy", "Dropout2DGrad", "DropoutDoMask", "DropoutGenMask", "DropoutGenMaskExt", "DropoutGenMaskV3", "Gamma",
    "Generator", "InplaceBernoulliScalar", "InplaceBernoulliTensor", "InplaceExponential", "InplaceNormal",
    "InplaceRandom", "InplaceUniform", "LogNormalReverse", "LogUniformCandidateSampler", "MultinomialExt",
    "MultinomialWithReplacement", "NonDeterministicInts", "ParameterizedTruncatedNormal", "Poisson",
    "RandomChoiceWithMask", "RandomGamma", "RandomPoisson", "Randperm", "SampleDistortedBoundingBoxV2",
    "TruncatedNormal", "UniformCandidateSampler",
)  # fmt: skip


def _recorded(op: Context, index: int) -> TensorType | None:
    """The recorded type of one of the node's results."""
    kinds = op.node.type.items if isinstance(op.node.type, SequenceType) else None
    kind = kinds[index] if kinds is not None and len(kinds) > index else None
    return kind if isinstance(kind, TensorType) else None


def _mask(op: Context, x: ir.Value, kept: bool) -> ir.Value:
    """A mask of x's shape, in the recorded type, that keeps everything or nothing."""
    recorded = _recorded(op, 1)
    dtype = x.dtype if recorded is None else dtypes.TO_ONNX[recorded.dtype]
    return op.Expand(op.constant(int(kept), dtype), op.Shape(x))


@lowers("Dropout", "Dropout2D", "Dropout3D")
def dropout(
    op: Context, x: ir.Value, keep_prob: float = 0.5, seed0: int = 0, seed1: int = 0
) -> tuple[ir.Value, ir.Value]:
    """x and its mask where everything is kept or, without scaling, nothing."""
    if keep_prob == 1:
        return op.Identity(x), _mask(op, x, True)
    if keep_prob == 0:
        return op.Expand(op.constant(0, x.dtype), op.Shape(x)), _mask(op, x, False)
    raise LoweringError(f"keep_prob={keep_prob} {_REASON}; export the network with set_train(False)")


@lowers("DropoutExt")
def dropout_ext(op: Context, input: ir.Value, p: Any, seed: Any = None, offset: Any = None) -> tuple[ir.Value, Any]:
    """The input where nothing is dropped; the mask is of no use then."""
    _nothing_dropped(op, p, True)
    recorded = _recorded(op, 1)
    shape = [size if isinstance(size, int) else 1 for size in recorded.shape or ()] if recorded is not None else []
    return op.Identity(input), op.constant(np.full(shape, 255), ir.DataType.UINT8)


@lowers("FuncDropoutExt", "Dropout2dExt")
def func_dropout_ext(
    op: Context, input: ir.Value, p: Any, training: Any = True, inplace: Any = False, seed: Any = None,
    offset: Any = None,
) -> ir.Value:  # fmt: skip
    """The input where nothing is dropped."""
    _nothing_dropped(op, p, training)
    return op.Identity(input)


def _nothing_dropped(op: Context, p: Any, training: Any) -> None:
    share = op.static(p)
    if training and (share is None or np.any(share != 0)):
        raise LoweringError(f"p={p!r} in training {_REASON}; export the network with set_train(False)")


@lowers("DropoutDoMaskExt")
def dropout_do_mask_ext(op: Context, input: ir.Value, mask: Any, p: Any) -> ir.Value:
    """The input where nothing is dropped."""
    _nothing_dropped(op, p, True)
    return op.Identity(input)
