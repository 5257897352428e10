"""How predictions look in a terminal: the best classes of a classifier, or a line for each output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mindferry.cli import screen

if TYPE_CHECKING:
    from rich.table import Table

    from mindferry.data.labels import Guess
    from mindferry.data.predict import Array, Predictions

_VALUES_SHOWN = 6


def classes_table(predictions: Predictions, guesses: Sequence[Sequence[Guess]], *, probabilities: bool) -> Table:
    """The best classes of each image or row, a rule between them."""
    heading = "probability" if probabilities else "score"
    table = screen.table("image" if predictions.names else "row", "class", "label", heading, numbers=["class", heading])
    names = predictions.names or tuple(map(str, range(len(guesses))))
    for name, row in zip(names, guesses, strict=True):
        for place, guess in enumerate(row):
            score = f"{guess.score:.2%}" if probabilities else f"{guess.score:.5g}"
            style = "bold" if place == 0 else "dim"
            cells = (f"{guess.index}", screen.escape(guess.label), score)
            last = place == len(row) - 1 and len(row) > 1
            first = screen.escape(name) if place == 0 else ""
            table.add_row(first, *(f"[{style}]{cell}[/]" for cell in cells), end_section=last)
    return table


def outputs_table(predictions: Predictions) -> Table:
    """Element type, shape and range of each output, and its first values."""
    numbers = ("smallest", "mean", "largest")
    table = screen.table("output", "dtype", "shape", *numbers, "first values", numbers=numbers)
    for name, array in predictions.outputs.items():
        table.add_row(screen.escape(name), str(array.dtype), screen.escape(str(list(array.shape))), *_statistics(array))
    return table


def _statistics(array: Array) -> tuple[str, str, str, str]:
    values = " ".join(map(_number, array.ravel()[:_VALUES_SHOWN].tolist()))
    first = screen.escape(values + (" ..." if array.size > _VALUES_SHOWN else ""))
    if array.size == 0 or array.dtype.kind not in "biufV":
        return "", "", "", first
    numbers = array.astype("float64")
    return _number(float(numbers.min())), _number(float(numbers.mean())), _number(float(numbers.max())), first


def _number(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)
