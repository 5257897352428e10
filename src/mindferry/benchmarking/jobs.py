"""What goes between `workers` and the process of a `worker`, pickled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Arrays: TypeAlias = "Mapping[str, npt.NDArray[np.generic]]"


@dataclass(frozen=True, slots=True)
class Load:
    """Open a model; answered by Loaded."""

    format: str
    path: Path
    runtime: str
    device: str
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Loaded:
    """The model is ready.

    Attributes:
        seconds: from the model's file to a session; the runtime's library was imported before.
    """

    seconds: float


@dataclass(frozen=True, slots=True)
class Run:
    """Run once; answered by the outputs, a dict of arrays. Later measurements use these feeds."""

    feeds: Arrays


@dataclass(frozen=True, slots=True)
class Measure:
    """Run again and again with the last feeds; answered by a `rounds.Turn`.

    Attributes:
        seconds: after which no run starts.
        least: runs that are made in any case.
        callers: threads that run at once.
    """

    seconds: float
    least: int
    callers: int


@dataclass(frozen=True, slots=True)
class Memory:
    """Tell the memory; answered by `MemoryUse`."""


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """Resident memory of the process in bytes.

    Attributes:
        imported: after the imports, before the model was opened.
        peak: the largest so far.
    """

    imported: int
    peak: int


@dataclass(frozen=True, slots=True)
class Failed:
    """An answer to anything: what went wrong.

    Attributes:
        kind: the class in `mindferry.errors`.
    """

    kind: str
    text: str
