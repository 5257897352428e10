"""Where the sliding windows of convolutions and pools stand: strides, dilations and padding per spatial axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.helpers import tuple_of

PAD_MODES = {"pad": "pad", "same": "same", "valid": "valid", 0: "pad", 1: "same", 2: "valid"}
"""pad_mode as a string (in any case) or as the enum of yaml operators, to its name."""


@dataclass(frozen=True, slots=True)
class Window:
    """A window's size, step and spacing, one number per spatial axis."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]

    @staticmethod
    def of(kernel: Sequence[int], strides: Any, dilations: Any = 1) -> Window:
        """The window of MindSpore's arguments, which may be one number, or as many as the input has axes."""
        count = len(kernel)
        return Window(tuple(kernel), tuple_of(strides, count), tuple_of(dilations, count))

    @property
    def reach(self) -> tuple[int, ...]:
        """How many elements a window spans, from its first to its last."""
        return tuple(step * (size - 1) + 1 for size, step in zip(self.kernel, self.dilations, strict=True))


def pad_mode_name(pad_mode: Any) -> str:
    """ "pad", "same" or "valid"."""
    key = pad_mode.lower() if isinstance(pad_mode, str) else pad_mode
    if key not in PAD_MODES:
        raise LoweringError(f"pad_mode {pad_mode!r} is unknown")
    return PAD_MODES[key]


def same_pads(size: int, reach: int, stride: int) -> tuple[int, int]:
    """Padding in front and behind that makes ceil(size / stride) windows fit; the odd one goes behind."""
    needed = max(0, (-(-size // stride) - 1) * stride + reach - size)
    return needed // 2, needed - needed // 2


def explicit_pads(sizes: Sequence[int], window: Window, pad_mode: Any, pad_list: Any = 0) -> list[tuple[int, int]]:
    """Padding in front and behind, per spatial axis of known size.

    Args:
        pad_list: for mode "pad" (front, behind) per spatial axis, or one number for all of them.
    """
    mode = pad_mode_name(pad_mode)
    if mode == "pad":
        numbers = tuple_of(pad_list, 2 * len(sizes))
        return list(zip(numbers[0::2], numbers[1::2], strict=True))
    if mode == "valid":
        return [(0, 0)] * len(sizes)
    return [same_pads(*one) for one in zip(sizes, window.reach, window.strides, strict=True)]


def padding(x: ir.Value, window: Window, pad_mode: Any, pad_list: Any = 0) -> dict[str, Any]:
    """ONNX's attributes for the padding of channel-first x.

    Explicit pads wherever they are known, because runtimes agree on them best, else auto_pad.
    """
    count = len(window.kernel)
    known = [size for size in list(x.shape or ())[2:] if isinstance(size, int)]
    if pad_mode_name(pad_mode) == "same" and len(known) < count:
        return {"auto_pad": "SAME_UPPER"}
    pads = explicit_pads(known if len(known) == count else [0] * count, window, pad_mode, pad_list)
    return {"pads": [one[0] for one in pads] + [one[1] for one in pads]}
