"""AIPP: what a configuration says, and what the simulated unit makes of pixels."""

from __future__ import annotations

import json
import random
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from onnx import TensorProto, helper

import offline
from mindferry.ascend import aipp
from mindferry.data import aipp as host
from mindferry.data.description import ImageInput
from mindferry.errors import FormatError
from mindferry.formats.om import reader
from mindferry.summary import summarize
from offline import Program

IMAGENET = {"scale": 1 / 255, "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
RANDOM = np.random.default_rng(0)


def one(text: str) -> aipp.Operation:
    (found,) = aipp.parse(f"aipp_op {{ aipp_mode: static\n{text} }}")
    return found


@pytest.mark.parametrize(
    "image",
    [
        ImageInput(resize=(20, 24), crop=(16, 18), **IMAGENET),
        ImageInput(resize=(16, 18), color="BGR", **IMAGENET),
        ImageInput(resize=(16, 18), color="GRAY", mean=(100.0,), std=(2.0,)),
        ImageInput(**IMAGENET),
    ],
)
def test_configurations_from_descriptions_do_what_they_say(image: ImageInput) -> None:
    """The configuration that MindFerry writes for ATC, read back, against what it says that AIPP computes."""
    (operation,) = aipp.parse(host.configuration(image))
    height, width = image.resize if isinstance(image.resize, tuple) else (16, 18)
    channels = 1 if image.color == "GRAY" else 3
    pixels = RANDOM.integers(0, 256, (height, width, channels), np.uint8)
    found = aipp.compute(operation, pixels.reshape(1, -1), height, width)
    expected = host.compute(pixels, image)
    assert found.dtype == np.float16
    np.testing.assert_array_equal(found[0], expected)
    assert aipp.result_size(operation, height, width) == expected.shape[1:]
    assert aipp.source_size(operation, *expected.shape[1:]) == (height, width)


def test_colours_are_converted() -> None:
    """JPEG's YUV to RGB, with the matrix of the vendor's documents, against the formula in floating point."""
    operation = one(
        "input_format: YUV420SP_U8 src_image_size_w: 8 src_image_size_h: 6 csc_switch: true "
        "matrix_r0c0: 256 matrix_r0c1: 0 matrix_r0c2: 359 matrix_r1c0: 256 matrix_r1c1: -88 matrix_r1c2: -183 "
        "matrix_r2c0: 256 matrix_r2c1: 454 matrix_r2c2: 0 input_bias_0: 0 input_bias_1: 128 input_bias_2: 128"
    )
    bright = RANDOM.integers(0, 256, (6, 8)).astype(np.uint8)
    colour = RANDOM.integers(0, 256, (3, 4, 2)).astype(np.uint8)
    raw = np.concatenate([bright.ravel(), colour.ravel()])
    assert raw.nbytes == aipp.source_bytes(operation, 6, 8)
    found = aipp.compute(operation, raw.reshape(1, -1), 6, 8)[0].astype(np.float64)
    u, v = (colour[:, :, index].repeat(2, 0).repeat(2, 1).astype(np.float64) - 128 for index in range(2))
    expected = np.stack([bright + 1.402 * v, bright - 0.344 * u - 0.714 * v, bright + 1.772 * u])
    np.testing.assert_allclose(found, np.clip(expected, 0, 255), atol=1.6)


def test_four_channels_padding_and_channel_order() -> None:
    pixels = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(1, 2, 3, 4)
    plain = one(
        "input_format: XRGB8888_U8 src_image_size_w: 3 src_image_size_h: 2 ax_swap_switch: true rbuv_swap_switch: true"
    )
    np.testing.assert_array_equal(aipp.compute(plain, pixels, 2, 3)[0], pixels[0, :, :, [3, 2, 1]])
    padded = one(
        "input_format: YUV400_U8 padding: true left_padding_size: 1 right_padding_size: 2 top_padding_size: 3 padding_value: 9"
    )
    found = aipp.compute(padded, np.uint8([[1, 2]]), 1, 2)
    assert found.tolist() == [[[[9, 9, 9, 9, 9], [9, 9, 9, 9, 9], [9, 9, 9, 9, 9], [9, 1, 2, 9, 9]]]]
    assert aipp.result_size(padded, 1, 2) == (4, 5)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "there is no aipp_op"),
        ("aipp_op {", "an aipp_op is not closed"),
        ("other { }", "expected aipp_op before {"),
        ("aipp_op { aipp_mode: }", "a key without its value"),
        ("aipp_op { aipp_mode: static crop }", "crop"),
        ("aipp_op { aipp_mode: static crop: true crop: true }", "crop is given twice"),
        ("aipp_op { aipp_mode: dynamic }", "only static preparation is simulated"),
        ("aipp_op { aipp_mode: static input_format: RGB }", "input_format 'RGB' is none of YUV420SP_U8"),
        ("aipp_op { aipp_mode: static input_format: RGB888_U8 crop: 1 }", "crop is '1', not true or false"),
        ("aipp_op { aipp_mode: static input_format: RGB888_U8 mean_chn_0: a }", "mean_chn_0 is 'a', not a number"),
        ("aipp_op { aipp_mode: static input_format: RGB888_U8 mean_chn_0: 1.5 }", "mean_chn_0 is '1.5', not a number"),
        ("aipp_op { aipp_mode: static input_format: RGB888_U8 blur: 1 }", "there is no AIPP setting blur"),
        ("aipp_op { aipp_mode: static input_format: RGB888_U8 resize: true }", "AIPP cannot resize"),
        (
            "aipp_op { aipp_mode: static input_format: YUV420SP_U8 src_image_size_w: 3 src_image_size_h: 2 }",
            "even heights",
        ),
        ("aipp_op { aipp_mode: static input_format: RGB888_U8 } " * 2, "names an input twice"),
    ],
)
def test_broken_configurations(text: str, problem: str) -> None:
    with pytest.raises(FormatError, match=problem):
        aipp.parse(text)


