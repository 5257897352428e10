"""Whether a model fits a target, told without the target."""

from __future__ import annotations

from pathlib import Path

import pytest
from onnx import TensorProto, helper

from command_line import CHECKPOINT, MINDIR, mindferry, one_line
from mindferry import checking
from mindferry.errors import FormatError, OptionError
from runtimes import models

GOLDENS = Path(__file__).parent / "ops" / "goldens"


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """Refused for many reasons, at opset 18."""
    nodes = [
        helper.make_node("NonZero", ["s"], ["i"], name="sized"),
        *[helper.make_node("ReduceL2", ["s", "axes"], [f"r{n}"], name=f"norm_{n}") for n in range(5)],
        helper.make_node("DequantizeLinear", ["c", "q"], ["z"], name="scale"),
    ]
    ports = [("s", 1, ["batch", 3]), ("axes", 7, [1]), ("c", 3, [2]), ("q", 1, [])]
    return models.save(tmp_path / "bad.onnx", nodes, ports, [("i", 7, [2, "k"]), ("r0", 1, [3])])


def reasons(found: checking.Compatibility) -> dict[str, tuple[int, str, str]]:
    return {one.reason: (len(one.places), one.shown_places, one.cure) for one in found.findings}


def test_every_reason_with_count_places_and_cure(bad: Path) -> None:
    found = checking.check(bad, "atc", soc="Ascend310")
    assert not found.fits and found.opset == 18 and found.operators["ReduceL2"] == 5
    assert reasons(found) == {
        "operator DequantizeLinear": (1, "scale", "quantize with Ascend's AMCT instead"),
        "operator ReduceL2 at opset 18 (accepted from 8 to 17)": (5, "norm_0, norm_1, norm_2 and 2 more", "use opset 17"),
        "free dimensions, which Ascend310 does not have": (
            1, "s [batch, 3]",
            "fix them (--input-shape NAME:1,3,224,224) or give sizes to choose from (--dynamic-batch 1,2,4)",
        ),
        "operator NonZero makes a shape that depends on values, which Ascend310 does not have": (
            1, "sized", "leave it to the host",
        ),
    }  # fmt: skip


def test_the_processor_makes_the_difference(bad: Path) -> None:
    free = "free dimensions, which ATC must be told about"
    assert free in reasons(checking.check(bad, "atc", soc="Ascend310P3"))
    told = reasons(checking.check(bad, "atc", soc="Ascend310P3", input_shapes={"s": ("batch", 3)}))
    assert sorted(told) == ["operator DequantizeLinear", "operator ReduceL2 at opset 18 (accepted from 8 to 17)"]
    sized = "operator NonZero makes a shape that depends on values, which profiles do not allow"
    assert sized in reasons(checking.check(bad, "atc", soc="Ascend310P3", profiles=True))
    assert free not in reasons(checking.check(bad, "atc", profiles=True))


def test_mindir_is_judged_as_the_onnx_that_it_becomes() -> None:
    fixed = {"x": (1, 1, 32, 32)}
    found = checking.check(MINDIR, "atc", soc="Ascend310", input_shapes=fixed)
    assert found.fits and found.opset == 17 and found.operators["Conv"] == 2
    found = checking.check(MINDIR, "atc", opset=19, input_shapes=fixed)
    assert reasons(found) == {"opset 19 is outside 8 to 18": (0, "", "use opset 17")}
    assert checking.check(MINDIR, "ort").opset == checking.check(MINDIR, "tensorrt").opset == 18


def test_newer_operators_have_older_forms() -> None:
    fft = GOLDENS / "fft" / "FFT2_0.mindir"
    cure = "use opset 16, where it is made of older operators"
    assert reasons(checking.check(fft, "atc")) == {"operator DFT": (2, "DFT, DFT_1", cure)}
    assert checking.check(fft, "atc", opset=16).fits


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("BesselI1e_3", "no ONNX for BesselI1e x1, first at Default/BesselI1e-op0 (only approximately:"),
        ("shape/Rank_0", "input x has any number of dimensions; ONNX needs a fixed one"),
    ],
)
def test_mindir_without_an_onnx_form_says_why(name: str, start: str) -> None:
    (path,) = GOLDENS.rglob(f"{name}.mindir")
    found = checking.check(path, "atc")
    assert not found.fits and found.opset is None and found.operators == {}
    assert found.findings[0].reason.startswith(start)


