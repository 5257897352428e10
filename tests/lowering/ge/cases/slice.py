"""Parts of tensors, gathering, scattering and padding."""

from __future__ import annotations

import numpy as np

from lowering.ge.case import Case, numbers, vector

X = numbers(3, 4, 5)
ROWS = vector(2, 0, 2)
MATRIX = np.array([[2, 0], [1, 3]], np.int32)
BATCHED = np.array([[1, 0], [3, 3], [2, 1]], np.int32)
INDEX = numbers(3, 4, 2, dtype="int64", low=0, high=4)
PAIRS = [[1, 0], [0, 2], [1, 1]]
PADDINGS = np.array(PAIRS, np.int32)
AROUND = np.pad(X, PAIRS)
SEVEN = np.array(7, np.float32)
POINTS = np.array([[0, 1], [2, 3]], np.int32)
UPDATES = numbers(2, 5, seed=1)
MASKS = {"begin_mask": 1, "end_mask": 1, "shrink_axis_mask": 2}


def updated(how: str = "set") -> np.ndarray:
    out = X.copy()
    for (row, column), update in zip(POINTS, UPDATES, strict=True):
        old = out[row, column]
        forms = {"set": update, "sub": old - update, "max": np.maximum(old, update), "min": np.minimum(old, update)}
        out[row, column] = forms[how]
    return out


def put(reduction: str) -> np.ndarray:
    """X with numbers put, added or multiplied at INDEX along the last axis."""
    out, updates = X.copy(), numbers(3, 4, 2, seed=2)
    for place in np.ndindex(*INDEX.shape):
        at = (*place[:2], int(INDEX[place]))
        out[at] = {"none": updates[place], "add": out[at] + updates[place], "mul": out[at] * updates[place]}[reduction]
    return out


