"""What the axes of GE's tensors mean: the data by an attribute, a filter by what the file says of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.helpers import channels_first

_LAST = ("NHWC", "NDHWC")
_FIRST = ("NCHW", "NCDHW")


def is_last(data_format: str) -> bool:
    """True where the channels are the last axis, False where they are the second.

    Raises:
        LoweringError: any other order of axes.
    """
    if data_format not in (*_FIRST, *_LAST):
        raise LoweringError(f"data_format {data_format!r} has no lowering; {', '.join((*_FIRST, *_LAST))} have")
    return data_format in _LAST


def recorded(op: Context, index: int) -> str:
    """The layout that the file records for the node's input at index, or ""."""
    return op.node.layouts[index] if index < len(op.node.layouts) else ""


def channel_first_only(op: Context, x: ir.Value) -> None:
    """Raises LoweringError where the file says that the first input has its channels last."""
    if recorded(op, 0) in _LAST and op.rank(x) == len(recorded(op, 0)):
        raise LoweringError(f"its input has the layout {recorded(op, 0)}; NCHW has a lowering")


def spatial(numbers: Any, data_format: str, count: int, *, others: int = 1) -> tuple[int, ...]:
    """The spatial numbers of an attribute that names one, all spatial, or all axes, the batch and channels by `others`."""
    given = tuple(numbers) if isinstance(numbers, Sequence) else (numbers,)
    if len(given) == 1:
        return given * count
    if len(given) == count:
        return given
    if len(given) != count + 2:
        raise LoweringError(f"{given} should have 1, {count} or {count + 2} numbers")
    last = is_last(data_format)
    inner = given[1:-1] if last else given[2:]
    if (given[0], given[-1] if last else given[1]) != (others, others):
        raise LoweringError(f"{given} is not {others} along the batch and the channels")
    return inner


def filter_first(op: Context, weight: ir.Value, index: int, data_format: str) -> ir.Value:
    """A filter as (out, in, *kernel), from the order that the file records for the node's input at index.

    Without a record the order is that of channel-first data.
    """
    rank = op.rank(weight)
    layout = recorded(op, index)
    if layout in ("HWCN", "DHWCN") and rank == len(layout):
        return op.Transpose(weight, perm=[rank - 1, rank - 2, *range(rank - 2)])
    if layout in _LAST and rank == len(layout):
        return channels_first(op, weight)
    if layout in _FIRST or not is_last(data_format):
        return weight
    raise LoweringError(f"its filter has the layout {layout or 'ND'}; NCHW, NHWC and HWCN have a lowering")
