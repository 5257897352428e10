"""The simulated media units, and JPEG files that they decode for a model."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image, ImageFilter

from mindferry.ascend import aipp, simulator
from mindferry.ascend.media import Images
from mindferry.data import images, nv12
from mindferry.data.description import ImageInput
from mindferry.errors import FileProblem, MindFerryError, OptionError, RunError
from mindferry.types import DType, TensorSpec

PHOTOS = Path(__file__).parents[2] / "examples" / "photos"
IMAGENET = {"scale": 1 / 255, "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
CROPPED = ImageInput(resize=64, crop=(48, 56))
H2D, D2H = 1, 2


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    yield
    simulator.uninstall()


def picture(height: int, width: int) -> Image.Image:
    """Soft shapes in all colours, as in a photograph."""
    noise = np.random.default_rng(0).integers(0, 256, (height // 24 + 1, width // 24 + 1, 3), np.uint8)
    return Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(2))


def jpeg(height: int = 101, width: int = 151, mode: str = "RGB", **options: object) -> bytes:
    stream = io.BytesIO()
    picture(height, width).convert(mode).save(stream, "JPEG", **{"quality": 95, **options})
    return stream.getvalue()


def colours(pixels: np.ndarray, image: ImageInput) -> np.ndarray:
    """What AIPP makes of a decoded image for the model: (C, H, W)."""
    (operation,) = aipp.parse(nv12.configuration(image))
    return aipp.compute(operation, pixels.reshape(1, -1), *operation.size)[0]


def expected(data: bytes, image: ImageInput, folder: Path) -> np.ndarray:
    path = folder / "image.jpg"
    path.write_bytes(data)
    return images.load(path, image)


@pytest.mark.parametrize("soc", ["Ascend310", "Ascend310P3"])
@pytest.mark.parametrize(
    ("photo", "image", "mean"),
    [
        ("astronaut", ImageInput(resize=256, crop=(224, 224)), 2),
        ("astronaut", ImageInput(resize=(96, 128)), 3),
        ("astronaut", ImageInput(resize=(224, 224), color="BGR", **IMAGENET), 2),
        ("coffee", ImageInput(crop=(224, 224)), 2),
        ("cat", ImageInput(resize=256, crop=(224, 224)), 2),
    ],
    ids=["shorter side and crop", "size", "BGR and numbers", "crop alone", "odd width"],
)
def test_photographs_are_those_of_the_host(
    tmp_path: Path, soc: str, photo: str, image: ImageInput, mean: float
) -> None:
    """Against the same description on the host, which keeps the colour of each pixel, and odd sizes; in pixel values."""
    simulator.install(soc=soc)
    stream = io.BytesIO()
    Image.open(PHOTOS / f"{photo}.png").convert("RGB").save(stream, "JPEG", quality=95)
    with Images(image) as decoder:
        found = decoder.decode(stream.getvalue())
        assert set(simulator.live()) == {"context", "channel description", "media channel"}
    height, width = image.crop or image.resize  # type: ignore[misc]
    assert found.shape == (height * 3 // 2, width, 1) and found.dtype == np.uint8
    difference = np.abs(colours(found, image).astype(np.float64) - expected(stream.getvalue(), image, tmp_path))
    unit = image.scale / min(image.std or (1.0,))
    assert difference.mean() < mean * unit and np.quantile(difference, 0.9) < 3 * mean * unit
    assert not simulator.live() and not simulator.leaks()


def test_grey_files_have_no_colour() -> None:
    simulator.install()
    with Images(ImageInput(resize=(48, 64))) as decoder:
        found = decoder.decode(jpeg(48, 64, "L"))
    assert (found[48:] == 128).all()
    np.testing.assert_array_equal(found[:48, :, 0], np.asarray(Image.open(io.BytesIO(jpeg(48, 64, "L")))))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (jpeg(progressive=True), "is progressive"),
        (jpeg(mode="CMYK"), "has the colours CMYK"),
        (jpeg(24, 64), "24 x 64 pixels; the device decodes 32 x 32"),
        (b"nothing", "this is no JPEG file"),
        (b"\xff\xd8" + bytes(100), "this is no JPEG file"),
    ],
)
def test_files_that_are_refused(data: bytes, text: str) -> None:
    simulator.install()
    with Images(CROPPED) as decoder:
        with pytest.raises(FileProblem, match=text):
            decoder.decode(data)
        assert decoder.decode(jpeg()).shape == (72, 56, 1)


def test_files_smaller_than_the_crop_are_refused() -> None:
    simulator.install()
    told = "the image is 100 x 50 after resizing, the crop wants 48 x 56"
    with Images(ImageInput(crop=(48, 56))) as decoder, pytest.raises(FileProblem, match=told):
        decoder.decode(jpeg(101, 51))


def test_files_that_are_to_be_turned_are_refused() -> None:
    simulator.install()
    exif = Image.Exif()
    exif[0x0112] = 6
    with Images(CROPPED) as decoder, pytest.raises(FileProblem, match="as its EXIF says"):
        decoder.decode(jpeg(exif=exif))


def test_a_file_that_is_cut_off_fails_on_the_device() -> None:
    simulator.install()
    with Images(CROPPED) as decoder:
        with pytest.raises(MindFerryError, match=r"acl\.rt\.synchronize_stream failed with 507018.*cannot be decoded"):
            decoder.decode(jpeg()[:1500])
        assert decoder.decode(jpeg()).shape == (72, 56, 1)
    assert not simulator.live() and not simulator.leaks()


def test_descriptions_that_the_units_cannot_follow() -> None:
    simulator.install()
    with pytest.raises(OptionError, match=r"GRAY.*bicubic.*images of 33 x 64"):
        Images(ImageInput(color="GRAY", interpolation="bicubic", resize=(33, 64)))
    assert list(nv12.problems(ImageInput(resize=64))) == [
        "neither input.resize nor input.crop gives the size of the images"
    ]
    decoder = Images(CROPPED)
    decoder.close()
    decoder.close()
    with pytest.raises(RunError, match="given back"):
        decoder.decode(jpeg())


def test_models_that_take_nv12_are_told_from_others() -> None:
    image = ImageInput(resize=64, crop=(48, 56))
    told = [TensorSpec("x", DType.UINT8, ("n", *rest)) for rest in ((72, 56, 1), (48, 56, 1), (48, 56, 3))]
    assert [nv12.taken(spec, image) for spec in told] == [True, False, False]
    assert not nv12.taken(TensorSpec("x", DType.FLOAT32, (1, 72, 56, 1)), image)
    assert not nv12.taken(told[0], ImageInput(resize=64, crop=(48, 56), color="GRAY"))


def test_files_that_are_missing_are_named(tmp_path: Path) -> None:
    simulator.install()
    (tmp_path / "text.jpg").write_text("text")
    with Images(CROPPED) as decoder:
        with pytest.raises(FileProblem, match=r"missing\.jpg: no such file"):
            decoder.load(tmp_path / "missing.jpg")
        with pytest.raises(FileProblem, match=r"text\.jpg: this is no JPEG file"):
            decoder.load(tmp_path / "text.jpg")


def scenario(data: bytes) -> list[MindFerryError]:
    """Decodes a file; the errors on the way."""
    errors: list[MindFerryError] = []
    try:
        decoder = Images(CROPPED)
    except MindFerryError as error:
        return [error]
    for step in (lambda: decoder.decode(data), decoder.close):
        try:
            step()
        except MindFerryError as error:
            errors.append(error)
    return errors


def test_every_call_fails_once() -> None:
    data = jpeg()
    simulator.install()
    assert scenario(data) == []
    calls = simulator.calls()
    assert sum(name.startswith("media.") for name in calls) > 20 and not simulator.live()
    for call, count in sorted(calls.items()):
        for nth in range(1, count + 1):
            simulator.install()
            fault = simulator.faults(fail_call=call, nth=nth, code=507018)
            errors = scenario(data)
            assert fault.happened, call
            assert not simulator.live() and not simulator.leaks(), f"{call}, time {nth}: {simulator.live()}"
            if call != "rt.get_context":
                assert len(errors) == 1 and f"acl.{call}" in str(errors[0]), f"{call}, time {nth}: {errors}"


class Units:
    """A channel, a stream and a decoded picture of 64 x 48, by the plain calls."""

    def __init__(self, acl: ModuleType) -> None:
        self.acl, self.media = acl, acl.media
        self.channel = self.media.dvpp_create_channel_desc()
        assert self.media.dvpp_create_channel(self.channel) == 0
        self.stream, _ = acl.rt.create_stream()
        self.data = np.frombuffer(jpeg(48, 64), np.uint8)
        self.file, _ = self.media.dvpp_malloc(self.data.nbytes)
        assert acl.rt.memcpy(self.file, self.data.nbytes, self.data.ctypes.data, self.data.nbytes, H2D) == 0
        self.decoded = self.picture(64, 48, 64, 48)

    def picture(self, width: int, height: int, stride: int, rows: int, **changed: int) -> int:
        size = stride * rows * 3 // 2
        values = {
            "data": 0, "size": size, "format": 1, "width": width, "height": height, "width_stride": stride,
            "height_stride": rows, **changed,
        }  # fmt: skip
        values["data"] = values["data"] or self.media.dvpp_malloc(size)[0]
        handle = self.media.dvpp_create_pic_desc()
        for name, value in values.items():
            assert getattr(self.media, f"dvpp_set_pic_desc_{name}")(handle, value) == 0
            assert getattr(self.media, f"dvpp_get_pic_desc_{name}")(handle) == value
        return int(handle)

    def decode(self, picture: int) -> int:
        return int(self.media.dvpp_jpeg_decode_async(self.channel, self.file, self.data.nbytes, picture, self.stream))

    def resize(self, source: int, result: int) -> int:
        config = self.media.dvpp_create_resize_config()
        return int(self.media.dvpp_vpc_resize_async(self.channel, source, result, config, self.stream))

    def crop(self, result: int, *sides: int) -> int:
        area = self.media.dvpp_create_roi_config(*sides)
        return int(self.media.dvpp_vpc_crop_async(self.channel, self.decoded, result, area, self.stream))


def test_plain_calls(ready: ModuleType) -> None:
    units = Units(ready)
    media, data = units.media, units.data
    assert media.dvpp_jpeg_get_image_info(data.ctypes.data, data.nbytes) == (64, 48, 3, 0)
    assert media.dvpp_jpeg_predict_dec_size(data.ctypes.data, data.nbytes, 1) == (64 * 48 * 3 // 2, 0)
    assert units.decode(units.decoded) == 0
    whole, half = units.picture(32, 24, 32, 24), units.picture(32, 24, 32, 24)
    assert units.resize(units.decoded, half) == 0
    area, config = media.dvpp_create_roi_config(0, 63, 0, 47), media.dvpp_create_resize_config()
    arguments = units.channel, units.decoded, whole, area, config, units.stream
    assert media.dvpp_vpc_crop_resize_async(*arguments) == 0
    assert ready.rt.synchronize_stream(units.stream) == 0
    found = []
    for handle in (whole, half):
        host = np.empty(32 * 24 * 3 // 2, np.uint8)
        assert (
            ready.rt.memcpy(host.ctypes.data, host.nbytes, media.dvpp_get_pic_desc_data(handle), host.nbytes, D2H) == 0
        )
        found.append(host)
    np.testing.assert_array_equal(*found)
    assert np.ptp(found[0]) > 50


def test_what_the_units_refuse(ready: ModuleType) -> None:
    units = Units(ready)
    media, rt, told = units.media, ready.rt, ready.get_recent_err_msg
    plain, _ = rt.malloc(64 * 48 * 3 // 2, 0)
    refused = {
        "the media units need acl.media.dvpp_malloc": lambda: units.decode(units.picture(64, 48, 64, 48, data=plain)),
        "multiples of 64 x 16": lambda: units.decode(units.picture(64, 48, 80, 48)),
        "only 1 (NV12) is simulated": lambda: units.decode(units.picture(64, 48, 64, 48, format=2)),
        "takes 4608 bytes, its description says 4607": lambda: units.decode(units.picture(64, 48, 64, 48, size=4607)),
        "its strides are 32 x 48": lambda: units.resize(units.decoded, units.picture(48, 48, 32, 48)),
        "multiples of 16 x 2": lambda: units.resize(units.decoded, units.picture(40, 48, 40, 48)),
        "both must be even": lambda: units.resize(units.decoded, units.picture(31, 24, 32, 24)),
        "1/32 to 16": lambda: units.resize(units.decoded, units.picture(1040, 48, 1040, 48)),
        "10 x 6 to 4096": lambda: units.resize(units.decoded, units.picture(8, 48, 32, 48)),
        "must start at even and end at odd": lambda: units.crop(units.picture(32, 24, 32, 24), 1, 32, 0, 23),
        "is not inside 64 x 48": lambda: units.crop(units.picture(32, 24, 32, 24), 34, 65, 0, 23),
    }
    for text, attempt in refused.items():
        assert attempt() == 100000, text
        assert text in told(), text
    assert media.dvpp_jpeg_get_image_info(units.file, units.data.nbytes) == (0, 0, 0, 100000)
    assert "read from host memory" in told()
    assert rt.free(units.file) == 107000 and media.dvpp_free(plain) == 107000
    assert media.dvpp_free(units.file) == 0 and media.dvpp_free(units.file) == 107000
    assert units.decode(units.decoded) == 100000 and "no live allocation" in told()
    assert media.dvpp_create_channel(units.channel) == 100000
    assert media.dvpp_destroy_channel(units.channel) == 0 and media.dvpp_destroy_channel(units.channel) == 100000
    assert units.resize(units.decoded, units.picture(32, 24, 32, 24)) == 100000
    for wrong in ((), (1.0,), ("1",), (1, 2)):
        with pytest.raises(TypeError, match=r"acl\.media\.dvpp_malloc args parse failed"):
            media.dvpp_malloc(*wrong)


def test_what_is_left_behind_is_told(ready: ModuleType) -> None:
    Units(ready)
    assert ready.rt.reset_device(0) == 0 and ready.finalize() == 0
    kinds = {leak.partition(",")[0] for leak in simulator.leaks()}
    assert kinds == {"channel description", "media channel", "media memory", "picture description", "stream"}
