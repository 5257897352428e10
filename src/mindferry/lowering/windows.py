"""Where the sliding windows of convolutions and pools stand: strides, dilations and padding per spatial axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.helpers import tuple_of

PAD_MODES = {"pad": "pad", "calculated": "pad", "same": "same", "valid": "valid", 0: "pad", 1: "same", 2: "valid"}
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
    if pad_mode_name(pad_mode) == "same" and len(known) < count and not _size_is_free(window):
        return {"auto_pad": "SAME_UPPER"}
    pads = explicit_pads(known if len(known) == count else [0] * count, window, pad_mode, pad_list)
    return {"pads": [one[0] for one in pads] + [one[1] for one in pads]}


def _size_is_free(window: Window) -> bool:
    """Whether the padding of mode "same" is the same for every size, as it is in steps of one."""
    return all(step == 1 for step in window.strides)


@dataclass(frozen=True, slots=True)
class Padding:
    """The padding of a pool, per spatial axis.

    Attributes:
        front, behind: elements that are added; None where pad_mode "same" meets sizes that are only known at run time.
        beyond: elements that ceil_mode adds behind for a last window; None where that is only known at run time.
    """

    front: tuple[int, ...] | None
    behind: tuple[int, ...] | None
    beyond: tuple[int, ...] | None

    @staticmethod
    def of(x: ir.Value, window: Window, pad_mode: Any, pad_list: Any = 0, *, ceil_mode: Any = False) -> Padding:
        """The padding that MindSpore's arguments mean for channel-first x."""
        count = len(window.kernel)
        sizes = [size for size in list(x.shape or ())[2:] if isinstance(size, int)]
        known = len(sizes) == count
        if not known and pad_mode_name(pad_mode) == "same" and not _size_is_free(window):
            return Padding(None, None, (0,) * count)
        pads = explicit_pads(sizes if known else [0] * count, window, pad_mode, pad_list)
        front, behind = tuple(one[0] for one in pads), tuple(one[1] for one in pads)
        if not ceil_mode:
            return Padding(front, behind, (0,) * count)
        if not known:
            return Padding(front, behind, None)
        beyond = map(_beyond, sizes, pads, window.reach, window.strides)
        return Padding(front, behind, tuple(beyond))

    def attributes(self) -> dict[str, Any]:
        """All of it as attributes of an ONNX pool."""
        if self.front is None or self.behind is None:
            return {"auto_pad": "SAME_UPPER"}
        if self.beyond is None:
            return {"pads": [*self.front, *self.behind], "ceil_mode": 1}
        return {"pads": [*self.front, *(a + b for a, b in zip(self.behind, self.beyond, strict=True))]}


def _beyond(size: int, pads: tuple[int, int], reach: int, stride: int) -> int:
    """What a last, incomplete window needs behind the padding; there is none that would start in the padding."""
    full = size + sum(pads)
    count = -(-(full - reach) // stride) + 1
    if (count - 1) * stride >= size + pads[0]:
        count -= 1
    return max(0, (count - 1) * stride + reach - full)
