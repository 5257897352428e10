"""Recurrent layers, attention, losses."""

from __future__ import annotations

import numpy as np

from lowering.ge.case import Case, numbers

TIME, BATCH, WIDTH, HIDDEN = 4, 2, 3, 5
X = numbers(TIME, BATCH, WIDTH, low=-1, high=1)
W, B = numbers(WIDTH + HIDDEN, 4 * HIDDEN, seed=1, low=-1, high=1), numbers(4 * HIDDEN, seed=2)
H, C = numbers(1, BATCH, HIDDEN, seed=3), numbers(1, BATCH, HIDDEN, seed=4)
WX, WH = numbers(WIDTH, 3 * HIDDEN, seed=5), numbers(HIDDEN, 3 * HIDDEN, seed=6)
BX, BH = numbers(3 * HIDDEN, seed=7), numbers(3 * HIDDEN, seed=8)
ZERO = np.zeros_like(H)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def cell(x: np.ndarray, h: np.ndarray, c: np.ndarray, forget_bias: float) -> tuple[np.ndarray, ...]:
    """c, h, i, j, f, o, tanh(c) of one step of LSTM."""
    i, j, f, o = np.split(np.concatenate([x, h], 1) @ W + B, 4, 1)
    i, j, f, o = sigmoid(i), np.tanh(j), sigmoid(f + forget_bias), sigmoid(o)
    c = f * c + i * j
    return tuple(one.astype(np.float32) for one in (c, o * np.tanh(c), i, j, f, o, np.tanh(c)))


def lstm(x: np.ndarray, h: np.ndarray, c: np.ndarray, forget_bias: float = 0.0) -> tuple[np.ndarray, ...]:
    """y, h, c, i, j, f, o, tanh(c) of every step."""
    steps, h, c = [], h[0], c[0]
    for one in x:
        found = cell(one, h, c, forget_bias)
        c, h = found[:2]
        steps.append((h, h, *found[:1], *found[2:]))
    return tuple(np.stack(one) for one in zip(*steps, strict=True))


def gru(h: np.ndarray, *, after: bool, order: str) -> np.ndarray:
    """h of every step."""
    found, h = [], h[0]
    for one in X:
        left = np.split(one @ WX + BX, 3, 1)
        right = np.split(h @ WH + BH, 3, 1)
        gates = {name: sigmoid(left[place] + right[place]) for place, name in enumerate(order[:2])}
        new = gates["r"] * right[2] if after else (gates["r"] * h) @ WH[:, 2 * HIDDEN :] + BH[2 * HIDDEN :]
        h = (1 - gates["z"]) * np.tanh(left[2] + new) + gates["z"] * h
        found.append(h)
    return np.stack(found).astype(np.float32)


def onnx_lstm() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """ONNX's LSTM with the same weights: gates i, o, f, c, and y with an axis of directions."""
    results = lstm(X, ZERO, ZERO)
    return results[0][:, None], results[0][-1][None], results[2][-1][None]


def reordered(weight: np.ndarray, order: tuple[int, ...]) -> np.ndarray:
    """Gates along the last axis in another order, transposed, with an axis of directions."""
    parts = np.split(weight, len(order), -1)
    return np.ascontiguousarray(np.concatenate([parts[place] for place in order], -1).T[None])


IOFC = (0, 3, 2, 1)
LSTM_WEIGHTS = {
    "w": reordered(W[:WIDTH], IOFC), "r": reordered(W[WIDTH:], IOFC),
    "b": np.concatenate([reordered(B[None], IOFC)[..., 0], np.zeros((1, 4 * HIDDEN), np.float32)], 1),
}  # fmt: skip
ZRH = (0, 1, 2)
GRU_WEIGHTS = {
    "w": reordered(WX, ZRH), "r": reordered(WH, ZRH),
    "b": np.concatenate([reordered(BX[None], ZRH)[..., 0], reordered(BH[None], ZRH)[..., 0]], 1),
}  # fmt: skip
SEQUENCE = {"x": X, "w": W, "b": B}
GRU = {"x": X, "weight_input": WX, "weight_hidden": WH, "bias_input": BX, "bias_hidden": BH, "seq_length": None}
BACKWARD = tuple(np.flip(one, 0) for one in lstm(np.flip(X, 0), ZERO, ZERO))
Q, K, V = (numbers(2, 2, 3, 4, seed=seed) for seed in (10, 11, 12))
SCORES = np.einsum("bhqd,bhkd->bhqk", Q, K) * 0.5
POWERS = np.exp(SCORES - SCORES.max(-1, keepdims=True))
ATTENTION = np.einsum("bhqk,bhkd->bhqd", POWERS / POWERS.sum(-1, keepdims=True), V).astype(np.float32)
LOGITS, LABELS = numbers(3, 4), np.eye(4, dtype=np.float32)[[1, 3, 0]]
LOG = LOGITS - np.log(np.exp(LOGITS).sum(1, keepdims=True))
CASES = [
    Case("DynamicRNN", SEQUENCE | {"seq_length": None, "init_h": H, "init_c": C}, lstm(X, H, C), constants=("w", "b")),
    Case("DynamicRNN", SEQUENCE, lstm(X, ZERO, ZERO, 1.0), {"forget_bias": 1.0}),
    Case("DynamicRNN", SEQUENCE, BACKWARD, {"direction": "REDIRECTIONAL"}),
    Case("DynamicGRUV2", GRU | {"init_h": H}, (gru(H, after=True, order="zrh"), *[None] * 5)),
    Case("DynamicGRUV2", GRU | {"init_h": H}, (None, gru(H, after=False, order="rzh"), *[None] * 4),
         {"gate_order": "rzh", "reset_after": False}),
    Case("DynamicGRUV2", GRU, (gru(ZERO, after=True, order="zrh"), *[None] * 5)),
    Case("BasicLSTMCell", {"x": X[0], "h": H[0], "c": C[0], "w": W, "b": B}, cell(X[0], H[0], C[0], 1.0)),
    Case("CommonLSTM", {"x": X} | LSTM_WEIGHTS, onnx_lstm(), {"hidden_size": HIDDEN}),
    Case("CommonGRU", {"x": X} | GRU_WEIGHTS,
         (gru(ZERO, after=True, order="zrh")[:, None], gru(ZERO, after=True, order="zrh")[-1][None]),
         {"hidden_size": HIDDEN, "linear_before_reset": 1}),
    Case("PromptFlashAttention", {"query": Q, "key": K, "value": V}, (ATTENTION,),
         {"num_heads": 2, "scale_value": 0.5, "input_layout": "BNSD", "next_tokens": 2147483647}),
    Case("FlashAttentionScore", {"query": Q, "key": K, "value": V}, (None, None, None, ATTENTION),
         {"head_num": 2, "scale_value": 0.5, "input_layout": "BNSD"}),
    Case("SoftmaxCrossEntropyWithLogits", {"features": LOGITS, "labels": LABELS},
         (-(LABELS * LOG).sum(1), np.exp(LOG) - LABELS)),
]  # fmt: skip
