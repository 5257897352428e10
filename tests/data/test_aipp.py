"""AIPP does to photographs what the description says, within float16."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

from mindferry.data import aipp, description, images
from mindferry.data.description import Description, ImageInput
from mindferry.types import Shape

PHOTOS = Path(__file__).parents[2] / "examples" / "photos"
IMAGENET = {"scale": 1 / 255, "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
EXACT = {"mean": (127.0, 128.0, 0.0), "std": (128.0, 64.0, 1.0)}


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("photos")
    found = []
    for name in ("astronaut", "coffee", "chelsea", "rocket", "camera"):
        found.append(folder / f"{name}.png")
        Image.fromarray(getattr(skimage.data, name)()).save(found[-1])
    return found


@pytest.mark.parametrize(
    ("image", "device_crops"),
    [
        (ImageInput(resize=256, crop=(224, 224), interpolation="bicubic", **EXACT), False),
        (ImageInput(resize=(256, 300), crop=(224, 224), **EXACT), True),
        (ImageInput(resize=(225, 301), crop=(100, 200), color="BGR", **EXACT), True),
        (ImageInput(resize=(64, 64), **EXACT), False),
        (ImageInput(color="GRAY", resize=(32, 32), mean=(100.0,), std=(2.0,)), False),
        (ImageInput(**EXACT), False),
    ],
)
def test_numbers_that_float16_holds_give_the_same_pixels(
    photos: list[Path], image: ImageInput, device_crops: bool
) -> None:
    assert aipp.problems(Description(Path("a.toml"), image)) == []
    assert aipp.largest_error(image) == 0
    assert (aipp.host_part(image).crop is None) == (device_crops or image.crop is None)
    for photo in photos:
        pixels = images.load(photo, aipp.host_part(image))
        assert pixels.dtype == np.uint8 and pixels.ndim == 3
        np.testing.assert_array_equal(aipp.compute(pixels, image), images.load(photo, image))


@pytest.mark.parametrize("color", ["RGB", "BGR"])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_other_numbers_differ_by_what_is_stated(photos: list[Path], color: str, dtype: str) -> None:
    image = ImageInput(resize=(224, 280), crop=(224, 224), color=color, dtype=dtype, **IMAGENET)
    assert aipp.problems(Description(Path("a.toml"), image)) == []
    bound = aipp.largest_error(image)
    assert 0 < bound < aipp.LARGEST_ERROR
    largest = max(abs((value / 255 - 0.4) / 0.22) for value in (0, 255)) * 1.1
    for photo in photos:
        host = images.load(photo, image).astype(np.float64)
        device = aipp.compute(images.load(photo, aipp.host_part(image)), image).astype(np.float64)
        difference = np.abs(host - device).max()
        assert 0 < difference <= bound * largest + (2**-10 if dtype == "float16" else 0)


def test_the_configuration_in_full() -> None:
    image = ImageInput(resize=(256, 300), crop=(224, 220), color="BGR", **IMAGENET)
    assert aipp.configuration(image, rank=1) == (
        "aipp_op {\n  aipp_mode: static\n  related_input_rank: 1\n  input_format: RGB888_U8\n"
        "  src_image_size_w: 300\n  src_image_size_h: 256\n  crop: true\n  load_start_pos_w: 40\n  load_start_pos_h: 16\n"
        "  crop_size_w: 220\n  crop_size_h: 224\n  csc_switch: false\n  rbuv_swap_switch: true\n"
        "  mean_chn_0: 123\n  min_chn_0: 0.675\n  var_reci_chn_0: 0.0171247538\n"
        "  mean_chn_1: 116\n  min_chn_1: 0.28\n  var_reci_chn_1: 0.0175070028\n"
        "  mean_chn_2: 103\n  min_chn_2: 0.53\n  var_reci_chn_2: 0.0174291939\n}\n"
    )


def test_image_sizes_that_vary_are_left_out() -> None:
    image = ImageInput(resize=256, **EXACT)
    assert "src_image_size" not in aipp.configuration(image, crop=False)
    fixed = Description(Path("a.toml"), ImageInput(resize=(64, 64), crop=(32, 32)))
    assert aipp.problems(fixed, crop=False) == [
        "a.toml: input.crop cannot be done for image sizes that vary; leave resize and crop to the caller"
    ]


def test_the_example_is_exact() -> None:
    described = description.read(PHOTOS / "efficientnet_lite0.toml")
    assert aipp.problems(described) == [] and aipp.largest_error(described.input) == 0


def test_all_that_aipp_cannot_do_is_listed() -> None:
    image = ImageInput(
        layout="NHWC", dtype="uint8", resize=(5000, 64), crop=(5000, 65), mean=(-1.0, 600.0, 0.0), std=(1.0, 1.0, 1e-6)
    )
    found = "\n".join(aipp.problems(Description(Path("a.toml"), image)))
    for problem in (
        "input.layout is NHWC",
        "input.dtype is uint8",
        "images of 5000 x 65; AIPP takes heights of 1 to 4096",
        "input.crop [5000, 65] is larger than input.resize [5000, 64]",
        "channel 0 adds 1 to the pixels; AIPP only subtracts",
        "channel 1 subtracts 600 from the pixels",
        "channel 2 multiplies by 1e+06, which is outside float16",
    ):
        assert problem in found


@pytest.mark.parametrize(
    ("image", "shapes", "problem"),
    [
        (
            ImageInput(crop=(32, 40)),
            {"x": ("n", 3, 32, 41)},
            "makes images of 3 x 32 x 40 (channels, height, width), but x",
        ),
        (ImageInput(crop=(32, 40)), {"x": ("n", 3, "h", "w")}, None),
        (ImageInput(), {"x": (1, 3, 9, 9)}, None),
        (
            ImageInput(),
            {"x": (1, 1, 9, 9)},
            "makes images of 3 x ? x ? (channels, height, width), but x takes [1, 1, 9, 9]",
        ),
        (ImageInput(), {"x": (1, 3)}, "but x takes [1, 3]"),
        (ImageInput(), {"x": None}, None),
        (ImageInput(name="y"), {"x": None}, "input.name is 'y'; the model takes x"),
        (ImageInput(), {"x": None, "z": None}, "input.name is missing; the model takes x, z"),
    ],
)
def test_a_model_of_other_inputs(image: ImageInput, shapes: dict[str, Shape | None], problem: str | None) -> None:
    found = aipp.problems(Description(Path("a.toml"), image), shapes)
    assert (found == []) if problem is None else (problem in found[0])


@pytest.mark.parametrize(
    ("image", "problem"),
    [
        (ImageInput(std=(1.0, 1.0, 1e-3)), "scale, mean and std make numbers outside float16"),
        (ImageInput(scale=1e-6), "in float16, scale, mean and std miss by"),
        (ImageInput(scale=1e-9), "channel 0 multiplies by 1e-09, which is outside float16"),
    ],
)
def test_numbers_that_float16_loses_are_refused(image: ImageInput, problem: str) -> None:
    assert problem in aipp.problems(Description(Path("a.toml"), image))[0]
