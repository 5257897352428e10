"""Ascend processors by the name that ATC's --soc_version takes, and what their series cannot do.

Names are those of the platform configurations of CANN 8.1; `npu-smi info` shows the name without "Ascend". Names that
start with Ascend910_95 belong to one series and are not listed one by one. `Ascend910B` without a number is a chip of
the first 910 generation, `Ascend910B1` and its like are the A2 series.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from mindferry.errors import OptionError


@dataclass(frozen=True, slots=True)
class Soc:
    """A processor.

    Attributes:
        series: such as "310", "310P", "310B", "910", "910B".
        dynamic_shapes: free dimensions are possible without profiles.
        shape_ranges: a free dimension may be given as a range, such as 1~8.
        bfloat16: the element type is supported.
        most_profiles: how many batch sizes, image sizes or dimension profiles one model may have.
    """

    name: str
    series: str
    dynamic_shapes: bool = True
    shape_ranges: bool = True
    bfloat16: bool = False
    most_profiles: int = 100


_SERIES = {
    "310": ("Ascend310",),
    "310B": ("Ascend310B1", "Ascend310B2", "Ascend310B3", "Ascend310B4"),
    "310P": ("Ascend310P1", "Ascend310P3", "Ascend310P5", "Ascend310P7"),
    "910": ("Ascend910A", "Ascend910B", "Ascend910ProA", "Ascend910ProB", "Ascend910PremiumA"),
    "910B": ("Ascend910B1", "Ascend910B2", "Ascend910B2C", "Ascend910B3", "Ascend910B4", "Ascend910B4-1"),
    "910_93": (
        "Ascend910_9362", "Ascend910_9372", "Ascend910_9381", "Ascend910_9382", "Ascend910_9391", "Ascend910_9392",
    ),
    "610": ("Ascend610", "Ascend610Lite"),
    "031": ("Ascend031",),
    "035": ("Ascend035",),
    "Hi3796CV300": ("Hi3796CV300ES", "Hi3796CV300CS"),
    "SD3403": ("SD3403",),
    "AS31XM1": ("AS31XM1X",),
}  # fmt: skip
_NEWEST = "910_95"
_BFLOAT16 = ("310B", "910B", "910_93", _NEWEST)
_MOST_PROFILES = {_NEWEST: 256}

NAMES = tuple(name for names in _SERIES.values() for name in names)
"""All names that are listed one by one."""


def find(name: str) -> Soc:
    """The processor of that name.

    Raises:
        OptionError: there is none.

    Example:
        >>> find("Ascend310").dynamic_shapes, find("Ascend310P3").dynamic_shapes
        (False, True)
    """
    series = next((series for series, names in _SERIES.items() if name in names), None)
    if name.startswith(f"Ascend{_NEWEST}"):
        series = _NEWEST
    if series is None:
        raise OptionError(f"there is no Ascend processor {name!r}; {_hint(name)}")
    return Soc(
        name,
        series,
        dynamic_shapes=series != "310",
        shape_ranges=series not in ("310", "310B"),
        bfloat16=series in _BFLOAT16,
        most_profiles=_MOST_PROFILES.get(series, 100),
    )


def _hint(name: str) -> str:
    known = {one.lower(): one for one in NAMES}
    text = name.lower() if name.lower().startswith("ascend") else f"ascend{name.lower()}"
    if exact := known.get(text) or known.get(name.lower()):
        return f"did you mean {exact}?"
    family = [one for lower, one in known.items() if lower.startswith(text)]
    near = family or [known[one] for one in get_close_matches(name.lower(), known, 4, cutoff=0.8)]
    if near:
        return f"did you mean {', '.join(near)}? (npu-smi info shows the name without Ascend)"
    return f"choose {', '.join(NAMES)}"
