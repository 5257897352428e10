"""What is compared: the outputs of model files, of open sessions, or recorded ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mindferry.data.sources import read_npz
from mindferry.errors import OptionError
from mindferry.runtimes.base import Session
from mindferry.runtimes.feeds import Feed
from mindferry.sessions import Request, open_session
from mindferry.verification.compare import Verification, compare

Arrays: TypeAlias = "dict[str, npt.NDArray[Any]]"
Side: TypeAlias = "Path | Session | Mapping[str, Feed]"


def verify_sides(
    candidate: Side,
    reference: Side,
    *,
    feeds: Path | Mapping[str, Feed] | None,
    outputs: Sequence[str] | None,
    tolerance: float | None,
) -> Verification:
    """The comparison of two sides on the same inputs."""
    if tolerance is not None and not tolerance >= 0:
        raise OptionError(f"the tolerance must not be negative: {tolerance}")
    given = read_npz(feeds) if isinstance(feeds, Path) else feeds
    found = _answers(candidate, given, chosen=isinstance(feeds, Path))
    wanted = _answers(reference, given, chosen=isinstance(feeds, Path))
    return compare(found, _matched(list(found), wanted, outputs, given or {}), tolerance=tolerance)


def _answers(side: Side, feeds: Mapping[str, Feed] | None, *, chosen: bool) -> Arrays:
    """A side's outputs; where the feeds are chosen, they may hold more than the model's inputs."""
    if isinstance(side, Mapping):
        return {name: np.asarray(array) for name, array in side.items()}
    if isinstance(side, Path):
        if side.suffix == ".npz":
            return read_npz(side)
        with open_session(Request(model=side), device="cpu", runtime=None, options=None) as session:
            return _answers(session, feeds, chosen=chosen)
    if feeds is None:
        raise OptionError("inputs are needed to run a model")
    names = {spec.name for spec in side.inputs}
    return side.run({name: feed for name, feed in feeds.items() if name in names} if chosen else feeds)


def _matched(
    names: Sequence[str], reference: Arrays, outputs: Sequence[str] | None, feeds: Mapping[str, Feed]
) -> Arrays:
    """The reference's arrays by the candidate's names: as told, else by name, else by position."""
    if outputs is None:
        rest = [name for name in reference if name not in feeds]
        outputs = names if set(names) <= reference.keys() else rest
    if len(outputs) != len(names) or not set(outputs) <= reference.keys():
        raise OptionError(
            f"the candidate returns {', '.join(names)} and the reference holds {', '.join(reference)}; "
            "tell which of these are the outputs, in the candidate's order"
        )
    return {name: reference[other] for name, other in zip(names, outputs, strict=True)}
