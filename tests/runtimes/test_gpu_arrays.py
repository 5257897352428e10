"""Arrays in the memory of a GPU as inputs and as places of outputs, on doubles of the driver and the runtimes.

There is no GPU here: what is seen is where memory is bound, when streams are waited for, and what is refused.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

import mindferry
from mindferry.compilers import tensorrt_library
from mindferry.errors import BadFeed
from mindferry.runtimes import cuda
from mindferry.runtimes.base import Session
from runtimes import fake_tensorrt, models
from runtimes.fake_cuda import FakeDriver, OnGpu
from runtimes.fake_onnxruntime import CPU, Machine

Open = Callable[..., Session]
X = np.arange(6, dtype=np.float32).reshape(3, 2)
BATCHES = {"x": [[1, 2], [4, 2], [16, 2]]}


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDriver]:
    """A driver with two GPUs, from which everything must be given back; the caller's own context stays active."""
    found = FakeDriver()
    monkeypatch.setattr(cuda, "_library", lambda: found)
    yield found
    gc.collect()
    assert found.leaks == {}


@pytest.fixture
def machine(driver: FakeDriver, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine({"CUDAExecutionProvider": 2}, driver=driver)
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider", CPU])
    monkeypatch.setattr(onnxruntime, "InferenceSession", made.session)
    return made


@pytest.fixture(params=["onnxruntime", "tensorrt"])
def twice(request: pytest.FixtureRequest, tmp_path: Path, driver: FakeDriver, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens y = x + x of [n, 2] on a GPU."""
    if request.param == "onnxruntime":
        request.getfixturevalue("machine")
        ports = [(name, TensorProto.FLOAT, ["n", 2]) for name in "xy"]
        path = models.save(tmp_path / "a.onnx", [helper.make_node("Add", ["x", "x"], ["y"])], ports[:1], ports[1:])
    else:
        module = fake_tensorrt.module(driver)
        monkeypatch.setattr(tensorrt_library, "_loaded", lambda name: tensorrt_library.Library(module))
        path = tmp_path / "a.engine"
        path.write_bytes(
            fake_tensorrt.engine(
                ("x", "INPUT", "FLOAT", [-1, 2], "DEVICE"), ("y", "OUTPUT", "FLOAT", [-1, 2], "DEVICE"),
                profiles=(BATCHES,),
            )
        )  # fmt: skip
    return lambda device="gpu": mindferry.open(path, device=device, runtime=request.param)


def complaint(session: Session, *feeds: Any, **options: Any) -> str:
    with pytest.raises(BadFeed) as caught:
        session.run(*feeds, **options)
    return str(caught.value)


def changed(array: OnGpu, **interface: Any) -> OnGpu:
    array.interface |= interface
    return array


def test_memory_of_the_gpu_is_used_where_it_lies(twice: Open, driver: FakeDriver) -> None:
    x, y = OnGpu(driver, X), OnGpu(driver, np.zeros_like(X))
    with twice() as session:
        assert session.run(x, out={"y": y})["y"] is y
        assert y.values.tolist() == (2 * X).tolist()
        assert not {"cuMemcpyHtoDAsync_v2", "cuMemcpyDtoHAsync_v2", "cuMemcpyDtoDAsync_v2"} & set(driver.calls)


def test_inputs_on_the_gpu_and_outputs_on_the_host(twice: Open, driver: FakeDriver) -> None:
    x, y = OnGpu(driver, X), np.zeros_like(X)
    with twice() as session:
        assert session.run(x)["y"].tolist() == (2 * X).tolist()
        assert session.run({"x": x}, out={"y": y})["y"] is y
        assert session.run_async(x).result(60)["y"].tolist() == y.tolist() == (2 * X).tolist()
        assert "cuMemcpyHtoDAsync_v2" not in driver.calls


def test_inputs_on_the_host_and_outputs_on_the_gpu(twice: Open, driver: FakeDriver) -> None:
    y = OnGpu(driver, np.zeros_like(X))
    with twice() as session:
        assert session.run(X, out={"y": y})["y"] is y
        assert y.values.tolist() == (2 * X).tolist()
        assert "cuMemcpyDtoHAsync_v2" not in driver.calls


def test_later_runs_leave_the_memory_alone(twice: Open, driver: FakeDriver) -> None:
    x, y = OnGpu(driver, X), OnGpu(driver, np.zeros_like(X))
    with twice() as session:
        session.run(x, out={"y": y})
        x.free()
        assert session.run(X + 1)["y"].tolist() == (2 * X + 2).tolist()
        assert y.values.tolist() == (2 * X).tolist()
        y.free()
        assert session.run(X[:1])["y"].tolist() == (2 * X[:1]).tolist()


def test_the_second_gpu(twice: Open, driver: FakeDriver) -> None:
    x, y = OnGpu(driver, X, 1), OnGpu(driver, np.zeros_like(X), 1)
    with twice("gpu:1") as session:
        session.run(x, out={"y": y})
        assert y.values.tolist() == (2 * X).tolist()
        assert complaint(session, OnGpu(driver, X), out={"y": OnGpu(driver, X)}) == (
            "x is on cuda:0, and the session runs on gpu:1: copy it there; "
            "y in out is on cuda:0, and the session runs on gpu:1: copy it there"
        )


@pytest.mark.parametrize("stream", [1, 2, 0xABC])
def test_the_stream_of_the_producer_is_waited_for(twice: Open, driver: FakeDriver, stream: int) -> None:
    driver.streams[0xABC] = []
    x, y = OnGpu(driver, X, stream=stream, later=stream), OnGpu(driver, np.zeros_like(X), stream=stream, later=stream)
    with twice() as session:
        session.run(x, out={"y": y})
    del driver.streams[0xABC]
    assert y.values.tolist() == (2 * X).tolist()


def test_all_work_is_waited_for_where_an_interface_cannot_name_a_stream(twice: Open, driver: FakeDriver) -> None:
    driver.streams[0xABC] = []
    x = OnGpu(driver, X, version=2, later=0xABC)
    with twice() as session:
        assert session.run(x)["y"].tolist() == (2 * X).tolist()
    del driver.streams[0xABC]


def test_without_a_stream_nothing_is_waited_for(twice: Open, driver: FakeDriver) -> None:
    with twice() as session:
        driver.calls.clear()
        session.run(OnGpu(driver, X))
        asked = driver.calls.index("cuPointerGetAttribute")
        assert driver.calls[asked - 1 : asked + 2] == [
            "cuCtxPushCurrent_v2",
            "cuPointerGetAttribute",
            "cuCtxPopCurrent_v2",
        ]
        assert "cuCtxSynchronize" not in driver.calls


def test_the_context_of_the_caller_stays(twice: Open, driver: FakeDriver) -> None:
    own = cuda.Gpu(cuda.Device("gpu"))
    with twice("gpu:1") as session:
        own.activate()
        session.run(OnGpu(driver, X, 1))
        complaint(session, OnGpu(driver, X))
        assert driver.active_gpu == 0
    own.close()


def test_empty_arrays(twice: Open, driver: FakeDriver) -> None:
    x, y = OnGpu(driver, np.zeros((0, 2), np.float32)), OnGpu(driver, np.zeros((0, 2), np.float32))
    with twice() as session:
        if session.runtime == "tensorrt":
            assert complaint(session, x) == "x has shape [0, 2], the engine takes [1, 2] to [16, 2]"
        else:
            assert session.run(x, out={"y": y})["y"] is y
            assert session.run(x)["y"].shape == (0, 2)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"typestr": "<f8"}, "is float64, the model {} float32"),
        ({"typestr": "<V2"}, "is |V2, the model {} float32"),
        ({"typestr": ">f4"}, "is >f4, the model {} float32"),
        ({"shape": (2, 3)}, "has shape [2, 3], the model {} [n, 2]"),
        ({"strides": (4, 12)}, "is not in C order, and nothing on a GPU is copied silently: make it contiguous"),
        ({"mask": object()}, "is a masked array, and no model takes a mask: fill it"),
        (
            {"stream": 0},
            "names stream 0, which means none in particular: name 1 (the default stream), 2 or a stream's handle",
        ),
    ],
)
def test_arrays_that_do_not_fit(twice: Open, driver: FakeDriver, change: dict[str, Any], text: str) -> None:
    x, y = changed(OnGpu(driver, X), **change), changed(OnGpu(driver, X), **change)
    with twice() as session:
        n = "n" if session.runtime == "onnxruntime" else "?"
        assert complaint(session, x) == f"x {text.format('takes').replace('n, 2', f'{n}, 2')}"
        n = "3" if session.runtime == "onnxruntime" else "?"
        assert complaint(session, X, out={"y": y}) == f"y in out {text.format('returns').replace('n, 2', f'{n}, 2')}"
        assert session.run(changed(OnGpu(driver, X), strides=(8, 4)))["y"].tolist() == (2 * X).tolist()


def test_memory_that_cannot_be_written_to(twice: Open, driver: FakeDriver) -> None:
    x = OnGpu(driver, X)
    y = OnGpu(driver, X)
    y.interface["data"] = (y.address, True)
    with twice() as session:
        assert complaint(session, X, out={"y": y}) == "y in out is read-only"
        assert complaint(session, x, out={"y": x}) == "y in out shares memory with the input x"


def test_memory_that_is_not_there(twice: Open, driver: FakeDriver) -> None:
    freed = OnGpu(driver, X)
    freed.free()
    host = changed(OnGpu(driver, X), data=(X.ctypes.data, False))
    with twice() as session:
        for array in (freed, host):
            assert complaint(session, array) == (
                "x is in no memory that the NVIDIA driver knows: it was freed, or is the host's"
            )


class Refusing:
    """As PyTorch's tensors that need a gradient."""

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        raise RuntimeError("use tensor.detach()")


def test_what_another_library_says_is_told(twice: Open) -> None:
    with twice() as session:
        assert complaint(session, Refusing()) == "x cannot be read as an array (use tensor.detach())"


def test_an_interface_that_says_too_little(twice: Open, driver: FakeDriver) -> None:
    x = OnGpu(driver, X)
    del x.interface["data"]
    with twice() as session:
        assert complaint(session, x) == "x cannot be read as an array ('data')"
        assert complaint(session, X, out={"y": x}) == "y in out cannot be read as an array ('data')"


def test_batches_stay_on_the_host(twice: Open, driver: FakeDriver) -> None:
    with twice() as session, pytest.raises(BadFeed, match="x is on cuda, from where this session takes no arrays"):
        session.run_batched(OnGpu(driver, X))


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino", "split"])
def test_a_session_on_another_device(tmp_path: Path, driver: FakeDriver, runtime: str) -> None:
    a = OnGpu(driver, X)
    with mindferry.open(models.add(tmp_path / "a.onnx"), runtime=runtime) as session:
        assert complaint(session, a, X) == "a is on cuda, from where this session takes no arrays: copy it to the host"
        assert complaint(session, X, X, out={"total": a}) == (
            "total in out is on cuda, where this session writes nothing: pass an array of the host"
        )


def test_an_output_of_onnx_runtime_whose_shape_only_the_run_tells(
    tmp_path: Path, driver: FakeDriver, machine: Machine
) -> None:
    path = models.save(
        tmp_path / "a.onnx", [helper.make_node("NonZero", ["x"], ["y"])],
        [("x", TensorProto.FLOAT, ["n"])], [("y", TensorProto.INT64, [1, "found"])],
    )  # fmt: skip
    x = np.array([1, 0, 2], np.float32)
    fits, short = OnGpu(driver, np.zeros((1, 2), np.int64)), OnGpu(driver, np.full((1, 1), 9))
    with mindferry.open(path, device="gpu", runtime="onnxruntime") as session:
        session.run(x, out={"y": fits})
        assert fits.values.tolist() == [[0, 2]]
        assert complaint(session, x, out={"y": short}) == "y in out has shape [1, 1], but the run returned [1, 2]"
        assert short.values.tolist() == [[9]]
    assert machine.bound[-1] == ("y", "cuda", None)


def test_an_input_that_onnx_runtime_returns_as_it_is(tmp_path: Path, driver: FakeDriver, machine: Machine) -> None:
    path = models.save(
        tmp_path / "a.onnx", [helper.make_node("Neg", ["x"], ["y"])],
        [("x", TensorProto.FLOAT, ["n"])], [("x", TensorProto.FLOAT, ["n"]), ("y", TensorProto.FLOAT, ["n"])],
    )  # fmt: skip
    x = np.array([1, 2], np.float32)
    with mindferry.open(path, device="gpu", runtime="onnxruntime") as session:
        for feed, out in ((x, OnGpu(driver, x)), (OnGpu(driver, x), np.zeros_like(x))):
            assert complaint(session, feed, out={"x": out}) == (
                "x in out needs no place on a GPU: it is an input that the model returns as it is"
            )
        out = np.zeros_like(x)
        session.run(x, out={"x": out})
        assert out.tolist() == [1, 2]


@pytest.fixture
def engine(tmp_path: Path, driver: FakeDriver, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens an engine of two times x, of a shape and an element type."""

    def opened(kind: str, shape: list[int], location: str = "DEVICE", **more: Any) -> Session:
        module = fake_tensorrt.module(driver, **more)
        monkeypatch.setattr(tensorrt_library, "_loaded", lambda name: tensorrt_library.Library(module))
        path, ports = (
            tmp_path / "a.engine",
            (("x", "INPUT", kind, shape, location), ("y", "OUTPUT", kind, shape, location)),
        )
        path.write_bytes(fake_tensorrt.engine(*ports, profiles=(BATCHES if -1 in shape else {},)))
        return mindferry.open(path, device="gpu")

    return opened


def test_bfloat16_in_an_engine(engine: Open, driver: FakeDriver) -> None:
    x = np.array([1, 2.5], ml_dtypes.bfloat16)
    y = OnGpu(driver, np.zeros_like(x))
    with engine("BF16", [2]) as session:
        session.run(OnGpu(driver, x), out={"y": y})
    assert y.interface["typestr"] == "<V2" and y.values.tolist() == [2, 5]


def test_an_engine_takes_aligned_memory(engine: Open, driver: FakeDriver) -> None:
    with engine("FLOAT", [3, 2]) as session:
        assert complaint(session, OnGpu(driver, X, offset=24), out={"y": OnGpu(driver, X, offset=128)}) == (
            "x begins at no multiple of 256 bytes, as TensorRT needs it: pass a copy; "
            "y in out begins at no multiple of 256 bytes, as TensorRT needs it: pass a copy"
        )
        y = OnGpu(driver, X, offset=256)
        session.run(OnGpu(driver, X, offset=512), out={"y": y})
        assert y.values.tolist() == (2 * X).tolist()


def test_tensors_that_an_engine_wants_on_the_host(engine: Open, driver: FakeDriver) -> None:
    x, y = np.array([3, 4]), np.zeros(2, np.int64)
    with engine("INT64", [2], "HOST") as session:
        assert complaint(session, OnGpu(driver, x), out={"y": OnGpu(driver, x)}) == (
            "x is on the GPU, and TensorRT wants it on the host: pass an array of numpy's; "
            "y in out is on the GPU, and TensorRT wants it on the host: pass an array of numpy's"
        )
        assert session.run(x, out={"y": y})["y"] is y and y.tolist() == [6, 8]


def test_an_output_of_an_engine_whose_shape_is_found_while_computing(engine: Open, driver: FakeDriver) -> None:
    on_gpu, on_host = OnGpu(driver, np.zeros_like(X)), np.zeros_like(X)
    with engine("FLOAT", [-1, 2], unknown_until_run=("y",)) as session:
        for out in (on_gpu, on_host):
            assert session.run(OnGpu(driver, X), out={"y": out})["y"] is out
        assert complaint(session, X, out={"y": OnGpu(driver, X[:2])}) == (
            "y in out has shape [2, 2], but the run returned [3, 2]"
        )
    assert on_gpu.values.tolist() == on_host.tolist() == (2 * X).tolist()


def test_the_driver_is_asked_where_memory_is(driver: FakeDriver) -> None:
    gpu = cuda.Gpu(cuda.Device("gpu"))
    assert gpu.holder(OnGpu(driver, X, 1).address + 4) == 1
    assert gpu.holder(X.ctypes.data) is None
    gpu.close()
