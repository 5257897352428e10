"""Reductions, extreme elements, order and running totals."""

from __future__ import annotations

from typing import Any

import numpy as np

from lowering.ge.case import ENGINE_TYPES, Case, Kind, numbers, vector

X = numbers(2, 3, 4)
POSITIVE = numbers(2, 3, 4, low=0.2, high=2)
FLAGS = numbers(2, 3, 4, dtype="int32", low=0, high=1).astype(bool)
REDUCTIONS: dict[str, tuple[np.ndarray, Any]] = {
    "ReduceSum": (X, np.sum), "ReduceMean": (X, np.mean), "ReduceMax": (X, np.max), "ReduceMin": (X, np.min),
    "ReduceProd": (X, np.prod), "ReduceAll": (FLAGS, np.all), "ReduceAny": (FLAGS, np.any),
    "EuclideanNorm": (X, lambda x, axis, keepdims=False: np.sqrt(np.sum(x * x, axis, keepdims=keepdims))),
}  # fmt: skip
ORDER = np.argsort(X, -1, kind="stable")


def f32(array: Any) -> np.ndarray:
    return np.asarray(array, np.float32)


def reductions() -> list[Case]:
    found = []
    for name, (x, function) in REDUCTIONS.items():
        axes = {"axes": vector(0, -1)}
        found += [
            Case(name, {"x": x, **axes}, (function(x, (0, 2)),), constants=("axes",)),
            Case(name, {"x": x, "axes": vector(1, dtype="int64")}, (function(x, 1, keepdims=True),),
                 {"keep_dims": True}, ("axes",)),
            Case(f"{name}D", {"x": x}, (function(x, (0, 2)),), {"axes": [0, -1]}),
            Case(f"{name}D", {"x": x}, (function(x, 1, keepdims=True),), {"axes": [1], "keep_dims": True}),
        ]  # fmt: skip
    return found


def running(x: np.ndarray, function: Any, empty: float) -> np.ndarray:
    """The exclusive total of the second axis from its end."""
    back = np.flip(x, 1)
    whole = function(back, 1)
    shifted = np.concatenate([np.full_like(whole[:, :1], empty), whole[:, :-1]], 1)
    return np.flip(shifted, 1)


def segments(function: Any, empty: float) -> np.ndarray:
    """function over the rows of each of 3 segments, of which the second has none."""
    parts = [ROWS[number == SEGMENTS] for number in range(3)]
    return f32([function(part, 0) if len(part) else np.full(3, empty) for part in parts])


