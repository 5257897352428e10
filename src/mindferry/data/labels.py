"""The best classes of a classifier's output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mindferry.data.description import Description
from mindferry.errors import OptionError

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Guess:
    """One class of one row; score is a probability where the activation is softmax."""

    index: int
    label: str
    score: float


def best(outputs: Mapping[str, Array], description: Description, *, top: int | None = None) -> list[list[Guess]]:
    """The best classes of each row, best first; of equal scores the lower index comes first.

    Raises:
        OptionError: the description names another output, or the output has no row of classes, or not one per label.
    """
    classes = description.output
    assert classes is not None
    name = classes.name if classes.name is not None else next(iter(outputs))
    if name not in outputs or (classes.name is None and len(outputs) > 1):
        raise OptionError(f"{description.path}: output.name must be one of {', '.join(outputs)}")
    scores = outputs[name].astype(np.float64)
    if scores.ndim != 2:
        raise OptionError(f"output {name} has shape {list(scores.shape)}; classes need [rows, classes]")
    if classes.labels and len(classes.labels) != scores.shape[1]:
        counts = f"{len(classes.labels)} labels for {scores.shape[1]} classes"
        raise OptionError(f"{description.path}: {counts} of output {name}")
    if classes.activation == "softmax":
        scores = softmax(scores)
    order = np.argsort(-scores, axis=1, kind="stable")[:, : top or classes.top]
    labels = classes.labels or [str(index) for index in range(scores.shape[1])]
    return [
        [Guess(int(index), labels[index], float(row[index])) for index in chosen]
        for row, chosen in zip(scores, order, strict=True)
    ]


def softmax(scores: Array) -> Array:
    """exp(x) / sum(exp(x)) along the last axis."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares: Array = powers / powers.sum(axis=-1, keepdims=True)
    return shares
