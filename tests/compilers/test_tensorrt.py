"""Engines: compiled for real by TensorRT-RTX, which needs no GPU for that; nothing here runs them."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper, numpy_helper

import command_line
import mindferry
from mindferry.compilers import tensorrt, tensorrt_library
from mindferry.errors import BackendFailed, ConvertError, FileProblem, NotInstalled, OptionError
from runtimes import models

pytestmark = pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="TensorRT-RTX has packages for x86-64 Linux alone"
)

ROOT = Path(__file__).parents[2]
LENET = mindferry.demo.path("lenet5.mindir")
BATCHES = {"x": ((1, 1, 32, 32), (4, 1, 32, 32), (16, 1, 32, 32))}


def saved(path: Path, nodes: Sequence[onnx.NodeProto], dtype: int = TensorProto.FLOAT, **kept: np.ndarray) -> Path:
    """x -> y with shape [2, 2], and constants."""
    port = "x", dtype, [2, 2]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info(*port)], [helper.make_tensor_value_info("y", *port[1:])],
        [numpy_helper.from_array(array, name) for name, array in kept.items()],
    )  # fmt: skip
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), path)
    return path


def test_lenet_for_named_compute_capabilities(tmp_path: Path) -> None:
    target, steps = tmp_path / "lenet5.engine", []
    report = mindferry.convert(
        LENET, target, build={"compute_capabilities": ("8.6", "8.9", "12.0"), "profiles": BATCHES},
        progress=lambda done, of: steps.append((done, of)),
    )  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["lenet5.engine"]
    facts = report.facts
    assert facts["bytes"] == target.stat().st_size > 4 * 61_706
    assert facts["layers"] > 10
    assert facts["compute_capabilities"] == ["8.6", "8.9", "12.0"]
    assert facts["profiles"]["x"][2] == [16, 1, 32, 32]
    assert facts["tensorrt"].startswith("TensorRT-RTX 1.")
    assert steps[-1][0] == steps[-1][1]
    assert mindferry.formats.sniff(target) == "engine"


@pytest.mark.parametrize("network", ["lstm", "attention", "residual"])
def test_networks_of_every_kind(tmp_path: Path, network: str) -> None:
    source = ROOT / "tests" / "formats" / "versions" / "2.10.0" / f"{network}.mindir"
    facts = mindferry.convert(source, tmp_path / "a.engine", build={"compute_capabilities": ("8.6", "12.0")}).facts
    assert facts["bytes"] == (tmp_path / "a.engine").stat().st_size
    assert facts["layers"] > 5


def test_the_command_writes_an_engine(tmp_path: Path) -> None:
    target = tmp_path / "lenet5.engine"
    profile = "x:1,1,32,32:4,1,32,32:16,1,32,32"
    found = command_line.mindferry(
        "convert", LENET, target, "--compute-capability", "8.9", "--profile", profile, "--json"
    )
    assert found.code == 0, found.err
    assert found.data["facts"]["compute_capabilities"] == ["8.9"]
    assert target.stat().st_size > 4 * 61_706


def test_free_dimensions_need_a_profile(tmp_path: Path) -> None:
    target = tmp_path / "lenet5.engine"
    with pytest.raises(OptionError) as caught:
        mindferry.convert(LENET, target)
    assert str(caught.value) == (
        "profiles: x has free dimensions [x_0, 1, 32, 32]: add --profile x:1,1,32,32:4,1,32,32:16,1,32,32 "
        "(smallest, usual and largest shape)"
    )
    assert not target.exists()
    fixed = mindferry.convert(LENET, target, input_shapes={"x": (2, 1, 32, 32)})
    assert "profiles" not in fixed.facts


@pytest.mark.parametrize(
    ("profile", "text"),
    [
        ({"z": BATCHES["x"]}, "there is no input z; the model takes x; x has free dimensions"),
        ({"x": BATCHES["x"][:2]}, r"x needs three shapes \(smallest, usual, largest\), got 2"),
        ({"x": ((1, 32, 32),) * 3}, r"x cannot have the shape \[1, 32, 32\], the model takes \[x_0, 1, 32, 32\]"),
        ({"x": ((1, 3, 32, 32),) * 3}, r"x cannot have the shape \[1, 3, 32, 32\]"),
        ({"x": BATCHES["x"][::-1]}, "x must have smallest <= usual <= largest in every dimension"),
    ],
)
def test_profiles_that_do_not_fit(tmp_path: Path, profile: Any, text: str) -> None:
    with pytest.raises(OptionError, match=rf"^profiles: .*{text}"):
        mindferry.convert(LENET, tmp_path / "a.engine", build={"profiles": profile})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("build", "text"),
    [
        ({"compute_capabilities": ("9.0", "8.6")}, "has no compute capability 9.0; it has 7.5, 8.0, 8.6, 8.9, 12.0"),
        ({"precision": "int8"}, "there is no precision 'int8'; choose fp32, tf32, fp16"),
        ({"flags": ("FAST",)}, "has no flag FAST; it has DEBUG, "),
        ({"config": {"colour": 1}}, "IBuilderConfig has no attribute 'colour'"),
        ({"colour": 1}, "the engine format has no option colour; it has compute_capabilities, profiles, precision"),
    ],
)
def test_options_that_cannot_be_meant(tmp_path: Path, build: dict[str, Any], text: str) -> None:
    with pytest.raises(OptionError, match=text):
        mindferry.convert(LENET, tmp_path / "a.engine", build={"profiles": BATCHES, **build})
    assert list(tmp_path.iterdir()) == []


def test_turing_has_no_matrix_product_in_float32_but_one_in_float16(tmp_path: Path) -> None:
    target, options = tmp_path / "a.engine", {"profiles": BATCHES, "compute_capabilities": ("7.5",)}
    with pytest.raises(
        BackendFailed, match=r"FP32 GEMM is not supported.*: add the precision fp16, or leave 7\.5 out$"
    ):
        mindferry.convert(LENET, target, build=options)
    assert list(tmp_path.iterdir()) == []
    facts = mindferry.convert(LENET, target, build={**options, "precision": "fp16"}).facts
    assert facts["precision"] == "fp16"
    assert 0 < facts["fp16_difference"] < 1e-2


def test_a_model_that_float16_cannot_hold(tmp_path: Path) -> None:
    nodes = [helper.make_node("Mul", ["x", "large"], ["wide"]), helper.make_node("Mul", ["wide", "small"], ["y"])]
    kept = {"large": np.array(60_000, np.float32), "small": np.array(1 / 60_000, np.float32)}
    source = saved(tmp_path / "a.onnx", nodes, **kept)
    with pytest.raises(ConvertError, match="float16 cannot hold this model: on random inputs wide overflow; choose"):
        mindferry.convert(source, tmp_path / "a.engine", build={"precision": "fp16"})
    mindferry.convert(source, tmp_path / "a.engine")


def test_everything_that_the_parser_refuses_is_named(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Det", ["x"], ["determinant"], name="first"),
        helper.make_node("Add", ["x", "determinant"], ["sum"]),
        helper.make_node("Mystery", ["sum"], ["y"], name="second", domain="mine"),
    ]
    model = ir.load(saved(tmp_path / "a.onnx", nodes))
    model.graph.opset_imports["mine"] = 1
    with pytest.raises(ConvertError) as caught:
        tensorrt.write(model, tmp_path / "a.engine", tensorrt.Options())
    assert "does not take this model: Det first: there is no such operator in TensorRT; Mystery second: " in str(
        caught.value
    )
    assert "Plugin not found" in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["a.onnx"]


def test_what_only_the_compiler_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    node = helper.make_node("NonMaxSuppression", ["boxes", "scores"], ["y"], name="suppress")
    source = models.save(
        tmp_path / "a.onnx", [node], [("boxes", 1, [1, 5, 4]), ("scores", 1, [1, 1, 5])], [("y", 7, [None, 3])]
    )
    (tmp_path / "a.engine").write_text("earlier")
    with pytest.raises(BackendFailed, match=r"cannot compile this model: .*has no runners that implement it"):
        mindferry.convert(source, tmp_path / "a.engine")
    assert (tmp_path / "a.engine").read_text() == "earlier"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.engine", "a.onnx"]


def test_float64_is_refused_wherever_it_is(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Cast", ["x"], ["wide"], to=TensorProto.DOUBLE),
        helper.make_node("Exp", ["wide"], ["wider"]),
        helper.make_node("Cast", ["wider"], ["y"], to=TensorProto.FLOAT),
    ]
    inner = ir.load(saved(tmp_path / "inner.onnx", nodes))
    outer = ir.load(saved(tmp_path / "outer.onnx", [helper.make_node("Neg", ["x"], ["y"])], TensorProto.DOUBLE))
    for model, names in ((inner, "wide, wider"), (outer, "x, y")):
        with pytest.raises(ConvertError, match=rf"no float64 and would silently take float32: {names}$"):
            tensorrt.write(model, tmp_path / "a.engine", tensorrt.Options())


def test_a_target_in_no_folder(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="there is no folder"):
        mindferry.convert(LENET, tmp_path / "none" / "a.engine", build={"profiles": BATCHES})


def test_full_tensorrt_has_no_named_compute_capabilities(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    severity = types.SimpleNamespace(INTERNAL_ERROR=0, ERROR=1, WARNING=2, INFO=3, VERBOSE=4)
    logger = type("ILogger", (), {"Severity": severity})
    full = types.SimpleNamespace(__name__="tensorrt", __version__="11.4.0", ILogger=logger)
    library = tensorrt_library.Library(full)
    monkeypatch.setattr(tensorrt_library, "find", lambda: library)
    with pytest.raises(
        OptionError, match=r"^TensorRT 11\.4\.0 compiles for the GPU of this machine; .*install TensorRT-RTX"
    ):
        mindferry.convert(LENET, tmp_path / "a.engine", build={"compute_capabilities": ("8.6",)})


def test_without_tensorrt(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ImportError(f"no module {name}")

    monkeypatch.setattr(tensorrt_library, "_loaded", missing)
    with pytest.raises(NotInstalled, match=r"tensorrt_rtx: no module.*pip install 'mindferry\[tensorrt\]'"):
        tensorrt_library.find()


def test_the_benchmark_tells_which_networks_are_refused(tmp_path: Path) -> None:
    (tmp_path / "free.mindir").symlink_to(LENET)
    (tmp_path / "fixed.mindir").symlink_to(ROOT / "tests" / "formats" / "versions" / "2.10.0" / "residual.mindir")
    command = [sys.executable, str(ROOT / "benchmarks" / "zoo" / "engines.py"), "--json", str(tmp_path)]
    found = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert found.returncode == 1
    fixed, free = json.loads(found.stdout)
    assert (fixed["network"], fixed["problem"]) == ("fixed", "")
    assert fixed["size"] > 1000
    assert "x has free dimensions" in free["problem"]
    assert "2 of 2" in found.stderr
