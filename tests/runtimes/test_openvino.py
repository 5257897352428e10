"""OpenVINO sessions: element types, precisions, threads, options, and what OpenVINO would do silently."""

from __future__ import annotations

import gc
import threading
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import onnx_ir as ir
import openvino
import pytest
from onnx import TensorProto, helper

import mindferry
from mindferry import runtimes
from mindferry.errors import BackendFailed, BadFeed, NoDevice, OptionError, RunError
from mindferry.runtimes.base import Device, Session, Source
from mindferry.runtimes.openvino import precisions
from mindferry.types import COMPLEX_INPUTS, DType, TensorSpec
from runtimes import models

IMAGES = np.random.default_rng(0).random((8, 1, 1, 32, 32), np.float32)


def opened(path: Path, **options: Any) -> Session:
    return mindferry.open(path, runtime="openvino", options=options)


def test_inputs_and_outputs_are_those_of_the_model(tmp_path: Path) -> None:
    with opened(models.add(tmp_path / "a.onnx")) as session:
        assert session.inputs == (TensorSpec("a", DType.FLOAT32, ("n", 2)), TensorSpec("b", DType.FLOAT32, ("n", 2)))
        found = session.run([[3, 4]], [[1, 2]])
        assert list(found) == ["total", "difference"]
        assert (found["total"].tolist(), found["difference"].tolist()) == ([[4, 6]], [[2, 2]])


def test_a_converted_model_agrees_with_onnx_runtime() -> None:
    path = mindferry.demo.path("lenet5.mindir")
    with opened(path) as session, mindferry.open(path) as reference:
        for image in IMAGES:
            np.testing.assert_allclose(session.run(image)["output"], reference.run(image)["output"], atol=1e-5)


@pytest.mark.parametrize(
    "dtype", ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32"]
)
def test_every_element_type_goes_through(tmp_path: Path, dtype: str) -> None:
    array = np.array([0, 1, 2]).astype(dtype)
    path = models.identity(tmp_path / "a.onnx", helper.np_dtype_to_tensor_dtype(array.dtype), ["n"])
    with opened(path) as session:
        found = session.run(array)["y"]
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


def test_bfloat16_goes_through(tmp_path: Path) -> None:
    array = np.array([[0.5, -2, 3], [1, 2, 3]]).astype(ml_dtypes.bfloat16)
    with opened(models.identity(tmp_path / "a.onnx", TensorProto.BFLOAT16, ["n", 3])) as session:
        found = session.run(array)["y"]
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)
    found[0, 0] = 9


