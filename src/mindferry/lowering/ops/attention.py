"""Fused attention, by definition: softmax(scale q k^T + shift, without what is masked) v."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.helpers import reduce
from mindferry.lowering.ops.matmul import swapped
from mindferry.lowering.registry import lowers

BSH, BNSD, SBH, BSND, TND = range(5)
LAYOUTS = {"BSH": BSH, "BNSD": BNSD, "SBH": SBH, "BSND": BSND, "TND": TND}
"""input_layout by name; newer files hold MindSpore's enum. B batch, S sequence, N heads, D head size, H = N D, T = B S."""

_UNBOUNDED = 2147483647
_LOWEST = float(np.finfo(np.float32).min)


@dataclass(frozen=True, slots=True)
class Scores:
    """What changes the scores of keys against queries.

    Attributes:
        scale: their factor; shift: what is added then, or None.
        mask: True or not 0 where a key is left out, or None.
        mode: MindSpore's sparse_mode; before, after: how far a key may lie before or after its query.
    """

    scale: float
    shift: ir.Value | None = None
    mask: ir.Value | None = None
    mode: int = 0
    before: int = _UNBOUNDED
    after: int = _UNBOUNDED

    def of(self, op: Context, query: ir.Value, key: ir.Value) -> ir.Value:
        """The scores (B, N, queries, keys), the lowest number where a key is left out."""
        scores = op.Mul(op.MatMul(query, swapped(op, key)), self.scale)
        if self.shift is not None:
            scores = op.Add(scores, op.cast(self.shift, scores.dtype))
        for left_out in (self._given(op), self._band(op, query, key)):
            if left_out is not None:
                scores = op.Where(left_out, op.constant(_LOWEST), scores)
        return scores

    def _given(self, op: Context) -> ir.Value | None:
        return op.cast(self.mask, ir.DataType.BOOL) if self.mask is not None and self.mode in (0, 1) else None

    def _band(self, op: Context, query: ir.Value, key: ir.Value) -> ir.Value | None:
        """Where a key lies too far before or after its query; modes 3 and 4 count from the last ones."""
        if self.mode not in range(5):
            raise LoweringError(f"sparse_mode {self.mode} is not supported, only 0 to 4")
        before = self.before if self.mode in (0, 4) and self.mask is not None else _UNBOUNDED
        after = self.after if self.mode in (0, 4) and self.mask is not None else _UNBOUNDED
        after = 0 if self.mode in (2, 3) else after
        if before >= _UNBOUNDED and after >= _UNBOUNDED:
            return None
        rows, columns = (op.value(op.dim(one, 2), ir.DataType.INT64) for one in (query, key))
        ahead = op.Sub(op.Range(0, columns, 1), op.Unsqueeze(op.Range(0, rows, 1), [1]))
        if self.mode in (3, 4):
            ahead = op.Sub(ahead, op.Sub(columns, rows))
        return op.Or(op.Greater(ahead, after), op.Less(ahead, -before))


def attend(
    op: Context, query: ir.Value, key: ir.Value, value: ir.Value, scores: Scores
) -> tuple[ir.Value, ir.Value, ir.Value]:
    """The attended values (B, N, S, D), and the greatest score and the sum of exponentials of each query (B, N, S, 1).

    All in float32; fewer heads of keys than of queries serve several of these each.
    """
    query, key, value = (op.cast(one, ir.DataType.FLOAT) for one in (query, key, value))
    key, value = (shared_heads(op, one, op.dim(query, 1)) for one in (key, value))
    found = scores.of(op, query, key)
    greatest = reduce(op, "ReduceMax", found, [3], keep_dims=True)
    powers = op.Exp(op.Sub(found, greatest))
    total = op.ReduceSum(powers, [3])
    return op.Div(op.MatMul(powers, value), total), greatest, total


