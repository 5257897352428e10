"""ONNX Runtime sessions: element types, threads, options, and devices that are not there."""

from __future__ import annotations

import gc
import json
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import onnx_ir as ir
import onnxruntime
import pytest
from onnx import TensorProto, helper

import mindferry
from mindferry import runtimes
from mindferry.errors import BackendFailed, BadFeed, NotInstalled, OptionError
from mindferry.runtimes.base import Device, Source
from mindferry.types import COMPLEX_INPUTS, DType, TensorSpec
from runtimes import models


def test_inputs_and_outputs_are_those_of_the_model(tmp_path: Path) -> None:
    with mindferry.open(models.add(tmp_path / "a.onnx")) as session:
        assert session.inputs == (TensorSpec("a", DType.FLOAT32, ("n", 2)), TensorSpec("b", DType.FLOAT32, ("n", 2)))
        assert [spec.name for spec in session.outputs] == ["total", "difference"]
        found = session.run([[3, 4]], [[1, 2]])
        assert list(found) == ["total", "difference"]
        assert (found["total"].tolist(), found["difference"].tolist()) == ([[4, 6]], [[2, 2]])


def test_an_unknown_rank_is_no_rank_of_zero(tmp_path: Path) -> None:
    unknown = models.identity(tmp_path / "unknown.onnx", TensorProto.FLOAT, None)
    scalar = models.identity(tmp_path / "scalar.onnx", TensorProto.FLOAT, [])
    array = np.ones((2, 3), np.float32)
    with mindferry.open(unknown) as session:
        assert session.inputs[0].shape is None
        np.testing.assert_array_equal(session.run(array)["y"], array)
    with mindferry.open(scalar) as session:
        assert session.inputs[0].shape == ()
        with pytest.raises(BadFeed, match=r"x has shape \[2, 3\], the model takes \[\]"):
            session.run(array)


@pytest.mark.parametrize(
    "dtype",
    ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64"],
)
def test_every_element_type_goes_through(tmp_path: Path, dtype: str) -> None:
    array = np.array([0, 1, 2]).astype(dtype)
    path = models.identity(tmp_path / "a.onnx", helper.np_dtype_to_tensor_dtype(array.dtype), ["n"])
    with mindferry.open(path) as session:
        found = session.run(array)["y"]
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


def test_bfloat16_goes_through(tmp_path: Path) -> None:
    array = np.array([[0.5, -2, 3], [1, 2, 3]]).astype(ml_dtypes.bfloat16)
    with mindferry.open(models.identity(tmp_path / "a.onnx", TensorProto.BFLOAT16, ["n", 3])) as session:
        found = session.run(array)["y"]
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)
    found[0, 0] = 9
    with mindferry.open(models.identity(tmp_path / "b.onnx", TensorProto.BFLOAT16, [])) as session:
        assert session.run(array[0, 0])["y"].shape == ()


def test_strings_go_through(tmp_path: Path) -> None:
    with mindferry.open(models.identity(tmp_path / "a.onnx", TensorProto.STRING, ["n"])) as session:
        assert session.run(["a", "bc"])["y"].tolist() == ["a", "bc"]


def test_complex_arrays_where_the_model_says_so(tmp_path: Path) -> None:
    path = models.identity(tmp_path / "a.onnx", TensorProto.FLOAT, ["n", 2], **{COMPLEX_INPUTS: "x"})
    with mindferry.open(path) as session:
        assert session.run(np.array([1 + 2j], np.complex64))["y"].tolist() == [[1, 2]]


def test_arrays_that_are_not_contiguous(tmp_path: Path) -> None:
    array = np.arange(12, dtype=np.float32).reshape(2, 6).T[::2]
    with mindferry.open(models.identity(tmp_path / "a.onnx", TensorProto.FLOAT, ["n", 2])) as session:
        np.testing.assert_array_equal(session.run(array)["y"], array)


def test_weights_in_memory_outlive_the_model(tmp_path: Path) -> None:
    w = np.arange(4096, dtype=np.float32)
    x = ir.Value(name="x", type=ir.TensorType(ir.DataType.FLOAT), shape=ir.Shape([4096]))
    held = ir.Value(name="w", type=x.type, shape=x.shape, const_value=ir.tensor(w.copy(), name="w"))
    node = ir.node("Add", [x, held])
    node.outputs[0].name, node.outputs[0].type, node.outputs[0].shape = "y", x.type, x.shape
    graph = ir.Graph([x], [node.outputs[0]], nodes=[node], initializers=[held], opset_imports={"": 18}, name="g")
    source = Source("onnx", Path("memory"), model=ir.Model(graph, ir_version=8))
    session = runtimes.get("onnxruntime").prepare(source, Device("cpu"), {"optimization": "none"})
    assert not isinstance(held.const_value, ir.ExternalTensor)
    del source, graph, node, held
    gc.collect()
    np.testing.assert_array_equal(session.run(np.zeros(4096, np.float32))["y"], w)


