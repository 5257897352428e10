"""TensorRT sessions on doubles of the driver and of TensorRT: the right calls in the right order, and nothing kept.

No engine runs here: there is no GPU. What TensorRT itself computes is not seen.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import mindferry
from mindferry.compilers import tensorrt as compiler
from mindferry.compilers import tensorrt_library
from mindferry.errors import BackendFailed, BadFeed, NoDevice, NotInstalled, OptionError, RunError
from mindferry.runtimes import cuda
from mindferry.runtimes.base import Session
from mindferry.types import DType, TensorSpec
from runtimes import fake_tensorrt, models
from runtimes.fake_cuda import FakeDriver

LIBRARY: Any = cuda._library
Install = Callable[..., Any]

FREE = ("x", "INPUT", "FLOAT", [-1, 2], "DEVICE"), ("y", "OUTPUT", "FLOAT", [-1, 2], "DEVICE")
BATCHES = {"x": [[1, 2], [4, 2], [16, 2]]}


@pytest.fixture
def driver() -> Iterator[FakeDriver]:
    """A driver with two GPUs, from which everything must be given back."""
    found = FakeDriver()
    yield found
    gc.collect()
    assert found.leaks == {}


@pytest.fixture
def install(driver: FakeDriver, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts doubles in the place of TensorRT's modules; their objects must die in order."""
    made: dict[str, Any] = {}

    def put(name: str = "tensorrt_rtx", **more: Any) -> Any:
        made[name] = fake_tensorrt.module(driver, name, **more)
        return made[name]

    def loaded(name: str) -> tensorrt_library.Library:
        if name not in made:
            raise ImportError(f"no module named {name}")
        return tensorrt_library.Library(made[name])

    monkeypatch.setattr(tensorrt_library, "_loaded", loaded)
    monkeypatch.setattr(cuda, "_library", lambda: driver)
    yield put
    gc.collect()
    assert {name: (trt.alive, trt.died_early) for name, trt in made.items()} == {name: ([], []) for name in made}


def opened(path: Path, device: str = "gpu", **options: Any) -> Session:
    return mindferry.open(path, device=device, options=options)


def written(path: Path, *tensors: Any, **more: Any) -> Path:
    path.write_bytes(fake_tensorrt.engine(*tensors, **more))
    return path


def test_an_engine_with_free_dimensions(tmp_path: Path, install: Install, driver: FakeDriver) -> None:
    install()
    with opened(written(tmp_path / "a.engine", *FREE, profiles=(BATCHES,))) as session:
        assert session.runtime == "tensorrt"
        assert session.inputs == (TensorSpec("x", DType.FLOAT32, (None, 2)),)
        for rows in (1, 3, 16, 2):
            array = np.arange(rows * 2, dtype=np.float32).reshape(rows, 2)
            np.testing.assert_array_equal(session.run(array)["y"], 2 * array)
        assert len(driver.memory) == 2
    assert driver.calls.count("cuMemAlloc_v2") == 6, "buffers grow and are used again"
    assert driver.calls[:5] == [
        "cuInit",
        "cuDeviceGetCount",
        "cuDeviceGet",
        "cuDevicePrimaryCtxRetain",
        "cuCtxSetCurrent",
    ]


def test_a_shape_outside_the_profile_is_told_before_anything_runs(tmp_path: Path, install: Install) -> None:
    trt = install()
    with opened(written(tmp_path / "a.engine", *FREE, profiles=(BATCHES,))) as session:
        with pytest.raises(BadFeed, match=r"^x has shape \[17, 2\], the engine takes \[1, 2\] to \[16, 2\]$"):
            session.run(np.zeros((17, 2), np.float32))
        assert trt.addresses == []


def test_another_profile(tmp_path: Path, install: Install) -> None:
    install()
    path = written(tmp_path / "a.engine", *FREE, profiles=(BATCHES, {"x": [[20, 2], [30, 2], [40, 2]]}))
    with opened(path, profile=1) as session:
        assert session.run(np.ones((30, 2), np.float32))["y"].sum() == 120
    with pytest.raises(OptionError, match="there is no profile 2; the engine has 2"):
        opened(path, profile=2)


@pytest.mark.parametrize("kind", ["FLOAT", "HALF", "BF16", "INT32", "INT64", "BOOL"])
@pytest.mark.parametrize("shape", [[], [0, 3], [2, 3]])
def test_element_types_and_shapes(tmp_path: Path, install: Install, kind: str, shape: list[int]) -> None:
    install()
    path = written(tmp_path / "a.plan", ("x", "INPUT", kind, shape, "DEVICE"), ("y", "OUTPUT", kind, shape, "DEVICE"))
    with opened(path) as session:
        assert session.inputs[0].dtype is not None
        array = np.ones(shape).astype(session.inputs[0].dtype.numpy())
        found = session.run(array)["y"]
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(found, array + array)
    if kind == "BF16":
        assert found.dtype == ml_dtypes.bfloat16


