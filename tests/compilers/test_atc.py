"""The driver of ATC, with a stand-in for ATC that is as strict about its arguments."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import onnx_ir as ir
import pytest
from onnx import TensorProto, helper

import mindferry
from mindferry import conversion
from mindferry.compilers import atc, atc_errors, cann, process
from mindferry.errors import ConvertError, MindFerryError, NotInstalled, OptionError
from runtimes import models

FAKE = Path(__file__).with_name("fake_atc.py")
PHOTOS = Path(__file__).parents[2] / "examples" / "photos"


def fake(behaviour: str = "plain") -> str:
    return f"{sys.executable} {FAKE} {behaviour}"


@pytest.fixture(scope="module")
def lenet() -> ir.Model:
    """LeNet with a free batch dimension."""
    return conversion.to_onnx(mindferry.demo.path("lenet5.mindir"), opset=17, consumer="atc")[0]


@pytest.fixture
def free(tmp_path: Path) -> Path:
    return models.identity(tmp_path / "free.onnx", TensorProto.FLOAT, ["n", 3, "h", "w"])


@pytest.fixture
def fixed(tmp_path: Path) -> Path:
    return models.identity(tmp_path / "fixed.onnx", TensorProto.FLOAT, [1, 3, 8, 8])


def compiled(source: Path, target: Path, **options: Any) -> dict[str, Any]:
    """ATC's options as the stand-in got them."""
    atc.write_file(source, target, atc.Options(soc="Ascend310P3", atc=fake(), **options))
    return json.loads(target.read_text().removeprefix("IMOD"))


def refusal(kind: type[MindFerryError], source: Path, **options: Any) -> str:
    target = source.with_name("m.om")
    with pytest.raises(kind) as caught:
        atc.write_file(source, target, atc.Options(**{"soc": "Ascend310P3", "atc": fake(), **options}))
    assert not target.exists() and not list(source.parent.glob(".atc-*"))
    return str(caught.value)


def test_a_model_in_memory(lenet: ir.Model, tmp_path: Path) -> None:
    lines: list[str] = []
    options = atc.Options(soc="Ascend310", batch_sizes=(1, 8), precision="fp16", atc=fake(), line=lines.append)
    facts = atc.write(lenet, tmp_path / "lenet5.om", options)
    made = json.loads((tmp_path / "lenet5.om").read_text().removeprefix("IMOD"))
    assert made == {
        "model": "lenet5.onnx", "framework": "5", "output": "lenet5", "soc_version": "Ascend310",
        "precision_mode": "force_fp16", "input_shape": "x:-1,1,32,32", "dynamic_batch_size": "1,8", "insert_op_conf": "",
    }  # fmt: skip
    assert lines[0].startswith("ATC start") and lines[-1].startswith("ATC run success")
    assert facts["soc"] == "Ascend310" and facts["profiles"] == 2 and facts["warnings"][0].startswith("W11001")
    assert [path.name for path in tmp_path.iterdir()] == ["lenet5.om"]


def test_the_file_is_found_whatever_its_suffix(fixed: Path, tmp_path: Path) -> None:
    (tmp_path / "m.om").write_text("an older one")
    atc.write_file(fixed, tmp_path / "m.om", atc.Options(soc="Ascend310", atc=fake("suffix")))
    assert (tmp_path / "m.om").read_text().startswith("IMOD")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fixed.onnx", "m.om"]


def test_a_fixed_model_needs_no_shapes(fixed: Path, tmp_path: Path) -> None:
    made = compiled(fixed, tmp_path / "m.om", output_type="FP16", extra=("--op_select_implmode=high_precision",))
    assert "input_shape" not in made and made["precision_mode"] == "must_keep_origin_dtype"
    assert made["output_type"] == "FP16" and made["op_select_implmode"] == "high_precision"


def test_profiles_and_shapes_become_arguments(free: Path, tmp_path: Path) -> None:
    target = tmp_path / "m.om"
    assert compiled(free, target, input_shapes={"x": (1, 3, 8, 8)})["input_shape"] == "x:1,3,8,8"
    made = compiled(free, target, input_shapes={"x": (1, 3, "h", "w")}, image_sizes=((8, 8), (16, 24)))
    assert (made["input_shape"], made["dynamic_image_size"]) == ("x:1,3,-1,-1", "8,8;16,24")
    assert made["input_format"] == "NCHW"
    made = compiled(free, target, dims=((1, 8, 8), (2, 16, 16)))
    assert (made["input_shape"], made["dynamic_dims"], made["input_format"]) == ("x:-1,3,-1,-1", "1,8,8;2,16,16", "ND")