SCATTERED = np.zeros((4, 5), np.float32)
SCATTERED[[3, 1]] = UPDATES
DISTINCT = np.array([[0, 1]] * 12, np.int64).reshape(3, 4, 2)
REPLACED = X.copy()
REPLACED[..., :2] = numbers(3, 4, 2, seed=2)
SCATTER = {"indices": POINTS, "updates": UPDATES}
CASES = [
    Case("Slice", {"x": X, "offsets": vector(1, 0, 2), "size": vector(2, -1, 1)}, (X[1:3, :, 2:3],),
         constants=("offsets", "size")),
    Case("SliceD", {"x": X}, (X[1:3, :, 2:3],), {"offsets": [1, 0, 2], "size": [2, -1, 1]}),
    Case("SliceDV2", {"x": X, "offsets": vector(0, 1, 0)}, (X[:1, 1:3, :2],), {"size": [1, 2, 2]}, ("offsets",)),
    Case("StridedSlice", {"x": X, "begin": vector(0, 1, 4), "end": vector(3, 2, 0), "strides": vector(2, 1, -2)},
         (X[0:3:2, 1, 4:0:-2],), MASKS, ("begin", "end", "strides")),
    Case("StridedSlice", {"x": X, "begin": vector(0, 0, 1), "end": vector(0, 0, 3), "strides": vector(1, 1, 1)},
         (X[None, ..., 1:3],), {"new_axis_mask": 1, "ellipsis_mask": 2}, ("begin", "end", "strides")),
    Case("StridedSliceD", {"x": X}, (X[:, 1, 4:0:-2],), {"begin": [0, 1, 4], "end": [0, 2, 0], "strides": [1, 1, -2]} | MASKS),
    Case("StridedSliceV2", {"x": X, "begin": vector(1, 0), "end": vector(3, 9), "axes": vector(0, -1), "strides": vector(1, 2)},
         (X[1:3, :, ::2],), constants=("begin", "end", "axes", "strides")),
    Case("StridedSliceV2", {"x": X, "begin": vector(1, 0), "end": vector(2, 0), "axes": None, "strides": None}, (X[1],),
         {"shrink_axis_mask": 1, "end_mask": 2}, ("begin", "end")),
    Case("StridedSliceV3", {"x": X, "begin": vector(-2), "end": vector(9), "axes": vector(1)}, (X[:, -2:],),
         constants=("begin", "end", "axes")),
    Case("Gather", {"x": X, "indices": ROWS}, (X[ROWS],)),
    Case("Gather", {"x": X, "indices": BATCHED}, (np.stack([X[i][BATCHED[i]] for i in range(3)]),), {"batch_dims": 1}),
    Case("GatherV2", {"x": X, "indices": MATRIX, "axis": np.array(1, np.int32)}, (X[:, MATRIX],), constants=("axis",)),
    Case("GatherV2D", {"x": X, "indices": MATRIX}, (np.take(X, MATRIX, -1),), {"axis": -1}),
    Case("GatherNd", {"x": X, "indices": POINTS}, (X[POINTS[:, 0], POINTS[:, 1]],)),
    Case("GatherElements", {"x": X, "index": INDEX}, (np.take_along_axis(X, INDEX, 2),), {"dim": -1}),
    Case("GatherD", {"x": X, "dim": np.array(2, np.int32), "index": INDEX}, (np.take_along_axis(X, INDEX, 2),),
         constants=("dim",)),
    Case("ScatterElements", {"data": X, "indices": DISTINCT, "updates": numbers(3, 4, 2, seed=2)}, (REPLACED,), {"axis": 2}),
    Case("ScatterElements", {"data": X, "indices": INDEX, "updates": numbers(3, 4, 2, seed=2)}, (put("add"),),
         {"axis": -1, "reduction": "add"}),
    Case("ScatterNd", {"indices": vector(3, 1).reshape(2, 1), "x": UPDATES, "shape": vector(4, 5)}, (SCATTERED,),
         constants=("shape",)),
    Case("ScatterNdUpdate", {"var": X} | SCATTER, (updated(),)),
    Case("TensorScatterUpdate", {"x": X} | SCATTER, (updated(),)),
    Case("TensorScatterSub", {"x": X} | SCATTER, (updated("sub"),)),
    Case("TensorScatterMax", {"input": X} | SCATTER, (updated("max"),)),
    Case("TensorScatterMin", {"input": X} | SCATTER, (updated("min"),)),
    Case("Pad", {"x": X, "paddings": PADDINGS}, (AROUND,), constants=("paddings",)),
    Case("PadD", {"x": X}, (AROUND,), {"paddings": PAIRS}),
    Case("PadV2", {"x": X, "paddings": PADDINGS, "constant_values": SEVEN}, (np.pad(X, PAIRS, constant_values=7),),
         constants=("paddings",)),
    Case("PadV2D", {"x": X, "constant_values": SEVEN}, (np.pad(X, PAIRS, constant_values=7),), {"paddings": PAIRS}),
    Case("PadV3", {"x": X, "paddings": PADDINGS, "constant_values": SEVEN}, (np.pad(X, PAIRS, constant_values=7),),
         constants=("paddings", "constant_values")),
    Case("PadV3", {"x": X, "paddings": PADDINGS, "constant_values": None}, (np.pad(X, PAIRS, "reflect"),), {"mode": "reflect"},
         ("paddings",)),
    Case("PadV3", {"x": X, "paddings": vector(1, 0, 1, 0, 2, 1)}, (np.pad(X, PAIRS, "edge"),),
         {"mode": "edge", "paddings_contiguous": False}, ("paddings",)),
    Case("PadV3D", {"x": X}, (np.pad(X, PAIRS, constant_values=7),), {"paddings": PAIRS, "constant_values": 7}),
    Case("MirrorPad", {"x": X, "paddings": PADDINGS}, (np.pad(X, PAIRS, "reflect"),), {"mode": "REFLECT"}, ("paddings",)),
    Case("MirrorPad", {"x": X, "paddings": PADDINGS}, (np.pad(X, PAIRS, "symmetric"),), {"mode": "SYMMETRIC"}, ("paddings",)),
]  # fmt: skip