def test_bfloat16_depends_on_the_processor(tmp_path: Path) -> None:
    path = models.identity(tmp_path / "b.onnx", TensorProto.BFLOAT16, [2])
    assert "element type BFLOAT16, which Ascend310P3 does not have" in reasons(
        checking.check(path, "atc", soc="Ascend310P3")
    )
    assert checking.check(path, "atc", soc="Ascend310B1").fits


def test_air_is_atcs_own(tmp_path: Path) -> None:
    free = models.identity(tmp_path / "free.onnx", TensorProto.FLOAT, ["n", 3])
    half = models.identity(tmp_path / "half.onnx", TensorProto.BFLOAT16, [2])
    for path in (free, half):
        assert mindferry("convert", path, path.with_suffix(".air")).code == 0
    free, half = free.with_suffix(".air"), half.with_suffix(".air")
    found = checking.check(free, "atc", soc="Ascend310")
    assert found.operators == {"Identity": 1} and found.opset is None
    assert [(one.reason, one.places) for one in found.findings] == [
        ("free dimensions, which Ascend310 does not have", ("x [?, 3]",))
    ]
    assert checking.check(free, "atc", soc="Ascend310P3").fits and checking.check(free, "ort").fits
    bfloat16 = "element type BFLOAT16, which Ascend310P3 does not have"
    assert reasons(checking.check(half, "atc", soc="Ascend310P3"))[bfloat16][0] == 2
    assert checking.check(half, "atc", soc="Ascend910B1").fits
    with pytest.raises(OptionError, match="which ATC takes as it is; it does not take the option opset, profiles"):
        checking.check(free, "atc", opset=17, profiles=True)


@pytest.mark.parametrize("target", ["ort", "openvino", "tensorrt"])
def test_custom_operators_are_nobodys(tmp_path: Path, target: str) -> None:
    node = helper.make_node("Own", ["x"], ["y"], domain="com.example", name="own")
    path = models.save(tmp_path / "own.onnx", [node], [("x", 1, [2])], [("y", 1, [2])])
    found = reasons(checking.check(path, target))
    assert list(found) == ["custom operator com.example::Own"] and found["custom operator com.example::Own"][0] == 1


def test_options_that_cannot_be_meant() -> None:
    with pytest.raises(OptionError, match="soc and profiles belong to the target atc, not to ort"):
        checking.check(MINDIR, "ort", soc="Ascend310", profiles=True)
    with pytest.raises(OptionError, match="no target 'tpu'"):
        checking.check(MINDIR, "tpu")
    with pytest.raises(FormatError, match="is a checkpoint, which holds no operators"):
        checking.check(CHECKPOINT, "atc")


def test_the_screen_and_the_exit_code(bad: Path) -> None:
    found = mindferry("check", bad, "--target", "atc", "--soc", "Ascend310")
    assert found.code == 1 and found.err == ""
    lines = found.out.splitlines()
    assert lines[0].endswith("Ascend's ATC for Ascend310, opset 18")
    assert lines[1] == "would be refused, for 4 reasons"
    assert lines[3].split() == ["Reason", "Count", "Places", "What", "to", "do"]
    assert any("norm_0, norm_1, norm_2" in line and "use opset 17" in line for line in lines)
    good = mindferry("check", MINDIR, "--target", "atc", "--soc", "Ascend310", "--input-shape", "x:1,1,32,32")
    assert good.code == 0 and "nothing speaks against it: 12 nodes of 5 operators" in good.out


def test_json_for_programs(bad: Path) -> None:
    found = mindferry("check", bad, "--target", "tensorrt", "--json")
    assert found.code == 1 and not found.data["fits"]
    assert found.data["findings"] == [{"reason": "operator NonZero", "places": ["sized"], "cure": "", "count": 1}]
    assert mindferry("check", MINDIR, "--target", "ort", "--json").data["findings"] == []


def test_errors_are_one_line(tmp_path: Path) -> None:
    one_line(mindferry("check", MINDIR, "--target", "atc", "--soc", "310p"), 2, "no Ascend processor", "Ascend310P3")
    one_line(mindferry("check", tmp_path / "no.onnx", "--target", "atc"), 1, "no such file")
