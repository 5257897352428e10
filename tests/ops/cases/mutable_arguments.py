"""Arguments that stay inputs of the graph: axes, sizes and numbers that are only known at run time.

For a transform of one axis of unknown length MindSpore records x's shape as the result's, and runs it rightly only where
the network declares free sizes.
"""

from __future__ import annotations

from ops.case import Case
from ops.inputs import mutable, normal

CUBE = normal(2, 3, 4)
FREE = "self.set_inputs(Tensor(shape=[None, None, None], dtype=ms.float32), ms.mutable(5), ms.mutable(1))"
SPECTRUM = normal(2, 3, 4, dtype="complex64")

CASES = (
    *(
        Case(name, f"ops.{name.lower()}(x, n, d)", x=x, n=mutable(n), d=mutable(d))
        for name, x, n, d in (
            ("FFT", SPECTRUM, 3, 1), ("IFFT", CUBE, 2, 0), ("RFFT", CUBE, 5, 1), ("IRFFT", SPECTRUM, 3, -2),
            ("HFFT", SPECTRUM, 2, 0), ("IHFFT", CUBE, 4, -2),
        )
    ),
    *(
        Case(name, f"ops.{name.lower()}(x, s, d)", x=x, s=mutable((4, 3)), d=mutable(d))
        for name, x, d in (
            ("FFT2", SPECTRUM, (0, 2)), ("IFFT2", CUBE, (-1, 1)), ("RFFT2", CUBE, (-1, 0)), ("IRFFT2", SPECTRUM, (2, 1)),
            ("HFFT2", SPECTRUM, (0, 1)), ("IHFFT2", CUBE, (0, 1)), ("FFTN", CUBE, (0, 2)), ("IFFTN", SPECTRUM, (1, 0)),
            ("RFFTN", CUBE, (2, 1)), ("IRFFTN", SPECTRUM, (0, -2)), ("HFFTN", SPECTRUM, (0, 2)), ("IHFFTN", CUBE, (2, 0)),
        )
    ),
    *(Case(name, f"ops.{name.lower()}(x, d)", x=CUBE, d=mutable((1, -1))) for name in ("FFTShift", "IFFTShift")),
    Case("FFTFreq", "ops.fftfreq(n, d)", n=mutable(5), d=mutable(0.5)),
    Case("RFFTFreq", "ops.rfftfreq(n, d)", n=mutable(6), d=mutable(0.5)),
    *(
        Case("Softmax", "mint.nn.functional.softmax(x, d)", x=x, d=mutable(d))
        for x, d in ((CUBE, 1), (normal(2, 3, dtype="float16"), -1))
    ),
    Case("LogSoftmax", "ops.auto_generate.log_softmax(x, d)", x=CUBE, d=mutable(1)),
    Case("LogSoftmaxExt", "mint.nn.functional.log_softmax(x, d)", x=CUBE, d=mutable(-2)),
    *(Case("CumSum", "ops.CumSum(True, True)(x, d)", x=CUBE, d=mutable(d)) for d in (1, -1)),
    *(Case("ExpandDims", "ops.expand_dims(x, d)", x=CUBE, d=mutable(d)) for d in (1, -1)),
    *(Case("ReverseV2", "ops.flip(x, d)", x=CUBE, d=mutable(d)) for d in ((1,), (0, -1))),
    *(
        Case("StridedSlice", f"ops.strided_slice(x, b, e, s{masks})", x=CUBE, b=mutable(b), e=mutable(e), s=mutable(s))
        for b, e, s, masks in (
            ((0, 1, 0), (2, 3, 4), (1, 1, 2), ""),
            ((1, 2, 3), (0, 0, 0), (-1, -1, -2), ""),
            ((1, 1, 3), (0, 3, 1), (-1, 1, -1), ", 5, 2"),
            ((0, 0, 1), (2, 3, 4), (1, 2, 1), ", 3, 7"),
        )
    ),
    *(Case("Triu", "ops.triu(x, d)", x=CUBE, d=mutable(d)) for d in (1, -1)),
    *(Case("HShrink", "mint.nn.functional.hardshrink(x, d)", x=CUBE, d=mutable(d)) for d in (0.5, 0.0)),
    *(Case("SoftShrink", "mint.nn.functional.softshrink(x, d)", x=CUBE, d=mutable(d)) for d in (0.5, 1.0)),
    *(
        Case(name, f"ops.{name.lower()}(x, n, d)", x=CUBE, n=mutable(n), d=mutable(d), init=FREE)
        for name in ("FFT", "IFFT", "RFFT", "IRFFT", "HFFT", "IHFFT")
        for n, d in ((5, 1), (2, -1))
    ),
)  # fmt: skip
