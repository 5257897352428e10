"""Inputs against what a model takes."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest

from mindferry.errors import BadFeed
from mindferry.runtimes.feeds import check_feeds, fitting, forms, zeros
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


@pytest.mark.parametrize("dtype", ["float16", "int32", "complex64"])
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


class Converted:
    """An array of another library, which makes a copy."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.ones(2, np.float32)


class Described:
    """An array of another library, which tells where its memory is."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    @property
    def __array_interface__(self) -> dict[str, Any]:
        return self.array.__array_interface__


class Exported:
    """An array that only speaks DLPack."""

    def __init__(self, array: np.ndarray, device: tuple[int, int] = (1, 0)) -> None:
        self.array, self.device = array, device

    def __dlpack__(self, **options: Any) -> Any:
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.device


class OnCuda:
    """An array of CUDA memory that speaks no DLPack."""

    __cuda_array_interface__: dict[str, Any] = {}  # noqa: RUF012


class Unsupported(Converted):
    """Its element type is none that numpy takes through DLPack."""

    def __dlpack__(self, **options: Any) -> Any:
        raise BufferError("no such type")

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


class Refusing:
    """As PyTorch's tensors that need a gradient."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        raise RuntimeError("use tensor.detach()")


@pytest.mark.parametrize("kind", [Converted, Unsupported])
def test_arrays_of_other_libraries(kind: type) -> None:
    assert one(DType.FLOAT32, kind()).tolist() == [1, 1]
    assert "the model takes int32" in complaint([TensorSpec("x", DType.INT32, None)], {"x": kind()})


@pytest.mark.parametrize("kind", [Described, Exported])
def test_memory_of_other_libraries_is_shared(kind: type) -> None:
    array = np.ones((2, 3), np.float32)
    found = one(DType.FLOAT32, kind(array))
    assert found.ctypes.data == array.ctypes.data
    assert found.shape == (2, 3)


def test_every_device_of_the_host_is_read() -> None:
    for kind in (1, 3, 11, 13):
        assert one(DType.FLOAT32, Exported(np.ones(2, np.float32), (kind, 0))).tolist() == [1, 1]


@pytest.mark.parametrize(
    ("feed", "place"),
    [
        (Exported(np.ones(2, np.float32), (2, 1)), "cuda:1"),
        (Exported(np.ones(2, np.float32), (10, 0)), "rocm:0"),
        (Exported(np.ones(2, np.float32), (99, 0)), "DLPack device 99:0"),
        (OnCuda(), "cuda"),
    ],
)
def test_memory_of_a_gpu_is_refused(feed: Any, place: str) -> None:
    assert complaint([TensorSpec("x", DType.FLOAT32, None)], feed) == (
        f"x is on {place}, from where this session takes no arrays: copy it to the host"
    )


def test_what_another_library_says_is_told() -> None:
    assert complaint([TensorSpec("x", DType.FLOAT32, None), IDS], Refusing(), np.zeros(2)) == (
        "x cannot be read as an array (use tensor.detach()); ids is float64, the model takes int64: "
        "pass ids.astype('int64')"
    )


def test_masks_are_not_dropped() -> None:
    masked = np.ma.masked_array(np.ones(2, np.float32), mask=[0, 1])
    assert "x is a masked array" in complaint([TensorSpec("x", DType.FLOAT32, None)], masked)
    assert one(DType.FLOAT32, np.ma.masked_array(np.ones(2, np.float32))).tolist() == [1, 1]


def unusual() -> dict[str, np.ndarray]:
    """Arrays of the values 0..5 whose memory is not as most arrays' is."""
    plain = np.arange(6, dtype=np.float32).reshape(2, 3)
    read_only = plain.copy()
    read_only.flags.writeable = False
    return {
        "transposed": plain.T.copy().T,
        "sliced": np.repeat(plain, 2, axis=1)[:, ::2],
        "reversed": plain[::-1, ::-1].copy()[::-1, ::-1],
        "Fortran order": np.asfortranarray(plain),
        "byte-swapped": plain.astype(">f4" if plain.dtype.byteorder in "<=" else "<f4"),
        "byte-swapped in Fortran order": np.asfortranarray(plain.astype(">f4")),
        "read-only": read_only,
        "broadcast": np.broadcast_to(plain, (2, 3)),
        "subclass": plain.view(np.recarray),
        "unaligned": np.frombuffer(b"\0" + plain.tobytes(), np.float32, offset=1).reshape(2, 3),
    }


@pytest.mark.parametrize("array", unusual().values(), ids=unusual())
def test_unusual_memory_comes_in_order(array: np.ndarray) -> None:
    specs = [TensorSpec("x", DType.FLOAT32, (2, 3))]
    found = fitting(forms(specs), [array]) or check_feeds(specs, [array])
    assert type(found["x"]) is np.ndarray
    assert found["x"].flags.c_contiguous and found["x"].dtype.isnative
    assert found["x"].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_broadcast_arrays_are_written_out() -> None:
    assert one(DType.FLOAT32, np.broadcast_to(np.float32(2), (2, 3))).tolist() == [[2, 2, 2]] * 2


@pytest.mark.parametrize(
    "feeds",
    [
        ({"ids": np.zeros(2, np.int64), "image": np.zeros((2, 3, 5), np.float32)},),
        (np.zeros((2, 3, 5), np.float32), np.zeros(2, np.int64)),
    ],
)
def test_what_fits_is_seen_at_once(feeds: tuple[Any, ...]) -> None:
    found = fitting(forms([IMAGE, IDS]), feeds)
    assert found is not None and list(found) == ["image", "ids"]
    assert found == check_feeds([IMAGE, IDS], feeds)


@pytest.mark.parametrize(
    "feeds",
    [
        (),
        ({},),
        (np.zeros((2, 3, 5), np.float32),),
        ({"image": np.zeros((2, 3, 5), np.float32), "other": np.zeros(2, np.int64)},),
        (np.zeros((2, 3, 5), np.float32), np.zeros(3, np.int64)),
        (np.zeros((2, 4, 5), np.float32), np.zeros(2, np.int64)),
        (np.zeros((2, 3), np.float32), np.zeros(2, np.int64)),
        (np.zeros((2, 3, 5), np.float64), np.zeros(2, np.int64)),
        (np.zeros((2, 5, 3), np.float32).transpose(0, 2, 1), np.zeros(2, np.int64)),
        (np.zeros((2, 3, 5), np.float32), [0, 0]),
    ],
)
def test_what_does_not_fit_as_it_is_is_seen_too(feeds: tuple[Any, ...]) -> None:
    assert fitting(forms([IMAGE, IDS]), feeds) is None


def test_zeros_of_what_a_model_takes() -> None:
    made = zeros([IMAGE, IDS, TensorSpec("text", DType.STRING, (1,)), TensorSpec("h", DType.BFLOAT16, ())])
    assert {name: (array.shape, array.dtype) for name, array in made.items()} == {
        "image": ((1, 3, 1), np.float32), "ids": ((1,), np.int64), "text": ((1,), object),
        "h": ((), ml_dtypes.bfloat16),
    }  # fmt: skip
    assert made["text"].tolist() == [""]
    for spec in (TensorSpec("x", None, (1,)), TensorSpec("x", DType.FLOAT32, None)):
        with pytest.raises(BadFeed, match=r"^x: .* leaves open what it takes; give arrays$"):
            zeros([spec])


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
