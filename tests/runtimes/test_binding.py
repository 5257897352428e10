"""Outputs that are written into the caller's arrays, on every runtime of the CPU."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

import mindferry
from mindferry.errors import BadFeed
from mindferry.runtimes import openvino
from mindferry.runtimes.base import Device, Session
from mindferry.runtimes.feeds import forms
from mindferry.types import DType, TensorSpec
from runtimes import models
from runtimes.test_base import AddOneSession
from runtimes.test_stress import memory

RUNTIMES = ["onnxruntime", "openvino", "split"]
A, B = np.array([[1, 2], [3, 4]], np.float32), np.array([[10, 20], [30, 40]], np.float32)


@pytest.fixture(params=RUNTIMES)
def runtime(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def session(tmp_path: Path, runtime: str) -> Iterator[Session]:
    """total = a + b and difference = a - b of [n, 2]."""
    with mindferry.open(models.add(tmp_path / "a.onnx"), runtime=runtime) as opened:
        yield opened


def complaint(session: Session, out: Any, *feeds: Any) -> str:
    with pytest.raises(BadFeed) as caught:
        session.run(*(feeds or (A, B)), out=out)
    return str(caught.value)


def filled(shape: Any = (2, 2), dtype: Any = np.float32) -> np.ndarray:
    return np.full(shape, 99, dtype)


def test_outputs_come_in_the_arrays_that_are_given(session: Session) -> None:
    total, difference = filled(), filled()
    found = session.run(A, B, out={"difference": difference, "total": total})
    assert list(found) == ["total", "difference"]
    assert found["total"] is total and found["difference"] is difference
    assert total.tolist() == (A + B).tolist() and difference.tolist() == (A - B).tolist()


@pytest.mark.parametrize("names", [(), ("total",), ("difference",)])
def test_other_outputs_are_new(session: Session, names: tuple[str, ...]) -> None:
    out = {name: filled() for name in names}
    found = session.run(A, B, out=out)
    assert {name: array.tolist() for name, array in found.items()} == {
        "total": (A + B).tolist(), "difference": (A - B).tolist(),
    }  # fmt: skip
    assert [name for name in found if any(found[name] is array for array in out.values())] == list(names)


def test_later_runs_leave_earlier_arrays_alone(session: Session) -> None:
    rows = [1, 3, 2, 5, 1]
    kept = []
    for row in rows:
        array = np.full((row, 2), row, np.float32)
        kept.append(session.run(array, array, out={"total": filled((row, 2))})["total"])
        free = session.run(array + 100, array)["total"]
        assert free.tolist() == [[100 + 2 * row] * 2] * row
    assert [array.tolist() for array in kept] == [[[2 * row] * 2] * row for row in rows]


def test_the_session_keeps_no_array(session: Session) -> None:
    out = filled()
    kept = weakref.ref(out)
    session.run(A, B, out={"total": out})
    del out
    gc.collect()
    assert kept() is None


def test_parts_of_a_larger_array(session: Session) -> None:
    whole = filled((6, 2))
    for start in (0, 2, 4):
        session.run(A * start, B, out={"total": whole[start : start + 2]})
    assert whole.tolist() == np.concatenate([A * start + B for start in (0, 2, 4)]).tolist()


def test_a_file_in_memory(session: Session, tmp_path: Path) -> None:
    mapped = np.lib.format.open_memmap(tmp_path / "y.npy", "w+", np.float32, (2, 2))
    assert session.run(A, B, out={"total": mapped})["total"] is mapped
    mapped.flush()
    assert np.load(tmp_path / "y.npy").tolist() == (A + B).tolist()


def read_only() -> np.ndarray:
    array = filled()
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (filled(dtype=np.float64), "total in out is float64, the model returns float32"),
        (filled(dtype=">f4"), "total in out is >f4, the model returns float32"),
        (filled((3, 2)), "total in out has shape [3, 2], the model returns [2, 2]"),
        (filled(4), "total in out has shape [4], the model returns [2, 2]"),
        (read_only(), "total in out is read-only"),
        (filled().T, "total in out is not in C order, or not aligned: pass an array as numpy.empty makes it"),
        (
            np.frombuffer(bytearray(17), np.float32, offset=1).reshape(2, 2),
            "total in out is not in C order, or not aligned: pass an array as numpy.empty makes it",
        ),
        (np.ma.masked_array(filled()), "total in out is a masked array, whose mask would be left as it is: pass its data"),
        (
            [[0.0, 0.0]] * 2,
            "total in out is list, and outputs are written to numpy arrays: pass one that shares its memory",
        ),
        (None, "total in out is NoneType, and outputs are written to numpy arrays: pass one that shares its memory"),
    ],
)  # fmt: skip
def test_arrays_that_cannot_be_written_to(session: Session, array: Any, text: str) -> None:
    before = np.array(array) if isinstance(array, np.ndarray) else None
    assert complaint(session, {"total": array}) == text
    assert before is None or np.array_equal(before, array)


def test_all_problems_are_told_at_once(session: Session) -> None:
    assert complaint(session, {"total": filled(dtype=np.int32), "sum": filled(), "difference": filled((2, 3))}) == (
        "total in out is int32, the model returns float32; "
        f"sum in out is not an output; the model returns {', '.join(map(str, session.outputs))}; "
        "difference in out has shape [2, 3], the model returns [2, 2]"
    )
    assert complaint(session, filled()) == "out takes a mapping from output names to arrays, not ndarray"


def test_memory_is_not_shared_with_inputs_or_outputs(session: Session) -> None:
    a, whole = A.copy(), filled((3, 2))
    assert complaint(session, {"total": a, "difference": filled()}, a, B) == (
        "total in out shares memory with the input a"
    )
    assert complaint(session, {"total": whole[:2], "difference": whole[1:]}) == (
        "total and difference in out share memory"
    )
    session.run(whole[:2], B, out={"total": filled()})
    session.run(a.T, B, out={"total": filled()})


def test_futures_write_too(session: Session) -> None:
    outs = [filled() for _ in range(20)]
    futures = [session.run_async(A * index, B, out={"total": out}) for index, out in enumerate(outs)]
    assert all(future.result(60)["total"] is out for future, out in zip(futures, outs, strict=True))
    assert [out.tolist() for out in outs] == [(A * index + B).tolist() for index in range(20)]
    with pytest.raises(BadFeed, match="total in out is int32"):
        session.run_async(A, B, out={"total": filled(dtype=np.int32)}).result(60)


def test_threads_write_side_by_side(session: Session) -> None:
    wrong: list[int] = []

    def work(value: int) -> None:
        array, out = np.full((value + 1, 2), value, np.float32), filled((value + 1, 2))
        for index in range(200):
            found = session.run(array, array, out={"total": out} if index % 3 else None)["total"]
            wrong.extend([] if np.array_equal(found, 2 * array) and (not index % 3 or found is out) else [value])

    threads = [threading.Thread(target=work, args=(value,)) for value in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []


KINDS = {
    "FLOAT": np.float32, "FLOAT16": np.float16, "BFLOAT16": ml_dtypes.bfloat16, "INT64": np.int64, "INT32": np.int32,
    "INT8": np.int8, "UINT8": np.uint8, "BOOL": np.bool_,
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3)])
@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_element_types_and_shapes(tmp_path: Path, runtime: str, kind: str, shape: tuple[int, ...]) -> None:
    for declared in (shape, ("n", *shape[1:]) if shape else shape):
        path = models.identity(tmp_path / "a.onnx", getattr(TensorProto, kind), declared)
        array, out = np.ones(shape, KINDS[kind]), np.zeros(shape, KINDS[kind])
        with mindferry.open(path, runtime=runtime) as session:
            assert session.run(array, out={"y": out})["y"] is out
            np.testing.assert_array_equal(out, array)


def test_texts(tmp_path: Path) -> None:
    out = np.full(2, "", object)
    with mindferry.open(models.identity(tmp_path / "a.onnx", TensorProto.STRING, ["n"])) as session:
        assert session.run(["a", "bc"], out={"y": out})["y"] is out
    assert out.tolist() == ["a", "bc"]


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
@pytest.mark.parametrize("shape", [[3], ["n"]])
def test_an_input_that_is_returned_as_it_is(tmp_path: Path, runtime: str, shape: list[int | str]) -> None:
    path = models.save(
        tmp_path / "a.onnx", [helper.make_node("Neg", ["x"], ["y"])],
        [("x", TensorProto.FLOAT, shape)], [("x", TensorProto.FLOAT, shape), ("y", TensorProto.FLOAT, shape)],
    )  # fmt: skip
    x, same, negative = np.array([1, 2, 3], np.float32), filled(3), filled(3)
    with mindferry.open(path, runtime=runtime) as session:
        session.run(x, out={"x": same, "y": negative})
        free = session.run(x, out={"y": negative})["x"]
        assert complaint(session, {"x": x}, x) == "x in out shares memory with the input x"
    assert (x.tolist(), same.tolist(), negative.tolist()) == ([1, 2, 3], [1, 2, 3], [-1, -2, -3])
    assert free.tolist() == [1, 2, 3] and not np.shares_memory(free, x)


NODES = {
    "reshape": ([helper.make_node("Reshape", ["x", "flat"], ["y"])], ["y"]),
    "in turn": (
        [helper.make_node("Abs", ["x"], ["y"]), helper.make_node("Neg", ["y"], ["z"]), helper.make_node("Abs", ["z"], ["w"])],
        ["y", "z", "w"],
    ),
    "twice": ([helper.make_node("Abs", ["x"], ["y"]), helper.make_node("Identity", ["y"], ["z"])], ["y", "z"]),
    "parts": ([helper.make_node("Split", ["x"], ["y", "z"], axis=0, num_outputs=2)], ["y", "z"]),
    "joined": (
        [helper.make_node("Abs", ["x"], ["y"]), helper.make_node("Concat", ["y", "x"], ["z"], axis=0)],
        ["y", "z"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
@pytest.mark.parametrize("nodes", NODES)
@pytest.mark.parametrize("shape", [[4, 2], ["n", 2]])
def test_outputs_that_are_views_of_each_other(tmp_path: Path, runtime: str, nodes: str, shape: list[Any]) -> None:
    flat = helper.make_node("Constant", [], ["flat"], value_ints=[-1])
    made, names = NODES[nodes]
    ports = [(name, TensorProto.FLOAT, None) for name in names]
    path = models.save(tmp_path / "a.onnx", [flat, *made], [("x", TensorProto.FLOAT, shape)], ports)
    x = np.arange(8, dtype=np.float32).reshape(4, 2) - 4
    with mindferry.open(path, runtime=runtime) as session:
        expected = session.run(x)
        out = {name: filled(array.shape) for name, array in expected.items()}
        session.run(x, out=out)
        assert {name: array.tolist() for name, array in out.items()} == {
            name: array.tolist() for name, array in expected.items()
        }


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_a_shape_that_only_the_run_tells(tmp_path: Path, runtime: str) -> None:
    path = models.save(
        tmp_path / "a.onnx", [helper.make_node("NonZero", ["x"], ["y"])],
        [("x", TensorProto.FLOAT, ["n"])], [("y", TensorProto.INT64, [1, "found"])],
    )  # fmt: skip
    x, fits, short = np.array([1, 0, 2], np.float32), filled((1, 2), np.int64), filled((1, 1), np.int64)
    with mindferry.open(path, runtime=runtime) as session:
        assert session.run(x, out={"y": fits})["y"].tolist() == [[0, 2]]
        assert complaint(session, {"y": short}, x) == "y in out has shape [1, 1], but the run returned [1, 2]"
        assert complaint(session, {"y": filled((2, 2), np.int64)}, x) == (
            "y in out has shape [2, 2], the model returns [1, found]"
        )
        assert short.tolist() == [[99]]
        assert session.run(x)["y"].tolist() == [[0, 2]]


class Untold(AddOneSession):
    """Its outputs are known after a run only."""

    def __init__(self) -> None:
        super().__init__(Device("cpu"), 1)
        self.inputs, self.outputs = (TensorSpec("x", DType.FLOAT32, None),), ()
        self._forms = forms(self.inputs)


def test_outputs_that_only_the_run_tells() -> None:
    out = filled()
    with Untold() as session:
        assert session.run(A, out={"y": out})["y"] is out
        assert out.tolist() == (A + 1).tolist()
        assert complaint(session, {"z": filled(), "y": filled((1, 2), np.int8)}, A) == (
            "z in out is not an output; the run returned y; y in out is int8, but the run returned float32; "
            "y in out has shape [1, 2], but the run returned [2, 2]"
        )


def negation(path: Path, size: int | str) -> Path:
    ports = [("x", TensorProto.FLOAT, [size]), ("y", TensorProto.FLOAT, [size])]
    return models.save(path, [helper.make_node("Neg", ["x"], ["y"])], ports[:1], ports[1:])


@pytest.mark.parametrize("size", [5, "n"])
def test_onnx_runtime_computes_in_the_array(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int | str) -> None:
    places: list[int] = []

    class Spying(onnxruntime.IOBinding):
        """Keeps where the outputs were computed."""

        def __del__(self) -> None:
            places.extend(value.data_ptr() for value in self.get_outputs())

    monkeypatch.setattr(onnxruntime.InferenceSession, "io_binding", lambda session: Spying(session))
    out = filled(5)
    with mindferry.open(negation(tmp_path / "a.onnx", size), runtime="onnxruntime") as session:
        session.run(np.ones(5, np.float32), out={"y": out})
    assert places == [out.ctypes.data] and out.tolist() == [-1] * 5


@pytest.mark.parametrize(("size", "in_place"), [(5, True), ("n", False)])
def test_openvino_computes_in_the_array_where_the_shape_is_fixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int | str, in_place: bool
) -> None:
    seen: list[np.ndarray] = []
    values = openvino._values
    monkeypatch.setattr(openvino, "_values", lambda *arguments: seen.append(values(*arguments)) or seen[-1])
    out = filled(5)
    with mindferry.open(negation(tmp_path / "a.onnx", size), runtime="openvino") as session:
        session.run(np.ones(5, np.float32), out={"y": out})
        assert (seen[0].ctypes.data == out.ctypes.data) == in_place and out.tolist() == [-1] * 5
        seen.clear()
        session.run(np.zeros(5, np.float32))
        assert seen[0].ctypes.data != out.ctypes.data and out.tolist() == [-1] * 5


def test_nothing_is_allocated_for_an_output(tmp_path: Path) -> None:
    """The highest memory of a run that returns 64 MB; an output of the runtime's own would add that."""
    array, out = np.ones(1 << 24, np.float32), filled(1 << 24)
    with mindferry.open(negation(tmp_path / "a.onnx", "n"), runtime="onnxruntime") as session:
        session.warm_up()
        Path("/proc/self/clear_refs").write_text("5")
        before = memory("VmHWM")
        session.run(array, out={"y": out})
        assert memory("VmHWM") - before < 16
    assert out[0] == out[-1] == -1


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_many_calls_leave_memory_as_it_was(tmp_path: Path, runtime: str) -> None:
    array = np.ones((1, 1024), np.float32)
    with mindferry.open(models.add(tmp_path / "a.onnx", shape=("n", 1024)), runtime=runtime) as session:

        def calls(count: int) -> None:
            for _ in range(count):
                session.run(array, array, out={"total": np.empty_like(array)})

        calls(1000)
        before = memory("RssAnon")
        calls(4000)
        assert memory("RssAnon") - before < 8


def test_a_converted_network(runtime: str) -> None:
    images = np.random.default_rng(0).random((3, 1, 32, 32), np.float32)
    out = filled((3, 10))
    with mindferry.open(mindferry.demo.path("lenet5.mindir"), runtime=runtime) as session:
        assert session.outputs == (TensorSpec("output", DType.FLOAT32, (session.outputs[0].shape or ())),)
        expected = session.run(images)["output"]
        session.run(images, out={"output": out})
    np.testing.assert_array_equal(out, expected)
