"""Fused attention."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.context import Context
from mindferry.lowering.ops import attention, attention_inference
from mindferry.lowering.registry import lowers_ge

_UNBOUNDED = 2147483647


@lowers_ge("PromptFlashAttention")
def prompt_flash_attention(
    op: Context, query: ir.Value, key: ir.Value, value: ir.Value, pse_shift: ir.Value | None = None,
    atten_mask: ir.Value | None = None, actual_seq_lengths: Any = None, actual_seq_lengths_kv: Any = None,
    deq_scale1: Any = None, quant_scale1: Any = None, deq_scale2: Any = None, quant_scale2: Any = None,
    quant_offset2: Any = None, *, num_heads: int, scale_value: float = 1.0, pre_tokens: int = 214748647,
    next_tokens: int = 0, input_layout: str = "BSH", num_key_value_heads: int = 0, sparse_mode: int = 0,
    inner_precise: int = 1,
) -> ir.Value:  # fmt: skip
    """Attention; queries beyond their sample's length give 0, keys beyond it are left out."""
    return attention_inference.prompt_flash_attention(
        op, query, key, value, atten_mask, actual_seq_lengths, actual_seq_lengths_kv, pse_shift, deq_scale1,
        quant_scale1, deq_scale2, quant_scale2, quant_offset2, num_heads, scale_value, pre_tokens, next_tokens,
        input_layout, num_key_value_heads, sparse_mode, inner_precise,
    )  # fmt: skip


@lowers_ge("FlashAttentionScore")
def flash_attention_score(
    op: Context, query: ir.Value, key: ir.Value, value: ir.Value, real_shift: ir.Value | None = None,
    drop_mask: Any = None, padding_mask: Any = None, atten_mask: ir.Value | None = None, prefix: Any = None,
    actual_seq_qlen: Any = None, actual_seq_kvlen: Any = None, q_start_idx: Any = None, kv_start_idx: Any = None, *,
    scale_value: float = 1.0, keep_prob: float = 1.0, pre_tockens: int = _UNBOUNDED, next_tockens: int = _UNBOUNDED,
    head_num: int, input_layout: str, inner_precise: int = 0, sparse_mode: int = 0, pse_type: int = 1,
) -> tuple[ir.Value, ...]:  # fmt: skip
    """The greatest score and the sum of exponentials of each query, eight times, an empty tensor, and the attention."""
    if q_start_idx is not None or kv_start_idx is not None or pse_type != 1:
        raise LoweringError(f"pse_type {pse_type}, q_start_idx and kv_start_idx have no lowering; pse_type 1 alone has")
    return attention.flash_attention_score(
        op, query, key, value, real_shift, drop_mask, padding_mask, atten_mask, prefix, actual_seq_qlen,
        actual_seq_kvlen, head_num, keep_prob, scale_value, pre_tockens, next_tockens, inner_precise, input_layout,
        sparse_mode,
    )  # fmt: skip