@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3)])
def test_shapes_of_every_kind(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = models.identity(tmp_path / "a.onnx", TensorProto.FLOAT, ["n", 3] if shape else [])
    with opened(path) as session:
        found = session.run(np.ones(shape, np.float32))["y"]
    assert (found.shape, found.dtype) == (shape, np.float32)


def test_arrays_that_are_read_only_or_not_contiguous(tmp_path: Path) -> None:
    array = np.arange(12, dtype=np.float32).reshape(2, 6)
    array.flags.writeable = False
    with opened(models.identity(tmp_path / "a.onnx", TensorProto.FLOAT, ["n", None])) as session:
        np.testing.assert_array_equal(session.run(array)["y"], array)
        np.testing.assert_array_equal(session.run(array.T[::2])["y"], array.T[::2])


def test_complex_arrays_where_the_model_says_so(tmp_path: Path) -> None:
    path = models.identity(tmp_path / "a.onnx", TensorProto.FLOAT, ["n", 2], **{COMPLEX_INPUTS: "x"})
    with opened(path) as session:
        assert session.run(np.array([1 + 2j], np.complex64))["y"].tolist() == [[1, 2]]


def test_an_input_that_nothing_uses(tmp_path: Path) -> None:
    path = models.save(
        tmp_path / "a.onnx", [helper.make_node("Neg", ["x"], ["y"])],
        [("unused", TensorProto.FLOAT, [1]), ("x", TensorProto.FLOAT, [1])], [("y", TensorProto.FLOAT, [1])],
    )  # fmt: skip
    with opened(path) as session:
        assert [spec.name for spec in session.inputs] == ["unused", "x"]
        assert session.run([1], [2])["y"].tolist() == [-2]


def test_a_later_run_leaves_earlier_outputs_alone() -> None:
    with opened(mindferry.demo.path("lenet5.mindir")) as session:
        first = session.run(IMAGES[0])["output"]
        kept = first.copy()
        session.run(IMAGES[1])
        np.testing.assert_array_equal(first, kept)


def test_many_threads_share_a_session() -> None:
    wrong: list[int] = []
    with opened(mindferry.demo.path("lenet5.mindir"), threads=1) as session:
        expected = [session.run(image)["output"] for image in IMAGES]

        def work(index: int) -> None:
            for _ in range(100):
                same = np.array_equal(session.run(IMAGES[index])["output"], expected[index])
                wrong.extend([] if same else [index])

        threads = [threading.Thread(target=work, args=(index,)) for index in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []
    with pytest.raises(RunError, match="is closed"):
        session.run(IMAGES[0])


def weighted(dtype: ir.DataType, weights: np.ndarray) -> Source:
    """x + weights, in memory."""
    x = ir.Value(name="x", type=ir.TensorType(dtype), shape=ir.Shape([len(weights)]))
    held = ir.Value(name="w", type=x.type, shape=x.shape, const_value=ir.tensor(weights, name="w", dtype=dtype))
    node = ir.node("Add", [x, held])
    node.outputs[0].name, node.outputs[0].type, node.outputs[0].shape = "y", x.type, x.shape
    graph = ir.Graph([x], [node.outputs[0]], nodes=[node], initializers=[held], opset_imports={"": 18}, name="g")
    return Source("onnx", Path("memory"), model=ir.Model(graph, ir_version=8))


def test_weights_in_memory_are_not_copied_and_outlive_the_model() -> None:
    weights = np.arange(1 << 16, dtype=np.float32)
    weights.flags.writeable = False
    source = weighted(ir.DataType.FLOAT, weights)
    session = runtimes.get("openvino").prepare(source, Device("cpu"))
    kept: Any = session
    assert np.shares_memory(kept._kept["w"], weights)
    assert source.model is not None
    assert list(source.model.graph.initializers) == ["w"]
    assert source.model.graph.initializers["w"].const_value is not None
    del source
    gc.collect()
    np.testing.assert_array_equal(session.run(np.ones(1 << 16, np.float32))["y"], weights + 1)


def test_bfloat16_weights_in_memory() -> None:
    weights = np.ones(1 << 16, ml_dtypes.bfloat16)
    session = runtimes.get("openvino").prepare(weighted(ir.DataType.BFLOAT16, weights), Device("cpu"))
    np.testing.assert_array_equal(session.run(weights)["y"], weights + weights)


@pytest.mark.parametrize("precision", ["f32", "bf16", "f16"])
def test_a_precision_is_had_or_refused(precision: str) -> None:
    path = mindferry.demo.path("lenet5.mindir")
    if precision not in precisions():
        with pytest.raises(OptionError, match=rf"has no precision {precision}: OpenVINO would compute in"):
            opened(path, precision=precision)
        return
    with opened(path, precision=precision) as session, mindferry.open(path) as reference:
        found: Any = session
        assert found._compiled.get_property("INFERENCE_PRECISION_HINT").to_string() == precision
        error = max(np.abs(session.run(image)["output"] - reference.run(image)["output"]).max() for image in IMAGES)
    low, high = {"f32": (0, 1e-5), "bf16": (1e-4, 0.2), "f16": (1e-5, 0.05)}[precision]
    assert low <= error < high


def test_a_precision_that_openvino_changes_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    compile_model = openvino.Core.compile_model

    def other(core: Any, model: Any, plugin: str, properties: dict[str, Any]) -> Any:
        return compile_model(core, model, plugin, {**properties, "INFERENCE_PRECISION_HINT": "f32"})

    monkeypatch.setattr(openvino.Core, "compile_model", other)
    with pytest.raises(OptionError, match=r"has no precision bf16: OpenVINO would compute in f32 instead"):
        opened(mindferry.demo.path("lenet5.mindir"), precision="bf16")


def test_options_reach_openvino(tmp_path: Path) -> None:
    options = {
        "hint": "throughput", "threads": 2, "streams": 2, "cache": tmp_path / "cache",
        "config": {"PERFORMANCE_HINT_NUM_REQUESTS": 3},
    }  # fmt: skip
    for _ in range(2):
        with opened(mindferry.demo.path("lenet5.mindir"), **options) as session:
            found: Any = session
            names = ("NUM_STREAMS", "INFERENCE_NUM_THREADS", "PERFORMANCE_HINT_NUM_REQUESTS")
            assert [int(found._compiled.get_property(name)) for name in names] == [2, 2, 3]
            assert session.run(IMAGES[0])["output"].shape == (1, 10)
    assert list((tmp_path / "cache").iterdir())


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"precision": "i8"}, "there is no precision 'i8'; choose f32, bf16, f16"),
        ({"hint": "fast"}, "there is no hint 'fast'; choose latency, throughput"),
        (
            {"config": {"INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": 2}},
            "config holds what has an option of its own: INFERENCE_PRECISION_HINT is the option precision, NUM_STREAMS is",
        ),
        ({"colour": 1}, "openvino has no option colour; it has precision, hint, threads, streams, cache, config"),
    ],
)
def test_options_that_cannot_be_meant(tmp_path: Path, options: dict[str, Any], text: str) -> None:
    with pytest.raises(OptionError) as caught:
        opened(models.add(tmp_path / "a.onnx"), **options)
    assert str(caught.value).startswith(text)