def test_all_that_is_wrong_with_options_is_told_at_once(free: Path) -> None:
    text = refusal(
        OptionError, free, soc="Ascend310P4", precision="int4", output_type="FP64", batch_sizes=(1, 1, 0),
        image_sizes=((8, 8, 8), (4, 4, 4)), seconds=0.0, extra=("-x", "--soc_version=Ascend310", "--external_weight=1"),
        input_shapes={"y": (1,), "x": (1, 3, 8)},
    )  # fmt: skip
    for problem in (
        "no Ascend processor 'Ascend310P4'; did you mean Ascend310P",
        "no precision 'int4'; choose origin, fp16, mixed",
        "no output type 'FP64'",
        "batch sizes and image sizes exclude each other",
        "batch sizes are given twice: 1",
        "batch sizes must be positive: 0",
        "an image size is a height and a width",
        "the time-out is 0.0",
        "'-x' is not --NAME=VALUE",
        "--soc_version is set by MindFerry's own options",
        "--external_weight makes other files",
        "y is not an input; the model takes x",
        "x has 4 dimensions, its input shape 3",
    ):
        assert problem in text


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"batch_sizes": (4,)}, "batch sizes: 1 given; ATC takes 2 to 100"),
        ({"batch_sizes": (1, 2)}, "batch sizes need the first dimension alone to be free, which is not so for x"),
        ({"image_sizes": ((8, 8), (4, 4))}, "image sizes need height and width of NCHW alone to be free"),
        ({"dims": ((1, 2), (3, 4))}, "a size for each of the 3 free dimensions of x"),
        ({"dims": ((1, 2), (3, 4, 5))}, "dimension profiles differ in how many sizes they have"),
        ({"batch_sizes": tuple(range(1, 102))}, "batch sizes: 101 given; ATC takes 2 to 100"),
        (
            {"input_shapes": {"x": (1, 3, 8, 8)}, "dims": ((1,), (2,))},
            "profiles are given, but every dimension is fixed",
        ),
    ],
)
def test_profiles_that_do_not_fit(free: Path, options: dict[str, Any], problem: str) -> None:
    assert problem in refusal(OptionError, free, **options)


def test_the_series_of_2026_takes_more_profiles(free: Path, tmp_path: Path) -> None:
    sizes = tuple(range(1, 102))
    options = atc.Options(soc="Ascend910_9599", batch_sizes=sizes, input_shapes={"x": ("n", 3, 8, 8)}, atc=fake())
    assert atc.write_file(free, tmp_path / "m.om", options)["profiles"] == 101


def test_a_path_that_atc_refuses(fixed: Path, tmp_path: Path) -> None:
    place = tmp_path / "my model (1)"
    place.mkdir()
    with pytest.raises(OptionError, match=r"ATC refuses ' \(\)' in a path"):
        atc.write_file(fixed, place / "m.om", atc.Options(soc="Ascend310", atc=fake()))


def test_models_that_atc_refuses(free: Path, tmp_path: Path) -> None:
    assert "free dimensions, which Ascend310 does not have: x [n, 3, h, w]" in refusal(
        ConvertError, free, soc="Ascend310", input_shapes={"x": ("n", 3, "h", "w")}
    )
    assert "free dimensions, which ATC must be told about: x [n, 3, h, w]" in refusal(ConvertError, free)
    bfloat16 = models.identity(tmp_path / "b.onnx", TensorProto.BFLOAT16, [2])
    assert "element type BFLOAT16, which Ascend310P3 does not have: x, y" in refusal(ConvertError, bfloat16)
    atc.write_file(bfloat16, tmp_path / "m.om", atc.Options(soc="Ascend910B1", atc=fake()))
    (tmp_path / "m.om").unlink()
    nodes = [
        helper.make_node("NonMaxSuppression", ["b", "s", "m"], ["y"], name="nms"),
        helper.make_node("QuantizeLinear", ["s", "q"], ["z"], name="quantize"),
    ]
    ports = [("b", 1, [1, 9, 4]), ("s", 1, [1, 1, 9]), ("m", 7, [1]), ("q", 1, [])]
    path = models.save(tmp_path / "n.onnx", nodes, ports, [("y", 7, ["k", 3]), ("z", 2, [1, 1, 9])])
    text = refusal(ConvertError, path, soc="Ascend310", batch_sizes=(1,))
    assert "NonMaxSuppression without all of its 5 inputs, on which ATC crashes: nms (give" in text
    assert "operator QuantizeLinear: quantize (quantize with Ascend's AMCT instead)" in text
    assert "batch sizes: 1 given" in text


def test_air_takes_no_shapes(tmp_path: Path) -> None:
    path = tmp_path / "m.air"
    path.write_bytes(b"\x3a\x00")
    text = refusal(OptionError, path, input_shapes={"x": (1,)}, batch_sizes=(1, 2))
    assert "input_shapes is ignored by ATC for AIR" in text and "batch_sizes is ignored" in text
    assert compiled(path, tmp_path / "made.om")["framework"] == "1"


def test_air_must_fit_the_processor(free: Path) -> None:
    air = free.with_suffix(".air")
    mindferry.convert(free, air)
    text = refusal(ConvertError, air, soc="Ascend310")
    assert "free dimensions, which Ascend310 does not have: x [?, 3, ?, ?] (write the AIR with sizes" in text
    assert compiled(air, free.with_name("made.om"))["framework"] == "1"


