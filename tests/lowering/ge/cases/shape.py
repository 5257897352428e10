"""Shapes, joining, splitting, repeating, and tensors from sizes."""

from __future__ import annotations

import numpy as np

from lowering.ge.case import ENGINE_TYPES, Case, Kind, numbers, vector

X, Y = numbers(2, 3, 4), numbers(2, 3, 4, seed=1)
THIN = numbers(2, 1, 3, 1)
ROWS = numbers(4, 5)
INDICES = vector(0, 2, 5)
ON, OFF = np.array(3, np.float32), np.array(-1, np.float32)


def scalar(value: int, dtype: str = "int32") -> np.ndarray:
    return np.array(value, dtype)


def range_of(start: float, limit: float, delta: float) -> dict[str, np.ndarray]:
    return {name: np.array(value, np.float32) for name, value in (("start", start), ("limit", limit), ("delta", delta))}


HOT = np.where(np.arange(4) == INDICES[:, None], ON, OFF)
CASES = [
    Case("Reshape", {"x": X, "shape": vector(4, -1)}, (X.reshape(4, 6),), constants=("shape",)),
    Case("Flatten", {"x": X}, (X.reshape(2, 12),)),
    Case("Flatten", {"x": X}, (X.reshape(6, 4),), {"axis": 2}),
    Case("FlattenV2", {"x": X}, (X.reshape(6, 4),), {"axis": 0, "end_axis": 1}),
    Case("Squeeze", {"x": THIN}, (THIN.reshape(2, 3),)),
    Case("Squeeze", {"x": THIN}, (THIN.reshape(2, 3, 1),), {"axis": [1]}),
    Case("SqueezeV2", {"x": THIN}, (THIN.reshape(2, 1, 3),), {"axis": [-1]}),
    Case("SqueezeV3", {"x": THIN, "axes": vector(1, 3, dtype="int64")}, (THIN.reshape(2, 3),), constants=("axes",)),
    Case("Unsqueeze", {"x": X}, (X[:, None, :, :, None],), {"axes": [1, -1]}),
    Case("UnsqueezeV2", {"x": X}, (X[None],), {"axis": [0]}),
    Case("UnsqueezeV3", {"x": X, "axes": vector(0)}, (X[None],), constants=("axes",)),
    Case("ExpandDims", {"x": X, "axis": scalar(1)}, (X[:, None],), constants=("axis",)),
    Case("Transpose", {"x": X, "perm": vector(2, 0, 1)}, (X.transpose(2, 0, 1),), constants=("perm",)),
    Case("TransposeD", {"x": X}, (X.transpose(1, 2, 0),), {"perm": [1, 2, 0]}),
    Case("TransData", {"src": THIN}, (THIN.transpose(0, 2, 3, 1),), {"src_format": "NCHW", "dst_format": "NHWC"}),
    Case("Shape", {"x": X}, (vector(2, 3, 4),)),
    Case("Shape", {"x": X}, (vector(2, 3, 4, dtype="int64"),), {"dtype": ENGINE_TYPES["int64"]}),
    Case("ShapeN", {"x0": X, "x1": ROWS}, (vector(2, 3, 4), vector(4, 5))),
    Case("Size", {"x": X}, (scalar(24),)),
    Case("Rank", {"x": X}, (scalar(3),)),
    Case("ConcatD", {"x0": X, "x1": Y}, (np.concatenate([X, Y], 1),), {"concat_dim": 1, "N": 2}),
    Case("ConcatV2D", {"x0": X, "x1": Y, "x2": X}, (np.concatenate([X, Y, X], 2),), {"concat_dim": -1, "N": 3}),
    Case("ConcatV2", {"x0": X, "x1": Y, "concat_dim": scalar(0)}, (np.concatenate([X, Y]),), {"N": 2}, ("concat_dim",)),
    Case("ConcatV2", {"concat_dim": scalar(0), "x0": X, "x1": Y}, (np.concatenate([X, Y]),), {"N": 2}, ("concat_dim",)),
    Case("Concat", {"concat_dim": scalar(2), "x0": X, "x1": Y}, (np.concatenate([X, Y], 2),), {"N": 2}, ("concat_dim",)),
    Case("ConcatD", {f"x{place}": X + place for place in range(12)},
         (np.concatenate([X + place for place in range(12)]).astype(np.float32),), {"concat_dim": 0, "N": 12}),
    Case("ParallelConcat", {"values0": X, "values1": Y}, (np.concatenate([X, Y]),), {"shape": [4, 3, 4], "N": 2}),
    Case("Pack", {"x0": X, "x1": Y}, (np.stack([X, Y], 1),), {"axis": 1, "N": 2}),
    Case("Unpack", {"x": X}, (X[:, 0], X[:, 1], X[:, 2]), {"axis": 1, "num": 3}),
    Case("Split", {"split_dim": scalar(2), "x": X}, tuple(np.split(X, 2, 2)), {"num_split": 2}, ("split_dim",)),
    Case("SplitD", {"x": X}, tuple(np.split(X, 3, 1)), {"split_dim": 1, "num_split": 3}),
    Case("SplitD", {"x": X}, (X,), {"split_dim": 1, "num_split": 1}),
    Case("SplitV", {"x": X, "size_splits": vector(1, -1), "split_dim": scalar(1)}, (X[:, :1], X[:, 1:]),
         {"num_split": 2}, ("size_splits", "split_dim")),
    Case("SplitVD", {"x": X}, (X[..., :3], X[..., 3:]), {"size_splits": [3, 1], "split_dim": -1, "num_split": 2}),
    Case("Tile", {"x": X, "multiples": vector(2, 1, 3)}, (np.tile(X, (2, 1, 3)),), constants=("multiples",)),
    Case("TileD", {"x": X}, (np.tile(X, (1, 2, 1)),), {"multiples": [1, 2, 1]}),
    Case("BroadcastTo", {"x": THIN, "shape": vector(2, 4, 3, 5)}, (np.broadcast_to(THIN, (2, 4, 3, 5)),),
         constants=("shape",)),
    Case("BroadcastToD", {"x": THIN}, (np.broadcast_to(THIN, (2, 4, 3, 5)),), {"shape": [2, 4, 3, 5]}),
    Case("Expand", {"x": THIN, "shape": vector(2, 4, 3, 5)}, (np.broadcast_to(THIN, (2, 4, 3, 5)),),
         constants=("shape",)),
    Case("ExpandD", {"x": THIN}, (np.broadcast_to(THIN, (2, 4, 3, 5)),), {"shape": [2, 4, 3, 5]}),
    Case("ReverseV2", {"x": X, "axis": vector(0, 2)}, (np.flip(X, (0, 2)),), constants=("axis",)),
    Case("ReverseV2D", {"x": X}, (np.flip(X, 1),), {"axis": [1]}),
    Case("ReverseSequence", {"x": X, "seq_lengths": vector(2, 3, dtype="int64")},
         (np.stack([X[0][[1, 0, 2]], X[1][::-1]]),), {"seq_dim": 1, "batch_dim": 0}),
    Case("Roll", {"x": X}, (np.roll(X, (1, -2), (1, 2)),), {"shifts": [1, -2], "dims": [1, 2]}),
    Case("Fill", {"dims": vector(2, 3), "value": ON}, (np.full((2, 3), ON),), constants=("dims",)),
    Case("FillD", {"value": ON}, (np.full((2, 3), ON),), {"dims": [2, 3]}),
    Case("Range", range_of(1, 6, 2), (np.array([1, 3, 5], np.float32),), constants=("start", "limit", "delta")),
    Case("Range", range_of(0, 3, 1), (np.array([0, 1, 2], np.float32),), recorded=False),
    Case("RangeD", {"x": np.arange(3, dtype=np.float32)}, (np.array([1, 3, 5], np.float32),),
         {"start": 1.0, "limit": 6.0, "delta": 2.0}),
    Case("LinSpace", {"start": ON, "stop": OFF, "num": scalar(5)}, (np.linspace(3, -1, 5).astype(np.float32),),
         constants=("num",)),
    Case("LinSpaceD", {"assist": np.arange(5, dtype=np.float32), "start": ON[None], "stop": OFF[None], "num": vector(5)},
         (np.linspace(3, -1, 5).astype(np.float32),), constants=("assist", "num")),
    Case("OneHot", {"x": INDICES, "depth": scalar(4), "on_value": ON, "off_value": OFF}, (HOT,), constants=("depth",)),
    Case("OneHotD", {"x": INDICES, "on_value": ON, "off_value": OFF}, (HOT.T,), {"depth": 4, "axis": 0}),
    Case("OneHotD", {"x": INDICES, "on_value": ON, "off_value": OFF}, (HOT,), {"depth": 4}, recorded=False),
    Case("Tril", {"x": ROWS}, (np.tril(ROWS, 1),), {"diagonal": 1}),
    Case("Triu", {"x": ROWS}, (np.triu(ROWS, -1),), {"diagonal": -1}),
    Case("NonZero", {"x": np.maximum(ROWS, 0)}, (np.argwhere(ROWS > 0),), recorded=False),
    Case("NonZero", {"x": np.maximum(ROWS, 0)}, (np.argwhere(ROWS > 0).T.astype(np.int32),),
         {"transpose": True, "dtype": Kind(ENGINE_TYPES["int32"])}, recorded=False),
    Case("Where", {"x": ROWS > 0}, (np.argwhere(ROWS > 0),), recorded=False),
]  # fmt: skip
