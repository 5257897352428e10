"""Runs a session over a user's inputs, in batches, and keeps the results of whatever could be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mindferry.data import images
from mindferry.data.description import Description
from mindferry.data.sources import Feed
from mindferry.errors import BadFeed, FileProblem, OptionError

if TYPE_CHECKING:
    from mindferry.runtimes.base import Session
    from mindferry.types import TensorSpec

Array = npt.NDArray[Any]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Predictions:
    """Outputs by name, and of which rows.

    Attributes:
        names: a name for each row, in order: the image files; () for arrays.
        problems: the images that could not be used, and why.
    """

    outputs: Mapping[str, Array]
    names: tuple[str, ...] = ()
    problems: tuple[str, ...] = field(default=())


def predict_arrays(
    session: Session, feeds: Mapping[str, Feed], *, batch: int | None = None, progress: Progress | None = None
) -> Predictions:
    """The outputs for arrays: in one run, or row by row in batches where a batch size is given.

    Raises:
        BadFeed: the arrays do not fit the model, or do not have the same number of rows.
        OptionError: the model's batch size is another one, or an output has no rows.
    """
    if batch is None:
        try:
            return Predictions(session.run(feeds))
        except BadFeed as error:
            raise BadFeed(f"{error}{_hint(session.inputs, feeds)}") from None
    counts = {name: len(feed) if np.ndim(feed) else 0 for name, feed in feeds.items()}
    total = max(counts.values(), default=0)
    if not total or any(count != total for count in counts.values()):
        raise BadFeed(f"--batch needs inputs with the same number of rows; they have {_listed(counts)}")
    for spec in session.inputs:
        _fixed_batch(spec, batch)
    parts = []
    for start in range(0, total, batch):
        part = {name: array[start : start + batch] for name, array in feeds.items()}
        parts.append(_run_padded(session, part, min(batch, total - start), batch))
        if progress is not None:
            progress(min(start + batch, total), total)
    return Predictions(_joined(parts))


def _hint(specs: Sequence[TensorSpec], feeds: Mapping[str, Feed]) -> str:
    """What helps where the inputs have more rows than a model of a fixed batch size takes, else nothing."""
    shapes = [(spec.shape, np.shape(feeds[spec.name])) for spec in specs if spec.shape and spec.name in feeds]
    sizes = {wanted[0] for wanted, given in shapes if len(wanted) == len(given) and wanted[0] != given[0]}
    size = sizes.pop() if len(sizes) == 1 else None
    return f" (--batch {size} runs it in batches of that size)" if isinstance(size, int) else ""


def predict_images(
    session: Session,
    paths: Sequence[Path],
    description: Description,
    *,
    batch: int | None = None,
    progress: Progress | None = None,
) -> Predictions:
    """The outputs for images; those that cannot be read are reported and left out.

    Raises:
        OptionError: the model's input cannot be told, or its batch size is not the one asked for.
        BadFeed: the described arrays do not fit the model.
    """
    spec = _image_spec(session.inputs, description)
    size = _fixed_batch(spec, batch) or batch or 1
    parts: list[dict[str, Array]] = []
    names: list[str] = []
    problems: list[str] = []
    waiting: list[Array] = []
    for done, path in enumerate(paths, 1):
        try:
            array = images.load(path, description.input)
            if waiting and waiting[0].shape != array.shape:
                others = list(waiting[0].shape)
                raise FileProblem(f"{path}: gives {list(array.shape)}, others {others}; set resize and crop")
        except FileProblem as problem:
            problems.append(str(problem))
        else:
            waiting.append(array)
            names.append(str(path))
        if waiting and (len(waiting) == size or done == len(paths)):
            parts.append(_run_padded(session, {spec.name: np.stack(waiting)}, len(waiting), size))
            waiting.clear()
        if progress is not None:
            progress(done, len(paths))
    return Predictions(_joined(parts) if parts else {}, tuple(names), tuple(problems))


def _image_spec(specs: Sequence[TensorSpec], description: Description) -> TensorSpec:
    wanted = description.input.name
    found = [spec for spec in specs if wanted is None or spec.name == wanted]
    if len(found) == 1 and len(specs) == 1:
        return found[0]
    listed = ", ".join(map(str, specs))
    if not found:
        raise OptionError(f"{description.path}: input.name is {wanted!r}; the model takes {listed}")
    raise OptionError(f"images feed one input, the model takes {listed}; give it arrays")


def _fixed_batch(spec: TensorSpec, batch: int | None) -> int | None:
    """The model's own batch size, or None where it takes any.

    Raises:
        OptionError: it is not the one asked for.
    """
    first = spec.shape[0] if spec.shape else None
    if not isinstance(first, int):
        return None
    if batch is not None and first != batch:
        free = ",".join(["batch", *(str(dim) for dim in (spec.shape or ())[1:])])
        hint = f"--input-shape {spec.name}:{free} may free it"
        raise OptionError(f"the model takes batches of {first}, not {batch}; {hint}")
    return first


def _run_padded(session: Session, feeds: Mapping[str, Feed], rows: int, batch: int) -> dict[str, Array]:
    """The outputs of some rows; a model of a fixed batch size gets the last row again until the batch is full."""
    fixed = any(spec.shape and isinstance(spec.shape[0], int) for spec in session.inputs)
    if fixed and rows < batch:
        feeds = {name: [*array, *[array[-1]] * (batch - rows)] for name, array in feeds.items()}
        feeds = {name: np.stack(array) if isinstance(array[0], np.ndarray) else array for name, array in feeds.items()}
    outputs = session.run(feeds)
    size = batch if fixed else rows
    for name, array in outputs.items():
        if array.ndim == 0 or len(array) != size:
            shape = list(array.shape)
            raise OptionError(
                f"output {name} has shape {shape}, not a row for each of {size} inputs; run without --batch"
            )
    return {name: array[:rows] for name, array in outputs.items()}


def _joined(parts: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "no inputs"
