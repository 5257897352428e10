"""Data formats, shifts, and tensors under other names."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context, static_shape
from mindferry.lowering.registry import lowers
from mindferry.lowering.scattering import scatter_nd

INT64 = ir.DataType.INT64


def _order(src_format: str, dst_format: str) -> list[int]:
    """For each letter of the target format its place in the source format."""
    if sorted(src_format) != sorted(dst_format) or len(set(src_format)) != len(src_format):
        raise LoweringError(f"{dst_format} is not another order of {src_format}")
    return [src_format.index(letter) for letter in dst_format]


@lowers("DataFormatDimMap")
def data_format_dim_map(
    op: Context, input_x: ir.Value, *, src_format: str = "NHWC", dst_format: str = "NCHW"
) -> ir.Value:
    """Where the source format has the letter that the target format has at each dimension, as MindSpore computes it."""
    places = op.value(_order(src_format, dst_format), input_x.dtype)
    return op.Gather(places, input_x)


@lowers("DataFormatVecPermute")
def data_format_vec_permute(
    op: Context, input_x: ir.Value, *, src_format: str = "NHWC", dst_format: str = "NCHW"
) -> ir.Value:
    """A row for each dimension of the source format, in the order of the target format."""
    return op.Gather(input_x, _order(src_format, dst_format))


@lowers("InvertPermutation")
def invert_permutation(op: Context, input_x: Any) -> tuple[int, ...]:
    """The order that undoes an order."""
    given = op.integers(input_x, "the order")
    return tuple(given.index(place) for place in range(len(given)))


@lowers("PadAndShift")
def pad_and_shift(op: Context, input_x: ir.Value, cum_sum_arr: ir.Value, shift_idx: Any) -> ir.Value:
    """-1 everywhere but from cum_sum_arr[shift_idx] up to the next of them, where the beginning of x is."""
    here = op.Reshape(op.cast(shift_idx, INT64), [])
    start, end, size = (
        op.cast(op.Gather(cum_sum_arr, place), INT64) for place in (here, op.Add(here, 1), op.value(-1))
    )
    empty = op.Expand(op.value(-1, input_x.dtype), op.Reshape(size, [1]))
    part = op.Slice(input_x, [0], op.Reshape(op.Sub(end, start), [1]), [0])
    return scatter_nd(op, empty, op.Unsqueeze(op.Range(start, end, 1), [1]), part)


@lowers("SubAndFilter")
def sub_and_filter(op: Context, input_x: ir.Value, max_num: ir.Value, offset: ir.Value) -> tuple[ir.Value, ir.Value]:
    """x - offset where that is at least 0 and less than max_num, and the places of these elements."""
    moved = op.Sub(input_x, op.Reshape(op.cast(offset, input_x.dtype), []))
    limit = op.Reshape(op.cast(max_num, input_x.dtype), [])
    kept = op.And(op.GreaterOrEqual(moved, op.value(0, input_x.dtype)), op.Less(moved, limit))
    places = op.cast(op.Range(0, op.Size(input_x), 1), input_x.dtype)
    return op.Compress(moved, kept), op.Compress(places, kept)


@lowers("IdentityN")
def identity_n(op: Context, *items: Any) -> tuple[Any, ...]:
    """The tensors themselves."""
    return tuple(items[0]) if len(items) == 1 and isinstance(items[0], tuple) else items


_PAD_MODES = {1: "same", 2: "valid", 3: "full"}
"""MindSpore's enum of Correlate's pad_mode."""


@lowers("Correlate")
def correlate(op: Context, a: ir.Value, v: ir.Value, pad_mode: Any = "valid") -> ir.Value:
    """sum_n a[n + k] v[n] for the shifts k at which all of the shorter tensor meets the longer.

    That is mode valid; full takes every shift at which they meet at all, same as many of these as the longer is long.
    """
    mode = _PAD_MODES.get(pad_mode, pad_mode)
    (size,), (width,) = static_shape(a), static_shape(v)
    short, long = sorted((size, width))
    middle = short // 2 if width > size else short - 1 - short // 2
    ranges = {"full": (0, size + width - 1), "valid": (short - 1, long), "same": (middle, middle + long)}
    if mode not in ranges:
        raise LoweringError(f"pad_mode {pad_mode!r} is unknown")
    first, last = ranges[mode]
    left, right = (op.cast(item, op.result_dtype) for item in (a, v))
    padded = op.Pad(left, [width - 1, width - 1])
    windows = op.Gather(padded, np.arange(first, last)[:, None] + np.arange(width))
    return op.ReduceSum(op.Mul(windows, right), [1], keepdims=0)