def test_an_output_whose_shape_is_found_while_computing(tmp_path: Path, install: Install) -> None:
    install(unknown_until_run=("y",))
    with opened(written(tmp_path / "a.engine", *FREE, profiles=(BATCHES,))) as session:
        for rows in (2, 5):
            assert session.run(np.ones((rows, 2), np.float32))["y"].tolist() == [[2, 2]] * rows


def test_tensors_that_tensorrt_wants_on_the_host(tmp_path: Path, install: Install, driver: FakeDriver) -> None:
    install()
    ports = ("x", "INPUT", "INT64", [2], "HOST"), ("y", "OUTPUT", "INT64", [2], "HOST")
    with opened(written(tmp_path / "a.engine", *ports)) as session:
        assert session.run([3, 4])["y"].tolist() == [6, 8]
        assert driver.memory == {}


@pytest.mark.parametrize("streams", [1, 3])
def test_many_threads_share_a_session(tmp_path: Path, install: Install, streams: int, driver: FakeDriver) -> None:
    trt, wrong = install(), []
    with opened(written(tmp_path / "a.engine", *FREE, profiles=(BATCHES,)), streams=streams) as session:

        def work(value: int) -> None:
            array = np.full((1 + value, 2), value, np.float32)
            for _ in range(50):
                wrong.extend([] if np.array_equal(session.run(array)["y"], 2 * array) else [value])

        threads = [threading.Thread(target=work, args=(value,)) for value in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(driver.streams) == len(trt.contexts) <= streams
    assert wrong == []
    with pytest.raises(RunError, match="is closed"):
        session.run(np.zeros((1, 2), np.float32))


def test_the_second_gpu(tmp_path: Path, install: Install, driver: FakeDriver) -> None:
    install()
    with opened(written(tmp_path / "a.engine", *FREE, profiles=(BATCHES,)), "gpu:1") as session:
        session.run(np.zeros((1, 2), np.float32))
        assert driver.retained == {1: 1}


def test_a_gpu_that_is_absent(tmp_path: Path, install: Install, driver: FakeDriver) -> None:
    install()
    path = written(tmp_path / "a.engine", *FREE, profiles=(BATCHES,))
    with pytest.raises(NoDevice, match=r"^gpu:2 is not there; the NVIDIA driver finds 2 GPU"):
        opened(path, "gpu:2")
    driver.gpus = 0
    with pytest.raises(NoDevice, match=r"^gpu cannot be used: the NVIDIA driver finds no GPU$"):
        opened(path)


def test_without_a_driver(tmp_path: Path, install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    install()

    def missing(name: str) -> Any:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(cuda.ctypes, "CDLL", missing)
    monkeypatch.setattr(cuda, "_library", LIBRARY.__wrapped__)
    with pytest.raises(NoDevice, match=r"^there is no NVIDIA driver here \(libcuda\.so\.1: cannot open"):
        opened(written(tmp_path / "a.engine", *FREE, profiles=(BATCHES,)))


def test_each_engine_goes_to_its_own_library(tmp_path: Path, install: Install) -> None:
    rtx = written(tmp_path / "rtx.engine", *FREE, profiles=(BATCHES,))
    full = written(tmp_path / "full.engine", *FREE, profiles=(BATCHES,), magic=b"ftrt")
    install("tensorrt")
    with opened(full) as session:
        assert session.run(np.ones((1, 2), np.float32))["y"].tolist() == [[2, 2]]
    with pytest.raises(NotInstalled, match=r"tensorrt_rtx: no module named.*pip install 'mindferry\[tensorrt\]'"):
        opened(rtx)
    with pytest.raises(OptionError, match=r"^TensorRT 1\.7\.1 has neither a cache nor a config at run time"):
        opened(full, cache=tmp_path / "cache")


@pytest.mark.parametrize("raw", [b"vtrt broken", b"something else"])
def test_an_engine_that_tensorrt_cannot_load(tmp_path: Path, install: Install, raw: bytes) -> None:
    install()
    (tmp_path / "a.engine").write_bytes(raw)
    with pytest.raises(BackendFailed) as caught:
        opened(tmp_path / "a.engine")
    assert str(caught.value).endswith(
        "a.engine: TensorRT-RTX 1.7.1 cannot load this engine: Error Code 1: Serialization (magic tag does not match); an "
        "engine runs with the TensorRT and on the GPUs that it was compiled for"
    )


def test_an_element_type_that_no_array_has(tmp_path: Path, install: Install) -> None:
    install()
    ports = ("x", "INPUT", "FP8", [2], "DEVICE"), ("y", "OUTPUT", "FP8", [2], "DEVICE")
    with pytest.raises(BackendFailed, match="x is FP8, which no array can hold"):
        opened(written(tmp_path / "a.engine", *ports))


def test_the_run_time_configuration_of_tensorrt_rtx(tmp_path: Path, install: Install) -> None:
    trt, cache = install(), tmp_path / "kernels"
    path = written(tmp_path / "a.engine", *FREE, profiles=(BATCHES,))
    for kernels in (b"kernels", b"kernels again"):
        with opened(path, cache=cache, config={"cuda_graph_strategy": "WHOLE_GRAPH_CAPTURE"}):
            pass
        assert cache.read_bytes() == kernels
        assert trt.contexts[-1].config.cuda_graph_strategy.name == "WHOLE_GRAPH_CAPTURE"
    with pytest.raises(
        OptionError, match="there is no cuda_graph_strategy 'FAST'; choose DISABLED, WHOLE_GRAPH_CAPTURE"
    ):
        opened(path, config={"cuda_graph_strategy": "FAST"})
    with pytest.raises(OptionError, match="IRuntimeConfig has no attribute 'colour'"):
        opened(path, config={"colour": 1})


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"streams": 0}, "streams must be at least 1, not 0"),
        ({"build": {"precision": "fp16"}}, "is compiled already, so the option build has no meaning"),
        ({"colour": 1}, "tensorrt has no option colour; it has build, profile, streams, cache, config"),
    ],
)
def test_options_that_cannot_be_meant(tmp_path: Path, install: Install, options: dict[str, Any], text: str) -> None:
    install()
    with pytest.raises(OptionError, match=text):
        opened(written(tmp_path / "a.engine", *FREE, profiles=(BATCHES,)), **options)


