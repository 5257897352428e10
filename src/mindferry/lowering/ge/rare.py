"""Blocks of space in the batch, what training leaves behind, and the operators that no inference graph should have."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.ge.layouts import recorded
from mindferry.lowering.helpers import channels_first, channels_last
from mindferry.lowering.ops import space
from mindferry.lowering.registry import GE, lowers_ge, refuse


@lowers_ge("SpaceToBatchND")
def space_to_batch_nd(op: Context, x: ir.Value, block_shape: Any, paddings: Any) -> ir.Value:
    """Blocks of the axes behind the first, padded with zeros first, become a part of the first axis."""
    blocks = op.integers(block_shape, "block_shape")
    return _blocks(op, x, len(blocks), lambda x: space.space_to_batch_nd(op, x, tuple(blocks), paddings))


@lowers_ge("SpaceToBatchNDD")
def space_to_batch_nd_d(op: Context, x: ir.Value, *, block_shape: Any, paddings: Any) -> ir.Value:
    """As SpaceToBatchND."""
    return space_to_batch_nd(op, x, block_shape, paddings)


@lowers_ge("BatchToSpaceND")
def batch_to_space_nd(op: Context, x: ir.Value, block_shape: Any, crops: Any) -> ir.Value:
    """A part of the first axis becomes blocks of the axes behind it, which are cropped then."""
    blocks = op.integers(block_shape, "block_shape")
    return _blocks(op, x, len(blocks), lambda x: space.batch_to_space_nd(op, x, tuple(blocks), crops))


@lowers_ge("BatchToSpaceNDD")
def batch_to_space_nd_d(op: Context, x: ir.Value, *, block_shape: Any, crops: Any) -> ir.Value:
    """As BatchToSpaceND."""
    return batch_to_space_nd(op, x, block_shape, crops)


def _blocks(op: Context, x: ir.Value, count: int, function: Any) -> ir.Value:
    """function of x with the axes behind the first, `count` of them, as its last ones."""
    rank = op.rank(x)
    order = [0, *range(1 + count, rank), *range(1, 1 + count)]
    if order == list(range(rank)):
        return function(x)
    y = function(op.Transpose(x, perm=order))
    return op.Transpose(y, perm=[order.index(axis) for axis in range(rank)])


def _flat_blocks(op: Context, x: ir.Value, function: Any) -> ir.Value:
    last = recorded(op, 0) == "NHWC"
    y = function(channels_first(op, x) if last else x)
    return channels_last(op, y) if last else y


@lowers_ge("SpaceToBatchD")
def space_to_batch_d(op: Context, x: ir.Value, *, block_size: int, paddings: Any) -> ir.Value:
    """Blocks of both spatial axes, padded with zeros first, become a part of the first axis."""
    return _flat_blocks(op, x, lambda x: space.space_to_batch(op, x, block_size=block_size, paddings=paddings))


@lowers_ge("BatchToSpaceD")
def batch_to_space_d(op: Context, x: ir.Value, *, block_size: int, crops: Any) -> ir.Value:
    """A part of the first axis becomes blocks of both spatial axes, which are cropped then."""
    return _flat_blocks(op, x, lambda x: space.batch_to_space(op, x, block_size=block_size, crops=crops))


@lowers_ge("Dropout")
def dropout(
    op: Context, x: ir.Value, *, dropout_ratio: float = 0.5, scale_train: bool = True, alpha: float = 1.0,
    beta: float = 0.0,
) -> ir.Value:  # fmt: skip
    """x, as in inference."""
    if (alpha, beta) != (1.0, 0.0):
        raise LoweringError(f"alpha {alpha} and beta {beta} have no lowering; 1 and 0 have")
    return x


refuse(
    "its value is not in the file; export the network for inference", "Variable", "VarHandleOp", "RefData", dialect=GE
)
refuse("it draws random numbers while training", "DropOutGenMask", "DropOutDoMask", "RandomStandardNormal", dialect=GE)
refuse("control flow of this form has no lowering; If, Case, While and PartitionedCall have",
       "Switch", "Merge", "Enter", "Exit", "NextIteration", "LoopCond", "For", dialect=GE)  # fmt: skip
refuse("quantized arithmetic has no lowering", "AscendQuant", "AscendDequant", "AscendAntiQuant", "AscendRequant",
       "AscendQuantV2", "QuantBatchMatmulV3", "WeightQuantBatchMatmulV2", dialect=GE)  # fmt: skip
refuse("it belongs to a compiled graph", "Memcpy", "MemcpyAsync", "StreamActive", "Send", "Recv", dialect=GE)