def test_properties_that_openvino_refuses_are_told(tmp_path: Path) -> None:
    with pytest.raises(BackendFailed) as caught:
        opened(models.add(tmp_path / "a.onnx"), config={"NO_SUCH": 1})
    assert str(caught.value).endswith(
        "a.onnx: openvino refuses the model: NotFound: Unsupported property NO_SUCH by CPU plugin."
    )


def test_a_model_that_openvino_refuses(tmp_path: Path) -> None:
    path = models.save(
        tmp_path / "a.onnx", [helper.make_node("NoSuchOperator", ["x"], ["y"])],
        [("x", TensorProto.FLOAT, [1])], [("y", TensorProto.FLOAT, [1])],
    )  # fmt: skip
    with pytest.raises(BackendFailed, match=r"a\.onnx: openvino refuses the model: [^\n]*NoSuchOperator"):
        opened(path)
    unranked = models.identity(tmp_path / "unranked.onnx", TensorProto.FLOAT, None)
    with pytest.raises(BackendFailed, match=r"doesn't support Parameter operation with dynamic rank"):
        opened(unranked)


def test_strings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BackendFailed, match=r"^openvino takes and returns no strings \(x, y\); choose onnxruntime$"):
        opened(models.identity(tmp_path / "a.onnx", TensorProto.STRING, ["n"]))


def test_float64_is_refused_in_every_body(tmp_path: Path) -> None:
    cast = [helper.make_node("Cast", ["x"], ["wide"], to=TensorProto.DOUBLE, name="widen"),
            helper.make_node("Cast", ["wide"], ["y"], to=TensorProto.FLOAT)]  # fmt: skip
    port = ("x", TensorProto.FLOAT, [1]), ("y", TensorProto.FLOAT, [1])
    plain = models.save(tmp_path / "plain.onnx", cast, port[:1], port[1:])
    branch = helper.make_graph(cast, "wide", [], [helper.make_tensor_value_info(*port[1])])
    other = helper.make_graph(
        [helper.make_node("Neg", ["x"], ["n"])], "neg", [], [helper.make_tensor_value_info("n", 1, [1])]
    )
    choice = helper.make_node("If", ["c"], ["z"], then_branch=other, else_branch=branch)
    nested = models.save(
        tmp_path / "nested.onnx", [choice], [("c", TensorProto.BOOL, []), port[0]], [("z", TensorProto.FLOAT, [1])]
    )
    for path in (plain, nested):
        with pytest.raises(BackendFailed, match=r"openvino computes float64 in float32 \(\S+.*\); choose onnxruntime$"):
            opened(path)


def test_arithmetic_on_8_bit_integers_is_refused(tmp_path: Path) -> None:
    path = models.add(tmp_path / "a.onnx", TensorProto.UINT8)
    with pytest.raises(BackendFailed, match=r"saturates Add of 8-bit integers \(total\); saturates Subtract"):
        opened(path)


@pytest.mark.parametrize(("dtype", "value"), [(TensorProto.INT64, 2**31), (TensorProto.INT64, -(2**31) - 1)])
def test_integers_beyond_32_bits_are_refused(tmp_path: Path, dtype: int, value: int) -> None:
    with opened(models.identity(tmp_path / "a.onnx", dtype, ["n"])) as session:
        with pytest.raises(BadFeed, match=r"^x holds values outside int32, in which openvino keeps 64-bit integers$"):
            session.run([1, value])
        assert session.run([1, 2**31 - 1])["y"].tolist() == [1, 2**31 - 1]


@pytest.mark.parametrize("device", ["gpu", "gpu:3", "cpu:1"])
def test_a_device_that_is_absent(tmp_path: Path, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino.Core, "available_devices", property(lambda _: ["CPU"]))
    with pytest.raises(NoDevice, match=rf"^{device} cannot be used: OpenVINO finds CPU"):
        mindferry.open(models.add(tmp_path / "a.onnx"), device=device, runtime="openvino")


def test_an_intel_gpu_is_named_as_openvino_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def compile_model(core: Any, model: Any, plugin: str, properties: dict[str, Any]) -> Any:
        asked.append(plugin)
        raise RuntimeError("Exception from src/a.cpp:1:\nno such GPU\n")

    monkeypatch.setattr(openvino.Core, "available_devices", property(lambda _: ["CPU", "GPU.0", "GPU.1"]))
    monkeypatch.setattr(openvino.Core, "compile_model", compile_model)
    with pytest.raises(BackendFailed, match="openvino refuses the model: no such GPU"):
        mindferry.open(models.add(tmp_path / "a.onnx"), device="gpu:1", runtime="openvino")
    assert asked == ["GPU.1"]