def test_text_that_was_changed_anywhere_ends_in_a_format_error() -> None:
    text = host.configuration(ImageInput(resize=(20, 24), crop=(16, 18), **IMAGENET))
    chooser = random.Random(0)
    outcomes = set()
    for _ in range(2000):
        place, piece = chooser.randrange(len(text)), chooser.choice(["", ":", "{", "}", "#", "-", "x", " ", "\n", '"'])
        try:
            aipp.parse(text[:place] + piece + text[place + 1 :])
            outcomes.add("read")
        except FormatError:
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}


def test_comments_and_quotes() -> None:
    operation = one('# a comment { }\n input_format : "RGB888_U8" # another\n var_reci_chn_0: 0.5 min_chn_0: -1e-2')
    assert operation.value("var_reci_chn_0") == 0.5 and operation.value("min_chn_0") == -0.01
    assert aipp.Operation.from_dict(json.loads(json.dumps(operation.as_dict()))) == operation


def network(folder: Path, shape: list[int | str]) -> Path:
    """y = 2 x, for images."""
    nodes = [helper.make_node("Add", ["x", "x"], ["y"], "double")]
    ports = [[helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)] for name in ("x", "y")]
    return offline.save(folder / "images.onnx", nodes, *ports)


def test_a_model_takes_pixels(acl: ModuleType, tmp_path: Path) -> None:
    image = ImageInput(resize=(20, 24), crop=(16, 18), **IMAGENET)
    (tmp_path / "aipp.cfg").write_text(host.configuration(image))
    path = offline.compiled(
        network(tmp_path, ["n", 3, 16, 18]), f"--insert_op_conf={tmp_path / 'aipp.cfg'}", "--input_shape=x:-1,3,16,18",
        "--dynamic_batch_size=1,2",
    )  # fmt: skip
    assert reader.read(path).preprocessing == {"x": "static_aipp"}
    assert summarize(path).compiled.preparation == {"x": "static_aipp"}  # type: ignore[union-attr]
    program = Program(acl, path)
    mdl = acl.mdl
    assert mdl.get_input_dims(program.desc, 0)[0]["dims"] == [-1, 20, 24, 3]
    assert mdl.get_input_dims_v2(program.desc, 0)[0]["dims"] == [-1, 3, 16, 18]
    assert mdl.get_input_data_type(program.desc, 0) == 4 and mdl.get_input_format(program.desc, 0) == 1
    assert mdl.get_input_size_by_index(program.desc, 0) == 2 * 20 * 24 * 3
    assert mdl.get_aipp_type(program.model, 0)[::2] == (1, 0)
    info, code = mdl.get_first_aipp_info(program.model, 0)
    assert code == 0 and info["srcImageSizeW"] == 24 and info["cropSizeH"] == 16 and info["inputFormat"] == 5
    assert info["meanChn0"] == 123 and info["varReciChn0"] == pytest.approx(1 / 255 / 0.229, rel=1e-6)
    assert mdl.get_first_aipp_info(program.model, 1) == (None, 100038)
    assert mdl.get_aipp_type(program.model, 1)[0] == 0
    pixels = RANDOM.integers(0, 256, (2, 20, 24, 3), np.uint8)
    program.write(0, pixels)
    assert mdl.set_dynamic_batch_size(program.model, program.inputs, 1, 2) == 0
    assert program.execute() == 0, acl.get_recent_err_msg()
    expected = 2 * np.stack([host.compute(one_image, image) for one_image in pixels]).astype(np.float32)
    np.testing.assert_array_equal(program.read(0, np.float32, (2, 3, 16, 18)), expected)


def test_preparation_at_run_time_is_told_to_be_missing(acl: ModuleType, model: Path) -> None:
    program = Program(acl, model)
    mdl = acl.mdl
    handle = mdl.create_aipp(2)
    assert mdl.create_aipp(0) == mdl.create_aipp(128) == 0
    assert mdl.set_aipp_src_image_size(handle, 24, 20) == 0
    assert mdl.set_aipp_dtc_pixel_mean(handle, 1, 2, 3, 4, 1) == 0
    assert mdl.set_aipp_dtc_pixel_mean(handle, 1, 2, 3, 4, 2) == 100000
    assert mdl.set_input_aipp(program.model, program.inputs, 0, handle) == 145015
    assert mdl.destroy_aipp(handle) == 0
    assert mdl.destroy_aipp(handle) == 100000


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ("src_image_size_w: 24 src_image_size_h: 20", "AIPP makes images of (20, 24), but x takes (16, 18)"),
        ("related_input_rank: 1", "related_input_rank 1 is not among the 1 inputs"),
        ("blur: 1", "there is no AIPP setting blur"),
    ],
)
def test_configurations_that_do_not_fit(tmp_path: Path, settings: str, text: str) -> None:
    config = tmp_path / "aipp.cfg"
    config.write_text(f"aipp_op {{ aipp_mode: static input_format: RGB888_U8 {settings} }}")
    code, lines, _ = offline.atc(network(tmp_path, [1, 3, 16, 18]), f"--insert_op_conf={config}")
    assert code == 255 and lines[-1].startswith("E10052: ") and text in lines[-1]