def shared_heads(op: Context, x: ir.Value, heads: Any) -> ir.Value:
    """(B, N2, S, D) as (B, heads, S, D), each head repeated."""
    own = op.dim(x, 1)
    if own == heads:
        return x
    if not isinstance(own, int) or not isinstance(heads, int) or heads % own:
        raise LoweringError(f"{heads} heads of queries cannot share {own} heads of keys")
    batch, _, length, size = op.shape(x)
    wide = op.Expand(op.Unsqueeze(x, [2]), op.ints((batch, own, heads // own, length, size)))
    return op.Reshape(wide, op.ints((batch, heads, length, size)))


def layout_of(layout: Any) -> int:
    """MindSpore's enum of an input_layout."""
    number = LAYOUTS.get(layout) if isinstance(layout, str) else layout
    if number not in (BSH, BNSD, SBH, BSND, TND):
        raise LoweringError(f"input_layout {layout!r} is not supported, only {', '.join(LAYOUTS)}")
    return number


def to_heads(op: Context, x: ir.Value, layout: int, size: Any) -> ir.Value:
    """x in a layout (but TND) as (B, N, S, D); size is D."""
    if layout in (BSH, SBH):
        x = op.Reshape(x, [0, 0, -1, size])
    return x if layout == BNSD else op.Transpose(x, perm=[1, 2, 0, 3] if layout == SBH else [0, 2, 1, 3])


def from_heads(op: Context, x: ir.Value, layout: int) -> ir.Value:
    """(B, N, S, D) back in a layout."""
    if layout == BNSD:
        return x
    x = op.Transpose(x, perm=[2, 0, 1, 3] if layout == SBH else [0, 2, 1, 3])
    return op.Reshape(x, [0, 0, -1]) if layout in (BSH, SBH) else x


def head_size(op: Context, query: ir.Value, layout: int, heads: int) -> int:
    """D."""
    width = op.dim(query, -1)
    if not isinstance(width, int):
        raise LoweringError("needs a static hidden size")
    return width // heads if layout in (BSH, SBH) else width


@lowers("FlashAttentionScore")
def flash_attention_score(
    op: Context, query: ir.Value, key: ir.Value, value: ir.Value, real_shift: ir.Value | None = None,
    drop_mask: ir.Value | None = None, padding_mask: Any = None, attn_mask: ir.Value | None = None, prefix: Any = None,
    actual_seq_qlen: Any = None, actual_seq_kvlen: Any = None, head_num: int = 1, keep_prob: float = 1.0,
    scale_value: float = 1.0, pre_tokens: int = _UNBOUNDED, next_tokens: int = _UNBOUNDED, inner_precise: int = 0,
    input_layout: Any = "BSH", sparse_mode: int = 0,
) -> tuple[Any, ...]:  # fmt: skip
    """The greatest score and the sum of exponentials of each query, eight times, an empty tensor, and the attention."""
    if keep_prob != 1.0 or drop_mask is not None or padding_mask is not None or prefix is not None:
        raise LoweringError("dropout, padding_mask and prefix are not supported")
    layout = layout_of(input_layout)
    scores = Scores(scale_value, real_shift, attn_mask, sparse_mode, pre_tokens, next_tokens)
    if layout == TND:
        out, greatest, total = _packed(op, query, key, value, scores, actual_seq_qlen, actual_seq_kvlen)
    else:
        size = head_size(op, query, layout, head_num)
        query_heads, key_heads, value_heads = (to_heads(op, one, layout, size) for one in (query, key, value))
        out, greatest, total = attend(op, query_heads, key_heads, value_heads, scores)
        out = from_heads(op, out, layout)
    eight = [op.Concat(*[one] * 8, axis=-1) for one in (greatest, total)]
    return *eight, op.constant([0.0], query.dtype), op.cast(out, query.dtype)


def _packed(
    op: Context, query: ir.Value, key: ir.Value, value: ir.Value, scores: Scores, queries: Any, keys: Any
) -> tuple[ir.Value, ...]:
    """Attention within each of several sequences that lie one after another in (T, N, D); the lengths are running sums."""
    ends = zip(op.integers(queries, "actual_seq_qlen"), op.integers(keys, "actual_seq_kvlen"), strict=True)
    start, parts = (0, 0), []
    for end in ends:
        packed = (op.Slice(one, [start[side]], [end[side]], [0]) for one, side in ((query, 0), (key, 1), (value, 1)))
        q, k, v = (op.Unsqueeze(op.Transpose(one, perm=[1, 0, 2]), [0]) for one in packed)
        parts.append(attend(op, q, k, v, scores))
        start = end
    joined = (op.Concat(*part, axis=2) for part in zip(*parts, strict=True))
    return tuple(op.Transpose(op.Squeeze(one, [0]), perm=[1, 0, 2]) for one in joined)