def test_options_reach_onnx_runtime(tmp_path: Path) -> None:
    options = {
        "threads": 1, "parallel_threads": 2, "optimization": "basic",
        "config": {"session.intra_op.allow_spinning": "0"},
        "attributes": {"enable_mem_pattern": False},
    }  # fmt: skip
    with mindferry.open(models.add(tmp_path / "a.onnx"), options=options) as session:
        settings = session._inner.get_session_options()
        assert (settings.intra_op_num_threads, settings.inter_op_num_threads) == (1, 2)
        assert settings.graph_optimization_level == onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        assert settings.get_session_config_entry("session.intra_op.allow_spinning") == "0"
        assert not settings.enable_mem_pattern


def test_the_profile_is_written_by_closing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    attributes = {"enable_profiling": True, "profile_file_prefix": str(tmp_path / "profile")}
    with (
        caplog.at_level("INFO", "mindferry"),
        mindferry.open(models.add(tmp_path / "a.onnx"), options={"attributes": attributes}) as session,
    ):
        session.run([[1, 2]], [[3, 4]])
    (profile,) = tmp_path.glob("profile_*.json")
    assert any(
        event["name"].startswith("Add") or "Add" in str(event.get("args")) for event in json.loads(profile.read_text())
    )
    assert caplog.messages[-1] == f"onnxruntime wrote its profile: {profile}"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"optimization": "most"}, "there is no optimization 'most'; choose none, basic, extended, all"),
        ({"attributes": {"no_such": 1}}, "onnxruntime.SessionOptions has no attribute 'no_such'"),
        ({"providers": ["cuda"]}, "provider cuda does not run on cpu; choose cpu"),
        ({"provider_options": {"cuda": {}}}, "options for cuda, but the providers are cpu"),
        (
            {"colour": 1},
            "onnxruntime has no option colour; it has threads, parallel_threads, optimization, providers, ",
        ),
    ],
)
def test_options_that_cannot_be_meant(tmp_path: Path, options: dict[str, Any], text: str) -> None:
    with pytest.raises(OptionError) as caught:
        mindferry.open(models.add(tmp_path / "a.onnx"), options=options)
    assert str(caught.value).startswith(text)


def test_a_model_that_onnx_runtime_refuses(tmp_path: Path) -> None:
    path = models.save(
        tmp_path / "a.onnx", [helper.make_node("NoSuchOperator", ["x"], ["y"])],
        [("x", TensorProto.FLOAT, [1])], [("y", TensorProto.FLOAT, [1])],
    )  # fmt: skip
    with pytest.raises(BackendFailed, match=r"a\.onnx: onnxruntime refuses the model: .*NoSuchOperator"):
        mindferry.open(path)


def test_a_run_that_fails_is_told(tmp_path: Path) -> None:
    path = models.save(
        tmp_path / "a.onnx", [helper.make_node("Reshape", ["x", "shape"], ["y"])],
        [("x", TensorProto.FLOAT, ["n"]), ("shape", TensorProto.INT64, [1])], [("y", TensorProto.FLOAT, None)],
    )  # fmt: skip
    with (
        mindferry.open(path, options={"attributes": {"log_severity_level": 4}}) as session,
        pytest.raises(BackendFailed, match=r"^onnxruntime failed on cpu: .*Reshape"),
    ):
        session.run([1, 2, 3], [2])


@pytest.mark.parametrize("device", ["gpu", "gpu:1", "ascend310"])
def test_a_device_that_the_package_was_not_built_for(tmp_path: Path, device: str) -> None:
    provider = "CUDAExecutionProvider" if device.startswith("gpu") else "CANNExecutionProvider"
    with pytest.raises(
        NotInstalled, match=rf"^the installed ONNX Runtime \(onnxruntime .*\) has no {provider}: pip uninstall"
    ):
        mindferry.open(models.add(tmp_path / "a.onnx"), device=device)