@pytest.mark.parametrize(
    ("behaviour", "text"),
    [
        (
            "E16002",
            "ATC failed: E16002: No ONNX parser is registered for optype ai.onnx::19::Relu (and E19999); convert at",
        ),
        ("E10016", "ATC failed: E10016: Opname in --out_nodes is not in the model (and E19999); name operators as the"),
        ("E29999", "ATC failed: E29999: Something that nobody wrote down (and E19999)"),
        ("none", "ATC failed: E19999: Inner Error; see the log in ~/ascend/log"),
        ("crash", "ATC failed: it crashed (SIGSEGV); its log is in ~/ascend/log"),
        ("silent", "ATC ended well but made nothing instead of one .om file"),
    ],
)
def test_failures_become_one_sentence(fixed: Path, behaviour: str, text: str) -> None:
    assert f"{fixed}: {text}" in refusal(ConvertError, fixed, atc=fake(behaviour))


def alive(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"


def all_ended(path: Path) -> bool:
    """Whether every process that the stand-in named is gone, within two seconds."""
    pids = [int(word) for word in path.read_text().split()]
    end = time.monotonic() + 2
    while time.monotonic() < end and any(map(alive, pids)):
        time.sleep(0.02)
    return not any(map(alive, pids))


def test_the_time_out_ends_all_that_atc_started(fixed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_ATC_PIDS", str(tmp_path / "pids"))
    text = refusal(ConvertError, fixed, atc=fake("hang"), seconds=1.0)
    assert "ATC was ended after 1 seconds; allow it more time" in text
    assert all_ended(tmp_path / "pids")


def test_an_interrupt_ends_all_that_atc_started(fixed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pids = tmp_path / "pids"
    monkeypatch.setenv("FAKE_ATC_PIDS", str(pids))

    def interrupt() -> None:
        while not pids.exists() or not pids.read_text():
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        atc.write_file(fixed, tmp_path / "m.om", atc.Options(soc="Ascend310", atc=fake("hang"), seconds=30.0))
    thread.join()
    assert all_ended(pids)
    assert not list(tmp_path.glob(".atc-*"))


def test_a_killed_atc_hints_at_memory() -> None:
    assert atc_errors.explain(137, []) == "it crashed (SIGKILL); there may not be enough memory"
    assert atc_errors.explain(3, ["", "no luck"]) == "it ended with the code 3: no luck"


def test_atc_is_found_with_its_environment(tmp_path: Path, fixed: Path) -> None:
    root = tmp_path / "Ascend" / "latest"
    binary = root / "bin" / "atc"
    binary.parent.mkdir(parents=True)
    binary.write_text('#!/bin/sh\necho "$PREPARED $1"\n')
    binary.chmod(0o755)
    (root / "set_env.sh").write_text("echo noise; export PREPARED=yes\n")
    lines: list[str] = []
    found = cann.find(None, {"ASCEND_TOOLKIT_HOME": str(root)})
    assert found.place == str(binary)
    process.run([*found.command, "--help"], folder=tmp_path, seconds=10, line=lines.append)
    assert lines == ["yes --help"]
    assert cann.find(None, {"HOME": "/nowhere", "PATH": str(binary.parent)}).command == (str(binary),)


def test_without_cann_the_error_says_where_it_looked() -> None:
    with pytest.raises(NotInstalled, match=r"there is no ATC in /opt/x, /usr/local/Ascend/cann, .* nor on the path"):
        cann.find(None, {"ASCEND_HOME_PATH": "/opt/x", "HOME": "/nowhere", "PATH": ""})
    with pytest.raises(OptionError, match="there is no command 'no-such-atc'"):
        cann.find("no-such-atc")


def test_the_description_becomes_a_configuration(lenet: ir.Model, tmp_path: Path) -> None:
    toml = tmp_path / "image.toml"
    toml.write_text('[input]\ncolor = "GRAY"\nresize = [32, 32]\nmean = [127.5]\nstd = [255.0]\n')
    options = atc.Options(soc="Ascend310", input_shapes={"x": (1, 1, 32, 32)}, aipp=toml, atc=fake())
    atc.write(lenet, tmp_path / "m.om", options)
    made = json.loads((tmp_path / "m.om").read_text().removeprefix("IMOD"))["insert_op_conf"]
    assert "aipp_mode: static" in made and "input_format: YUV400_U8" in made and "mean_chn_0: 127\n" in made
    toml.write_text('[input]\nlayout = "NHWC"\nmean = [-1, 0, 0]\n')
    with pytest.raises(OptionError) as caught:
        atc.write(lenet, tmp_path / "m.om", options)
    assert "input.layout is NHWC" in str(caught.value) and "channel 0 adds 1 to the pixels" in str(caught.value)
