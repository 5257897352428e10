"""Primitives that MindSpore cannot run on a CPU, against definitions in numpy."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import onnx_ir as ir
import onnxruntime
import pytest

from mindferry.graph import Node, TensorType
from mindferry.lowering import ops, registry
from mindferry.lowering.context import Context, Options, flatten
from mindferry.lowering.report import Report
from mindferry.types import DType

NUMBERS = np.random.default_rng(0)
CUBE = NUMBERS.permutation(24).reshape(2, 3, 4).astype(np.float32)
TIES = NUMBERS.integers(0, 3, (2, 7)).astype(np.int32)
IMAGE = NUMBERS.normal(size=(2, 3, 7, 6)).astype(np.float32)
FILTER = IMAGE[0, :, :2, :3]


def applied(
    primitive: str, opset: int, *arguments: Any, result: DType = DType.FLOAT32, **attributes: Any
) -> list[np.ndarray]:
    """What the converted primitive makes of the arguments, of which arrays are inputs of the model."""
    ops.load()
    row = registry.find(primitive, opset)
    assert row is not None
    op = Context(Options(opset), Report(opset))
    op.node = Node(primitive, primitive, (), type=TensorType(result, None))
    arrays = [argument for argument in arguments if isinstance(argument, np.ndarray)]
    inputs = iter([op.input("x", ir.DataType.from_numpy(array.dtype), array.shape) for array in arrays])
    values = [next(inputs) if isinstance(argument, np.ndarray) else argument for argument in arguments]
    for leaf in flatten(row.function(op, *values, **attributes)):
        op.graph.outputs.append(op.Identity(leaf))
    proto = ir.to_proto(ir.Model(op.graph, ir_version=7))
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {item.name: array for item, array in zip(session.get_inputs(), arrays, strict=True)})


def patches(x: np.ndarray, kernel: tuple[int, int], stride: tuple[int, int], rate: tuple[int, int], same: bool) -> Any:
    """(place in the patch, place of the patch, rows and columns in x), of those that are inside x."""
    sizes, reach = x.shape[2:], [(size - 1) * step + 1 for size, step in zip(kernel, rate, strict=True)]
    counts = [
        (size - 1 if same else size - far) // step + 1 for size, far, step in zip(sizes, reach, stride, strict=True)
    ]
    missing = [
        (count - 1) * step + far - size for count, step, far, size in zip(counts, stride, reach, sizes, strict=True)
    ]
    before = [max(0, number) // 2 if same else 0 for number in missing]
    found = []
    for place in itertools.product(*map(range, kernel)):
        for patch in itertools.product(*map(range, counts)):
            where = tuple(patch[i] * stride[i] + place[i] * rate[i] - before[i] for i in (0, 1))
            if all(0 <= where[i] < sizes[i] for i in (0, 1)):
                found.append((place, patch, where))
    return counts, found


def image_patches(x: np.ndarray, kernel: Any, stride: Any, rate: Any, same: bool) -> np.ndarray:
    counts, found = patches(x, kernel, stride, rate, same)
    result = np.zeros((len(x), kernel[0] * kernel[1], x.shape[1], *counts), x.dtype)
    for place, patch, where in found:
        result[:, place[0] * kernel[1] + place[1], :, *patch] = x[:, :, *where]
    return result.reshape(len(x), -1, *counts)


def dilated(x: np.ndarray, filter: np.ndarray, stride: Any, rate: Any, same: bool) -> np.ndarray:
    counts, found = patches(x, filter.shape[1:], stride, rate, same)
    least = np.finfo(x.dtype).min if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    result = np.full((*x.shape[:2], *counts), least, x.dtype)
    for place, patch, where in found:
        result[:, :, *patch] = np.maximum(result[:, :, *patch], x[:, :, *where] + filter[:, *place])
    return result


def interpolated(x: np.ndarray, axis: int, count: int, align_corners: bool) -> np.ndarray:
    size = x.shape[axis]
    centred = (np.arange(count) + 0.5) * size / count - 0.5
    where = np.linspace(0, size - 1, count) if align_corners else centred.clip(0, size - 1)
    return np.apply_along_axis(lambda line: np.interp(where, np.arange(size), line), axis, x)


def sums(places: np.ndarray, weights: np.ndarray, size: int) -> np.ndarray:
    return np.bincount(places.ravel(), weights=weights.ravel(), minlength=size)


CASES: list[tuple[str, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]] = [
    ("SortExt", (CUBE, 1, True), {}, (-np.sort(-CUBE, 1), np.argsort(-CUBE, 1, kind="stable"))),
    ("SortExt", (TIES,), {}, (np.sort(TIES), np.argsort(TIES, kind="stable"))),
    ("SortExt", (TIES > 0, -1, True), {}, (-np.sort(-(TIES > 0).astype(int)) > 0, np.argsort(TIES == 0, kind="stable"))),
    ("SortExt", (np.float32(2.5).reshape(()), 0), {}, (np.float32(2.5), 0)),
    ("ArgSort", (TIES, 0), {"result": DType.INT64}, (np.argsort(TIES, 0, kind="stable"),)),
    ("TopkExt", (CUBE, 2, 0), {}, (-np.sort(-CUBE, 0)[:2], np.argsort(-CUBE, 0)[:2])),
    ("TopkExt", (CUBE, 3, -1, False), {}, (np.sort(CUBE)[..., :3], np.argsort(CUBE)[..., :3])),
    ("Kthvalue", (CUBE, 2, 1), {}, (np.sort(CUBE, 1)[:, 1], np.argsort(CUBE, 1)[:, 1])),
    ("Kthvalue", (CUBE, 3, -1, True), {}, (np.sort(CUBE)[..., 2:3], np.argsort(CUBE)[..., 2:3])),
    ("MedianExt", (CUBE,), {}, (np.sort(CUBE.ravel())[11],)),
    ("MedianDim", (TIES, 1, True), {}, (np.sort(TIES)[:, 3:4], np.argsort(TIES, kind="stable")[:, 3:4])),
    ("Unique2", (TIES, True, True, True), {}, np.unique(TIES, return_inverse=True, return_counts=True)),
    ("InnerUnique", (TIES, True, True), {}, np.unique(TIES, return_inverse=True)),
    ("UniqueDim", (TIES, True, True, 1), {}, np.unique(TIES, False, True, True, axis=1)),
    ("InnerNonZero", (TIES,), {}, (np.stack(np.nonzero(TIES)),)),
    ("CountNonZero", (TIES, (1,)), {"result": DType.INT64}, (np.count_nonzero(TIES, 1),)),
    ("CountNonZero", (TIES, None), {"result": DType.INT64, "dims": (0, 1)}, (np.count_nonzero(TIES),)),
    ("BincountExt", (TIES[0], None, 5), {"result": DType.INT64}, (np.bincount(TIES[0], minlength=5),)),
    ("BincountExt", (TIES[0], CUBE[0, :2].ravel()[:7]), {}, (sums(TIES[0], CUBE[0, :2].ravel()[:7], 3),)),
    ("HistcExt", (CUBE, 4, 0, 0), {}, (np.histogram(CUBE, 4)[0],)),
    ("HistcExt", (TIES, 3, 0, 2), {"result": DType.INT32}, (np.histogram(TIES, 3, (0, 2))[0],)),
    (
        "HistogramFixedWidth",
        (np.array([-1.0, 0.0, 1.5, 2.0, 5.0, 15.0], np.float32), np.array([0.0, 5.0], np.float32)),
        {"nbins": 5},
        ([2, 1, 1, 0, 2],),
    ),
    ("SearchSorted", (np.array([5.0, 1.0, 3.0], np.float32), CUBE, np.array([1, 2, 0])), {}, (np.searchsorted([1, 3, 5], CUBE),)),
    (
        "NonMaxSuppressionV3",
        (
            np.array([[0, 0, 4, 4], [0, 0, 4, 3.9], [5, 5, 8, 8], [1, 1, 3, 3], [4, 4, 0, 0]], np.float32),
            np.array([0.5, 0.9, 0.3, 0.05, 0.8], np.float32), 3, 0.5, 0.1,
        ),
        {},
        ([1, 2],),
    ),
    ("ExtractImagePatches", (IMAGE, (2, 3), (1, 2), (1, 1), 2), {}, (image_patches(IMAGE, (2, 3), (1, 2), (1, 1), False),)),
    (
        "ExtractImagePatches",
        (IMAGE, (1, 1, 2, 3), (1, 1, 2, 2), (1, 1, 2, 1), "same"),
        {},
        (image_patches(IMAGE, (2, 3), (2, 2), (2, 1), True),),
    ),
    (
        "Dilation2D",
        (IMAGE, FILTER),
        {"stride": (1, 1, 2, 1), "dilation": (1, 1, 1, 2), "pad_mode": "VALID"},
        (dilated(IMAGE, FILTER, (2, 1), (1, 2), False),),
    ),
    ("UpsampleLinear1D", (CUBE, (7,), None, False), {}, (interpolated(CUBE, 2, 7, False),)),
    ("UpsampleBilinear2D", (IMAGE, (5, 9), None, True), {}, (interpolated(interpolated(IMAGE, 2, 5, True), 3, 9, True),)),
    ("UpsampleBilinear2D", (IMAGE.astype(np.float64), None, (2.0, 1.5)), {}, (interpolated(interpolated(IMAGE, 2, 14, False), 3, 9, False),)),
]  # fmt: skip


@pytest.mark.parametrize("opset", [13, 18, 23])
@pytest.mark.parametrize(("primitive", "arguments", "named", "wanted"), CASES)
def test_agrees_with_its_definition(
    primitive: str, arguments: tuple[Any, ...], named: dict[str, Any], wanted: tuple[Any, ...], opset: int
) -> None:
    found = applied(primitive, opset, *arguments, **named)
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("opset", [13, 18, 23])
@pytest.mark.parametrize("kind", ["uint8", "int16", "int32", "uint16", "float16", "float64"])
def test_dilation_keeps_every_element_type(kind: str, opset: int) -> None:
    x, filter = (np.abs(array * 9).astype(kind) for array in (IMAGE, FILTER))
    (found,) = applied("Dilation2D", opset, x, filter, stride=1, dilation=1, pad_mode="SAME")
    np.testing.assert_array_equal(found, dilated(x, filter, (1, 1), (1, 1), True))
    assert found.dtype == x.dtype
