"""Convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.registry import lowers

AUTO_PAD = {"valid": "VALID", "same": "SAME_UPPER", 2: "VALID", 1: "SAME_UPPER"}
"""MindSpore's pad_mode, as a string or as the enum of yaml operators (PAD 0, SAME 1, VALID 2), to ONNX's auto_pad."""


def padding(pad_mode: Any, pad_list: Sequence[int]) -> dict[str, Any]:
    """ONNX's pads or auto_pad; pad_list is (begin, end) per spatial axis, in MindSpore's order."""
    mode = pad_mode.lower() if isinstance(pad_mode, str) else pad_mode
    if mode in ("pad", 0):
        return {"pads": [*pad_list[0::2], *pad_list[1::2]]}
    if mode not in AUTO_PAD:
        raise LoweringError(f"pad_mode {pad_mode!r} is unknown")
    return {"auto_pad": AUTO_PAD[mode]}


@lowers("Conv2D")
def conv2d(
    op: Context, x: ir.Value, weight: ir.Value, *, stride: Sequence[int], dilation: Sequence[int] = (1, 1), pad_mode: Any = "pad",
    pad_list: Sequence[int] = (0, 0, 0, 0), group: int = 1, data_format: Any = "NCHW",
) -> ir.Value:  # fmt: skip
    """NCHW convolution; pad_list is (top, bottom, left, right)."""
    if data_format not in ("NCHW", 0):
        raise LoweringError(f"data_format {data_format!r} is not supported, only NCHW")
    where = padding(pad_mode, pad_list)
    return op.Conv(x, weight, strides=stride[-2:], dilations=dilation[-2:], group=group, **where)
