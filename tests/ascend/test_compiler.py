"""The simulated ATC: its options and errors, and what it makes."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper, numpy_helper

import mindferry
import offline
from mindferry.ascend.compiler import plan as planning
from mindferry.ascend.compiler.plan import lifetimes, plan
from mindferry.ascend.simulator.graph import extract
from mindferry.formats.om import fields, reader
from mindferry.runtimes import get
from mindferry.runtimes.base import Device, Source
from offline import atc, compiled

FREE = ("rows", 3)


def run(path: Path, *arrays: np.ndarray) -> list[np.ndarray]:
    """The outputs of the graph in an offline model."""
    folder = path.with_suffix(".graph")
    folder.mkdir(exist_ok=True)
    source = Source("onnx", extract(reader.read(path), folder))
    with get("onnxruntime").prepare(source, Device("cpu")) as session:
        return list(session.run(*arrays).values())


def test_what_it_prints(tmp_path: Path) -> None:
    code, lines, path = atc(offline.affine(tmp_path))
    assert code == 0 and path.is_file()
    assert lines[0] == "ATC start working now, please wait for a moment."
    assert lines[1].startswith("note: this is not ATC: simulated by MindFerry")
    assert lines[2] == "weights: 64 bytes, 64 in the model"
    assert lines[3] == "work memory: 64 bytes, 64 without sharing"
    assert lines[-1] == "ATC run success, welcome to the next use."


@pytest.mark.parametrize(
    ("options", "code", "text"),
    [
        (["--no_such=1"], "E10001", "ATC has no such option"),
        (["--out_nodes=relu:0"], "E10001", "it is not simulated"),
        (["--input_format"], "E10004", "--input_format is empty"),
        (["--mode=1"], "E10006", "only 0 is simulated"),
        (["--soc_version=Ascend310"], "E10001", "it is given twice"),
        (["--input_shape=x"], "E10002", "expected NAME:N,C,H,W"),
        (["--input_shape=x:a,3"], "E10002", "a is not a size"),
        (["--input_shape=x:0,3"], "E10011", "must be positive"),
        (["--input_shape=z:1,3"], "E10016", "is not found in the model: x"),
        (["--input_shape=x:1,3,1"], "E10049", "differs from the model's 2"),
        (["--input_shape=x:1,4"], "E10001", "x is (-1, 3) in the model"),
        (["--dynamic_batch_size=1,2", "--dynamic_dims=1;2"], "E10009", "cannot be used together"),
        (["--dynamic_batch_size=1"], "E10035", "the minimum is 2"),
        ([f"--dynamic_batch_size={','.join(map(str, range(1, 102)))}"], "E10036", "the maximum is 100"),
        (["--dynamic_batch_size=1,2,1"], "E10039", "the same profile twice"),
        (["--dynamic_batch_size=1,0"], "E10003", "sizes are positive"),
        (["--dynamic_batch_size=1,b"], "E10003", "not a row of sizes"),
        (["--dynamic_image_size=1,2,3;4,5,6"], "E10020", "pairs of height and width"),
        (["--dynamic_image_size=8,8;4,4"], "E10019", "only height and width"),
        (["--input_shape=x:2,3", "--dynamic_batch_size=1,2"], "E10031", "no size in --input_shape is -1"),
        (["--dynamic_dims=1;2,3"], "E10045", "profiles of different lengths"),
        (["--dynamic_dims=1,2;2,3"], "E10046", "2 sizes in a profile, --input_shape has 1 of -1"),
        (["--precision_mode=force_fp16", "--precision_mode_v2=fp16"], "E10047", "cannot be used together"),
        (["--precision_mode=half"], "E10001", "simulated are force_fp16"),
        (["--precision_mode=allow_fp32_to_bf16"], "E10001", "simulated are"),
        (["--input_format=NHWC"], "E10001", "choose NCHW"),
        (["--output_type=FP8"], "E10001", "choose FP32"),
        (["--output_type=sum:0:FP16"], "E10016", "relu:0"),
        (["--insert_op_conf=none.cfg"], "E10410", "does not exist"),
    ],
)
def test_options_that_are_refused(tmp_path: Path, options: list[str], code: str, text: str) -> None:
    status, lines, path = atc(offline.affine(tmp_path, FREE), *options)
    assert status == 255 and not path.exists()
    assert lines[-2] == "ATC run failed, Please check the detail log, Try 'atc --help' for more information"
    assert lines[-1].startswith(f"{code}: ") and text in lines[-1]


def test_what_is_required(tmp_path: Path) -> None:
    from mindferry.ascend.compiler import command

    lines: list[str] = []
    assert command.run(["--model=m.onnx", "--framework", "5"], lines.append) == (255, None)
    assert lines[-1] == "E10007: --output is required."


def test_files_that_are_refused(tmp_path: Path) -> None:
    assert atc(tmp_path / "none.onnx")[1][-1].startswith("E10410: File ")
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"\x0a\xff")
    assert atc(broken)[1][-1].startswith("E13005: Failed to load the model")
    assert atc(broken, framework=1)[1][-1].startswith("E10041: Failed to load the model")
    assert atc(broken, framework=3)[1][-1].startswith("E10007: ")
    spaced = offline.affine(tmp_path).rename(tmp_path / "a model.onnx")
    assert "paths are of a-z" in atc(spaced)[1][-1]
    plain = offline.affine(tmp_path)
    assert atc(plain, target="no/folder")[1][-1].startswith("E13004: ")
    assert (
        "did you mean Ascend310P3" in atc(plain, soc="310P3")[1][-1] or "Ascend310P3" in atc(plain, soc="310P3")[1][-1]
    )


def test_operators_and_opsets_that_atc_does_not_know(tmp_path: Path) -> None:
    code, lines, _ = atc(offline.affine(tmp_path, opset=19))
    assert code == 255
    assert lines[-1].startswith("E16002: No ONNX parser is registered for optype ai.onnx::19::MatMul.")
    nodes = [helper.make_node("Gelu", ["x"], ["y"])]
    ports = [[helper.make_tensor_value_info(name, TensorProto.FLOAT, [2])] for name in ("x", "y")]
    path = offline.save(tmp_path / "gelu.onnx", nodes, *ports, opset=20)
    assert "E16002: No ONNX parser" in atc(path)[1][-1]


def test_ascend_310_has_no_free_shapes(tmp_path: Path) -> None:
    source = offline.affine(tmp_path, FREE)
    code, lines, _ = atc(source, soc="Ascend310")
    assert code == 255 and lines[-1].startswith("EZ3002: Dynamic shape is not supported on this chip")
    compiled(source, "--input_shape=x:2,3", soc="Ascend310")
    compiled(source, "--input_shape=x:-1,3", "--dynamic_batch_size=1,2", soc="Ascend310")
    assert reader.read(compiled(source)).header.dynamic


def test_ranges(tmp_path: Path) -> None:
    source = offline.affine(tmp_path, FREE)
    held = reader.read(compiled(source, "--input_shape=x:1~8,3"))
    assert held.introduction.inputs[0].ranges == ((1, 8), (3, 3))
    assert held.introduction.inputs[0].dims == (-1, 3)
    assert "takes no ranges" in atc(source, "--input_shape=x:1~8,3", soc="Ascend310B1")[1][-1]


def test_the_file_is_marked_and_lacks_what_a_device_needs(tmp_path: Path) -> None:
    held = reader.read(compiled(offline.affine(tmp_path)))
    assert held.simulated and held.soc_version == "Ascend310P3"
    assert held.text(fields.SIMULATED).startswith("simulated by MindFerry")
    assert fields.TASK_INFO not in held.partitions
    assert held.text("atc_cmdline").startswith("atc --model=")
    assert held.operators == {"Const": 2, "Data": 1, "MatMul": 1, "Add": 1, "Relu": 1, "NetOutput": 1}


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    source = offline.affine(tmp_path)
    first, second = (compiled(source).read_bytes() for _ in range(2))
    assert first == second


def test_weights_lie_where_the_description_says(tmp_path: Path) -> None:
    held = reader.read(compiled(offline.affine(tmp_path)))
    ops = {op["name"]: op for op in held.model["graph"][0]["op"]}
    desc = next(entry for entry in ops["w"]["attr"] if entry["key"] == "value")["value"]["t"]["desc"]
    start, size = desc.get("data_offset", 0), desc["weight_size"]
    stored = np.frombuffer(held.partitions[fields.WEIGHTS_DATA][start : start + size], np.float32).reshape(3, 4)
    np.testing.assert_array_equal(stored, np.arange(12).reshape(3, 4) / 8)


def test_weights_follow_each_other_as_nodes_take_them(tmp_path: Path) -> None:
    names = ["third", "first", "second"]
    arrays = {name: np.full(16, index, np.float32) for index, name in enumerate(names)}
    nodes = [
        helper.make_node("Add", [a, b], [c])
        for a, b, c in (("x", "first", "p"), ("p", "second", "q"), ("q", "third", "y"))
    ]
    ports = [[helper.make_tensor_value_info(name, TensorProto.FLOAT, [16])] for name in ("x", "y")]
    initializers = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    source = offline.save(tmp_path / "order.onnx", nodes, *ports, initializers)
    for mode, dtype in (("must_keep_origin_dtype", np.float32), ("force_fp16", np.float16)):
        held = reader.read(compiled(source, f"--precision_mode={mode}"))
        stored = np.frombuffer(held.partitions[fields.WEIGHTS_DATA], dtype).reshape(3, -1)
        np.testing.assert_array_equal(stored[:, 0], [1, 2, 0])


X = np.float32([[1.0003, 2.0007, 3.3], [-1, 0.5, 60000]])


@pytest.mark.parametrize("mode", ["force_fp16", "allow_mix_precision", "cube_fp16in_fp32out", "must_keep_origin_dtype"])
def test_precisions(tmp_path: Path, mode: str) -> None:
    """What each level rounds, computed independently; 60000 * 1.375 lies outside float16."""
    (found,) = run(compiled(offline.affine(tmp_path), f"--precision_mode={mode}"), X)
    weights, bias = np.arange(12, dtype=np.float32).reshape(3, 4) / 8, np.float32([-1, 0, 1, 2])

    def half(array: np.ndarray) -> np.ndarray:
        return np.clip(array, -65504, 65504).astype(np.float16).astype(np.float32)

    exact = np.maximum(X @ weights + bias, 0)
    product = half(X) @ weights
    expected = {
        "must_keep_origin_dtype": exact,
        "cube_fp16in_fp32out": np.maximum(product + bias, 0),
        "allow_mix_precision": np.maximum(half(product) + bias, 0),
        "force_fp16": np.maximum(half(half(product) + bias), 0),
    }[mode]
    np.testing.assert_array_equal(found, expected)
    assert np.array_equal(found, exact) == (mode == "must_keep_origin_dtype")


def gemm(folder: Path) -> Path:
    """y = x W + b, without a name of the node."""
    arrays = {"w": np.float32([[1.0003, 2], [3, 4.0007]]), "b": np.float32([1 / 3, 1e6])}
    nodes = [helper.make_node("Gemm", ["x", "w", "b"], ["y"])]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2])]
    initializers = [numpy_helper.from_array(np.tile(array, 1), name) for name, array in arrays.items()]
    return offline.save(folder / "gemm.onnx", nodes, inputs, outputs, initializers)


@pytest.mark.parametrize("mode", ["allow_mix_precision", "cube_fp16in_fp32out", "force_fp16"])
def test_biases(tmp_path: Path, mode: str) -> None:
    """They are added in float32, and are float16 only where everything is; 1e6 is then the largest number."""
    x = np.float32([[1.0003, 0.5]])
    weights, bias = np.float32([[1.0003, 2], [3, 4.0007]]), np.float32([1 / 3, 1e6])

    def half(array: np.ndarray) -> np.ndarray:
        return np.clip(array, -65504, 65504).astype(np.float16).astype(np.float32)

    path = compiled(gemm(tmp_path), f"--precision_mode={mode}")
    again = compiled(gemm(tmp_path), f"--precision_mode={mode}", target="again")
    exact = half(x) @ half(weights) + (half(bias) if mode == "force_fp16" else bias)
    (found,) = run(path, x)
    np.testing.assert_array_equal(found, exact if mode == "cube_fp16in_fp32out" else half(exact))
    assert path.read_bytes() == again.read_bytes().replace(b"again", b"model")


def test_half_precision_halves_the_weights(tmp_path: Path) -> None:
    mindferry.convert(mindferry.demo.path("lenet5.mindir"), tmp_path / "lenet5.onnx", opset=17)
    shape = "--input_shape=x:1,1,32,32"
    sizes = {}
    for mode in ("must_keep_origin_dtype", "force_fp16"):
        held = reader.read(compiled(tmp_path / "lenet5.onnx", shape, f"--precision_mode={mode}"))
        sizes[mode] = held.number("weight_size"), held.number("memory_size")
    (exact, exact_work), (half, half_work) = sizes.values()
    assert 246_824 <= exact < 248_000 and 123_412 <= half < 124_000
    assert half_work <= exact_work / 1.9


def test_rounding_reaches_branches(tmp_path: Path) -> None:
    """Each result inside a branch is rounded: x / 3 first, then its square."""
    third = helper.make_tensor("third", TensorProto.FLOAT, [], [1 / 3])
    branches = [
        helper.make_graph(
            [
                helper.make_node("Constant", [], ["c"], value=third),
                helper.make_node("Mul", ["x", "c"], ["part"]),
                helper.make_node(op, ["part", "part"], ["r"]),
            ],
            op, [], [helper.make_tensor_value_info("r", TensorProto.FLOAT, [2])],
        )
        for op in ("Mul", "Add")
    ]  # fmt: skip
    nodes = [helper.make_node("If", ["flag"], ["y"], then_branch=branches[0], else_branch=branches[1])]
    inputs = [
        helper.make_tensor_value_info("flag", TensorProto.BOOL, []),
        helper.make_tensor_value_info("x", TensorProto.FLOAT, [2]),
    ]
    source = offline.save(
        tmp_path / "branch.onnx", nodes, inputs, [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2])]
    )
    path = compiled(source, "--precision_mode=force_fp16")
    x = np.float32([1, 7])
    part = (x * np.float32(np.float16(1 / 3))).astype(np.float16).astype(np.float32)
    for flag, result in ((True, part * part), (False, part + part)):
        (found,) = run(path, np.array(flag), x)
        np.testing.assert_array_equal(found, result.astype(np.float16).astype(np.float32))


def test_output_types(tmp_path: Path) -> None:
    source = offline.affine(tmp_path)
    path = compiled(source, "--output_type=relu:0:FP16")
    assert reader.read(path).introduction.outputs[0].dtype == 1
    assert reader.read(path).introduction.outputs[0].name == "relu:0:y"
    (found,) = run(path, X)
    assert found.dtype == np.float16
    (found,) = run(compiled(source, "--output_type=UINT8"), X[:, :1] * np.float32([[1, 1, 1]]))
    assert found.dtype == np.uint8


def test_models_from_air(tmp_path: Path) -> None:
    mindferry.convert(mindferry.demo.path("lenet5.mindir"), tmp_path / "lenet5.air")
    held = reader.read(compiled(tmp_path / "lenet5.air", "--input_shape=x:4,1,32,32", framework=1))
    assert [item.dims for item in held.introduction.inputs] == [(4, 1, 32, 32)]
    assert [item.dims for item in held.introduction.outputs] == [(4, 10)]
    assert held.introduction.outputs[0].name.count(":") == 1


def chain(length: int, widths: list[int]) -> list[ir.Node]:
    """Nodes that each take one or two earlier results."""
    chooser = random.Random(length)
    values = [ir.Value(name="x")]
    nodes = []
    for index in range(length):
        taken = [chooser.choice(values[-4:]) for _ in range(chooser.randint(1, 2))]
        made = ir.Value(name=f"v{index}")
        nodes.append(ir.Node("", "Sum", taken, outputs=[made]))
        values.append(made)
        widths.append(chooser.choice([0, 1, 32, 100, 1000, 4096]))
    return nodes


@pytest.mark.parametrize("length", [1, 2, 5, 20, 60])
def test_no_two_results_that_are_needed_together_overlap(length: int) -> None:
    widths: list[int] = []
    nodes = chain(length, widths)
    sizes = {f"v{index}": size for index, size in enumerate(widths)}
    found = plan(nodes, sizes, [f"v{length - 1}"])
    assert found.places.keys() == {name for name, size in sizes.items() if size} - {f"v{length - 1}"}
    for one, other in itertools.combinations(found.places.values(), 2):
        if one.meets(other):
            assert one.offset + one.size <= other.offset or other.offset + other.size <= one.offset
    assert all(place.offset % planning.ALIGNMENT == 0 for place in found.places.values())
    assert max((place.offset + place.size for place in found.places.values()), default=0) == found.peak <= found.naive
    alone = plan(nodes, sizes, [f"v{length - 1}"], share=False)
    assert alone.peak == alone.naive == found.naive


def test_sharing_saves_memory_in_a_real_network(tmp_path: Path) -> None:
    mindferry.convert(mindferry.demo.path("lenet5.mindir"), tmp_path / "lenet5.onnx", opset=17)
    source = tmp_path / "lenet5.onnx"
    shared = reader.read(compiled(source, "--input_shape=x:1,1,32,32")).number("memory_size")
    alone = reader.read(compiled(source, "--input_shape=x:1,1,32,32", "--disable_reuse_memory=1")).number("memory_size")
    assert shared < 0.7 * alone


def test_a_branch_keeps_what_it_takes_alive() -> None:
    x, held, other = (ir.Value(name=name) for name in ("x", "held", "other"))
    first = ir.Node("", "Relu", [x], outputs=[held])
    middle = ir.Node("", "Abs", [x], outputs=[other])
    inner = ir.Graph([], [], nodes=[ir.Node("", "Neg", [held])])
    last = ir.Node("", "If", [other], [ir.AttrGraph("then_branch", inner)], outputs=[ir.Value(name="y")])
    assert lifetimes([first, middle, last]) == {"held": (0, 2), "other": (1, 2), "y": (2, 2)}


def test_resize_scales_are_not_rounded(tmp_path: Path) -> None:
    """1/3 in float16 would make another size."""
    scales = numpy_helper.from_array(np.float32([1, 1, 1 / 3, 1 / 3]), "scales")
    nodes = [helper.make_node("Resize", ["x", "", "scales"], ["y"], mode="nearest")]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 3000, 3])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    graph = helper.make_graph(nodes, "resize", inputs, outputs, [scales])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "r.onnx")
    path = compiled(tmp_path / "r.onnx", "--precision_mode=force_fp16")
    assert reader.read(path).introduction.outputs[0].dims == (1, 1, 1000, 1)
    assert run(path, np.zeros((1, 1, 3000, 3), np.float32))[0].shape == (1, 1, 1000, 1)
