"""Inputs against what a model takes."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest

from mindferry.errors import BadFeed
from mindferry.runtimes.feeds import check_feeds
from mindferry.types import DType, TensorSpec

IMAGE = TensorSpec("image", DType.FLOAT32, ("batch", 3, None))
IDS = TensorSpec("ids", DType.INT64, ("batch",))


def complaint(specs: list[TensorSpec], *feeds: Any) -> str:
    with pytest.raises(BadFeed) as caught:
        check_feeds(specs, feeds)
    return str(caught.value)


def one(dtype: DType, feed: Any, shape: tuple[int, ...] | None = None) -> np.ndarray:
    return check_feeds([TensorSpec("x", dtype, shape)], [{"x": feed}])["x"]


def test_arrays_that_fit_are_passed_on_as_they_are() -> None:
    image, ids = np.zeros((2, 3, 5), np.float32), np.zeros(2, np.int64)
    arrays = check_feeds([IMAGE, IDS], [{"ids": ids, "image": image}])
    assert list(arrays) == ["image", "ids"]
    assert arrays["image"] is image
    assert arrays["ids"] is ids


def test_arrays_by_position() -> None:
    image, ids = np.zeros((2, 3, 5), np.float32), np.zeros(2, np.int64)
    assert check_feeds([IMAGE, IDS], [image, ids])["ids"] is ids
    assert complaint([IMAGE, IDS], image) == (
        "1 arrays for 2 inputs; the model takes image: float32[batch, 3, ?], ids: int64[batch]"
    )


def test_all_problems_are_told_at_once() -> None:
    feeds = {"image": np.zeros((2, 4, 5), np.float32), "extra": 1, "mask": np.zeros(2)}
    specs = [IMAGE, IDS, TensorSpec("mask", DType.BOOL, (2,))]
    assert complaint(specs, feeds) == (
        "image has shape [2, 4, 5], the model takes [batch, 3, ?]; ids is missing (ids: int64[batch]); "
        "mask is float64, the model takes bool: pass mask.astype('bool'); "
        "extra is not an input; the model takes image: float32[batch, 3, ?], ids: int64[batch], mask: bool[2]"
    )


def test_a_wider_float_is_not_cast() -> None:
    assert complaint([IMAGE], np.zeros((2, 3, 5))) == (
        "image is float64, the model takes float32: pass image.astype('float32')"
    )


@pytest.mark.parametrize("dtype", [">f4", "float16", "int32", "complex64"])
def test_no_other_element_type_is_cast(dtype: str) -> None:
    assert "the model takes float32" in complaint([IMAGE], np.zeros((2, 3, 5), dtype))


def test_symbolic_dimensions_agree() -> None:
    feeds = {"image": np.zeros((2, 3, 5), np.float32), "ids": np.zeros(4, np.int64)}
    assert complaint([IMAGE, IDS], feeds) == "ids has batch=4, but image has batch=2"


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 5, 1), (2, 2, 5)])
def test_shapes_are_checked(shape: tuple[int, ...]) -> None:
    text = complaint([IMAGE], np.zeros(shape, np.float32))
    assert text == f"image has shape [{', '.join(map(str, shape))}], the model takes [batch, 3, ?]"


def test_an_unknown_rank_takes_any_shape() -> None:
    for shape in ((), (2,), (2, 3)):
        assert one(DType.FLOAT32, np.zeros(shape, np.float32)).shape == shape


@pytest.mark.parametrize(
    ("dtype", "feed"),
    [
        (DType.FLOAT32, [[1, 2], [3, 4.5]]),
        (DType.FLOAT32, 0.1),
        (DType.FLOAT16, [1, True]),
        (DType.BFLOAT16, [0.5, 1]),
        (DType.INT32, [1, -2]),
        (DType.UINT8, 255),
        (DType.BOOL, [True, False]),
        (DType.COMPLEX64, [1 + 2j, 3]),
        (DType.FLOAT32, []),
        (DType.STRING, ["a", "bc"]),
    ],
)
def test_python_numbers_take_the_model_s_element_type(dtype: DType, feed: Any) -> None:
    array = one(dtype, feed)
    assert array.dtype == dtype.numpy() or dtype is DType.STRING
    np.testing.assert_array_equal(array, np.asarray(feed).astype(array.dtype))


@pytest.mark.parametrize(
    ("dtype", "feed", "text"),
    [
        (DType.INT64, [1.5], "x is given as float64 values, the model takes int64"),
        (DType.INT64, [1.0], "x is given as float64 values, the model takes int64"),
        (DType.BOOL, [0, 1], "x is given as int64 values, the model takes bool"),
        (DType.UINT8, [256], "x holds values outside uint8"),
        (DType.UINT8, [-1], "x holds values outside uint8"),
        (DType.FLOAT32, [1j], "x is given as complex128 values, the model takes float32"),
        (DType.FLOAT32, ["1"], "x is given as str32 values, the model takes float32"),
        (DType.FLOAT16, [1e6], "x holds values outside float16"),
    ],
)
def test_python_numbers_that_would_change_are_refused(dtype: DType, feed: Any, text: str) -> None:
    assert complaint([TensorSpec("x", dtype, None)], {"x": feed}) == text


def test_infinity_is_a_value() -> None:
    assert one(DType.FLOAT16, [float("inf")])[0] == np.inf


def test_ragged_lists_are_told() -> None:
    assert complaint([TensorSpec("x", DType.FLOAT32, None)], {"x": [[1], [2, 3]]}).startswith("x is not an array (")


class Lazy:
    """An array of another library."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.ones(2, np.float32)


def test_arrays_of_other_libraries() -> None:
    assert one(DType.FLOAT32, Lazy()).tolist() == [1, 1]
    assert "the model takes int32" in complaint([TensorSpec("x", DType.INT32, None)], {"x": Lazy()})


class Exported:
    """An array that only speaks DLPack."""

    def __init__(self) -> None:
        self.array = np.ones(2, np.float32)

    def __dlpack__(self, **options: Any) -> Any:
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.array.__dlpack_device__()


def test_dlpack_arrays_are_shared() -> None:
    exported = Exported()
    assert np.shares_memory(one(DType.FLOAT32, exported), exported.array)


def test_numpy_scalars_are_arrays() -> None:
    assert one(DType.FLOAT32, np.float32(1)).shape == ()
    assert "the model takes float32" in complaint([TensorSpec("x", DType.FLOAT32, None)], {"x": np.float64(1)})


def test_complex_arrays_go_where_pairs_are_taken() -> None:
    spec = TensorSpec("z", DType.FLOAT32, (3, 2))
    z = np.array([1 + 2j, 3 + 4j, 5 + 6j], np.complex64)
    pairs = check_feeds([spec], [{"z": z}], frozenset({"z"}))["z"]
    assert pairs.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert np.shares_memory(pairs, z)
    assert check_feeds([spec], [{"z": pairs}], frozenset({"z"}))["z"] is pairs
    assert "is complex64, the model takes float32" in complaint([spec], {"z": z})
    with pytest.raises(BadFeed, match=r"z is float64"):
        check_feeds([spec], [{"z": z.astype(np.complex128)}], frozenset({"z"}))


def test_an_input_of_unknown_type_takes_any_array_but_no_bare_floats() -> None:
    spec = TensorSpec("x", None, None)
    array = np.zeros(2, ml_dtypes.bfloat16)
    assert check_feeds([spec], [array])["x"] is array
    assert check_feeds([spec], [[1, 2]])["x"].dtype == np.int64
    assert complaint([spec], [0.5]) == (
        "x is given as Python numbers, but its element type is not known: pass an array"
    )