def test_onnx_is_compiled_for_the_gpu_that_is_there(
    tmp_path: Path, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install()
    asked: list[compiler.Options] = []

    def build(model: Any, options: compiler.Options, progress: Any = None) -> tuple[memoryview, dict[str, Any]]:
        asked.append(options)
        return memoryview(fake_tensorrt.engine(*FREE, profiles=(BATCHES,))), {}

    monkeypatch.setattr(compiler, "build", build)
    path = models.identity(tmp_path / "a.onnx", 1, ["rows", 2])
    options = {"build": {"profiles": BATCHES, "precision": "tf32"}}
    with mindferry.open(path, device="gpu", runtime="tensorrt", options=options) as session:
        assert session.inputs == (TensorSpec("x", DType.FLOAT32, ("rows", 2)),)
        assert session.run([[1, 2]])["y"].tolist() == [[2, 4]]
    assert asked == [compiler.Options(profiles=BATCHES, precision="tf32", compute_capabilities=("current",))]
    with pytest.raises(OptionError, match="build has no option colour; it has compute_capabilities, profiles, "):
        mindferry.open(path, device="gpu", runtime="tensorrt", options={"build": {"colour": 1}})


def test_an_engine_takes_no_options_of_a_conversion(tmp_path: Path, install: Install) -> None:
    install()
    path = written(tmp_path / "a.engine", *FREE, profiles=(BATCHES,))
    with pytest.raises(OptionError, match=r"a\.engine: is engine, which does not take the option input_shapes"):
        mindferry.open(path, device="gpu", input_shapes={"x": (1, 2)})
    with pytest.raises(OptionError, match="tensorrt has no device cpu; it has gpu"):
        mindferry.open(path)


def test_the_double_refuses_what_the_driver_refuses(driver: FakeDriver, install: Install) -> None:
    install()
    gpu = cuda.Gpu(cuda.Device("gpu"))
    with pytest.raises(BackendFailed, match=r"refuses cuMemAlloc_v2: invalid device context \(error 201\)"):
        gpu.allocate(8)
    gpu.activate()
    address, stream = gpu.allocate(8), gpu.stream()
    with pytest.raises(BackendFailed, match=r"refuses cuMemcpyHtoDAsync_v2: invalid argument"):
        gpu.copy_in(address, np.zeros(3, np.float32), stream)
    with pytest.raises(BackendFailed, match=r"refuses cuMemcpyDtoHAsync_v2: invalid resource handle"):
        gpu.copy_out(np.zeros(2, np.float32), address, stream + 1)
    gpu.free(address)
    with pytest.raises(BackendFailed, match="refuses cuMemFree_v2: invalid argument"):
        gpu.free(address)
    assert set(driver.leaks) == {"streams", "contexts"}
    gpu.end_stream(stream)
    gpu.close()
