"""Fourier and cosine transforms."""

from __future__ import annotations

from itertools import product

from ops.case import Case, each
from ops.inputs import array, integers, normal, uniform

LINE = normal(2, 6)
CUBE = normal(2, 4, 6)
SPECTRUM = normal(2, 4, dtype="complex64")
CUBE_SPECTRUM = normal(2, 4, 4, dtype="complex64")
NORMS = ("backward", "forward", "ortho")


def transform(primitive: str, function: str, *inputs: object) -> tuple[Case, ...]:
    """A transform of one axis: every norm, a shorter and a longer length, another axis."""
    first = inputs[0]
    return (
        *(Case(primitive, f"ops.{function}(x)", x=x) for x in inputs),
        *(Case(primitive, f"ops.{function}(x, norm='{norm}')", x=first) for norm in NORMS[1:]),
        *(Case(primitive, f"ops.{function}(x, {arguments})", x=first) for arguments in ("n=3", "n=9", "dim=0")),
    )


def transform_many(primitive: str, function: str, *inputs: object) -> tuple[Case, ...]:
    """A transform of several axes: every norm, other lengths, other axes."""
    first = inputs[0]
    return (
        *(Case(primitive, f"ops.{function}(x)", x=x) for x in inputs),
        *(Case(primitive, f"ops.{function}(x, norm='{norm}')", x=first) for norm in NORMS[1:]),
        *(
            Case(primitive, f"ops.{function}(x, {arguments})", x=first)
            for arguments in ("s=(3, 7), dim=(0, 2)", "dim=(1, 0)")
        ),
    )


CASES = (
    *transform("FFT", "fft", LINE, SPECTRUM),
    *transform("IFFT", "ifft", SPECTRUM, LINE),
    *transform("RFFT", "rfft", LINE, normal(2, 5)),
    *transform("IRFFT", "irfft", SPECTRUM, LINE),
    *transform("HFFT", "hfft", SPECTRUM, LINE),
    *transform("IHFFT", "ihfft", LINE, normal(2, 5)),
    *transform_many("FFT2", "fft2", CUBE, CUBE_SPECTRUM),
    *transform_many("IFFT2", "ifft2", CUBE_SPECTRUM, CUBE),
    *transform_many("RFFT2", "rfft2", CUBE),
    *transform_many("IRFFT2", "irfft2", CUBE_SPECTRUM, CUBE),
    *transform_many("HFFT2", "hfft2", CUBE_SPECTRUM, CUBE),
    *transform_many("IHFFT2", "ihfft2", CUBE),
    *transform_many("FFTN", "fftn", CUBE, CUBE_SPECTRUM),
    *transform_many("IFFTN", "ifftn", CUBE_SPECTRUM, CUBE),
    *transform_many("RFFTN", "rfftn", CUBE),
    *transform_many("IRFFTN", "irfftn", CUBE_SPECTRUM, CUBE),
    *transform_many("HFFTN", "hfftn", CUBE_SPECTRUM, CUBE),
    *transform_many("IHFFTN", "ihfftn", CUBE),
    *(
        Case(name, f"G.{name}()(x, 2, {length}, {axis}, {norm!r})", x=LINE)
        for name, (length, axis, norm) in product(("DCT", "IDCT"), ((6, -1, "ortho"), (4, 1, "ortho"), (3, 0, None)))
    ),
    *(
        Case(name, f"G.{name}()(x, 2, {lengths}, {axes}, {norm!r})", x=CUBE)
        for name, (lengths, axes, norm) in product(
            ("DCTN", "IDCTN"), (((4, 6), (1, 2), "ortho"), ((3, 5), (0, -1), "ortho"))
        )
    ),
    *(Case("FFTFreq", f"ops.fftfreq({arguments})") for arguments in ("5", "6, 0.5", "4, -2.0")),
    *(Case("RFFTFreq", f"ops.rfftfreq({arguments})") for arguments in ("5", "6, 0.5", "4, -2.0")),
    *each("FFTShift", "ops.fftshift(x)", LINE, CUBE, integers(0, 9, 5)),
    *each("FFTShift", "ops.fftshift(x, (-1,))", CUBE),
    *each("IFFTShift", "ops.ifftshift(x)", LINE, CUBE, integers(0, 9, 5)),
    *each("IFFTShift", "ops.ifftshift(x, (0, 2))", normal(3, 2, 5)),
    *each("FFTShapeCopy", "G.FFTShapeCopy()(x, (2, 9))", LINE),
    *each("FFTShapeCopy", "G.FFTShapeCopy()(x, (3,))", normal(5)),
    *each("FFTShapeCopy", "G.FFTShapeCopy()(x, (2, 3))", SPECTRUM),
    *each("IRFFTDouble", "G.IRFFTDouble()(x, 6, -1)", SPECTRUM),
    *each("IRFFTDouble", "G.IRFFTDouble()(x, 5, -1)", normal(4, dtype="complex64")),
    *each("FFTWithSize", "P.FFTWithSize(1, False, False, 'backward')(x)", SPECTRUM),
    *each("FFTWithSize", "P.FFTWithSize(2, True, False, 'ortho')(x)", CUBE_SPECTRUM),
    *each("FFTWithSize", "P.FFTWithSize(1, False, True, 'forward')(x)", LINE, normal(2, 5)),
    *each("FFTWithSize", "P.FFTWithSize(1, True, True, 'backward', True, (6,))(x)", SPECTRUM),
    *each("FFTWithSize", "P.FFTWithSize(2, False, True, 'backward', False)(x)", CUBE),
    *each("STFT", "ops.stft(x, 4)", uniform(2, 16)),
    *each(
        "STFT",
        "ops.stft(x, 8, hop_length=3, win_length=6, window=ops.ones(6), center=False, return_complex=False)",
        uniform(2, 20),
    ),
    Case("STFT", "P.STFT(4, 2, 4, False, True, True)(x, y)", x=normal(2, 16), y=array([0.5, 1.0, 1.0, 0.5])),
    Case("STFT", "P.STFT(8, 4, 6, True, False, False)(x, y)", x=normal(20), y=normal(6)),
    Case(
        "STFT",
        "P.STFT(4, 2, 4, False, True, True)(x, y)",
        dynamic={"x": (None, 16)},
        x=[normal(2, 16), normal(3, 16)],
        y=array([0.5, 1.0, 1.0, 0.5]),
    ),
    Case(
        "IRFFTDouble",
        "G.IRFFTDouble()(x, 6, -1)",
        dynamic={"x": (None, 4)},
        x=[normal(2, 4, dtype="complex64"), normal(1, 4, dtype="complex64")],
    ),
)