ROWS, SEGMENTS = numbers(4, 3), vector(2, 0, 2, 0)
COUNTED = {"x": ROWS, "segment_ids": SEGMENTS, "num_segments": vector(3).reshape(())}
LOWEST = float(np.finfo(np.float32).min)
CASES = [
    Case("UnsortedSegmentSum", COUNTED, (segments(np.sum, 0),), constants=("num_segments",)),
    Case("UnsortedSegmentProd", COUNTED, (segments(np.prod, 1),), constants=("num_segments",)),
    Case("UnsortedSegmentMax", COUNTED, (segments(np.max, LOWEST),), constants=("num_segments",)),
    Case("UnsortedSegmentMin", COUNTED, (segments(np.min, -LOWEST),), constants=("num_segments",)),
    *reductions(),
    Case("ReduceMean", {"x": X, "axes": np.zeros(0, np.int32)}, (X,), constants=("axes",)),
    Case("ReduceMeanD", {"x": X}, (f32(X.mean()),), {"axes": []}),
    Case("ReduceLogSumExp", {"x": X, "axes": vector(1)}, (np.log(np.exp(X).sum(1)),), constants=("axes",)),
    Case("ReduceLogSum", {"x": POSITIVE, "axes": vector(1)}, (np.log(POSITIVE.sum(1)),), constants=("axes",)),
    Case("ReduceStd", {"x": X}, (X.std(1, ddof=1), X.mean(1)), {"dim": [1]}),
    Case("ReduceMeanVariance", {"x": X}, (X.mean(1, keepdims=True), X.var(1, keepdims=True)), {"axes": [1]}),
    Case("ReduceMeanVariance", {"x": X}, (X.mean(1), X.var(1)), {"axes": [1], "keep_dims": False}),
    Case("SquareSumV1", {"x": X}, ((X * X).sum(2),), {"axis": [2]}),
    Case("LpNorm", {"x": X}, (np.sqrt((X * X).sum(1)),), {"p": 2, "axes": [1]}),
    Case("LpNormV2", {"x": X}, (np.abs(X).sum(1, keepdims=True),), {"p": 1.0, "axes": [1], "keepdim": True}),
    Case("L2Normalize", {"x": X}, (X / np.sqrt((X * X).sum(1, keepdims=True)),), {"axis": [1]}),
    Case("ArgMaxV2", {"x": X, "dimension": vector(1).reshape(())}, (X.argmax(1),), constants=("dimension",)),
    Case("ArgMin", {"x": X, "dimension": vector(-1).reshape(())}, (X.argmin(-1).astype(np.int32),),
         {"dtype": Kind(ENGINE_TYPES["int32"])}, ("dimension",)),
    Case("ArgMaxD", {"x": X}, (X.argmax(0).astype(np.int32),), {"dimension": 0, "dtype": Kind(ENGINE_TYPES["int32"])}),
    Case("ArgMinD", {"x": X}, (X.argmin(2),), {"dimension": -1}),
    Case("ArgMaxWithValue", {"x": X}, (X.argmax(1).astype(np.int32), X.max(1)), {"dimension": 1}),
    Case("ArgMinWithValue", {"x": X}, (np.expand_dims(X.argmin(1), 1).astype(np.int32), X.min(1, keepdims=True)),
         {"dimension": 1, "keep_dims": True}),
    Case("TopK", {"x": X, "k": vector(2).reshape(())}, (-np.sort(-X)[..., :2], np.argsort(-X)[..., :2].astype(np.int32)),
         constants=("k",)),
    Case("TopKV2", {"x": X, "k": vector(2)}, (np.sort(X, 1)[:, :2], np.argsort(X, 1)[:, :2].astype(np.int32)),
         {"largest": False, "dim": 1}, ("k",)),
    Case("TopKD", {"x": X, "assist_seq": np.arange(8).astype(np.float16)},
         (-np.sort(-X)[..., :3], np.argsort(-X)[..., :3].astype(np.int32)), {"k": 3}, ("assist_seq",)),
    Case("TopKV2D", {"x": X, "k": vector(3), "assist_seq": np.arange(8).astype(np.float16)},
         (-np.sort(-X)[..., :3], np.argsort(-X)[..., :3].astype(np.int32)), constants=("k", "assist_seq")),
    Case("Sort", {"x": X}, (np.sort(X), ORDER.astype(np.int32))),
    Case("Sort", {"x": X}, (-np.sort(-X, 1), np.argsort(-X, 1).astype(np.int32)), {"axis": 1, "descending": True}),
    Case("Cumsum", {"x": X, "axis": vector(1).reshape(())}, (np.cumsum(X, 1),), constants=("axis",)),
    Case("CumsumD", {"x": X}, (running(X, np.cumsum, 0),), {"axis": 1, "exclusive": True, "reverse": True}),
    Case("Cumprod", {"x": X, "axis": vector(1).reshape(())}, (np.cumprod(X, 1),), constants=("axis",)),
    Case("CumprodD", {"x": X}, (running(X, np.cumprod, 1),), {"axis": 1, "exclusive": True, "reverse": True}),
    Case("CumulativeLogsumexp", {"x": X, "axis": vector(1).reshape(())}, (np.log(np.cumsum(np.exp(X), 1)),),
         constants=("axis",)),
    Case("CumulativeLogsumexpD", {"x": X}, (np.log(np.cumsum(np.exp(X), -1)),), {"axis": -1}),
    Case("Cummax", {"x": X}, (np.maximum.accumulate(X, 1), None), {"dim": 1}),
    Case("Cummin", {"x": X}, (np.minimum.accumulate(X, 1), None), {"axis": 1}),
]  # fmt: skip
