"""What convolutions and pooling share: window arguments in GE's order, and 1-D tensors taken as images of height 1."""

from __future__ import annotations

from collections.abc import Sequence

from mindferry.errors import LoweringError
from mindferry.to_air.builder import Builder
from mindferry.to_air.values import Value

DATA_FORMATS = {2: "NCHW", 3: "NCDHW"}
"""By the number of spatial dimensions."""


def image(op: Builder, x: Value) -> Value:
    """A rank-3 tensor as one of rank 4, whose height is 1."""
    shape = x.known_shape
    return op.Unsqueeze(x, axes=[2], shape=(*shape[:2], 1, *shape[2:]))


def line(op: Builder, x: Value) -> Value:
    """What `image` made, back at rank 3."""
    return op.Squeeze(x, axis=[2], shape=op.result.shape)


def image_shape(op: Builder, spatial: int) -> tuple[int, ...] | None:
    """The result's shape, with height 1 where the ONNX operator has one spatial dimension less than GE's."""
    shape = op.result.shape
    return shape if shape is None or len(shape) == spatial + 2 else (*shape[:2], 1, *shape[2:])


def full(values: Sequence[int]) -> list[int]:
    """Spatial values with those of batch and channel before them."""
    return [1, 1, *values]


def interleave(pads: Sequence[int]) -> list[int]:
    """ONNX's pads (all begins, then all ends) as GE has them: begin and end of each dimension in turn."""
    half = len(pads) // 2
    return [pad for pair in zip(pads[:half], pads[half:], strict=True) for pad in pair]


def padding(
    auto_pad: str, pads: Sequence[int] | None, x: Value, window: Sequence[int], strides: Sequence[int],
    dilations: Sequence[int],
) -> list[int]:  # fmt: skip
    """The pads as ONNX orders them, with `auto_pad` worked out.

    Raises:
        LoweringError: SAME_UPPER or SAME_LOWER for a spatial size that is not known.
    """
    count = len(window)
    if auto_pad in ("NOTSET", "VALID"):
        return list(pads) if pads is not None and auto_pad == "NOTSET" else [0] * (2 * count)
    sizes = x.known_shape[2:]
    if -1 in sizes:
        raise LoweringError(f"with auto_pad {auto_pad} needs known spatial sizes")
    begins, ends = [], []
    for size, kernel, stride, dilation in zip(sizes, window, strides, dilations, strict=True):
        total = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
        small, large = total // 2, total - total // 2
        begins.append(small if auto_pad == "SAME_UPPER" else large)
        ends.append(large if auto_pad == "SAME_UPPER" else small)
    return begins + ends


def rank_of(x: Value, ranks: Sequence[int] = (3, 4, 5)) -> int:
    """The rank of a tensor of images.

    Raises:
        LoweringError: GE has no operator for it.
    """
    if x.rank not in ranks:
        raise LoweringError(f"has an input of rank {x.rank}, GE takes rank {', '.join(map(str, ranks))}")
    return x.rank
