"""Image files -> arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mindferry.data import description, images
from mindferry.data.description import ImageInput
from mindferry.errors import FileProblem

PHOTOS = Path(__file__).parents[2] / "examples" / "photos"
AS_IS = ImageInput(layout="NHWC", dtype="uint8")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """3 wide, 2 high; every channel value differs."""
    path = tmp_path / "picture.png"
    Image.fromarray(np.arange(18, dtype=np.uint8).reshape(2, 3, 3) * 10).save(path)
    return path


def test_pixels_as_they_are(picture: Path) -> None:
    assert np.array_equal(images.load(picture, AS_IS), np.arange(18).reshape(2, 3, 3) * 10)


def test_colour_order_and_layout(picture: Path) -> None:
    plain = images.load(picture, AS_IS)
    assert np.array_equal(
        images.load(picture, ImageInput(layout="NHWC", dtype="uint8", color="BGR")), plain[:, :, ::-1]
    )
    assert np.array_equal(images.load(picture, ImageInput(dtype="uint8")), plain.transpose(2, 0, 1))
    assert images.load(picture, ImageInput(dtype="uint8", color="GRAY")).shape == (1, 2, 3)


def test_scale_then_mean_then_std(picture: Path) -> None:
    wanted = ImageInput(layout="NHWC", scale=0.5, mean=(1.0, 2.0, 3.0), std=(2.0, 4.0, 8.0))
    found = images.load(picture, wanted)
    expected = (np.arange(18).reshape(2, 3, 3) * 10 * 0.5 - [1, 2, 3]) / [2, 4, 8]
    assert found.dtype == np.float32 and np.array_equal(found, expected.astype(np.float32))
    assert images.load(picture, ImageInput(dtype="float16")).dtype == np.float16


@pytest.mark.parametrize(("resize", "size"), [(4, (4, 6)), ((5, 7), (5, 7)), (1, (1, 2)), (2, (2, 3)), (None, (2, 3))])
def test_resize(picture: Path, resize: int | tuple[int, int] | None, size: tuple[int, int]) -> None:
    assert images.load(picture, ImageInput(layout="NHWC", resize=resize)).shape[:2] == size


def test_shorter_side_keeps_the_shape_of_upright_images(tmp_path: Path) -> None:
    Image.new("RGB", (300, 451)).save(tmp_path / "upright.png")
    assert images.load(tmp_path / "upright.png", ImageInput(resize=256)).shape == (3, 385, 256)


def test_crop_takes_the_centre(tmp_path: Path) -> None:
    pixels = np.arange(25, dtype=np.uint8).reshape(5, 5)
    Image.fromarray(pixels).save(tmp_path / "grey.png")
    wanted = ImageInput(layout="NHWC", dtype="uint8", color="GRAY", crop=(3, 2))
    assert np.array_equal(images.load(tmp_path / "grey.png", wanted)[:, :, 0], pixels[1:4, 1:3])


def test_crop_larger_than_the_image(picture: Path) -> None:
    with pytest.raises(FileProblem, match=r"picture\.png: is 2 x 3 pixels after resizing, the crop wants 4 x 4"):
        images.load(picture, ImageInput(crop=(4, 4)))


def test_other_kinds_of_images_are_converted(tmp_path: Path) -> None:
    grey = np.array([[0, 128, 255]], np.uint8)
    Image.fromarray(grey).save(tmp_path / "grey.png")
    Image.fromarray(np.dstack([grey] * 3 + [grey * 0])).save(tmp_path / "alpha.png")
    Image.fromarray(grey.astype(np.uint16) * 257).save(tmp_path / "deep.png")
    Image.fromarray(grey).convert("P").save(tmp_path / "palette.png")
    Image.fromarray(grey > 0).save(tmp_path / "bits.png")
    for name in ("grey", "alpha", "deep", "palette"):
        assert np.array_equal(images.load(tmp_path / f"{name}.png", AS_IS), np.dstack([grey] * 3)), name
    assert images.load(tmp_path / "bits.png", AS_IS)[0, :, 0].tolist() == [0, 255, 255]


def test_exif_turns_the_image(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels = np.zeros((16, 32, 3), np.uint8)
    pixels[:, :16] = 255
    Image.fromarray(pixels).save(tmp_path / "turned.jpg", exif=exif, quality=95)
    found = images.load(tmp_path / "turned.jpg", AS_IS)
    assert found.shape == (32, 16, 3) and found[4].min() > 250 and found[28].max() < 5


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.png", b"", "not an image"),
        ("text.jpg", b"hello", "not an image"),
        ("cut.png", None, "cannot be read"),
    ],
)
def test_unreadable(tmp_path: Path, picture: Path, name: str, content: bytes | None, words: str) -> None:
    (tmp_path / name).write_bytes(picture.read_bytes()[:50] if content is None else content)
    with pytest.raises(FileProblem, match=words):
        images.load(tmp_path / name, AS_IS)


def test_absent_and_folder(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="no such file"):
        images.load(tmp_path / "absent.png", AS_IS)
    with pytest.raises(FileProblem, match=str(tmp_path)):
        images.load(tmp_path, AS_IS)


def test_pixels_without_a_known_range(tmp_path: Path) -> None:
    Image.fromarray(np.ones((2, 2), np.float32)).save(tmp_path / "float.tiff")
    with pytest.raises(FileProblem, match="32-bit pixels"):
        images.load(tmp_path / "float.tiff", AS_IS)


def test_gigantic_claims_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, picture: Path) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 4)
    with pytest.raises(FileProblem, match="more than 4 pixels"):
        images.load(picture, AS_IS)


@pytest.mark.parametrize(("index", "name"), list(enumerate(["cat", "coffee", "rocket", "astronaut"])))
def test_photographs_become_what_mindspore_was_given(index: int, name: str) -> None:
    wanted = description.read(PHOTOS / "efficientnet_lite0.toml").input
    with np.load(PHOTOS / "photos.npz") as recorded:
        expected = next(array for array in recorded.values() if array.ndim == 4)[index]
    assert np.array_equal(images.load(PHOTOS / f"{name}.png", wanted), expected)
