"""Fused attention in inference, rotary position embedding and the feed-forward layer of transformers."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.layouts import split
from mindferry.lowering.ops.attention import TND, Scores, attend, from_heads, head_size, layout_of, to_heads
from mindferry.lowering.registry import lowers, refuse


def _refuse_quantized(*arguments: Any) -> None:
    if any(argument is not None for argument in arguments):
        raise LoweringError("quantized or paged keys and values are not supported")


def _only(x: Any) -> ir.Value:
    """The tensor in a list of one."""
    if not isinstance(x, tuple):
        return x
    if len(x) != 1:
        raise LoweringError(f"keys and values in {len(x)} tensors are not supported")
    return x[0]


def _inference(
    op: Context,
    query: ir.Value,
    key: Any,
    value: Any,
    scores: Scores,
    lengths: tuple[Any, Any],
    heads: int,
    layout: Any,
) -> ir.Value:
    """Attention of query in its layout and type; lengths are those of queries and keys in each sample, or None."""
    layout = layout_of(layout)
    if layout == TND:
        raise LoweringError("input_layout TND is not supported")
    size = head_size(op, query, layout, heads)
    query_heads, key_heads, value_heads = (to_heads(op, _only(one), layout, size) for one in (query, key, value))
    if lengths[1] is not None:
        beyond = op.Not(_within(op, lengths[1], op.dim(key_heads, 2), [1, 2]))
        mask = beyond if scores.mask is None else op.Or(beyond, op.cast(scores.mask, ir.DataType.BOOL))
        scores = Scores(
            scores.scale, scores.shift, mask, 1 if scores.mask is None else scores.mode, scores.before, scores.after
        )
    out, _, _ = attend(op, query_heads, key_heads, value_heads, scores)
    if lengths[0] is not None:
        out = op.Where(_within(op, lengths[0], op.dim(query_heads, 2), [1, 3]), out, op.constant(0.0))
    return op.cast(from_heads(op, out, layout), query.dtype)


def _within(op: Context, lengths: Any, size: Any, axes: list[int]) -> ir.Value:
    """True for positions below each sample's length, (B, positions) with new axes."""
    limit = op.Unsqueeze(op.ints(lengths), [1])
    return op.Unsqueeze(op.Less(op.Range(0, op.value(size, ir.DataType.INT64), 1), limit), axes)


@lowers("PromptFlashAttention")
def prompt_flash_attention(
    op: Context, query: ir.Value, key: ir.Value, value: ir.Value, attn_mask: ir.Value | None = None,
    actual_seq_lengths: Any = None, actual_seq_lengths_kv: Any = None, pse_shift: ir.Value | None = None,
    deq_scale1: Any = None, quant_scale1: Any = None, deq_scale2: Any = None, quant_scale2: Any = None,
    quant_offset2: Any = None, num_heads: int = 1, scale_value: float = 1.0, pre_tokens: int = 2147483647,
    next_tokens: int = 0, input_layout: Any = "BSH", num_key_value_heads: int = 0, sparse_mode: int = 0,
    inner_precise: int = 1,
) -> ir.Value:  # fmt: skip
    """Attention; queries beyond their sample's length give 0, keys beyond it are left out."""
    _refuse_quantized(deq_scale1, quant_scale1, deq_scale2, quant_scale2, quant_offset2)
    scores = Scores(scale_value, pse_shift, attn_mask, sparse_mode, pre_tokens, next_tokens)
    lengths = actual_seq_lengths, actual_seq_lengths_kv
    return _inference(op, query, key, value, scores, lengths, num_heads, input_layout)


@lowers("IncreFlashAttention")
def incre_flash_attention(
    op: Context, query: ir.Value, key: Any, value: Any, attn_mask: ir.Value | None = None, actual_seq_lengths: Any = None,
    pse_shift: ir.Value | None = None, dequant_scale1: Any = None, quant_scale1: Any = None, dequant_scale2: Any = None,
    quant_scale2: Any = None, quant_offset2: Any = None, antiquant_scale: Any = None, antiquant_offset: Any = None,
    block_table: Any = None, kv_padding_size: Any = None, num_heads: int = 1, input_layout: Any = "BSH",
    scale_value: float = 1.0, num_key_value_heads: int = 0, block_size: int = 0, inner_precise: int = 1,
) -> ir.Value:  # fmt: skip
    """Attention of one query in each sample; keys beyond their sample's length are left out."""
    _refuse_quantized(
        dequant_scale1, quant_scale1, dequant_scale2, quant_scale2, quant_offset2, antiquant_scale, antiquant_offset,
        block_table, kv_padding_size,
    )  # fmt: skip
    scores = Scores(scale_value, pse_shift, attn_mask)
    return _inference(op, query, key, value, scores, (None, actual_seq_lengths), num_heads, input_layout)


@lowers("FusedInferAttentionScore")
def fused_infer_attention_score(
    op: Context, query: ir.Value, key: Any, value: Any, pse_shift: ir.Value | None = None,
    attn_mask: ir.Value | None = None, actual_seq_lengths: Any = None, actual_seq_lengths_kv: Any = None, *rest: Any,
) -> tuple[ir.Value, None]:  # fmt: skip
    """Attention; queries beyond their sample's length give 0, keys beyond it are left out."""
    *quantized, heads, scale, before, after, layout, _, mode, _, _, _, with_sums, _, _ = rest
    _refuse_quantized(*quantized)
    if with_sums:
        raise LoweringError("softmax_lse_flag is not supported")
    scores = Scores(scale, pse_shift, attn_mask, mode, before, after)
    lengths = actual_seq_lengths, actual_seq_lengths_kv
    return _inference(op, query, key, value, scores, lengths, heads, layout), None


@lowers("RotaryPositionEmbedding")
def rotary_position_embedding(op: Context, x: ir.Value, cos: ir.Value, sin: ir.Value, mode: int = 0) -> ir.Value:
    """x cos + turned sin, where turned has -b, a for each pair a, b: halves of the last axis, or its neighbours (mode 1)."""
    axis = op.rank(x) - 1
    if mode == 0:
        first, second = split(op, x, axis, 2)
        turned = op.Concat(op.Neg(second), first, axis=-1)
    else:
        first, second = (op.Slice(x, [start], [1 << 60], [axis], [2]) for start in (0, 1))
        pairs = op.Concat(op.Unsqueeze(op.Neg(second), [axis + 1]), op.Unsqueeze(first, [axis + 1]), axis=-1)
        turned = op.Reshape(pairs, op.Shape(x))
    return op.Add(op.Mul(x, cos), op.Mul(turned, sin))


refuse(
    "Ascend's inference engine defines it, not MindSpore", "ApplyRotaryPosEmb", "KVCacheScatterUpdate", "KvScaleCache"
)
