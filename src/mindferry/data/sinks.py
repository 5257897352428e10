"""Predictions -> `.npz` and `.json`, written in one step."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from mindferry.data.labels import Guess
from mindferry.data.predict import Predictions
from mindferry.errors import FileProblem, OptionError
from mindferry.plain import to_json

SUFFIXES = (".npz", ".json")
NAMES_KEY = "names"
"""The array of image names in a `.npz`."""


def check_target(path: Path) -> None:
    """Refuses a target before any work is done.

    Raises:
        OptionError: the suffix is neither .npz nor .json.
        FileProblem: its folder does not exist or cannot be written.
    """
    if path.suffix not in SUFFIXES:
        raise OptionError(f"{path}: outputs are written as {' or '.join(SUFFIXES)}")
    if path.is_dir():
        raise FileProblem(f"{path}: is a folder")
    if not path.parent.is_dir():
        raise FileProblem(f"{path}: the folder {path.parent} does not exist")
    if not os.access(path.parent, os.W_OK):
        raise FileProblem(f"{path}: the folder {path.parent} cannot be written")


def write(path: Path, predictions: Predictions, guesses: Sequence[Sequence[Guess]] | None = None) -> None:
    """Writes outputs by name, the names of images, and (in JSON) the best classes.

    Raises:
        FileProblem: the file cannot be written; nothing is left behind.
    """
    check_target(path)
    if path.suffix == ".json":
        content = (to_json(as_data(predictions, guesses)) + "\n").encode()
    else:
        buffer = io.BytesIO()
        arrays: dict[str, Any] = dict(predictions.outputs)
        if predictions.names:
            arrays.setdefault(NAMES_KEY, np.array(predictions.names))
        np.savez(buffer, **arrays)
        content = buffer.getvalue()
    try:
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
            written = Path(folder) / path.name
            written.write_bytes(content)
            written.replace(path)
    except OSError as error:
        raise FileProblem(f"{path}: cannot be written ({error.strerror or error})") from None


def as_data(predictions: Predictions, guesses: Sequence[Sequence[Guess]] | None = None) -> dict[str, Any]:
    """Plain data: the outputs as nested lists; for classifiers the best classes of each row."""
    data: dict[str, Any] = {}
    if guesses is not None:
        names: Sequence[str | int] = predictions.names or range(len(guesses))
        rows = zip(names, guesses, strict=True)
        data["rows"] = [{"name": name, "top": [asdict(guess) for guess in row]} for name, row in rows]
    elif predictions.names:
        data["names"] = list(predictions.names)
    data["outputs"] = {name: array.tolist() for name, array in predictions.outputs.items()}
    if predictions.problems:
        data["problems"] = list(predictions.problems)
    return data
