"""Attention, learned sampling and quantization, which only Ascend and GPUs run, against definitions in numpy."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from lowering.test_definitions import applied
from mindferry.errors import LoweringError
from mindferry.lowering.context import Context, Options
from mindferry.lowering.ops.quant import decoded_scale
from mindferry.lowering.report import Report
from mindferry.types import DType

NUMBERS = np.random.default_rng(2)
B, N, S, T, D = 2, 4, 5, 7, 8
SCALE = 0.3
BOTTOMLESS = 2147483647


def normal(*shape: int) -> np.ndarray:
    return NUMBERS.normal(size=shape).astype(np.float32)


QUERY, KEY, VALUE = normal(B, N, S, D), normal(B, N, T, D), normal(B, N, T, D)
FEW_KEYS, FEW_VALUES = KEY[:, :2].copy(), VALUE[:, :2].copy()
SHIFT = normal(B, N, S, T)
MASK = NUMBERS.random((B, 1, S, T)) < 0.4
COMPRESSED = np.triu(np.ones((2048, 2048), np.uint8), 1)
AHEAD = np.arange(T) - np.arange(S)[:, None]


def attended(
    query: np.ndarray, key: np.ndarray, value: np.ndarray, left_out: Any = False, shift: Any = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The greatest score and the sum of exponentials, eight times each, and the attention, all (B, N, S, ...)."""
    key, value = (np.repeat(one, query.shape[1] // one.shape[1], 1) for one in (key, value))
    scores = np.where(left_out, -1e30, query @ key.swapaxes(2, 3) * SCALE + shift)
    greatest = scores.max(-1, keepdims=True)
    powers = np.exp(scores - greatest)
    total = powers.sum(-1, keepdims=True)
    return np.repeat(greatest, 8, -1), np.repeat(total, 8, -1), powers @ value / total


def arranged(x: np.ndarray, layout: str) -> np.ndarray:
    """(B, N, S, D) in a layout."""
    if layout == "BNSD":
        return x
    moved = x.transpose(2, 0, 1, 3) if layout == "SBH" else x.transpose(0, 2, 1, 3)
    return (moved if layout == "BSND" else moved.reshape(*moved.shape[:2], -1)).copy()


def scored(*arguments: Any, shift: Any = None, mask: Any = None, **named: Any) -> list[np.ndarray]:
    """FlashAttentionScore's results but the empty one."""
    rest = {"head_num": N, "scale_value": SCALE, "input_layout": "BNSD", **named}
    opset = rest.pop("opset")
    greatest, total, _, out = applied("FlashAttentionScore", opset, *arguments, shift, None, None, mask, **rest)
    return [greatest, total, out]


def close(found: list[np.ndarray], wanted: Any) -> None:
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.fixture(params=[13, 18, 23])
def opset(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.mark.parametrize("layout", ["BSH", "BNSD", "SBH", "BSND"])
def test_attention_in_every_layout(layout: str, opset: int) -> None:
    arguments = (arranged(one, layout) for one in (QUERY, KEY, VALUE))
    greatest, total, out = attended(QUERY, KEY, VALUE)
    close(scored(*arguments, input_layout=layout, opset=opset), (greatest, total, arranged(out, layout)))


def test_attention_with_what_changes_its_scores(opset: int) -> None:
    close(scored(QUERY, KEY, VALUE, shift=SHIFT, opset=opset), attended(QUERY, KEY, VALUE, shift=SHIFT))
    close(scored(QUERY, KEY, VALUE, mask=MASK, opset=opset), attended(QUERY, KEY, VALUE, MASK))
    close(scored(QUERY, FEW_KEYS, FEW_VALUES, opset=opset), attended(QUERY, FEW_KEYS, FEW_VALUES))


@pytest.mark.parametrize(
    ("mode", "tokens", "left_out"),
    [
        (0, (2, 1), MASK | (AHEAD > 1) | (AHEAD < -2)),
        (2, (BOTTOMLESS, BOTTOMLESS), AHEAD > 0),
        (3, (BOTTOMLESS, BOTTOMLESS), AHEAD > T - S),
        (4, (2, 1), (AHEAD - (T - S) > 1) | (AHEAD - (T - S) < -2)),
    ],
)
def test_attention_within_a_band(mode: int, tokens: tuple[int, int], left_out: np.ndarray, opset: int) -> None:
    mask = MASK if mode == 0 else COMPRESSED
    named = {"sparse_mode": mode, "pre_tokens": tokens[0], "next_tokens": tokens[1]}
    found = scored(QUERY, KEY, VALUE, mask=mask, opset=opset, **named)
    seen = ~np.broadcast_to(left_out, (B, N, S, T)).all(-1)
    for one, other in zip(found, attended(QUERY, KEY, VALUE, left_out), strict=True):
        np.testing.assert_allclose(one[seen], other[seen], rtol=1e-4, atol=1e-5)


def test_attention_within_packed_sequences(opset: int) -> None:
    packed = [one[0].transpose(1, 0, 2).copy() for one in (QUERY, KEY, VALUE)]
    found = scored(*packed, actual_seq_qlen=(2, S), actual_seq_kvlen=(4, T), input_layout="TND", opset=opset)
    first = attended(QUERY[:1, :, :2], KEY[:1, :, :4], VALUE[:1, :, :4])
    second = attended(QUERY[:1, :, 2:], KEY[:1, :, 4:], VALUE[:1, :, 4:])
    wanted = (np.concatenate(pair, 2)[0].transpose(1, 0, 2) for pair in zip(first, second, strict=True))
    close(found, list(wanted))


@pytest.mark.parametrize("named", [{"keep_prob": 0.9}, {"sparse_mode": 5}, {"input_layout": "XYZ"}])
def test_attention_that_has_no_exact_form_is_refused(named: dict[str, Any]) -> None:
    with pytest.raises(LoweringError):
        scored(QUERY, KEY, VALUE, opset=18, **named)


def test_attention_of_prompts_with_lengths(opset: int) -> None:
    lengths = (3, S), (T, 4)
    (found,) = applied(
        "PromptFlashAttention", opset, QUERY, KEY, VALUE, MASK, *lengths, num_heads=N, scale_value=SCALE,
        next_tokens=BOTTOMLESS, input_layout=1,
    )  # fmt: skip
    beyond = np.arange(T) >= np.array(lengths[1]).reshape(B, 1, 1, 1)
    wanted = attended(QUERY, KEY, VALUE, MASK | beyond)[2]
    wanted[0, :, 3:] = 0
    seen = ~(MASK | beyond).all(-1)[..., None] | np.zeros((B, N, S, 1), bool)
    np.testing.assert_allclose(np.where(seen, found, 0), np.where(seen, wanted, 0), rtol=1e-4, atol=1e-5)


def test_attention_of_the_next_token(opset: int) -> None:
    one = QUERY[:, :, :1].copy()
    (found,) = applied(
        "IncreFlashAttention", opset, one, KEY, VALUE, num_heads=N, scale_value=SCALE, input_layout="BNSD"
    )
    np.testing.assert_allclose(found, attended(one, KEY, VALUE)[2], rtol=1e-4, atol=1e-5)
    with pytest.raises(LoweringError, match="quantized or paged"):
        applied("IncreFlashAttention", opset, one, KEY, VALUE, block_table=1)


@pytest.mark.parametrize("mode", [0, 1])
def test_rotary_position_embedding(mode: int, opset: int) -> None:
    cos, sin = normal(1, 1, S, D), normal(1, 1, S, D)
    halves = np.concatenate([-QUERY[..., D // 2 :], QUERY[..., : D // 2]], -1)
    pairs = np.stack([-QUERY[..., 1::2], QUERY[..., ::2]], -1).reshape(QUERY.shape)
    (found,) = applied("RotaryPositionEmbedding", opset, QUERY, cos, sin, mode)
    np.testing.assert_allclose(found, QUERY * cos + (halves, pairs)[mode] * sin, rtol=1e-5, atol=1e-6)


def test_deformable_attention(opset: int) -> None:
    sizes, starts = np.array([[4, 3], [2, 2]], np.int32), np.array([0, 12], np.int32)
    value, weight = normal(2, 16, 2, D), normal(2, S, 2, 2, 3)
    places = NUMBERS.uniform(-0.2, 1.2, (2, S, 2, 2, 3, 2)).astype(np.float32)
    (found,) = applied("MultiScaleDeformableAttn", opset, value, sizes, starts, places, weight)
    wanted = np.zeros((2, S, 2, D))
    for n, query, head, level, point in itertools.product(*map(range, weight.shape)):
        height, width = sizes[level]
        image = value[n, starts[level] : starts[level] + height * width, head].reshape(height, width, D)
        x, y = places[n, query, head, level, point] * (width, height) - 0.5
        for i, j in itertools.product(range(height), range(width)):
            share = max(0, 1 - abs(y - i)) * max(0, 1 - abs(x - j))
            wanted[n, query, head] += weight[n, query, head, level, point] * share * image[i, j]
    np.testing.assert_allclose(found, wanted.reshape(2, S, 2 * D), rtol=1e-4, atol=1e-4)


X, LOW, HIGH = normal(3, 4, 2) * 2, np.array([-1.0], np.float32), np.array([2.0], np.float32)
LOWS, HIGHS = np.array([-1.0, -2.0, 0.0, -0.5], np.float32), np.array([1.0, 0.5, 3.0, 0.0], np.float32)
FACTORS = np.array([0.5, 3.0], np.float32)


def stepped(x: np.ndarray, low: Any, high: Any, bits: int = 8, least: int = 0) -> np.ndarray:
    most = 2**bits - 1
    step = (high - low) / (most - least)
    zero = np.clip(np.floor(least - low / step + 0.5), least, most)
    first, last = (least - zero) * step, (most - zero) * step
    return np.floor((np.clip(x, first, last) - first) / step + 0.5) * step + first


def test_simulated_quantization(opset: int) -> None:
    channels = LOWS[:, None], HIGHS[:, None]
    close(applied("FakeQuantPerLayer", opset, X, LOW, HIGH), [stepped(X, LOW, HIGH)])
    close(applied("FakeQuantPerLayer", opset, X, LOW, HIGH, symmetric=True, num_bits=4), [stepped(X, -HIGH, HIGH, 4)])
    close(applied("FakeQuantPerChannel", opset, X, LOWS, HIGHS, narrow_range=True), [stepped(X, *channels, least=1)])
    close(applied("FakeQuantWithMinMaxVars", opset, X, LOW, HIGH, num_bits=5), [stepped(X, LOW, HIGH, 5)])
    lasts = LOWS[:2], HIGHS[:2]
    close(applied("FakeQuantWithMinMaxVarsPerChannel", opset, X, *lasts), [stepped(X, *lasts)])
    steps = np.floor(np.clip(X / 1.5, -1, 1) * 7 + 0.5) / 7 * 1.5
    seven, alpha = np.array([7.0], np.float32), np.array([1.5], np.float32)
    close(applied("FakeLearnedScaleQuantPerLayer", opset, X, alpha, seven), [steps])
    cut = applied("FakeLearnedScaleQuantPerChannel", opset, X, np.repeat(alpha, 4), seven, neg_trunc=True)
    close(cut, [np.maximum(steps, 0)])
    with pytest.raises(LoweringError, match="after 10 steps"):
        applied("FakeQuantPerLayer", opset, X, LOW, HIGH, quant_delay=10)


def test_ranges_of_simulated_quantization(opset: int) -> None:
    close(applied("MinMaxUpdatePerLayer", opset, X + 9, LOW, HIGH), [[0], [X.max() + 9]])
    blended = X.min((0, 2)) * 0.9 + LOWS * 0.1, X.max((0, 2)) * 0.9 + HIGHS * 0.1
    wanted = [np.minimum(blended[0], 0), np.maximum(blended[1], 0)]
    close(applied("MinMaxUpdatePerChannel", opset, X, LOWS, HIGHS, ema=True, ema_decay=0.9), wanted)
    close(
        applied("CorrectionMul", opset, X, HIGHS + 1, LOWS + 3, channel_axis=1),
        [X * ((HIGHS + 1) / (LOWS + 3))[:, None]],
    )


def test_quantization_to_integers(opset: int) -> None:
    whole = np.clip(np.rint(X * np.float32(80) + np.float32(10)), -128, 127)
    np.testing.assert_array_equal(applied("Quant", opset, X, scale=80.0, offset=10.0, result=DType.INT8)[0], whole)
    for number, name, rounding in (
        (0, "round", np.rint),
        (1, "trunc", np.trunc),
        (2, "floor", np.floor),
        (3, "ceil", np.ceil),
    ):
        whole = np.clip(rounding(X * FACTORS * FACTORS + FACTORS), -128, 127)
        for mode in (number, name):
            found = applied("QuantV2", opset, X, FACTORS, FACTORS, True, mode, result=DType.INT8)
            np.testing.assert_array_equal(found[0], whole)
    quantized, scale = applied("DynamicQuantExt", opset, X, result=DType.INT8)
    np.testing.assert_allclose(scale, np.abs(X).max(-1) / 127, rtol=1e-6)
    np.testing.assert_array_equal(quantized, np.rint(X / scale[..., None]))


def test_products_of_quantized_matrices(opset: int) -> None:
    left, right = (NUMBERS.integers(-128, 128, shape, np.int8) for shape in ((3, 4), (2, 4)))
    whole = left.astype(np.int32) @ right.T.astype(np.int32)
    close(applied("QuantBatchMatmul", opset, left, right, FACTORS, None, None, None, False, True), [whole * FACTORS])
    floats, offset = normal(3, 4), np.array([1.0, -2.0], np.float32)
    wanted = floats @ ((right.T + offset) * FACTORS)
    close(applied("WeightQuantBatchMatmul", opset, floats, right.T.copy(), FACTORS, offset), [wanted])
    found = applied("GroupedMatmul", opset, floats, right.T.astype(np.float32))
    close(found, [floats @ right.T])
    with pytest.raises(LoweringError, match="groups within one tensor"):
        applied("GroupedMatmul", opset, floats, floats, split_item=3)


def test_a_scale_keeps_its_bits_in_an_integer(opset: int) -> None:
    op = Context(Options(opset), Report(opset))
    bits = np.array([0.25, 3.0], np.float32).view(np.uint32).astype(np.uint64)
    assert decoded_scale(op, op.constant(bits)).const_value.numpy().tolist() == [0.25, 3.0]
